package web

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"salesburst/dashboards"
	"salesburst/shared/local/web/webtest"
)

func TestPageInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newSite(t, true)
	for name, screen := range map[string]webtest.Screen{
		"light":  {Width: 1280, Height: 900, Scheme: "light", Scale: 1},
		"dark":   {Width: 1280, Height: 900, Scheme: "dark", Scale: 1},
		"wide":   {Width: 1900, Height: 1000, Scheme: "dark", Scale: 1},
		"tablet": {Width: 820, Height: 1180, Scheme: "light", Scale: 1},
		"phone":  {Width: 390, Height: 844, Scheme: "dark", Scale: 2},
		"small":  {Width: 320, Height: 640, Scheme: "light", Scale: 2},
	} {
		for _, d := range dashboards.All() {
			t.Run(d.Slug+"/"+name, func(t *testing.T) {
				p := webtest.Open(t, b, s.URL+"/"+d.Slug, screen)
				expectFit(t, p, screen.Width)
				if n := webtest.Evaluate[int](t, p, `document.querySelectorAll(".body > svg, .body > table, .body > .none").length`); n != len(d.Panels()) {
					t.Errorf("%d panels are drawn, want %d", n, len(d.Panels()))
				}
				background := webtest.Evaluate[string](t, p, `getComputedStyle(document.body).backgroundColor`)
				if dark := strings.HasPrefix(background, "rgb(14"); dark != (screen.Scheme == "dark") {
					t.Errorf("the background is %s on a %s screen", background, screen.Scheme)
				}
				if told := webtest.Evaluate[string](t, p, `document.getElementById("notice").innerText`); told != "Records that are no <events>: 3." {
					t.Errorf("told is %q", told)
				}
				p.ExpectMotion(t)
				p.Screenshot(t, d.Slug+"-"+name)
				p.ExpectNoComplaints(t)
			})
		}
	}
}

// expectFit: nothing is wider than the screen, no drawing wider than its panel.
func expectFit(t *testing.T, p *webtest.Tab, width int64) {
	t.Helper()
	if wide := webtest.Evaluate[int64](t, p, "document.documentElement.scrollWidth"); wide > width {
		t.Errorf("the page is %d wide on a screen of %d", wide, width)
	}
	const drawings = `[...document.querySelectorAll(".body > svg")]`
	const tooLarge = `.filter((s) => s.getBoundingClientRect().width > s.parentElement.clientWidth + 1).length`
	if n := webtest.Evaluate[int](t, p, drawings+tooLarge); n > 0 {
		t.Errorf("%d drawings are wider than their panels", n)
	}
}

