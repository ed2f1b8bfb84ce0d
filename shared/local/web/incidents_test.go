package web

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/local/emulator"
	"salesburst/shared/market"
	"salesburst/shared/sale"
	"salesburst/shared/score"
)

const isForm = "application/x-www-form-urlencoded"

// plan asks for a change of the plan.
func (s *site) plan(t testing.TB, method, path, body string) (status int, answer struct{ Message, ErrorMessage, ErrorType, Path string }) {
	t.Helper()
	status, text := s.call(t, method, path, body, "Content-Type", isForm)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%d %s", status, text)
	}
	return status, answer
}

// The burst of a minute meets the plan that there was when the minute ended, in both functions and at each
// attempt; what people plan after that is for the minutes to come. The truth can be downloaded.
func TestBurstsMeetThePlan(t *testing.T) {
	var at atomic.Int64 // the clock shows it
	minute := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)
	show := func(t time.Time) { at.Store(t.UnixNano()) }
	show(minute.Add(30 * time.Second))
	clock := emulator.NewClock(func() time.Time { return time.Unix(0, at.Load()) }, 0, 1)
	s := newSiteWith(t, false, clock, contract.DeliveryIdempotent) // which publishes each attempt
	burst := func(function string, end time.Time) (app.Report, []sale.Truth) {
		t.Helper()
		payload := fmt.Sprintf(`{"schedule_arn":"arn:aws:scheduler:local:000000000000:schedule/salesburst/%s","scheduled_time":%q}`, function, end.Format(time.RFC3339))
		before, _ := s.live.Truth.count()
		status, body := s.call(t, "POST", "/invoke/"+function, payload)
		var r app.Report
		if err := json.Unmarshal([]byte(body), &r); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		_, text := s.call(t, "GET", "/truth.jsonl", "")
		all, err := score.ReadTruth(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return r, all[before:]
	}
	if status, a := s.plan(t, "POST", "/incidents", "scenario=demand-drop&for=20&severity=0.9"); status != 200 || a.Message != "demand-drop: from 18:00:30 until 18:20:30" {
		t.Fatalf("%d %+v", status, a)
	}
	first := minute.Add(contract.Slot)
	show(first.Add(time.Second))
	want, truth := burst("online", first)
	if len(truth) != 1 || truth[0].Removed.Events == 0 || !truth[0].Begin.Equal(minute.Add(30*time.Second)) {
		t.Fatalf("the truth is %+v", truth)
	}
	if _, store := burst("store", first); len(store) != 1 || store[0].Scenario != "demand-drop" {
		t.Errorf("in stores it is %+v", store)
	}
	id := s.live.Incidents.Latest().Incidents[0].Number()
	if status, a := s.plan(t, "DELETE", fmt.Sprint("/incidents/", id), ""); status != 200 {
		t.Fatalf("%d %+v", status, a)
	}
	if status, a := s.plan(t, "POST", "/incidents", "scenario=bot-traffic"); status != 200 {
		t.Fatalf("%d %+v", status, a)
	}
	got, again := burst("online", first)
	if got.Events != want.Events || got.Revenue != want.Revenue || got.Bytes != want.Bytes || got.Skipped {
		t.Errorf("another attempt is %+v, want %+v", got, want)
	}
	if !reflect.DeepEqual(again, truth) {
		t.Errorf("another attempt has %d lines of truth, or other ones", len(again))
	}
	second := first.Add(contract.Slot)
	show(second)
	if _, truth := burst("online", second); len(truth) != 1 || truth[0].Scenario != "bot-traffic" || truth[0].Added.Events == 0 {
		t.Errorf("the next minute has %+v", truth)
	}
	if _, truth := burst("store", second); len(truth) != 0 {
		t.Errorf("in stores the next minute has %+v", truth)
	}
}

