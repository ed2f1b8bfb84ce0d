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

	"salesburst/shared/market"
	"salesburst/shared/sale"
	"salesburst/shared/spec"
)

// Order is a trigger that has been understood.
type Order struct {
	Channel spec.Channel
	Origin  string        // schedule ARN, request id or a person's id of the burst; required
	At      time.Time     // end of the time that the events cover, exclusive; whole milliseconds
	Over    time.Duration // time that the events cover, spec.MinOver to spec.MaxOver; whole milliseconds
	Events  int           // exact number of events, up to spec.MaxEvents; with 0 the market's demand decides, which may be none
	Mean    int           // average events per minute over a day, 1 to spec.MaxEventsPerMinute; required where Events is 0

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
}

// New plans the burst. An order outside its limits, or one that names what the
// market does not have, gives an *Invalid. Planning takes up to 30 ns an event.
func New(m *market.Market, o Order) (*Burst, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.At = o.At.UTC()
	c, err := m.Under(market.Ask{
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
		if events = expect(demand, o, b.seed); events > spec.MaxEvents {
			return nil, invalid("over", o.Over.String(), fmt.Sprintf(
				"a shorter time: %d events would be sold in this one, and a burst has at most %d", events, spec.MaxEvents))
		}
	}
	b.plan = newPlan(c.From, demand, events, b.seed)
	return b, nil
}

// Invalid is an order that cannot be met. Field is named as in a trigger's JSON.
type Invalid = market.Invalid

func invalid(field, value, allowed string) error {
	return &Invalid{Field: field, Value: value, Allowed: allowed}
}

func (o *Order) check() error {
	switch {
	case o.Origin == "":
		return invalid("id", "", "1 to "+fmt.Sprint(spec.MaxIDLength)+" characters")
	case o.Events < 0 || o.Events > spec.MaxEvents:
		return invalid("events", fmt.Sprint(o.Events), fmt.Sprintf("1 to %d", spec.MaxEvents))
	case o.Over < spec.MinOver || o.Over > spec.MaxOver:
		return invalid("over", o.Over.String(), fmt.Sprintf("%v to %v", spec.MinOver, spec.MaxOver))
	case o.Over%time.Millisecond != 0:
		return invalid("over", o.Over.String(), "whole milliseconds")
	case o.At.Nanosecond()%int(time.Millisecond) != 0:
		return invalid("at", o.At.Format(time.RFC3339Nano), "whole milliseconds")
	case o.At.Year() < 2000 || o.At.Year() > 2999:
		return invalid("at", o.At.Format(time.RFC3339), "a time in the years 2000 to 2999")
	case o.Events == 0 && (o.Mean < 1 || o.Mean > spec.MaxEventsPerMinute):
		return invalid("mean", fmt.Sprint(o.Mean), fmt.Sprintf("1 to %d events per minute", spec.MaxEventsPerMinute))
	}
	return nil
}

// identity is a hash over all that decides what is in the burst. The first half of it
// is the name, in base 32, and the second the seed of its randomness.
func identity(m *market.Market, c *market.Conditions, o Order) (id sale.BurstID, seed uint64) {
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
	sum := h.Sum(nil)
	copy(id[:], strings.ToLower(base32.StdEncoding.EncodeToString(sum[:16])))
	return id, binary.BigEndian.Uint64(sum[24:])
}

// ID names the burst.
func (b *Burst) ID() sale.BurstID { return b.id }

// Len is the number of events.
func (b *Burst) Len() int { return int(b.plan.events) }

// At writes sale i, 0 ≤ i < Len, into s. The sales are in the order of their time.
// It allocates nothing.
func (b *Burst) At(i int, s *sale.Sale) {
	s.TransactionID = sale.TransactionID{Burst: b.id, Sequence: uint32(i)}
	b.conditions.Sell(b.seed, uint64(i), b.plan.time(uint64(i), b.seed), s)
}
