package dashboards_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
)

// fires is what Grafana makes of a rule at this moment: its query, then its threshold. A
// row of one number, or one for each name, is what Grafana's expressions can read.
func (p *pipeline) fires(t *testing.T, a dashboards.Alert) bool {
	t.Helper()
	columns, rows, err := p.ask(t, strings.ReplaceAll(a.SQL, "ecommerce-topic-1", p.Topic))
	if err != nil {
		t.Fatalf("%s: %v", a.Title, err)
	}
	f, err := dashboards.FrameOf(dashboards.Panel{Kind: dashboards.Table}, columns, rows)
	if err != nil {
		t.Fatalf("%s: %v", a.Title, err)
	}
	if f.Rows() == 0 {
		return a.NoData == "Alerting"
	}
	numbers, fires := 0, false
	for _, c := range f.Columns {
		switch c.Type {
		case dashboards.Number:
			numbers++
			for _, v := range c.Values {
				fires = fires || a.Operator == "gt" && v.(float64) > a.Limit || a.Operator == "lt" && v.(float64) < a.Limit
			}
		case dashboards.Text:
		default:
			t.Errorf("%s: column %s is of type %s", a.Title, c.Name, c.Type)
		}
	}
	if numbers != 1 {
		t.Errorf("%s: %d columns of numbers: %v", a.Title, numbers, columns)
	}
	return fires
}

// Each rule fires for what it is for, and not in calm times.
func TestAlertsFire(t *testing.T) {
	p := startPipeline(t, nil)
	firing := func() string {
		var all []string
		for _, a := range dashboards.Alerts() {
			if p.fires(t, a) {
				all = append(all, strings.TrimPrefix(a.UID, "salesburst-"))
			}
		}
		return strings.Join(all, " ")
	}
	events := 0
	ask := func(function, payload string, ago time.Duration) {
		events += p.burst(t, function, fmt.Sprintf(payload, time.Now().UTC().Add(-ago).Truncate(time.Second).Format(time.RFC3339)))
		p.Await(t, events)
	}
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"only old sales", func() { ask("online", `{"events":1000,"id":"old","at":%q}`, 3*time.Hour) }, "no-data"},
		{"calm", func() {
			ask("online", `{"events":3000,"id":"calm","at":%q,"over":"8m"}`, 0)
			ask("store", `{"events":600,"id":"shops","at":%q,"over":"8m"}`, 0)
		}, ""},
		{"few failures", func() { ask("online", `{"events":150,"id":"few","scenario":"payment-outage","at":%q,"over":"2m"}`, 0) }, ""},
		{"an outage", func() {
			ask("online", `{"events":6000,"id":"outage","scenario":"payment-outage","at":%q,"over":"5m"}`, 0)
		}, "failures"},
		{"a gap", func() {
			sales := p.Sales(t)
			gap := sales[len(sales)-1]
			for _, s := range sales {
				if s.Timestamp > gap.Timestamp {
					gap = s
				}
			}
			gap.TransactionID.Sequence += 20_000
			text, err := json.Marshal(gap)
			if err != nil {
				t.Fatal(err)
			}
			p.Produce(t, string(text))
			events++
			p.Await(t, events)
		}, "failures missing"},
		{"twice", func() {
			at := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
			for range 2 {
				events += p.burst(t, "twice", fmt.Sprintf(`{"events":100,"id":"twice","at":%q}`, at))
			}
			p.Await(t, events)
		}, "failures duplicated missing"},
	} {
		c.do()
		if got := firing(); got != c.want {
			t.Errorf("%s: firing %q, want %q", c.name, got, c.want)
		}
	}
}
