package druid_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	druid "salesburst/druid-ec2"
	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/druidtest"
	"salesburst/shared/sale"
)

// line is a row as text, column by column; numbers have two decimals.
type line = string

func lineOf(values ...any) line {
	var b strings.Builder
	for _, v := range values {
		switch v := v.(type) {
		case int:
			fmt.Fprintf(&b, "%d.00|", v)
		case int64:
			fmt.Fprintf(&b, "%d.00|", v)
		case sale.Cents:
			fmt.Fprintf(&b, "%.2f|", float64(v)/100)
		case float64:
			fmt.Fprintf(&b, "%.2f|", v)
		case json.Number:
			f, err := v.Float64()
			if err != nil {
				panic(err) // Druid wrote it
			}
			fmt.Fprintf(&b, "%.2f|", f)
		case time.Time:
			fmt.Fprintf(&b, "%s|", v.UTC().Format("2006-01-02T15:04:05.000Z"))
		case nil:
			b.WriteString("null|")
		default:
			fmt.Fprintf(&b, "%v|", v)
		}
	}
	return b.String()
}

// round2 is SQL's ROUND(x, 2).
func round2(x float64) float64 { return math.Round(x*100) / 100 }

// tally adds up what sales have in common.
type tally struct {
	attempts, completed, units, discounted int
	orders                                 int        // placed: first attempts
	total, revenue, commission             sale.Cents // total: of all attempts
}

func (a *tally) add(s *sale.Sale) {
	a.attempts++
	a.total += s.TotalAmount
	if s.Attempt == 1 {
		a.orders++
	}
	if s.Discount > 0 {
		a.discounted++
	}
	if s.Status == sale.Completed {
		a.completed++
		a.units += int(s.Quantity)
		a.revenue += s.TotalAmount
		a.commission += s.Commission
	}
}

// by groups sales.
func by[K comparable](sales []*sale.Sale, key func(*sale.Sale) K) map[K]*tally {
	groups := make(map[K]*tally)
	for _, s := range sales {
		k := key(s)
		if groups[k] == nil {
			groups[k] = new(tally)
		}
		groups[k].add(s)
	}
	return groups
}

func completed(sales []*sale.Sale) (all []*sale.Sale) {
	for _, s := range sales {
		if s.Status == sale.Completed {
			all = append(all, s)
		}
	}
	return all
}

// lines turns groups into rows.
func lines[K comparable](groups map[K]*tally, row func(K, *tally) line) (all []line) {
	for k, a := range groups {
		all = append(all, row(k, a))
	}
	return all
}

// top are the best of the groups.
func top[K cmp.Ordered](groups map[K]*tally, n int, row func(K, *tally) line) (all []line) {
	keys := slices.SortedFunc(maps.Keys(groups), func(a, b K) int {
		return cmp.Or(cmp.Compare(groups[b].revenue, groups[a].revenue), cmp.Compare(a, b))
	})
	for _, k := range keys[:min(n, len(keys))] {
		all = append(all, row(k, groups[k]))
	}
	return all
}

// figure is what a query must answer, computed from the events.
type figure struct {
	columns []string
	want    func(sales []*sale.Sale) []line
}

func minuteOf(s *sale.Sale) time.Time { return s.Timestamp.Time().Truncate(time.Minute) }
func brandOf(s *sale.Sale) string     { return s.Brand.String() }
func customerOf(s *sale.Sale) string  { return s.CustomerID.String() }

