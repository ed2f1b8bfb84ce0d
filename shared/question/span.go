package question

import (
	"fmt"
	"math"
	"time"
)

// Span is a part of the time, by what a reader has chosen.
type Span int

// The spans in use.
const (
	WholeChoice Span = iota
	Recent           // the last quarter of an hour of it: of a day's ids one by one Druid is too slow
	Slots            // its whole minutes, without those whose bursts may be under way still
	Always           // whatever was chosen
)

// Settle is how long after its end a slot may be without sales: the bursts of a minute are
// published in the next one.
const Settle = 2 * time.Minute

const (
	minute  = int64(time.Minute / time.Millisecond)
	day     = 24 * 60 * minute
	quarter = 15 * minute
	settle  = int64(Settle / time.Millisecond)
)

// Earlier is how long before the chosen time "the same time before" is: as many whole days
// as that touches, so that the two never overlap.
func (a Asked) Earlier() time.Duration {
	return time.Duration((a.To.UnixMilli()-a.From.UnixMilli()+day-1)/day*day) * time.Millisecond
}

var earlier = fmt.Sprintf("((${__to} - ${__from} + %d) / %d * %d)", day-1, day, day)

// Bounds are the begin and the end of the span, in milliseconds since 1970; the end is
// exclusive.
func (a Asked) Bounds() (from, to int64) {
	from, to = a.From.UnixMilli(), a.To.UnixMilli()
	switch a.Span {
	case Recent:
		from = max(from, to-quarter)
	case Slots:
		from, to = (from+minute-1)/minute*minute, (to-settle)/minute*minute
	case Always:
		from, to = math.MinInt64, math.MaxInt64
	}
	return from, to
}

var (
	slotsFrom = fmt.Sprintf("((${__from} + %d) / %d * %d)", minute-1, minute, minute)
	slotsTo   = fmt.Sprintf("((${__to} - %d) / %d * %d)", settle, minute, minute)
)

// RecentFrom is, in SQL, when Recent begins, in milliseconds since 1970.
func RecentFrom() string {
	from, _ := Recent.sql()
	return "(" + from + ")"
}

// SlotCount is, in SQL, how many minutes Slots has.
func SlotCount() string { return fmt.Sprintf("((%s - %s) / %d)", slotsTo, slotsFrom, minute) }

// Daily is a stretch of every day, in UTC. It may go on after midnight.
type Daily struct {
	From, Length time.Duration // since midnight; up to a day
}

// Holds is, in SQL, whether a time is in the stretch.
func (d Daily) Holds(column string) string {
	at := fmt.Sprintf("(TIMESTAMP_TO_MILLIS(%s) - %d)", column, d.From.Milliseconds())
	return fmt.Sprintf("%s - %s / %d * %d < %d", at, at, day, day, d.Length.Milliseconds())
}

// SlotCount is, in SQL, how many minutes of Slots are in the stretch.
func (d Daily) SlotCount() string { return "(" + d.before(slotsTo) + " - " + d.before(slotsFrom) + ")" }

// before is how many minutes of the stretch there were since 1970, up to a day's, which are the same at
// both ends of a span.
func (d Daily) before(at string) string {
	at = fmt.Sprintf("(%s - %d)", at, d.From.Milliseconds())
	today := fmt.Sprintf("(%s - %s / %d * %d)", at, at, day, day)
	length := d.Length.Milliseconds()
	return fmt.Sprintf("(%s / %d * %d + CASE WHEN %s < %d THEN %s ELSE %d END) / %d",
		at, day, length, today, length, today, length, minute)
}

// sql is what Bounds computes.
func (s Span) sql() (from, to string) {
	switch s {
	case Recent:
		const from = "CASE WHEN ${__to} - ${__from} > %d THEN ${__to} - %d ELSE ${__from} END"
		return fmt.Sprintf(from, quarter, quarter), "${__to}"
	case Slots:
		return slotsFrom, slotsTo
	}
	return "${__from}", "${__to}"
}
