package dashboards_test

import (
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/druidtest"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/question"
)

// Sales that come late, twice, in disorder or with one key: the panels show of them in Druid what they
// show here, and what Go computes. Where malformed records have rows in Druid, each panel can still be drawn.
func TestPanelsAnswerTrouble(t *testing.T) {
	p := startPipeline(t, nil)
	c := &comparison{pipeline: p, now: time.Now().UTC().Truncate(time.Minute)}
	long := c.now.Add(-2 * time.Hour)
	rows := 0
	for _, f := range contract.Functions() {
		for at, list := range map[time.Time]string{
			c.now: `[{"scenario":"late-events"},{"scenario":"out-of-order"},{"scenario":"duplicates"},{"scenario":"hot-key"},
				{"scenario":"clock-skew","share":10,"skew":"-5m"}]`,
			long: `[{"scenario":"malformed","share":20},{"scenario":"schema-drift","share":10},
				{"scenario":"schema-drift","field":"total_amount","share":10},{"scenario":"schema-drift","field":"order_type","share":10},
				{"scenario":"schema-drift","field":"screen_size","share":10},{"scenario":"schema-drift","field":"status","share":10}]`,
		} {
			b := p.Known(t, p.functions[f.Name], burst.Request{Channel: f.Channel, Origin: "wrong", At: at, Over: 20 * time.Minute,
				Events: 3000, Incidents: druidtest.Plan(t, list)})
			rows += b.Len()
			for _, of := range b.Truth() {
				for _, kind := range []string{"truncated", "missing_field", "empty", "tombstone"} {
					if lost := of.Malformed.Kinds[kind]; lost != nil {
						rows -= lost.Events
					}
				}
			}
		}
	}
	p.Await(t, rows)
	for _, r := range p.Records(t) {
		if s, wrong := kafkatest.SaleOf(r); wrong == "" {
			c.sales, c.arrived = append(c.sales, &s), append(c.arrived, r.Timestamp)
		}
	}
	c.load(t, c.Topic)
	to := c.now.Add(time.Minute)
	each(t, func(t *testing.T, _ dashboards.Dashboard, panel dashboards.Panel) {
		q := question.Choice{From: to.Add(-time.Hour), To: to, Table: c.Topic}
		columns, shown := c.compare(t, panel, q)
		c.check(t, panel, columns, shown, q)
		q.From, q.To = long.Add(-time.Hour), long.Add(time.Minute)
		if f, _, _ := c.frame(t, panel, q); f.Rows() == 0 && panel.Empty == dashboards.NoSales {
			t.Error("no rows")
		}
	})
}
