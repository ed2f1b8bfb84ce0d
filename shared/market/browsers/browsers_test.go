package browsers_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"salesburst/shared/market/browsers"
	"salesburst/shared/parameters"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// usual are the figures of the table.
func usual() *browsers.Figures {
	f := &browsers.Figures{ReleaseDays: 28, Families: map[string]uint64{
		"iphone_safari": 500, "iphone_chrome": 80, "android_chrome": 330, "samsung_internet": 70, "android_firefox": 20,
		"windows_chrome": 500, "windows_edge": 150, "windows_firefox": 40, "mac_safari": 140, "mac_chrome": 110,
		"mac_firefox": 15, "linux_chrome": 15, "linux_firefox": 5, "chromebook": 25,
		"ipad_safari": 560, "ipad_chrome": 60, "android_tablet": 260, "samsung_tablet": 120,
	}, Updates: browsers.Updates{Prompt: 72, Late: 20, PromptDays: 14, LateDays: 60, BehindDays: 270}}
	f.Devices.Mobile, f.Devices.Desktop, f.Devices.Tablet = 54, 42, 4
	return f
}

func newBrowsers(tb testing.TB, f *browsers.Figures) *browsers.Browsers {
	tb.Helper()
	b, err := browsers.New(f)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func day(text string) int64 {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t.Unix() / (24 * 60 * 60)
}

// orders are what is in use on a day, by n customers.
func orders(b *browsers.Browsers, date string, n int) []*browsers.Browser {
	all := make([]*browsers.Browser, n)
	s := b.On(day(date))
	r := prng.New(11, uint64(day(date)))
	for i := range all {
		all[i] = s.Of(r.Next())
	}
	return all
}

// kinds tell the families apart by what stands in the text, the first one that fits; the share is that within the device.
var kinds = []struct {
	name, device string
	is           *regexp.Regexp
	share        float64
}{
	{"iphone_safari", "Mobile", regexp.MustCompile(`^Mozilla/5\.0 \(iPhone; CPU iPhone OS \d+_\d+ like Mac OS X\) AppleWebKit/605\.1\.15 \(KHTML, like Gecko\) Version/(\d+)\.(\d) Mobile/15E148 Safari/604\.1$`), 50},
	{"iphone_chrome", "Mobile", regexp.MustCompile(`^Mozilla/5\.0 \(iPhone; CPU iPhone OS \d+_\d like Mac OS X\) AppleWebKit/605\.1\.15 \(KHTML, like Gecko\) CriOS/(\d+)\.0\.(\d{4,6})\.(\d{2,3}) Mobile/15E148 Safari/604\.1$`), 8},
	{"android_chrome", "Mobile", regexp.MustCompile(`^Mozilla/5\.0 \(Linux; Android 10; K\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Mobile Safari/537\.36$`), 33},
	{"samsung_internet", "Mobile", regexp.MustCompile(`^Mozilla/5\.0 \(Linux; Android 10; K\) AppleWebKit/537\.36 \(KHTML, like Gecko\) SamsungBrowser/(\d\d+)\.0 Chrome/(\d+)\.0\.0\.0 Mobile Safari/537\.36$`), 7},
	{"android_firefox", "Mobile", regexp.MustCompile(`^Mozilla/5\.0 \(Android \d\d; Mobile; rv:\d+\.0\) Gecko/(\d+)\.0 Firefox/(\d+)\.0$`), 2},
	{"windows_chrome", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Safari/537\.36$`), 50},
	{"windows_edge", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Safari/537\.36 Edg/(\d+)\.0\.0\.0$`), 15},
	{"windows_firefox", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64; rv:\d+\.0\) Gecko/20100101 Firefox/(\d+)\.0$`), 4},
	{"mac_safari", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(Macintosh; Intel Mac OS X 10_15_7\) AppleWebKit/605\.1\.15 \(KHTML, like Gecko\) Version/(\d+)\.(\d) Safari/605\.1\.15$`), 14},
	{"mac_chrome", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(Macintosh; Intel Mac OS X 10_15_7\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Safari/537\.36$`), 11},
	{"mac_firefox", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(Macintosh; Intel Mac OS X 10\.15; rv:\d+\.0\) Gecko/20100101 Firefox/(\d+)\.0$`), 1.5},
	{"linux_chrome", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(X11; Linux x86_64\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Safari/537\.36$`), 1.5},
	{"linux_firefox", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(X11; Linux x86_64; rv:\d+\.0\) Gecko/20100101 Firefox/(\d+)\.0$`), .5},
	{"chromebook", "Desktop", regexp.MustCompile(`^Mozilla/5\.0 \(X11; CrOS x86_64 14541\.0\.0\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Safari/537\.36$`), 2.5},
	{"ipad_safari", "Tablet", regexp.MustCompile(`^Mozilla/5\.0 \(iPad; CPU OS \d+_\d like Mac OS X\) AppleWebKit/605\.1\.15 \(KHTML, like Gecko\) Version/(\d+)\.(\d) Mobile/15E148 Safari/604\.1$`), 56},
	{"ipad_chrome", "Tablet", regexp.MustCompile(`^Mozilla/5\.0 \(iPad; CPU OS \d+_\d like Mac OS X\) AppleWebKit/605\.1\.15 \(KHTML, like Gecko\) CriOS/(\d+)\.0\.(\d{4,6})\.(\d{2,3}) Mobile/15E148 Safari/604\.1$`), 6},
	{"android_tablet", "Tablet", regexp.MustCompile(`^Mozilla/5\.0 \(Linux; Android 10; K\) AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/(\d+)\.0\.0\.0 Safari/537\.36$`), 26},
	{"samsung_tablet", "Tablet", regexp.MustCompile(`^Mozilla/5\.0 \(Linux; Android 10; K\) AppleWebKit/537\.36 \(KHTML, like Gecko\) SamsungBrowser/(\d\d+)\.0 Chrome/(\d+)\.0\.0\.0 Safari/537\.36$`), 12},
}

