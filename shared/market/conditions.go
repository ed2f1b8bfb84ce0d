package market

import (
	"fmt"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/market/browsers"
	"salesburst/shared/market/calendar"
	"salesburst/shared/market/crowd"
	"salesburst/shared/market/goods"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Query is what a request asks of the market. Names are found whatever their letter case.
type Query struct {
	Channel contract.Channel
	From    time.Time // inclusive
	To      time.Time // exclusive
	Mean    int       // events a minute on average over a year, which the number of customers and shops follows

	Brand         string // empty: all; else the only one
	Product       string // likewise
	City          string // likewise
	PaymentMethod string // likewise
}

// Invalid is a value that cannot be met. Field is named as in a trigger's JSON.
type Invalid struct {
	Field, Value, Allowed string
}

func (e *Invalid) Error() string {
	return fmt.Sprintf("%s %q: allowed is %s", e.Field, e.Value, e.Allowed)
}

// Conditions are the market during one burst; safe for concurrent use.
type Conditions struct {
	Query // with names as the market writes them

	market     *Market
	channel    *channel
	population *population

	from  sale.Time // begin of the first hour
	hours []hour
	only  selection
	shops []shop // of the only city
}

// hour is the market in an hour of the clock.
type hour struct {
	crowd    *crowd.Moment
	offer    *goods.Offer
	browsers *browsers.Set
	local    [places.Zones]int8 // hours of the local days
}

// hourOf returns the hour that a moment is in.
func (c *Conditions) hourOf(at sale.Time) *hour {
	const hour = 60 * 60 * 1000
	return &c.hours[(at-c.from)/hour]
}

// selection is a part of the market. A field of none selects all.
type selection struct {
	brand, product, city, method int
}

const none = -1

// NewConditions returns the market's conditions for what a asks. Its error is an *Invalid.
func (m *Market) NewConditions(a Query) (*Conditions, error) {
	ch, ok := m.channels[a.Channel]
	if !ok {
		return nil, &Invalid{"channel", string(a.Channel),
			fmt.Sprintf("%s or %s", contract.ChannelOnline, contract.ChannelStore)}
	}
	c := &Conditions{Query: a, market: m, channel: ch, population: m.populationOf(ch, max(a.Mean, 1))}
	if err := c.resolveNames(); err != nil {
		return nil, err
	}
	// What began before the burst goes on in it.
	first := a.From.Add(-Longest).Truncate(time.Hour)
	c.from = sale.TimeOf(first)
	for t := first; t.Before(a.To); t = t.Add(time.Hour) {
		c.hours = append(c.hours, c.hourAt(t))
	}
	if p := c.only.product; p != none {
		c.only.brand = m.goods.Products()[p].Brand
	}
	if i := c.only.city; i != none && ch.store {
		c.shops = m.shopsIn(i, c.population)
	}
	return c, nil
}

func (c *Conditions) hourAt(t time.Time) (h hour) {
	unix := t.Unix()
	var demand [places.Zones]uint64
	for z := range demand {
		local := places.Zone(z).Local(unix)
		h.local[z] = int8(places.HourOf(local))
		demand[z] = c.channel.profile.At(local)
	}
	h.crowd = c.population.crowd.At(unix, demand)
	east, _ := calendar.DateOf(places.Eastern.Local(unix))
	h.offer = c.market.goods.On(int32(east), c.channel.store)
	h.browsers = c.market.browsers.On(int64(east))
	return h
}

// resolveNames finds what the ask names, and writes it as the market does.
func (c *Conditions) resolveNames() error {
	var err error
	find := func(field string, value *string, n int, at func(int) string, hint string) int {
		if *value == "" || err != nil {
			return none
		}
		for i := range n {
			if strings.EqualFold(at(i), strings.TrimSpace(*value)) {
				*value = at(i)
				return i
			}
		}
		if hint == "" {
			names := make([]string, n)
			for i := range n {
				names[i] = at(i)
			}
			hint = strings.Join(names, ", ")
		}
		err = &Invalid{field, *value, hint}
		return none
	}
	m := c.market
	products, brands, methods := m.goods.Products(), m.goods.Brands(), c.channel.checkout.Methods
	c.only = selection{
		brand: find("brand", &c.Brand, len(brands), func(i int) string { return brands[i].Name.String() }, ""),
		product: find("product", &c.Product, len(products), func(i int) string { return products[i].Name.String() },
			fmt.Sprintf("a product name of the catalogue, as in %q", products[0].Name.String())),
		city: find("city", &c.City, len(m.places), func(i int) string { return m.places[i].Name }, ""),
		method: find("payment_method", &c.PaymentMethod, len(methods),
			func(i int) string { return methods[i].Name }, ""),
	}
	if err != nil {
		return err
	}
	if p, b := c.only.product, c.only.brand; p != none && b != none && products[p].Brand != b {
		return &Invalid{"product", c.Product,
			fmt.Sprintf("a product of the brand %s, as in %q", c.Brand, products[m.goods.Cheapest(b)].Name.String())}
	}
	return nil
}

// Expected is what the calendar says of the minute that begins at t: prng.Million is the year's
// average, without noise.
func (c *Conditions) Expected(t time.Time) uint64 {
	var people, sum uint64
	for z, n := range c.population.people {
		people += n
		sum += n * c.channel.profile.At(places.Zone(z).Local(t.Unix()))
	}
	return sum / people
}

// ExpectedOfDay is what the calendar says of the day that t is in on the East coast, in all zones by
// their own clocks: prng.Million is the average of the year's days, without noise.
func (c *Conditions) ExpectedOfDay(t time.Time) uint64 {
	east, _ := calendar.DateOf(places.Eastern.Local(t.Unix()))
	return c.channel.profile.Day(east)
}

// Demand is how much is sold in the minute that begins at t: prng.Million is the year's average.
func (c *Conditions) Demand(t time.Time) uint64 {
	return c.Expected(t) * c.channel.noise.At(t.Unix()/60) / prng.Million
}

// Newcomers are the customers who place their first order in a stretch of time, in milliseconds from
// From.
func (c *Conditions) Newcomers(from, to int64) crowd.Newcomers {
	begin := c.From.UnixMilli()
	return c.population.crowd.Newcomers((begin+from)/1000, (begin+to)/1000)
}

// Shuts reports whether all will be shut a while after a moment, in milliseconds from From.
func (c *Conditions) Shuts(ms int64) bool {
	return c.channel.store && c.Expected(c.From.Add(time.Duration(ms)*time.Millisecond+Longest+time.Minute)) == 0
}

// Following is what part of the events is what.
func (c *Conditions) Following() *Following { return &c.channel.following }
