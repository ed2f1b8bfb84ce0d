package dashboards

import (
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/question"
)

// Sales is what the shop sells: how much, what, to whom and where, and what fails.
func Sales() Dashboard {
	return Dashboard{
		UID:   "salesburst-sales",
		Slug:  "sales",
		Title: "Sales",
		Description: "What is sold now: revenue, orders, brands, products, places, payments, failures. Each event is" +
			" an attempt to pay an order. Orders are those that were paid; revenue is the sum of their total_amount," +
			" after discounts.",
		Lookback: 15 * time.Minute,
		Delay:    contract.Slot,
		Refresh:  5 * time.Second,
		Variables: []Variable{
			{Name: "brand", Label: "Brand", Column: "brand"},
			{Name: "state", Label: "State", Column: "state"},
			{Name: "order_type", Label: "Order type", Column: "order_type"},
		},
		Rows: []Row{
			{"Now, and at the same time before", headlines()},
			{"How the money comes in", overTime()},
			{"What sells", goods()},
			{"Where", places()},
			{"Who buys, and how", buyers()},
			{"What fails", failures()},
			{"What is tried again", triedAgain()},
			{"The latest", latest()},
		},
	}.complete()
}

// sameTime explains the grey figure.
const sameTime = " Beside it, in grey, the same stretch of time a day earlier (of a range longer than a day, as" +
	" many days earlier as it has): 0 where there was nothing."

// headlines read two stretches of time of the same length.
func headlines() []Panel {
	figure := func(
		id int, title, description string, unit Unit, decimals int, column, now, then string,
		measures ...question.Measure,
	) Panel {
		p := Panel{
			ID: id, Title: title, Description: description + sameTime,
			Kind: Stat, Width: 6, Height: 4, Unit: unit, Decimals: decimals,
			Fields: []Field{
				{Column: column, Title: "now", Unit: unit, Decimals: decimals},
				{Column: column + "_before", Title: "same time before", Unit: unit, Decimals: decimals, Color: Grey},
			},
			Question: question.Question{
				Comparison: true, Measures: []question.Measure{count("attempts")},
				Then: `SELECT
  ` + now + ` AS ` + column + `,
  ` + then + ` AS ` + column + `_before
FROM grouped
WHERE attempts > 0`,
			},
		}
		for _, m := range measures {
			p.Measures = append(p.Measures, m, before(m))
		}
		return p
	}
	quotient := func(a, b string) string {
		return `CASE WHEN ` + b + ` > 0 THEN ` + a + ` / ` + b + ` ELSE 0 END`
	}
	orders := count("orders", paid())
	conversion := figure(4, "Conversion of attempts",
		"Part of the attempts to pay that were completed. Usual are 85 to 87 % online, at night some less, and 95"+
			" to 97 % in stores.",
		Percent, 2, "conversion",
		quotient("100.0 * orders", "attempts"), quotient("100.0 * orders_before", "attempts_before"), orders)
	conversion.Measures = append(conversion.Measures, before(count("attempts")))
	conversion.Thresholds = []Threshold{
		{Color: Vermillion, Meaning: "low"}, {75, Orange, "below usual"}, {82, Green, "usual"},
	}
	return []Panel{
		figure(1, "Revenue", "What customers have paid, to the cent.", Dollars, 2,
			"revenue", "revenue", "revenue_before", revenue(paid())),
		figure(2, "Orders", "Orders that were paid, at whichever attempt.", Count, 0,
			"orders", "orders", "orders_before", orders),
		figure(3, "Average order value", "Revenue divided by orders.", Dollars, 2, "average_order",
			quotient("revenue", "orders"), quotient("revenue_before", "orders_before"), orders, revenue(paid())),
		conversion,
	}
}

