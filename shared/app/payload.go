package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"salesburst/shared/burst"
)

// InvalidTrigger is a payload that cannot be met, now or by a retry. Field is named as
// in the payload, Value is what stands there, Allowed what may.
type InvalidTrigger struct {
	Field, Value, Allowed string

	err error // the *burst.Invalid where it was the burst that refused
}

func (e *InvalidTrigger) Error() string {
	return e.Field + " " + e.Value + ": allowed is " + e.Allowed
}

// Unwrap returns the *burst.Invalid where it was the burst that refused.
func (e *InvalidTrigger) Unwrap() error { return e.err }

func refuse(field, value, allowed string) error {
	return &InvalidTrigger{Field: field, Value: value, Allowed: allowed}
}

// unplanned is why there is no plan of a burst.
func unplanned(r Report, t trigger, err error) error {
	if inv := (*burst.Invalid)(nil); !errors.As(err, &inv) {
		return failure(r, t, err)
	}
	return refusedBurst(err)
}

// refusedBurst gives a *burst.Invalid the one name that Lambda reports.
func refusedBurst(err error) error {
	var inv *burst.Invalid
	errors.As(err, &inv)
	return &InvalidTrigger{inv.Field, shorten(inv.Value), inv.Allowed, err}
}

// object is a JSON object whose values are not yet understood.
type object map[string]json.RawMessage

// parseObject reads exactly one object without duplicated names. An empty payload and
// null are an empty one.
func parseObject(payload []byte) (object, error) {
	o := make(object)
	payload = bytes.TrimSpace(payload)
	if len(payload) == 0 || string(payload) == "null" {
		return o, nil
	}
	noObject := refuse("payload", shorten(string(payload)), `one JSON object in UTF-8, as in {"events":50000}`)
	if !utf8.Valid(payload) || !json.Valid(payload) {
		return nil, noObject
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, noObject
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return nil, noObject
		}
		if o.has(name) {
			return nil, refuse(quote(name), "is given twice", "each field once")
		}
		o[name] = value
	}
	return o, nil
}

func (o object) has(name string) bool { _, ok := o[name]; return ok }

// names returns the fields in an order that does not change.
func (o object) names() []string { return slices.Sorted(maps.Keys(o)) }

func (o object) text(name string) (string, error) {
	var text *string
	if json.Unmarshal(o[name], &text) != nil || text == nil {
		return "", refuse(name, shorten(string(o[name])), "a text in quotes")
	}
	return *text, nil
}

// truth reads true or false.
func (o object) truth(name string) (is bool, err error) {
	if json.Unmarshal(o[name], &is) != nil || string(o[name]) == "null" {
		err = refuse(name, shorten(string(o[name])), "true, false")
	}
	return is, err
}

// number reads a whole number from least to most; more is what else is allowed.
func (o object) number(name string, least, most int, more string) (int, error) {
	text := string(o[name])
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n < uint64(least) || n > uint64(most) {
		return 0, refuse(name, shorten(text), fmt.Sprintf("a whole number from %d to %d%s", least, most, more))
	}
	return int(n), nil
}

var (
	// earliest keeps the events in the range of every system on their way.
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	// rfc3339 refuses what time.Parse lets pass: hours of one digit, decimal commas.
	rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)
)

func (o object) time(name string) (time.Time, error) {
	text, err := o.text(name)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !rfc3339.MatchString(text) || at.Before(earliest) {
		return time.Time{}, refuse(name, quote(text), "a time since the year 2000, as in 2026-11-24T10:00:00Z")
	}
	return at.UTC(), nil
}

func quote(s string) string { return strconv.Quote(shorten(s)) }

// shorten keeps a long value from filling the log.
func shorten(s string) string {
	const most = 100
	if len(s) <= most {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return strings.ToValidUTF8(s[:most], "\ufffd") + "…"
}

func list(names []string) string { return strings.Join(names, ", ") }