// What is planned is shown to all readers, can be downloaded, and makes the same plan again.
func TestPlanIsShownAndDownloaded(t *testing.T) {
	s := newSite(t, false)
	next := s.updates(t, "sales")
	label := func() (text string) {
		for u := next(); ; u = next() {
			if u.Incidents != nil {
				return u.Incidents.Label + ": " + u.Incidents.HTML
			}
		}
	}
	if got := label(); !strings.HasPrefix(got, "none: ") || !strings.Contains(got, "nothing is planned") {
		t.Errorf("at first it is %s", got)
	}
	for _, form := range []string{
		"scenario=payment-outage&payment_method=PayPal&for=30m&ramp=10&decay=90s&severity=0.5",
		"scenario=flash-sale&brand=LG&off=15&in=30&for=1h&function=store",
		"scenario=viral-product&product=" + url.QueryEscape(`Amazon - 32" Class Ember 2 Series LED HD Smart Fire TV`),
		"scenario=price-error&price=19.90&from=18:00&to=18:10&more=0",
	} {
		if status, a := s.plan(t, "POST", "/incidents", form); status != 200 {
			t.Fatalf("%s: %d %+v", form, status, a)
		}
	}
	got := label()
	for !strings.Contains(got, "price-error") {
		got = label()
	}
	for _, want := range []string{"planned: ", "PayPal", "LG, store", "every day", "in 2", " until it is ended", "32&#34; Class"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q: %s", want, got)
		}
	}
	status, file := s.call(t, "GET", "/incidents.json", "")
	plan, err := incidents.Read([]byte(file))
	if err != nil || status != 200 || len(plan.Incidents) != 4 {
		t.Fatalf("%d %s: %v", status, file, err)
	}
	commented := "// kept\n" + strings.Replace(file, `"incidents"`, `"random": {"per_day": 3, "of": ["bot-traffic"]}, "incidents"`, 1)
	if status, a := s.plan(t, "PUT", "/incidents", commented); status != 200 || a.Message != "The plan has 4 incidents, and those that come by chance." {
		t.Fatalf("%d %+v", status, a)
	}
	for got = label(); !strings.Contains(got, "3 a day, of bot-traffic"); got = label() {
	}
	if status, a := s.plan(t, "DELETE", "/incidents/random", ""); status != 200 {
		t.Errorf("%d %+v", status, a)
	}
	if _, again := s.call(t, "GET", "/incidents.json", ""); again != file {
		t.Errorf("it has become\n%s\nwant\n%s", again, file)
	}
}

// rubbish is what nobody should send, with what is said about it.
var rubbish = []struct {
	method, path, body string
	status             int
	where, says        string // a part of the path, and of the message
}{
	{"POST", "/incidents", "", 400, "", "an incident is a form, as in curl -d scenario=bot-traffic"},
	{"POST", "/incidents", "%zz", 400, "", "invalid URL escape"},
	{"POST", "/incidents", "a=1;b=2", 400, "", "semicolon"},
	{"POST", "/incidents", "for=5", 400, "incidents[0].scenario", "is missing"},
	{"POST", "/incidents", "scenario=alien-invasion", 400, "incidents[0].scenario", "allowed is flash-sale"},
	{"POST", "/incidents", "scenario=demand-drop&scenario=bot-traffic", 400, "scenario", "allowed is one value"},
	{"POST", "/incidents", "scenario=demand-drop&colour=red", 400, "incidents[0].colour", "is unknown"},
	{"POST", "/incidents", "scenario=demand-drop&in=soon", 400, "in", `in: "soon": allowed is a number of minutes`},
	{"POST", "/incidents", "scenario=demand-drop&in=-5m", 400, "in", "from 0s to 168h"},
	{"POST", "/incidents", "scenario=demand-drop&for=0", 400, "for", "from 1s to 168h"},
	{"POST", "/incidents", "scenario=demand-drop&for=9999999m", 400, "for", "from 1s to 168h"},
	{"POST", "/incidents", "scenario=demand-drop&in=5&from=18:00&to=19:00", 400, "in", "nothing where there is from"},
	{"POST", "/incidents", "scenario=demand-drop&for=5&from=18:00", 400, "for", "nothing where there is from; say to"},
	{"POST", "/incidents", "scenario=demand-drop&for=5&ramp=6", 400, "incidents[0].decay", "at most as long as the incident"},
	{"POST", "/incidents", "scenario=demand-drop&ramp=quick", 400, "incidents[0].ramp", "a duration from 0s"},
	{"POST", "/incidents", "scenario=demand-drop&severity=much", 400, "incidents[0].severity", `"much"`},
	{"POST", "/incidents", "scenario=demand-drop&severity=1.5", 400, "incidents[0].severity", "1.5"},
	{"POST", "/incidents", "scenario=demand-drop&share=1e9", 400, "incidents[0].share", ""},
	{"POST", "/incidents", "scenario=demand-drop&function=cellar", 400, "incidents[0].function", "online, store"},
	{"POST", "/incidents", "scenario=demand-drop&brand=LG", 400, "incidents[0].brand", "nothing in particular"},
	{"POST", "/incidents", "scenario=flash-sale&brand=Nokia", 400, "brand", `brand "Nokia": allowed is Samsung`},
	{"POST", "/incidents", "scenario=regional-outage&state=CA&city=Boston", 400, "city", "a city of CA"},
	{"POST", "/incidents", "scenario=" + strings.Repeat("x", maxPayload), 413, "", "bytes at most"},
	{"PUT", "/incidents", "", 400, "", "unexpected EOF"},
	{"PUT", "/incidents", "scenario=bot-traffic", 400, "", "line 1"},
	{"PUT", "/incidents", "\n{\"incidents\":[{\"scenario\":\"bot-traffic\",\n\"to\":5}]}", 400, "incidents[0].to", "line 3: "},
	{"PUT", "/incidents", `{"incidents":[{"scenario":"flash-sale","brand":"Nokia"}]}`, 400, "brand", "incidents[0]: brand"},
	{"PUT", "/incidents", `{"random":{"shortest":50}}`, 400, "random.shortest", "at most longest"},
	{"PUT", "/incidents", strings.Repeat(" ", maxPlan+1), 413, "", "bytes at most"},
	{"DELETE", "/incidents/7", "", 404, "", "no such incident"},
	{"DELETE", "/incidents/random", "", 404, "", "no such incident"},
	{"DELETE", "/incidents/%3Cscript%3E", "", 404, "", "no such incident"},
}