// parse finds the family and the versions in a text; kind is −1 for none.
func parse(b *browsers.Browser) (kind int, version [3]float64) {
	text := b.UserAgent.String()
	for i, k := range kinds {
		if found := k.is.FindStringSubmatch(text); found != nil {
			for j, digits := range found[1:] {
				version[j], _ = strconv.ParseFloat(digits, 64)
			}
			return i, version
		}
	}
	return -1, version
}

// parsed are orders by family. It reads each browser once: many orders share one.
func parsed(all []*browsers.Browser) (kind map[*browsers.Browser]int, version map[*browsers.Browser][3]float64) {
	kind, version = make(map[*browsers.Browser]int), make(map[*browsers.Browser][3]float64)
	for _, b := range all {
		if _, ok := kind[b]; !ok {
			kind[b], version[b] = parse(b)
		}
	}
	return kind, version
}

func within(what string, got, from, to float64) error {
	if got < from || got > to || math.IsNaN(got) {
		return fmt.Errorf("%s: %.2f, want %.2f to %.2f", what, got, from, to)
	}
	return nil
}

// checks are what is held of browsers, each over orders of fixed seeds.
var checks = map[string]func(*browsers.Browsers) error{
	// 54, 42 and 4 % of orders, each within half a point.
	"devices": func(b *browsers.Browsers) error {
		const n = 200_000
		counts := make(map[sale.Text]float64)
		for _, o := range orders(b, "2026-11-24", n) {
			counts[o.Device.Text()]++
		}
		var errs []error
		for device, want := range map[string]float64{"Mobile": 54, "Desktop": 42, "Tablet": 4} {
			errs = append(errs, within(device, counts[sale.NewText(device)]*100/n, want-.5, want+.5))
		}
		return errors.Join(errs...)
	},
	// Each within one point of its share, on tablets within two: there are few.
	"families": func(b *browsers.Browsers) error {
		all := orders(b, "2026-11-24", 200_000)
		kind, _ := parsed(all)
		counts, devices := make([]float64, len(kinds)), make(map[string]float64)
		for _, o := range all {
			if kind[o] >= 0 {
				counts[kind[o]]++
				devices[kinds[kind[o]].device]++
			}
		}
		var errs []error
		for i, k := range kinds {
			tolerance := 1.
			if k.device == "Tablet" {
				tolerance = 2
			}
			errs = append(errs, within(k.name, counts[i]*100/devices[k.device], k.share-tolerance, k.share+tolerance))
		}
		return errors.Join(errs...)
	},
	// At least 60 among 20,000 orders of any day.
	"variety": func(b *browsers.Browsers) error {
		var errs []error
		for _, date := range []string{"2000-01-01", "2023-11-01", "2024-09-20", "2026-01-05", "2026-11-24", "2031-05-05", "2080-02-29"} {
			seen := make(map[sale.Text]bool)
			for _, o := range orders(b, date, 20_000) {
				seen[o.UserAgent] = true
			}
			errs = append(errs, within("user agents on "+date, float64(len(seen)), 60, 400))
		}
		return errors.Join(errs...)
	},
	// The newest in use is the newest that was out.
	"calendar": func(b *browsers.Browsers) error {
		var errs []error
		for _, c := range []struct {
			date                          string
			chrome, edge, firefox, safari float64
			samsung                       float64
		}{
			{"2023-12-06", 120, 119, 120, 17.1, 23},
			{"2023-12-20", 120, 120, 121, 17.2, 23},
			{"2024-11-12", 131, 130, 132, 18.1, 27},
			{"2025-12-02", 143, 142, 145, 26.1, 29},
			{"2025-12-29", 143, 143, 146, 26.2, 29},
			{"2026-11-30", 155, 155, 158, 27.1, 32},
			{"2026-12-01", 156, 155, 158, 27.1, 32},
			{"2027-10-01", 166, 166, 169, 28.0, 34},
		} {
			newest := make(map[string]float64)
			kind, version := parsed(orders(b, c.date, 20_000))
			for o, v := range version {
				name := kinds[kind[o]].name
				if strings.HasSuffix(name, "safari") {
					v[0] += v[1] / 10
				}
				newest[name] = max(newest[name], v[0])
			}
			for name, want := range map[string]float64{"windows_chrome": c.chrome, "iphone_chrome": c.chrome, "windows_edge": c.edge, "windows_firefox": c.firefox,
				"iphone_safari": c.safari, "mac_safari": c.safari, "samsung_internet": c.samsung} {
				errs = append(errs, within(name+" on "+c.date, newest[name], want-.01, want+.01))
			}
		}
		return errors.Join(errs...)
	},
	// Two weeks after Chrome 131: 68 to 76 % have it, 3 to 9 % are on 128 or older, which came out
	// three months before.
	"lag": func(b *browsers.Browsers) error {
		all := orders(b, "2024-11-26", 200_000)
		kind, version := parsed(all)
		var n, newest, old float64
		for _, o := range all {
			if k := kind[o]; k < 0 || kinds[k].name != "windows_chrome" {
				continue
			}
			n++
			if version[o][0] == 131 {
				newest++
			}
			if version[o][0] <= 128 {
				old++
			}
		}
		return errors.Join(within("have the newest, in %", newest*100/n, 68, 76), within("are months behind, in %", old*100/n, 3, 9))
	},
}

