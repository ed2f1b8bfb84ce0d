package dashboards

import "time"

// Sales is what the shop sells: how much, what, to whom and where, and what fails.
func Sales() Dashboard {
	return Dashboard{
		UID:   "salesburst-sales",
		Title: "Sales",
		Description: "What is sold now: revenue, orders, brands, products, places, payments, failures. " +
			"Revenue is the sum of total_amount of the completed sales, after discounts.",
		Lookback:  15 * time.Minute,
		Refresh:   5 * time.Second,
		Variables: variables(),
		Rows: []Row{
			{"Now, and at the same time before", headlines()},
			{"How the money comes in", overTime()},
			{"What sells", goods()},
			{"Where", places()},
			{"Who buys, and how", buyers()},
			{"What fails", failures()},
			{"The latest", latest()},
		},
	}
}

// sameTime explains the grey figure.
const sameTime = " Beside it, in grey, the same stretch of time a day earlier (of a range longer than a day, as many days earlier as it has): 0 where there was nothing."

// headlines read two stretches of time of the same length.
func headlines() []Panel {
	figure := func(id int, title, description string, unit Unit, decimals int, column, now, then string) Panel {
		return Panel{
			ID: id, Title: title, Description: description + sameTime,
			Kind: Stat, Width: 6, Height: 4, Unit: unit, Decimals: decimals, Format: Long, Empty: NoSales,
			Fields: []Field{
				{Column: column, Title: "now", Unit: unit, Decimals: decimals},
				{Column: column + "_before", Title: "same time before", Unit: unit, Decimals: decimals, Color: Grey},
			},
			SQL: `SELECT
  ` + now + ` AS ` + column + `,
  ` + then + ` AS ` + column + `_before
FROM (
  SELECT
    COUNT(*) FILTER (WHERE ` + inRange + `) AS attempts,
    COUNT(*) FILTER (WHERE NOT (` + inRange + `)) AS attempts_before,
    COUNT(*) FILTER (WHERE ` + completed + ` AND ` + inRange + `) AS orders,
    COUNT(*) FILTER (WHERE ` + completed + ` AND NOT (` + inRange + `)) AS orders_before,
    COALESCE(SUM(total_amount) FILTER (WHERE ` + completed + ` AND ` + inRange + `), 0) AS revenue,
    COALESCE(SUM(total_amount) FILTER (WHERE ` + completed + ` AND NOT (` + inRange + `)), 0) AS revenue_before
  FROM ` + table + `
  WHERE ` + nowOrBefore + selected() + `
)
WHERE attempts > 0`,
		}
	}
	quotient := func(a, b string) string {
		return `CASE WHEN ` + b + ` > 0 THEN ` + a + ` / ` + b + ` ELSE 0 END`
	}
	conversion := figure(4, "Conversion of attempts",
		"Part of the attempts to pay that were completed. Usual are 85 to 87 % online and 95 to 97 % in stores.",
		Percent, 2, "conversion", quotient("100.0 * orders", "attempts"), quotient("100.0 * orders_before", "attempts_before"))
	conversion.Thresholds = []Threshold{{Color: Vermillion, Meaning: "low"}, {75, Orange, "below usual"}, {82, Green, "usual"}}
	return []Panel{
		figure(1, "Revenue", "What customers have paid, to the cent.", Dollars, 2, "revenue", `ROUND(revenue, 2)`, `ROUND(revenue_before, 2)`),
		figure(2, "Orders", "Completed sales.", Count, 0, "orders", `orders`, `orders_before`),
		figure(3, "Average order value", "Revenue divided by orders.", Dollars, 2,
			"average", quotient("revenue", "orders"), quotient("revenue_before", "orders_before")),
		conversion,
	}
}

