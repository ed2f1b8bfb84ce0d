package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/parameters"
	"salesburst/shared/sale"
)

// Kinds of triggers, as in a report.
const (
	TriggerSchedule = "schedule"
	TriggerManual   = "manual"
)

// trigger is a payload that has been understood. Whether the market has what the
// order names, burst.New decides.
type trigger struct {
	kind  string
	order burst.Request
	twin  bool // the burst without incidents is wanted too
}

// triggerDefaults are what a payload leaves open.
type triggerDefaults struct {
	channel    contract.Channel
	mean       int                                 // EVENTS_PER_MINUTE
	scenario   string                              // SCENARIO
	incidents  func(end time.Time) *incidents.Plan // of scheduled bursts; may be nil
	unlabelled bool
	twin       bool      // of scheduled bursts
	now        time.Time // by this machine's clock
	requestID  string    // of the invocation; the same in Lambda's retries of it
	traceID    string    // X-Ray's, with the time of the first request in it; may be empty
}

// soon refuses a time that this machine's clock does not reach in contract.ClockTolerance. The
// handler waits for one that it does reach: clocks that differ a little make neither an
// error nor a sale in the future.
func (c triggerDefaults) soon(field, value string, at time.Time) error {
	if at.Sub(c.now) <= contract.ClockTolerance {
		return nil
	}
	return refuse(field, value, fmt.Sprintf("a time that has passed, or comes in %v at most; by this machine's "+
		"clock it is now %v",
		contract.ClockTolerance, sale.TimeOf(c.now)))
}

// parseTrigger understands the payload of a schedule, which has exactly the
// contract.ScheduleFields, or of a person, with any of the contract.RequestFields or none. Its error is
// an *InvalidTrigger.
func parseTrigger(payload []byte, c triggerDefaults) (trigger, error) {
	o, err := parseObject(payload)
	if err != nil {
		return trigger{}, err
	}
	if o.has(contract.FieldScheduledTime) || o.has(contract.FieldScheduleARN) {
		return parseScheduled(o, c)
	}
	return parseManual(o, c)
}

// parseScheduled: the burst of a slot is named by its schedule and its minute alone,
// so that every delivery of it is the same burst. The local clock has no say, but that a
// slot far in the future is not published, and not entered in its ledger, before its time.
func parseScheduled(o object, c triggerDefaults) (trigger, error) {
	for _, name := range o.names() {
		if !slices.Contains(contract.ScheduleFields, name) {
			return trigger{}, refuse(strconv.Quote(shorten(name)), "beside a scheduled time",
				"exactly "+list(contract.ScheduleFields)+" from a schedule, and neither of them from a person")
		}
	}
	for _, name := range contract.ScheduleFields {
		if !o.has(name) {
			return trigger{}, refuse(name, "missing", "both of "+list(contract.ScheduleFields))
		}
	}
	at, err := o.time(contract.FieldScheduledTime)
	if err == nil {
		at = at.Truncate(contract.Slot)
		err = c.soon(contract.FieldScheduledTime, at.Format(time.RFC3339), at)
	}
	if err != nil {
		return trigger{}, err
	}
	origin, err := o.text(contract.FieldScheduleARN)
	if err != nil {
		return trigger{}, err
	}
	if len(origin) > maxARN || !scheduleARN.MatchString(origin) {
		return trigger{}, refuse(contract.FieldScheduleARN, quote(origin),
			"arn:aws:scheduler:<region>:<account>:schedule/<group>/<name>")
	}
	var plan *incidents.Plan
	if c.incidents != nil {
		plan = c.incidents(at)
	}
	return trigger{TriggerSchedule, burst.Request{
		Channel:  c.channel,
		Origin:   origin,
		At:       at,
		Over:     contract.Slot,
		Mean:     c.mean,
		Follows:  true,
		Scenario: c.scenario,

		Incidents:  plan,
		Unlabelled: c.unlabelled,
	}, c.twin}, nil
}

const maxARN = 1600 // characters, EventBridge Scheduler's own limit

