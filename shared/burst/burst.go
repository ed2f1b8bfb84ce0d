// Package burst turns an order into a reproducible stream of sales:
//
//	order → identity → plan (how many sales in which second) → sales
//
// It is pure: the same order and catalogue give the same bytes in every process and
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
	Events  int           // exact number of events, up to contract.MaxEvents; with 0 the market's demand decides, which may be none
	Shard   int           // the part of the burst that is wanted, from 0 on
	Of      int           // parts that the burst is cut into, up to contract.MaxShards, and a part of its name; 0: whole. All parts together have up to contract.MaxSpike Events
	Mean    int           // average events per minute over a day, 1 to contract.MaxEventsPerMinute; required where Events is 0

	Scenario      string // empty: normal traffic
	Brand         string // narrows what is sold, not how much, or is a scenario's focus; empty: all
	Product       string // likewise
	City          string // likewise
	PaymentMethod string // likewise
}

// Burst is the stream of an order, safe for concurrent use. It has publish.Stream's
// methods.
type Burst struct {
	id         sale.BurstID
	seed       uint64
	conditions *market.Conditions
	plan       plan
	from, to   uint64 // the sales of this shard
}

// New plans the burst. The shards of one order are stretches of one burst: together they
// are all of it, and nothing twice. Cut into another number of shards it is another burst, as
// is the one that is not cut. An order outside its limits, or one that names what the market
// does not have, gives an *Invalid. Planning takes up to 60 ns an event of a whole burst, and
// of a shard, however large the burst is, a millisecond and up to 1 µs a second that it covers.
func New(m *market.Market, o Request) (*Burst, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.At = o.At.UTC()
	c, err := m.NewConditions(market.Query{
		Channel: o.Channel, From: o.At.Add(-o.Over), To: o.At,
		Scenario: o.Scenario, Brand: o.Brand, Product: o.Product, City: o.City, PaymentMethod: o.PaymentMethod,
	})
	if err != nil {
		return nil, err
	}
	b := &Burst{conditions: c}
	b.id, b.seed = identity(m, c, o)
	demand := demandByMinute(c)
	events := uint64(o.Events)
	if events == 0 {
		if events = expect(demand, o, b.seed); events > contract.MaxEvents {
			return nil, invalid("over", o.Over.String(), fmt.Sprintf(
				"a shorter time: %d events would be sold in this one, and a burst has at most %d", events, contract.MaxEvents))
		}
	}
	if o.Of == 0 {
		b.to = events
		b.plan = newPlan(c.From, demand, events, b.seed)
		return b, nil
	}
	b.from = events * uint64(o.Shard) / uint64(o.Of)
	b.to = events * uint64(o.Shard+1) / uint64(o.Of)
	b.plan = planShard(c.From, demand, events, b.seed, b.from, b.to)
	return b, nil
}

// Invalid is an order that cannot be met. Field is named as in a trigger's JSON.
type Invalid = market.Invalid

func invalid(field, value, allowed string) error {
	return &Invalid{Field: field, Value: value, Allowed: allowed}
}

func (o *Request) check() error {
	switch {
	case o.Origin == "":
		return invalid("id", "", "1 to "+fmt.Sprint(contract.MaxIDLength)+" characters")
	case o.Of < 0 || o.Of > contract.MaxShards:
		return invalid("of", fmt.Sprint(o.Of), fmt.Sprintf("1 to %d", contract.MaxShards))
	case o.Shard < 0 || o.Shard >= max(o.Of, 1):
		return invalid("shard", fmt.Sprint(o.Shard), fmt.Sprintf("0 to %d", max(o.Of, 1)-1))
	case o.Of > 0 && o.Events == 0:
		return invalid("events", "0", "the number of events of all shards")
	case o.Events < 0 || o.Events > min(contract.MaxEvents*max(o.Of, 1), contract.MaxSpike):
		return invalid("events", fmt.Sprint(o.Events), fmt.Sprintf("1 to %d", min(contract.MaxEvents*max(o.Of, 1), contract.MaxSpike)))
	case o.Over < contract.MinOver || o.Over > contract.MaxOver:
		return invalid("over", o.Over.String(), fmt.Sprintf("%v to %v", contract.MinOver, contract.MaxOver))
	case o.Over%time.Millisecond != 0:
		return invalid("over", o.Over.String(), "whole milliseconds")
	case o.At.Nanosecond()%int(time.Millisecond) != 0:
		return invalid("at", o.At.Format(time.RFC3339Nano), "whole milliseconds")
	case o.At.Year() < 2000 || o.At.Year() > 2999:
		return invalid("at", o.At.Format(time.RFC3339), "a time in the years 2000 to 2999")
	case o.Events == 0 && (o.Mean < 1 || o.Mean > contract.MaxEventsPerMinute):
		return invalid("mean", fmt.Sprint(o.Mean), fmt.Sprintf("1 to %d events per minute", contract.MaxEventsPerMinute))
	}
	return nil
}

// identity is a hash over all that decides what is in the burst. The first half of it
// is the name, in base 32, and the second the seed of its randomness.
func identity(m *market.Market, c *market.Conditions, o Request) (id sale.BurstID, seed uint64) {
	h := sha256.New()
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	text := func(s string) { number(int64(len(s))); h.Write([]byte(s)) }
	text(o.Origin)
	number(o.At.UnixMilli())
	catalogue := m.Hash()
	h.Write(catalogue[:])
	number(market.Version)
	number(o.Over.Milliseconds())
	number(int64(o.Events))
	if o.Events == 0 {
		number(int64(o.Mean))
	}
	for _, name := range []string{string(o.Channel), c.Scenario, c.Brand, c.Product, c.City, c.PaymentMethod} {
		text(name)
	}
	if o.Of > 0 { // shards of another size would have the same names for other sales
		number(int64(o.Of))
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
