// Package burst turns a request into a reproducible stream of sales:
//
//	request → identity → plan (what happens when) → sales
//
// It is pure: the same request and catalogue give the same bytes in every process and
// on every platform. [New] makes the plan; [Burst.At] makes each sale on its own, so
// that many workers can share the work.
package burst

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Request is a trigger that has been understood.
type Request struct {
	Channel contract.Channel
	Origin  string        // schedule ARN, request id or a person's id of the burst; required
	At      time.Time     // end of the time that the events cover, exclusive; whole milliseconds
	Over    time.Duration // time that the events cover, contract.MinOver to contract.MaxOver; whole milliseconds

	// exact number of events, up to contract.MaxEvents; with 0 the market's demand decides, which
	// may be none
	Events int
	// how many events each second has; then Over and Events are their [Sum], and At is a whole second.
	// nil: the burst has one rate, or the market's
	Stages []Stage

	Shard int // the part of the burst that is wanted, from 0 on
	// parts that the burst is cut into, up to contract.MaxShards, and a part of its name; 0: whole.
	// All parts together have up to contract.MaxSpike Events
	Of int

	// events per minute on average over a year, 1 to contract.MaxEventsPerMinute: how many customers
	// and shops there are follows it. Required with Events 0; else 0 is as many as the burst has
	Mean int

	// The burst is one of a schedule's, each as long as the others: it goes on with orders that
	// were begun in those before it. With Events it stands alone all the same.
	Follows bool

	Brand         string // narrows what is sold, not how much; empty: all
	Product       string // likewise
	City          string // likewise
	PaymentMethod string // likewise

	// What goes wrong meanwhile; nil: nothing. It has no part in what the burst is called: with
	// incidents and without it is the same burst, of which only one can be.
	Incidents *incidents.Plan
	// One more incident, without begin and end; empty: none. Of Brand, Product, City and PaymentMethod
	// those that the scenario takes say what it is about, and narrow nothing.
	Scenario   string
	Unlabelled bool // the events do not say which scenario touched them
}

// Normal is the request of the burst as it would be without incidents, which has the same name.
func (r Request) Normal() Request {
	if of, ok := incidents.Named(r.Scenario); ok {
		for name, about := range r.about() {
			if slices.Contains(of.Takes, name) {
				*about = ""
			}
		}
	}
	r.Scenario, r.Incidents, r.Unlabelled = "", nil, false
	return r
}

// about are the fields that a scenario may take, by their names in an incident.
func (r *Request) about() map[string]*string {
	return map[string]*string{"brand": &r.Brand, "product": &r.Product, "city": &r.City,
		"payment_method": &r.PaymentMethod}
}

// isScheduled reports whether it is one of a schedule's, and nobody's order.
func (r *Request) isScheduled() bool { return r.Follows && r.Events == 0 }

// incident is the plan that the scenario of a request stands for.
func (r *Request) incident() (*incidents.Plan, error) {
	of, ok := incidents.Named(r.Scenario)
	function := contract.FunctionOf(r.Channel).Name
	var possible []string
	for _, s := range incidents.Scenarios() {
		if s.Function == "" || s.Function == function {
			possible = append(possible, s.Name)
		}
	}
	if !ok || !r.isScheduled() && !slices.Contains(possible, of.Name) {
		return nil, invalid("scenario", r.Scenario, strings.Join(possible, ", "))
	}
	i := incidents.Incident{Scenario: of.Name}
	for name, to := range map[string]*string{"brand": &i.Brand, "product": &i.Product, "city": &i.City,
		"payment_method": &i.PaymentMethod} {
		if slices.Contains(of.Takes, name) {
			*to = strings.TrimSpace(*r.about()[name])
		}
	}
	return incidents.Always(i)
}

// crowd is the rate that the number of customers follows.
func (r *Request) crowd() int {
	if r.Mean > 0 { // many more events than usual need more customers, or each would come again and again
		return max(r.Mean, r.Events/crowded)
	}
	minutes := max(int(r.Over/time.Minute), 1)
	return min(max(r.Events/minutes, 1), contract.MaxEventsPerMinute)
}

// crowded is how many events the customers can make at once whose usual rate is one a minute.
const crowded = 20_000

// Burst is the stream of a request, safe for concurrent use. It has publish.Stream's
// methods.
type Burst struct {
	id         sale.BurstID
	conditions *market.Conditions
	plan       plan
	from, to   uint64   // the sales of this shard
	with       *trouble // nil: no incidents
}