func figures() map[string]figure {
	return map[string]figure{
		"revenue-by-product": {[]string{"product_name", "brand", "revenue", "units"}, func(sales []*sale.Sale) []line {
			brands := make(map[string]string)
			for _, s := range sales {
				brands[s.ProductName.String()] = s.Brand.String()
			}
			return top(by(completed(sales), func(s *sale.Sale) string { return s.ProductName.String() }), 10,
				func(product string, a *tally) line { return lineOf(product, brands[product], a.revenue, a.units) })
		}},
		"transactions-per-minute": {[]string{"minute", "transactions", "orders"}, func(sales []*sale.Sale) []line {
			return lines(by(sales, minuteOf), func(m time.Time, a *tally) line { return lineOf(m, a.attempts, a.orders) })
		}},
		"average-order-value": {[]string{"average_order_value", "orders"}, func(sales []*sale.Sale) []line {
			return lines(by(completed(sales), func(*sale.Sale) bool { return true }), func(_ bool, a *tally) line {
				return lineOf(round2(float64(a.revenue)/100/float64(a.completed)), a.completed)
			})
		}},
		"top-customers": {[]string{"customer_id", "spent", "orders"}, func(sales []*sale.Sale) []line {
			return top(by(completed(sales), customerOf), 20, func(c string, a *tally) line { return lineOf(c, a.revenue, a.completed) })
		}},
		"revenue-by-brand": {[]string{"brand", "revenue", "transactions"}, func(sales []*sale.Sale) []line {
			return lines(by(sales, brandOf), func(b string, a *tally) line { return lineOf(b, a.revenue, a.attempts) })
		}},
		"sales-by-screen-size": {[]string{"screen_size", "sales"}, func(sales []*sale.Sale) []line {
			return lines(by(completed(sales), func(s *sale.Sale) int64 { return s.ScreenSize }),
				func(size int64, a *tally) line { return lineOf(size, a.completed) })
		}},
		"brand-share": {[]string{"brand", "revenue", "percent_of_revenue"}, func(sales []*sale.Sale) []line {
			var all tally
			for _, s := range sales {
				all.add(s)
			}
			return lines(by(completed(sales), brandOf), func(b string, a *tally) line {
				return lineOf(b, a.revenue, round2(100*float64(a.revenue)/float64(all.revenue)))
			})
		}},
		"failures-by-reason": {[]string{"status", "failure_reason", "failed", "percent_of_attempts", "not_paid"}, func(sales []*sale.Sale) []line {
			groups := by(sales, func(s *sale.Sale) [2]string { return [2]string{s.Status.String(), s.FailureReason.String()} })
			delete(groups, [2]string{sale.Completed.String(), ""})
			return lines(groups, func(k [2]string, a *tally) line {
				return lineOf(k[0], k[1], a.attempts, round2(100*float64(a.attempts)/float64(len(sales))), a.total)
			})
		}},
		"funnel-by-source": {[]string{"source", "attempts", "completed", "percent_completed", "revenue", "commission"}, func(sales []*sale.Sale) []line {
			return lines(by(sales, func(s *sale.Sale) string { return s.Source.String() }), func(source string, a *tally) line {
				return lineOf(source, a.attempts, a.completed, round2(100*float64(a.completed)/float64(a.attempts)), a.revenue, a.commission)
			})
		}},
		"hours-by-city": {[]string{"city", "state", "hour", "sales"}, func(sales []*sale.Sale) []line {
			type key struct {
				city, state string
				hour        int
			}
			return lines(by(completed(sales), func(s *sale.Sale) key {
				return key{s.City.String(), s.State.String(), s.Timestamp.Time().UTC().Hour()}
			}), func(k key, a *tally) line { return lineOf(k.city, k.state, k.hour, a.completed) })
		}},
		"repeat-customers": {[]string{"orders", "customers", "new_customers"}, func(sales []*sale.Sale) []line {
			first := make(map[string]bool)
			for _, s := range completed(sales) {
				if s.CustomerType.String() == "new" {
					first[customerOf(s)] = true
				}
			}
			customers := make(map[int][2]int)
			for c, a := range by(completed(sales), customerOf) {
				n := customers[a.completed]
				if n[0]++; first[c] {
					n[1]++
				}
				customers[a.completed] = n
			}
			var all []line
			for orders, n := range customers {
				all = append(all, lineOf(orders, n[0], n[1]))
			}
			return all
		}},
		"retries": {[]string{"attempts", "orders", "paid_orders", "revenue"}, func(sales []*sale.Sale) []line {
			attempts := make(map[string]int64)
			for _, s := range sales {
				attempts[s.OrderID.String()] = max(attempts[s.OrderID.String()], s.Attempt)
			}
			orders := make(map[int64]*tally)
			for id, a := range by(sales, func(s *sale.Sale) string { return s.OrderID.String() }) {
				all := orders[attempts[id]]
				if all == nil {
					all = new(tally)
					orders[attempts[id]] = all
				}
				all.orders++
				all.completed += a.completed
				all.revenue += a.revenue
			}
			return lines(orders, func(n int64, a *tally) line { return lineOf(n, a.orders, a.completed, a.revenue) })
		}},
		"promotions": {[]string{"promotion", "orders", "revenue", "percent_below_list"}, func(sales []*sale.Sale) []line {
			price, list := make(map[string]float64), make(map[string]float64)
			for _, s := range completed(sales) {
				price[s.Promotion.String()] += float64(s.Price) * float64(s.Quantity)
				list[s.Promotion.String()] += float64(s.ListPrice) * float64(s.Quantity)
			}
			return lines(by(completed(sales), func(s *sale.Sale) string { return s.Promotion.String() }), func(p string, a *tally) line {
				return lineOf(p, a.completed, a.revenue, round2(100-100*price[p]/list[p]))
			})
		}},
		"scenarios": {[]string{"minute", "attempts", "discounted_percent", "truly_flash_sale", "truly_payment_outage"}, func(sales []*sale.Sale) []line {
			named := func(name string) map[time.Time]*tally {
				return by(slices.DeleteFunc(slices.Clone(sales), func(s *sale.Sale) bool { return s.Scenario.String() != name }), minuteOf)
			}
			flash, outage := named("flash-sale"), named("payment-outage")
			attempts := func(a *tally) int {
				if a == nil {
					return 0
				}
				return a.attempts
			}
			return lines(by(sales, minuteOf), func(m time.Time, a *tally) line {
				return lineOf(m, a.attempts, math.Round(1000*float64(a.discounted)/float64(a.attempts))/10, attempts(flash[m]), attempts(outage[m]))
			})
		}},
	}
}

