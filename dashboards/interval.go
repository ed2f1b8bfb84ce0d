package dashboards

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"salesburst/shared/contract"
)

// Query is what a reader has chosen above the panels.
type Query struct {
	From, To time.Time           // To is exclusive
	Selected map[string][]string // by a variable's name; none: all
	Table    string              // empty: contract.DefaultTopic
	Interval time.Duration       // of the buckets; 0: Interval of a panel 800 pixels wide
}

// allValue is what a variable is replaced by where all is chosen. Grafana inserts it as
// it stands, unlike values, which it quotes.
const allValue = `'*'`

// Parts of the panels' SQL. Sums of a part of the rows are written with FILTER: with CASE
// Druid takes three to eight times as long.
const (
	table = `"` + contract.DefaultTopic + `"`

	// inRange is the time that the reader has chosen.
	inRange = `__time >= MILLIS_TO_TIMESTAMP(${__from}) AND __time < MILLIS_TO_TIMESTAMP(${__to})`

	// earlier is how long before the range "the same time before" is, in milliseconds: as
	// many whole days as the range touches, so that the two never overlap.
	earlier = `((${__to} - ${__from} + 86399999) / 86400000 * 86400000)`

	// before is that time.
	before = `__time >= MILLIS_TO_TIMESTAMP(${__from} - ` + earlier + `) AND __time < MILLIS_TO_TIMESTAMP(${__to} - ` + earlier + `)`

	nowOrBefore = `(` + inRange + ` OR ` + before + `)`

	// bucket is the begin of an event's bucket.
	bucket = `MILLIS_TO_TIMESTAMP(TIMESTAMP_TO_MILLIS(__time) / ${__interval_ms} * ${__interval_ms})`

	// completed are the sales that were paid.
	completed = `status = 'COMPLETED'`
)

// selected is the reader's choice. Both engines calculate '*' IN (…) once, before they
// read a row.
func selected() string {
	var b strings.Builder
	for _, v := range variables() {
		list := "(${" + v.Name + ":sqlstring})"
		b.WriteString(" AND ('*' IN " + list + " OR " + v.Column + " IN " + list + ")")
	}
	return b.String()
}

// variables are those of the sales.
func variables() []Variable {
	return []Variable{
		{Name: "brand", Label: "Brand", Column: "brand"},
		{Name: "state", Label: "State", Column: "state"},
		{Name: "order_type", Label: "Order type", Column: "order_type"},
	}
}

// Interpolate is the panel's SQL as Grafana sends it to Druid: ${__from} and ${__to} are
// milliseconds since 1970, ${__interval_ms} is the bucket's length, and ${name:sqlstring}
// the values of a variable in single quotes, commas between them.
func (p Panel) Interpolate(q Query) string {
	interval := q.Interval
	if interval == 0 {
		interval = p.Interval(q.From, q.To, 800)
	}
	pairs := []string{
		"${__from}", strconv.FormatInt(q.From.UnixMilli(), 10),
		"${__to}", strconv.FormatInt(q.To.UnixMilli(), 10),
		"${__interval_ms}", strconv.FormatInt(interval.Milliseconds(), 10),
	}
	for _, v := range variables() {
		pairs = append(pairs, "${"+v.Name+":sqlstring}", sqlString(q.Selected[v.Name]))
	}
	if q.Table != "" {
		pairs = append(pairs, table, `"`+strings.ReplaceAll(q.Table, `"`, `""`)+`"`)
	}
	return strings.NewReplacer(pairs...).Replace(p.SQL)
}

// sqlString is Grafana's format of that name.
func sqlString(values []string) string {
	if len(values) == 0 {
		return allValue
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return strings.Join(quoted, ",")
}

// Interval is the length of the buckets in a time range, in a panel that is so many
// pixels wide, as Grafana chooses it: the range by the most points, rounded, and not below
// MinInterval.
func (p Panel) Interval(from, to time.Time, pixels int) time.Duration {
	points := p.MaxPoints
	if points == 0 {
		points = max(pixels, 1)
	}
	interval := roundInterval(to.Sub(from) / time.Duration(points))
	return max(interval, p.MinInterval, time.Millisecond)
}

// steps are Grafana's: below so many milliseconds, an interval becomes so long.
var steps = []struct{ below, becomes int64 }{
	{10, 1}, {15, 10}, {35, 20}, {75, 50}, {150, 100}, {350, 200}, {750, 500}, {1500, 1000}, {3500, 2000}, {7500, 5000},
	{12_500, 10_000}, {17_500, 15_000}, {25_000, 20_000}, {45_000, 30_000}, // seconds
	{90_000, 60_000}, {210_000, 120_000}, {450_000, 300_000}, {750_000, 600_000}, {1_050_000, 900_000}, {1_500_000, 1_200_000}, {2_700_000, 1_800_000}, // minutes
	{5_400_000, 3_600_000}, {9_000_000, 7_200_000}, {16_200_000, 10_800_000}, {32_400_000, 21_600_000}, {86_400_000, 43_200_000}, // hours
	{604_800_000, 86_400_000},
	{math.MaxInt64, 604_800_000},
}

func roundInterval(d time.Duration) time.Duration {
	i := slices.IndexFunc(steps, func(s struct{ below, becomes int64 }) bool { return d.Milliseconds() < s.below })
	return time.Duration(steps[i].becomes) * time.Millisecond
}