// New plans the burst. The shards of one request are stretches of one burst: together they
// are all of it, and nothing twice. Cut into another number of shards it is another burst, as
// is the one that is not cut. A request outside its limits, or one that names what the market
// does not have, gives an *Invalid. Planning takes some tens of nanoseconds for each event of the
// burst, or of the shard and the half a million around it, however large the burst is of which
// it is one (BenchmarkPlan, BenchmarkShard).
func New(m *market.Market, r Request) (*Burst, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	r.At = r.At.UTC()
	asked := r
	r = r.Normal()
	c, err := m.NewConditions(market.Query{
		Channel: r.Channel, From: r.At.Add(-r.Over), To: r.At, Mean: r.crowd(),
		Brand: r.Brand, Product: r.Product, City: r.City, PaymentMethod: r.PaymentMethod,
	})
	if err != nil {
		return nil, err
	}
	name := func(end time.Time) sale.BurstID {
		r := r
		r.At = end
		return identity(m, c, r)
	}
	b := &Burst{id: name(r.At), conditions: c}
	seed := seedOf(m, r)
	if r.Events == 0 {
		b.plan = planDemand(c, seed, r.Mean, r.Follows)
		if n := b.plan.about(c); n > contract.MaxEvents {
			return nil, invalid("over", r.Over.String(), fmt.Sprintf(
				"a shorter time: about %d events would be sold in this one, and a burst has at most %d", n,
				contract.MaxEvents))
		}
		b.plan.finish(c, name)
		b.to = b.plan.events
		return b.meeting(&asked)
	}
	events, of := uint64(r.Events), uint64(max(r.Of, 1))
	b.from, b.to = events*uint64(r.Shard)/of, events*uint64(r.Shard+1)/of
	if len(r.Stages) > 0 {
		b.plan = planStages(c, seed, r.Stages, b.from, b.to)
	} else {
		b.plan = planExactly(c, seed, events, b.from, b.to)
	}
	b.plan.finish(c, name)
	return b.meeting(&asked)
}

func (b *Burst) meeting(r *Request) (*Burst, error) {
	if err := b.meet(r); err != nil {
		return nil, err
	}
	return b, nil
}

// Invalid is a request that cannot be met. Field is named as in a trigger's JSON.
type Invalid = market.Invalid

func invalid(field, value, allowed string) error {
	return &Invalid{Field: field, Value: value, Allowed: allowed}
}

func (r *Request) check() error {
	if err := r.checkStages(); err != nil {
		return err
	}
	least := 0 // mean
	if r.Events == 0 {
		least = 1
	}
	switch {
	case r.Origin == "":
		return invalid("id", "", "1 to "+fmt.Sprint(contract.MaxIDLength)+" characters")
	case r.Of < 0 || r.Of > contract.MaxShards:
		return invalid("of", fmt.Sprint(r.Of), fmt.Sprintf("1 to %d", contract.MaxShards))
	case r.Shard < 0 || r.Shard >= max(r.Of, 1):
		return invalid("shard", fmt.Sprint(r.Shard), fmt.Sprintf("0 to %d", max(r.Of, 1)-1))
	case r.Of > 0 && r.Events == 0:
		return invalid("events", "0", "the number of events of all shards")
	case r.Events < 0 || r.Events > min(contract.MaxEvents*max(r.Of, 1), contract.MaxSpike):
		return invalid("events", fmt.Sprint(r.Events),
			fmt.Sprintf("1 to %d", min(contract.MaxEvents*max(r.Of, 1), contract.MaxSpike)))
	case r.Over < contract.MinOver || r.Over > contract.MaxOver:
		return invalid("over", r.Over.String(), fmt.Sprintf("%v to %v", contract.MinOver, contract.MaxOver))
	case r.Over%time.Millisecond != 0:
		return invalid("over", r.Over.String(), "whole milliseconds")
	case r.At.Nanosecond()%int(time.Millisecond) != 0:
		return invalid("at", r.At.Format(time.RFC3339Nano), "whole milliseconds")
	case r.At.Year() < 2000 || r.At.Year() > 2999:
		return invalid("at", r.At.Format(time.RFC3339), "a time in the years 2000 to 2999")
	case r.Events == 0 && r.Follows && (r.Over%time.Minute != 0 || r.At.Truncate(time.Minute) != r.At):
		return invalid("over", r.Over.String(), "whole minutes of the clock in a burst that follows others")
	case r.Mean < least || r.Mean > contract.MaxEventsPerMinute:
		return invalid("mean", fmt.Sprint(r.Mean),
			fmt.Sprintf("%d to %d events per minute", least, contract.MaxEventsPerMinute))
	}
	return nil
}