// Every file in sql says what it answers and answers what Go computes from the events, in
// which there are bursts that were asked for twice.
func TestQueries(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, nil)
	now := time.Now().UTC().Truncate(time.Minute)
	var events int
	for _, order := range []string{
		fmt.Sprintf(`{"events":20000,"id":"usual","at":%q,"over":"25m"}`, now.Format(time.RFC3339)),
		fmt.Sprintf(`{"events":9000,"id":"flash","scenario":"flash-sale","at":%q,"over":"3m"}`, now.Add(-15*time.Minute).Format(time.RFC3339)),
		fmt.Sprintf(`{"events":9000,"id":"outage","scenario":"payment-outage","at":%q,"over":"3m"}`, now.Add(-8*time.Minute).Format(time.RFC3339)),
	} {
		r := p.burst(t, order)
		if again := p.burst(t, order); !again.Skipped || r.Events == 0 {
			t.Fatalf("reports %+v and %+v", r, again)
		}
		events += r.Events
	}
	p.Await(t, events)
	sales := p.Sales(t)
	if len(sales) != events {
		t.Fatalf("%d sales in the topic, want %d", len(sales), events)
	}
	queries, err := druid.Queries(p.Topic)
	if err != nil {
		t.Fatal(err)
	}
	special := map[string]func(*testing.T, []devenv.Row, []*sale.Sale){
		"recent-transactions": recentTransactions,
		"revenue-per-second":  revenuePerSecond,
		"bursts":              noGaps,
		"freshness":           freshness,
	}
	known := figures()
	for _, q := range queries {
		t.Run(q.Name, func(t *testing.T) {
			if !strings.Contains(q.Question, "?") {
				t.Errorf("its first line %q asks nothing", q.Question)
			}
			rows, err := d.Query(t.Context(), q.SQL)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				t.Fatal("no rows")
			}
			if check := special[q.Name]; check != nil {
				check(t, rows, sales)
				return
			}
			f, ok := known[q.Name]
			if !ok {
				t.Fatal("nobody checks this query")
			}
			var got []line
			for _, row := range rows {
				var values []any
				for _, column := range f.columns {
					values = append(values, row[column])
				}
				got = append(got, lineOf(values...))
			}
			want := f.want(sales)
			slices.Sort(got)
			slices.Sort(want)
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Fatalf("%d rows, want %d; the first that differ:\n%s\n%s", len(got), len(want), at(got, i), at(want, i))
				}
			}
			if q.Name == "scenarios" {
				detected(t, rows)
			}
		})
	}
	if len(queries) != len(known)+len(special) {
		t.Errorf("%d files, %d are checked", len(queries), len(known)+len(special))
	}
}

