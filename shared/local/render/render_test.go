package render

import (
	"bytes"
	"encoding/xml"
	"image"
	_ "image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/market"
	"salesburst/shared/question"
	"salesburst/shared/sale"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// frames are those of real sales of fifteen minutes, and of a day before.
func frames(t *testing.T, d dashboards.Dashboard, selected map[string][]string) map[int]dashboards.Frame {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	tab, err := columnstore.Open(contract.DefaultTopic, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	for _, f := range []burst.Request{
		{Channel: contract.ChannelOnline, At: noon, Over: 15 * time.Minute, Events: 9000}, {Channel: contract.ChannelStore, At: noon, Over: 15 * time.Minute, Events: 1500},
		{Channel: contract.ChannelOnline, At: noon.Add(-3 * time.Minute), Over: 4 * time.Minute, Events: 2000, Scenario: "payment-outage"},
		{Channel: contract.ChannelOnline, At: noon.Add(-24 * time.Hour), Over: 15 * time.Minute, Events: 8000},
	} {
		f.Origin = "picture"
		b, err := burst.New(m, f)
		if err != nil {
			t.Fatal(err)
		}
		var s sale.Sale
		rows := make([]columnstore.Row, b.Len())
		for i := range rows {
			b.At(i, &s)
			if rows[i], err = columnstore.RowOf(&s); err != nil {
				t.Fatal(err)
			}
			rows[i].Arrived(f.At.Add(time.Duration(i%200) * time.Second).UnixMilli())
		}
		if err := tab.Add(rows); err != nil {
			t.Fatal(err)
		}
	}
	all := make(map[int]dashboards.Frame)
	for _, p := range d.Panels() {
		columns, rows, err := tab.Ask(t.Context(), p.Ask(question.Choice{From: noon.Add(-15 * time.Minute), To: noon, Selected: selected}))
		if err != nil {
			t.Fatal(err)
		}
		if all[p.ID], err = dashboards.FrameOf(p, columns, rows); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Each panel is well-formed, keeps to its place, and says in words what it shows.
func TestBodies(t *testing.T) {
	for _, d := range dashboards.All() {
		all := frames(t, d, nil)
		for _, p := range d.Panels() {
			for _, width := range []int{220, 420, 1200} {
				body, label := Body(p, all[p.ID], noon.Add(-15*time.Minute), noon, width, p.Height*UnitHeight)
				if err := xml.NewDecoder(strings.NewReader(body)).Decode(new(any)); err != nil && err != io.EOF {
					for dec := xml.NewDecoder(strings.NewReader(body)); ; {
						if _, err := dec.Token(); err == io.EOF {
							break
						} else if err != nil {
							t.Fatalf("%s is not well-formed: %v\n%.300s", p.Title, err, body)
						}
					}
				}
				if strings.Contains(body, "NaN") || strings.Contains(body, "Inf ") || strings.Contains(body, `Inf"`) {
					t.Errorf("%s has numbers that are none", p.Title)
				}
				if !strings.HasPrefix(label, p.Title+": ") || len(label) < len(p.Title)+5 {
					t.Errorf("%s is described as %q", p.Title, label)
				}
			}
			body, label := Body(p, dashboards.Frame{}, noon, noon, 300, 200)
			if !strings.Contains(body, p.Empty) || !strings.HasSuffix(label, p.Empty) || p.Empty == "" {
				t.Errorf("%s without rows is %s, %s", p.Title, body, label)
			}
		}
	}
}

func TestTextsAreEscaped(t *testing.T) {
	evil := `<script>alert("1")</script>&`
	for _, kind := range []dashboards.Kind{dashboards.Bars, dashboards.Pie, dashboards.Table} {
		p := dashboards.Panel{Title: "t", Kind: kind, Unit: dashboards.Count, Empty: evil}
		f := dashboards.Frame{Columns: []dashboards.Column{
			{Name: "name", Type: dashboards.Text, Values: []any{evil}}, {Name: "n", Type: dashboards.Number, Values: []any{1.0}},
		}}
		body, _ := Body(p, f, noon, noon, 900, 300)
		empty, _ := Body(p, dashboards.Frame{}, noon, noon, 900, 300)
		for _, text := range []string{body, empty} {
			if strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;") {
				t.Errorf("%s: %s", kind, text)
			}
		}
	}
}

// PICTURE_DIR keeps the pictures, to be looked at.
func TestPNG(t *testing.T) {
	dir := os.Getenv("PICTURE_DIR")
	for _, d := range dashboards.All() {
		all := frames(t, d, nil)
		for _, theme := range Themes() {
			b, err := PNG(d, all, noon.Add(-15*time.Minute), noon, theme)
			if err != nil {
				t.Fatal(err)
			}
			im, kind, err := image.Decode(bytes.NewReader(b))
			if err != nil || kind != "png" || im.Bounds().Dx() != pictureWidth || im.Bounds().Dy() < 600 {
				t.Errorf("%s: %s of %v, %v", d.Title, kind, im.Bounds(), err)
			}
			if dir != "" {
				if err := os.WriteFile(filepath.Join(dir, d.UID+"-"+theme.Name+".png"), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 9: "9", 999: "999", 1000: "1k", 1250: "1.25k", 12_340: "12.3k", 123_400: "123k", 4_560_000: "4.56M", 2e9: "2B", 0.25: "0.25"} {
		if got := shortNumber(value); got != want {
			t.Errorf("%v is written %s, want %s", value, got, want)
		}
	}
	for _, c := range []struct {
		v        float64
		unit     dashboards.Unit
		decimals int
		want     string
	}{
		{0, dashboards.Dollars, 2, "$0.00"}, {0.05, dashboards.Dollars, 2, "$0.05"}, {1299.9, dashboards.Dollars, 2, "$1,299.90"}, {1234567.89, dashboards.Dollars, 2, "$1,234,567.89"},
		{-1234.5, "currencyEUR", 2, "−€1,234.50"}, {5, "currencyGBP", 0, "£5"},
		{-1234.5, "currencyCHF", 2, "−CHF 1,234.50"},
		{-1234.5, dashboards.Dollars, 2, "−$1,234.50"}, {-0.001, dashboards.Dollars, 2, "$0.00"}, {85.25, dashboards.Percent, 2, "85.25 %"}, {720, dashboards.PerMinute, 1, "720.0/min"}, {61.5, dashboards.Seconds, 1, "61.5 s"},
	} {
		if got := Value(c.v, c.unit, c.decimals); got != c.want {
			t.Errorf("%v is written %s, want %s", c.v, got, c.want)
		}
	}
}

func TestRoundAxis(t *testing.T) {
	for _, c := range []struct {
		most   float64
		wanted int
		top    float64
		steps  int
	}{{0, 5, 1, 1}, {720, 5, 800, 4}, {1, 5, 1, 5}, {18_100, 6, 20_000, 4}, {1_720_000, 6, 2_000_000, 4}, {0.3, 4, 0.3, 3}, {100, 3, 100, 2}} {
		if top, steps := roundAxis(c.most, c.wanted); math.Abs(top-c.top) > 1e-9 || steps != c.steps {
			t.Errorf("%v in at most %d steps: %v in %d, want %v in %d", c.most, c.wanted, top, steps, c.top, c.steps)
		}
	}
}
