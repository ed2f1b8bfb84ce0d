package dashboards

import (
	"cmp"
	"math"
	"slices"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/question"
)

// Ask is the panel's question with what a reader has chosen. Where the choice has no table
// it is contract.DefaultTopic, and where it has no interval that of a panel 800 pixels wide.
func (p Panel) Ask(c question.Choice) question.Asked {
	c.Table = cmp.Or(c.Table, contract.DefaultTopic)
	c.Interval = cmp.Or(c.Interval, p.Interval(c.From, c.To, 800))
	return question.Asked{Question: p.Question, Choice: c}
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
	{90_000, 60_000}, {210_000, 120_000}, {450_000, 300_000}, {750_000, 600_000}, {1_050_000, 900_000},
	{1_500_000, 1_200_000}, {2_700_000, 1_800_000}, // minutes
	{5_400_000, 3_600_000}, {9_000_000, 7_200_000}, {16_200_000, 10_800_000}, {32_400_000, 21_600_000},
	{86_400_000, 43_200_000}, // hours
	{604_800_000, 86_400_000},
	{math.MaxInt64, 604_800_000},
}

func roundInterval(d time.Duration) time.Duration {
	i := slices.IndexFunc(steps, func(s struct{ below, becomes int64 }) bool { return d.Milliseconds() < s.below })
	return time.Duration(steps[i].becomes) * time.Millisecond
}
