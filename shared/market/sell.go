package market

import (
	"time"

	"salesburst/shared/market/checkout"
	"salesburst/shared/market/goods"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Sell makes an order with one attempt at a time in the burst's: every field but the ids. It
// allocates nothing, as its sisters.
func (c *Conditions) Sell(o Order, at sale.Time, s *sale.Sale) {
	r := prng.New(o.Seed, o.Stream)
	var d draft
	c.draft(&d, &r, o, at)
	out := &completed
	if r.Below(checkout.Whole) < d.chance*c.channel.fails.once/prng.Million {
		out = c.failure(&r, d.method, &d, &c.channel.fails.keepOnce)
	}
	c.write(&d, d.hour, at, 1, d.method, out, s)
}

// SellAgain makes one of several attempts of an order that was placed at another time, or, with
// number 1, at this one.
func (c *Conditions) SellAgain(o Order, placed, at sale.Time, number, of int, s *sale.Sale) {
	r := prng.New(o.Seed, o.Stream)
	x := &c.channel.fails
	// Orders whose first attempt is likely to fail are here more often.
	var d draft
	const tries = 4
	for range tries {
		c.lasting(&d, &r, o, placed)
		if r.Below(max(x.most, 1)) < d.chance {
			break
		}
	}
	method, out := d.method, &completed
	for n := 1; ; n++ {
		fails := n < of
		if n > 1 {
			if method = c.only.method; method == none {
				method = c.channel.checkout.Another(d.method, &d.way, r.Next())
			}
			chance := x.last
			if n > 2 {
				chance = x.further
			}
			fails = r.In(chance, prng.Million) || fails
		}
		if n < number {
			continue
		}
		if fails {
			out = c.failure(&r, method, &d, &x.keepFirst)
		}
		c.write(&d, c.hourOf(at), at, number, method, out, s)
		return
	}
}

// SellStolen makes one order of a series of fraud: a customer's account buys what is dear, in one
// order after the other.
func (c *Conditions) SellStolen(o Order, begun, at sale.Time, number int, s *sale.Sale) {
	r := prng.New(o.Seed, o.Stream)
	var d draft
	c.lasting(&d, &r, o, begun)
	r = prng.New(o.Seed+uint64(number), o.Stream)
	offer := d.hour.offer
	if c.only.product == none {
		dearest := sale.Cents(0)
		for range 3 {
			brand := c.only.brand
			var p int
			if brand == none {
				p = offer.Draw(&r, goods.Dearer)
			} else {
				p = offer.DrawOfBrand(brand, &r, goods.Dearer)
			}
			if price, _ := offer.Price(p); price > dearest {
				dearest, d.product = price, p
			}
		}
	}
	c.takeOff(&r, &d)
	out := &completed
	if r.In(c.market.model.Fraud.Refused, 100) {
		out = &refused
	}
	c.write(&d, c.hourOf(at), at, 1, d.method, out, s)
}

// lasting drafts an order that there is time for to be tried again: the shop does not shut before.
func (c *Conditions) lasting(d *draft, r *prng.Rand, o Order, at sale.Time) {
	const tries = 200
	for range tries {
		c.draft(d, r, o, at)
		if !c.channel.store || c.channel.profile.At(d.place.Zone.Local(int64(at)/1000+int64(Longest/time.Second))) > 0 {
			break
		}
	}
}

var (
	completed   = checkout.Outcome{Status: sale.Completed}
	gatewayDown = checkout.Outcome{Status: sale.FailedAPIResponse, Reason: sale.NewText("gateway_unavailable")}
	refused     = checkout.Outcome{Status: sale.Fraud, Reason: sale.NewText("fraud_suspected")}

	country  = sale.NewText("USA")
	organic  = sale.NewText("Organic")
	register = sale.NewText("POS")
)

// failure draws how a failed attempt ends. Suspicion falls on dear orders.
func (c *Conditions) failure(r *prng.Rand, method int, d *draft, keep *[sorts]uint64) (out *checkout.Outcome) {
	const tries = 12
	for range tries {
		out = c.channel.checkout.Outcome(method, r.Next())
		kept := keep[sortOf(out.Status)]
		if out.Status == sale.Fraud {
			if kept *= 2; d.way.Amount.Cents < c.market.dear {
				kept /= 8
			}
		}
		if r.In(kept, prng.Million) {
			break
		}
	}
	return out
}

// write fills in the sale: attempt number of a draft, in an hour, paid with a method.
func (c *Conditions) write(d *draft, h *hour, at sale.Time, number, method int, out *checkout.Outcome, s *sale.Sale) {
	m := c.market
	p := &m.goods.Products()[d.product]
	s.Timestamp, s.Attempt = at, int64(number)
	s.Currency, s.Country = m.currency, country
	s.CustomerID, s.CustomerType = d.id, kindTexts[d.kind]
	s.OrderType, s.Scenario = c.channel.orderType, sale.Text{}
	s.ProductName, s.Category, s.Brand, s.ScreenSize = p.Name, p.Category, m.goods.Brands()[p.Brand].Name, p.ScreenSize
	s.DisplayType, s.Resolution, s.OS = p.DisplayType, p.Resolution, p.OS

	s.Price, s.ListPrice = h.offer.Price(d.product)
	s.Promotion = h.offer.Promotion(d.product)
	s.Quantity = d.quantity
	s.Discount, s.TotalAmount = amounts(s.Price, d.quantity, d.off)

	c.where(d, s)
	s.PaymentMethod = c.channel.checkout.Methods[method].Text
	s.Status, s.FailureReason = out.Status, out.Reason
	s.Source, s.Commission = organic, 0
	if d.source != nil {
		s.Source = d.source.Name
		if s.Status == sale.Completed {
			s.Commission = s.TotalAmount * d.source.Commission / 10_000
		}
	}
}

// where sets the place and the way of the sale.
func (c *Conditions) where(d *draft, s *sale.Sale) {
	at := d.place
	s.City, s.State = at.name, at.state
	if !c.channel.store {
		s.StoreID = sale.Text{}
		s.Latitude, s.Longitude = at.Scatter(d.taste)
		s.Device, s.UserAgent = d.way.Browser.Device.Text(), d.way.Browser.UserAgent
		return
	}
	shops := c.population.shops[d.Home]
	if c.only.city != none {
		shops = c.shops
	}
	shop := &shops[d.bits(shopTaste)%uint64(len(shops))]
	s.StoreID, s.Latitude, s.Longitude = shop.id, shop.latitude, shop.longitude
	s.Device, s.UserAgent = register, sale.Text{}
}
