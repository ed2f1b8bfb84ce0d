package burst

import (
	"sort"
	"time"

	"salesburst/shared/chance"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// plan says when each sale happens.
type plan struct {
	from   sale.Time
	length uint64 // milliseconds
	events uint64

	// before[n] is how many sales come before second n; one more entry for the end.
	before []uint32

	// near[n] is the second of sale n·events/len(near): a search for the second of a
	// sale begins there and ends after a few steps.
	near []uint32
}

const second = 1000 // milliseconds

// minute is a part of a burst's time that the demand does not change in.
type minute struct {
	length uint64 // milliseconds, up to a minute
	demand uint64 // chance.Million is the day's average
}

// demandByMinute follows the demand by full minutes of the clock.
func demandByMinute(c *market.Conditions) []minute {
	var all []minute
	for t := c.From; t.Before(c.To); {
		next := t.Truncate(time.Minute).Add(time.Minute)
		if next.After(c.To) {
			next = c.To
		}
		all = append(all, minute{uint64(next.Sub(t).Milliseconds()), c.Demand(t.Truncate(time.Minute))})
		t = next
	}
	return all
}

// Numbers of the random streams that a plan takes from the burst's seed; its sales
// take theirs from 0 on.
const (
	streamOfCount = 1<<63 + iota
	streamOfSeconds
	streamOfTimes
)

// expect draws how many sales the market makes in that time: Mean follows the demand.
func expect(demand []minute, o Order, seed uint64) uint64 {
	var mean uint64 // millionths of a sale
	for _, m := range demand {
		mean += m.demand * uint64(o.Mean) * m.length / 60_000
	}
	const most = 1 << 43 // of what Poisson takes, and nearly the limit of a burst
	if mean >= most {
		return mean / chance.Million
	}
	r := chance.New(seed, streamOfCount)
	return r.Poisson(mean)
}

// newPlan gives each sale a second, independently of all others, as customers do who
// do not know each other.
func newPlan(from time.Time, demand []minute, events, seed uint64) plan {
	// A minute's sales are those below its sum of weights and not below the one before.
	sums := make([]uint64, len(demand))
	var sum, length uint64
	for i, m := range demand {
		sum += m.length * max(m.demand, 1)
		length += m.length
		sums[i] = sum
	}
	p := plan{from: sale.TimeOf(from), length: length, events: events}
	p.before = make([]uint32, (length+second-1)/second+1)
	r := chance.New(seed, streamOfSeconds)
	minuteBegins := make([]uint64, len(demand))
	for i := range demand[1:] {
		minuteBegins[i+1] = minuteBegins[i] + demand[i].length
	}
	for range events {
		u := r.Below(sum)
		i := 0
		if len(sums) > 2 {
			i = sort.Search(len(sums), func(i int) bool { return sums[i] > u })
		} else if u >= sums[0] {
			i = 1
		}
		if i > 0 {
			u -= sums[i-1]
		}
		ms := minuteBegins[i] + u/max(demand[i].demand, 1)
		p.before[ms/second+1]++
	}
	for i := 1; i < len(p.before); i++ {
		p.before[i] += p.before[i-1]
	}
	p.near = make([]uint32, len(p.before)-1)
	at := uint32(0)
	for n := range p.near {
		first := uint64(n) * events / uint64(len(p.near))
		for uint64(p.before[at+1]) <= first && int(at) < len(p.near)-1 {
			at++
		}
		p.near[n] = at
	}
	return p
}

// time returns when sale i happens. The sales of a second are spread over it, in order.
func (p *plan) time(i, seed uint64) sale.Time {
	n := p.near[i*uint64(len(p.near))/p.events]
	for uint64(p.before[n+1]) <= i {
		n++
	}
	begin := uint64(n) * second
	length := min(second, p.length-begin)
	r := chance.New(seed, streamOfTimes+i)
	count := uint64(p.before[n+1] - p.before[n])
	place := (i-uint64(p.before[n]))<<20 + r.Below(1<<20) // of count<<20
	return p.from + sale.Time(begin+place*length/(count<<20))
}
