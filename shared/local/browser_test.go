package local

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"salesburst/shared/local/web/webtest"
)

// The program as people start it: six hours of history through the real functions, and
// a spike.
func TestProgramInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	program := startProgram(t, nil, "-listen", "127.0.0.1:0", "-history", "6h")
	url := program.url(t)
	t.Log(program.waitFor(t, "on the page after"))
	for name, screen := range map[string]webtest.Screen{
		"program-light": {Width: 1440, Height: 900, Scheme: "light", Scale: 1},
		"program-dark":  {Width: 1440, Height: 900, Scheme: "dark", Scale: 1},
		"program-phone": {Width: 390, Height: 844, Scheme: "light", Scale: 2},
	} {
		p := webtest.Open(t, b, url, screen)
		p.ExpectMotion(t)
		time.Sleep(2 * time.Second) // the panels have drawn the latest
		p.Screenshot(t, name)
		p.ExpectNoComplaints(t)
	}
	p := webtest.Open(t, b, url+"/sales", webtest.Screen{Width: 1280, Height: 900, Scheme: "light", Scale: 1})
	p.Do(t, chromedp.Click(chromedp.CSS(`#spike-box summary`)),
		chromedp.SetValue(chromedp.CSS(`[name=events]`), "3000"),
		chromedp.SetValue(chromedp.CSS(`[name=scenario]`), "payment-outage"), chromedp.Click(chromedp.CSS(`#spike button`)))
	p.WaitUntil(t, `document.getElementById("answer").textContent.startsWith("3,000 events published in ")`)
	p.ExpectNoComplaints(t)
	p = webtest.Open(t, b, url+"/pipeline", webtest.Screen{Width: 1280, Height: 900, Scheme: "light", Scale: 1})
	p.WaitUntil(t, `document.getElementById("body-123").textContent.includes("payment-outage")`)
	p.WaitUntil(t, `document.getElementById("body-113").textContent.includes("3,000")`) // the burst, as it came back
	p.ExpectNoComplaints(t)
	if last := program.interrupt(t); !strings.Contains(last, ", 0 missing, 0 duplicated") {
		t.Errorf("it ends with %q", last)
	}
}
