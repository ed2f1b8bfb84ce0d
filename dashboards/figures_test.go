package dashboards_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/market"
	"salesburst/shared/question"
	"salesburst/shared/sale"
)

// event is a sale and when Kafka got it.
type event struct {
	*sale.Sale
	arrived time.Time
}

type events []event

func (e events) only(pass func(event) bool) (some events) {
	for _, v := range e {
		if pass(v) {
			some = append(some, v)
		}
	}
	return some
}

func (e events) sum(of func(event) float64) (sum float64) {
	for _, v := range e {
		sum += of(v)
	}
	return sum
}

func paid(v event) bool               { return v.Status == sale.Completed }
func unpaid(v event) bool             { return !paid(v) }
func cents(v event) float64           { return float64(v.TotalAmount) }
func delay(v event) float64           { return float64(v.arrived.Sub(v.Timestamp.Time()) / time.Second) }
func count(e events) float64          { return float64(len(e)) }
func orders(e events) float64         { return count(e.only(paid)) }
func revenue(e events) float64        { return e.only(paid).sum(cents) / 100 }
func minute(v event) time.Time        { return v.Timestamp.Time().Truncate(time.Minute) }
func millis(v event) int64            { return int64(v.Timestamp) }
func perHundred(a, b float64) float64 { return 100 * a / b }

// oldest and newest are of events' times, in milliseconds.
func oldest(e events) float64 {
	return float64(millis(slices.MinFunc(e, func(a, b event) int { return int(a.Timestamp - b.Timestamp) })))
}

func newest(e events) float64 {
	return float64(millis(slices.MaxFunc(e, func(a, b event) int { return int(a.Timestamp - b.Timestamp) })))
}

// slots are the minutes in which a channel sold.
func slots(e events, channel string) float64 {
	minutes := make(map[time.Time]bool)
	for _, v := range e {
		if v.OrderType.String() == channel {
			minutes[minute(v)] = true
		}
	}
	return float64(len(minutes))
}

// ids are the sequences of each burst.
func ids(e events) map[sale.BurstID]map[uint32]bool {
	bursts := make(map[sale.BurstID]map[uint32]bool)
	for _, v := range e {
		id := v.TransactionID
		if bursts[id.Burst] == nil {
			bursts[id.Burst] = make(map[uint32]bool)
		}
		bursts[id.Burst][id.Sequence] = true
	}
	return bursts
}

func hour(v event) time.Time { return v.Timestamp.Time().Truncate(time.Hour) }

// perHour is how many events the buckets of each hour have on average, of those that have any.
func perHour(asked question.Asked, all events) map[time.Time]float64 {
	buckets, means := make(map[time.Time]map[time.Time]bool), make(map[time.Time]float64)
	for _, v := range all {
		if buckets[hour(v)] == nil {
			buckets[hour(v)] = make(map[time.Time]bool)
		}
		buckets[hour(v)][v.Timestamp.Time().Truncate(asked.Interval)] = true
		means[hour(v)]++
	}
	for h, of := range buckets {
		means[h] /= float64(len(of))
	}
	return means
}

// inOpen are the minutes of a time in which stores are open, from 16 to 2 o'clock UTC.
func inOpen(from, to int64) (n float64) {
	for t := time.UnixMilli(from).UTC(); t.UnixMilli() < to; t = t.Add(time.Minute) {
		if open(t) {
			n++
		}
	}
	return n
}

func open(t time.Time) bool { return t.Hour() >= 16 || t.Hour() < 2 }

func second(v event) bool { return v.Attempt > 1 }

// ofList is a part of the list prices of what was paid, in percent.
func ofList(e events, of func(event) float64) float64 {
	e = e.only(paid)
	return perHundred(e.sum(of), e.sum(func(v event) float64 { return float64(v.ListPrice) * float64(v.Quantity) }))
}

