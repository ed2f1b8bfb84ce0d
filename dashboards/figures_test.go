package dashboards_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/sale"
)

// tally adds sales up, in whole cents.
type tally struct {
	attempts, orders, units float64
	revenue, commission     sale.Cents
	notPaid                 sale.Cents
}

func (a *tally) add(s *sale.Sale) {
	a.attempts++
	if s.Status != sale.Completed {
		a.notPaid += s.TotalAmount
		return
	}
	a.orders++
	a.units += float64(s.Quantity)
	a.revenue += s.TotalAmount
	a.commission += s.Commission
}

func dollars(c sale.Cents) float64 { return float64(c) / 100 }

// check computes in Go, from the events, what the panel should show.
func (c *comparison) check(t *testing.T, d dashboards.Dashboard, panel dashboards.Panel, f dashboards.Frame, q dashboards.Query) {
	t.Helper()
	in := func(from, to time.Time) (sales []*sale.Sale) {
		for _, s := range c.sales {
			if at := s.Timestamp.Time(); !at.Before(from) && at.Before(to) {
				sales = append(sales, s)
			}
		}
		return sales
	}
	now, before := in(q.From, q.To), in(q.From.Add(-24*time.Hour), q.To.Add(-24*time.Hour))
	all := func(sales []*sale.Sale) (a tally) {
		for _, s := range sales {
			a.add(s)
		}
		return a
	}
	groups := func(key func(*sale.Sale) string) map[string]tally {
		m := make(map[string]tally)
		for _, s := range now {
			a := m[key(s)]
			a.add(s)
			m[key(s)] = a
		}
		return m
	}
	figures := func(want ...float64) {
		t.Helper()
		for i, w := range want {
			if got := f.Columns[i].Values[0].(float64); math.Abs(got-w) > 0.001 {
				t.Errorf("%s is %v, want %v", f.Columns[i].Name, got, w)
			}
		}
	}
	// rows compares each row by its name; those that a limit has cut off are not there.
	rows := func(want map[string]tally, limit int, number func(tally) map[string]float64) {
		t.Helper()
		for name, a := range want {
			if panel.Kind != dashboards.Table && panel.Title != "Payment methods" && a.orders == 0 {
				delete(want, name)
			}
		}
		if f.Rows() != min(limit, len(want)) {
			t.Errorf("%d rows, want %d", f.Rows(), min(limit, len(want)))
		}
		for i := range f.Rows() {
			name := fmt.Sprint(f.Columns[0].Values[i])
			a, known := want[name]
			if !known {
				t.Errorf("unknown %s", name)
			}
			for column, w := range number(a) {
				j := slices.IndexFunc(f.Columns, func(c dashboards.Column) bool { return c.Name == column })
				if got := f.Columns[j].Values[i].(float64); math.Abs(got-w) > 0.001 {
					t.Errorf("%s of %s is %v, want %v", column, name, got, w)
				}
			}
		}
	}
	revenue := func(a tally) map[string]float64 { return map[string]float64{"revenue": dollars(a.revenue)} }
	a, b := all(now), all(before)
	switch panel.Title {
	case "Revenue":
		figures(dollars(a.revenue), dollars(b.revenue))
	case "Orders":
		figures(a.orders, b.orders)
	case "Average order value":
		figures(dollars(a.revenue)/a.orders, dollars(b.revenue)/b.orders)
	case "Conversion of attempts":
		figures(100*a.orders/a.attempts, 100*b.orders/b.attempts)
	case "Top selling brands":
		rows(groups(func(s *sale.Sale) string { return s.Brand.String() }), 10, revenue)
	case "Top products":
		rows(groups(func(s *sale.Sale) string { return s.ProductName.String() }), 10, func(a tally) map[string]float64 {
			return map[string]float64{"revenue": dollars(a.revenue), "units": a.units}
		})
	case "Revenue by city":
		rows(groups(func(s *sale.Sale) string { return s.City.String() }), 500, revenue)
	case "Revenue by state":
		rows(groups(func(s *sale.Sale) string { return s.State.String() }), 15, revenue)
	case "Devices":
		rows(groups(func(s *sale.Sale) string { return s.Device.String() }), 8, revenue)
	case "Order types":
		rows(groups(func(s *sale.Sale) string { return s.OrderType.String() }), 8, revenue)
	case "New against returning customers":
		rows(groups(func(s *sale.Sale) string { return s.CustomerType.String() }), 8, revenue)
	case "Orders by customer type":
		rows(groups(func(s *sale.Sale) string { return s.CustomerType.String() }), 20, func(a tally) map[string]float64 {
			return map[string]float64{"orders": a.orders, "average": dollars(a.revenue) / a.orders}
		})
	case "Payment methods":
		rows(groups(func(s *sale.Sale) string { return s.PaymentMethod.String() }), 20, func(a tally) map[string]float64 {
			return map[string]float64{"completed": a.orders, "failed": a.attempts - a.orders}
		})
	case "Sources and what they cost":
		rows(groups(func(s *sale.Sale) string { return s.Source.String() }), 100, func(a tally) map[string]float64 {
			return map[string]float64{"attempts": a.attempts, "conversion": 100 * a.orders / a.attempts, "revenue": dollars(a.revenue), "commission": dollars(a.commission)}
		})
	case "Failure rate by payment method":
		rows(groups(func(s *sale.Sale) string { return s.PaymentMethod.String() }), 20, func(a tally) map[string]float64 {
			return map[string]float64{"failed": 100 * (a.attempts - a.orders) / a.attempts}
		})
	case "What failures cost":
		var attempts, notPaid float64
		for i := range f.Rows() {
			attempts += f.Columns[2].Values[i].(float64)
			notPaid += f.Columns[3].Values[i].(float64)
		}
		if attempts != a.attempts-a.orders || math.Abs(notPaid-dollars(a.notPaid)) > 0.001 {
			t.Errorf("%v failed, %v not paid, want %+v", attempts, notPaid, a)
		}
	case "Revenue by screen size and technology":
		var sum float64
		for _, c := range f.Columns[1:] {
			for _, v := range c.Values {
				sum += v.(float64)
			}
		}
		if math.Abs(sum-dollars(a.revenue)) > 0.001 {
			t.Errorf("%v in all, want %v", sum, dollars(a.revenue))
		}
	case "Revenue per minute by order type", "Orders per minute", "Revenue per second", "Failed transactions by reason", "Events per second against the schedule", "Scenarios running":
		c.checkSeries(t, panel, f, q, a)
	case "From the sale to Kafka", "Late sales":
		c.checkArrival(t, panel, f, q)
	case "Doubled and missing sales":
		doubled, bursts := 0.0, make(map[sale.BurstID]bool)
		seen := make(map[sale.TransactionID]bool)
		for _, s := range in(q.To.Add(-15*time.Minute), q.To) {
			if seen[s.TransactionID] {
				doubled++
			}
			seen[s.TransactionID] = true
			bursts[s.TransactionID.Burst] = true
		}
		if doubled != 500 {
			t.Errorf("%v sales were stored twice", doubled)
		}
		figures(doubled, 0, float64(len(bursts)))
	case "Age of the newest sale":
		newest := slices.MaxFunc(now, func(a, b *sale.Sale) int { return int(a.Timestamp - b.Timestamp) })
		figures(q.To.Sub(newest.Timestamp.Time()).Seconds())
	case "Slots with sales", "Slots without sales":
		c.checkSlots(t, panel, f, q, now)
	case "Latest transactions", "Late channels", "Bursts", "Failure rate against its usual range", "Scenarios":
		// SQLite computes them alone
	default:
		t.Error("nobody computes what it should show")
	}
}

