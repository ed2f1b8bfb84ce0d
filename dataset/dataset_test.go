package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestDefaultIsBelievable(t *testing.T) {
	c := Default()
	if len(c.Products) < 500 {
		t.Errorf("%d products, want at least 500", len(c.Products))
	}
	names, pages, sizes := map[string]bool{}, map[string]bool{}, []int{}
	brands, prices := map[string]int{}, []int64{}
	for _, tv := range c.Products {
		if names[strings.ToLower(tv.Name)] || pages[tv.URL] {
			t.Errorf("%s is there twice, by name or URL", tv.Name)
		}
		names[strings.ToLower(tv.Name)], pages[tv.URL] = true, true
		if u, err := url.Parse(tv.URL); err != nil || u.Host != "shop.example" {
			t.Errorf("%s: URL %q is not of the example shop", tv.Name, tv.URL)
		}
		if !strings.HasPrefix(tv.Name, tv.Brand+" - ") {
			t.Errorf("%s does not begin with its brand, %s", tv.Name, tv.Brand)
		}
		if !slices.Contains(knownBrands, tv.Brand) {
			t.Errorf("%s: brand %q is not a known one", tv.Name, tv.Brand)
		}
		brands[tv.Brand]++
		prices = append(prices, tv.PriceCents)
		sizes = append(sizes, tv.ScreenSize)
	}
	if lo, hi := slices.Min(sizes), slices.Max(sizes); lo != 24 || hi != 115 {
		t.Errorf("sizes are %d to %d inches, want 24 to 115", lo, hi)
	}
	if lo, hi := slices.Min(prices), slices.Max(prices); lo != 69_99 || hi != 29_999_99 {
		t.Errorf("prices are %s to %s, want 69.99 to 29,999.99", amount(lo), amount(hi))
	}
	if len(brands) < 12 {
		t.Errorf("%d brands, want a shop's choice of at least 12", len(brands))
	}
	if brands["Samsung"] <= brands["Sony"] || brands["Sony"] <= brands["Sharp"] {
		t.Errorf("models per brand %v: want more of Samsung than of Sony, and of Sony than of Sharp", brands)
	}
}

// A larger or higher-resolved set of the same series does not cost less.
func TestDefaultPricesRiseWithSize(t *testing.T) {
	c := Default()
	series := map[string][]Product{}
	for _, tv := range c.Products {
		_, kind, _ := strings.Cut(tv.Name, "\" Class ")
		series[tv.Brand+" "+kind] = append(series[tv.Brand+" "+kind], tv)
	}
	for name, tvs := range series {
		slices.SortFunc(tvs, func(a, b Product) int { return a.ScreenSize - b.ScreenSize })
		for i := 1; i < len(tvs); i++ {
			if tvs[i].PriceCents < tvs[i-1].PriceCents {
				t.Errorf("%s: %d inches cost %s but %d inches %s", name,
					tvs[i-1].ScreenSize, amount(tvs[i-1].PriceCents), tvs[i].ScreenSize, amount(tvs[i].PriceCents))
			}
		}
	}
}

func TestDefaultFileIsTidy(t *testing.T) {
	if got := written(t, Default()); string(got) != defaultCSV {
		want := strings.Split(defaultCSV, "\n")
		for i, line := range strings.Split(string(got), "\n") {
			if i >= len(want) || line != want[i] {
				t.Fatalf("line %d of tv_catalog.csv is not in canonical form, want\n%s", i+1, line)
			}
		}
		t.Fatal("tv_catalog.csv has more lines than products")
	}
	sorted := slices.IsSortedFunc(Default().Products, func(a, b Product) int {
		if c := strings.Compare(strings.ToLower(a.Brand), strings.ToLower(b.Brand)); c != 0 {
			return c
		}
		return a.ScreenSize - b.ScreenSize
	})
	if !sorted {
		t.Error("tv_catalog.csv is not sorted by brand and size")
	}
}

func TestDefaultIsParsedOnce(t *testing.T) {
	if first, second := Default(), Default(); first != second {
		t.Error("two calls returned two catalogues")
	}
}

