// Package dataset knows what can be sold: the catalogue that is built into the program, and the
// loader that reads another one.
//
// A catalogue is a CSV file with one product a row and these columns:
//
//	PRODUCT_NAME, PRICING, URL, BRAND, SCREEN_SIZE, DISPLAY_TYPE, RESOLUTION, OS, CATEGORY, CURRENCY
//
// Without CATEGORY all are TV sets, without CURRENCY the prices are in US dollars.
//
// Such files come from shops, by way of crawlers and spreadsheets, and are untidy. [Load] tidies what it can and
// reports every row that it cannot use; it never guesses.
package dataset

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
	"sync"
)

// CategoryTV is the category of TV sets, which must tell what screen they have.
const CategoryTV = "TV"

// Product is one product that can be sold. Every field holds a canonical value, however its row was written.
type Product struct {
	Name       string // unique in a catalogue, whatever the letter case; at most MaxNameLength characters
	Category   string // CategoryTV, or as the catalogue writes it: Laptop, …
	PriceCents int64  // hundredths of the currency's unit, 1 to MaxPriceCents
	URL        string // of the product's page, http or https; may be empty
	Brand      string // in the maker's spelling: Samsung, LG, VIZIO, …

	// Of a TV set these are canonical, and only OS may be empty. Of other goods each may be empty,
	// or 0, where the row does not tell it; the texts are as the catalogue has them.
	ScreenSize  int    // inches, diagonal, MinScreenSize to MaxScreenSize
	DisplayType string // LCD, LED, Mini-LED, QLED, Neo QLED, QNED, OLED, QD-OLED or MicroLED
	Resolution  string // HD, Full HD, 4K UHD or 8K UHD
	OS          string // Tizen, webOS, Google TV, …; empty where the set has none or its row does not tell
}

// Catalogue is a list of products, in the order of their file.
type Catalogue struct {
	Products []Product
	Currency string // of all prices, a code of ISO 4217

	// Hash is a SHA-256 over the products in their order. It names what is sold and not how it was written: two
	// files that differ in quoting, spaces, letter case of the header or order of the columns have the same Hash.
	// Of TV sets in US dollars it does not depend on whether the file has CATEGORY and CURRENCY.
	Hash [32]byte
}

// Default returns the catalogue that is built into the program. It is one catalogue, parsed once and shared by all
// callers: do not change it.
func Default() *Catalogue { return defaultCatalogue() }

//go:embed tv_catalog.csv
var defaultCSV string

var defaultCatalogue = sync.OnceValue(func() *Catalogue {
	c, report, err := Load(strings.NewReader(defaultCSV))
	if err != nil {
		panic(fmt.Sprintf("dataset: the built-in catalogue: %v", err))
	}
	if report.Used != report.Rows {
		panic(fmt.Sprintf("dataset: the built-in catalogue: %v", report))
	}
	return c
})

// Open is Load for the file at path, which its errors name.
func Open(path string) (*Catalogue, Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Report{}, fmt.Errorf("opening the catalogue: %w", err)
	}
	defer f.Close()
	c, report, err := Load(f)
	if err != nil {
		return nil, report, fmt.Errorf("catalogue %s: %w", path, err)
	}
	return c, report, nil
}
