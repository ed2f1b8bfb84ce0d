package local

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser starts Chromium without a window.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("this test looks at the page in a browser, and there is none: apt-get install chromium")
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true),
	)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// tab is a page in the browser, and what it complained about.
type tab struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

type screen struct {
	width, height int64
	scheme        string // light or dark
	scale         float64
}

// open opens the page and waits for the first numbers.
func open(t *testing.T, browser context.Context, url string, s screen) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	p := &tab{ctx: ctx}
	console := chromedp.Console(ctx)
	go func() {
		for message, err := range console {
			if err == nil && !slices.Contains([]chromedp.ConsoleType{"log", "debug", "info"}, message.Type) {
				p.mu.Lock()
				p.complaints = append(p.complaints, string(message.Type)+": "+message.Text)
				p.mu.Unlock()
			}
		}
	}()
	p.do(t, chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(s.scale)))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	p.do(t, chromedp.Navigate(url))
	p.waitUntil(t, `document.querySelector("#chart-revenue svg") && document.querySelectorAll("#latest tr").length > 3`)
	return p
}

func (p *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func (p *tab) waitUntil(t *testing.T, condition string) {
	t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`!!(`+condition+`)`, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		t.Fatalf("waiting until %s: %v", condition, err)
	}
}

func evaluate[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (p *tab) text(t *testing.T, id string) string {
	t.Helper()
	return evaluate[string](t, p, `document.getElementById("`+id+`").textContent`)
}

func (p *tab) expectNoComplaints(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		t.Errorf("the browser complains: %s", c)
	}
}

// screenshot leaves a picture of the whole page in the folder SCREENSHOT_DIR, or with
// the other artifacts of the test.
func (p *tab) screenshot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOT_DIR")
	if dir == "" {
		dir = t.ArtifactDir()
	}
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPageInABrowser(t *testing.T) {
	b := browser(t)
	s := newSite(t, true)
	for name, screen := range map[string]screen{
		"light":  {1280, 900, "light", 1},
		"dark":   {1280, 900, "dark", 1},
		"tablet": {820, 1180, "light", 1},
		"phone":  {390, 844, "dark", 2},
		"small":  {320, 640, "light", 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, b, s.URL, screen)
			if wide := evaluate[int64](t, p, "document.documentElement.scrollWidth"); wide > screen.width {
				t.Errorf("the page is %d wide on a screen of %d", wide, screen.width)
			}
			if n := evaluate[int](t, p, `document.querySelectorAll(".chart svg").length`); n != 5 {
				t.Errorf("%d charts are drawn, want 5", n)
			}
			background := evaluate[string](t, p, `getComputedStyle(document.body).backgroundColor`)
			if dark := strings.HasPrefix(background, "rgb(14"); dark != (screen.scheme == "dark") {
				t.Errorf("the background is %s on a %s screen", background, screen.scheme)
			}
			expectMotion(t, p)
			p.screenshot(t, name)
			p.expectNoComplaints(t)
		})
	}
}

// The program as people start it: six hours of history through the real functions, and
// a spike. Its screenshots are the README's.
func TestProgramInABrowser(t *testing.T) {
	b := browser(t)
	program := startProgram(t, nil, "-listen", "127.0.0.1:0", "-history", "6h")
	url := program.url(t)
	t.Log(program.waitFor(t, "on the page after"))
	for name, screen := range map[string]screen{
		"page-light": {1280, 900, "light", 1},
		"page-dark":  {1280, 900, "dark", 1},
		"page-phone": {390, 844, "light", 2},
	} {
		p := open(t, b, url, screen)
		expectMotion(t, p)
		time.Sleep(2 * time.Second) // the charts have drawn the latest
		p.screenshot(t, name)
		p.expectNoComplaints(t)
	}
	p := open(t, b, url, screen{1280, 900, "light", 1})
	p.do(t, chromedp.SetValue(chromedp.CSS(`[name=events]`), "3000"),
		chromedp.SetValue(chromedp.CSS(`[name=scenario]`), "payment-outage"), chromedp.Click(chromedp.CSS(`#spike button`)))
	p.waitUntil(t, `document.getElementById("answer").textContent.startsWith("3,000 events published in ")`)
	p.waitUntil(t, `document.getElementById("latest").textContent.includes("payment-outage") || parseFloat(document.getElementById("figure-rate").textContent) > 25`)
	p.expectNoComplaints(t)
	if last := program.interrupt(t); !strings.Contains(last, ", 0 missing, 0 duplicated") {
		t.Errorf("it ends with %q", last)
	}
}

func expectMotion(t *testing.T, p *tab) {
	t.Helper()
	revenue, clock := p.text(t, "figure-revenue"), p.text(t, "time")
	start := time.Now()
	p.waitUntil(t, `document.getElementById("figure-revenue").textContent !== "`+revenue+`" && document.getElementById("time").textContent !== "`+clock+`"`)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the numbers took %v to move", took)
	}
}

func TestThemeButton(t *testing.T) {
	p := open(t, browser(t), newSite(t, true).URL, screen{1000, 800, "light", 1})
	scheme := `getComputedStyle(document.documentElement).colorScheme`
	for _, want := range []string{"dark", "light", "dark"} {
		p.do(t, chromedp.Click(chromedp.CSS("#theme")))
		if got := evaluate[string](t, p, scheme); got != want {
			t.Errorf("the theme is %s, want %s", got, want)
		}
	}
	p.do(t, chromedp.Reload())
	if got := evaluate[string](t, p, scheme); got != "dark" {
		t.Errorf("after a reload the theme is %s, want dark", got)
	}
	p.expectNoComplaints(t)
}

func TestSpikeForm(t *testing.T) {
	s := newSite(t, true)
	p := open(t, browser(t), s.URL, screen{1280, 900, "light", 1})
	p.do(t,
		chromedp.SetValue(chromedp.CSS(`[name=function]`), "store"),
		chromedp.SetValue(chromedp.CSS(`[name=events]`), "4000"),
		chromedp.Click(chromedp.CSS(`#spike button`)))
	p.waitUntil(t, `document.getElementById("answer").textContent.startsWith("4,000 events published in ")`)
	if got := s.tally.totals().Published; got != 4000 {
		t.Errorf("%d events are published, want 4000", got)
	}
	p.waitUntil(t, `parseFloat(document.getElementById("figure-rate").textContent) > 20`) // seen in the stream
	p.expectNoComplaints(t)

	p.do(t,
		chromedp.SetValue(chromedp.CSS(`[name=brand]`), "Nokia"),
		chromedp.Click(chromedp.CSS(`#spike button`)))
	p.waitUntil(t, `document.getElementById("answer").textContent.startsWith("InvalidTrigger: brand")`)
}

func TestPageWithoutSales(t *testing.T) {
	b := browser(t)
	ctx, cancel := chromedp.NewContext(b)
	defer cancel()
	p := &tab{ctx: ctx}
	p.do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(newSite(t, false).URL))
	p.waitUntil(t, `document.getElementById("latest").textContent.includes("No sales yet") && document.getElementById("chart-brands").textContent === "No sales yet"`)
	p.screenshot(t, "empty")
}