func TestBrowsersAreAsInTheWorld(t *testing.T) {
	b := newBrowsers(t, usual())
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			if err := check(b); err != nil {
				t.Error(err)
			}
		})
	}
}

// Each check notices when what it is about is switched off, and no other does.
func TestEachMechanismIsNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		off   func(*browsers.Figures)
		fails []string
	}{
		"devices alike": {func(f *browsers.Figures) { f.Devices.Mobile, f.Devices.Desktop, f.Devices.Tablet = 1, 1, 1 }, []string{"devices"}},
		"families alike": {func(f *browsers.Figures) {
			for name := range f.Families {
				f.Families[name] = 1
			}
		}, []string{"families"}},
		"calendar stands still":   {func(f *browsers.Figures) { f.LastDay = day("2024-12-24") }, []string{"calendar"}},
		"releases twice as often": {func(f *browsers.Figures) { f.ReleaseDays = 14 }, []string{"calendar"}},
		"few are prompt":          {func(f *browsers.Figures) { f.Updates.Prompt, f.Updates.Late = 40, 52 }, []string{"lag"}},
		"nobody stays behind":     {func(f *browsers.Figures) { f.Updates.Late = 28 }, []string{"lag", "variety"}},
		"all update at once": {func(f *browsers.Figures) {
			f.Updates = browsers.Updates{Prompt: 100, PromptDays: 1, LateDays: 1, BehindDays: 1}
		}, []string{"lag", "variety"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := usual()
			c.off(f)
			b := newBrowsers(t, f)
			var failed []string
			for name, check := range checks {
				if err := check(b); err != nil {
					t.Log(err)
					failed = append(failed, name)
				}
			}
			slices.Sort(failed)
			if !slices.Equal(failed, c.fails) {
				t.Errorf("noticed by %v, want %v", failed, c.fails)
			}
		})
	}
}