var (
	scheduleARN = regexp.MustCompile(`^arn:aws[a-z-]*:scheduler:[a-z0-9-]+:[0-9]{12}:schedule/` +
		`[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
)

// parseManual: a person's burst is named by the id in the payload, or by the request.
func parseManual(o object, c triggerDefaults) (t trigger, err error) {
	for _, name := range o.names() {
		if !slices.Contains(contract.RequestFields, name) {
			return trigger{}, refuse(quote(name), "is unknown",
				list(contract.RequestFields)+" (a schedule sends "+list(contract.ScheduleFields)+")")
		}
	}
	order := burst.Request{
		Channel: c.channel, Origin: c.requestID, Over: contract.Slot, Mean: c.mean, Unlabelled: c.unlabelled,
	}
	if o.has(contract.FieldIncidents) {
		if order.Incidents, err = parseIncidents(o[contract.FieldIncidents]); err != nil {
			return trigger{}, err
		}
	}
	for name, text := range map[string]*string{
		contract.FieldScenario:      &order.Scenario,
		contract.FieldBrand:         &order.Brand,
		contract.FieldProduct:       &order.Product,
		contract.FieldCity:          &order.City,
		contract.FieldPaymentMethod: &order.PaymentMethod,
	} {
		if !o.has(name) {
			continue
		}
		if *text, err = o.text(name); err != nil {
			return trigger{}, err
		}
	}
	if o.has(contract.FieldShard) || o.has(contract.FieldOf) {
		if order.Shard, order.Of, err = parseShard(o); err != nil {
			return trigger{}, err
		}
	}
	if err = parseLoad(o, &order); err != nil {
		return trigger{}, err
	}
	at := firstAsked
	if o.has(contract.FieldAt) {
		at = o.at
	}
	if order.At, err = at(c); err != nil {
		return trigger{}, err
	}
	if o.has(contract.FieldID) {
		if order.Origin, err = parseID(o); err != nil {
			return trigger{}, err
		}
	}
	if order.Origin == "" {
		return trigger{}, refuse(contract.FieldID, "missing", "required where there is no Lambda request id")
	}
	twin := false
	if o.has(contract.FieldTwin) {
		if twin, err = o.truth(contract.FieldTwin); err != nil {
			return trigger{}, err
		}
	}
	return trigger{TriggerManual, order, twin}, nil
}

// parseIncidents understands the incidents of one burst: a list as in the file of a plan.
func parseIncidents(list json.RawMessage) (*incidents.Plan, error) {
	p, err := incidents.Read(fmt.Appendf(nil, `{"incidents":%s}`, list))
	var invalid *parameters.Invalid
	switch {
	case errors.As(err, &invalid):
		return nil, refuse(invalid.Path, shorten(invalid.Value), invalid.Allowed)
	case err != nil:
		return nil, refuse(contract.FieldIncidents, shorten(string(list)),
			`a list of incidents, as in [{"scenario":"price-error"}]: `+err.Error())
	}
	return p, nil
}

// parseShard: the shards of a spike are asked for one by one and must agree on what
// they are shards of.
func parseShard(o object) (shard, of int, err error) {
	for _, name := range []string{contract.FieldShard, contract.FieldOf, contract.FieldEvents, contract.FieldAt,
		contract.FieldID} {
		if !o.has(name) && (name != contract.FieldEvents || !o.has(contract.FieldStages)) {
			return 0, 0, refuse(name, "missing", fmt.Sprintf(
				"all of %s, %s, %s (or %s), %s and %s where a shard is asked for", contract.FieldShard,
				contract.FieldOf, contract.FieldEvents, contract.FieldStages, contract.FieldAt, contract.FieldID))
		}
	}
	if of, err = o.number(contract.FieldOf, 1, contract.MaxShards, ""); err != nil {
		return 0, 0, err
	}
	shard, err = o.number(contract.FieldShard, 0, of-1, "")
	return shard, of, err
}

// parseEvents: with shards it is the number of all of them together.
func parseEvents(o object, shards int) (int, error) {
	most := min(contract.MaxEvents*max(shards, 1), contract.MaxSpike)
	more := ", or no such field for as many as the market asks for"
	if shards > 0 {
		more = ", all shards together"
	}
	return o.number(contract.FieldEvents, 1, most, more)
}

// at is the end of the time that the payload asks for.
func (o object) at(c triggerDefaults) (time.Time, error) {
	at, err := o.time(contract.FieldAt)
	if err == nil {
		err = c.soon(contract.FieldAt, at.Format(time.RFC3339Nano), at)
	}
	return at, err
}

func parseOver(o object) (time.Duration, error) {
	text, err := o.text(contract.FieldOver)
	if err != nil {
		return 0, err
	}
	over, err := time.ParseDuration(text)
	if err != nil || over < contract.MinOver || over > contract.MaxOver {
		return 0, refuse(contract.FieldOver, quote(text),
			fmt.Sprintf("a duration from %v to %v, as in 30s, 5m, 1h30m", contract.MinOver, contract.MaxOver))
	}
	return over, nil
}

func parseID(o object) (string, error) {
	id, err := o.text(contract.FieldID)
	if err == nil && !contract.IsID(id) {
		err = refuse(contract.FieldID, quote(id),
			fmt.Sprintf("1 to %d characters of A-Z a-z 0-9 . _ -", contract.MaxIDLength))
	}
	return id, err
}

// maxTraceAge is more than Lambda keeps an asynchronous event for.
const maxTraceAge = 24 * time.Hour

// firstAsked is the time that a manual burst ends at by default: the time of the
// first request, which Lambda's retries of it repeat in their trace id, so that a
// retry is the same burst. Where there is none, or one that is too old, it is now.
func firstAsked(c triggerDefaults) (time.Time, error) {
	for part := range strings.SplitSeq(c.traceID, ";") {
		root, ok := strings.CutPrefix(part, "Root=1-")
		if !ok || len(root) < 9 || root[8] != '-' {
			continue
		}
		seconds, err := strconv.ParseUint(root[:8], 16, 32)
		at := time.Unix(int64(seconds), 0).UTC()
		if err != nil || c.now.Sub(at) > maxTraceAge {
			continue
		}
		return at, c.soon(contract.FieldAt, "missing, where the request's trace is of "+at.Format(time.RFC3339), at)
	}
	return c.now.UTC().Truncate(time.Second), nil
}
