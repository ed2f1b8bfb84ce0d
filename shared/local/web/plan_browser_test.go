package web

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"salesburst/shared/local/web/webtest"
)

// What a person plans by the keyboard alone starts, is shown, and ends.
func TestIncidentsByKeyboard(t *testing.T) {
	s := newSite(t, true)
	p := webtest.Open(t, webtest.Browser(t), s.URL+"/sales", webtest.Screen{Width: 1280, Height: 900, Scheme: "light", Scale: 1})
	const label, said = `document.getElementById("planned-label").textContent`, `document.getElementById("incident-answer").textContent`
	focused := func() string {
		return webtest.Evaluate[string](t, p, `document.activeElement.name || document.activeElement.id`)
	}
	press := func(keys string) { p.Do(t, chromedp.KeyEvent(keys)) }

	p.WaitUntil(t, label+` === "none"`)
	webtest.Evaluate[bool](t, p, `document.querySelector("#incidents-box > summary").focus() || true`)
	press("\r")
	press("\t")
	press("reg")
	for _, field := range []string{"state", "city", "severity", "function"} {
		if press("\t"); focused() != field {
			t.Fatalf("the keyboard is at %s, want %s", focused(), field)
		}
		if field == "state" {
			press("tx")
		}
	}
	press("\t\r")
	p.WaitUntil(t, said+`.startsWith("regional-outage: from ") && `+label+` === "1 running"`)
	if got := s.live.Incidents.Latest().Incidents[0]; got.State != "tx" || got.To == "" {
		t.Errorf("planned is %+v", got)
	}
	webtest.Evaluate[bool](t, p, `document.querySelector("[data-end]").focus() || true`)
	before := webtest.Evaluate[string](t, p, `document.getElementById("planned").innerHTML`)
	p.WaitUntil(t, `document.getElementById("planned").innerHTML !== `+quoted(before)) // drawn anew, with the time
	if focused() != "end-1000" {
		t.Errorf("the keyboard has left the list for %q", focused())
	}
	press("\r")
	p.WaitUntil(t, label+` === "none" && `+said+`.startsWith("regional-outage has ended")`)
	p.WaitUntil(t, `document.activeElement.name === "scenario"`)
	press("\x1b")
	if open := webtest.Evaluate[bool](t, p, `document.getElementById("incidents-box").open`); open {
		t.Error("Escape leaves it open")
	}
	p.ExpectNoComplaints(t)
}

func quoted(text string) string {
	return "`" + text + "`"
}

