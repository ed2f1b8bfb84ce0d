package local

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/market"
	"salesburst/shared/sale"
	"salesburst/shared/spec"
)

// site is the page with all that it needs in this process.
type site struct {
	*httptest.Server
	store *store
	tally *tally
}

// newSite has a store with an hour of sales up to now, where filled.
func newSite(t testing.TB, filled bool) *site {
	t.Helper()
	c, broker, err := startBroker("sales")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	s := &site{store: newStore(t), tally: newTally()}
	clock := newClock(time.Now, 0, 1)
	l := newLive(s.store, clock, time.Hour, func(err error) { t.Error(err) })
	if filled {
		now := time.Now()
		for i := range 60 {
			rows := newMadeUp("filled", spec.ChannelOnline, now.Add(-time.Duration(i)*spec.Slot), 300).rows()
			if err := s.store.Add(t.Context(), rows, l.since()); err != nil {
				t.Fatal(err)
			}
		}
	}
	start, err := c.ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k, err := newConsumer(c, start, s.tally, s.store, l.since, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); k.run(t.Context()) }()
	t.Cleanup(func() { <-done })
	go l.run(t.Context())
	person := &session{cluster: c, clock: clock, tally: s.tally}
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	settings, err := functionSettings(options{topic: c.topic}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	closeFunctions, err := person.makeFunctions(m, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeFunctions)
	offered := choices{
		Functions: []string{"online", "store"}, Scenarios: []scenarioChoice{{"flash-sale", "many buyers"}},
		Brands: []string{"LG", "Nokia", "Samsung"}, Minutes: 15,
	}
	page, err := newPage(offered, l, person.functions, person.invokeByPerson, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(page)
	t.Cleanup(s.CloseClientConnections)
	return s
}

// call returns the status and the body of a request.
func (s *site) call(t testing.TB, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func TestInvokeOverHTTP(t *testing.T) {
	s := newSite(t, false)
	status, body := s.call(t, "POST", "/invoke/online", `{"events":500}`, "Content-Type", "application/x-www-form-urlencoded")
	var report app.Report
	if err := json.Unmarshal([]byte(body), &report); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if report.Events != 500 || report.Function != "online" {
		t.Errorf("the report is %s", body)
	}
	if got := s.tally.totals().Published; got != 500 {
		t.Errorf("%d events are accounted for, want 500", got)
	}
}

func TestRefusedOverHTTP(t *testing.T) {
	s := newSite(t, false)
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		kind               string
	}{
		"invalid trigger":       {"POST", "/invoke/online", `{"events":`, nil, 400, "InvalidTrigger"},
		"unknown function":      {"POST", "/invoke/other", `{}`, nil, 404, "ResourceNotFoundException"},
		"payload too large":     {"POST", "/invoke/online", strings.Repeat(" ", maxPayload+1), nil, 413, "RequestTooLargeException"},
		"page of another site":  {"POST", "/invoke/online", `{}`, []string{"Origin", "https://evil.example"}, 403, "Forbidden"},
		"cross-site by browser": {"POST", "/invoke/online", `{}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "Forbidden"},
		"rebound name":          {"POST", "/invoke/online", `{}`, []string{"Host", "evil.example:8080"}, 403, "Forbidden"},
		"rebound name, reading": {"GET", "/", ``, []string{"Host", "evil.example"}, 403, "Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := s.call(t, c.method, c.path, c.body, c.header...)
			var answer struct{ ErrorMessage, ErrorType string }
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatalf("%d %s", status, body)
			}
			if status != c.status || answer.ErrorType != c.kind || answer.ErrorMessage == "" {
				t.Errorf("%d %s, want %d %s", status, body, c.status, c.kind)
			}
		})
	}
	if got := s.tally.totals().Published; got != 0 {
		t.Errorf("%d events were published", got)
	}
	if status, _ := s.call(t, "GET", "/invoke/online", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("GET gives %d, want %d", status, http.StatusMethodNotAllowed)
	}
	if status, body := s.call(t, "GET", "/", "", "Host", "localhost:8080"); status != 200 || !strings.Contains(body, "<h1>") {
		t.Errorf("localhost is answered with %d", status)
	}
}

// updates reads the stream of the page.
func (s *site) updates(t testing.TB, query string) func() update {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("the stream is of type %s", kind)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return func() (u update) {
		t.Helper()
		for lines.Scan() {
			text, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			if err := json.Unmarshal([]byte(text), &u); err != nil {
				t.Fatal(err)
			}
			return u
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return u
	}
}

func TestUpdatesComeEverySecond(t *testing.T) {
	s := newSite(t, true)
	next := s.updates(t, "revenue=700&orders=700&brands=300&cities=1&reasons=99999")
	first := next()
	for name, width := range map[string]int{"revenue": 700, "orders": 700, "brands": 300, "cities": minWidth, "reasons": maxWidth} {
		c := first.Charts[name]
		if !strings.Contains(c.SVG, fmt.Sprintf(`viewBox="0 0 %d `, width)) {
			t.Errorf("chart %s is not %d wide: %.120s", name, width, c.SVG)
		}
		if strings.Contains(c.SVG, "rgb(1,0,") || strings.Contains(c.SVG, "rgba(1,0,") {
			t.Errorf("chart %s has a colour that is none", name)
		}
		if len(c.Label) < 30 {
			t.Errorf("chart %s is described as %q", name, c.Label)
		}
	}
	if len(first.Latest) != listed || first.Empty != "" {
		t.Errorf("%d sales are listed, want %d", len(first.Latest), listed)
	}
	start := time.Now()
	second, third := next(), next()
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("two updates took %v", took)
	}
	if second.Time == third.Time || second.Latest[0].ID == third.Latest[0].ID {
		t.Errorf("nothing moves: %s %s", second.Time, third.Time)
	}
	if _, again := third.Charts["orders"]; again && second.Charts["orders"].SVG != "" {
		t.Error("a chart that did not change is sent again")
	}
}

func TestNoSalesYet(t *testing.T) {
	u := newSite(t, false).updates(t, "")()
	if !strings.Contains(u.Empty, "No sales yet") || u.Figures["failed"] != "–" || u.Figures["revenue"] != "$0" {
		t.Errorf("the first update is %+v", u)
	}
	for name, c := range u.Charts {
		if c.SVG != "" {
			t.Errorf("chart %s is drawn", name)
		}
	}
}

func TestNothingFromOutside(t *testing.T) {
	for _, name := range []string{"index.html", "style.css", "page.js"} {
		text, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, outside := range []string{"https://", `"//`, "@import", "url("} {
			if strings.Contains(string(text), outside) {
				t.Errorf("%s has %s", name, outside)
			}
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 9: "9", 999: "999", 1000: "1k", 1250: "1.25k", 12_340: "12.3k", 123_400: "123k", 4_560_000: "4.56M", 2e9: "2B"} {
		if got := shortNumber(value); got != want {
			t.Errorf("%v is written %s, want %s", value, got, want)
		}
	}
	for cents, want := range map[int64]string{0: "$0.00", 5: "$0.05", 129_990: "$1,299.90", 123_456_789: "$1,234,567.89"} {
		if got := fullDollars(sale.Cents(cents)); got != want {
			t.Errorf("%d cents are written %s, want %s", cents, got, want)
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
