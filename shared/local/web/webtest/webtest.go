// Package webtest looks at the dashboards' pages in Chromium, for tests. Start with [Open].
package webtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Browser starts Chromium without a window. With -short it skips the test.
func Browser(t *testing.T) context.Context {
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
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// Tab is a page in the browser, and what it complained about.
type Tab struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Screen is what a page is looked at with.
type Screen struct {
	Width, Height int64   // in CSS pixels
	Scheme        string  // light or dark
	Scale         float64 // of its pixels to those of CSS
}

// NewTab listens to what the page complains about.
func NewTab(t *testing.T, browser context.Context) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	p := &Tab{ctx: ctx}
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

// Open opens a dashboard and waits until all of it is drawn.
func Open(t *testing.T, browser context.Context, url string, s Screen) *Tab {
	t.Helper()
	p := NewTab(t, browser)
	p.Do(t, chromedp.EmulateViewport(s.Width, s.Height, chromedp.EmulateScale(s.Scale)))
	media := emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.Scheme}},
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
	p.Do(t, chromedp.Navigate(url))
	p.WaitUntil(t, `document.querySelectorAll(".body svg, .body table").length > 8 &&
		[...document.querySelectorAll(".body")].every((b) => b.firstChild)`)
	return p
}

// Do takes steps, such as a click.
func (p *Tab) Do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// WaitUntil waits up to a minute until a condition in JavaScript holds.
func (p *Tab) WaitUntil(t *testing.T, condition string) {
	t.Helper()
	poll := chromedp.Poll[bool](`!!(`+condition+`)`, chromedp.WithPollingTimeout(time.Minute))
	if _, err := chromedp.Run(p.ctx, poll); err != nil {
		t.Fatalf("waiting until %s: %v", condition, err)
	}
}

// Evaluate returns the value of an expression in JavaScript.
func Evaluate[T any](t *testing.T, p *Tab, expression string) T {
	t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// ExpectNoComplaints fails the test where the page has written warnings or errors.
func (p *Tab) ExpectNoComplaints(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.complaints {
		t.Errorf("the browser complains: %s", c)
	}
}

// Screenshot leaves a picture of the whole page in the folder SCREENSHOT_DIR, or with
// the other artifacts of the test.
func (p *Tab) Screenshot(t *testing.T, name string) {
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

// ExpectMotion waits until the figures and the clock have changed.
func (p *Tab) ExpectMotion(t *testing.T) {
	t.Helper()
	const panels = `[...document.querySelectorAll(".body")].map((b) => b.getAttribute("aria-label")).join()`
	const clock = `document.getElementById("time").textContent`
	figures, shown := Evaluate[string](t, p, panels), Evaluate[string](t, p, clock)
	start := time.Now()
	p.WaitUntil(t, panels+" !== "+strconv.Quote(figures)+" && "+clock+" !== "+strconv.Quote(shown))
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("the numbers took %v to move", took)
	}
}
