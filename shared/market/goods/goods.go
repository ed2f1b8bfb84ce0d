// Package goods is what a catalogue offers over time: which products are popular, what they
// cost, which of them are promoted. It is pure and stateless: the same products, figures, seed
// and day give the same offer in any process, and it calculates with whole numbers alone.
//
// Start with [New]; [Goods.On] is the offer of one day, from which [Offer.Draw] takes what a
// buyer takes. A product's share in the sales of its brand is a product of factors:
//
//   - its price and the size of its screen, beside what most people want (popularity.go);
//   - its quality, which nobody can see in the catalogue, and which makes the whole market a
//     power law (quality.go);
//   - what comes and goes over weeks, and the life of its model, which is new in one spring or
//     another and then fades (popularity.go);
//   - its promotion: demand rises with elasticity (promotion.go, calendar.go).
//
// Shares of brands are figures. A brand sells more than its share while more of it is promoted.
package goods

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"salesburst/dataset"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Goods is what can be bought; safe for concurrent use.
type Goods struct {
	figures  *Figures
	products []Product
	brands   []Brand
	items    []item         // of the products, what an offer is made from
	lists    [][]sale.Cents // list prices by brand
	names    []sale.Text
	base     prng.Table           // of brands, both channels together
	both     []uint64             // brands' shares in both channels together, parts of shareUnit
	shares   [channels][]uint64   // of brands, parts of shareUnit
	leaning  [channels]preference // of those who always take the same brand
	quantity quantities
	recent   [4]atomic.Pointer[[channels]Offer] // by day
}

// Product is one product with its texts as they are written into a sale.
type Product struct {
	Name, Category, DisplayType, Resolution, OS sale.Text

	Brand      int        // in Brands
	List       sale.Cents // what it costs where it is not promoted
	ScreenSize int64      // inches; 0 where it is not known
}

// Brand is a brand with its products, which stand together: First to End−1 in Products.
type Brand struct {
	Name       sale.Text
	First, End int
}

// item is what a day's demand and price of a product are calculated from.
type item struct {
	id      uint64
	list    sale.Cents
	level   int32 // the logarithm of its demand, without what changes
	logList int32 // the logarithm of list
}

// channel numbers.
const (
	online = iota
	store
	channels
)

// New makes the goods of a catalogue's products, of which there must be one. Other seeds give
// other winners and other promotions. The error is a *[parameters.Invalid], with its path inside
// of these figures, where they contradict each other. The figures must not be changed afterwards.
func New(stock []dataset.Product, f *Figures, seed uint64) (*Goods, error) {
	if len(stock) == 0 {
		return nil, errors.New("the catalogue has no products")
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	g := &Goods{figures: f, quantity: newQuantities(&f.Quantity)}
	brands := brandsOf(stock, f)
	g.arrange(stock, brands, seed)
	g.share(brands)
	g.rate()
	g.names = append(g.names, sale.Text{})
	for _, name := range f.Promotions.Names {
		g.names = append(g.names, sale.NewText(name))
	}
	for _, e := range f.Promotions.Events.rules() {
		g.names = append(g.names, sale.NewText(e.Name))
	}
	return g, nil
}

// brandStock is a brand with the places of its products in the catalogue.
type brandStock struct {
	name     string
	weight   uint64 // its share, of any unit
	stores   int64  // percent more than online
	products []int32
}

// brandsOf returns the brands with the strongest first.
func brandsOf(stock []dataset.Product, f *Figures) []brandStock {
	lower := make(map[string]uint64)
	for name, share := range f.Brands {
		lower[strings.ToLower(name)] += share
	}
	stores := make(map[string]int64)
	for name, percent := range f.Stores {
		stores[strings.ToLower(name)] = percent
	}
	index := make(map[string]int)
	var all []brandStock
	others := uint64(0)
	for i := range stock {
		b, ok := index[stock[i].Brand]
		if !ok {
			b = len(all)
			name := stock[i].Brand
			index[name] = b
			known := strings.ToLower(name)
			all = append(all, brandStock{name: name, weight: lower[known], stores: stores[known]})
			if all[b].weight == 0 {
				others++
			}
		}
		all[b].products = append(all[b].products, int32(i))
	}
	for i := range all {
		if all[i].weight *= max(others, 1); all[i].weight == 0 {
			all[i].weight = max(f.OtherBrands, 1)
		}
	}
	slices.SortStableFunc(all, func(a, b brandStock) int { return cmp.Compare(b.weight, a.weight) })
	return all
}

// arrange fills in products and brands, and the products' identities.
func (g *Goods) arrange(stock []dataset.Product, brands []brandStock, seed uint64) {
	texts := make(map[string]sale.Text) // most are used by many products, and by neighbours
	text := func(s string, same string, before sale.Text) sale.Text {
		if s == same {
			return before
		}
		t, ok := texts[s]
		if !ok {
			t = sale.NewText(s)
			texts[s] = t
		}
		return t
	}
	g.products = make([]Product, 0, len(stock))
	g.items = make([]item, 0, len(stock))
	g.brands = make([]Brand, len(brands))
	g.lists = make([][]sale.Cents, len(brands))
	prices := make([]sale.Cents, 0, len(stock))
	last, before := new(dataset.Product), new(Product)
	for b, brand := range brands {
		first := len(g.products)
		g.brands[b] = Brand{Name: sale.NewText(brand.name), First: first, End: first + len(brand.products)}
		for _, i := range brand.products {
			p := &stock[i]
			g.products = append(g.products, Product{
				Name:        sale.NewText(p.Name),
				Category:    text(p.Category, last.Category, before.Category),
				DisplayType: text(p.DisplayType, last.DisplayType, before.DisplayType),
				Resolution:  text(p.Resolution, last.Resolution, before.Resolution),
				OS:          text(p.OS, last.OS, before.OS),
				Brand:       b, List: sale.Cents(p.PriceCents), ScreenSize: int64(p.ScreenSize),
			})
			last, before = p, &g.products[len(g.products)-1]
			g.items = append(g.items, item{
				id: identify(seed, p.Name), list: sale.Cents(p.PriceCents), logList: int32(log2(uint64(p.PriceCents))),
			})
			prices = append(prices, sale.Cents(p.PriceCents))
		}
		g.lists[b] = prices[g.brands[b].First:]
	}
}

// Products returns all products, those of a brand side by side. It must not be changed.
func (g *Goods) Products() []Product { return g.products }

// Brands returns all brands, the strongest first. It must not be changed.
func (g *Goods) Brands() []Brand { return g.brands }

// BrandOfTheDay is the one that a flash-sale is about where nobody says it: another one of the
// five strongest each day, the same everywhere.
func (g *Goods) BrandOfTheDay(day int32) int {
	const strongest = 5
	return int(prng.Mix(uint64(int64(day))) % uint64(min(strongest, len(g.brands))))
}

// Cheapest returns the product of a brand with the lowest list price.
func (g *Goods) Cheapest(brand int) int {
	best := g.brands[brand].First
	for i := best; i < g.brands[brand].End; i++ {
		if g.products[i].List < g.products[best].List {
			best = i
		}
	}
	return best
}

// Quantity returns how many pieces an order has, 1 to 3, at the price of a piece: random is
// 64 random bits.
func (g *Goods) Quantity(price sale.Cents, random uint64) int64 {
	return g.quantity.draw(g.quantity.chance(price), random)
}