// figures computes in Go what a column of that name means, of the events that belong to a
// row, on all panels. All are the events of all rows.
func figures(asked question.Asked, inAll events) map[string]func(e events) float64 {
	from, to := asked.Bounds()
	whole := float64((to - from) / time.Minute.Milliseconds())
	hours := sync.OnceValue(func() map[time.Time]float64 { return perHour(asked, inAll) })
	usually := func(deviations float64) func(events) float64 { // a second
		return func(e events) float64 {
			n := hours()[hour(e[0])]
			return max(0, n+deviations*math.Sqrt(n)) / asked.Interval.Seconds()
		}
	}
	mean := func(of func(event) float64, pass func(event) bool) func(events) float64 {
		return func(e events) float64 { e = e.only(pass); return e.sum(of) / count(e) }
	}
	all := func(event) bool { return true }
	screen := func(technologies ...string) func(events) float64 {
		return func(e events) float64 {
			return revenue(e.only(func(v event) bool { return slices.Contains(technologies, v.DisplayType.String()) }))
		}
	}
	distinct := func(e events) (n float64) {
		for _, seen := range ids(e) {
			n += float64(len(seen))
		}
		return n
	}
	return map[string]func(events) float64{
		"attempts": count, "events": count, "stored": count,
		"orders": orders, "completed": orders,
		"failed":         func(e events) float64 { return count(e.only(unpaid)) },
		"failed_percent": func(e events) float64 { return perHundred(count(e)-orders(e), count(e)) },
		"conversion":     func(e events) float64 { return perHundred(orders(e), count(e)) },
		"revenue":        revenue,
		"average_order":  func(e events) float64 { return revenue(e) / orders(e) },
		"not_paid":       func(e events) float64 { return e.only(unpaid).sum(cents) / 100 },
		"saved":          func(e events) float64 { return revenue(e.only(second)) },
		"saved_percent":  func(e events) float64 { return perHundred(revenue(e.only(second)), revenue(e)) },
		"tried_again": func(e events) float64 {
			return perHundred(count(e.only(second)), count(e.only(func(v event) bool {
				return unpaid(v) && v.Status != sale.FailedCheckout && v.Status != sale.FailedAPIResponse
			})))
		},
		"paid_again": func(e events) float64 { return perHundred(orders(e.only(second)), count(e.only(second))) },
		"below_list": func(e events) float64 {
			return ofList(e, func(v event) float64 { return float64(v.ListPrice-v.Price) * float64(v.Quantity) })
		},
		"off_order": func(e events) float64 {
			return ofList(e, func(v event) float64 { return float64(v.Discount) })
		},
		"new_percent": func(e events) float64 {
			return perHundred(orders(e.only(func(v event) bool { return v.CustomerType.String() == "new" })), orders(e))
		},
		"commission": func(e events) float64 {
			return e.only(paid).sum(func(v event) float64 { return float64(v.Commission) }) / 100
		},
		"units":     func(e events) float64 { return e.only(paid).sum(func(v event) float64 { return float64(v.Quantity) }) },
		"latitude":  mean(func(v event) float64 { return float64(v.Latitude) / 10_000 }, paid),
		"longitude": mean(func(v event) float64 { return float64(v.Longitude) / 10_000 }, paid),
		"oled":      screen("OLED", "QD-OLED"),
		"qled":      screen("QLED", "Neo QLED", "QNED"),
		"mini_led":  screen("Mini-LED", "MicroLED"),
		"led":       screen("LED", "LCD"),
		"other": func(e events) float64 {
			return revenue(e) - screen("OLED", "QD-OLED", "QLED", "Neo QLED", "QNED", "Mini-LED", "MicroLED", "LED", "LCD")(e)
		},
		"average_delay": mean(delay, all),
		"longest_delay": func(e events) float64 {
			return delay(slices.MaxFunc(e, func(a, b event) int { return int(delay(a) - delay(b)) }))
		},
		"late":       func(e events) float64 { return count(e.only(func(v event) bool { return delay(v) >= 120 })) },
		"first_time": oldest, "last_time": newest, "newest_time": newest,
		"age":            func(e events) float64 { return (float64(to) - newest(e)) / 1000 },
		"online":         func(e events) float64 { return slots(e, "online") },
		"in_store":       func(e events) float64 { return slots(e, "in_store") },
		"online_missing": func(e events) float64 { return whole - slots(e, "online") },
		"in_store_missing": func(e events) float64 {
			return inOpen(from, to) - slots(e.only(func(v event) bool { return open(minute(v).UTC()) }), "in_store")
		},
		"bursts":     func(e events) float64 { return float64(len(ids(e))) },
		"duplicated": func(e events) float64 { return count(e) - distinct(e) },
		"missing": func(e events) (n float64) {
			first := make(map[sale.BurstID]sale.Time)
			for _, v := range e {
				if at, seen := first[v.TransactionID.Burst]; !seen || v.Timestamp < at {
					first[v.TransactionID.Burst] = v.Timestamp
				}
			}
			for id, seen := range ids(e) {
				if int64(first[id]) < from+time.Minute.Milliseconds() {
					continue // the begin may cut it
				}
				var all []uint32
				for sequence := range seen {
					all = append(all, sequence)
				}
				n += float64(slices.Max(all)-slices.Min(all)) + 1 - float64(len(all))
			}
			return n
		},
		"usual": func(e events) float64 {
			if e[0].OrderType.String() == "in_store" {
				return 5
			}
			if h := e[0].Timestamp.Time().Truncate(asked.Interval).UTC().Hour(); h >= 4 && h < 11 {
				return 17
			}
			return 15
		},
		"usual_most":  usually(3),
		"usual_least": usually(-3),
	}
}

