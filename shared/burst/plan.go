package burst

import (
	"math/bits"
	"time"

	"salesburst/shared/market"
	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// plan says what happens when: in a whole burst, or in one of its shards. Time is cut into cells,
// the minutes of the clock or parts of them, and each cell is planned from a random stream of its
// own. An order that takes several attempts, or a series of fraud, begins in one cell and goes on
// in later ones, which find it by planning that cell too.
type plan struct {
	from          sale.Time
	start, events uint64 // the first event of the burst that the plan knows, and how many it knows
	open          bool   // what begins in a cell may go on in later ones
	cells         []cell // the first ones are before the burst
	own           int    // the first one of the burst
	earlier       int    // the first one of the bursts before it whose orders go on in it

	// near[n] is the cell of event start + n<<shift: a search for the cell of an event begins there and
	// ends after a few steps.
	near  []uint32
	shift int

	clock *plan // when the events are; nil: as their cells say

	sums []uint32 // room for those of the gaps in a cell, while it is made ready
}

// cell is a stretch of time of at most a minute, and what begins in it.
type cell struct {
	begin, length int64  // milliseconds, from the burst's begin
	demand        uint64 // prng.Million is the year's average
	seed          uint64

	sales            // orders that are placed once, and not again
	orders    uint64 // orders that take several attempts
	series    uint64 // of fraud
	newcomers newcomers

	// What happens in the cell of the orders and series that began in it or before.
	attempts attempts

	before uint64 // events of the burst before this cell
	burst  sale.BurstID
}

// events is how many happen in the cell.
func (l *cell) events() uint64 { return l.sales.n + uint64(len(l.attempts.sorted)) }

// Numbers of the random streams of a cell.
const (
	streamOfCount  = 0
	streamOfGaps   = 1 << 34 // and on, of the stretches of sales
	streamOfSales  = 1 << 35 // and on, one for each order, as all that follow
	streamOfOrders = 1 << 36
	streamOfSeries = 1 << 37
	streamOfNew    = 1 << 38
	streamOfHalves = 1 << 39 // of a burst with an exact number of events
)

// cellsOf cuts time by the clock, and each minute into parts.
func cellsOf(c *market.Conditions, seed uint64, from time.Time, parts int64) []cell {
	var all []cell
	for t := from; t.Before(c.To); {
		next := t.Truncate(time.Minute).Add(time.Minute)
		if next.After(c.To) {
			next = c.To
		}
		all = cut(all, c, seed, t, next.Sub(t), parts)
		t = next
	}
	return all
}

// cut appends the parts of a stretch of time, of a minute at most, to cells.
func cut(cells []cell, c *market.Conditions, seed uint64, t time.Time, over time.Duration, parts int64) []cell {
	demand, length := c.Demand(t.Truncate(time.Minute)), over.Milliseconds()
	for part := range parts {
		begin, end := length*part/parts, length*(part+1)/parts
		r := prng.New(seed, uint64(t.UnixMilli()+begin))
		cells = append(cells, cell{
			begin: t.Sub(c.From).Milliseconds() + begin, length: end - begin, demand: demand, seed: r.Next(),
		})
	}
	return cells
}

// partsFor is into how many parts a stretch of time with so many events is cut.
func partsFor(events uint64) int64 {
	const most = 1 << 19 // events in a cell, about
	parts := int64(1)
	for events/uint64(parts) > most {
		parts *= 2
	}
	return parts
}

// planDemand plans as many events as the market makes, where mean is how many a minute has on
// average over a year. If the burst follows others, it goes on with what they have begun.
func planDemand(c *market.Conditions, seed uint64, mean int, follows bool) plan {
	p := plan{open: true}
	from, over := c.From, c.To.Sub(c.From)
	if follows {
		// Orders of so many bursts before go on here; and to know the numbers of their events, what
		// goes on in them has to be known too.
		from = from.Add(-(market.Longest + over - 1) / over * over)
		p.earlier = int(market.Longest / time.Minute)
		p.own = p.earlier + int(c.From.Sub(from)/time.Minute)
		from = from.Add(-market.Longest)
	}
	p.cells = cellsOf(c, seed, from, 1)
	strangers := crowd.Stranger(seed)
	for i := range p.cells {
		l := &p.cells[i]
		l.draw(c, mean)
		if !follows { // nobody would come back who is new to a burst that stands alone
			n := l.newcomers.Len()
			l.newcomers.Newcomers = crowd.NewStrangers(strangers, n)
			strangers += crowd.Number(n)
		}
	}
	return p
}

// expected is how many events the demand makes in the cell, in millionths, where a minute has so many on
// average.
func (l *cell) expected(mean int) uint64 { return l.demand * uint64(mean) * uint64(l.length) / 60_000 }

// mostExpected is what Poisson takes, and more than a burst may have.
const mostExpected = 1<<44 - 1

// draw draws what begins in a cell.
func (l *cell) draw(c *market.Conditions, mean int) {
	f := c.Following()
	events := l.expected(mean)
	r := prng.New(l.seed, streamOfCount)
	poisson := func(part, surely uint64) uint64 { // surely: millionths of an event that come anyway
		expected := prng.MulDiv(events, part, prng.Million)
		return r.Poisson(min(expected-min(expected, surely), mostExpected))
	}
	l.newcomers.Newcomers = c.Newcomers(l.begin, l.begin+l.length)
	born := l.newcomers.Len()
	if !c.Shuts(l.begin) { // by then all has to be over
		surely := born * f.NewOrders
		l.newcomers.orders.n = (surely + r.Below(prng.Million)) / prng.Million
		l.orders, l.series = l.newcomers.orders.n+poisson(f.Orders, surely), poisson(f.Series, 0)
	}
	l.newcomers.sales.n = born - l.newcomers.orders.n
	l.sales.n = max(poisson(f.Once, 0), l.newcomers.sales.n) // whoever is new comes for sure
}

// about is how many events there are, and a few more.
func (p *plan) about(c *market.Conditions) (n uint64) {
	for _, l := range p.cells[p.own:] {
		n += l.sales.n + 3*l.orders + c.Following().SeriesTo*l.series
	}
	return n
}

// planExactly plans the events from start to end of a burst with so many, without planning the
// others: how many of them are in the first half of its cells is drawn, and so on for each half,
// down to a cell. All cells together are as if each event had been given one by itself.
func planExactly(c *market.Conditions, seed uint64, events, start, end uint64) plan {
	minutes := (c.To.Sub(c.From) + time.Minute - 1) / time.Minute
	parts := partsFor(events / uint64(minutes))
	h := halver{cells: cellsOf(c, seed, c.From, parts), sums: []uint64{0}, seed: seed, start: start, end: end}
	for _, l := range h.cells {
		h.sums = append(h.sums, h.sums[len(h.sums)-1]+uint64(l.length)*l.demand)
	}
	if h.sums[len(h.cells)] == 0 { // whoever asks for sales when all is shut gets them
		for i, l := range h.cells {
			h.sums[i+1] = h.sums[i] + uint64(l.length)
		}
	}
	h.halve(1, 0, len(h.cells), 0, events)
	return h.plan(c, seed)
}

type halver struct {
	cells      []cell
	sums       []uint64 // the demand before each cell; one more for the end
	seed       uint64
	start, end uint64 // of the events that are wanted
	planned    []cell // with their number in sales.n
}

// halve plans the cells from a to b, with n events after those before. Part 1 is all, and the
// halves of a part are its double and the one after.
func (h *halver) halve(part uint64, a, b int, before, n uint64) {
	if n == 0 || before+n <= h.start || before >= h.end {
		return
	}
	if b-a == 1 {
		l := h.cells[a]
		l.before, l.sales.n = before, n
		h.planned = append(h.planned, l)
		return
	}
	middle := (a + b) / 2
	r := prng.New(h.seed, streamOfHalves+part)
	first := r.Binomial(n, h.sums[middle]-h.sums[a], h.sums[b]-h.sums[a])
	h.halve(2*part, a, middle, before, first)
	h.halve(2*part+1, middle, b, before+first, n-first)
}

// plan is what was planned.
func (h *halver) plan(c *market.Conditions, seed uint64) plan {
	for i := range h.planned {
		h.planned[i].divide(c, seed)
	}
	return plan{start: h.start, events: h.end - h.start, cells: h.planned}
}

// divide divides a cell's events into what is ordered once and the rest, which stays in the cell.
func (l *cell) divide(c *market.Conditions, seed uint64) {
	f := c.Following()
	n := l.sales.n
	r := prng.New(l.seed, streamOfCount)
	about := func(part uint64) uint64 { return (n*part + r.Below(prng.Million)) / prng.Million }
	l.orders, l.series = about(f.Orders), about(f.Series)
	if rest := l.countAttempts(f); rest <= n {
		l.sales.n = n - rest
	} else {
		l.orders, l.series = 0, 0 // there is no room for them
	}
	first, next := l.before*f.New/prng.Million, (l.before+n)*f.New/prng.Million
	born := min(next-first, l.sales.n+l.orders)
	l.newcomers.Newcomers = crowd.NewStrangers(crowd.Stranger(seed)+crowd.Number(first), born)
	l.newcomers.orders.n = min(about(f.NewOrders*f.New/prng.Million), min(l.orders, born))
	l.newcomers.sales.n = born - l.newcomers.orders.n
}

// finish makes the plan ready to be asked. name is what a burst that ends at a moment is called.
func (p *plan) finish(c *market.Conditions, name func(end time.Time) sale.BurstID) {
	p.from = sale.TimeOf(c.From)
	p.spread(c.Following())
	if p.open {
		over := c.To.Sub(c.From).Milliseconds()
		for i := p.earlier; i < len(p.cells); i++ {
			if l := &p.cells[i]; l.begin%over != 0 {
				l.before = p.cells[i-1].before + p.cells[i-1].events()
			}
		}
		last := &p.cells[len(p.cells)-1]
		p.events = last.before + last.events()
	}
	own := name(c.To)
	for i := p.own; i < len(p.cells); i++ {
		p.cells[i].burst = own
		p.ready(&p.cells[i])
		for _, a := range p.cells[i].attempts.sorted {
			p.recall(i-a.back(), c, name)
		}
	}
	p.sums = nil
	p.index()
}

// ready makes a cell ready to be asked for its events.
func (p *plan) ready(l *cell) {
	l.newcomers.orders.first = l.newcomers.sales.n
	l.among(&l.newcomers.sales, l.sales.n)
	l.among(&l.newcomers.orders, l.orders)
	p.sums = l.fill(p.sums)
	l.rank()
}

// recall makes the cell ready in which an order was begun that is tried again, if it is of an earlier
// burst.
func (p *plan) recall(i int, c *market.Conditions, name func(end time.Time) sale.BurstID) {
	l := &p.cells[i]
	if l.burst != (sale.BurstID{}) { // it is ready
		return
	}
	p.ready(l)
	over := c.To.Sub(c.From)
	bursts := time.Duration(-l.begin-1) * time.Millisecond / over // that lie between
	l.burst = name(c.From.Add(-bursts * over))
}

// index fills near with about as many as there are cells.
func (p *plan) index() {
	p.shift = bits.Len64(p.events / uint64(len(p.cells)-p.own+1))
	at := p.own
	for i := p.start; i < p.start+p.events; i += 1 << p.shift {
		for p.cells[at].before+p.cells[at].events() <= i {
			at++
		}
		p.near = append(p.near, uint32(at))
	}
}

// at returns the cell of event i of the burst, which the plan must know, and its number there.
func (p *plan) at(i uint64) (at int, n uint64) {
	at = int(p.near[(i-p.start)>>(p.shift&63)])
	for p.cells[at].before+p.cells[at].events() <= i {
		at++
	}
	return at, i - p.cells[at].before
}

// write makes event i of the burst. It reports whether that is an order of its own, with no other
// attempts.
func (p *plan) write(c *market.Conditions, i uint64, s *sale.Sale) (alone bool) {
	at, n := p.at(i)
	l := &p.cells[at]
	l.name(i, s)
	a, isAttempt, number := l.event(n)
	if !isAttempt {
		o := market.Order{Seed: l.seed, Stream: streamOfSales + number}
		o.Customer, o.New = l.newcomer(&l.newcomers.sales, number)
		c.Sell(o, p.moment(i, l, l.time(number)), s)
		return true
	}
	begun := &p.cells[at-a.back()]
	now, begin := p.moment(i, l, a.ms()), begun.before+begun.beginOf(a.series(), a.order())
	first, of, _ := begun.first(c.Following(), a.series(), a.order())
	if a.series() {
		o := market.Order{Seed: begun.seed, Stream: streamOfSeries + 1<<32 + a.order()}
		c.SellStolen(o, p.moment(begin, begun, first), now, int(a.number())+1, s)
		return false
	}
	o := market.Order{Seed: begun.seed, Stream: streamOfOrders + 1<<32 + a.order()}
	o.Customer, o.New = begun.newcomer(&begun.newcomers.orders, a.order())
	c.SellAgain(o, p.moment(begin, begun, first), now, int(a.number())+1, int(of), s)
	s.OrderID = sale.TransactionID{Burst: begun.burst, Sequence: uint32(begin)}
	return false
}

// moment is when event i is, at a millisecond of its cell where there is no clock.
func (p *plan) moment(i uint64, l *cell, ms int64) sale.Time {
	if p.clock == nil {
		return p.time(l, ms)
	}
	at, n := p.clock.at(i)
	l = &p.clock.cells[at]
	return p.time(l, l.time(n))
}

// place writes of event i, which is an order of its own, what it is called and when it is.
func (p *plan) place(i uint64, s *sale.Sale) {
	at, n := p.at(i)
	l := &p.cells[at]
	l.name(i, s)
	_, _, number := l.event(n)
	s.Timestamp = p.moment(i, l, l.time(number))
}

// name gives event i of the burst, which is in the cell, its ids.
func (l *cell) name(i uint64, s *sale.Sale) {
	s.TransactionID = sale.TransactionID{Burst: l.burst, Sequence: uint32(i)}
	s.OrderID, s.Delivery = s.TransactionID, sale.Delivery{}
}

// time is the moment of a millisecond of a cell.
func (p *plan) time(l *cell, ms int64) sale.Time { return p.from + sale.Time(l.begin+ms) }
