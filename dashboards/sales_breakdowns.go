package dashboards

// The panels that break the revenue of the time range down: by what is sold, where, and
// to whom.

// group is such a question: sums of the completed sales, the largest first.
func group(names, numbers, order string, limit string) string {
	return `SELECT ` + names + `, ` + numbers + `
FROM ` + table + `
WHERE ` + inRange + ` AND ` + completed + selected() + `
GROUP BY ` + names + `
ORDER BY ` + order + `
LIMIT ` + limit
}

const sumRevenue = `ROUND(SUM(total_amount), 2) AS revenue`

func goods() []Panel {
	return []Panel{
		{
			ID: 20, Title: "Top selling brands", Kind: Bars, Width: 12, Height: 9, Unit: Dollars, Format: Long, Empty: NoSales,
			Description: "Revenue of the ten brands with the most of it, beside that of the same stretch of time a day earlier (of a range longer than a day, as many days earlier as it has).",
			Fields: []Field{
				{Column: "revenue", Title: "now", Unit: Dollars, Color: Blue},
				{Column: "revenue_before", Title: "same time before", Unit: Dollars, Color: Grey},
			},
			SQL: `SELECT brand, revenue, revenue_before
FROM (
  SELECT
    brand,
    ROUND(COALESCE(SUM(total_amount) FILTER (WHERE ` + inRange + `), 0), 2) AS revenue,
    ROUND(COALESCE(SUM(total_amount) FILTER (WHERE NOT (` + inRange + `)), 0), 2) AS revenue_before
  FROM ` + table + `
  WHERE ` + nowOrBefore + ` AND ` + completed + selected() + `
  GROUP BY 1
)
WHERE revenue > 0
ORDER BY revenue DESC, brand
LIMIT 10`,
		},
		{
			ID: 21, Title: "Top products", Kind: Table, Width: 12, Height: 9, Unit: Count, Format: Long, Empty: NoSales,
			Description: "The ten products with the most revenue.",
			Fields: []Field{
				{Column: "product_name", Title: "product"}, {Column: "units", Title: "pieces", Unit: Count},
				{Column: "revenue", Title: "revenue", Unit: Dollars, Decimals: 2},
			},
			SQL: group(`product_name, brand`, `SUM(quantity) AS units, `+sumRevenue, `4 DESC, 1, 2`, `10`),
		},
		{
			ID: 22, Title: "Revenue by screen size and technology", Kind: Bars, Width: 24, Height: 8, Unit: Dollars, Format: Long, Stacked: true, Empty: NoSales,
			Description: "Classes of the screen's diagonal in inches. OLED holds QD-OLED, QLED holds Neo QLED and QNED, Mini-LED holds MicroLED, LED holds LCD.",
			Fields: []Field{
				{Column: "size", Title: "screen"}, {Column: "oled", Title: "OLED", Unit: Dollars, Color: Blue}, {Column: "qled", Title: "QLED", Unit: Dollars, Color: Orange},
				{Column: "mini_led", Title: "Mini-LED", Unit: Dollars, Color: Green}, {Column: "led", Title: "LED", Unit: Dollars, Color: Purple},
				{Column: "other", Title: "other", Unit: Dollars, Color: Grey},
			},
			SQL: `SELECT
  CASE
    WHEN screen_size < 40 THEN 'below 40 in'
    WHEN screen_size < 50 THEN '40 to 49 in'
    WHEN screen_size < 60 THEN '50 to 59 in'
    WHEN screen_size < 70 THEN '60 to 69 in'
    WHEN screen_size < 80 THEN '70 to 79 in'
    ELSE '80 in and more'
  END AS size,
  ROUND(COALESCE(SUM(amount) FILTER (WHERE display_type IN ('OLED', 'QD-OLED')), 0), 2) AS oled,
  ROUND(COALESCE(SUM(amount) FILTER (WHERE display_type IN ('QLED', 'Neo QLED', 'QNED')), 0), 2) AS qled,
  ROUND(COALESCE(SUM(amount) FILTER (WHERE display_type IN ('Mini-LED', 'MicroLED')), 0), 2) AS mini_led,
  ROUND(COALESCE(SUM(amount) FILTER (WHERE display_type IN ('LED', 'LCD')), 0), 2) AS led,
  ROUND(COALESCE(SUM(amount) FILTER (WHERE NOT (display_type IN ('OLED', 'QD-OLED', 'QLED', 'Neo QLED', 'QNED', 'Mini-LED', 'MicroLED', 'LED', 'LCD'))), 0), 2) AS other
FROM (
  SELECT screen_size, display_type, SUM(total_amount) AS amount
  FROM ` + table + `
  WHERE ` + inRange + ` AND ` + completed + selected() + `
  GROUP BY 1, 2
)
GROUP BY 1
ORDER BY MIN(screen_size)`,
		},
	}
}

