package burst

import (
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// The sales are in order, before the end of the cell.
func TestSalesAreInOrder(t *testing.T) {
	var sums []uint32
	for n := range uint64(40) {
		for seed := range uint64(25) {
			l := cell{length: 50, seed: seed, sales: sales{n: n}}
			sums = l.fill(sums)
			last := int64(0)
			for i := range n {
				if ms := l.time(i); ms < last || ms >= l.length {
					t.Fatalf("%d sales, seed %d: sale %d is at %d ms, out of order or outside", n, seed, i, ms)
				}
				last = l.time(i)
			}
		}
	}
}

// Not even behind the last gap of a cell, which may be nothing, is its end.
func TestGapsEndInsideTheCell(t *testing.T) {
	exact := 0
	for seed := range uint64(10_000) {
		l := cell{length: 60_000, seed: seed}
		r := prng.New(seed, streamOfGaps)
		sum := 1 + crowd.Exponential(r.Next())
		if uint64(l.length)<<unitBits%sum == 0 {
			exact++
		}
		if ms := int64(sum * l.unit(sum) >> unitBits); ms >= l.length {
			t.Fatalf("seed %d: the gap ends at %d ms", seed, ms)
		}
	}
	if exact == 0 {
		t.Error("no sum of gaps divides the cell without a rest")
	}
}

// Each newcomer places one order, in a stretch of those that the newcomers are among: of as many orders as
// there are newcomers each, of many some, and none behind the last one.
func TestNewcomersAmongOrders(t *testing.T) {
	for _, n := range []uint64{0, 1, 2, 63, 64, 65, 100} {
		for _, orders := range []uint64{n, n + 1, 64, 65, 128, 3 * n, 1000} {
			for seed := range uint64(20) {
				checkNewcomers(t, seed, n, max(orders, n))
			}
		}
	}
}

func checkNewcomers(t *testing.T, seed, n, orders uint64) {
	t.Helper()
	const others = 5 // who place other orders of the cell
	l := cell{seed: seed, newcomers: newcomers{Newcomers: crowd.NewStrangers(7, others+n)}}
	among := &newcomersAmong{n: n, first: others}
	l.among(among, orders)
	next := uint64(0)
	for order := range orders + 65 {
		who, is := l.newcomer(among, order)
		if !is {
			continue
		}
		if who != crowd.Number(7+others+next) {
			t.Fatalf("seed %d: order %d of %d is placed by newcomer %d, want the next of %d, %d",
				seed, order, orders, who, n, 7+others+next)
		}
		if begin, end := order*n, (order+1)*n; begin >= (next+1)*orders || end <= next*orders {
			t.Fatalf("seed %d: newcomer %d of %d has order %d of %d, outside of the stretch", seed, next, n, order, orders)
		}
		next++
	}
	if next != n {
		t.Fatalf("seed %d: %d orders of %d are newcomers', want %d", seed, next, orders, n)
	}
}

// The crowd follows the rate that is usual, or else the burst's own.
func TestCrowdFollowsTheRate(t *testing.T) {
	for _, c := range []struct {
		r    Request
		want int
	}{
		{Request{Mean: 600, Over: time.Minute}, 600},
		{Request{Mean: 600, Over: time.Minute, Events: 12_000_000}, 600},
		{Request{Mean: 600, Over: time.Minute, Events: 20_000_000}, 1000},
		{Request{Over: time.Hour, Events: 1200}, 20},
		{Request{Over: time.Second, Events: 1200}, 1200},
		{Request{Over: time.Hour, Events: 59}, 1},
		{Request{Over: time.Minute, Events: contract.MaxSpike}, contract.MaxEventsPerMinute},
	} {
		if got := c.r.crowd(); got != c.want {
			t.Errorf("%d events in %v where %d a minute are usual: the crowd is one of %d a minute, want %d",
				c.r.Events, c.r.Over, c.r.Mean, got, c.want)
		}
	}
}

// conditions are those online, in the time before a noon of November in Chicago.
func conditions(t *testing.T, over time.Duration) *market.Conditions {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	to := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)
	c, err := m.NewConditions(market.Query{Channel: contract.ChannelOnline, From: to.Add(-over), To: to, Mean: 600})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func nameOf(end time.Time) (id sale.BurstID) {
	copy(id[:], end.Format("02-15:04:05"))
	return id
}

// Of a burst with an exact number of events a shard plans its own cells alone, whose events are those
// that were drawn for them; and nobody's first order is left out.
func TestCellsOfAShard(t *testing.T) {
	for _, over := range []time.Duration{1500 * time.Millisecond, 10 * time.Minute, 90 * time.Minute} {
		c := conditions(t, over)
		for _, events := range []uint64{3, 50, 700} {
			for _, of := range []uint64{1, 3, 50} {
				for seed := range uint64(6) {
					checkShards(t, c, seed, events, min(events, of))
				}
			}
		}
	}
}

func checkShards(t *testing.T, c *market.Conditions, seed, events, of uint64) {
	t.Helper()
	for shard := range of {
		from, to := events*shard/of, events*(shard+1)/of
		p := planExactly(c, seed, events, from, to)
		p.finish(c, nameOf)
		next := p.cells[0].before
		for i := range p.cells {
			l := &p.cells[i]
			begin, end := l.before, l.before+l.events()
			if begin != next || begin == end || end <= from || begin >= to {
				t.Fatalf("seed %d, shard from %d to %d of %d events: a cell has those from %d to %d, the next one is %d",
					seed, from, to, events, begin, end, next)
			}
			next = end
			share := c.Following().New
			if born := end*share/prng.Million - begin*share/prng.Million; l.series == 0 && l.newcomers.Len() != born {
				t.Fatalf("seed %d: from %d to %d of %d events %d customers are new, want %d",
					seed, begin, end, events, l.newcomers.Len(), born)
			}
		}
		if p.cells[0].before > from || next < to {
			t.Fatalf("seed %d: a shard from %d to %d has cells from %d to %d", seed, from, to, p.cells[0].before, next)
		}
	}
}

// The events of a cell are in order, the attempts of a millisecond behind its sales, and each is found
// alone.
func TestEventsOfACell(t *testing.T) {
	c := conditions(t, 2*time.Minute)
	demand := planDemand(c, 1, 20_000, true)
	demand.finish(c, nameOf)
	exactly := planExactly(c, 1, 1<<21, 1<<20, 1<<20+1000)
	exactly.finish(c, nameOf)
	c = conditions(t, 3*time.Hour)
	hours := planExactly(c, 1, 9000, 1000, 8000)
	hours.finish(c, nameOf)
	for _, p := range []*plan{&demand, &exactly, &hours} {
		cells := p.cells[p.own:]
		for i := range cells {
			checkEvents(t, p, p.own+i)
		}
		// The search begins in the right cell, or a few before it.
		if n := len(p.near); n < (len(cells)+1)/2 || n > len(cells)+2 {
			t.Errorf("the search in %d cells begins at one of %d", len(cells), n)
		}
		for n, near := range p.near {
			if cell, _ := p.at(p.start + uint64(n)<<p.shift); cell != int(near) {
				t.Errorf("the search for an event of cell %d begins at cell %d", cell, near)
			}
		}
	}
}

func checkEvents(t *testing.T, p *plan, i int) {
	t.Helper()
	l := &p.cells[i]
	last, afterAttempt, sales, attempts := int64(0), false, uint64(0), 0
	for n := range l.events() {
		if e := l.before + n; p.start <= e && e < p.start+p.events {
			if cell, number := p.at(e); cell != i || number != n {
				t.Fatalf("event %d of cell %d is found as event %d of cell %d", n, i, number, cell)
			}
		}
		a, isAttempt, number := l.event(n)
		ms := a.ms()
		if isAttempt {
			if a != l.attempts.sorted[attempts] {
				t.Fatalf("event %d of cell %d is not attempt %d", n, i, attempts)
			}
			if a.back() == 0 && a.number() == 0 && l.beginOf(a.series(), a.order()) != n {
				t.Fatalf("order %d of cell %d begins at event %d, not at %d", a.order(), i, n, l.beginOf(a.series(), a.order()))
			}
			attempts++
		} else {
			if ms = l.time(number); number != sales {
				t.Fatalf("event %d of cell %d is sale %d, want %d", n, i, number, sales)
			}
			sales++
		}
		if ms < last || ms >= l.length || afterAttempt && !isAttempt && ms == last {
			t.Fatalf("event %d of cell %d is at %d ms, after one at %d ms", n, i, ms, last)
		}
		last, afterAttempt = ms, isAttempt
	}
}

// An attempt happens in the cell whose time it is, not at its end, where the next one begins.
func TestAttemptsAreInsideTheirCells(t *testing.T) {
	c := conditions(t, time.Hour)
	p := planDemand(c, 1, 150_000, false)
	p.spread(c.Following())
	for i := range p.cells {
		for _, a := range p.cells[i].attempts.sorted {
			if a.ms() >= p.cells[i].length {
				t.Fatalf("an attempt of cell %d is at %d ms, where it has ended", i, a.ms())
			}
		}
	}
}

// All that is added is in the burst, however few normal events there are to come before.
func TestAllAddedEventsAreThere(t *testing.T) {
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, err := incidents.Read([]byte(`{"incidents":[{"scenario":"black-friday","more":1000,"off":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	added := 0
	for minute := range 30 {
		b, err := New(m, Request{
			Channel: contract.ChannelOnline, Origin: "few", At: time.Date(2026, 11, 24, 18, minute, 0, 0, time.UTC), Over: time.Minute,
			Mean: 1, Incidents: p,
		})
		if err != nil {
			t.Fatal(err)
		}
		added += len(b.with.extras)
		if len(b.with.index) != int(b.with.normal)+len(b.with.extras) {
			t.Fatalf("minute %d: %d events of %d and %d more", minute, len(b.with.index), b.with.normal, len(b.with.extras))
		}
	}
	if added < 100 {
		t.Errorf("%d events are added", added)
	}
}

// What incidents add fills a burst to its last event, and no further.
func TestAddedEventsFillABurst(t *testing.T) {
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, err := incidents.Read([]byte(`{"incidents":[{"scenario":"black-friday"},{"scenario":"viral-product"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(m, Request{
		Channel: contract.ChannelOnline, Origin: "full", At: time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC), Over: 3 * time.Minute,
		Mean: 600, Incidents: p,
	})
	if err != nil {
		t.Fatal(err)
	}
	added := uint64(len(b.with.extras))
	for room, fits := range map[uint64]bool{added: true, added - 1: false} {
		x := &trouble{all: b.with.all, normal: contract.MaxEvents - room, open: true}
		if err := x.add(b); (err == nil) != fits || fits && len(x.extras) != int(added) {
			t.Errorf("%d events, with room for %d: %d are added, error %v", added, room, len(x.extras), err)
		}
	}
}
