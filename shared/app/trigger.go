package app

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/sale"
	"salesburst/shared/spec"
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
	order burst.Order
}

// circumstances are what a payload leaves open.
type circumstances struct {
	channel   spec.Channel
	mean      int       // EVENTS_PER_MINUTE
	scenario  string    // SCENARIO
	now       time.Time // by this machine's clock
	requestID string    // of the invocation; the same in Lambda's retries of it
	traceID   string    // X-Ray's, with the time of the first request in it; may be empty
}

// soon refuses a time that this machine's clock does not reach in spec.ClockTolerance. The
// handler waits for one that it does reach: clocks that differ a little make neither an
// error nor a sale in the future.
func (c circumstances) soon(field, value string, at time.Time) error {
	if at.Sub(c.now) <= spec.ClockTolerance {
		return nil
	}
	return refuse(field, value, fmt.Sprintf("a time that has passed, or comes in %v at most; by this machine's clock it is now %v",
		spec.ClockTolerance, sale.TimeOf(c.now)))
}

// Fields of the payloads.
const (
	fieldScheduledTime = "scheduled_time"
	fieldScheduleARN   = "schedule_arn"

	fieldEvents        = "events"
	fieldScenario      = "scenario"
	fieldBrand         = "brand"
	fieldProduct       = "product"
	fieldCity          = "city"
	fieldPaymentMethod = "payment_method"
	fieldAt            = "at"
	fieldOver          = "over"
	fieldID            = "id"
	fieldShard         = "shard"
	fieldOf            = "of"
)

var (
	scheduleFields = []string{fieldScheduledTime, fieldScheduleARN}
	manualFields   = []string{fieldEvents, fieldScenario, fieldBrand, fieldProduct, fieldCity, fieldPaymentMethod, fieldAt, fieldOver, fieldID, fieldShard, fieldOf}
)

// parseTrigger understands the payload of a schedule, which has exactly the
// scheduleFields, or of a person, with any of the manualFields or none. Its error is
// an *InvalidTrigger.
func parseTrigger(payload []byte, c circumstances) (trigger, error) {
	o, err := parseObject(payload)
	if err != nil {
		return trigger{}, err
	}
	if o.has(fieldScheduledTime) || o.has(fieldScheduleARN) {
		return parseScheduled(o, c)
	}
	return parseManual(o, c)
}

// parseScheduled: the burst of a slot is named by its schedule and its minute alone,
// so that every delivery of it is the same burst. The local clock has no say, but that a
// slot far in the future is not published, and not entered in its ledger, before its time.
func parseScheduled(o object, c circumstances) (trigger, error) {
	for _, name := range o.names() {
		if !slices.Contains(scheduleFields, name) {
			return trigger{}, refuse(strconv.Quote(shorten(name)), "beside a scheduled time",
				"exactly "+list(scheduleFields)+" from a schedule, and neither of them from a person")
		}
	}
	for _, name := range scheduleFields {
		if !o.has(name) {
			return trigger{}, refuse(name, "missing", "both of "+list(scheduleFields))
		}
	}
	at, err := o.time(fieldScheduledTime)
	if err == nil {
		at = at.Truncate(spec.Slot)
		err = c.soon(fieldScheduledTime, at.Format(time.RFC3339), at)
	}
	if err != nil {
		return trigger{}, err
	}
	origin, err := o.text(fieldScheduleARN)
	if err != nil {
		return trigger{}, err
	}
	if len(origin) > maxARN || !scheduleARN.MatchString(origin) {
		return trigger{}, refuse(fieldScheduleARN, quote(origin), "arn:aws:scheduler:<region>:<account>:schedule/<group>/<name>")
	}
	return trigger{TriggerSchedule, burst.Order{
		Channel:  c.channel,
		Origin:   origin,
		At:       at,
		Over:     spec.Slot,
		Mean:     c.mean,
		Scenario: c.scenario,
	}}, nil
}

const maxARN = 1600 // characters, EventBridge Scheduler's own limit

var (
	scheduleARN = regexp.MustCompile(`^arn:aws[a-z-]*:scheduler:[a-z0-9-]+:[0-9]{12}:schedule/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
	validID     = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9._-]{1,%d}$`, spec.MaxIDLength))
)