func overTime() []Panel {
	return []Panel{
		{
			ID: 10, Title: "Revenue per second", Kind: TimeSeries, Width: 12, Height: 8, Unit: Dollars, Decimals: 2,
			Description: "What customers pay a second. In time ranges up to a quarter of an hour a point is one" +
				" second, in longer ones the mean of its bucket. A second without a sale has no point.",
			MinInterval: time.Second, AsBars: true,
			Fields: []Field{{Column: "revenue", Title: "revenue a second", Unit: Dollars, Decimals: 2, Color: Blue}},
			Question: question.Question{
				Where: []question.Filter{paid()}, Bucket: question.ByInterval,
				Measures: []question.Measure{per(time.Second, revenue())}, Order: `"time"`,
			},
		},
		{
			ID: 11, Title: "Orders per minute", Kind: TimeSeries, Width: 12, Height: 8, Unit: PerMinute, Decimals: 1,
			Description: "Orders that were paid, a minute." + sameTime,
			MinInterval: time.Minute, MaxPoints: 300,
			Fields: []Field{
				{Column: "orders", Title: "now", Unit: PerMinute, Decimals: 1, Color: Blue},
				{
					Column: "orders_before", Title: "same time before", Unit: PerMinute, Decimals: 1,
					Color: Grey, Dashed: true,
				},
			},
			Question: question.Question{
				Comparison: true, Where: []question.Filter{paid()}, Bucket: question.ByInterval,
				Measures: []question.Measure{
					per(time.Minute, count("orders")), before(per(time.Minute, count("orders"))),
				},
				Order: `"time"`,
			},
		},
		{
			ID: 12, Title: "Revenue per minute by order type", Kind: TimeSeries, Width: 24, Height: 6, Unit: Dollars,
			Description: "What customers pay a minute, online and in stores, one above the other.",
			MinInterval: time.Minute, MaxPoints: 300, Stacked: true, Series: "order_type",
			Colors: channelColors(),
			Question: question.Question{
				Where: []question.Filter{paid()}, Bucket: question.ByInterval, Dimensions: []string{"order_type"},
				Measures: []question.Measure{per(time.Minute, revenue())}, Order: `"time", order_type`,
			},
		},
	}
}

func failures() []Panel {
	return []Panel{
		{
			ID: 60, Title: "Failed transactions by reason", Kind: TimeSeries, Width: 14, Height: 9,
			Unit: PerMinute, Decimals: 1,
			Empty: "nothing has failed",
			Description: "Attempts a minute that were not completed, by failure_reason, one above the other. The" +
				" table beside it tells the reasons more finely.",
			MinInterval: time.Minute, MaxPoints: 200, Stacked: true, AsBars: true, Series: "reason",
			Colors: map[string]Color{
				"no funds or credit": Blue, "fraud suspected": Purple, "card expired": SkyBlue,
				"wrong details, PIN or login": Green, "given up": Yellow, "gateway slow": Orange,
				"gateway down": Vermillion, "other": Grey,
			},
			Question: question.Question{
				Where: []question.Filter{unpaid()}, Bucket: question.ByInterval, Dimensions: []string{"failure_reason"},
				Measures: []question.Measure{per(time.Minute, count("failed"))},
				Then: `SELECT
  "time",
  CASE failure_reason
    WHEN 'insufficient_funds' THEN 'no funds or credit'
    WHEN 'credit_declined' THEN 'no funds or credit'
    WHEN 'fraud_suspected' THEN 'fraud suspected'
    WHEN 'card_expired' THEN 'card expired'
    WHEN 'wrong_details' THEN 'wrong details, PIN or login'
    WHEN 'wrong_pin' THEN 'wrong details, PIN or login'
    WHEN 'login_failed' THEN 'wrong details, PIN or login'
    WHEN 'session_expired' THEN 'given up'
    WHEN 'abandoned_at_register' THEN 'given up'
    WHEN 'gateway_timeout' THEN 'gateway slow'
    WHEN 'gateway_unavailable' THEN 'gateway down'
    ELSE 'other'
  END AS reason,
  SUM(failed) AS failed
FROM grouped
GROUP BY 1, 2`,
				Order: "1, 2",
			},
		},
		{
			ID: 61, Title: "What failures cost", Kind: Table, Width: 10, Height: 9, Unit: Count,
			Empty: "nothing has failed",
			Description: "Failed attempts by status and reason, and the amounts that were not paid. Some customers" +
				" try again, so not all of it is lost, and an order that fails twice is in it twice.",
			Fields: []Field{
				{Column: "status", Title: "status"}, {Column: "failure_reason", Title: "reason"},
				{Column: "failed", Title: "attempts", Unit: Count},
				{Column: "not_paid", Title: "not paid", Unit: Dollars, Decimals: 2},
			},
			Question: question.Question{
				Where: []question.Filter{unpaid()}, Dimensions: []string{"status", "failure_reason"},
				Measures: []question.Measure{count("failed"), money("not_paid", "total_amount")},
				Order:    "failed DESC, status, failure_reason", Limit: 100,
			},
		},
	}
}

