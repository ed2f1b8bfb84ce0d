package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"salesburst/shared/prng"
)

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-days 0":       "-days takes 1 to 365",
		"-days 366":     "-days takes 1 to 365",
		"-online 0":     "-online and -stores take 1 to 10000",
		"-stores 10001": "-online and -stores take 1 to 10000",
		"-minutes 0":    "-minutes takes 1 to 100",
		"-quarter -1":   "-minutes takes 1 to 100, -quarter 0 to 275",
		"now":           "nothing is expected behind the flags",
	} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", args, err, want)
		}
	}
}

// portray runs the command on a few days, in a folder of its own with a copy of the document.
func portray(t *testing.T, args string) (folder, out string) {
	t.Helper()
	o, err := parse(append(strings.Fields(args), "-write"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	o.folder = t.TempDir()
	if testing.Short() {
		o.rate = 150
	}
	if err := os.WriteFile(filepath.Join(o.folder, "README.md"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := run(t.Context(), o, &b); err != nil {
		t.Fatal(err)
	}
	return o.folder, b.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// All pictures that the document shows are drawn, and nothing else; they are small and well formed.
func TestPicturesAndFigures(t *testing.T) {
	folder, out := portray(t, "-days 2 -online 3 -stores 2 -minutes 1 -quarter 0")
	text := read(t, filepath.Join(folder, "README.md"))
	if !strings.Contains(out, "| user agents |") || !strings.Contains(text, "\n2 days from 2026-01-01 on, 3 events a minute online") {
		t.Error("the figures are not in the document")
	}
	shown := regexp.MustCompile(`\]\((portrait/\w+\.svg)\)`).FindAllStringSubmatch(text, -1)
	drawn, err := filepath.Glob(filepath.Join(folder, "portrait", "*"))
	if err != nil || len(shown) != len(drawn) || len(drawn) != 9 {
		t.Errorf("%d pictures are shown and %d are drawn, error %v", len(shown), len(drawn), err)
	}
	for _, m := range shown {
		svg := read(t, filepath.Join(folder, m[1]))
		if len(svg) > mostBytes || strings.Contains(svg, "NaN") {
			t.Errorf("%s has %d bytes, or what is no number", m[1], len(svg))
		}
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", m[1], err)
			}
		}
	}
}

// DuckDB answers over what schedules would publish.
func TestQueries(t *testing.T) {
	if testing.Short() {
		t.Skip("it sells two days minute by minute, and installs DuckDB")
	}
	folder, _ := portray(t, "-days 1 -online 6 -stores 2 -minutes 1 -quarter 2")
	text := read(t, filepath.Join(folder, "README.md"))
	for name, first := range map[string]string{"cohorts": "April", "repeat": "1", "rfm": "one large order"} {
		_, rest, _ := strings.Cut(text, "<!-- "+name+":begin -->\n")
		answer, _, found := strings.Cut(rest, "<!-- "+name+":end -->")
		if !found || strings.Count(answer, "\n") < 3 || !strings.Contains(answer, "\n| "+first+" |") {
			t.Errorf("%s: %s", name, answer)
		}
	}
}

// The fit finds the distribution that the orders were drawn from.
func TestFit(t *testing.T) {
	d := nbd{shape: .7, mean: .9}
	counts := make([]float64, mostOrders+1)
	for n := range counts {
		counts[n] = 1e6 * d.share(n)
	}
	if got := fit(counts); math.Abs(got.shape-d.shape) > .01 || math.Abs(got.mean-d.mean) > .01 || got.worstGap(counts) > .01 {
		t.Errorf("the fit is %+v, want %+v", got, d)
	}
}

// Chance alone has a ratio of 1, and minutes that know nothing of each other.
func TestNoiseOfChance(t *testing.T) {
	const rate = 600
	m := &minutes{rate: rate}
	r := prng.New(1, 1)
	for range 20_000 {
		m.expects = append(m.expects, rate)
		m.counts = append(m.counts, float64(r.Poisson(rate*prng.Million)))
	}
	if ratio, next := m.noise(); math.Abs(ratio-1) > .05 || math.Abs(next) > .05 {
		t.Errorf("variance ÷ mean is %.2f, correlation %.2f", ratio, next)
	}
}

func TestRanks(t *testing.T) {
	if got := correlation(ranks([]float64{1, 5, 5, 9}), []float64{0, 1.5, 1.5, 3}); math.Abs(got-1) > 1e-9 {
		t.Errorf("the ranks of ties are not their mean: %f", got)
	}
	var sold []float64
	for i := range 100 {
		sold = append(sold, 1000/float64(i+1))
	}
	if got := exponent(sold); math.Abs(got-1) > 1e-9 {
		t.Errorf("exponent %f of a power law of 1", got)
	}
}

func TestThanksgiving(t *testing.T) {
	for year, want := range map[int]int{2024: 28, 2025: 27, 2026: 26, 2027: 25, 2029: 22} {
		if got := thanksgiving(year); got != want {
			t.Errorf("%d: November %d, want %d", year, got, want)
		}
	}
}

func TestTopShare(t *testing.T) {
	counts := make([]float64, 21)
	counts[1], counts[20] = 95, 5
	if got, want := topShare(counts), 100*100./195; math.Abs(got-want) > 1e-9 {
		t.Errorf("the top twentieth has %.1f %%, want %.1f", got, want)
	}
}
