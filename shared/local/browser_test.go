package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"salesburst/dashboards"
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

// newTab listens to what the page complains about.
func newTab(t *testing.T, browser context.Context) *tab {
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
	return p
}

// open opens a dashboard and waits until all of it is drawn.
func open(t *testing.T, browser context.Context, url string, s screen) *tab {
	t.Helper()
	p := newTab(t, browser)
	p.do(t, chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateScale(s.scale)))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	p.do(t, chromedp.Navigate(url))
	p.waitUntil(t, `document.querySelectorAll(".body svg, .body table").length > 8 && [...document.querySelectorAll(".body")].every((b) => b.firstChild)`)
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
		"wide":   {1900, 1000, "dark", 1},
		"tablet": {820, 1180, "light", 1},
		"phone":  {390, 844, "dark", 2},
		"small":  {320, 640, "light", 2},
	} {
		for _, d := range dashboards.All() {
			t.Run(d.Slug+"/"+name, func(t *testing.T) {
				p := open(t, b, s.URL+"/"+d.Slug, screen)
				expectFit(t, p, screen.width)
				if n := evaluate[int](t, p, `document.querySelectorAll(".body > svg, .body > table, .body > .none").length`); n != len(d.Panels()) {
					t.Errorf("%d panels are drawn, want %d", n, len(d.Panels()))
				}
				background := evaluate[string](t, p, `getComputedStyle(document.body).backgroundColor`)
				if dark := strings.HasPrefix(background, "rgb(14"); dark != (screen.scheme == "dark") {
					t.Errorf("the background is %s on a %s screen", background, screen.scheme)
				}
				expectMotion(t, p)
				p.screenshot(t, d.Slug+"-"+name)
				p.expectNoComplaints(t)
			})
		}
	}
}

// expectFit: nothing is wider than the screen, no drawing wider than its panel.
func expectFit(t *testing.T, p *tab, width int64) {
	t.Helper()
	if wide := evaluate[int64](t, p, "document.documentElement.scrollWidth"); wide > width {
		t.Errorf("the page is %d wide on a screen of %d", wide, width)
	}
	const tooLarge = `[...document.querySelectorAll(".body > svg")].filter((s) => s.getBoundingClientRect().width > s.parentElement.clientWidth + 1).length`
	if n := evaluate[int](t, p, tooLarge); n > 0 {
		t.Errorf("%d drawings are wider than their panels", n)
	}
}

// A reader changes the time range, chooses a brand, goes to the other dashboard and back,
// and turns the screen into a phone.
func TestReaderInABrowser(t *testing.T) {
	s := newSite(t, true)
	p := open(t, browser(t), s.URL+"/sales", screen{1280, 900, "light", 1})
	label := func(id int) string {
		return fmt.Sprintf(`document.getElementById("body-%d").getAttribute("aria-label")`, id)
	}
	before := evaluate[string](t, p, label(2))
	p.do(t, chromedp.SetValue(chromedp.CSS("#range"), "1h"))
	evaluate[bool](t, p, `document.getElementById("range").dispatchEvent(new Event("change"))`)
	p.waitUntil(t, label(2)+" !== "+strconv.Quote(before)+` && location.search === "?range=1h"`)

	p.waitUntil(t, `document.querySelectorAll("[data-name=brand] input").length > 4`)
	p.do(t, chromedp.Click(chromedp.CSS("[data-name=brand] summary")), chromedp.Click(chromedp.CSS(`[data-name=brand] input[value="Sony"]`)))
	p.waitUntil(t, label(20)+`.startsWith("Top selling brands: Sony") && !`+label(20)+`.includes("Samsung")`)
	if got := evaluate[string](t, p, `document.querySelector("[data-name=brand] b").textContent + location.search`); got != "Sony?range=1h&brand=Sony" {
		t.Errorf("chosen is %s", got)
	}
	p.do(t, chromedp.Reload())
	p.waitUntil(t, label(20)+`.startsWith("Top selling brands: Sony") && !`+label(20)+`.includes("Samsung")`)
	p.waitUntil(t, `document.querySelectorAll("[data-name=brand] input:checked").length === 1`)
	p.do(t, chromedp.Click(chromedp.CSS("[data-name=brand] summary")))
	p.screenshot(t, "chosen")
	p.do(t, chromedp.Click(chromedp.CSS(`[data-name=brand] .all`)))
	p.waitUntil(t, label(20)+`.includes("Samsung")`)

	p.do(t, chromedp.Focus(chromedp.CSS("#panel-1 .about")))
	if got := evaluate[string](t, p, `getComputedStyle(document.getElementById("about-1")).display`); got != "block" {
		t.Errorf("the description is shown as %s where its button has the focus", got)
	}

	p.do(t, chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)))
	p.waitUntil(t, `[...document.querySelectorAll(".body > svg")].every((s) => s.getBoundingClientRect().width <= s.parentElement.clientWidth + 1)`)
	expectFit(t, p, 390)
	p.do(t, chromedp.Navigate(evaluate[string](t, p, `document.querySelector("nav a:not([aria-current])").href`)))
	p.waitUntil(t, `document.querySelector("h1").textContent === "Pipeline" && `+label(101)+`.startsWith("Age of the newest sale: age ")`)
	expectFit(t, p, 390)
	p.expectNoComplaints(t)
}