// What is wrong is said with its path and what is allowed, and changes nothing.
func TestIncidentsAreRefused(t *testing.T) {
	s := newSite(t, false)
	if status, a := s.plan(t, "POST", "/incidents", "scenario=bot-traffic"); status != 200 {
		t.Fatalf("%d %+v", status, a)
	}
	before := s.live.Incidents.Latest()
	for _, c := range rubbish {
		status, a := s.plan(t, c.method, c.path, c.body)
		if status != c.status || a.ErrorType == "" || !strings.Contains(a.ErrorMessage, c.says) || !strings.HasSuffix(a.Path, c.where) || (c.where == "") != (a.Path == "") {
			t.Errorf("%s %s %.80s: %d %+v, want %d, path %q, %q", c.method, c.path, c.body, status, a, c.status, c.where, c.says)
		}
		if c.method == "POST" && strings.Contains(a.ErrorMessage, "line ") {
			t.Errorf("%s has no lines, but it says %s", c.body, a.ErrorMessage)
		}
	}
	if s.live.Incidents.Latest() != before {
		t.Error("something has changed the plan")
	}
	for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Host", "evil.example:8080"}} {
		if status, _ := s.call(t, "POST", "/incidents", "scenario=bot-traffic", append(header, "Content-Type", isForm)...); status != 403 {
			t.Errorf("a page of another site plans incidents: %d", status)
		}
	}
}

// Whatever is sent is planned, and can be read again and shown, or refused with what is allowed.
func FuzzIncidents(f *testing.F) {
	m, err := market.New(dataset.Default())
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range rubbish {
		if len(c.body) < 1000 {
			f.Add(c.method, c.body)
		}
	}
	f.Add("POST", "scenario=flash-sale&brand=LG&in=3&for=1h&ramp=5&severity=0.5&off=3")
	f.Add("PUT", `{"random":{"per_day":3},"incidents":[{"scenario":"bot-traffic","from":"23:00","to":"01:00"}]}`)
	clock := emulator.NewClock(time.Now, 0, 1)
	f.Fuzz(func(t *testing.T, method, body string) {
		p := &plans{emulator.NewIncidents(clock, nil), m}
		handle := p.add
		if method != "POST" {
			handle = p.replace
		}
		r, w := httptest.NewRequest("POST", "/incidents", strings.NewReader(body)), httptest.NewRecorder()
		r.Header.Set("Content-Type", isForm)
		handle(w, r)
		var answer map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%q: %v", w.Body, err)
		}
		if w.Code != 200 {
			if w.Code >= 500 || answer["errorMessage"] == "" {
				t.Errorf("%d %v", w.Code, answer)
			}
			return
		}
		text, err := json.Marshal(p.incidents.Latest())
		if err == nil {
			_, err = m.ReadIncidents(text)
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		l := &Live{Clock: clock, Incidents: p.incidents, Truth: new(Truth)}
		if shown := l.planned(); strings.Contains(shown.HTML, "<script") {
			t.Errorf("it is shown as %s", shown.HTML)
		}
	})
}

// The truth is kept up to a limit, and the page says what is gone.
func TestTruthHasALimit(t *testing.T) {
	truth := new(Truth)
	large := sale.Truth{Scenario: strings.Repeat("x", mostTruth/4)}
	for n := range 6 {
		large.Added.Events = n
		truth.Add([]sale.Truth{large})
	}
	w := httptest.NewRecorder()
	truth.ServeHTTP(w, nil)
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if n, gone := truth.count(); n != 3 || gone != 3 || len(lines) != 3 || !strings.Contains(lines[0], `"added":{"events":3,`) {
		t.Errorf("%d lines are kept and %d are gone; there are %d to download", n, gone, len(lines))
	}
	clock := emulator.NewClock(time.Now, 0, 1)
	l := &Live{Clock: clock, Incidents: emulator.NewIncidents(clock, nil), Truth: truth}
	if got := l.planned().HTML; !strings.Contains(got, "Lines of truth: 3, without the oldest 3") {
		t.Errorf("the page says %s", got)
	}
}