// names computes the texts of a column of that name; an event without one is in no row.
var names = map[string]func(event) string{
	"brand":          func(v event) string { return v.Brand.String() },
	"product_name":   func(v event) string { return v.ProductName.String() },
	"city":           func(v event) string { return v.City.String() },
	"state":          func(v event) string { return v.State.String() },
	"device":         func(v event) string { return v.Device.String() },
	"source":         func(v event) string { return v.Source.String() },
	"order_type":     func(v event) string { return v.OrderType.String() },
	"customer_type":  func(v event) string { return v.CustomerType.String() },
	"payment_method": func(v event) string { return v.PaymentMethod.String() },
	"status":         func(v event) string { return v.Status.String() },
	"failure_reason": func(v event) string { return v.FailureReason.String() },
	"scenario":       func(v event) string { return v.Scenario.String() },
	"burst":          func(v event) string { return v.TransactionID.Burst.String() },
	"promotion":      func(v event) string { return cmp.Or(v.Promotion.String(), "none") },
	"which":          func(v event) string { return []string{"first attempt", "second", "third"}[v.Attempt-1] },
	"size": func(v event) string {
		switch size := v.ScreenSize / 10; {
		case v.ScreenSize == 0:
			return "no size told"
		case size < 4:
			return "below 40 in"
		case size >= 8:
			return "80 in and more"
		default:
			return fmt.Sprintf("%d0 to %d9 in", size, size)
		}
	},
	"reason": func(v event) string {
		for words, reasons := range map[string]string{
			"no funds or credit": "insufficient_funds credit_declined", "fraud suspected": "fraud_suspected",
			"card expired": "card_expired", "wrong details, PIN or login": "wrong_details wrong_pin login_failed",
			"given up": "session_expired abandoned_at_register", "gateway slow": "gateway_timeout",
			"gateway down": "gateway_unavailable",
		} {
			if slices.Contains(strings.Fields(reasons), v.FailureReason.String()) {
				return words
			}
		}
		return "other"
	},
}