func at(lines []line, i int) line {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

func recentTransactions(t *testing.T, rows []devenv.Row, sales []*sale.Sale) {
	newest := slices.SortedFunc(slices.Values(sales), func(a, b *sale.Sale) int { return cmp.Compare(b.Timestamp, a.Timestamp) })
	if len(rows) != 100 {
		t.Errorf("%d rows", len(rows))
	}
	for i, row := range rows { // sales of the same millisecond come in any order
		if got, want := lineOf(row["__time"]), lineOf(newest[i].Timestamp.Time()); got != want {
			t.Fatalf("row %d is of %s, want %s", i, got, want)
		}
	}
}

func revenuePerSecond(t *testing.T, rows []devenv.Row, sales []*sale.Sale) {
	want := by(completed(sales), func(s *sale.Sale) string { return lineOf(s.Timestamp.Time().Truncate(time.Second)) })
	for _, row := range rows[1:] { // five minutes ago was in the midst of the first second
		w := want[lineOf(row["second"])]
		if w == nil || cents(t, row, "revenue") != w.revenue || int(number(t, row, "sales")) != w.completed {
			t.Fatalf("%v, want %+v", row, w)
		}
	}
	if len(rows) < 60 {
		t.Errorf("%d seconds", len(rows))
	}
}

func noGaps(t *testing.T, rows []devenv.Row, sales []*sale.Sale) {
	want := by(sales, func(s *sale.Sale) string { return s.TransactionID.Burst.String() })
	if len(rows) != len(want) {
		t.Errorf("%d bursts, want %d", len(rows), len(want))
	}
	for _, row := range rows {
		w := want[fmt.Sprint(row["burst"])]
		if w == nil || int(number(t, row, "stored")) != w.attempts || number(t, row, "duplicated") != 0 || number(t, row, "missing") != 0 {
			t.Errorf("%v, want %+v", row, w)
		}
	}
}

func freshness(t *testing.T, rows []devenv.Row, sales []*sale.Sale) {
	var newest sale.Time
	for _, s := range sales {
		newest = max(newest, s.Timestamp)
	}
	if len(rows) != 1 || lineOf(rows[0]["newest"]) != lineOf(newest.Time()) {
		t.Errorf("%v, want one channel with %v", rows, newest.Time())
	}
	if age := number(t, rows[0], "seconds_old"); age < 0 || age > time.Since(newest.Time()).Seconds()+1 {
		t.Errorf("%v seconds old, its newest sale is of %v", age, newest.Time())
	}
}

// detected compares what the figures of each minute look like with what was ordered.
func detected(t *testing.T, rows []devenv.Row) {
	seen := make(map[string]int)
	for _, row := range rows {
		var truth string
		if number(t, row, "truly_flash_sale") > 0 {
			truth = "flash-sale"
		} else if number(t, row, "truly_payment_outage") > 0 {
			truth = "payment-outage"
		}
		seen[truth]++
		if got := fmt.Sprint(row["looks_like"]); got != truth {
			t.Errorf("looks like %q, is %q: %v", got, truth, row)
		}
	}
	if seen["flash-sale"] != 3 || seen["payment-outage"] != 3 || seen[""] < 15 {
		t.Errorf("minutes: %v", seen)
	}
}

// A duplicated or a missing sale shows in the query of bursts: with idempotent delivery a
// burst that is asked for twice is stored twice.
func TestBurstsShowsDuplicates(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, nil)
	p.function = p.Function(t, contract.Online.Name, contract.EnvDelivery+"="+contract.DeliveryIdempotent)
	order := fmt.Sprintf(`{"events":500,"id":"twice","at":%q}`, time.Now().UTC().Truncate(time.Second).Format(time.RFC3339))
	p.burst(t, order)
	p.burst(t, order)
	gap := p.Sales(t)[0]
	gap.TransactionID.Sequence = 502 // 500 and 501 are missing
	text, err := json.Marshal(gap)
	if err != nil {
		t.Fatal(err)
	}
	p.Produce(t, string(text))
	p.Await(t, 1001)
	queries, err := druid.Queries(p.Topic)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(queries, func(q druid.Query) bool { return q.Name == "bursts" })
	rows, err := d.Query(t.Context(), queries[i].SQL)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || number(t, rows[0], "duplicated") != 500 || number(t, rows[0], "missing") != 2 {
		t.Errorf("%v, want 500 duplicated and 2 missing", rows)
	}
}