// parseManual: a person's burst is named by the id in the payload, or by the request.
func parseManual(o object, c circumstances) (t trigger, err error) {
	for _, name := range o.names() {
		if !slices.Contains(manualFields, name) {
			return trigger{}, refuse(quote(name), "is unknown", list(manualFields)+" (a schedule sends "+list(scheduleFields)+")")
		}
	}
	order := burst.Order{Channel: c.channel, Origin: c.requestID, Over: spec.Slot, Mean: c.mean}
	for name, text := range map[string]*string{
		fieldScenario:      &order.Scenario,
		fieldBrand:         &order.Brand,
		fieldProduct:       &order.Product,
		fieldCity:          &order.City,
		fieldPaymentMethod: &order.PaymentMethod,
	} {
		if !o.has(name) {
			continue
		}
		if *text, err = o.text(name); err != nil {
			return trigger{}, err
		}
	}
	if o.has(fieldShard) || o.has(fieldOf) {
		if order.Shard, order.Of, err = parseShard(o); err != nil {
			return trigger{}, err
		}
	}
	if o.has(fieldEvents) {
		if order.Events, err = parseEvents(o, order.Of); err != nil {
			return trigger{}, err
		}
	}
	at := firstAsked
	if o.has(fieldAt) {
		at = o.at
	}
	if order.At, err = at(c); err != nil {
		return trigger{}, err
	}
	if o.has(fieldOver) {
		if order.Over, err = parseOver(o); err != nil {
			return trigger{}, err
		}
	}
	if o.has(fieldID) {
		if order.Origin, err = parseID(o); err != nil {
			return trigger{}, err
		}
	}
	if order.Origin == "" {
		return trigger{}, refuse(fieldID, "missing", "required where there is no Lambda request id")
	}
	return trigger{TriggerManual, order}, nil
}

// parseShard: the shards of a spike are asked for one by one and must agree on what
// they are shards of.
func parseShard(o object) (shard, of int, err error) {
	for _, name := range []string{fieldShard, fieldOf, fieldEvents, fieldAt, fieldID} {
		if !o.has(name) {
			return 0, 0, refuse(name, "missing", fmt.Sprintf("all of %s, %s, %s, %s and %s where a shard is asked for",
				fieldShard, fieldOf, fieldEvents, fieldAt, fieldID))
		}
	}
	if of, err = o.number(fieldOf, 1, spec.MaxShards, ""); err != nil {
		return 0, 0, err
	}
	shard, err = o.number(fieldShard, 0, of-1, "")
	return shard, of, err
}

// parseEvents: with shards it is the number of all of them together.
func parseEvents(o object, shards int) (int, error) {
	most := min(spec.MaxEvents*max(shards, 1), spec.MaxSpike)
	more := ", or no such field for as many as the market asks for"
	if shards > 0 {
		more = ", all shards together"
	}
	return o.number(fieldEvents, 1, most, more)
}

// at is the end of the time that the payload asks for.
func (o object) at(c circumstances) (time.Time, error) {
	at, err := o.time(fieldAt)
	if err == nil {
		err = c.soon(fieldAt, at.Format(time.RFC3339Nano), at)
	}
	return at, err
}

func parseOver(o object) (time.Duration, error) {
	text, err := o.text(fieldOver)
	if err != nil {
		return 0, err
	}
	over, err := time.ParseDuration(text)
	if err != nil || over < spec.MinOver || over > spec.MaxOver {
		return 0, refuse(fieldOver, quote(text), fmt.Sprintf("a duration from %v to %v, as in 30s, 5m, 1h30m", spec.MinOver, spec.MaxOver))
	}
	return over, nil
}

func parseID(o object) (string, error) {
	id, err := o.text(fieldID)
	if err == nil && !validID.MatchString(id) {
		err = refuse(fieldID, quote(id), fmt.Sprintf("1 to %d characters of A-Z a-z 0-9 . _ -", spec.MaxIDLength))
	}
	return id, err
}

// maxTraceAge is more than Lambda keeps an asynchronous event for.
const maxTraceAge = 24 * time.Hour

// firstAsked is the time that a manual burst ends at by default: the time of the
// first request, which Lambda's retries of it repeat in their trace id, so that a
// retry is the same burst. Where there is none, or one that is too old, it is now.
func firstAsked(c circumstances) (time.Time, error) {
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
		return at, c.soon(fieldAt, "missing, where the request's trace is of "+at.Format(time.RFC3339), at)
	}
	return c.now.UTC().Truncate(time.Second), nil
}
