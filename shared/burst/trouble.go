package burst

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// trouble is what incidents do to a burst. They change, take away and add events; all others are the
// same to the byte. So those that are taken away leave their numbers unused, and those that are added
// have numbers behind all others.
type trouble struct {
	all    []*market.Trouble
	normal uint64   // events of the burst, or of the shard, without incidents
	from   uint64   // number of the first one
	next   uint64   // number of the first one that is added
	index  []uint32 // of all events, by their time: those below normal are the normal ones
	extras []extra  // the others
	open   bool     // events may be added
	labels bool
	truth  []sale.Truth
}

// extra is an event that an incident adds.
type extra struct {
	at     sale.Time
	number uint32 // of the incident's in the cell
	cell   uint32
	of     uint8 // which incident
}

// meet plans what the incidents of a request do to the burst.
func (b *Burst) meet(r *Request) error {
	function := contract.FunctionOf(r.Channel).Name
	var happening []incidents.Occurrence
	scheduled := r.isScheduled() // of which the other function may have what cannot happen here
	if r.Incidents != nil {
		for n, i := range r.Incidents.Incidents {
			if !scheduled && i.Function != "" && i.Function != function {
				return invalid(fmt.Sprintf("incidents[%d].function", n), i.Function, function)
			}
		}
		happening = r.Incidents.During(function, b.conditions.From, b.conditions.To)
	}
	if r.Scenario != "" {
		p, err := r.incident()
		if err != nil {
			return err
		}
		for _, o := range p.During(function, b.conditions.From, b.conditions.To) {
			o.Seed = prng.Mix(o.Seed + 1) // it is not the first one of the plan
			happening = append(happening, o)
		}
	}
	if len(happening) == 0 {
		return nil
	}
	if len(happening) > math.MaxUint8 {
		return invalid("incidents", fmt.Sprintf("%d at once", len(happening)), fmt.Sprintf("up to %d", math.MaxUint8))
	}
	x := &trouble{
		normal: b.to - b.from, from: b.from, next: b.to, open: b.plan.open, labels: !r.Unlabelled,
	}
	for _, o := range happening {
		t, err := b.conditions.NewTrouble(o)
		switch {
		case err == nil:
			x.all = append(x.all, t)
			x.truth = append(x.truth, newTruth(b, function, t))
		case !scheduled || !errors.Is(err, market.ErrElsewhere):
			return err
		}
	}
	if err := x.add(b); err != nil {
		return err
	}
	x.fill(b)
	b.with = x
	return nil
}

func newTruth(b *Burst, function string, t *market.Trouble) sale.Truth {
	truth := sale.Truth{
		Burst: b.id.String(), Function: function, From: b.conditions.From, To: b.conditions.To, Scenario: t.Scenario,
		Incident: t.Says(), About: t.About(),
		Severity: incidents.Decimal(int64(t.Worst(b.conditions.From, b.conditions.To)), 6),
	}
	for _, moment := range []struct {
		at time.Time
		to **time.Time
	}{{t.Begin, &truth.Begin}, {t.End, &truth.End}} {
		if !moment.at.IsZero() {
			*moment.to = &moment.at
		}
	}
	for _, touched := range []*sale.Touched{&truth.Added, &truth.Removed, &truth.Changed} {
		touched.Sequences = [][2]uint32{} // in JSON no null
	}
	return truth
}

// add plans the events that incidents add, as often as their levels at the time say. A burst with an exact
// number of events has no more for it: there they stand in the place of others.
func (x *trouble) add(b *Burst) error {
	if !x.open {
		return nil
	}
	c := b.conditions
	var s sale.Sale
	for of, t := range x.all {
		for at := b.plan.own; at < len(b.plan.cells); at++ {
			l := &b.plan.cells[at]
			begin := c.From.Add(time.Duration(l.begin) * time.Millisecond)
			end := begin.Add(time.Duration(l.length) * time.Millisecond)
			more := t.More(begin, end)
			if more == 0 {
				continue
			}
			// The sales are spread over the minute as the normal ones are.
			added := cell{begin: l.begin, length: l.length, seed: x.seed(t, l)}
			r := prng.New(added.seed, streamOfCount)
			added.sales.n = r.Poisson(min(prng.MulDiv(l.expected(c.Mean), more, prng.Million), mostExpected))
			if n := x.normal + uint64(len(x.extras)) + added.sales.n; n > contract.MaxEvents {
				return invalid("incidents", t.Scenario, fmt.Sprintf(
					"less demand: with it the burst would have %d events, and it has at most %d",
					n, contract.MaxEvents))
			}
			added.fill()
			worst := t.Worst(begin, end)
			for i := range added.sales.n {
				when := b.plan.time(&added, added.time(i))
				if t.Sell(added.seed, i, when, worst, &s) {
					x.extras = append(x.extras, extra{when, uint32(i), uint32(at), uint8(of)})
				}
			}
		}
	}
	slices.SortStableFunc(x.extras, func(a, b extra) int { return cmp.Compare(a.at, b.at) })
	return nil
}