// checkSeries adds up all points of a time series: each is a rate over its bucket.
func (c *comparison) checkSeries(t *testing.T, panel dashboards.Panel, f dashboards.Frame, q dashboards.Query, a tally) {
	t.Helper()
	buckets := panel.Interval(q.From, q.To, 800)
	var scenario float64
	for _, s := range c.sales {
		if at := s.Timestamp.Time(); s.Scenario.String() != "" && !at.Before(q.From) && at.Before(q.To) {
			scenario++
		}
	}
	want := map[string]float64{
		"Revenue per second": dollars(a.revenue), "Revenue per minute by order type": dollars(a.revenue), "Orders per minute": a.orders,
		"Failed transactions by reason": a.attempts - a.orders, "Events per second against the schedule": a.attempts, "Scenarios running": scenario,
	}[panel.Title]
	perSecond := panel.Title == "Revenue per second" || panel.Title == "Events per second against the schedule"
	var got float64
	for _, column := range f.Columns[1:] {
		if column.Name == "schedule" || column.Name == "orders_before" {
			continue
		}
		for _, v := range column.Values {
			if v == nil {
				continue
			}
			if perSecond {
				got += v.(float64) * buckets.Seconds()
			} else {
				got += v.(float64) * buckets.Minutes()
			}
		}
	}
	if math.Abs(got-want) > 0.001 {
		t.Errorf("%v in all points together, want %v", got, want)
	}
}

