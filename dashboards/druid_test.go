package dashboards_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/question"
	"salesburst/shared/sale"
)

// traffic is half a million events of the last hour, and some of the same time a day and
// three days before: both channels, both scenarios, failures, bursts that were asked for
// twice, and one that was stored twice.
func (p *pipeline) traffic(t *testing.T, now time.Time) (events int) {
	t.Helper()
	for _, b := range []struct{ function, payload string }{
		{"online", `{"events":380000,"id":"usual","at":%q,"over":"50m"}`},
		{"store", `{"events":60000,"id":"shops","at":%q,"over":"50m"}`},
	} {
		events += p.burst(t, b.function, fmt.Sprintf(b.payload, now.Format(time.RFC3339)))
		p.repeat(t, b.function, fmt.Sprintf(b.payload, now.Format(time.RFC3339)))
	}
	ago := func(d time.Duration) string { return now.Add(-d).Format(time.RFC3339) }
	events += p.burst(t, "online", fmt.Sprintf(`{"events":20000,"id":"flash","scenario":"flash-sale","brand":"LG","at":%q,"over":"4m"}`, ago(4*time.Minute)))
	events += p.burst(t, "online", fmt.Sprintf(`{"events":15000,"id":"outage","scenario":"payment-outage","at":%q,"over":"6m"}`, ago(20*time.Minute)))
	events += p.burst(t, "online", fmt.Sprintf(`{"events":20000,"id":"yesterday","at":%q,"over":"80m"}`, ago(24*time.Hour-10*time.Minute)))
	events += p.burst(t, "store", fmt.Sprintf(`{"events":4000,"id":"three-days","at":%q,"over":"80m"}`, ago(72*time.Hour-10*time.Minute)))
	for range 2 {
		events += p.burst(t, "twice", fmt.Sprintf(`{"events":500,"id":"twice","at":%q}`, ago(2*time.Minute)))
	}
	return events
}

// comparison is Druid's table and the same sales in SQLite.
type comparison struct {
	*pipeline
	local   *columnstore.Table
	sales   []*sale.Sale
	arrived []time.Time // of each of the sales
	now     time.Time
}

// ranges are what readers choose: time, and values of the variables.
func ranges(now time.Time) map[string]question.Choice {
	to := now.Add(time.Minute)
	return map[string]question.Choice{
		"an hour":                 {From: to.Add(-time.Hour), To: to},
		"three minutes, a second": {From: now.Add(-183 * time.Second), To: now.Add(-3 * time.Second)},
		"odd milliseconds":        {From: now.Add(-31*time.Minute + 123*time.Millisecond), To: now.Add(-8*time.Minute + 457*time.Millisecond)},
		"two days and a half":     {From: to.Add(-60 * time.Hour), To: to},
		"two brands":              {From: to.Add(-time.Hour), To: to, Selected: map[string][]string{"brand": {"LG", "Sony"}}},
		"stores in two states":    {From: to.Add(-time.Hour), To: to, Selected: map[string][]string{"state": {"NY", "CA"}, "order_type": {"in_store"}}},
	}
}

// Every panel's query, as the plugin sends it, answers the same on Druid and on SQLite, and
// its frame is one that its panel can draw.
func TestPanelsAnswer(t *testing.T) {
	c := compared(t)
	for name, q := range ranges(c.now) {
		q.Table = c.Topic
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			each(t, func(t *testing.T, _ dashboards.Dashboard, panel dashboards.Panel) {
				columns, rows := c.compare(t, panel, q)
				if len(rows) == 0 && panel.Empty == dashboards.NoSales {
					t.Error("no rows")
				}
				if name == "an hour" {
					c.check(t, panel, columns, rows, q)
				}
			})
		})
	}
	t.Run("empty", func(t *testing.T) { c.empty(t) })
	t.Run("variables", func(t *testing.T) { c.variables(t) })
	t.Run("while_events_arrive", func(t *testing.T) { c.arriving(t) })
}

func compared(t *testing.T) *comparison {
	t.Helper()
	p := startPipeline(t, nil)
	c := &comparison{pipeline: p, now: time.Now().UTC().Truncate(time.Minute)}
	events := p.traffic(t, c.now)
	if events != 500_000 {
		t.Fatalf("%d events", events)
	}
	p.Await(t, events)
	c.read(t)
	return c
}

// read brings what is in the topic to SQLite.
func (c *comparison) read(t *testing.T) {
	t.Helper()
	c.sales = nil // half a gigabyte
	c.sales, c.arrived = c.Arrivals(t)
	c.load(t, c.Topic)
}

