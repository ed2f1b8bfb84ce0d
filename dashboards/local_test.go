package dashboards_test

import (
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/question"
	"salesburst/shared/sale"
)

// Without a server: every panel's figures on the page of this machine are those that Go computes from the
// events, by day and when all stores have shut.
func TestPanelsAnswerHere(t *testing.T) {
	sales := 20_000
	if testing.Short() {
		sales = 6_000
	}
	for name, now := range map[string]time.Time{
		"by day":   time.Date(2026, 10, 14, 20, 0, 0, 0, time.UTC),
		"at night": time.Date(2026, 10, 14, 7, 30, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			c := &comparison{now: now}
			for _, r := range []burst.Request{
				{Channel: contract.ChannelOnline, Over: 3 * time.Hour, Events: sales},
				{Channel: contract.ChannelStore, Over: 3 * time.Hour, Mean: 30},
				{Channel: contract.ChannelOnline, Over: 3 * time.Minute, Events: 1000, Scenario: "flash-sale"},
				{Channel: contract.ChannelOnline, Over: 5 * time.Minute, Events: 1000, Scenario: "payment-outage"},
				// The last quarter of an hour begins within it.
				{Channel: contract.ChannelOnline, At: now.Add(-14 * time.Minute), Over: 2 * time.Minute, Mean: 300, Scenario: "viral-product"},
				{Channel: contract.ChannelOnline, At: now.Add(-24 * time.Hour), Over: time.Hour, Events: 5000},
			} {
				if r.At.IsZero() {
					r.At = now
				}
				r.Origin, r.Mean = "test", max(r.Mean, 1)
				c.sell(t, r)
			}
			c.load(t, contract.DefaultTopic)
			q := question.Choice{From: now.Add(-2*time.Hour - 7*time.Minute), To: now, Table: contract.DefaultTopic}
			each(t, func(t *testing.T, _ dashboards.Dashboard, panel dashboards.Panel) {
				columns, rows, err := c.local.Ask(t.Context(), panel.Ask(q))
				if err != nil {
					t.Fatal(err)
				}
				c.check(t, panel, columns, rows, q)
			})
		})
	}
}

func (c *comparison) sell(t *testing.T, r burst.Request) {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	b, err := burst.New(m, r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Len() {
		s := new(sale.Sale)
		b.At(i, s)
		c.sales = append(c.sales, s)
		c.arrived = append(c.arrived, s.Timestamp.Time().Truncate(time.Minute).Add(time.Minute+2*time.Second))
	}
}