// A file as a crawler left it, where it is at hand. The kinds of untidiness in it have their own rows in
// TestLoadTidies and TestLoadRefuses.
func TestCrawledFile(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "data", "TV_DATASET_USA.csv")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here: it is somebody else's and not part of the repository", path)
	}
	c, report, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != 557 || report.Used != 529 || report.Repeated != 2 || report.Refused != 26 {
		t.Errorf("got %v\nwant 557 rows: 529 used, 2 repeated, 26 refused", report)
	}
	reasons := map[string]int{}
	for _, p := range report.Problems {
		reasons[p.Column]++
	}
	if reasons["PRICING"] != 15 || reasons["DISPLAY_TYPE"] != 8 || reasons["RESOLUTION"] != 3 {
		t.Errorf("refused by column: %v, want 15 for a second price, 8 for the display type, 3 for the resolution", reasons)
	}
	if len(c.Products) != report.Used {
		t.Errorf("%d products, the report says %d", len(c.Products), report.Used)
	}
	for _, want := range []Product{
		{Name: `Sony - 100" Class BRAVIA XR X92 LED 4K UHD Full Array Smart Google TV`, PriceCents: 9_999_99,
			Brand: "Sony", ScreenSize: 100, DisplayType: "LED", Resolution: "4K UHD", OS: "Google TV"},
		{Name: `Samsung - 110" Class Micro LED 4K Smart Tizen TV`, PriceCents: 149_999_99,
			Brand: "Samsung", ScreenSize: 110, DisplayType: "MicroLED", Resolution: "4K UHD", OS: "Tizen"},
		{Name: `Insignia - 32" Class F20 Series LED HD Smart Fire TV`, PriceCents: 79_99,
			Brand: "Insignia", ScreenSize: 32, DisplayType: "LED", Resolution: "HD", OS: "Fire TV"},
		{Name: `VIZIO - 40" Class D-Series LED 1080P Smart TV`, PriceCents: 169_99,
			Brand: "VIZIO", ScreenSize: 40, DisplayType: "LED", Resolution: "Full HD", OS: ""},
		{Name: `LG - 86" Class 99 Series QNED Mini-LED 8K UHD Smart webOS TV`, PriceCents: 3_799_99,
			Brand: "LG", ScreenSize: 86, DisplayType: "QNED", Resolution: "8K UHD", OS: "webOS"},
		{Name: `Sony - 65" class BRAVIA XR X93L Mini LED 4K HDR Google TV`, PriceCents: 2_199_99,
			Brand: "Sony", ScreenSize: 65, DisplayType: "Mini-LED", Resolution: "4K UHD", OS: "Google TV"},
		{Name: `Samsung - 55" Class QN90B Neo QLED 4K Smart Tizen TV`, PriceCents: 999_99,
			Brand: "Samsung", ScreenSize: 55, DisplayType: "Neo QLED", Resolution: "4K UHD", OS: "Tizen"},
	} {
		i := slices.IndexFunc(c.Products, func(tv Product) bool { return tv.Name == want.Name })
		if i < 0 {
			t.Errorf("%s is missing", want.Name)
			continue
		}
		got := c.Products[i]
		got.URL, want.Category = "", CategoryTV
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	checkReload(t, c)
}

func TestOpenNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.csv")
	if _, _, err := Open(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "mine.csv") {
		t.Errorf("a missing file: %v, want fs.ErrNotExist with its name", err)
	}
	if err := os.WriteFile(path, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "mine.csv") {
		t.Errorf("another kind of file: %v, want ErrInvalid with its name", err)
	}
}

// written is the catalogue as a file in canonical form.
func written(t *testing.T, c *Catalogue) []byte {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{strings.Split(allColumns(), ",")}
	usual := c.Currency == defaultCurrency
	for _, p := range c.Products {
		usual = usual && p.Category == CategoryTV
		size := strings.TrimPrefix(strconv.Itoa(p.ScreenSize), "0")
		rows = append(rows, []string{p.Name, amount(p.PriceCents), p.URL, p.Brand, size,
			p.DisplayType, p.Resolution, p.OS, p.Category, c.Currency})
	}
	for i, row := range rows {
		if usual { // as the file that is built in
			row = row[:category]
		}
		if usual && i > 0 {
			row[pricing] = "$" + row[pricing]
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return b.Bytes()
}

// checkReload fails unless the catalogue survives being written and loaded.
func checkReload(t *testing.T, c *Catalogue) {
	t.Helper()
	again, report, err := Load(bytes.NewReader(written(t, c)))
	if err != nil {
		t.Fatalf("loading what was written: %v", err)
	}
	if report.Used != len(c.Products) || report.Used != report.Rows {
		t.Fatalf("loading what was written: %v, want all %d used", report, len(c.Products))
	}
	for i := range c.Products {
		if c.Products[i] != again.Products[i] {
			t.Fatalf("written %+v\nloaded  %+v", c.Products[i], again.Products[i])
		}
	}
	if c.Currency != again.Currency {
		t.Errorf("written in %s, loaded in %s", c.Currency, again.Currency)
	}
	if c.Hash != again.Hash {
		t.Error("the same products have two hashes")
	}
}
