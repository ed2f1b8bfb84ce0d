package market

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"salesburst/dataset"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// assortment is what can be bought.
type assortment struct {
	products []product
	brands   []brand // the strongest first
	byBrand  prng.Table
}

type product struct {
	name, category              sale.Text
	brand                       int
	price                       sale.Cents
	screenSize                  int64 // inches; 0 where it is not known
	displayType, resolution, os sale.Text
}

type brand struct {
	name      sale.Text
	weight    uint64
	products  []int32 // the most popular first
	byProduct prng.Table
}

func (b *brand) draw(random uint64) int { return int(b.products[b.byProduct.Draw(random)]) }

var tv = sale.NewText(dataset.CategoryTV)

func newAssortment(stock []dataset.Product, m *Model) assortment {
	shares := make(map[string]uint64)
	for name, share := range m.Products.Brands {
		shares[strings.ToLower(name)] += share
	}
	a := assortment{products: make([]product, len(stock))}
	texts := make(map[string]sale.Text) // most are used by many products
	text := func(s string) sale.Text {
		if t, ok := texts[s]; ok {
			return t
		}
		texts[s] = sale.NewText(s)
		return texts[s]
	}
	index := make(map[string]int)
	others := uint64(0)
	for i, p := range stock {
		b, ok := index[p.Brand]
		if !ok {
			b = len(a.brands)
			index[p.Brand] = b
			a.brands = append(a.brands, brand{name: text(p.Brand), weight: shares[strings.ToLower(p.Brand)]})
			if a.brands[b].weight == 0 {
				others++
			}
		}
		a.brands[b].products = append(a.brands[b].products, int32(i))
		a.products[i] = product{
			name: text(p.Name), category: text(p.Category), brand: b, price: sale.Cents(p.PriceCents),
			screenSize:  int64(p.ScreenSize),
			displayType: text(p.DisplayType), resolution: text(p.Resolution), os: text(p.OS),
		}
	}
	for i := range a.brands {
		b := &a.brands[i]
		if b.weight = b.weight * max(others, 1); b.weight == 0 {
			b.weight = m.Products.OtherBrands
		}
		b.rank(a.products, m)
	}
	a.sortBrands()
	a.byBrand = tableOf(a.brands, func(b brand) uint64 { return b.weight })
	return a
}

// rank orders a brand's products by popularity, which falls as 1/rank: the cheaper one is,
// and the nearer a TV set is to the mid-size ones, the more it sells.
func (b *brand) rank(products []product, m *Model) {
	slices.SortStableFunc(b.products, func(i, j int32) int {
		return cmp.Compare(products[i].appeal(m), products[j].appeal(m))
	})
	w := make([]uint64, len(b.products))
	for rank := range w {
		w[rank] = 1_000_000 / uint64(rank+1)
	}
	b.byProduct = prng.NewTable(w)
}

// appeal is a product's price. That of a TV set is made dearer by 1 % for each inch that it is
// smaller or larger than the sizes that most people buy.
func (p *product) appeal(m *Model) sale.Cents {
	if p.category != tv {
		return p.price * 100
	}
	return p.price * sale.Cents(100+max(m.Products.SmallestSize-p.screenSize, p.screenSize-m.Products.LargestSize, 0))
}

// sortBrands puts the strongest first and keeps the products' numbers true.
func (a *assortment) sortBrands() {
	order := make([]int, len(a.brands))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a.brands[j].weight, a.brands[i].weight) })
	sorted := make([]brand, len(order))
	for place, i := range order {
		sorted[place] = a.brands[i]
		for _, p := range sorted[place].products {
			a.products[p].brand = place
		}
	}
	a.brands = sorted
}

// favourite is the brand that a customer comes back to.
func (a *assortment) favourite(c *customer) int {
	return a.byBrand.Draw(prng.Mix(c.taste + brandTaste))
}

// brandOfTheDay is the one that a flash-sale is about where nobody says it: another
// one of the five strongest each day (UTC), the same in both functions.
func (a *assortment) brandOfTheDay(t time.Time) int {
	const strongest = 5
	days := t.Unix() / (24 * 60 * 60)
	return int(prng.Mix(uint64(days)) % uint64(min(strongest, len(a.brands))))
}

func (a *assortment) cheapest(b int) *product {
	best := &a.products[a.brands[b].products[0]]
	for _, i := range a.brands[b].products {
		if p := &a.products[i]; p.price < best.price {
			best = p
		}
	}
	return best
}
