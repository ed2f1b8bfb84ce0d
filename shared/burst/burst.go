// Package burst turns a request into a reproducible stream of sales:
//
//	request → identity → plan (how many sales in which second) → sales
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
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/market"
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

	Shard int // the part of the burst that is wanted, from 0 on
	// parts that the burst is cut into, up to contract.MaxShards, and a part of its name; 0: whole.
	// All parts together have up to contract.MaxSpike Events
	Of int

	// average events per minute over a day, 1 to contract.MaxEventsPerMinute; required with Events 0
	Mean int

	Scenario      string // empty: normal traffic
	Brand         string // narrows what is sold, not how much, or is a scenario's focus; empty: all
	Product       string // likewise
	City          string // likewise
	PaymentMethod string // likewise
}

// Burst is the stream of a request, safe for concurrent use. It has publish.Stream's
// methods.
type Burst struct {
	id         sale.BurstID
	seed       uint64
	conditions *market.Conditions
	plan       plan
	from, to   uint64 // the sales of this shard
}

// New plans the burst. The shards of one request are stretches of one burst: together they
// are all of it, and nothing twice. Cut into another number of shards it is another burst, as
// is the one that is not cut. A request outside its limits, or one that names what the market
// does not have, gives an *Invalid. Planning takes up to 60 ns an event of a whole burst, and
// of a shard, however large the burst is, a millisecond and up to 1 µs a second that it covers.
func New(m *market.Market, r Request) (*Burst, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	r.At = r.At.UTC()
	c, err := m.NewConditions(market.Query{
		Channel: r.Channel, From: r.At.Add(-r.Over), To: r.At,
		Scenario: r.Scenario, Brand: r.Brand, Product: r.Product, City: r.City, PaymentMethod: r.PaymentMethod,
	})
	if err != nil {
		return nil, err
	}
	b := &Burst{conditions: c}
	b.id, b.seed = identity(m, c, r)
	demand := demandByMinute(c)
	events := uint64(r.Events)
	if events == 0 {
		if events = expect(demand, r, b.seed); events > contract.MaxEvents {
			return nil, invalid("over", r.Over.String(), fmt.Sprintf(
				"a shorter time: %d events would be sold in this one, and a burst has at most %d", events,
				contract.MaxEvents))
		}
	}
	if r.Of == 0 {
		b.to = events
		b.plan = newPlan(c.From, demand, events, b.seed)
		return b, nil
	}
	b.from = events * uint64(r.Shard) / uint64(r.Of)
	b.to = events * uint64(r.Shard+1) / uint64(r.Of)
	b.plan = planShard(c.From, demand, events, b.seed, b.from, b.to)
	return b, nil
}

// Invalid is a request that cannot be met. Field is named as in a trigger's JSON.
type Invalid = market.Invalid

func invalid(field, value, allowed string) error {
	return &Invalid{Field: field, Value: value, Allowed: allowed}
}

func (r *Request) check() error {
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
	case r.Events == 0 && (r.Mean < 1 || r.Mean > contract.MaxEventsPerMinute):
		return invalid("mean", fmt.Sprint(r.Mean),
			fmt.Sprintf("1 to %d events per minute", contract.MaxEventsPerMinute))
	}
	return nil
}

// identity is a hash over all that decides what is in the burst. The first half of it
// is the name, in base 32, and the second the seed of its randomness.
func identity(m *market.Market, c *market.Conditions, r Request) (id sale.BurstID, seed uint64) {
	h := sha256.New()
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	text := func(s string) { number(int64(len(s))); h.Write([]byte(s)) }
	text(r.Origin)
	number(r.At.UnixMilli())
	catalogue := m.Hash()
	h.Write(catalogue[:])
	number(market.Version)
	if model := m.ModelHash(); model != ([32]byte{}) {
		h.Write(model[:])
	}
	number(r.Over.Milliseconds())
	number(int64(r.Events))
	if r.Events == 0 {
		number(int64(r.Mean))
	}
	for _, name := range []string{string(r.Channel), c.Scenario, c.Brand, c.Product, c.City, c.PaymentMethod} {
		text(name)
	}
	if r.Of > 0 { // shards of another size would have the same names for other sales
		number(int64(r.Of))
	}
	sum := h.Sum(nil)
	copy(id[:], strings.ToLower(base32.StdEncoding.EncodeToString(sum[:16])))
	return id, binary.BigEndian.Uint64(sum[24:])
}

// ID names the burst.
func (b *Burst) ID() sale.BurstID { return b.id }

// Len is the number of events, of the shard where there are shards.
func (b *Burst) Len() int { return int(b.to - b.from) }

// At writes sale i, 0 ≤ i < Len, into s. The sales are in the order of their time.
// It allocates nothing.
func (b *Burst) At(i int, s *sale.Sale) {
	n := b.from + uint64(i)
	s.TransactionID = sale.TransactionID{Burst: b.id, Sequence: uint32(n)}
	b.conditions.Sell(b.seed, n, b.plan.time(n, b.seed), s)
}