// check computes in Go, from the events, what the panel should show in each row.
func (c *comparison) check(
	t *testing.T, panel dashboards.Panel, columns []string, rows [][]any, choice question.Choice,
) {
	t.Helper()
	if len(panel.Rows) > 0 {
		return // SQLite has the same list
	}
	asked := panel.Ask(choice)
	from, to := asked.Bounds()
	var inAll events
	for i, s := range c.sales {
		if at := millis(event{Sale: s}); at >= from && at < to {
			inAll = append(inAll, event{s, c.arrived[i]})
		}
	}
	means := figures(asked, inAll)
	var keys, numbers []int // the columns that name a row, and the others
	for i, name := range columns {
		_, isName := names[name]
		switch _, known := means[strings.TrimSuffix(name, "_before")]; {
		case isName || name == "time":
			keys = append(keys, i)
		case known:
			numbers = append(numbers, i)
		default:
			t.Fatalf("nobody computes what %s should be", name)
		}
	}
	// The events of each row: of the chosen time, and of a day before.
	now, before := make(map[string]events), make(map[string]events)
	for i, s := range c.sales {
		v := event{s, c.arrived[i]}
		add := func(groups map[string]events, at time.Time) {
			if at.UnixMilli() < from || at.UnixMilli() >= to {
				return
			}
			var key []string
			for _, k := range keys {
				var text string
				if columns[k] == "time" {
					text = at.Truncate(asked.Interval).Format("2006-01-02T15:04:05.000Z")
				} else {
					text = names[columns[k]](v)
				}
				if columns[k] == "scenario" && text == "" {
					return
				}
				key = append(key, text)
			}
			k := fmt.Sprint(key)
			groups[k] = append(groups[k], v)
		}
		add(now, v.Timestamp.Time())
		if panel.Comparison {
			add(before, v.Timestamp.Time().Add(24*time.Hour))
		}
	}
	want := func(column int, key string) float64 {
		name, groups := columns[column], now
		if short, is := strings.CutSuffix(name, "_before"); is {
			name, groups = short, before
		}
		if len(groups[key]) == 0 {
			return 0
		}
		w := means[name](groups[key])
		for _, m := range panel.Measures {
			if m.Name == columns[column] && m.Per > 0 {
				w *= float64(m.Per) / float64(asked.Interval)
			}
		}
		return w
	}
	shown := make(map[string]bool)
	for _, row := range rows {
		var parts []string
		for _, k := range keys {
			parts = append(parts, row[k].(string))
		}
		key := fmt.Sprint(parts)
		shown[key] = true
		for _, n := range numbers {
			got, isNumber := figure(row[n])
			if text, is := row[n].(string); is {
				at, err := time.Parse(time.RFC3339, text)
				if err != nil {
					t.Fatal(err)
				}
				got, isNumber = float64(at.UnixMilli()), true
			}
			if w := want(n, key); !isNumber || !(math.Abs(got-w) <= 0.001) {
				t.Errorf("%s of %s is %v, want %v", columns[n], key, row[n], w)
			}
		}
	}
	// Nothing is left out, but where a limit cuts it off.
	var left []string
	n := 0
	for key := range now {
		if w := want(numbers[0], key); w != 0 && !math.IsNaN(w) {
			if n++; !shown[key] {
				left = append(left, key)
			}
		}
	}
	if limited := panel.Limit > 0 && len(rows) == panel.Limit; len(left) > 0 && !limited {
		t.Errorf("%d of %d rows are not there: %.5q", len(left), n, left)
	}
}

// Every reason of the market's has words in "Failed transactions by reason".
func TestReasonsAreKnown(t *testing.T) {
	var schema struct {
		Properties struct {
			Payment struct {
				Properties struct {
					Reasons struct {
						Default map[string][]struct{ Reason string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(market.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{"gateway_unavailable": true} // a payment-outage's
	for _, list := range schema.Properties.Payment.Properties.Reasons.Default {
		for _, r := range list {
			reasons[r.Reason] = true
		}
	}
	if len(reasons) < 8 {
		t.Errorf("the reasons are %v", reasons)
	}
	for _, p := range dashboards.Sales().Panels() {
		for reason := range reasons {
			if p.ID == 60 && !strings.Contains(p.Then, "WHEN '"+reason+"' THEN") {
				t.Errorf("%s has no words for %s", p.Title, reason)
			}
		}
	}
}
