package dashboards_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
)

// fires is what Grafana makes of a rule at this moment: its query, then its threshold.
func (p *pipeline) fires(t *testing.T, a dashboards.Alert) bool {
	t.Helper()
	columns, rows, err := p.ask(t, strings.ReplaceAll(a.SQL, "ecommerce-topic-1", p.Topic))
	if err != nil {
		t.Fatalf("%s: %v", a.Title, err)
	}
	fires, err := a.Fires(columns, rows)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(slices.Collect(maps.Values(fires)), true)
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
		{"a burst of incidents that the begin cuts", func() {
			ask("online", `{"id":"cut","at":%q,"over":"4m","incidents":[{"scenario":"viral-product"}]}`, 13*time.Minute)
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