// A reader changes the time range, chooses a brand, goes to the other dashboard and back,
// and turns the screen into a phone.
func TestReaderInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newSite(t, true)
	p := webtest.Open(t, b, s.URL+"/sales", webtest.Screen{Width: 1280, Height: 900, Scheme: "light", Scale: 1})
	label := func(id int) string {
		return fmt.Sprintf(`document.getElementById("body-%d").getAttribute("aria-label")`, id)
	}
	before := webtest.Evaluate[string](t, p, label(2))
	p.Do(t, chromedp.SetValue(chromedp.CSS("#range"), "1h"))
	webtest.Evaluate[bool](t, p, `document.getElementById("range").dispatchEvent(new Event("change"))`)
	p.WaitUntil(t, label(2)+" !== "+strconv.Quote(before)+` && location.search === "?range=1h"`)

	p.WaitUntil(t, `document.querySelectorAll("[data-name=brand] input").length > 4`)
	p.Do(t, chromedp.Click(chromedp.CSS("[data-name=brand] summary")), chromedp.Click(chromedp.CSS(`[data-name=brand] input[value="Sony"]`)))
	p.WaitUntil(t, label(20)+`.startsWith("Top selling brands: Sony") && !`+label(20)+`.includes("Samsung")`)
	if got := webtest.Evaluate[string](t, p, `document.querySelector("[data-name=brand] b").textContent + location.search`); got != "Sony?range=1h&brand=Sony" {
		t.Errorf("chosen is %s", got)
	}
	p.Do(t, chromedp.Reload())
	p.WaitUntil(t, label(20)+`.startsWith("Top selling brands: Sony") && !`+label(20)+`.includes("Samsung")`)
	p.WaitUntil(t, `document.querySelectorAll("[data-name=brand] input:checked").length === 1`)
	p.Do(t, chromedp.Click(chromedp.CSS("[data-name=brand] summary")))
	p.Screenshot(t, "chosen")
	p.Do(t, chromedp.Click(chromedp.CSS(`[data-name=brand] .all`)))
	p.WaitUntil(t, label(20)+`.includes("Samsung")`)

	p.Do(t, chromedp.Focus(chromedp.CSS("#panel-1 .about")))
	if got := webtest.Evaluate[string](t, p, `getComputedStyle(document.getElementById("about-1")).display`); got != "block" {
		t.Errorf("the description is shown as %s where its button has the focus", got)
	}

	p.Do(t, chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2)))
	p.WaitUntil(t, `[...document.querySelectorAll(".body > svg")].every((s) => s.getBoundingClientRect().width <= s.parentElement.clientWidth + 1)`)
	expectFit(t, p, 390)
	p.Do(t, chromedp.Navigate(webtest.Evaluate[string](t, p, `document.querySelector("nav a:not([aria-current])").href`)))
	p.WaitUntil(t, `document.querySelector("h1").textContent === "Pipeline" && `+label(101)+`.startsWith("Age of the newest sale: age ")`)
	expectFit(t, p, 390)
	p.ExpectNoComplaints(t)
}

func TestThemeButton(t *testing.T) {
	p := webtest.Open(t, webtest.Browser(t), newSite(t, true).URL, webtest.Screen{Width: 1000, Height: 800, Scheme: "light", Scale: 1})
	scheme := `getComputedStyle(document.documentElement).colorScheme`
	for _, want := range []string{"dark", "light", "dark"} {
		p.Do(t, chromedp.Click(chromedp.CSS("#theme")))
		if got := webtest.Evaluate[string](t, p, scheme); got != want {
			t.Errorf("the theme is %s, want %s", got, want)
		}
	}
	p.Do(t, chromedp.Reload())
	if got := webtest.Evaluate[string](t, p, scheme); got != "dark" {
		t.Errorf("after a reload the theme is %s, want dark", got)
	}
	p.ExpectNoComplaints(t)
}

func TestSpikeForm(t *testing.T) {
	b := webtest.Browser(t)
	s := newSite(t, true)
	p := webtest.Open(t, b, s.URL+"/pipeline", webtest.Screen{Width: 1280, Height: 900, Scheme: "light", Scale: 1})
	p.Do(t,
		chromedp.Click(chromedp.CSS(`#spike-box summary`)),
		chromedp.SetValue(chromedp.CSS(`#spike [name=function]`), "store"),
		chromedp.SetValue(chromedp.CSS(`#spike [name=events]`), "4000"),
		chromedp.Click(chromedp.CSS(`#spike button`)))
	p.WaitUntil(t, `document.getElementById("answer").textContent.startsWith("4,000 events published in ")`)
	if got := s.published(); got != 4000 {
		t.Errorf("%d events are published, want 4000", got)
	}
	p.ExpectNoComplaints(t)

	p.Do(t,
		chromedp.SetValue(chromedp.CSS(`#spike [name=only-brand]`), "Nokia"),
		chromedp.Click(chromedp.CSS(`#spike button`)))
	p.WaitUntil(t, `document.getElementById("answer").textContent.startsWith("InvalidTrigger: brand")`)
}

func TestPageWithoutSales(t *testing.T) {
	b := webtest.Browser(t)
	s := newSite(t, false)
	for _, d := range dashboards.All() {
		p := webtest.NewTab(t, b)
		p.Do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL+"/"+d.Slug))
		p.WaitUntil(t, fmt.Sprintf(`document.querySelectorAll(".none").length === %d && document.querySelector(".body").textContent === "no sales"`, len(d.Panels())))
		p.Screenshot(t, d.Slug+"-empty")
		p.ExpectNoComplaints(t)
	}
}
