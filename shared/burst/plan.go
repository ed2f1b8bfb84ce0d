package burst

import (
	"sort"
	"time"

	"salesburst/shared/market"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// plan says when each sale happens: of a whole burst, or of one of its shards.
type plan struct {
	from   sale.Time
	length uint64 // milliseconds

	start, events uint64 // the first sale that the plan knows, and how many it knows

	// before[n] is how many sales of the burst come before second first+n; one more entry
	// for the end.
	first  uint64
	before []uint32

	// near[n] is where in before the second of sale start + n·events/len(near) is: a search
	// for the second of a sale begins there and ends after a few steps.
	near []uint32
}

const second = 1000 // milliseconds

// minute is a part of a burst's time that the demand does not change in.
type minute struct {
	length uint64 // milliseconds, up to a minute
	demand uint64 // prng.Million is the day's average
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
	streamOfTimes // and on, one for each sale
)

const streamOfHalves = 1 << 62 // and on, one for each part of the time that is halved

// expect draws how many sales the market makes in that time: Mean follows the demand.
func expect(demand []minute, q Request, seed uint64) uint64 {
	var mean uint64 // millionths of a sale
	for _, m := range demand {
		mean += m.demand * uint64(q.Mean) * m.length / 60_000
	}
	const most = 1 << 43 // of what Poisson takes, and nearly the limit of a burst
	if mean >= most {
		return mean / prng.Million
	}
	r := prng.New(seed, streamOfCount)
	return r.Poisson(mean)
}

// weights are the demand as the places that random numbers below sum fall on.
type weights struct {
	demand []minute
	begins []uint64 // of each minute, in milliseconds from the burst's begin
	sums   []uint64 // a minute's sales are those below its sum and not below the one before
	sum    uint64
	length uint64 // milliseconds
}

func weigh(demand []minute) weights {
	w := weights{demand: demand, begins: make([]uint64, len(demand)), sums: make([]uint64, len(demand))}
	for i, m := range demand {
		w.begins[i] = w.length
		w.sum += m.length * max(m.demand, 1)
		w.length += m.length
		w.sums[i] = w.sum
	}
	return w
}

// at is the millisecond that the place u falls on.
func (w *weights) at(u uint64) uint64 {
	i := 0
	if len(w.sums) > 2 {
		i = sort.Search(len(w.sums), func(i int) bool { return w.sums[i] > u })
	} else if u >= w.sums[0] {
		i = 1
	}
	if i > 0 {
		u -= w.sums[i-1]
	}
	return w.begins[i] + u/max(w.demand[i].demand, 1)
}

// before is how many places fall before a millisecond.
func (w *weights) before(ms uint64) uint64 {
	if ms >= w.length {
		return w.sum
	}
	i := sort.Search(len(w.begins), func(i int) bool { return w.begins[i] > ms }) - 1
	return w.sums[i] - (w.demand[i].length-(ms-w.begins[i]))*max(w.demand[i].demand, 1)
}

// seconds is how many seconds there are; the last may be a part of one.
func (w *weights) seconds() uint64 { return (w.length + second - 1) / second }

// newPlan gives each sale a second, independently of all others, as customers do who
// do not know each other.
func newPlan(from time.Time, demand []minute, events, seed uint64) plan {
	w := weigh(demand)
	p := plan{from: sale.TimeOf(from), length: w.length, events: events}
	p.before = make([]uint32, w.seconds()+1)
	r := prng.New(seed, streamOfSeconds)
	for range events {
		p.before[w.at(r.Below(w.sum))/second+1]++
	}
	for i := 1; i < len(p.before); i++ {
		p.before[i] += p.before[i-1]
	}
	p.index()
	return p
}

// index fills near.
func (p *plan) index() {
	p.near = make([]uint32, len(p.before)-1)
	at := uint32(0)
	for n := range p.near {
		i := p.start + uint64(n)*p.events/uint64(len(p.near))
		for uint64(p.before[at+1]) <= i && int(at) < len(p.near)-1 {
			at++
		}
		p.near[n] = at
	}
}

// time returns when sale i of the burst happens, which the plan must know. The sales of a
// second are spread over it, in order.
func (p *plan) time(i, seed uint64) sale.Time {
	n := p.near[(i-p.start)*uint64(len(p.near))/p.events]
	for uint64(p.before[n+1]) <= i {
		n++
	}
	begin := (p.first + uint64(n)) * second
	length := min(second, p.length-begin)
	r := prng.New(seed, streamOfTimes+i)
	count := uint64(p.before[n+1] - p.before[n])
	place := (i-uint64(p.before[n]))<<20 + r.Below(1<<20) // of count<<20
	return p.from + sale.Time(begin+place*length/(count<<20))
}