// fill finds out what becomes of each event, and writes it down.
func (x *trouble) fill(b *Burst) {
	var normal, added sale.Sale
	more := 0
	before := func(at sale.Time) {
		for ; more < len(x.extras) && x.extras[more].at < at; more++ {
			if x.extra(b, more, &added) {
				x.index = append(x.index, uint32(x.normal)+uint32(more))
				x.truth[x.extras[more].of].Added.Add(added.TransactionID.Sequence, added.Revenue())
			}
		}
	}
	for i := range x.normal {
		alone := b.plan.write(b.conditions, x.from+i, &normal)
		before(normal.Timestamp)
		if x.touch(&normal, alone, true) {
			x.index = append(x.index, uint32(i))
		}
	}
	before(math.MaxInt64)
}

// touch lets all incidents do to normal event i what they do. It reports whether the event happens, and
// writes down what was done where that is asked for.
func (x *trouble) touch(s *sale.Sale, alone, note bool) bool {
	for of, t := range x.all {
		before := s.Revenue()
		touched, happens := x.exchange(t, s, alone), true
		if !touched {
			touched, happens = x.touchBy(t, s)
		}
		switch {
		case !note || !touched:
		case happens:
			x.truth[of].Changed.Add(s.TransactionID.Sequence, s.Revenue()-before)
		default:
			x.truth[of].Removed.Add(s.TransactionID.Sequence, -before)
		}
		if !happens {
			return false
		}
	}
	return true
}

// touchBy lets one incident touch an event.
func (x *trouble) touchBy(t *market.Trouble, s *sale.Sale) (touched, happens bool) {
	r := prng.New(keyOf(s.OrderID)^t.Seed, x.attempt(t, s))
	if touched, happens = t.Touch(&r, s); touched {
		x.label(t, s)
	}
	return touched, happens
}

// label says in an event which incident touched it, where events are to say that.
func (x *trouble) label(t *market.Trouble, s *sale.Sale) {
	if x.labels {
		s.Scenario = t.Name
	}
}

// attempt is what is one for all attempts of an order, where the incident meets an order as a whole.
func (x *trouble) attempt(t *market.Trouble, s *sale.Sale) uint64 {
	n := uint64(s.OrderID.Sequence)
	if !t.Whole() {
		n += uint64(s.Attempt) << 32
	}
	return n
}

func keyOf(id sale.TransactionID) uint64 { return binary.BigEndian.Uint64(id.Burst[:8]) }

// exchange puts an event that an incident adds in the place of another one, in a burst with an exact number
// of events: as many as would be added to another burst.
func (x *trouble) exchange(t *market.Trouble, s *sale.Sale, alone bool) bool {
	if x.open || !alone {
		return false
	}
	at := s.Timestamp.Time()
	more := t.More(at, at.Add(time.Millisecond))
	r := prng.New(keyOf(s.OrderID)^t.Seed, 1<<40+uint64(s.OrderID.Sequence))
	if !r.In(more, prng.Million+more) {
		return false
	}
	t.Sell(keyOf(s.OrderID)^t.Seed, uint64(s.OrderID.Sequence), s.Timestamp, 0, s)
	x.label(t, s)
	return true
}

// extra makes an event that an incident adds. It reports whether all of them let it happen.
func (x *trouble) extra(b *Burst, i int, s *sale.Sale) bool {
	e := &x.extras[i]
	t := x.all[e.of]
	t.Sell(x.seed(t, &b.plan.cells[e.cell]), uint64(e.number), e.at, 0, s)
	s.TransactionID = sale.TransactionID{Burst: b.id, Sequence: uint32(x.next) + uint32(i)}
	s.OrderID = s.TransactionID
	x.label(t, s)
	for _, other := range x.all { // what it adds itself, an incident leaves as it is
		if _, happens := x.touchBy(other, s); !happens {
			return false
		}
	}
	return true
}

// seed is that of the sales that an incident adds to a cell.
func (x *trouble) seed(t *market.Trouble, l *cell) uint64 { return prng.Mix(t.Seed ^ l.seed) }

// at writes event i.
func (x *trouble) at(b *Burst, i int, s *sale.Sale) {
	n := uint64(x.index[i])
	if n >= x.normal {
		x.extra(b, int(n-x.normal), s)
		return
	}
	alone := b.plan.write(b.conditions, x.from+n, s)
	x.touch(s, alone, false)
}

// Truth is what each incident in the time of the burst did to it; there is none without incidents.
func (b *Burst) Truth() []sale.Truth {
	if b.with == nil {
		return nil
	}
	return b.with.truth
}

// Twin is the burst as it would be without incidents.
func (b *Burst) Twin() *Burst {
	twin := *b
	twin.with = nil
	return &twin
}