func places() []Panel {
	return []Panel{
		{
			ID: 30, Title: "Revenue by city", Kind: Map, Width: 14, Height: 12, Unit: Dollars, Format: Long, Empty: NoSales,
			Description: "A circle for each city, the larger the more revenue, in the middle of its sales.",
			Fields: []Field{
				{Column: "city", Title: "city"}, {Column: "state", Title: "state"}, {Column: "revenue", Title: "revenue", Unit: Dollars, Color: Blue},
				{Column: "orders", Title: "orders", Unit: Count}, {Column: "latitude", Unit: Plain, Decimals: 2, Hidden: true},
				{Column: "longitude", Unit: Plain, Decimals: 2, Hidden: true},
			},
			SQL: group(`city, state`, `AVG(latitude) AS latitude, AVG(longitude) AS longitude, COUNT(*) AS orders, `+sumRevenue, `6 DESC, 1, 2`, `500`),
		},
		{
			ID: 31, Title: "Revenue by state", Kind: Bars, Width: 10, Height: 12, Unit: Dollars, Format: Long, Empty: NoSales,
			Description: "The fifteen states with the most revenue.",
			Fields:      []Field{{Column: "revenue", Title: "revenue", Unit: Dollars, Color: Blue}},
			SQL:         group(`state`, sumRevenue, `2 DESC, 1`, `15`),
		},
	}
}

func buyers() []Panel {
	pie := func(id int, title, description, column string, colors map[string]Color) Panel {
		return Panel{
			ID: id, Title: title, Description: description, Kind: Pie, Width: 6, Height: 8, Unit: Dollars, Format: Long, Empty: NoSales, Colors: colors,
			SQL: group(column, sumRevenue, `2 DESC, 1`, `8`),
		}
	}
	return []Panel{
		{
			ID: 40, Title: "Payment methods", Kind: Bars, Width: 12, Height: 8, Unit: Count, Format: Long, Stacked: true, Empty: NoSales,
			Description: "Attempts to pay with each method: completed and failed.",
			Fields: []Field{
				{Column: "payment_method", Title: "method"}, {Column: "completed", Title: "completed", Unit: Count, Color: Blue},
				{Column: "failed", Title: "failed", Unit: Count, Color: Vermillion},
			},
			SQL: `SELECT
  payment_method,
  COUNT(*) FILTER (WHERE ` + completed + `) AS completed,
  COUNT(*) FILTER (WHERE NOT (` + completed + `)) AS failed
FROM ` + table + `
WHERE ` + inRange + selected() + `
GROUP BY 1
ORDER BY COUNT(*) DESC, 1
LIMIT 20`,
		},
		{
			ID: 41, Title: "Sources and what they cost", Kind: Table, Width: 12, Height: 8, Unit: Count, Format: Long, Empty: NoSales,
			Description: "From where buyers come: attempts, the part that was completed, revenue, and the commission that the partner gets for it. Stores have no partners.",
			Fields: []Field{
				{Column: "source", Title: "source"}, {Column: "attempts", Title: "attempts", Unit: Count}, {Column: "conversion", Title: "completed", Unit: Percent, Decimals: 2},
				{Column: "revenue", Title: "revenue", Unit: Dollars, Decimals: 2}, {Column: "commission", Title: "commission", Unit: Dollars, Decimals: 2},
			},
			SQL: `SELECT
  source,
  COUNT(*) AS attempts,
  100.0 * COUNT(*) FILTER (WHERE ` + completed + `) / COUNT(*) AS conversion,
  ROUND(COALESCE(SUM(total_amount) FILTER (WHERE ` + completed + `), 0), 2) AS revenue,
  ROUND(COALESCE(SUM(commission) FILTER (WHERE ` + completed + `), 0), 2) AS commission
FROM ` + table + `
WHERE ` + inRange + selected() + `
GROUP BY 1
ORDER BY 4 DESC, 1
LIMIT 100`,
		},
		pie(50, "Devices", "Revenue by the customer's device; POS is a register in a store.", "device",
			map[string]Color{"Desktop": Blue, "Mobile": Orange, "Tablet": Green, "POS": Purple}),
		pie(51, "Order types", "Revenue online and in stores.", "order_type", map[string]Color{"online": Blue, "in_store": Orange}),
		pie(52, "New against returning customers", "Revenue by customer_type: new, returning, vip.", "customer_type",
			map[string]Color{"new": Orange, "returning": Blue, "vip": Green}),
		{
			ID: 53, Title: "Orders by customer type", Kind: Table, Width: 6, Height: 8, Unit: Count, Format: Long, Empty: NoSales,
			Description: "Orders and the average order value of new, returning and vip customers.",
			Fields: []Field{
				{Column: "customer_type", Title: "customers"}, {Column: "orders", Title: "orders", Unit: Count},
				{Column: "average", Title: "average order", Unit: Dollars, Decimals: 2},
			},
			SQL: group(`customer_type`, `COUNT(*) AS orders, SUM(total_amount) / COUNT(*) AS average`, `2 DESC, 1`, `20`),
		},
	}
}