// released are days that are known, or follow from the rule of four weeks.
var released = map[float64]string{111: "2023-03-07", 120: "2023-12-05", 121: "2024-01-23", 131: "2024-11-12", 132: "2025-01-14", 140: "2025-09-02",
	143: "2025-12-02", 144: "2025-12-30", 156: "2026-12-01", 169: "2027-11-30"}

// Each text is well-formed, agrees with what is said of the browser, and has no version that was not out.
func TestEachUserAgentMakesSense(t *testing.T) {
	b := newBrowsers(t, usual())
	ofApple, ofChrome := regexp.MustCompile("iPhone|iPad|Macintosh"), regexp.MustCompile("Chrome/|CriOS/")
	for date := day("2023-11-01"); date < day("2032-01-01"); date += 37 {
		s := b.On(date)
		r := prng.New(3, uint64(date))
		for range 300 {
			o := s.Of(r.Next())
			text := o.UserAgent.String()
			kind, version := parse(o)
			if kind < 0 {
				t.Fatalf("%q is not well-formed", text)
			}
			if k := kinds[kind]; k.device != o.Device.Text().String() {
				t.Fatalf("%s with %q", o.Device.Text(), text)
			}
			if want := ofApple.MatchString(text); o.Apple != want {
				t.Fatalf("Apple's: %v, %q", o.Apple, text)
			}
			if want := strings.Contains(text, "Android") || ofChrome.MatchString(text) && !strings.Contains(text, "Edg/"); o.Google != want {
				t.Fatalf("Google's: %v, %q", o.Google, text)
			}
			chrome := version[0]
			switch name := kinds[kind].name; {
			case strings.HasPrefix(name, "samsung"):
				chrome = version[1]
			case strings.HasSuffix(name, "firefox"), strings.HasSuffix(name, "safari"):
				chrome = 0
			case name == "windows_edge" && version[0] != version[1]:
				t.Fatalf("Edge is no Chrome of its own: %q", text)
			}
			for least, on := range released {
				if chrome >= least && date < day(on) {
					t.Fatalf("%v before Chrome %v came out: %q", time.Unix(date*24*60*60, 0).UTC(), least, text)
				}
			}
		}
	}
}

// A customer keeps device and family, and never goes back to an older version.
func TestCustomersOnlyGoForward(t *testing.T) {
	b := newBrowsers(t, usual())
	r := prng.New(5, 5)
	for range 60 {
		bits := r.Next()
		var before *browsers.Browser
		for date := day("2023-10-01"); date < day("2029-01-01"); date += 11 {
			o := b.On(date).Of(bits)
			if before != nil && before.UserAgent != o.UserAgent {
				was, from := parse(before)
				is, to := parse(o)
				if was != is || slices.Compare(from[:], to[:]) > 0 {
					t.Fatalf("from %q to %q", before.UserAgent, o.UserAgent)
				}
			}
			before = o
		}
	}
}

// Nothing is known of how browsers named themselves before.
func TestBeforeTheCalendarBegins(t *testing.T) {
	b := newBrowsers(t, usual())
	for _, date := range []string{"1969-12-31", "2000-01-01", "2023-10-31"} {
		if b.On(day(date)) != b.On(day("2023-11-01")) {
			t.Errorf("%s has browsers of its own", date)
		}
	}
}

// Whatever is used at the same time, in whatever order.
func TestConcurrentUse(t *testing.T) {
	b, alone := newBrowsers(t, usual()), newBrowsers(t, usual())
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			r := prng.New(9, uint64(g/2))
			for i := range 3000 {
				bits, date := r.Next(), day("2026-01-01")+int64(i%20)
				if got, want := b.On(date).Of(bits), alone.On(date).Of(bits); *got != *want {
					t.Errorf("%v, want %v", got, want)
					return
				}
			}
		})
	}
	all.Wait()
	if s := b.On(day("2026-01-01")); s.Of(7) != b.On(day("2026-01-01")).Of(7) {
		t.Error("one browser is made twice")
	}
}

