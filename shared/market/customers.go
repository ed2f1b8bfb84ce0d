package market

import (
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// customer is who buys. All that is stable about one follows from the id: the home by
// where the id lies, device and taste by its hash.
type customer struct {
	id    sale.CustomerID
	kind  customerKind
	city  int
	taste uint64 // random bits, always the same for one customer
}

type customerKind uint8

const (
	returning customerKind = iota
	vip
	newcomer
)

func (k customerKind) text() sale.Text { return kindTexts[k] }

var kindTexts = [...]sale.Text{sale.NewText("returning"), sale.NewText("vip"), sale.NewText("new")}

// Salts, so that one customer's tastes are independent of each other.
const (
	deviceTaste = 1 << iota
	brandTaste
	methodTaste
)

// drawCustomer draws one who lives in a city. The known customers have the lowest ids, those of
// each city in one piece, which begins with the loyal few.
func (m *Market) drawCustomer(r *prng.Rand, city int) customer {
	c, f := customer{city: city}, &m.model.Customers
	begin, all := m.home[city], m.home[city+1]-m.home[city]
	vips := all * f.VIPShare / 100
	switch n := r.Below(100); {
	case n < f.VIPOrders:
		c.kind = vip
		c.id = sale.CustomerID(begin + r.Below(vips))
	case n < f.VIPOrders+f.NewOrders:
		c.kind = newcomer
		c.id = sale.CustomerID(f.Known + r.Below(m.newIDs)*uint64(len(cities)) + uint64(city))
	default:
		c.kind = returning
		c.id = sale.CustomerID(begin + vips + r.Below(all-vips))
	}
	c.taste = prng.Mix(uint64(c.id) << 8)
	return c
}

// device returns the one that the customer orders with, and its browser.
func (c *customer) device() (device, userAgent sale.Text) {
	a := &userAgents[byUserAgent.Draw(prng.Mix(c.taste+deviceTaste))]
	return a.device, a.text
}

type userAgent struct {
	device, text sale.Text
	weight       uint64
}

var (
	mobile  = sale.NewText("Mobile")
	desktop = sale.NewText("Desktop")
	tablet  = sale.NewText("Tablet")
)

// userAgents are browsers as they name themselves in autumn 2026; browsers write fixed
// system versions. Orders are 54 % mobile, 42 % desktop and 4 % tablet: sessions times
// conversion (eMarketer, fourth quarter of 2021). Within a device the shares follow
// the usual order of browsers in the United States and are assumptions.
var userAgents = []userAgent{
	{mobile, agent("iPhone; CPU iPhone OS 18_7 like Mac OS X",
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1"), 200},
	{mobile, agent("iPhone; CPU iPhone OS 18_6 like Mac OS X",
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"), 90},
	{mobile, agent("iPhone; CPU iPhone OS 26_2 like Mac OS X",
		"AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0.8078.79 Mobile/15E148 Safari/604.1"), 50},
	{mobile, agent("Linux; Android 10; K", chrome("156", " Mobile")), 150},
	{mobile, agent("Linux; Android 10; K", chrome("155", " Mobile")), 40},
	{mobile, agent("Android 16; Mobile; rv:150.0", "Gecko/150.0 Firefox/150.0"), 10},
	{desktop, agent("Windows NT 10.0; Win64; x64", chrome("156", "")), 190},
	{desktop, agent("Windows NT 10.0; Win64; x64", chrome("155", "")), 40},
	{desktop, agent("Windows NT 10.0; Win64; x64", chrome("156", "")+" Edg/156.0.0.0"), 60},
	{desktop, agent("Macintosh; Intel Mac OS X 10_15_7",
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Safari/605.1.15"), 60},
	{desktop, agent("Macintosh; Intel Mac OS X 10_15_7", chrome("156", "")), 45},
	{desktop, agent("Windows NT 10.0; Win64; x64; rv:150.0", "Gecko/20100101 Firefox/150.0"), 15},
	{desktop, agent("X11; Linux x86_64", chrome("156", "")), 10},
	{tablet, agent("iPad; CPU OS 18_7 like Mac OS X",
		"AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1"), 25},
	{tablet, agent("Linux; Android 10; K", chrome("156", "")), 15},
}

func agent(system, rest string) sale.Text {
	return sale.NewText("Mozilla/5.0 (" + system + ") " + rest)
}

func chrome(version, kind string) string {
	return "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + version + ".0.0.0" + kind + " Safari/537.36"
}

var byUserAgent = tableOf(userAgents, func(a userAgent) uint64 { return a.weight })

func tableOf[T any](all []T, weight func(T) uint64) prng.Table {
	w := make([]uint64, len(all))
	for i, v := range all {
		w[i] = weight(v)
	}
	return prng.NewTable(w)
}
