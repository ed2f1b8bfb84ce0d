package question

import (
	"strings"
	"testing"
	"time"
)

var at = time.UnixMilli(1_000_000).UTC()

func ask(q Question) Asked {
	return Asked{q, Choice{
		From: at, To: at.Add(time.Hour), Table: `a"b`, Interval: 5 * time.Second,
		Selected: map[string][]string{"brand": {"LG", "L'été"}, "all": {}},
	}}
}

// What people read when they open a panel in Grafana.
func TestSQL(t *testing.T) {
	paid := Is("status", "COMPLETED")
	for name, c := range map[string]struct {
		q    Question
		want string
	}{
		"groups alone": {Question{
			Where: []Filter{paid, Chosen("brand", "brand")}, Dimensions: []string{"brand"},
			Measures: []Measure{{Name: "orders"}, {Name: "revenue", Kind: Money, Column: "total_amount"}},
			Order:    "revenue DESC, brand", Limit: 10,
		}, `SELECT brand, COUNT(*) AS orders, ROUND(SUM(total_amount), 2) AS revenue
FROM "ecommerce-topic-1"
WHERE __time >= MILLIS_TO_TIMESTAMP(${__from})
  AND __time < MILLIS_TO_TIMESTAMP(${__to})
  AND status = 'COMPLETED'
  AND ('*' IN (${brand:sqlstring}) OR brand IN (${brand:sqlstring}))
  AND brand IS NOT NULL
  AND total_amount IS NOT NULL
GROUP BY 1
ORDER BY revenue DESC, brand
LIMIT 10`},
		"with an outer part": {Question{
			Measures: []Measure{{Name: "newest_time", Kind: Max, Column: "__time"}}, Then: "SELECT newest_time\nFROM grouped",
		}, `WITH grouped AS (
  SELECT MAX(__time) AS newest_time
  FROM "ecommerce-topic-1"
  WHERE __time >= MILLIS_TO_TIMESTAMP(${__from})
    AND __time < MILLIS_TO_TIMESTAMP(${__to})
  HAVING COUNT(*) > 0
)
SELECT newest_time
FROM grouped`},
		"a rate by time": {Question{
			Bucket: ByInterval, Where: []Filter{IsNot("scenario", "")}, Dimensions: []string{"scenario"},
			Measures: []Measure{{Name: "late", Filter: []Filter{AtLeast("seconds_to_arrive", 120)}, Per: time.Minute}},
			Order:    `"time", scenario`,
		}, `SELECT
  MILLIS_TO_TIMESTAMP(TIMESTAMP_TO_MILLIS(__time) / ${__interval_ms} * ${__interval_ms}) AS "time",
  scenario,
  COUNT(*) FILTER (WHERE seconds_to_arrive >= 120) * 60000.0 / ${__interval_ms} AS late
FROM "ecommerce-topic-1"
WHERE __time >= MILLIS_TO_TIMESTAMP(${__from})
  AND __time < MILLIS_TO_TIMESTAMP(${__to})
  AND scenario <> ''
  AND scenario IS NOT NULL
GROUP BY 1, 2
ORDER BY "time", scenario`},
		"a comparison": {Question{
			Comparison: true, Dimensions: []string{"state"},
			Measures: []Measure{
				{Name: "units", Kind: Sum, Column: "quantity"},
				{Name: "units_before", Kind: Sum, Column: "quantity", Filter: []Filter{IsNot("brand", "LG", "Sony")}, Before: true},
			},
		}, `SELECT
  state,
  COALESCE(SUM(quantity) FILTER (WHERE __time >= MILLIS_TO_TIMESTAMP(${__from})), 0) AS units,
  COALESCE(SUM(quantity) FILTER (WHERE brand NOT IN ('LG', 'Sony') AND __time < MILLIS_TO_TIMESTAMP(${__from})), 0) AS units_before
FROM "ecommerce-topic-1"
WHERE (__time >= MILLIS_TO_TIMESTAMP(${__from}) AND __time < MILLIS_TO_TIMESTAMP(${__to})
    OR __time >= MILLIS_TO_TIMESTAMP(${__from} - ((${__to} - ${__from} + 86399999) / 86400000 * 86400000))
    AND __time < MILLIS_TO_TIMESTAMP(${__to} - ((${__to} - ${__from} + 86399999) / 86400000 * 86400000)))
  AND state IS NOT NULL
  AND quantity IS NOT NULL
GROUP BY 1`},
		"rows": {Question{Rows: []string{"brand"}, Span: Always, Order: "__time DESC", Limit: 5}, `SELECT brand
FROM "ecommerce-topic-1"
WHERE brand IS NOT NULL
ORDER BY __time DESC
LIMIT 5`},
	} {
		if got := c.q.SQL("ecommerce-topic-1"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// What a reader chooses is put in as Grafana does it.
func TestChoice(t *testing.T) {
	a := ask(Question{
		Span: Always, Where: []Filter{Chosen("brand", "brand"), Chosen("all", "state")}, Dimensions: []string{"city"},
		Then: "SELECT ${__interval_ms}, ${__from}, ${__to} FROM grouped",
	})
	for _, want := range []string{
		`FROM "a""b"`, `('*' IN ('LG','L''été') OR brand IN ('LG','L''été'))`, `('*' IN ('*') OR state IN ('*'))`,
	} {
		if sql := a.SQL(); !strings.Contains(sql, want) {
			t.Errorf("no %s in %s", want, sql)
		}
	}
	if got, want := a.Outer(), "SELECT 5000, 1000000, 4600000 FROM grouped"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if all := a.Conditions(); len(all) != 1 || all[0].Column != "brand" || len(all[0].Values) != 2 {
		t.Errorf("the conditions are %+v", all)
	}
	if got, want := ask(Question{Limit: 3}).Outer(), "SELECT * FROM grouped\nLIMIT 3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		span     Span
		from, to int64
	}{{WholeChoice, 1_000_000, 4_600_000}, {Recent, 3_700_000, 4_600_000}, {Slots, 1_020_000, 4_440_000}} {
		if from, to := ask(Question{Span: c.span}).Bounds(); from != c.from || to != c.to {
			t.Errorf("span %d is %d to %d, want %d to %d", c.span, from, to, c.from, c.to)
		}
	}
	for length, want := range map[time.Duration]time.Duration{
		time.Minute: 24 * time.Hour, 24 * time.Hour: 24 * time.Hour, 24*time.Hour + 1e6: 48 * time.Hour,
	} {
		a := ask(Question{})
		if a.To = a.From.Add(length); a.Earlier() != want {
			t.Errorf("%v before %v, want %v", a.Earlier(), length, want)
		}
	}
}
