package local

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/market"
)

// site is the page with all that it needs in this process.
type site struct {
	*httptest.Server
	table *columnstore.Table
	tally *tally
}

// newSite has a table with an hour of sales up to now, where filled.
func newSite(t testing.TB, filled bool) *site {
	t.Helper()
	c, broker, err := startBroker("sales")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	clock := newClock(time.Now, 0, 1)
	s := &site{table: newTable(t, c.topic), tally: newTally()}
	l := newLive(s.table, c.topic, clock, 0, func(err error) { t.Error(err) })
	if filled {
		now := time.Now()
		for i := range 60 {
			rows := newMadeUp("filled", contract.ChannelOnline, now.Add(-time.Duration(i)*contract.Slot), 300).rows()
			if err := s.table.Add(rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	start, err := c.ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k, err := newConsumer(c, start, s.tally, s.table.Add, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); k.run(t.Context()) }()
	t.Cleanup(func() { <-done })
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
		Brands: []string{"LG", "Nokia", "Samsung"},
	}
	page, err := newPage(offered, l, person.functions, person.invokeByPerson, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(page)
	t.Cleanup(s.CloseClientConnections)
	return s
}

func newTable(t testing.TB, name string) *columnstore.Table {
	t.Helper()
	tab, err := columnstore.Open(name, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	return tab
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
	if status, body := s.call(t, "GET", "/sales", "", "Host", "localhost:8080"); status != 200 || !strings.Contains(body, "<h1>") {
		t.Errorf("localhost is answered with %d", status)
	}
}

// updates reads the stream of a dashboard.
func (s *site) updates(t testing.TB, path string) func() update {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/events/"+path, nil)
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
	lines.Buffer(nil, 1<<22)
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

// round collects the updates from one head up to the next one, which it returns too.
func round(next func() update, first update) (all update, after update) {
	all = update{Head: first.Head, Panels: make(map[string]panelBody), Values: make(map[string][]string)}
	for {
		u := next()
		if u.Head != nil {
			return all, u
		}
		maps.Copy(all.Panels, u.Panels)
		maps.Copy(all.Values, u.Values)
	}
}

func TestUpdatesComeEverySecond(t *testing.T) {
	s := newSite(t, true)
	next := s.updates(t, "sales?range=15m&size=10:700x250&size=11:1x99999")
	first, after := round(next, next())
	panels := dashboards.Sales().Panels()
	if len(first.Panels) != len(panels) {
		t.Errorf("%d panels are drawn, want %d", len(first.Panels), len(panels))
	}
	for _, p := range panels {
		b := first.Panels[strconv.Itoa(p.ID)]
		if !strings.HasPrefix(b.HTML, "<svg ") && !strings.HasPrefix(b.HTML, "<table>") {
			t.Errorf("%s is %.80s", p.Title, b.HTML)
		}
		if !strings.HasPrefix(b.Label, p.Title+": ") {
			t.Errorf("%s is described as %q", p.Title, b.Label)
		}
	}
	for id, want := range map[string]string{"10": `viewBox="0 0 700 250"`, "11": fmt.Sprintf(`viewBox="0 0 %d %d"`, minSide, maxSide)} {
		if b := first.Panels[id]; !strings.Contains(b.HTML, want) {
			t.Errorf("panel %s is not drawn in its size, %s: %.120s", id, want, b.HTML)
		}
	}
	if len(first.Values["brand"]) < 5 || len(first.Values["order_type"]) != 1 {
		t.Errorf("the variables are %v", first.Values)
	}
	start := time.Now()
	second, after := round(next, after)
	third, _ := round(next, after)
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("two updates took %v", took)
	}
	if second.Head.Time == third.Head.Time || second.Panels["70"].HTML == third.Panels["70"].HTML {
		t.Errorf("nothing moves: %s %s", second.Head.Time, third.Head.Time)
	}
	if b, again := third.Panels["2"]; again && b == second.Panels["2"] {
		t.Error("a panel that did not change is sent again")
	}
}

// What a reader chooses reaches the figures.
func TestChoicesReachTheFigures(t *testing.T) {
	s := newSite(t, true)
	orders := func(query string) string {
		next := s.updates(t, "sales?"+query)
		all, _ := round(next, next())
		return all.Panels["20"].Label // top selling brands
	}
	if everything, sony := orders("range=all"), orders("range=all&brand=Sony"); !strings.Contains(everything, "Samsung:") || !strings.Contains(everything, "Sony:") ||
		strings.Contains(sony, "Samsung:") || !strings.Contains(sony, "Sony:") {
		t.Errorf("the choice of Sony is not followed:\n%s\n%s", everything, sony)
	}
	if got := orders("range=5m&brand=" + url.QueryEscape(`'; DROP TABLE "sales"`)); !strings.HasSuffix(got, dashboards.NoSales) {
		t.Errorf("a brand that is none shows %s", got)
	}
	for _, bad := range []string{"range=2y", "size=x", "brand=" + strings.Repeat("x", maxValue+1)} {
		if status, body := s.call(t, "GET", "/events/sales?"+bad, ""); status != http.StatusBadRequest || !strings.Contains(body, "InvalidView") {
			t.Errorf("%.20s gives %d %s", bad, status, body)
		}
	}
}

func TestNoSalesYet(t *testing.T) {
	s := newSite(t, false)
	for _, d := range dashboards.All() {
		next := s.updates(t, d.Slug)
		all, _ := round(next, next())
		for _, p := range d.Panels() {
			if b := all.Panels[strconv.Itoa(p.ID)]; !strings.Contains(b.HTML, p.Empty) || !strings.HasSuffix(b.Label, p.Empty) {
				t.Errorf("%s without sales is %.100s", p.Title, b.HTML)
			}
		}
	}
}

func TestPages(t *testing.T) {
	s := newSite(t, false)
	for _, d := range dashboards.All() {
		status, body := s.call(t, "GET", "/"+d.Slug, "")
		if status != 200 || strings.Count(body, "<article") != len(d.Panels()) {
			t.Errorf("%s: status %d, %d panels", d.Title, status, strings.Count(body, "<article"))
		}
		for _, p := range d.Panels() {
			if !strings.Contains(body, html.EscapeString(p.Title)) || !strings.Contains(body, template.HTMLEscapeString(p.Description)) {
				t.Errorf("%s: %s is not there with its description", d.Title, p.Title)
			}
		}
	}
	if status, body := s.call(t, "GET", "/", ""); status != 200 || !strings.Contains(body, "<title>Sales, live") {
		t.Errorf("/ gives %d %.100s", status, body)
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
