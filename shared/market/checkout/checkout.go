// Package checkout knows how customers come, how they pay and how that ends. It is pure: the same
// figures, orders and random bits give the same on every platform.
//
// Start with [New]. [Checkout.Source] says what brought an order; [Channel.Method] how it is paid,
// [Channel.FailChance] how likely that fails, [Channel.Outcome] why, and [Channel.Another] what is
// tried next. figures.go has what all of it follows from.
//
// Shares and rates of the figures are those of all orders of the usual mix. What depends on the
// order shifts them between orders and not on the whole: shares.go has how.
package checkout

import (
	"math"
	"math/bits"

	"salesburst/shared/market/browsers"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Checkout is all ways to come and to pay; safe for concurrent use.
type Checkout struct {
	Online, Store Channel

	sources  []Source
	bySource [2]prng.Table // of known customers and of new ones
}

// Kind is how a shop knows a customer.
type Kind uint8

// The kinds of customers.
const (
	Returning Kind = iota
	VIP
	Newcomer // with a first order
	kinds
)

// Source is what brings an online order. In a store there is none.
type Source struct {
	Name       sale.Text
	Commission sale.Cents // of 10,000 of a completed sale
	fails      uint64     // of 100 failures that are usual
	newcomers  uint64     // how usual new customers are, in relation to other sources
	share      uint64
}

// Source returns what brings an order of a customer.
func (c *Checkout) Source(kind Kind, random uint64) *Source {
	n := 0
	if kind == Newcomer {
		n = 1
	}
	return &c.sources[c.bySource[n].Draw(random)]
}

// Channel is how it is paid online or in stores. Methods are named by their place in Methods.
type Channel struct {
	Methods []Method // the most used first, as in the figures

	bands   []sale.Cents // from which amount on
	loyal   uint64       // of 100 orders
	another uint64       // of 100 second attempts
	// shares are the methods' in each cell of orders, each with those before it, in 2³².
	shares []uint64
	// favourites are, for each kind of wallets, places of which methods have as many as their
	// share. keep is in how many of 2³² cases a favourite is used in a cell, and instead are the
	// methods that are used in its place, like shares.
	favourites    []uint8
	keep, instead []uint64

	chances []uint64         // of failures, by method and band, in Whole
	who     [kinds][2]uint64 // what the kind and the night make of a chance, in Whole
	reasons []*reasons       // by method
}

// Method is a way to pay.
type Method struct {
	Name string
	Text sale.Text
}

// Order is what matters of one for how it is paid.
type Order struct {
	Browser *browsers.Browser // nil in a store
	Amount  Amount
	Region  Region
	// Favourite are random bits, always the same for one customer and independent of those that
	// the browser was drawn with.
	Favourite uint64
}

// Amount is what an order costs, as a channel sees it.
type Amount struct {
	sale.Cents
	band int
}

// Amount returns how the channel sees so much.
func (c *Channel) Amount(of sale.Cents) Amount {
	band := 0
	for _, from := range c.bands[1:] {
		band += 1 - int(uint64(of-from)>>63)
	}
	return Amount{of, band}
}

// Method returns how an order is paid: mostly as the customer always pays, if the amount and the
// region are for it.
func (c *Channel) Method(o *Order, random uint64) int {
	wallets := o.wallets()
	cell := c.cell(o, wallets)
	if random>>32*100>>32 >= c.loyal {
		return pick(c.part(c.shares, cell), random)
	}
	n := len(c.Methods)
	m := int(c.favourites[uint64(wallets)*places+o.Favourite%places])
	if o.Favourite>>32 < c.keep[cell*n+m] {
		return m
	}
	return pick(c.part(c.instead, cell), prng.Mix(o.Favourite))
}

// places are those of the favourites of one kind of wallets.
const places = 1 << 10

// pick returns the place that the lower half of random bits stands for.
func pick(shares []uint64, random uint64) int { return placeOf(shares, random&math.MaxUint32) }

// placeOf counts without a branch, which a processor would guess wrong as often as not.
func placeOf(shares []uint64, at uint64) (place int) {
	place = len(shares)
	for _, upTo := range shares {
		place -= int((at - upTo) >> 63) // both are below 2⁶³
	}
	return place
}

// Another returns how an order is paid after the first method failed: mostly in another way, if
// the order has one.
func (c *Channel) Another(first int, o *Order, random uint64) int {
	if random>>32*100>>32 >= c.another {
		return first
	}
	shares := c.part(c.shares, c.cell(o, o.wallets()))
	from := uint64(0)
	if first > 0 {
		from = shares[first-1]
	}
	taken := shares[first] - from
	if taken == 1<<32 {
		return first
	}
	at := random & math.MaxUint32 * (1<<32 - taken) >> 32 // among all but the first method
	_, before := bits.Sub64(at, from, 0)
	return placeOf(shares, at+taken*(1-before))
}

// part is the piece of a list that belongs to a cell.
func (c *Channel) part(list []uint64, i int) []uint64 {
	return list[i*len(c.Methods) : (i+1)*len(c.Methods)]
}

// cell is the place of an order's cell.
func (c *Channel) cell(o *Order, w wallets) int {
	return (int(w)*len(c.bands)+o.Amount.band)*int(regions) + int(o.Region)
}

func (o *Order) wallets() wallets {
	if o.Browser == nil {
		return 0
	}
	return walletsOf(o.Browser.Apple, o.Browser.Google)
}

// Whole is the unit of FailChance.
const Whole = 1 << 20

// FailChance returns how many of Whole attempts fail that pay an amount with a method in an hour
// of the customer's day, from 0 to 23. The source is nil in a store.
func (c *Channel) FailChance(method int, amount Amount, hour int, kind Kind, source *Source) uint64 {
	night := 0
	if hour < nightEnds {
		night = 1
	}
	chance := c.chances[method*len(c.bands)+amount.band] * c.who[kind][night] / Whole
	if source != nil {
		chance = chance * source.fails / 100
	}
	return min(chance, Whole)
}

// nightEnds is the hour in which payments begin to fail as by day.
const nightEnds = 6

// Outcome is how a failed attempt ends.
type Outcome struct {
	Status sale.Status
	Reason sale.Text
	// Declined is whether the customer may try another way at once: it was the money, the card or
	// what was typed, and neither the shop's technology nor its suspicion.
	Declined bool
}

// Outcome returns how a failed attempt with a method ends.
func (c *Channel) Outcome(method int, random uint64) *Outcome {
	r := c.reasons[method]
	return &r.all[r.byShare.Draw(random)]
}

type reasons struct {
	all     []Outcome
	byShare prng.Table
}

// Commission is what a source takes of 10,000 of a completed sale.
func (c *Checkout) Commission(source sale.Text) sale.Cents {
	for i := range c.sources {
		if c.sources[i].Name == source {
			return c.sources[i].Commission
		}
	}
	return 0
}