func overTime() []Panel {
	return []Panel{
		{
			ID: 10, Title: "Revenue per second", Kind: TimeSeries, Width: 12, Height: 8, Unit: Dollars, Decimals: 2, Format: Long, Empty: NoSales,
			Description: "What customers pay a second. In time ranges up to a quarter of an hour a point is one second, in longer ones the mean of its bucket. " +
				"A second without a sale has no point.",
			MinInterval: time.Second, AsBars: true,
			Fields: []Field{{Column: "revenue", Title: "revenue a second", Unit: Dollars, Decimals: 2, Color: Blue}},
			SQL: `SELECT ` + bucket + ` AS "time", SUM(total_amount) * 1000 / ${__interval_ms} AS revenue
FROM ` + table + `
WHERE ` + inRange + ` AND ` + completed + selected() + `
GROUP BY 1
ORDER BY 1`,
		},
		{
			ID: 11, Title: "Orders per minute", Kind: TimeSeries, Width: 12, Height: 8, Unit: PerMinute, Decimals: 1, Format: Long, Empty: NoSales,
			Description: "Completed sales a minute." + sameTime,
			MinInterval: time.Minute, MaxPoints: 300,
			Fields: []Field{
				{Column: "orders", Title: "now", Unit: PerMinute, Decimals: 1, Color: Blue},
				{Column: "orders_before", Title: "same time before", Unit: PerMinute, Decimals: 1, Color: Grey, Dashed: true},
			},
			SQL: `SELECT
  MILLIS_TO_TIMESTAMP((TIMESTAMP_TO_MILLIS(__time) + CASE WHEN ` + inRange + ` THEN 0 ELSE ` + earlier + ` END) / ${__interval_ms} * ${__interval_ms}) AS "time",
  COUNT(*) FILTER (WHERE ` + inRange + `) * 60000.0 / ${__interval_ms} AS orders,
  COUNT(*) FILTER (WHERE NOT (` + inRange + `)) * 60000.0 / ${__interval_ms} AS orders_before
FROM ` + table + `
WHERE ` + nowOrBefore + ` AND ` + completed + selected() + `
GROUP BY 1
ORDER BY 1`,
		},
		{
			ID: 12, Title: "Revenue per minute by order type", Kind: TimeSeries, Width: 24, Height: 6, Unit: Dollars, Format: Wide, Empty: NoSales,
			Description: "What customers pay a minute, online and in stores, one above the other.",
			MinInterval: time.Minute, MaxPoints: 300, Stacked: true, Series: "order_type",
			Colors: map[string]Color{"online": Blue, "in_store": Orange},
			SQL: `SELECT ` + bucket + ` AS "time", order_type, SUM(total_amount) * 60000 / ${__interval_ms} AS revenue
FROM ` + table + `
WHERE ` + inRange + ` AND ` + completed + selected() + `
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
	}
}

func failures() []Panel {
	return []Panel{
		{
			ID: 60, Title: "Failed transactions by reason", Kind: TimeSeries, Width: 14, Height: 9, Unit: PerMinute, Decimals: 1, Format: Wide, Empty: "nothing has failed",
			Description: "Attempts a minute that were not completed, by failure_reason, one above the other. The table beside it tells the reasons more finely.",
			MinInterval: time.Minute, MaxPoints: 200, Stacked: true, AsBars: true, Series: "reason",
			Colors: map[string]Color{
				"no funds or credit": Blue, "fraud suspected": Purple, "card expired": SkyBlue, "wrong details, PIN or login": Green,
				"given up": Yellow, "gateway slow": Orange, "gateway down": Vermillion, "other": Grey,
			},
			SQL: `SELECT
  ` + bucket + ` AS "time",
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
  COUNT(*) * 60000.0 / ${__interval_ms} AS failed
FROM ` + table + `
WHERE ` + inRange + ` AND status <> 'COMPLETED'` + selected() + `
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
		{
			ID: 61, Title: "What failures cost", Kind: Table, Width: 10, Height: 9, Unit: Count, Format: Long, Empty: "nothing has failed",
			Description: "Failed attempts by status and reason, and the amounts that were not paid. Some customers try again, so not all of it is lost.",
			Fields: []Field{
				{Column: "status", Title: "status"}, {Column: "failure_reason", Title: "reason"}, {Column: "failed", Title: "attempts", Unit: Count},
				{Column: "not_paid", Title: "not paid", Unit: Dollars, Decimals: 2},
			},
			SQL: `SELECT status, failure_reason, COUNT(*) AS failed, ROUND(SUM(total_amount), 2) AS not_paid
FROM ` + table + `
WHERE ` + inRange + ` AND status <> 'COMPLETED'` + selected() + `
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT 100`,
		},
	}
}

func latest() []Panel {
	return []Panel{{
		ID: 70, Title: "Latest transactions", Kind: Table, Width: 24, Height: 10, Unit: Count, Format: Long, Empty: NoSales,
		Description: "The fifty newest attempts, completed or not.",
		Fields: []Field{
			{Column: "time", Title: "time", Unit: Moment}, {Column: "transaction_id", Title: "transaction"}, {Column: "product_name", Title: "product"},
			{Column: "quantity", Title: "pieces", Unit: Plain}, {Column: "total_amount", Title: "amount", Unit: Dollars, Decimals: 2},
			{Column: "payment_method", Title: "paid by"}, {Column: "order_type", Title: "order type"}, {Column: "failure_reason", Title: "reason"},
		},
		SQL: `SELECT __time AS "time", transaction_id, product_name, quantity, total_amount, city, state, order_type, payment_method, status, failure_reason
FROM ` + table + `
WHERE ` + inRange + selected() + `
ORDER BY __time DESC
LIMIT 50`,
	}}
}