// identity is a hash over all that decides what is in the burst. The first half of it is
// the name, in base 32.
func identity(m *market.Market, c *market.Conditions, r Request) (id sale.BurstID) {
	h := newHash(m, r)
	h.number(r.At.UnixMilli())
	h.number(r.Over.Milliseconds())
	h.number(int64(r.Events))
	if r.Follows && r.Events == 0 {
		h.number(1)
	}
	for _, name := range []string{c.Brand, c.Product, c.City, c.PaymentMethod} {
		h.text(name)
	}
	if r.Of > 0 { // shards of another size would have the same names for other sales
		h.number(int64(r.Of))
	}
	h.stages(r.Stages)
	copy(id[:], strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:16])))
	return id
}

// seedOf is the seed of the burst's randomness. All bursts of a schedule have one, and each of
// their minutes takes a stream of its own from it, so that a burst can know what was sold in
// the one before.
func seedOf(m *market.Market, r Request) uint64 {
	h := newHash(m, r)
	if r.Events > 0 {
		for _, n := range []int64{r.At.UnixMilli(), r.Over.Milliseconds(), int64(r.Events), int64(r.Of)} {
			h.number(n)
		}
	}
	h.stages(r.Stages)
	return binary.BigEndian.Uint64(h.Sum(nil)[24:])
}

// requestHash takes in what names a burst.
type requestHash struct{ hash.Hash }

// newHash has taken in what a market, and a series of bursts, is.
func newHash(m *market.Market, r Request) requestHash {
	h := requestHash{sha256.New()}
	h.text(r.Origin)
	h.text(string(r.Channel))
	h.number(int64(r.Mean))
	catalogue, model := m.Hash(), m.ModelHash()
	h.Write(catalogue[:])
	h.Write(model[:])
	h.number(market.Version)
	return h
}

func (h requestHash) number(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// stages takes in nothing where there are none, so that bursts without keep their names.
func (h requestHash) stages(all []Stage) {
	if len(all) > 0 {
		h.text(contract.FieldStages)
	}
	for _, s := range all {
		h.number(s.Over.Milliseconds())
		h.number(int64(s.Rate))
		h.text(s.rateField())
	}
}

func (h requestHash) text(s string) { h.number(int64(len(s))); h.Write([]byte(s)) }

// ID names the burst.
func (b *Burst) ID() sale.BurstID { return b.id }

// Len is the number of events, of the shard where there are shards.
func (b *Burst) Len() int {
	if b.with != nil {
		return len(b.with.index)
	}
	return int(b.to - b.from)
}

// Forecast is how many events the calendar lets one expect in the time of a burst that the market's
// demand decides, rounded: without the noise of the day, and without what incidents add. It is 0
// where all is shut, and for a burst with an exact number of events.
func (b *Burst) Forecast() int {
	if !b.plan.open {
		return 0
	}
	var sum uint64 // millionths
	for _, l := range b.plan.cells[b.plan.own:] {
		begin := b.conditions.From.Add(time.Duration(l.begin) * time.Millisecond)
		expected := b.conditions.Expected(begin.Truncate(time.Minute))
		sum += expected * uint64(b.conditions.Mean) * uint64(l.length) / 60_000
	}
	return rounded(sum)
}

// DayForecast is Forecast for the whole day that the burst begins in: the date that it is on the
// East coast then, which begins and ends by everyone's own clock. An average day of the year has
// Mean × 1440.
func (b *Burst) DayForecast() int {
	if !b.plan.open {
		return 0
	}
	return rounded(b.conditions.ExpectedOfDay(b.conditions.From) * uint64(b.conditions.Mean) * 24 * 60)
}

func rounded(millionths uint64) int { return int((millionths + prng.Million/2) / prng.Million) }

// At writes sale i, 0 ≤ i < Len, into s. The sales are in the order of their time.
// It allocates nothing.
func (b *Burst) At(i int, s *sale.Sale) {
	if b.with != nil {
		b.with.at(b, i, s)
		return
	}
	b.plan.write(b.conditions, b.from+uint64(i), s)
}
