// Package burst turns an order into a reproducible stream of sales.
package burst

import (
	"time"

	"salesburst/shared/market"
	"salesburst/shared/sale"
	"salesburst/shared/spec"
)

// Order is a trigger that has been understood.
type Order struct {
	Channel spec.Channel
	Origin  string        // schedule ARN, request id or a person's id of the burst
	At      time.Time     // end of the time that the events cover, exclusive
	Over    time.Duration // time that the events cover, spec.MinOver to spec.MaxOver
	Events  int           // exact number of events; with 0 the market's demand decides
	Mean    int           // average events per minute over a day, used where Events is 0

	Scenario      string // empty: normal traffic
	Brand         string // narrows the sales, or a scenario's focus; empty: all
	Product       string // likewise
	City          string // likewise
	PaymentMethod string // likewise
}

// Burst is the stream of an order; it has publish.Stream's methods.
type Burst struct{}

// New plans the burst. An order outside its limits, or one that names what the
// market does not have, gives an *Invalid.
func New(m *market.Market, o Order) (*Burst, error) { return &Burst{}, nil }

// Invalid is an order that cannot be met. Field is named as in a trigger's JSON.
type Invalid struct {
	Field, Value, Allowed string
}

func (e *Invalid) Error() string { return e.Field + " " + e.Value + ": allowed is " + e.Allowed }

// ID names the burst.
func (b *Burst) ID() sale.BurstID { return sale.BurstID{} }

// Len is the number of events.
func (b *Burst) Len() int { return 0 }

// At writes sale i, 0 ≤ i < Len, into s.
func (b *Burst) At(i int, s *sale.Sale) {}