// A form has the fields that the scenario takes, with what the market has; what is wrong is said beside it.
func TestIncidentForm(t *testing.T) {
	s := newSite(t, true)
	p := webtest.Open(t, webtest.Browser(t), s.URL+"/pipeline", webtest.Screen{Width: 1280, Height: 900, Scheme: "dark", Scale: 1})
	choose := func(form, scenario string) {
		p.Do(t, chromedp.SetValue(chromedp.CSS(form+" [name=scenario]"), scenario))
		webtest.Evaluate[bool](t, p, `document.querySelector("`+form+` [name=scenario]").dispatchEvent(new Event("change"))`)
	}
	fields := func(form string) string {
		return webtest.Evaluate[string](t, p, `[...document.querySelectorAll("`+form+` [data-about]")].filter((l) => l.checkVisibility()).map((l) => l.dataset.about).join(" ")`)
	}
	p.Do(t, chromedp.Click(chromedp.CSS("#incidents-box > summary")))
	for scenario, want := range map[string]string{"flash-sale": "brand product severity", "payment-outage": "payment_method severity", "bot-traffic": "severity", "late-events": "state city severity"} {
		if choose("#incident", scenario); fields("#incident") != want {
			t.Errorf("%s has the fields %s, want %s", scenario, fields("#incident"), want)
		}
	}
	if n := webtest.Evaluate[int](t, p, `document.querySelectorAll("#" + document.querySelector("#incident [name=product]").getAttribute("list") + " option").length`); n < 500 {
		t.Errorf("%d products are offered", n)
	}
	p.Do(t, chromedp.Click(chromedp.CSS("#incidents-box > summary")), chromedp.Click(chromedp.CSS("#spike-box > summary")))
	if got := fields("#spike"); got != "" {
		t.Errorf("where nothing goes wrong there is %s", got)
	}
	choose("#spike", "payment-outage")
	p.Do(t, chromedp.SetValue(chromedp.CSS("#spike [name=payment_method]"), "paypal"), chromedp.SetValue(chromedp.CSS("#spike [name=severity]"), "0.5"),
		chromedp.SetValue(chromedp.CSS("#spike [name=only-brand]"), "LG"), chromedp.Click(chromedp.CSS("#spike [type=submit]")))
	p.WaitUntil(t, `document.getElementById("answer").textContent.startsWith("5,000 events published in ")`)
	if lines, _ := s.live.Truth.count(); lines != 1 {
		t.Fatalf("the truth has %d lines, want 1", lines)
	}
	_, truth := s.call(t, "GET", "/truth.jsonl", "")
	expectContains(t, truth, `"scenario":"payment-outage"`, `"payment_method":"paypal"`, `"severity":0.5`)
	p.ExpectNoComplaints(t) // of refusals the browser complains

	p.Do(t, chromedp.Click(chromedp.CSS("#spike-box > summary")), chromedp.Click(chromedp.CSS("#incidents-box > summary")))
	choose("#incident", "flash-sale")
	p.Do(t, chromedp.SetValue(chromedp.CSS("#incident [name=brand]"), "Nokia"), chromedp.Click(chromedp.CSS("#incident [type=submit]")))
	p.WaitUntil(t, `document.getElementById("incident-answer").textContent.startsWith("InvalidIncident: incidents[0]: brand")`)
	p.WaitUntil(t, `document.querySelectorAll("[aria-invalid]").length === 1 && document.activeElement === document.querySelector("#incident [name=brand][aria-invalid]")`)
	p.Screenshot(t, "incident-refused")

	path := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte(`{"incidents": [{"scenario": "bot-traffic", "from": "2099-11-27T18:00:00Z"}, {"scenario": "flash-sail"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Do(t, chromedp.Click(chromedp.CSS("#plan-box > summary")), chromedp.SetUploadFiles(chromedp.CSS("#plan-file"), []string{path}))
	p.WaitUntil(t, `document.querySelector("[name=plan]").value.includes("flash-sail")`)
	p.Do(t, chromedp.Click(chromedp.CSS("#plan [type=submit]")))
	p.WaitUntil(t, `document.getElementById("plan-answer").textContent.startsWith("InvalidIncident: line 1: incidents[1].scenario: \"flash-sail\": allowed is flash-sale, ")`)
	webtest.Evaluate[string](t, p, `document.querySelector("[name=plan]").value = document.querySelector("[name=plan]").value.replace("sail", "sale")`)
	p.Do(t, chromedp.Click(chromedp.CSS("#plan [type=submit]")))
	p.WaitUntil(t, `document.getElementById("planned-label").textContent === "1 running, 1 planned" && document.getElementById("plan-answer").textContent === "The plan has 2 incidents."`)
	p.Screenshot(t, "incidents")
}

// What is open is no wider than a phone, and can be scrolled to its end.
func TestSheetsFit(t *testing.T) {
	b := webtest.Browser(t)
	s := newSite(t, true)
	if status, a := s.plan(t, "POST", "/incidents", "scenario=viral-product&ramp=10&for=30&decay=5&product=amazon+-+32%22+class+ember+2+series+led+hd+smart+fire+tv"); status != 200 {
		t.Fatalf("%d %+v", status, a)
	}
	for name, screen := range map[string]webtest.Screen{
		"desktop": {Width: 1280, Height: 900, Scheme: "light", Scale: 1},
		"tablet":  {Width: 820, Height: 1180, Scheme: "light", Scale: 1},
		"phone":   {Width: 390, Height: 844, Scheme: "dark", Scale: 2},
		"small":   {Width: 320, Height: 640, Scheme: "light", Scale: 2},
	} {
		p := webtest.Open(t, b, s.URL+"/sales", screen)
		for _, box := range []string{"spike-box", "incidents-box"} {
			p.Do(t, chromedp.Click(chromedp.CSS("#"+box+" > summary")))
			if box == "incidents-box" {
				p.Do(t, chromedp.Click(chromedp.CSS("#plan-box > summary")))
			}
			expectFit(t, p, screen.Width)
			sheet := `document.querySelector("#` + box + ` .sheet")`
			if over := webtest.Evaluate[int](t, p, sheet+`.scrollWidth - `+sheet+`.clientWidth`); over > 0 {
				t.Errorf("%s: %s is %d too wide", name, box, over)
			}
			last := `[...` + sheet + `.querySelectorAll("button")].at(-1)`
			webtest.Evaluate[bool](t, p, `(`+last+`.scrollIntoView(), true)`)
			if seen := webtest.Evaluate[bool](t, p, last+`.getBoundingClientRect().bottom <= innerHeight && `+last+`.getBoundingClientRect().left >= 0`); !seen {
				t.Errorf("%s: the last button of %s is out of sight", name, box)
			}
			p.Screenshot(t, box+"-"+name)
			p.Do(t, chromedp.KeyEvent("\x1b"))
		}
		p.ExpectNoComplaints(t)
	}
}
