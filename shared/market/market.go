// Package market is the model of demand: who buys what, when and where, how it is paid
// and how it fails. It is pure: the same catalogue, conditions and numbers give the
// same sale on every platform.
//
// Start with [Market.NewConditions], which turns what a request asks for into [Conditions], and
// [Conditions.Sell], which makes one sale. The figures of the model are data, each with
// its unit, range and source: model.schema.json, which [ReadModel] lets a file change;
// places.go has the cities, customers.go the browsers.
package market

import (
	"fmt"
	"strings"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Version is raised when the same request would give other sales than before.
const Version = 1

// Market is the model over one catalogue; safe for concurrent use.
type Market struct {
	geography
	hash      [32]byte
	model     *Model
	currency  sale.Text
	stock     assortment
	channels  map[contract.Channel]*channel
	scenarios []scenario
	partners  []partner
	byPartner prng.Table
}

// New makes the market of a catalogue, which must have a product, with the figures of the table.
func New(c *dataset.Catalogue) (*Market, error) {
	m, err := DefaultModel()
	if err != nil {
		return nil, err
	}
	return NewWith(c, m)
}

// NewWith is New by a model.
func NewWith(c *dataset.Catalogue, m *Model) (*Market, error) {
	if len(c.Products) == 0 {
		return nil, fmt.Errorf("the catalogue has no products")
	}
	return &Market{
		geography: newGeography(m),
		hash:      c.Hash,
		model:     m,
		currency:  sale.NewText(c.Currency),
		stock:     newAssortment(c.Products, m),
		channels: map[contract.Channel]*channel{
			contract.ChannelOnline: newOnline(m),
			contract.ChannelStore:  newInStore(m),
		},
		scenarios: newScenarios(m),
		partners:  newPartners(m.Sources),
		byPartner: tableOf(m.Sources, func(s sourceFigures) uint64 { return s.Share }),
	}, nil
}

// Hash names the catalogue.
func (m *Market) Hash() [32]byte { return m.hash }

// ModelHash names the model's figures; it is zero for those of the table.
func (m *Market) ModelHash() [32]byte { return m.model.hash }

// Query is what a request asks of the market. Names are found whatever their letter case.
type Query struct {
	Channel contract.Channel
	From    time.Time // inclusive
	To      time.Time // exclusive

	Scenario      string // empty: normal traffic
	Brand         string // empty: all. Else the only one, or the one that a flash-sale is about
	Product       string // likewise
	City          string // empty: all; else the only one
	PaymentMethod string // empty: all. Else the only one, or the one that a payment-outage is about
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

	market   *Market
	channel  *channel
	scenario scenario

	from   sale.Time // begin of the hour in which the burst begins
	cities []prng.Table
	only   selection
	focus  selection // of the scenario
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
	c := &Conditions{Query: a, market: m, channel: ch}
	if err := c.resolveNames(); err != nil {
		return nil, err
	}
	c.applyFocus()
	c.cities = m.citiesByHour(&ch.day, a.From, a.To)
	c.from = sale.TimeOf(a.From.Truncate(time.Hour))
	return c, nil
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
	r, known := &c.market.stock, c.market.scenarios
	if i := find("scenario", &c.Scenario, len(known), func(i int) string { return known[i].Name }, ""); i != none {
		c.scenario = known[i]
	}
	c.only = selection{
		brand: find("brand", &c.Brand, len(r.brands), func(i int) string { return r.brands[i].name.String() }, ""),
		product: find("product", &c.Product, len(r.products), func(i int) string { return r.products[i].name.String() },
			fmt.Sprintf("a product name of the catalogue, as in %q", r.products[0].name.String())),
		city: find("city", &c.City, len(cities), func(i int) string { return cities[i].name }, ""),
		method: find("payment_method", &c.PaymentMethod, len(c.channel.methods),
			func(i int) string { return c.channel.methods[i].name }, ""),
	}
	if err != nil {
		return err
	}
	if p, b := c.only.product, c.only.brand; p != none && b != none && r.products[p].brand != b {
		return &Invalid{"product", c.Product,
			fmt.Sprintf("a product of the brand %s, as in %q", c.Brand, r.cheapest(b).name.String())}
	}
	return nil
}

// applyFocus sends what the ask selects to where it belongs: what the scenario is about
// attracts or disturbs only a part of the sales, everything else narrows all of them.
func (c *Conditions) applyFocus() {
	c.focus = selection{none, none, none, none}
	if c.scenario.attracts > 0 {
		c.focus.brand, c.focus.product = c.only.brand, c.only.product
		c.only.brand, c.only.product = none, none
		if c.focus.brand == none && c.focus.product == none {
			c.focus.brand = c.market.stock.brandOfTheDay(c.From)
		}
	}
	if c.scenario.breaks > 0 {
		c.focus.method, c.only.method = c.only.method, none
		if c.focus.method == none {
			c.focus.method = 0 // the most used one
		}
	}
	if c.only.product != none {
		c.only.brand = c.market.stock.products[c.only.product].brand
	}
	if c.focus.product != none {
		c.focus.brand = c.market.stock.products[c.focus.product].brand
	}
}

// Demand is how much is sold in the minute that begins at t: prng.Million is the
// day's average without a scenario.
func (c *Conditions) Demand(t time.Time) uint64 {
	return c.market.level(&c.channel.day, t) * uint64(100+c.scenario.moreDemand) / 100
}

// Sell makes sale number n of seed at the time at, which is in the burst's time: every
// field but TransactionID. It allocates nothing.
func (c *Conditions) Sell(seed, n uint64, at sale.Time, s *sale.Sale) {
	r := prng.New(seed, n)
	city := c.only.city
	if city == none {
		city = c.cities[(at-c.from)/hourMs].Draw(r.Next())
	}
	buyer := c.market.drawCustomer(&r, city)

	s.Timestamp = at
	s.Currency, s.Country = c.market.currency, country
	s.CustomerID, s.CustomerType = buyer.id, buyer.kind.text()
	s.OrderType = c.channel.orderType
	s.Scenario = c.scenario.text
	c.where(&r, &buyer, s)
	focused := c.what(&r, &buyer, s)
	c.price(&r, focused, s)
	c.pay(&r, &buyer, s)
}

// where sets the place and the way of the sale.
func (c *Conditions) where(r *prng.Rand, buyer *customer, s *sale.Sale) {
	city := &c.market.places[buyer.city]
	s.City, s.State = city.name, city.state
	if c.channel.stores {
		store := &city.stores[r.Below(uint64(len(city.stores)))]
		s.StoreID, s.Latitude, s.Longitude = store.id, store.latitude, store.longitude
		s.Device, s.UserAgent = register, sale.Text{}
		s.Source = organic
		return
	}
	s.StoreID = sale.Text{}
	s.Latitude, s.Longitude = city.around(buyer.taste, c.market.model.Places.Radius)
	s.Device, s.UserAgent = buyer.device()
}

// what chooses the product; focused is whether the scenario is about it.
func (c *Conditions) what(r *prng.Rand, buyer *customer, s *sale.Sale) (focused bool) {
	a := &c.market.stock
	brand, item := c.only.brand, c.only.product
	focused = c.focus.brand != none && r.In(uint64(c.scenario.attracts), 100)
	if focused {
		brand, item = c.focus.brand, c.focus.product
	}
	if brand == none {
		if r.In(c.market.model.Customers.LoyalToBrand, 100) {
			brand = a.favourite(buyer)
		} else {
			brand = a.byBrand.Draw(r.Next())
		}
	}
	if item == none {
		item = a.brands[brand].draw(r.Next())
	}
	p := &a.products[item]
	s.ProductName, s.Category, s.Brand, s.ScreenSize = p.name, p.category, a.brands[p.brand].name, p.screenSize
	s.DisplayType, s.Resolution, s.OS = p.displayType, p.resolution, p.os
	s.Price = p.price
	// What is normal demand for the focus is in the scenario's price too.
	return focused || c.focus.brand != none && p.brand == c.focus.brand &&
		(c.focus.product == none || item == c.focus.product)
}

// price sets the quantity and what it costs.
func (c *Conditions) price(r *prng.Rand, focused bool, s *sale.Sale) {
	f := &c.market.model.Prices
	s.Quantity = 1
	switch n := r.Below(100); {
	case n < f.Triples:
		s.Quantity = 3
	case n < f.Triples+f.Pairs:
		s.Quantity = 2
	}
	off := uint64(0)
	switch {
	case focused:
		off = c.scenario.offFrom + r.Below(c.scenario.offTo-c.scenario.offFrom+1)
	case r.In(f.Vouchers, 100):
		off = f.VoucherValues[r.Below(uint64(len(f.VoucherValues)))]
	}
	total := s.Price * sale.Cents(s.Quantity)
	s.Discount = total * sale.Cents(off) / 100
	s.TotalAmount = total - s.Discount
}

// pay chooses the method and decides how it ends.
func (c *Conditions) pay(r *prng.Rand, buyer *customer, s *sale.Sale) {
	method := c.only.method
	if method == none {
		if r.In(c.market.model.Customers.LoyalToMethod, 100) {
			method = c.channel.byMethod.Draw(prng.Mix(buyer.taste + methodTaste))
		} else {
			method = c.channel.byMethod.Draw(r.Next())
		}
	}
	m := &c.channel.methods[method]
	s.PaymentMethod = m.text
	out := completed
	switch {
	case method == c.focus.method && r.In(uint64(c.scenario.breaks), 100):
		out = gatewayDown
	case r.In(m.fails, 1000):
		out = m.failures[m.byFailure.Draw(r.Next())]
	}
	s.Status, s.FailureReason = out.status, out.reason
	if c.channel.stores {
		s.Commission = 0
		return
	}
	p := &c.market.partners[c.market.byPartner.Draw(r.Next())]
	s.Source, s.Commission = p.name, 0
	if s.Status == sale.Completed {
		s.Commission = s.TotalAmount * p.commission / 10_000
	}
}

var (
	country  = sale.NewText("USA")
	organic  = sale.NewText("Organic")
	register = sale.NewText("POS")
)