// The program as people start it: six hours of history through the real functions, and
// a spike.
func TestProgramInABrowser(t *testing.T) {
	b := browser(t)
	program := startProgram(t, nil, "-listen", "127.0.0.1:0", "-history", "6h")
	url := program.url(t)
	t.Log(program.waitFor(t, "on the page after"))
	for name, screen := range map[string]screen{
		"program-light": {1440, 900, "light", 1},
		"program-dark":  {1440, 900, "dark", 1},
		"program-phone": {390, 844, "light", 2},
	} {
		p := open(t, b, url, screen)
		expectMotion(t, p)
		time.Sleep(2 * time.Second) // the panels have drawn the latest
		p.screenshot(t, name)
		p.expectNoComplaints(t)
	}
	p := open(t, b, url+"/sales", screen{1280, 900, "light", 1})
	p.do(t, chromedp.Click(chromedp.CSS(`#spike-box summary`)),
		chromedp.SetValue(chromedp.CSS(`[name=events]`), "3000"),
		chromedp.SetValue(chromedp.CSS(`[name=scenario]`), "payment-outage"), chromedp.Click(chromedp.CSS(`#spike button`)))
	p.waitUntil(t, `document.getElementById("answer").textContent.startsWith("3,000 events published in ")`)
	p.expectNoComplaints(t)
	p = open(t, b, url+"/pipeline", screen{1280, 900, "light", 1})
	p.waitUntil(t, `document.getElementById("body-123").textContent.includes("payment-outage")`)
	p.expectNoComplaints(t)
	if last := program.interrupt(t); !strings.Contains(last, ", 0 missing, 0 duplicated") {
		t.Errorf("it ends with %q", last)
	}
}

func expectMotion(t *testing.T, p *tab) {
	t.Helper()
	const panels = `[...document.querySelectorAll(".body")].map((b) => b.getAttribute("aria-label")).join()`
	figures, clock := evaluate[string](t, p, panels), p.text(t, "time")
	start := time.Now()
	p.waitUntil(t, panels+" !== "+strconv.Quote(figures)+` && document.getElementById("time").textContent !== "`+clock+`"`)
	if took := time.Since(start); took > 30*time.Second {
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
	p := open(t, browser(t), s.URL+"/pipeline", screen{1280, 900, "light", 1})
	p.do(t,
		chromedp.Click(chromedp.CSS(`#spike-box summary`)),
		chromedp.SetValue(chromedp.CSS(`[name=function]`), "store"),
		chromedp.SetValue(chromedp.CSS(`[name=events]`), "4000"),
		chromedp.Click(chromedp.CSS(`#spike button`)))
	p.waitUntil(t, `document.getElementById("answer").textContent.startsWith("4,000 events published in ")`)
	if got := s.tally.totals().Published; got != 4000 {
		t.Errorf("%d events are published, want 4000", got)
	}
	p.waitUntil(t, `document.getElementById("body-113").textContent.includes("4,000")`) // the burst, as it came back
	p.expectNoComplaints(t)

	p.do(t,
		chromedp.SetValue(chromedp.CSS(`[name=brand]`), "Nokia"),
		chromedp.Click(chromedp.CSS(`#spike button`)))
	p.waitUntil(t, `document.getElementById("answer").textContent.startsWith("InvalidTrigger: brand")`)
}

func TestPageWithoutSales(t *testing.T) {
	b := browser(t)
	s := newSite(t, false)
	for _, d := range dashboards.All() {
		p := newTab(t, b)
		p.do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL+"/"+d.Slug))
		p.waitUntil(t, fmt.Sprintf(`document.querySelectorAll(".none").length === %d && document.querySelector(".body").textContent === "no sales"`, len(d.Panels())))
		p.screenshot(t, d.Slug+"-empty")
		p.expectNoComplaints(t)
	}
}