func triedAgain() []Panel {
	quotient := func(a, b, as string) string {
		return "CASE WHEN " + b + " > 0 THEN 100.0 * " + a + " / " + b + " ELSE 0 END AS " + as
	}
	const edges = " Who tries again does so within ten minutes, so short time ranges are inexact at their edges."
	return []Panel{
		{
			ID: 62, Title: "Saved by another attempt", Kind: Stat, Width: 6, Height: 5, Unit: Dollars,
			Description: "Revenue of the orders that were declined at first and paid at the second or third attempt," +
				" and its part of all revenue.",
			Fields: []Field{
				{Column: "saved", Title: "revenue", Unit: Dollars},
				{Column: "saved_percent", Title: "of all revenue", Unit: Percent, Decimals: 2, Color: Grey},
			},
			Question: question.Question{
				Measures: []question.Measure{revenue(paid()), money("saved", "total_amount", paid(), again())},
				Then:     "SELECT saved, " + quotient("saved", "revenue", "saved_percent") + "\nFROM grouped",
			},
		},
		{
			ID: 63, Title: "Declined payments tried again", Kind: Stat, Width: 6, Height: 5, Unit: Percent,
			Decimals: 1,
			Description: "Second and third attempts, as a part of the payments that were declined: for want of money" +
				" or credit, a mistake, or suspected fraud, of which there are series that nobody tries again." +
				" Beside it, the part of those attempts that was paid." + edges,
			Fields: []Field{
				{Column: "tried_again", Title: "of those declined", Unit: Percent, Decimals: 1},
				{Column: "paid_again", Title: "paid then", Unit: Percent, Decimals: 1, Color: Grey},
			},
			Question: question.Question{
				Measures: []question.Measure{
					count("declined", declined()), count("further", again()), count("saved", paid(), again()),
				},
				Then: "SELECT\n  " + quotient("further", "declined", "tried_again") + ",\n  " +
					quotient("saved", "further", "paid_again") + "\nFROM grouped",
			},
		},
		{
			ID: 64, Title: "Paid, by attempt", Kind: Bars, Width: 12, Height: 5, Unit: Percent, Decimals: 1,
			Description: "Part of the first, second and third attempts that was completed.",
			Fields: []Field{
				{Column: "which", Title: "attempt"},
				{Column: "conversion", Title: "completed", Unit: Percent, Decimals: 1, Color: Blue},
			},
			Question: question.Question{
				Dimensions: []string{"attempt"},
				Measures:   []question.Measure{count("attempts"), count("orders", paid())},
				Then: `SELECT
  CASE attempt WHEN 1 THEN 'first attempt' WHEN 2 THEN 'second' ELSE 'third' END AS which,
  100.0 * SUM(orders) / SUM(attempts) AS conversion
FROM grouped
GROUP BY 1`,
				Order: "MIN(attempt)",
			},
		},
	}
}

func latest() []Panel {
	return []Panel{{
		ID: 70, Title: "Latest transactions", Kind: Table, Width: 24, Height: 10, Unit: Count,
		Description: "The fifty newest attempts, completed or not.",
		Fields: []Field{
			{Column: "time", Title: "time", Unit: Moment}, {Column: "transaction_id", Title: "transaction"},
			{Column: "attempt", Title: "attempt", Unit: Plain},
			{Column: "product_name", Title: "product"}, {Column: "quantity", Title: "pieces", Unit: Plain},
			{Column: "total_amount", Title: "amount", Unit: Dollars, Decimals: 2},
			{Column: "payment_method", Title: "paid by"}, {Column: "order_type", Title: "order type"},
			{Column: "failure_reason", Title: "reason"},
		},
		Question: question.Question{
			Rows: []string{
				`__time AS "time"`, "transaction_id", "attempt", "product_name", "quantity", "total_amount", "city",
				"state", "order_type", "payment_method", "status", "failure_reason",
			},
			Order: "__time DESC", Limit: 50,
		},
	}}
}
