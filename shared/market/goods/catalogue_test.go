package goods_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"salesburst/dataset"
	"salesburst/shared/market/goods"
	"salesburst/shared/parameters"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

const blackFriday2026 = int32(20_784) // 27 November

func market(tb testing.TB, stock []dataset.Product, f *goods.Figures, seed uint64) *goods.Goods {
	tb.Helper()
	g, err := goods.New(stock, f, seed)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// large is a catalogue of so many products of 40 brands, without sizes.
func large(n int) []dataset.Product {
	all := make([]dataset.Product, n)
	for i := range all {
		all[i] = dataset.Product{
			Name: fmt.Sprintf("Model %d", i), Category: "Laptop", Brand: fmt.Sprintf("Brand %d", i%40),
			PriceCents: int64(199_99 + i*7919%3000*100),
		}
	}
	return all
}

// checkSound holds for any catalogue: all products can be drawn, each from its own brand.
func checkSound(t *testing.T, g *goods.Goods, products int) {
	t.Helper()
	if len(g.Products()) != products {
		t.Fatalf("%d products, want %d", len(g.Products()), products)
	}
	end := 0
	for b, brand := range g.Brands() {
		if brand.First != end || brand.End <= brand.First {
			t.Fatalf("brand %d has products %d to %d, and the one before ends at %d", b, brand.First, brand.End, end)
		}
		end = brand.End
		for i := brand.First; i < brand.End; i++ {
			if g.Products()[i].Brand != b {
				t.Fatalf("product %d is of brand %d, want %d", i, g.Products()[i].Brand, b)
			}
		}
	}
	if end != products {
		t.Fatalf("brands have %d products of %d", end, products)
	}
	var r prng.Rand = 1
	for _, d := range []int32{newYear, blackFriday2026} {
		offer := g.On(d, d == newYear)
		for range 1000 {
			i := offer.Draw(&r, r.Below(1025))
			b := g.Products()[i].Brand
			if j := offer.DrawOfBrand(b, &r, goods.Dearer); g.Products()[j].Brand != b {
				t.Fatalf("drawn of brand %d: a product of %d", b, g.Products()[j].Brand)
			}
			if now, list := offer.Price(i); now < 1 || now > list {
				t.Fatalf("price %s of %s", now, list)
			}
			if b := g.Favourite(r.Next(), d == newYear); b < 0 || b >= len(g.Brands()) {
				t.Fatalf("favourite %d", b)
			}
		}
		if b := g.BrandOfTheDay(d); b >= len(g.Brands()) {
			t.Fatalf("brand of the day %d", b)
		}
	}
}

func TestOtherCatalogues(t *testing.T) {
	laptops := large(300)
	for name, stock := range map[string][]dataset.Product{
		"one product":     {{Name: "A", Category: "TV", Brand: "B", PriceCents: 1, ScreenSize: 55}},
		"without sizes":   laptops,
		"two categories":  append(large(50), dataset.Default().Products[:50]...),
		"one brand":       dataset.Default().Products[20:100],
		"extremes":        {{Name: "A", Category: "X", Brand: "B", PriceCents: 1}, {Name: "C", Category: "X", Brand: "B", PriceCents: dataset.MaxPriceCents}},
		"a brand of each": brandEach(2000),
	} {
		t.Run(name, func(t *testing.T) { checkSound(t, market(t, stock, figures(), 5), len(stock)) })
	}
	t.Run("100,000 products", func(t *testing.T) { checkSound(t, market(t, large(100_000), figures(), 5), 100_000) })
}

// What a table allows at its ends does no harm.
func TestExtremeFigures(t *testing.T) {
	for name, change := range map[string]func(*goods.Figures){
		"all at its most": func(f *goods.Figures) {
			f.Popularity = goods.Popularity{Exponent: 300, Turnover: 200, TurnoverDays: 2000, Renewed: 100, RiseDays: 182, Fade: 99}
			f.Prices = goods.Prices{Usual: 1000, Above: 1000, Below: 1000}
			f.Promotions.PerYear, f.Promotions.Longest, f.Promotions.MostOff, f.Promotions.Elasticity = 13, 28, 99, -40
			f.Promotions.Events.BlackFriday = goods.Event{Name: "x", Products: 100, LeastOff: 99, MostOff: 99}
			f.Sizes = []goods.Size{{Inches: 1, Weight: 1}, {Inches: 1000, Weight: 1_000_000}}
			f.Stores, f.StoreSales = map[string]int64{"Samsung": 400, "LG": -90}, 100
			f.Quantity = goods.Quantities{ByPrice: []goods.Multiple{{0, 0}, {1_000_000, 1000}}, Triples: 100}
		},
		"all at its least": func(f *goods.Figures) {
			*f = goods.Figures{
				Popularity: goods.Popularity{TurnoverDays: 1, RiseDays: 1}, Prices: goods.Prices{Usual: 1},
				Promotions: goods.Promotions{Shortest: 1, Longest: 1, Names: []string{"x"}},
				Quantity:   goods.Quantities{ByPrice: []goods.Multiple{{0, 0}}},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := figures()
			change(f)
			stock := append(large(1000), dataset.Default().Products...)
			stock = append(stock, dataset.Product{Name: "cheap", Category: "X", Brand: "Y", PriceCents: 1})
			stock = append(stock, dataset.Product{Name: "dear", Category: "X", Brand: "Y", PriceCents: dataset.MaxPriceCents})
			g := market(t, stock, f, 9)
			checkSound(t, g, len(stock))
			for _, price := range []sale.Cents{1, 100, 5000_00, dataset.MaxPriceCents} {
				for random := uint64(1); random != 0; random <<= 1 {
					if n := g.Quantity(price, random-1); n < 1 || n > 3 {
						t.Fatalf("%d pieces", n)
					}
				}
			}
		})
	}
}

func brandEach(n int) []dataset.Product {
	all := large(n)
	for i := range all {
		all[i].Brand = all[i].Name
	}
	return all
}

// Laptops, which have no sizes, follow a power law too, and the cheapest do not win.
func TestLaptops(t *testing.T) {
	stock := large(500)
	g := market(t, stock, figures(), 1)
	sold := make([]float64, len(stock))
	var r prng.Rand = 1
	for d := range int32(42) {
		offer := g.On(newYear+d, false)
		for range 5000 {
			sold[offer.Draw(&r, goods.Neutral)]++
		}
	}
	if e := exponent(sold); e < 0.7 || e > 1.1 {
		t.Errorf("exponent %.2f, want .7 to 1.1", e)
	}
	wins := 0
	for b, brand := range g.Brands() {
		best := brand.First
		for i := brand.First; i < brand.End; i++ {
			if sold[i] > sold[best] {
				best = i
			}
		}
		if best == g.Cheapest(b) {
			wins++
		}
	}
	if wins > len(g.Brands())/3 {
		t.Errorf("the cheapest wins in %d of %d brands", wins, len(g.Brands()))
	}
}

// What a product is in the catalogue is what stands in a sale.
func TestProductsAreThoseOfTheCatalogue(t *testing.T) {
	stock := map[string]dataset.Product{}
	for _, p := range dataset.Default().Products {
		stock[p.Name] = p
	}
	g := market(t, dataset.Default().Products, figures(), 1)
	for _, p := range g.Products() {
		want := stock[p.Name.String()]
		if p.Category != sale.NewText(want.Category) || p.DisplayType != sale.NewText(want.DisplayType) || p.OS != sale.NewText(want.OS) ||
			p.Resolution != sale.NewText(want.Resolution) || p.List != sale.Cents(want.PriceCents) || p.ScreenSize != int64(want.ScreenSize) ||
			g.Brands()[p.Brand].Name != sale.NewText(want.Brand) {
			t.Errorf("got %+v, want %+v", p, want)
		}
	}
	if name := g.Brands()[0].Name.String(); name != "Samsung" {
		t.Errorf("the strongest brand is %s, want Samsung", name)
	}
}

// Quantities fall evenly with the price, from the table's first to its last.
func TestQuantity(t *testing.T) {
	g := market(t, dataset.Default().Products, figures(), 1)
	const draws = 200_000
	for _, c := range []struct {
		price sale.Cents
		want  float64
	}{{1, 180}, {100_00, 150}, {200_00, 120}, {300_00, 97.5}, {600_00, 62.5}, {3000_00, 15}, {1_000_000_00, 15}} {
		var r prng.Rand = 8
		several, triples := 0.0, 0.0
		for range draws {
			switch g.Quantity(c.price, r.Next()) {
			case 3:
				triples++
				several++
			case 2:
				several++
			}
		}
		if got := 1000 * several / draws; math.Abs(got-c.want) > 4 {
			t.Errorf("%s: %.1f of 1000 orders have several pieces, want %.1f", c.price, got, c.want)
		}
		if got := 100 * triples / several; math.Abs(got-25) > 3 {
			t.Errorf("%s: %.1f %% of these have three, want 25", c.price, got)
		}
	}
}

func TestFiguresThatContradictEachOther(t *testing.T) {
	for path, change := range map[string]func(*goods.Figures){
		"sizes[1].inches":                          func(f *goods.Figures) { f.Sizes[1].Inches = f.Sizes[0].Inches },
		"sizes[2].weight":                          func(f *goods.Figures) { f.Sizes[2].Weight = 0 },
		"quantity.by_price":                        func(f *goods.Figures) { f.Quantity.ByPrice = nil },
		"quantity.by_price[3].price":               func(f *goods.Figures) { f.Quantity.ByPrice[3].Price = 1 },
		"popularity.turnover_days":                 func(f *goods.Figures) { f.Popularity.TurnoverDays = 0 },
		"popularity.rise_days":                     func(f *goods.Figures) { f.Popularity.RiseDays = 0 },
		"popularity.fade":                          func(f *goods.Figures) { f.Popularity.Fade = 100 },
		"prices.usual":                             func(f *goods.Figures) { f.Prices.Usual = 0 },
		"promotions.shortest":                      func(f *goods.Figures) { f.Promotions.Shortest = 15 },
		"promotions.longest":                       func(f *goods.Figures) { f.Promotions.Longest = 29 },
		"promotions.names":                         func(f *goods.Figures) { f.Promotions.Names = nil },
		"promotions.elasticity":                    func(f *goods.Figures) { f.Promotions.Elasticity = 1 },
		"promotions.least_off":                     func(f *goods.Figures) { f.Promotions.LeastOff = 21 },
		"promotions.events.black_friday.least_off": func(f *goods.Figures) { f.Promotions.Events.BlackFriday.MostOff = 1 },
	} {
		f := figures()
		change(f)
		_, err := goods.New(dataset.Default().Products, f, 1)
		var invalid *parameters.Invalid
		if !errors.As(err, &invalid) || invalid.Path != path {
			t.Errorf("got %v, want an error about %s", err, path)
		}
	}
	if _, err := goods.New(nil, figures(), 1); err == nil || !strings.Contains(err.Error(), "no products") {
		t.Errorf("no products: %v", err)
	}
}