// checkArrival computes each bucket's figures.
func (c *comparison) checkArrival(t *testing.T, panel dashboards.Panel, f dashboards.Frame, q dashboards.Query) {
	t.Helper()
	interval := panel.Interval(q.From, q.To, 800)
	buckets := make(map[time.Time][]float64)
	for i, s := range c.sales {
		if at := s.Timestamp.Time(); !at.Before(q.From) && at.Before(q.To) {
			begin := at.Truncate(interval)
			buckets[begin] = append(buckets[begin], float64(c.arrived[i].Sub(at)/time.Second))
		}
	}
	if f.Rows() != len(buckets) {
		t.Errorf("%d points, want %d", f.Rows(), len(buckets))
	}
	for i := range f.Rows() {
		var sum, longest, late float64
		delays := buckets[f.Columns[0].Values[i].(time.Time).UTC()]
		for _, d := range delays {
			sum, longest = sum+d, max(longest, d)
			if d >= 120 {
				late++
			}
		}
		want := []float64{late / interval.Minutes()}
		if panel.Title != "Late sales" {
			want = []float64{sum / float64(len(delays)), longest}
		}
		for j, w := range want {
			if got := f.Columns[1+j].Values[i].(float64); math.Abs(got-w) > 0.001 {
				t.Errorf("%s at %v is %v, want %v", f.Columns[1+j].Name, f.Columns[0].Values[i], got, w)
			}
		}
	}
}

func (c *comparison) checkSlots(t *testing.T, panel dashboards.Panel, f dashboards.Frame, q dashboards.Query, now []*sale.Sale) {
	t.Helper()
	first, end := q.From.Add(time.Minute-time.Millisecond).Truncate(time.Minute), q.To.Add(-2*time.Minute).Truncate(time.Minute)
	seen := make(map[string]map[time.Time]bool)
	for _, s := range now {
		minute := s.Timestamp.Time().Truncate(time.Minute)
		if !minute.Before(first) && minute.Before(end) {
			if seen[s.OrderType.String()] == nil {
				seen[s.OrderType.String()] = make(map[time.Time]bool)
			}
			seen[s.OrderType.String()][minute] = true
		}
	}
	for i, channel := range []string{"online", "in_store"} {
		want := float64(len(seen[channel]))
		if panel.Title == "Slots without sales" {
			want = end.Sub(first).Minutes() - want
		}
		if got := f.Columns[i].Values[0].(float64); got != want {
			t.Errorf("%s: %v slots, want %v", channel, got, want)
		}
	}
}
