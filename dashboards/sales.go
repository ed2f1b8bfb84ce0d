package dashboards

import "time"

// Sales is what the shop sells: how much, what, to whom and where, and what fails.
func Sales() Dashboard {
	return Dashboard{
		UID:         "salesburst-sales",
		Title:       "Sales",
		Description: "What is sold now: revenue, orders, brands, products, places, payments. Revenue is the sum of total_amount of the completed sales.",
		Lookback:    15 * time.Minute,
		Refresh:     5 * time.Second,
		Variables:   variables(),
		Rows: []Row{
			{"Now, and at the same time before", headlines()},
		},
	}
}

func headlines() []Panel {
	return []Panel{
		{
			ID: 1, Title: "Revenue", Kind: Stat, Width: 6, Height: 4, Unit: Dollars, Decimals: 2, Format: Long, Empty: NoSales,
			Description: "Sum of the completed sales, after discounts, to the cent; beside it that of the same time before.",
			Fields:      compared("revenue", Dollars, 2),
			SQL: `SELECT
  ROUND(COALESCE(SUM(total_amount) FILTER (WHERE ` + inRange + `), 0), 2) AS revenue,
  ROUND(COALESCE(SUM(total_amount) FILTER (WHERE ` + before + `), 0), 2) AS revenue_before
FROM ` + table + `
WHERE ` + nowOrBefore + ` AND ` + completed + selected() + `
HAVING COUNT(*) > 0`,
		},
		{
			ID: 10, Title: "Revenue per second", Kind: TimeSeries, Width: 12, Height: 8, Unit: Dollars, Decimals: 2, Format: Long, Empty: NoSales,
			Description: "Completed sales, after discounts. In short time ranges a point is a second; in longer ones it is the mean of its bucket.",
			MinInterval: time.Second,
			Fields:      []Field{{Column: "revenue", Title: "Revenue a second", Unit: Dollars, Decimals: 2, Color: Blue}},
			SQL: `SELECT ` + bucket + ` AS "time", ROUND(SUM(total_amount) * 1000 / ${__interval_ms}, 2) AS revenue
FROM ` + table + `
WHERE ` + inRange + ` AND ` + completed + selected() + `
GROUP BY 1
ORDER BY 1`,
		},
		{
			ID: 20, Title: "Failed transactions by reason", Kind: TimeSeries, Width: 12, Height: 8, Unit: PerMinute, Decimals: 1, Format: Wide, Empty: "no failures",
			Description: "Attempts that were not completed, a minute, by their failure_reason.",
			MinInterval: time.Minute, MaxPoints: 300, Stacked: true, AsBars: true, Series: "reason",
			SQL: `SELECT ` + bucket + ` AS "time", failure_reason AS reason, ROUND(COUNT(*) * 60000.0 / ${__interval_ms}, 2) AS failed
FROM ` + table + `
WHERE ` + inRange + ` AND status <> 'COMPLETED'` + selected() + `
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
		{
			ID: 30, Title: "Top selling brands", Kind: Bars, Width: 12, Height: 8, Unit: Dollars, Format: Long, Empty: NoSales,
			Description: "Revenue of the ten brands with the most of it.",
			Fields:      []Field{{Column: "revenue", Title: "Revenue", Unit: Dollars, Color: Blue}},
			SQL: `SELECT brand, ROUND(SUM(total_amount), 2) AS revenue
FROM ` + table + `
WHERE ` + inRange + ` AND ` + completed + selected() + `
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 10`,
		},
	}
}
