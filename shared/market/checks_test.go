package market_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"salesburst/shared/market/places"
	"salesburst/shared/sale"
)

// checks are the lines of what is known of the world, each with its bound. Sources stand in the table
// of the figures.
var checks = map[string]check{
	"online sales by local hour": func(w *world) error {
		var byHour [24]float64
		for _, e := range w.life() {
			byHour[e.Local.Hour()] += 2400 / float64(len(w.life()))
		}
		for hour, want := range map[int]float64{0: 104, 5: 22, 9: 75, 10: 103, 12: 142, 13: 151, 14: 149, 15: 145, 16: 142,
			20: 132, 21: 134, 22: 133, 23: 123} {
			if err := within(fmt.Sprintf("index of hour %d", hour), byHour[hour], want-3, want+3); err != nil {
				return err
			}
		}
		return nil
	},
	"weekday": func(w *world) error {
		return firstError(
			weekdays(w.life(), [7]float64{1.15, 1.12, 1, 1, 1.02, .88, .85}),
			weekdays(w.storeLife(), [7]float64{1.05, .84, .86, .88, .92, 1.12, 1.33}))
	},
	"season, holidays": func(w *world) error {
		daily := func(all []*event, from, to string) float64 {
			days := 1 + day(to).Sub(day(from)).Hours()/24
			n := float64(len(of(all, func(e *event) bool { return !e.Local.Before(day(from)) && e.Local.Before(day(to).AddDate(0, 0, 1)) })))
			return n / days / float64(len(all)) * 365
		}
		return firstError(
			within("Black Friday week online", daily(w.online(), "2026-11-20", "2026-11-30"), 2, 3),
			within("Black Friday week in stores", daily(w.store(), "2026-11-20", "2026-11-30"), 1.6, 3),
			within("1 to 23 December", daily(w.online(), "2026-12-01", "2026-12-23"), 1.6, 2.2),
			within("Christmas Day online", daily(w.online(), "2026-12-25", "2026-12-25"), .3, .8),
			within("Christmas Day in stores", daily(w.store(), "2026-12-25", "2026-12-25"), 0, 0),
			within("Thanksgiving in stores", daily(w.store(), "2026-11-26", "2026-11-26"), 0, 0),
			within("before the Super Bowl", daily(w.online(), "2026-01-25", "2026-02-08"), 1.05, 1.4))
	},
	"noise between minutes": func(w *world) error {
		var squares, lag, variance float64
		var daily []float64
		all := w.counts()
		for d := range len(all) / 1440 {
			var n, expected float64
			for _, c := range all[d*1440 : (d+1)*1440] {
				n, expected = n+c.n, expected+c.expected
			}
			daily = append(daily, n/expected)
		}
		rest := make([]float64, len(all))
		for i, c := range all {
			rest[i] = (c.n - c.expected) / math.Sqrt(c.expected)
			squares += rest[i] * rest[i] / float64(len(all))
		}
		for i := 1; i < len(rest); i++ {
			lag += rest[i] * rest[i-1]
			variance += rest[i] * rest[i]
		}
		var m, v float64
		for _, d := range daily {
			m += d / float64(len(daily))
		}
		for _, d := range daily {
			v += (d - m) * (d - m) / float64(len(daily))
		}
		return firstError(
			within("variance over mean", squares, 1.3, 3),
			within("correlation with the minute before", lag/variance, .2, .8),
			within("spread from day to day, percent", 100*math.Sqrt(v), 3, 8))
	},
	"size of the crowd": func(w *world) error {
		orders := make(map[sale.CustomerID]int)
		for _, e := range w.days() {
			if e.Attempt == 1 && e.Status != sale.Fraud {
				orders[e.CustomerID]++
			}
		}
		often := 0
		for _, n := range orders {
			if n > 2 {
				often++
			}
		}
		return within("customers with more than two orders in two days, percent", 100*float64(often)/float64(len(orders)), 0, .1)
	},
	"how unequal customers are": func(w *world) error {
		orders := make(map[sale.CustomerID]int)
		total := 0
		for _, e := range w.life() {
			if e.Attempt == 1 {
				orders[e.CustomerID]++
				total++
			}
		}
		var counts []int
		for _, n := range orders {
			counts = append(counts, n)
		}
		slices.Sort(counts)
		top := 0
		for _, n := range counts[len(counts)*95/100:] {
			top += n
		}
		return within("orders by the twentieth that buys most, percent", 100*float64(top)/float64(total), 15, 20)
	},
	"new, then returning": func(w *world) error {
		seen := make(map[sale.CustomerID]sale.TransactionID)
		firsts, orders := 0, 0
		bought := make(map[time.Month]map[sale.CustomerID]bool) // who was new in January, by the month of later orders
		january := 0
		fresh := make(map[sale.CustomerID]bool)
		for _, e := range w.life() {
			if e.Attempt > 1 {
				continue
			}
			orders++
			order, known := seen[e.CustomerID]
			seen[e.CustomerID] = e.OrderID
			month := e.Timestamp.Time().Month()
			if e.CustomerType.String() == "new" {
				if known {
					return fmt.Errorf("%s is new in %s and bought before, in %s", e.CustomerID, e.OrderID, order)
				}
				if firsts++; month == time.January {
					january++
					fresh[e.CustomerID] = true
				}
			} else if fresh[e.CustomerID] {
				if bought[month] == nil {
					bought[month] = make(map[sale.CustomerID]bool)
				}
				bought[month][e.CustomerID] = true
			}
		}
		early := len(bought[time.February]) + len(bought[time.March])
		late := len(bought[time.September]) + len(bought[time.October])
		return firstError(
			within("orders by new customers, percent", 100*float64(firsts)/float64(orders), 23, 27),
			within("of January's new customers, those who come in February or March, percent", 100*float64(early)/float64(january), 8, 30),
			within("against that, September and October", float64(late)/float64(early), .5, .98))
	},
	"what sells": func(w *world) error {
		all := append(slices.Clip(w.online()), w.store()...)
		sizes := make(map[int64]float64)
		for _, e := range all {
			sizes[e.ScreenSize] += 100 / float64(len(all))
		}
		for size, share := range sizes {
			if size != 55 && size != 65 && (share > sizes[55] || share > sizes[65]) {
				return fmt.Errorf("%d inches sell more than 55 or 65: %.1f %%, %.1f, %.1f", size, share, sizes[55], sizes[65])
			}
		}
		return firstError(
			within("mean size, inches", mean(all, func(e *event) float64 { return float64(e.ScreenSize) }), 49, 54),
			within("65 inches or more, percent", part(all, func(e *event) bool { return e.ScreenSize >= 65 }), 20, 32))
	},
	"price": func(w *world) error {
		all := append(slices.Clip(w.online()), w.store()...)
		price := func(e *event) float64 { return float64(e.Price) / 100 }
		return firstError(within("mean price", mean(all, price), 450, 650), within("median price", median(all, price), 330, 500))
	},
	"promotions": func(w *world) error {
		off := func(from, to string) float64 {
			some := of(w.online(), func(e *event) bool { return !e.Local.Before(day(from)) && e.Local.Before(day(to)) })
			return 100 * (1 - mean(some, func(e *event) float64 { return float64(e.Price) / float64(e.ListPrice) }))
		}
		return firstError(
			within("taken off in Black Friday week, percent", off("2026-11-20", "2026-12-01"), 15, 22),
			within("taken off in April, percent", off("2026-04-01", "2026-05-01"), .5, 5))
	},
	"discounts": func(w *world) error {
		return within("orders with a voucher, percent", part(w.online(), func(e *event) bool { return e.Discount > 0 }), 2.5, 3.5)
	},
	"quantity": func(w *world) error {
		several := func(from, to sale.Cents) float64 {
			return part(of(w.online(), func(e *event) bool { return e.Price >= from && e.Price < to }), func(e *event) bool { return e.Quantity > 1 })
		}
		return within("orders of several pieces, cheap against dear ones", several(0, 200_00)/several(1500_00, math.MaxInt64), 3, 12)
	},
	"average order by device": func(w *world) error {
		by := func(device string) float64 {
			return mean(of(w.online(), func(e *event) bool { return e.Device.String() == device }), amount)
		}
		return firstError(
			within("desktop against mobile", by("Desktop")/by("Mobile"), 1.2, 1.45),
			within("tablet against mobile", by("Tablet")/by("Mobile"), 1.05, 1.4))
	},
	"hour and device": func(w *world) error {
		mobile := func(from, to int) float64 {
			return part(of(w.online(), func(e *event) bool { return e.Local.Hour() >= from && e.Local.Hour() < to }),
				func(e *event) bool { return e.Device.String() == "Mobile" })
		}
		return firstError(
			within("on a mobile in the evening against the working day", mobile(19, 24)/mobile(9, 17), 1.1, 1.6),
			within("on a mobile, percent", mobile(0, 24), 50, 58))
	},
	"brands": func(w *world) error {
		all := append(slices.Clip(w.online()), w.store()...)
		for name, want := range map[string]float64{"Samsung": 33, "LG": 19, "VIZIO": 11, "Sony": 7, "Hisense": 5, "TCL": 5, "Philips": 3} {
			got := part(all, func(e *event) bool { return strings.EqualFold(e.Brand.String(), name) })
			if err := within(name+", percent", got, want-.5, want+.5); err != nil {
				return err
			}
		}
		return nil
	},
	"brands by channel": func(w *world) error {
		is := func(e *event) bool { return e.Brand.String() == "Hisense" }
		return within("Hisense online against stores", part(w.online(), is)/part(w.store(), is), 1.2, 2)
	},
	"states": func(w *world) error {
		return firstError(states("online", w.online()), states("stores", w.store()))
	},
	"shops": func(w *world) error {
		orders := make(map[string]float64)
		for _, e := range w.store() {
			hour, open, shut := e.Local.Hour(), 10, 21
			if e.Local.Weekday() == time.Sunday {
				open, shut = 11, 19
			}
			if hour < open || hour >= shut {
				return fmt.Errorf("%s sells at %v", e.StoreID, e.Local)
			}
			orders[e.StoreID.String()] += 361. / 365
		}
		var all []float64
		for _, n := range orders {
			all = append(all, n)
		}
		slices.Sort(all)
		return firstError(within("orders a day of the smallest shops", all[len(all)/100], 10, 80),
			within("of a middle one", all[len(all)/2], 20, 80), within("of the largest", all[len(all)-1-len(all)/100], 20, 80))
	},
	"payment and device": func(w *world) error {
		for _, e := range w.online() {
			agent := e.UserAgent.String()
			apple := strings.Contains(agent, "iPhone") || strings.Contains(agent, "iPad") || strings.Contains(agent, "Macintosh")
			google := strings.Contains(agent, "Android") || strings.Contains(agent, "Chrome/") && !strings.Contains(agent, "Edg/")
			switch method := e.PaymentMethod.String(); {
			case method == "Apple Pay" && !apple, method == "Google Pay" && !google && !strings.Contains(agent, "CriOS"):
				return fmt.Errorf("%s with %s", method, agent)
			}
		}
		return within("Apple Pay, percent", part(w.online(), func(e *event) bool { return e.PaymentMethod.String() == "Apple Pay" }), 7.5, 10.5)
	},
	"failures": func(w *world) error {
		failed := (*event).failed
		declines := of(w.online(), (*event).declined)
		reason := func(names ...string) float64 {
			return part(declines, func(e *event) bool { return slices.Contains(names, e.FailureReason.String()) })
		}
		return firstError(
			within("online, percent", part(w.online(), failed), 13, 15),
			within("in stores, percent", part(w.store(), failed), 3, 5),
			within("of declines for want of funds, percent", reason("insufficient_funds"), 52, 64),
			within("of declines an expired card, percent", reason("card_expired"), 9, 14),
			within("of declines suspected, percent", part(declines, func(e *event) bool { return e.Status == sale.Fraud }), 15, 20))
	},
	"failures by kind of customer": func(w *world) error {
		rate := func(kind string) float64 {
			return part(of(w.online(), func(e *event) bool { return e.CustomerType.String() == kind }), (*event).failed)
		}
		return within("new against returning", rate("new")/rate("returning"), 1.2, 1.7)
	},
	"failures by amount": func(w *world) error {
		rate := func(from, to sale.Cents) float64 {
			return part(of(w.online(), func(e *event) bool {
				return e.TotalAmount >= from && e.TotalAmount < to && e.Status != sale.Fraud
			}), (*event).failed)
		}
		return within("dear against cheap orders, fraud aside", rate(1500_00, math.MaxInt64)/rate(0, 300_00), 1.2, 3)
	},
	"failures at night": func(w *world) error {
		night := func(e *event) bool { return e.Local.Hour() < 6 }
		return within("night against day", part(of(w.online(), night), (*event).failed)/
			part(of(w.online(), func(e *event) bool { return !night(e) }), (*event).failed), 1.1, 1.5)
	},
	"after a decline": func(w *world) error {
		last := make(map[sale.TransactionID]*event)
		var declines, again, another, saved float64
		end := w.days()[len(w.days())-1].Timestamp - 10*60_000
		for _, e := range w.days() {
			before, known := last[e.OrderID]
			if e.Attempt > 1 && known {
				again++
				if before.PaymentMethod != e.PaymentMethod {
					another++
				}
				if !e.failed() {
					saved++
				}
				if e.Timestamp-before.Timestamp > 10*60_000 || e.CustomerID != before.CustomerID || e.ProductName != before.ProductName {
					return fmt.Errorf("%s goes on as another order, or late", e.OrderID)
				}
			}
			if e.declined() && e.Timestamp < end {
				declines++
			}
			last[e.OrderID] = e
		}
		return firstError(
			within("declines that are tried again, percent", 100*again/declines, 30, 38),
			within("of these, with another method", 100*another/again, 55, 95),
			within("of these, successful", 100*saved/again, 50, 80))
	},
	"fraud": func(w *world) error {
		fraud := func(e *event) bool { return e.Status == sale.Fraud }
		usual := median(of(w.days(), func(e *event) bool { return !fraud(e) }), amount)
		times := make(map[sale.CustomerID][]sale.Time)
		for _, e := range w.days() {
			if fraud(e) {
				times[e.CustomerID] = append(times[e.CustomerID], e.Timestamp)
			}
		}
		series := 0
		for _, at := range times {
			if len(at) >= 5 && at[len(at)-1]-at[0] < 10*60_000 {
				series++
			}
		}
		return firstError(
			within("median amount against the usual", median(of(w.days(), fraud), amount)/usual, 2, 6),
			within("series of fraud in two days", float64(series), 200, 900))
	},
	"sources online": func(w *world) error {
		share := func(names ...string) float64 {
			return part(w.online(), func(e *event) bool { return slices.Contains(names, e.Source.String()) })
		}
		return firstError(
			within("search, percent", share("Search"), 33, 43), within("direct", share("Direct"), 15, 23),
			within("email", share("Email"), 10, 18), within("affiliates", share("Affiliate"), 15, 22),
			within("social", share("Facebook", "Instagram", "Twitter"), 3, 7))
	},
	"source and conversion": func(w *world) error {
		rate := func(name string) float64 {
			return part(of(w.online(), func(e *event) bool { return e.Source.String() == name }), func(e *event) bool { return !e.failed() })
		}
		return within("completed by email against Facebook, points", rate("Email")-rate("Facebook"), 3, 12)
	},
	"source and kind of customer": func(w *world) error {
		fresh := func(name string) float64 {
			return part(of(w.online(), func(e *event) bool { return e.Source.String() == name }),
				func(e *event) bool { return e.CustomerType.String() == "new" })
		}
		return within("new ones by Facebook against email", fresh("Facebook")/fresh("Email"), 2, 12)
	},
	"user agents": func(w *world) error {
		january, december := make(map[sale.Text]bool), make(map[sale.Text]bool)
		for _, e := range w.online() {
			switch e.Local.Month() {
			case time.January:
				january[e.UserAgent] = true
			case time.December:
				december[e.UserAgent] = true
			}
		}
		both := 0
		for agent := range december {
			if january[agent] {
				both++
			}
		}
		return firstError(within("user agents of a month", float64(min(len(january), len(december))), 60, 2000),
			within("of December's, those of January, percent", 100*float64(both)/float64(len(december)), 0, 40))
	},
	"one person in one place": func(w *world) error {
		type visit struct {
			at    sale.Time
			where string
		}
		last := make(map[sale.CustomerID]visit)
		again := 0
		for _, e := range w.days() {
			where := e.City.String() + e.StoreID.String()
			if v, known := last[e.CustomerID]; known {
				again++
				if v.where != where && e.Timestamp-v.at < 10*60_000 {
					return fmt.Errorf("%s is at %s, and %d s before at %s", e.CustomerID, where, (e.Timestamp-v.at)/1000, v.where)
				}
			}
			last[e.CustomerID] = visit{e.Timestamp, where}
		}
		return within("visits by somebody seen before", float64(again), 500, math.MaxInt)
	},
	"size and state": func(w *world) error {
		size := func(state string) float64 {
			return mean(of(w.online(), func(e *event) bool { return e.State.String() == state }), func(e *event) float64 { return float64(e.ScreenSize) })
		}
		return within("inches in Texas more than in New York", size("TX")-size("NY"), .8, 6)
	},
	"state and method": func(w *world) error {
		wallet := func(states ...string) float64 {
			return part(of(w.online(), func(e *event) bool { return slices.Contains(states, e.State.String()) }),
				func(e *event) bool { return e.PaymentMethod.String() == "Apple Pay" })
		}
		return within("Apple Pay on the coasts against the middle", wallet("NY", "CA", "MA", "WA")/wallet("TX", "OH", "GA", "TN"), 1.1, 2)
	},
	"method and amount": func(w *world) error {
		klarna := func(is func(*event) bool) float64 {
			return part(of(w.online(), is), func(e *event) bool { return e.PaymentMethod.String() == "Klarna" })
		}
		return within("Klarna for dear orders against cheap ones", klarna(func(e *event) bool { return e.TotalAmount > 1000_00 })/
			klarna(func(e *event) bool { return e.TotalAmount < 200_00 }), 1.5, 6)
	},
	"kind of customer and amount": func(w *world) error {
		by := func(kind string) float64 {
			return mean(of(w.online(), func(e *event) bool { return e.CustomerType.String() == kind }), amount)
		}
		return within("VIPs' orders against new customers'", by("vip")/by("new"), 1.05, 1.8)
	},
}

