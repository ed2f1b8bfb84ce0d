package local

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"salesburst/shared/sale"
)

// goods writes a catalogue of laptops, of which every row after the first two is refused.
func goods(t *testing.T, refused int) (path string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("PRODUCT_NAME,PRICING,BRAND,CATEGORY\n1,5 EUR,A,Laptop\n1,5 EUR,A,Laptop\n")
	for i := range refused {
		fmt.Fprintf(&text, "Laptop %d,free,A,Laptop\n", i)
	}
	path = filepath.Join(t.TempDir(), "goods.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGoodsAndWhatCannotBeUsed(t *testing.T) {
	path := goods(t, 11)
	rejects := filepath.Join(filepath.Dir(path), "rejects.csv")
	stdout, stderr, status := runProgram(t, nil,
		"-once", "-history", "2m", "-catalogue", path, "-rejects", rejects, "-out", "-")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for line := range strings.Lines(stdout) {
		var s sale.Sale
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Category.String() != "Laptop" || s.Currency.String() != "EUR" {
			t.Fatalf("sold: %s", line)
		}
	}
	for _, says := range []string{
		"-catalogue " + path + ": 13 rows: 1 used, 1 repeated, 11 refused\n",
		"\n  line 13, PRICING: \"free\" is not a price",
		"\n  and 1 more\nall that cannot be used is in " + rejects + "\n",
	} {
		if !strings.Contains(stderr, says) {
			t.Errorf("it does not say %q:\n%s", says, stderr)
		}
	}
	if strings.Contains(stderr, "line 14,") {
		t.Errorf("more than ten rows are shown:\n%s", stderr)
	}
	f, err := os.Open(rejects)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 12 || !slices.Equal(rows[11][:3], []string{"14", "PRICING", "free"}) {
		t.Errorf("%v, %v: want a header and 11 rows", rows, err)
	}
}

func TestPageIsInTheCatalogueCurrency(t *testing.T) {
	p := startProgram(t, nil, "-listen", "127.0.0.1:0", "-history", "0", "-catalogue", goods(t, 0))
	response, err := http.Get(p.url(t) + "/sales")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), "amounts in EUR.") {
		t.Errorf("the page is not in euros: %v, %s", err, body)
	}
}

// The template of the market, with a figure changed, is a market.
func TestMarketOfAFile(t *testing.T) {
	template, stderr, status := runProgram(t, nil, "-market-template")
	changed := strings.Replace(template, "\"triples\": 25", "\"triples\": 100", 1)
	if status != 0 || changed == template {
		t.Fatalf("status %d, %s:\n%s", status, stderr, template)
	}
	path := filepath.Join(t.TempDir(), "market.json")
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := runProgram(t, nil, "-once", "-history", "5m", "-market", path, "-out", "-")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	events, twos, threes := 0, 0, 0
	for line := range strings.Lines(stdout) {
		var s sale.Sale
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		events++
		switch s.Quantity {
		case 2:
			twos++
		case 3:
			threes++
		}
	}
	if threes == 0 || twos > 0 {
		t.Errorf("%d of %d orders are of three pieces, %d of two", threes, events, twos)
	}
}

// What is wrong is told also where nothing is left to sell.
func TestCatalogueThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct{ more, says string }{
		"two currencies": {"2,5 GBP,A,Laptop\n3,free,A,Laptop\n", "two currencies, EUR in line 2 and GBP in line 4"},
		"no usable row":  {"", "none of the 2 rows can be used"},
	} {
		path := goods(t, 0)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.more == "" {
			text = []byte(strings.ReplaceAll(string(text), "5 EUR", "free"))
		}
		if err := os.WriteFile(path, append(text, c.more...), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr, status := runProgram(t, nil, "-once", "-catalogue", path)
		const where = "-rejects FILE writes all that cannot be used into a file\n"
		last := stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:]
		if status != 1 || !strings.Contains(last, c.says) || !strings.Contains(stderr, `: "free" is not a price`) ||
			!strings.Contains(stderr, where) {
			t.Errorf("%s: status %d:\n%s", name, status, stderr)
		}
	}
}
