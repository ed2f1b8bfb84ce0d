package market

import (
	"salesburst/shared/market/browsers"
	"salesburst/shared/market/checkout"
	"salesburst/shared/market/crowd"
	"salesburst/shared/market/goods"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Order names an order, or a series of fraud: all that is in it is drawn from one random stream.
type Order struct {
	Seed, Stream uint64
	New          bool         // by a customer who is new
	Customer     crowd.Number // who that is
}

// buyer is who buys: what follows from the customer's number.
type buyer struct {
	crowd.Customer
	id    sale.CustomerID
	kind  checkout.Kind
	place *place // where the buyer lives
	taste uint64 // random bits, always the same for one customer
	power uint64 // how much more than others the customer spends, from 0 to 511
}

// Salts, so that one customer's tastes are independent of each other.
const (
	deviceTaste = 1 << iota
	brandTaste
	methodTaste
	powerTaste
	shopTaste
)

// bits are random bits of a customer's for one question.
func (b *buyer) bits(salt uint64) uint64 { return prng.Mix(b.taste + salt) }

var kindTexts = [...]sale.Text{
	checkout.Returning: sale.NewText("returning"), checkout.VIP: sale.NewText("vip"),
	checkout.Newcomer: sale.NewText("new"),
}

// Customers have ids of up to twelve digits. Those of online shops have even numbers, those of stores
// odd ones. Where a request narrows the market to a city, customers of its own come; and who is
// new in a burst with an exact number of events does not come again.
const (
	mostIDs     = 700_000_000_000
	idsOfCities = 200_000_000_000 // above mostIDs
	idsOfCity   = 800_000_000
)

// CustomerID returns how a customer is called in the events.
func (c *Conditions) CustomerID(n crowd.Number) sale.CustomerID {
	if n >= crowd.Strangers {
		return sale.CustomerID(mostIDs + idsOfCities + uint64(n-crowd.Strangers)%100_000_000_000)
	}
	id := 2 * uint64(n)
	if c.channel.store {
		id++
	}
	if c.only.city != none {
		return sale.CustomerID(mostIDs + (id+uint64(c.only.city)*idsOfCity)%idsOfCities)
	}
	return sale.CustomerID(id % mostIDs)
}

// know fills in what follows from the customer.
func (c *Conditions) know(b *buyer, kind checkout.Kind) {
	b.kind = kind
	b.id = c.CustomerID(b.Number)
	b.taste = prng.Mix(uint64(b.id) << 8)
	power := b.bits(powerTaste)
	b.power = (power&0xffff + power>>16&0xffff) >> 8 // most are in the middle
	b.place = c.population.homes[b.Home]
	if c.only.city != none {
		b.place = &c.market.places[c.only.city]
	}
	if kind == checkout.Returning && c.spent(b) >= c.market.model.Customers.VIPFrom {
		b.kind = checkout.VIP
	}
}

// spent is what a customer has spent by now, on average of all who are like that, in whole units of
// the currency.
func (c *Conditions) spent(b *buyer) uint64 {
	orders := c.population.crowd.Orders(b.Class, b.Days) // of 1000
	return orders * c.market.model.Customers.Spends * (256 + b.power) / 512 / 1000
}

// draft is an order as it is placed.
type draft struct {
	buyer
	hour     *hour
	clock    int8 // the hour of the day where the buyer lives
	product  int
	quantity int64
	off      uint64 // percent
	source   *checkout.Source
	way      checkout.Order
	method   int
	chance   uint64 // of checkout.Whole, that the first attempt fails
}

// draft draws an order that is placed at a moment.
func (c *Conditions) draft(d *draft, r *prng.Rand, o Order, at sale.Time) {
	d.hour = c.hourOf(at)
	if o.New {
		d.hour.crowd.Newcomer(o.Customer, &d.Customer)
		c.know(&d.buyer, checkout.Newcomer)
	} else {
		d.hour.crowd.Returning(r, &d.Customer)
		c.know(&d.buyer, checkout.Returning)
	}
	m := c.market
	d.clock = d.hour.local[d.place.Zone]
	if !c.channel.store {
		d.way.Browser = d.hour.browsers.Of(d.bits(deviceTaste))
		if !o.New && d.unusual() && r.In(m.model.Customers.AfterWork, 100) {
			c.another(d, r)
		}
		for tries := uint64(0); c.only.method != none && !m.pays(c.only.method, d.way.Browser) && tries < 64; tries++ {
			if d.way.Browser = d.hour.browsers.Of(d.bits(deviceTaste) + tries<<52); !o.New {
				c.another(d, r)
			}
		}
		d.source = m.checkout.Source(d.kind, r.Next())
	}
	c.choose(r, d)
	price, _ := d.hour.offer.Price(d.product)
	d.quantity = d.hour.offer.Quantity(d.product, r.Next())
	c.takeOff(r, d)
	_, amount := amounts(price, d.quantity, d.off)
	d.way.Amount = c.channel.checkout.Amount(amount)
	d.way.Region = d.place.region
	d.way.Favourite = d.bits(methodTaste)
	if d.method = c.only.method; d.method == none {
		d.method = c.channel.checkout.Method(&d.way, r.Next())
	}
	d.chance = c.channel.checkout.FailChance(d.method, d.way.Amount, int(d.clock), d.kind, d.source)
}

// unusual are the hours of the day for which a device is not: one at work has a desktop, and a mobile
// after it.
var unusual = [browsers.Devices]uint32{browsers.Mobile: 1<<17 - 1<<9, browsers.Desktop: 1<<24 - 1<<19}

func (d *draft) unusual() bool { return unusual[d.way.Browser.Device]>>(d.clock&31)&1 == 1 }

// another takes another customer by the same clock instead.
func (c *Conditions) another(d *draft, r *prng.Rand) {
	d.hour.crowd.ReturningBy(d.Zone, r, &d.Customer)
	c.know(&d.buyer, checkout.Returning)
	d.way.Browser = d.hour.browsers.Of(d.bits(deviceTaste))
}

// tilt is how dear a set the buyer takes of two, of goods.Dearer.
func (c *Conditions) tilt(d *draft) uint64 {
	f := &c.market.model.Customers
	tilt := int64(goods.Neutral) + (int64(d.power)-256)*f.Power/256 + d.place.roomy
	if b := d.way.Browser; b != nil {
		tilt += c.market.devices[b.Device]
	}
	if d.kind == checkout.VIP {
		tilt += f.VIPs
	}
	return uint64(max(goods.Cheaper, min(tilt, goods.Dearer)))
}

// choose chooses the product.
func (c *Conditions) choose(r *prng.Rand, d *draft) {
	offer, tilt := d.hour.offer, c.tilt(d)
	if d.product = c.only.product; d.product != none {
		return
	}
	brand := c.only.brand
	if brand == none {
		brand = offer.DrawBrand(r)
		// Whether it is the favourite cannot be foreseen: looking it up is cheaper than a branch.
		favourite := c.market.goods.Favourite(d.bits(brandTaste), c.channel.store)
		if r.In(c.market.model.Customers.LoyalToBrand, 100) {
			brand = favourite
		}
	}
	d.product = offer.DrawOfBrand(brand, r, tilt)
}

// takeOff chooses what is taken off the order.
func (c *Conditions) takeOff(r *prng.Rand, d *draft) {
	v := &c.market.model.Vouchers
	if d.off = 0; r.In(v.Share, 1000) {
		d.off = v.Values[r.Below(uint64(len(v.Values)))]
	}
}

// amounts returns what an order costs.
func amounts(price sale.Cents, quantity int64, off uint64) (discount, total sale.Cents) {
	full := price * sale.Cents(quantity)
	discount = full * sale.Cents(off) / 100
	return discount, full - discount
}

// pays reports whether a method can be used with a browser.
func (m *Market) pays(method int, b *browsers.Browser) bool {
	switch m.model.Payment.Online[method].Devices {
	case "apple":
		return b.Apple
	case "google":
		return b.Google
	}
	return true
}