func TestShare(t *testing.T) {
	b := newBrowsers(t, usual())
	var counts [2][2]float64 // by Apple and Google
	n := 200_000
	number := map[bool]int{true: 1}
	for _, o := range orders(b, "2026-11-24", n) {
		counts[number[o.Apple]][number[o.Google]]++
	}
	sum := float64(b.Share(false, false) + b.Share(true, false) + b.Share(false, true) + b.Share(true, true))
	for _, apple := range []bool{false, true} {
		for _, google := range []bool{false, true} {
			want := float64(b.Share(apple, google)) * 100 / sum
			if err := within(fmt.Sprintf("Apple %v, Google %v", apple, google), counts[number[apple]][number[google]]*100/float64(n), want-.5, want+.5); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestFiguresAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*browsers.Figures)
		path   string
	}{
		"no device":          {func(f *browsers.Figures) { f.Devices.Mobile, f.Devices.Desktop, f.Devices.Tablet = 0, 0, 0 }, "browsers.devices"},
		"no tablet's family": {func(f *browsers.Figures) { f.Families = map[string]uint64{"iphone_safari": 1, "mac_safari": 1} }, "browsers.families"},
		"an unknown family":  {func(f *browsers.Figures) { f.Families["mosaic"] = 1 }, "browsers.families.mosaic"},
		"over 100":           {func(f *browsers.Figures) { f.Updates.Late = 29 }, "browsers.updates.late"},
		"late before prompt": {func(f *browsers.Figures) { f.Updates.LateDays = 13 }, "browsers.updates.late_days"},
		"no prompt day":      {func(f *browsers.Figures) { f.Updates.PromptDays = 0 }, "browsers.updates.late_days"},
		"behind before late": {func(f *browsers.Figures) { f.Updates.BehindDays = 59 }, "browsers.updates.behind_days"},
		"no time":            {func(f *browsers.Figures) { f.ReleaseDays = 0 }, "browsers.release_days"},
	} {
		t.Run(name, func(t *testing.T) {
			f := usual()
			c.change(f)
			_, err := browsers.New(f)
			var invalid *parameters.Invalid
			if !errors.As(err, &invalid) || invalid.Path != c.path {
				t.Errorf("%v, want it to be about %s", err, c.path)
			}
		})
	}
}

var update = flag.Bool("update", false, "write testdata anew")

// The same browsers on every platform.
func TestBrowsersAreReproducible(t *testing.T) {
	b := newBrowsers(t, usual())
	var got strings.Builder
	for _, date := range []string{"2000-01-01", "2024-03-01", "2026-11-24", "2040-07-01"} {
		for _, o := range orders(b, date, 40) {
			fmt.Fprintln(&got, date, o.Device.Text(), o.UserAgent)
		}
	}
	const golden = "testdata/browsers.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("not what %s says:\n%s", golden, got.String())
	}
}

func TestDrawsAllocateNothing(t *testing.T) {
	b := newBrowsers(t, usual())
	orders(b, "2026-11-24", 50_000) // makes the texts
	r, today := prng.New(11, uint64(day("2026-11-24"))), day("2026-11-24")
	if n := testing.AllocsPerRun(1000, func() { b.On(today).Of(r.Next()) }); n > 0 {
		t.Errorf("%.0f allocations a draw", n)
	}
}

func BenchmarkNew(b *testing.B) {
	f := usual()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := browsers.New(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOnAnotherDay(b *testing.B) {
	all := newBrowsers(b, usual())
	date := day("2026-01-01")
	b.ReportAllocs()
	for b.Loop() {
		date++
		all.On(date)
	}
}

func BenchmarkOf(b *testing.B) {
	all, date := newBrowsers(b, usual()), day("2026-11-24")
	r := prng.New(1, 1)
	for range 50_000 {
		all.On(date).Of(r.Next())
	}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		all.On(date).Of(r.Next())
	}
}
