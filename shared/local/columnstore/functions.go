package columnstore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"

	"salesburst/shared/sale"
)

// A time is text here, as Druid writes it into its answers: that sorts and compares as
// times do. Druid's functions are described in its SQL reference
// (druid.apache.org/docs/latest/querying/sql-functions); what is registered here is what
// the panels use.
const timeLen = len("2006-01-02T15:04:05.000Z")

func timeText(ms int64) string { return sale.Time(ms).String() }

// parseTime reads a time as Druid writes it.
func parseTime(v driver.Value) (ms int64, err error) {
	s, ok := v.(string)
	if !ok || len(s) != timeLen {
		return 0, fmt.Errorf("%v is no time", v)
	}
	t, err := time.Parse("2006-01-02T15:04:05.000Z", s)
	if err != nil {
		return 0, fmt.Errorf("%q is no time", s)
	}
	return t.UnixMilli(), nil
}

var errArguments = errors.New("arguments of a wrong type")

// registerFunctions registers Druid's functions that SQLite does not have.
func registerFunctions(d *sqlite.Driver) error {
	return errors.Join(
		scalar(d, "MILLIS_TO_TIMESTAMP", 1, func(args []driver.Value) (driver.Value, error) {
			ms, ok := args[0].(int64)
			if !ok {
				return nil, errArguments
			}
			return timeText(ms), nil
		}),
		scalar(d, "TIMESTAMP_TO_MILLIS", 1, func(args []driver.Value) (driver.Value, error) {
			ms, err := parseTime(args[0])
			return ms, err
		}),
		// TIME_FLOOR(time, 'PT1M'): periods of a fixed length, from midnight UTC on.
		scalar(d, "TIME_FLOOR", 2, func(args []driver.Value) (driver.Value, error) {
			ms, err := parseTime(args[0])
			if err != nil {
				return nil, err
			}
			text, _ := args[1].(string)
			period, err := parsePeriod(text)
			if err != nil {
				return nil, err
			}
			return timeText(floor(ms, period)), nil
		}),
		// TIMESTAMPDIFF(unit, from, to): whole units.
		scalar(d, "TIMESTAMPDIFF", 3, func(args []driver.Value) (driver.Value, error) {
			unit, _ := args[0].(string)
			size, ok := units[strings.ToUpper(unit)]
			if !ok {
				return nil, fmt.Errorf("TIMESTAMPDIFF: unit %q is not known here", unit)
			}
			from, err := parseTime(args[1])
			if err != nil {
				return nil, err
			}
			to, err := parseTime(args[2])
			return (to - from) / size.Milliseconds(), err
		}),
	)
}

func scalar(d *sqlite.Driver, name string, args int32, do func([]driver.Value) (driver.Value, error)) error {
	orNull := func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		for _, a := range args {
			if a == nil { // as of every function of SQL
				return nil, nil
			}
		}
		v, err := do(args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return v, nil
	}
	return d.RegisterDeterministicScalarFunction(name, args, orNull)
}

// words are those of Druid's that SQLite has no words for, and what they may stand in.
var words = regexp.MustCompile(`(?i)'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*` +
	`|\bCURRENT_TIMESTAMP\b(?:\s*-\s*INTERVAL\s*'(\d+)'\s*(\w+))?|(\bTIMESTAMPDIFF\s*\(\s*)(\w+)`)

// translate writes in SQLite's words what Druid has words of its own for: a query has one
// CURRENT_TIMESTAMP, less an INTERVAL perhaps, and TIMESTAMPDIFF(SECOND, …) takes its unit
// as a text.
func (t *Table) translate(query string) (string, error) {
	var wrong error
	now := t.now()
	translated := words.ReplaceAllStringFunc(query, func(word string) string {
		if strings.ContainsRune(`'"-`, rune(word[0])) {
			return word
		}
		parts := words.FindStringSubmatch(word)
		if parts[3] != "" {
			return parts[3] + "'" + parts[4] + "'"
		}
		at := now
		if parts[2] != "" {
			n, err := strconv.ParseInt(parts[1], 10, 32)
			unit, known := units[strings.ToUpper(parts[2])]
			if err != nil || !known {
				wrong = fmt.Errorf("an interval of %s %s is not known here", parts[1], parts[2])
			}
			at = now.Add(-time.Duration(n) * unit)
		}
		return "'" + timeText(at.UnixMilli()) + "'"
	})
	return translated, wrong
}

func floor(ms, period int64) int64 {
	rest := ms % period
	if rest < 0 {
		rest += period
	}
	return ms - rest
}

var units = map[string]time.Duration{
	"SECOND": time.Second, "MINUTE": time.Minute, "HOUR": time.Hour, "DAY": 24 * time.Hour,
}

// parsePeriod reads a period of ISO 8601 that has one part of a fixed length: PT15M, P1D.
func parsePeriod(s string) (ms int64, err error) {
	for _, unit := range []struct {
		begin, end string
		size       time.Duration
	}{{"PT", "S", time.Second}, {"PT", "M", time.Minute}, {"PT", "H", time.Hour}, {"P", "D", 24 * time.Hour}} {
		digits, ok := strings.CutPrefix(s, unit.begin)
		if digits, end := strings.CutSuffix(digits, unit.end); ok && end {
			if n, err := strconv.ParseInt(digits, 10, 32); err == nil && n > 0 {
				return n * unit.size.Milliseconds(), nil
			}
		}
	}
	return 0, fmt.Errorf("period %q is not known here", s)
}