// load brings the sales to SQLite.
func (c *comparison) load(t *testing.T, table string) {
	t.Helper()
	local, err := columnstore.Open(table, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	rows := make([]columnstore.Row, len(c.sales))
	for i, s := range c.sales {
		if rows[i], err = columnstore.RowOf(s); err != nil {
			t.Fatal(err)
		}
		rows[i].Arrived(c.arrived[i].UnixMilli())
	}
	if err := local.Add(rows); err != nil {
		t.Fatal(err)
	}
	c.local = local
}

// frame asks Druid and makes the frame.
func (c *comparison) frame(t *testing.T, panel dashboards.Panel, q question.Choice) (f dashboards.Frame, columns []string, rows [][]any) {
	t.Helper()
	sql := panel.Ask(q).SQL()
	columns, rows, err := c.ask(t, sql)
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	if f, err = dashboards.FrameOf(panel, columns, rows); err != nil {
		t.Errorf("%v\n%s", err, sql)
	}
	return f, columns, rows
}

// compare asks both, and returns Druid's answer.
func (c *comparison) compare(t *testing.T, panel dashboards.Panel, q question.Choice) (columns []string, druid [][]any) {
	t.Helper()
	_, columns, druid = c.frame(t, panel, q)
	localColumns, local, err := c.local.Ask(t.Context(), panel.Ask(q))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(columns, localColumns) {
		t.Fatalf("columns %v in Druid, %v in SQLite", columns, localColumns)
	}
	if len(druid) != len(local) {
		t.Fatalf("%d rows in Druid, %d in SQLite", len(druid), len(local))
	}
	if len(panel.Rows) > 0 { // of the last millisecond, any
		druid, local = newerThan(druid), newerThan(local)
		tieBreak(druid)
		tieBreak(local)
	}
	for i := range druid {
		for j := range columns {
			if !same(druid[i][j], local[i][j]) {
				t.Fatalf("row %d: %s is %v in Druid, %v in SQLite\n%v\n%v", i, columns[j], druid[i][j], local[i][j], druid[i], local[i])
			}
		}
	}
	for _, f := range panel.Fields {
		if len(druid) > 0 && !slices.Contains(columns, f.Column) {
			t.Errorf("there is no column %s: %v", f.Column, columns)
		}
	}
	return columns, druid
}

// newerThan leaves out the oldest moment, of which not all sales are in the list.
func newerThan(rows [][]any) [][]any {
	if len(rows) == 0 {
		return nil
	}
	last := rows[len(rows)-1][0]
	return slices.DeleteFunc(rows, func(row []any) bool { return row[0] == last })
}

// tieBreak orders the sales of one millisecond.
func tieBreak(rows [][]any) {
	slices.SortStableFunc(rows, func(a, b []any) int {
		if c := cmp.Compare(fmt.Sprint(b[0]), fmt.Sprint(a[0])); c != 0 {
			return c
		}
		return cmp.Compare(fmt.Sprint(a[1]), fmt.Sprint(b[1]))
	})
}

// same compares texts exactly, and numbers, which are sums of doubles in another order.
func same(a, b any) bool {
	x, isNumber := figure(a)
	y, both := figure(b)
	if isNumber && both {
		return math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
	}
	return a == b
}

func figure(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// empty: where nothing was sold there are no rows, for every panel, rather than zeros.
func (c *comparison) empty(t *testing.T) {
	long := c.now.Add(-30 * 24 * time.Hour)
	each(t, func(t *testing.T, d dashboards.Dashboard, panel dashboards.Panel) {
		if _, rows := c.compare(t, panel, question.Choice{From: long, To: long.Add(time.Hour), Table: c.Topic}); len(rows) != 0 {
			t.Errorf("rows %v", rows)
		}
		// The time is empty, the one before is not.
		later := question.Choice{From: c.now.Add(23 * time.Hour), To: c.now.Add(24 * time.Hour), Table: c.Topic}
		if _, rows := c.compare(t, panel, later); panel.Kind == dashboards.Stat && len(rows) != 0 {
			t.Errorf("rows %v", rows)
		}
	})
}

// variables: each has values, as the plugin reads them.
func (c *comparison) variables(t *testing.T) {
	for _, d := range dashboards.All() {
		for _, v := range d.Variables {
			columns, rows, err := c.ask(t, strings.ReplaceAll(v.SQL(), "ecommerce-topic-1", c.Topic))
			if err != nil || len(columns) != 1 || len(rows) < 2 {
				t.Fatalf("%s: %v, %v, error %v", v.Name, columns, rows, err)
			}
			for _, row := range rows {
				if text, is := row[0].(string); !is || strings.Contains(text, `"`) {
					t.Errorf("%s: %v", v.Name, row)
				}
			}
		}
	}
}

// arriving asks while bursts come in, one before each question, and compares when they are
// all there.
func (c *comparison) arriving(t *testing.T) {
	events, bursts := len(c.sales), 0
	latest := make(map[string]float64) // of the figures that grow
	for range 3 {
		each(t, func(t *testing.T, d dashboards.Dashboard, panel dashboards.Panel) {
			now := time.Now().UTC()
			events += c.burst(t, "online", fmt.Sprintf(`{"events":600,"id":"arriving-%d","at":%q}`, bursts, now.Truncate(time.Second).Format(time.RFC3339)))
			bursts++
			f, _, _ := c.frame(t, panel, question.Choice{From: c.now.Add(-time.Hour), To: now, Table: c.Topic})
			if name := f.Columns[0].Name; panel.Kind == dashboards.Stat && (name == "revenue" || name == "orders") {
				latest[name] = grows(t, latest[name], f.Columns[0].Values[0].(float64))
			}
		})
	}
	if len(latest) != 2 {
		t.Errorf("the figures that grow are %v", latest)
	}
	c.Await(t, events)
	c.read(t)
	if len(c.sales) != events {
		t.Fatalf("%d sales in the topic, want %d", len(c.sales), events)
	}
	q := question.Choice{From: c.now.Add(-time.Hour), To: time.Now().UTC().Add(time.Second), Table: c.Topic}
	each(t, func(t *testing.T, _ dashboards.Dashboard, panel dashboards.Panel) {
		columns, rows := c.compare(t, panel, q)
		c.check(t, panel, columns, rows, q)
	})
}

func grows(t *testing.T, before, now float64) float64 {
	t.Helper()
	if now < before {
		t.Errorf("%v, a moment ago it was %v", now, before)
	}
	return now
}
