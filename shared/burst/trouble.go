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
	normal uint64  // events of the burst, or of the shard, without incidents
	from   uint64  // number of the first one
	next   uint64  // number of the first one that is added
	index  []entry // of all events, by their time: those below normal are the normal ones
	extras []extra // the others
	open   bool    // events may be added
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
	for _, touched := range []*sale.Touched{&truth.Added, &truth.Removed, &truth.Changed, &truth.Moved, &truth.Repeated,
		&truth.Malformed.Touched} {
		touched.Sequences = [][2]uint32{} // in JSON no null
	}
	truth.Malformed.Kinds = make(map[string]*sale.Touched)
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
			added.fill(nil)
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
	var l line
	var by doers
	more := 0
	before := func(at sale.Time) {
		for ; more < len(x.extras) && x.extras[more].at < at; more++ {
			by = doers{changes: by.changes[:0]}
			if what, happens := x.extra(b, more, touched, &added, &by); happens {
				by.note(&added)
				l.put(x.extras[more].at, newEntry(x.normal+uint64(more), what), added.Delivery)
			}
		}
	}
	for i := range x.normal {
		alone := b.plan.write(b.conditions, x.from+i, &normal)
		at := normal.Timestamp
		before(at)
		by = doers{changes: by.changes[:0]}
		if what, happens := x.touch(&normal, alone, 0, &by); happens {
			by.note(&normal)
			l.put(at, newEntry(i, what), normal.Delivery)
		}
	}
	before(math.MaxInt64)
	l.until(math.MaxInt64)
	x.index = l.index
	for i := range x.truth { // what was added came in between
		x.truth[i].Changed.Order()
		x.truth[i].Moved.Order()
		x.truth[i].Repeated.Order()
		x.truth[i].Malformed.Order()
	}
}

// doers are the incidents that have to do with an event; nil: none has.
type doers struct {
	moved, again, damage *sale.Truth
	changes              []change
}

// change is what an incident adds, or changes otherwise than in its delivery, and what that brings.
type change struct {
	in      *sale.Touched
	revenue sale.Cents
}

// see takes in how an incident changed an event.
func (d *doers) see(was sale.Delivery, revenue sale.Cents, s *sale.Sale, truth *sale.Truth) {
	switch is := s.Delivery; {
	case is.Moved != was.Moved:
		d.moved = truth
	case is.Again != was.Again:
		d.again = truth
	case is.Damage != was.Damage:
		d.damage = truth
	default:
		d.changes = append(d.changes, change{&truth.Changed, s.Revenue() - revenue})
	}
}

// note writes down what was done to an event that happens.
func (d *doers) note(s *sale.Sale) {
	n := s.TransactionID.Sequence
	for _, c := range d.changes {
		c.in.Add(n, c.revenue)
	}
	if d.moved != nil {
		d.moved.Moved.Add(n, 0)
	}
	if d.again != nil {
		d.again.Repeated.Add(n, s.Revenue())
	}
	if d.damage != nil {
		d.damage.Malformed.Add(s.Delivery.Damage, n, -s.Revenue())
	}
}

// touch lets the incidents from one on do to a normal event what they do. It returns what that is, reports
// whether the event happens, and writes down what was done unless by is nil.
func (x *trouble) touch(s *sale.Sale, alone bool, from int, by *doers) (what deed, happens bool) {
	at, first := s.Timestamp, s.Revenue()
	for of := from; of < len(x.all); of++ {
		t := x.all[of]
		before, was := s.Revenue(), s.Delivery
		is, happens, done := true, true, exchanged(of)
		if alone && x.exchanges(t, at, s.OrderID) {
			x.exchange(t, at, s)
		} else {
			is, happens = x.touchBy(t, at, s)
			done = touched
		}
		if !is {
			continue
		}
		what = cmp.Or(what, done)
		switch {
		case by == nil:
		case happens:
			by.see(was, before, s, &x.truth[of])
		default:
			x.truth[of].Removed.Add(s.TransactionID.Sequence, -first)
		}
		if !happens {
			return what, false
		}
	}
	return what, true
}

// touchBy lets one incident touch an event.
func (x *trouble) touchBy(t *market.Trouble, at sale.Time, s *sale.Sale) (touched, happens bool) {
	r := prng.New(keyOf(s.OrderID)^t.Seed, x.attempt(t, s))
	if touched, happens = t.Touch(&r, at, s); touched {
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

// exchanges reports whether an event that an incident adds comes in the place of another one, in a burst
// with an exact number of events: as many as would be added to another burst.
func (x *trouble) exchanges(t *market.Trouble, at sale.Time, id sale.TransactionID) bool {
	if x.open {
		return false
	}
	more := t.More(at.Time(), (at + 1).Time())
	r := prng.New(keyOf(id)^t.Seed, 1<<40+uint64(id.Sequence))
	return r.In(more, prng.Million+more)
}

// exchange makes that event of another one, of which only the ids stay.
func (x *trouble) exchange(t *market.Trouble, at sale.Time, s *sale.Sale) {
	t.Sell(keyOf(s.OrderID)^t.Seed, uint64(s.OrderID.Sequence), at, 0, s)
	x.label(t, s)
}

// extra makes an event that an incident adds. It returns what others do to it, unless it is known that they
// do nothing, reports whether all of them let it happen, and tells by unless that is nil.
func (x *trouble) extra(b *Burst, i int, known deed, s *sale.Sale, by *doers) (what deed, happens bool) {
	e := &x.extras[i]
	t := x.all[e.of]
	t.Sell(x.seed(t, &b.plan.cells[e.cell]), uint64(e.number), e.at, 0, s)
	s.TransactionID = sale.TransactionID{Burst: b.id, Sequence: uint32(x.next) + uint32(i)}
	s.OrderID, s.Delivery = s.TransactionID, sale.Delivery{}
	x.label(t, s)
	if known == untouched {
		return untouched, true
	}
	if by != nil {
		by.changes = append(by.changes, change{&x.truth[e.of].Added, s.Revenue()})
	}
	for of, other := range x.all { // what it adds itself, an incident leaves as it is
		before, was := s.Revenue(), s.Delivery
		is, happens := x.touchBy(other, e.at, s)
		if !happens {
			return touched, false
		}
		if is {
			what = touched
			if by != nil {
				by.see(was, before, s, &x.truth[of])
			}
		}
	}
	return what, true
}

// seed is that of the sales that an incident adds to a cell.
func (x *trouble) seed(t *market.Trouble, l *cell) uint64 { return prng.Mix(t.Seed ^ l.seed) }

// at writes event i.
func (x *trouble) at(b *Burst, i int, s *sale.Sale) {
	n, what := x.index[i].number(), x.index[i].what()
	switch {
	case n >= x.normal:
		x.extra(b, int(n-x.normal), what, s, nil)
	case what == untouched:
		b.plan.write(b.conditions, x.from+n, s)
	case what == touched:
		alone := b.plan.write(b.conditions, x.from+n, s)
		x.touch(s, alone, 0, nil)
	default: // what was there before need not be made
		b.plan.place(x.from+n, s)
		of := what.by()
		x.exchange(x.all[of], s.Timestamp, s)
		x.touch(s, true, of+1, nil)
	}
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
