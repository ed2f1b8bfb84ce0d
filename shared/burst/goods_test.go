package burst_test

import (
	"fmt"
	"strings"
	"testing"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

const (
	laptops = "PRODUCT_NAME,CATEGORY,PRICING,SCREEN_SIZE,OS\n" +
		"\"Acme - Book 15\"\" with OLED 4K, Google TV app\",Laptop,899 EUR,15.6 in,Windows 11\n" +
		"Visual - Slim LED HD,Laptop,499 EUR,,\n"
	sets = "\"Acme - 65\"\" OLED 4K\",TV,1299 EUR,165 cm,Tizen\n" +
		"\"Acme - 43\"\" LED HD\",television,399 EUR,,\n"
)

// sell makes a burst of a catalogue of one's own.
func sell(t *testing.T, catalogue string) (all []sale.Sale, of map[string]dataset.Product) {
	t.Helper()
	c, report, err := dataset.Load(strings.NewReader(catalogue))
	if err != nil || report.Used != report.Rows {
		t.Fatal(report, err)
	}
	m, err := market.New(c)
	if err != nil {
		t.Fatal(err)
	}
	b, err := burst.New(m, with(slot(contract.Online), func(o *burst.Request) { o.Events = 1000 }))
	if err != nil {
		t.Fatal(err)
	}
	all, of = make([]sale.Sale, b.Len()), make(map[string]dataset.Product)
	for i := range all {
		b.At(i, &all[i])
	}
	for _, p := range c.Products {
		of[p.Name] = p
	}
	return all, of
}

func TestLaptopsAreSoldAsLaptops(t *testing.T) {
	all, _ := sell(t, laptops)
	for _, s := range all {
		if s.Category.String() != "Laptop" || s.Currency.String() != "EUR" {
			t.Fatalf("%s is sold as a %s in %s", s.ProductName, s.Category, s.Currency)
		}
	}
}

// What one product is does not show in the sale of another, also where they are sold in turn.
func TestLaptopsBesideTVSets(t *testing.T) {
	all, of := sell(t, laptops+sets)
	sold := make(map[string]int)
	for _, s := range all {
		p, category := of[s.ProductName.String()], s.Category.String()
		sold[category]++
		screen := s.DisplayType != sale.Text{} && s.Resolution != sale.Text{}
		switch {
		case category != p.Category, s.ScreenSize != int64(p.ScreenSize), s.OS.String() != p.OS:
			t.Fatalf("%s is sold as %s, %d inches, %s", s.ProductName, category, s.ScreenSize, s.OS)
		case screen != (category == dataset.CategoryTV):
			t.Fatalf("%s, a %s, has a screen of %q %q", s.ProductName, category, s.DisplayType, s.Resolution)
		case s.Currency.String() != "EUR":
			t.Fatalf("%s is sold in %s", s.ProductName, s.Currency)
		}
	}
	if sold["TV"] < 100 || sold["Laptop"] < 100 || len(sold) != 2 {
		t.Errorf("sold by category: %v", sold)
	}
}

// Sets of the size that most people want sell more; other goods have no such size.
func TestSizeMattersForTVSetsAlone(t *testing.T) {
	for category, most := range map[string]float64{"Laptop": 62, "TV": 100} {
		var catalogue strings.Builder
		catalogue.WriteString("PRODUCT_NAME,PRICING,BRAND,SCREEN_SIZE,DISPLAY_TYPE,RESOLUTION,CATEGORY\n")
		for i := range 40 { // one of a brand's two may be the better one, whatever its size
			fmt.Fprintf(&catalogue, "huge %d,500,B%d,115,LED,HD,%s\nlarge %d,500,B%d,55,LED,HD,%s\n", i, i, category, i, i, category)
		}
		all, _ := sell(t, catalogue.String())
		n := 0.
		for _, s := range all {
			if strings.HasPrefix(s.ProductName.String(), "large") {
				n++
			}
		}
		if share := 100 * n / float64(len(all)); share < most-24 || share > most {
			t.Errorf("%.0f %% of the %ss sold are the large ones, want %.0f to %.0f", share, category, most-24, most)
		}
	}
}
