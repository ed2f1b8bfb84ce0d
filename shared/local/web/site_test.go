package web

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
	"sync"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/local/emulator"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// site is the web site with what it needs: a table, and real functions that publish to a
// fake broker.
type site struct {
	*httptest.Server
	functions []*emulator.Function
	live      *Live

	mu      sync.Mutex
	reports []app.Report
}

// newSite has a table with an hour of sales up to now, where filled.
func newSite(t testing.TB, filled bool) *site {
	t.Helper()
	return newSiteWith(t, filled, emulator.NewClock(time.Now, 0, 1), contract.DeliveryExactlyOnce)
}

func newSiteWith(t testing.TB, filled bool, clock *emulator.Clock, delivery string) *site {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	table, err := columnstore.Open(contract.DefaultTopic, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	if filled {
		fill(t, table, m)
	}
	s := new(site)
	s.live = &Live{
		Source: table, Topic: contract.DefaultTopic, Clock: clock, Fail: func(err error) { t.Error(err) }, Currency: "EUR",
		Notice:    func() string { return "Records that are no <events>: 3." },
		Incidents: emulator.NewIncidents(clock, nil), Truth: new(Truth),
	}
	s.functions = s.open(t, m, clock, delivery)
	handler, err := NewSite(s.live, s.functions, m, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.CloseClientConnections)
	return s
}

// fill adds the bursts of an hour's minutes.
func fill(t testing.TB, table *columnstore.Table, m *market.Market) {
	t.Helper()
	now := time.Now().Truncate(time.Millisecond)
	for i := range 60 {
		at := now.Add(-time.Duration(i) * contract.Slot)
		b, err := burst.New(m, burst.Request{
			Channel: contract.ChannelOnline, Origin: "filled", At: at, Over: contract.Slot, Events: 300,
		})
		if err != nil {
			t.Fatal(err)
		}
		rows := make([]columnstore.Row, b.Len())
		var s sale.Sale
		for j := range rows {
			b.At(j, &s)
			if rows[j], err = columnstore.RowOf(&s); err != nil {
				t.Fatal(err)
			}
			rows[j].Arrived(at.UnixMilli())
		}
		if err := table.Add(rows); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *site) open(t testing.TB, m *market.Market, clock *emulator.Clock, delivery string) []*emulator.Function {
	t.Helper()
	broker := kafkatest.Start(t)
	settings := make(map[string]app.Settings)
	for _, f := range contract.Functions() {
		var err error
		env := map[string]string{contract.EnvTopic: broker.Topic, contract.EnvSecretARN: "none", contract.EnvDelivery: delivery}
		if settings[f.Name], err = app.FromEnv(f, func(name string) string { return env[name] }); err != nil {
			t.Fatal(err)
		}
	}
	functions, closeAll, err := emulator.Open(emulator.Config{
		Settings: settings, Market: m, TLS: broker.TLS, Clock: clock, Incidents: s.live.Incidents, Truth: s.live.Truth.Add,
		Credentials: credentials.Static{BootstrapServers: broker.Addrs,
			APIKey: credentials.New(broker.User), APISecret: credentials.New(broker.Password)},
		Report: func(r app.Report) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.reports = append(s.reports, r)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeAll)
	return functions
}

// published is how many events the functions have reported.
func (s *site) published() (events int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reports {
		events += r.Events
	}
	return events
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

func expectContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %s in %s", part, text)
		}
	}
}

func TestInvokeOverHTTP(t *testing.T) {
	s := newSite(t, false)
	all := 0
	for payload, want := range map[string]int{
		`{"events":500}`: 500,
		`{"stages":[{"over":"30s","to":200},{"over":"1m","per_second":200},{"over":"30s","to":0}],"id":"ramp-1"}`: 18_000, // the document's
	} {
		status, body := s.call(t, "POST", "/invoke/online", payload, "Content-Type", "application/x-www-form-urlencoded")
		var report app.Report
		if err := json.Unmarshal([]byte(body), &report); err != nil || status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		if report.Events != want || report.Function != "online" {
			t.Errorf("the report is %s", body)
		}
		if all += want; s.published() != all {
			t.Errorf("%d events are accounted for, want %d", s.published(), all)
		}
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
		"malformed stages":      {"POST", "/invoke/online", `{"stages":[{"over":"2m"}]}`, nil, 400, "InvalidTrigger"},
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
	if got := s.published(); got != 0 {
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
	t.Parallel() // it waits most of the time
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
		all := b.HTML + b.Label
		if p.Unit == dashboards.Dollars && !strings.Contains(all, "€") || strings.Contains(all, "$") {
			t.Errorf("%s is not in the currency of the catalogue: %s", p.Title, b.Label)
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
	t.Parallel() // it waits most of the time
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
	t.Parallel() // it waits most of the time
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
		if !strings.Contains(body, "amounts in EUR.") {
			t.Errorf("%s does not say its currency", d.Title)
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
	for _, name := range []string{"index.html", "planned.html", "style.css", "page.js"} {
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