// plainMethods are used alike for any amount and in any state.
const plainMethods = `{"payment": {"online": [
	{"name": "Credit Card", "share": 38, "fails": 14.5, "reasons": "card"},
	{"name": "Debit Card", "share": 22, "fails": 16, "reasons": "card"},
	{"name": "PayPal", "share": 20, "fails": 12, "reasons": "card"},
	{"name": "Apple Pay", "share": 9, "fails": 10, "reasons": "card", "devices": "apple"},
	{"name": "Klarna", "share": 6, "fails": 18, "reasons": "credit"},
	{"name": "Google Pay", "share": 5, "fails": 10, "reasons": "card", "devices": "google"}]}}`

// always are the lines that nothing in the table can make untrue.
var always = []string{"states", "size of the crowd", "one person in one place", "brands by channel"}

// switches are the changes of the table without which a line does not hold.
var switches = map[string]string{
	"online sales by local hour":   `{"demand": {"online": {"hours": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}}`,
	"weekday":                      `{"demand": {"online": {"weekdays": {"sunday": 100, "monday": 100, "thursday": 100, "friday": 100, "saturday": 100}}}}`,
	"season, holidays":             `{"demand": {"online": {"seasons": {"black_friday": 100, "december": 100}}}}`,
	"noise between minutes":        `{"demand": {"noise": {"days": 0, "hours": 0, "shocks": 0}}}`,
	"how unequal customers are":    `{"customers": {"activity": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}`,
	"new, then returning":          `{"customers": {"new": 40}}`,
	"what sells":                   `{"products": {"sizes": []}}`,
	"price":                        `{"products": {"prices": {"above": 0}}}`,
	"promotions":                   `{"products": {"promotions": {"per_year": 0, "events": {"black_friday": {"products": 0}}}}}`,
	"discounts":                    `{"vouchers": {"share": 0}}`,
	"quantity":                     `{"products": {"quantity": {"by_price": [{"price": 0, "orders": 8}]}}}`,
	"average order by device":      `{"customers": {"devices": {"Desktop": 0, "Mobile": 0, "Tablet": 0}}}`,
	"hour and device":              `{"customers": {"after_work": 0}}`,
	"brands":                       `{"products": {"brands": {"Samsung": 40, "LG": 19}}}`,
	"shops":                        `{"stores": {"orders": 1000}}`,
	"payment and device":           `{"payment": {"online": [{"name": "Credit Card", "share": 60, "fails": 14, "reasons": "card"}, {"name": "Apple Pay", "share": 9, "fails": 10, "reasons": "card"}]}}`,
	"failures":                     `{"payment": {"online": [{"name": "Credit Card", "share": 60, "fails": 5, "reasons": "card"}]}}`,
	"failures by kind of customer": `{"payment": {"failures": {"new_customers": 100, "vips": 100}}}`,
	"failures by amount": `{"payment": {"amounts": [{"from": 0, "share": 22, "fails": 100}, {"from": 200, "share": 28, "fails": 100},
		{"from": 400, "share": 28, "fails": 100}, {"from": 800, "share": 15, "fails": 100}, {"from": 1500, "share": 7, "fails": 100}]}}`,
	"failures at night":           `{"payment": {"failures": {"night": 100}}}`,
	"after a decline":             `{"orders": {"tried_again": 0}}`,
	"fraud":                       `{"fraud": {"in_series": 0}}`,
	"sources online":              `{"sources": [{"name": "Search", "share": 1, "commission": 0, "fails": 100, "newcomers": 100}]}`,
	"source and conversion":       `{"sources": [{"name": "Email", "share": 1, "commission": 0, "fails": 100, "newcomers": 100}, {"name": "Facebook", "share": 1, "commission": 0, "fails": 100, "newcomers": 100}]}`,
	"source and kind of customer": `{"sources": [{"name": "Email", "share": 1, "commission": 0, "fails": 100, "newcomers": 100}, {"name": "Facebook", "share": 1, "commission": 0, "fails": 100, "newcomers": 100}]}`,
	"user agents":                 `{"browsers": {"last_day": 20454}}`,
	"size and state":              `{"places": {"roomy": {"NY": 0, "TX": 0}}}`,
	"state and method":            plainMethods,
	"method and amount":           plainMethods,
	"kind of customer and amount": `{"customers": {"vips": 0, "power": 0}}`,
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// weekdays compares the ordinary weeks of the year with a profile.
func weekdays(all []*event, want [7]float64) error {
	var n, days [7]float64
	ordinary := func(t time.Time) bool {
		long := func(begins string) bool { return !t.Before(day(begins)) && t.Before(day(begins).AddDate(0, 0, 3)) }
		return t.Month() >= time.March && t.Month() <= time.October && t.Month() != time.July &&
			!long("2026-05-23") && !long("2026-09-05")
	}
	for _, e := range all {
		if ordinary(e.Local) {
			n[e.Local.Weekday()]++
		}
	}
	var sum, total float64
	for d := day("2026-03-01"); d.Month() < time.November; d = d.AddDate(0, 0, 1) {
		if ordinary(d) {
			days[d.Weekday()]++
		}
	}
	for d := range n {
		total += n[d] / days[d] / 7
		sum += want[d] / 7
	}
	for d := range n {
		if err := within(fmt.Sprint(time.Weekday(d)), n[d]/days[d]/total, .98*want[d]/sum, 1.02*want[d]/sum); err != nil {
			return err
		}
	}
	return nil
}

// states compares the sales of the states with their people.
func states(what string, all []*event) error {
	sold := make(map[string]float64)
	for _, e := range all {
		sold[e.State.String()] += 1 / float64(len(all))
	}
	var people float64
	for _, s := range places.States() {
		people += float64(s.Population)
	}
	var misplaced, xy, xx, yy float64
	for _, s := range places.States() {
		share := float64(s.Population) / people
		if sold[s.Code] == 0 {
			return fmt.Errorf("nothing is sold %s in %s", what, s.Code)
		}
		misplaced += math.Abs(sold[s.Code]-share) / 2
		x, y := share-1./51, sold[s.Code]-1./51
		xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
	}
	return firstError(within(what+": correlation with the census", xy/math.Sqrt(xx*yy), .97, 1),
		within(what+": misplaced, percent", 100*misplaced, 0, 8))
}
