package dashboards

import "time"

// Pipeline is whether the figures can be trusted: fresh, complete, without doubles.
func Pipeline() Dashboard {
	return Dashboard{
		UID:         "salesburst-pipeline",
		Title:       "Pipeline",
		Description: "Whether the sales arrive: fresh, complete, each once, and failing no more than usual.",
		Lookback:    time.Hour,
		Refresh:     10 * time.Second,
		Rows: []Row{
			{"Fresh", []Panel{{
				ID: 1, Title: "Age of the newest sale", Kind: Stat, Width: 6, Height: 4, Unit: Seconds, Decimals: 1, Format: Long, Empty: NoSales,
				Description: "Time from the newest sale to the end of the time range, which is now. A burst covers the minute before it, so up to two minutes are usual.",
				Thresholds:  []Threshold{{Color: Green, Meaning: "fresh"}, {180, Orange, "late"}, {300, Vermillion, "stopped"}},
				Fields:      []Field{{Column: "age", Title: "Age", Unit: Seconds, Decimals: 1}},
				SQL: `SELECT (${__to} - TIMESTAMP_TO_MILLIS(MAX(__time))) / 1000.0 AS age
FROM ` + table + `
WHERE ` + inRange + `
HAVING COUNT(*) > 0`,
			}}},
		},
	}
}
