package dashboards

import (
	"fmt"
	"time"

	"salesburst/shared/contract"
)

// Pipeline is whether the figures can be trusted: fresh, complete, each sale once.
func Pipeline() Dashboard {
	return Dashboard{
		UID:         "salesburst-pipeline",
		Title:       "Pipeline",
		Description: "Whether the sales arrive: fresh, complete, each once, and failing no more than usual.",
		Lookback:    time.Hour,
		Refresh:     10 * time.Second,
		Rows: []Row{
			{"Fresh", fresh()},
			{"Complete, and each once", complete()},
			{"What is going on", goingOn()},
		},
	}
}

// settle is how long after its end a slot may be without sales, in milliseconds: the
// bursts of a minute are published in the next one.
const settle = "120000"

// recent is the part of the time range in which ids are looked at one by one: of millions
// of them that would take Druid too long.
const recent = `__time >= MILLIS_TO_TIMESTAMP(CASE WHEN ${__to} - ${__from} > 900000 THEN ${__to} - 900000 ELSE ${__from} END) AND __time < MILLIS_TO_TIMESTAMP(${__to})`

const lastQuarter = " Of the last 15 minutes of the time range."

func fresh() []Panel {
	old := []Threshold{{Color: Green, Meaning: "fresh"}, {180, Orange, "late"}, {300, Vermillion, "stopped"}}
	perSecond := 0.0
	for _, f := range contract.Functions() {
		perSecond += float64(f.EventsPerMinute) / 60
	}
	return []Panel{
		{
			ID: 1, Title: "Age of the newest sale", Kind: Stat, Width: 6, Height: 7, Unit: Seconds, Decimals: 1, Format: Long, Empty: NoSales,
			Description: "Time from the newest sale to the end of the time range, which is now: all of the way from the event to the picture. " +
				"A burst covers the minute before it, so 0 to 75 seconds are usual. Negative where sales are dated in the future.",
			Thresholds: old,
			Fields:     []Field{{Column: "age", Title: "age", Unit: Seconds, Decimals: 1}},
			SQL: `SELECT (${__to} - TIMESTAMP_TO_MILLIS(MAX(__time))) / 1000.0 AS age
FROM ` + table + `
WHERE ` + inRange + `
HAVING COUNT(*) > 0`,
		},
		{
			ID: 2, Title: "Late channels", Kind: Table, Width: 6, Height: 7, Unit: Seconds, Decimals: 1, Format: Long, Empty: NoSales,
			Description: "The newest sale of each order type, and its age at the end of the time range. Stores sell little at night.",
			Thresholds:  old,
			Fields: []Field{
				{Column: "order_type", Title: "order type"}, {Column: "newest_time", Title: "newest sale", Unit: Moment},
				{Column: "age", Title: "age", Unit: Seconds, Decimals: 1},
			},
			SQL: `SELECT order_type, MAX(__time) AS newest_time, (${__to} - TIMESTAMP_TO_MILLIS(MAX(__time))) / 1000.0 AS age
FROM ` + table + `
WHERE ` + inRange + `
GROUP BY 1
ORDER BY 3 DESC, 1
LIMIT 20`,
		},
		{
			ID: 3, Title: "Events per second against the schedule", Kind: TimeSeries, Width: 12, Height: 7, Unit: PerSecond, Decimals: 1, Format: Long, Empty: NoSales,
			Description: fmt.Sprintf("Attempts a second. The dashed line is the default of the schedules, %d events a minute in all, as an average over the day: "+
				"evenings have half as much again, nights a third of it; spikes come on top.", int(perSecond*60+0.5)),
			MinInterval: 10 * time.Second, MaxPoints: 300,
			Fields: []Field{
				{Column: "events", Title: "events", Unit: PerSecond, Decimals: 1, Color: Blue},
				{Column: "schedule", Title: "schedule, average of the day", Unit: PerSecond, Decimals: 1, Color: Grey, Dashed: true},
			},
			SQL: `SELECT ` + bucket + ` AS "time", COUNT(*) * 1000.0 / ${__interval_ms} AS events, ` + fmt.Sprintf("%.2f", perSecond) + ` AS schedule
FROM ` + table + `
WHERE ` + inRange + `
GROUP BY 1
ORDER BY 1`,
		},
		{
			ID: 4, Title: "From the sale to Kafka", Kind: TimeSeries, Width: 12, Height: 7, Unit: Seconds, Decimals: 1, Format: Long, Empty: noArrival,
			Description: "Time from the event to its arrival in Kafka, by the event's time. A burst covers the minute before it, so about 30 seconds on average and " +
				"60 at most are usual; until it can be queried takes a fraction of a second more." + arrival,
			MinInterval: time.Minute, MaxPoints: 300,
			Fields: []Field{
				{Column: "average", Title: "average", Unit: Seconds, Decimals: 1, Color: Blue},
				{Column: "longest", Title: "longest", Unit: Seconds, Decimals: 1, Color: Orange},
			},
			SQL: `SELECT ` + bucket + ` AS "time", SUM(seconds_to_arrive) * 1.0 / COUNT(*) AS average, MAX(seconds_to_arrive) AS longest
FROM ` + table + `
WHERE ` + inRange + `
GROUP BY 1
HAVING MAX(seconds_to_arrive) <> 0
ORDER BY 1`,
		},
		{
			ID: 5, Title: "Late sales", Kind: TimeSeries, Width: 12, Height: 7, Unit: PerMinute, Decimals: 1, Format: Long, Empty: noArrival,
			Description: "Sales a minute that arrived in Kafka two minutes after the event or later, by the event's time: bursts that were retried, or ordered for the past." + arrival,
			MinInterval: time.Minute, MaxPoints: 300, AsBars: true,
			Fields: []Field{{Column: "late", Title: "late", Unit: PerMinute, Decimals: 1, Color: Vermillion}},
			SQL: `SELECT ` + bucket + ` AS "time", COUNT(*) FILTER (WHERE seconds_to_arrive >= ` + settle + ` / 1000) * 60000.0 / ${__interval_ms} AS late
FROM ` + table + `
WHERE ` + inRange + `
GROUP BY 1
HAVING MAX(seconds_to_arrive) <> 0
ORDER BY 1`,
		},
	}
}

// Where the topic keeps no times of arrival, Kafka has the event's own.
const (
	noArrival = "no sales, or no times of arrival"
	arrival   = " It needs a topic with " + contract.TimestampType + "=" + contract.OfArrival + "."
)

func complete() []Panel {
	// slots of the schedule that lie in the time range as a whole
	const firstSlot, endOfSlots = `((${__from} + 59999) / 60000 * 60000)`, `((${__to} - ` + settle + `) / 60000 * 60000)`
	const slots = `((` + endOfSlots + ` - ` + firstSlot + `) / 60000)`
	seen := func(id int, title, description, online, store string, thresholds []Threshold) Panel {
		return Panel{
			ID: id, Title: title, Kind: Stat, Width: 6, Height: 6, Unit: Count, Format: Long, Empty: "no whole minute with sales", Thresholds: thresholds,
			Description: description + " A slot is a minute of a function's schedule; the last two minutes are still under way. A burst by hand hides a missing one of the same minute.",
			Fields:      []Field{{Column: "online", Title: "online", Unit: Count}, {Column: "in_store", Title: "in stores", Unit: Count}},
			SQL: `SELECT ` + online + ` AS online, ` + store + ` AS in_store
FROM (
  SELECT
    COUNT(*) FILTER (WHERE order_type = '` + string(contract.ChannelOnline) + `') AS online,
    COUNT(*) FILTER (WHERE order_type = '` + string(contract.ChannelStore) + `') AS store,
    COUNT(*) AS slots
  FROM (
    SELECT order_type, TIME_FLOOR(__time, 'PT1M') AS slot_time
    FROM ` + table + `
    WHERE __time >= MILLIS_TO_TIMESTAMP(` + firstSlot + `) AND __time < MILLIS_TO_TIMESTAMP(` + endOfSlots + `)
    GROUP BY 1, 2
  )
)
WHERE slots > 0`,
		}
	}
	const burst = `SUBSTRING(transaction_id, 1, 12)`
	const sequence = `CAST(SUBSTRING(transaction_id, 14) AS BIGINT)`
	// counted is a row for each burst: ids, how many of them are there, how many should be.
	const counted = `SELECT
    ` + burst + ` AS burst,
    SUM(copies) AS stored,
    SUM(copies) - COUNT(*) AS doubled,
    MAX(` + sequence + `) - MIN(` + sequence + `) + 1 - COUNT(*) AS missing,
    MIN(first_time) AS first_time
  FROM (
    SELECT transaction_id, COUNT(*) AS copies, MIN(__time) AS first_time
    FROM ` + table + `
    WHERE ` + recent + `
    GROUP BY 1
  )
  GROUP BY 1`
	const between = " Ids of a burst are counted without gaps, so every one between its first and its last must be there. What is cut off at a burst's end shows in its report alone."
	return []Panel{
		seen(10, "Slots with sales", "Bursts seen: slots in which something was sold.", `online`, `store`, nil),
		seen(11, "Slots without sales", "Bursts missing: slots in which nothing was sold. In stores that can happen at night.",
			slots+` - online`, slots+` - store`, []Threshold{{Color: Green, Meaning: "complete"}, {1, Orange, "gaps"}, {5, Vermillion, "missing"}}),
		{
			ID: 12, Title: "Doubled and missing sales", Kind: Stat, Width: 12, Height: 6, Unit: Count, Format: Long, Empty: NoSales,
			Description: "Counted exactly, by transaction_id." + lastQuarter + between,
			Thresholds:  []Threshold{{Color: Green, Meaning: "none"}, {1, Vermillion, "wrong"}},
			Fields: []Field{
				{Column: "doubled", Title: "doubled", Unit: Count}, {Column: "missing", Title: "missing", Unit: Count},
				{Column: "bursts", Title: "bursts", Unit: Count, Color: Grey},
			},
			SQL: `SELECT SUM(doubled) AS doubled, SUM(missing) AS missing, COUNT(*) AS bursts
FROM (
  ` + counted + `
)
HAVING COUNT(*) > 0`,
		},
		{
			ID: 13, Title: "Bursts", Kind: Table, Width: 24, Height: 8, Unit: Count, Format: Long, Empty: NoSales,
			Description: "Each burst, those with doubled or missing sales first, then the newest." + lastQuarter + between,
			Fields: []Field{
				{Column: "burst", Title: "burst"}, {Column: "first_time", Title: "first sale", Unit: Moment}, {Column: "stored", Title: "stored", Unit: Count},
				{Column: "doubled", Title: "doubled", Unit: Count}, {Column: "missing", Title: "missing", Unit: Count},
			},
			SQL: `SELECT burst, first_time, stored, doubled, missing
FROM (
  ` + counted + `
)
ORDER BY doubled + missing DESC, first_time DESC, burst
LIMIT 100`,
		},
	}
}

func goingOn() []Panel {
	// The market's own ranges: 13 to 15 % of the attempts fail online, 3 to 5 % in stores.
	const usual = `CASE order_type WHEN '` + string(contract.ChannelStore) + `' THEN 5.0 ELSE 15.0 END`
	return []Panel{
		{
			ID: 20, Title: "Failure rate against its usual range", Kind: TimeSeries, Width: 12, Height: 8, Unit: Percent, Decimals: 1, Format: Wide, Empty: NoSales,
			Description: "Part of the attempts that failed, by order type. Dashed is the upper end of the usual range: 13 to 15 % online, 3 to 5 % in stores. " +
				"Buckets of few attempts scatter.",
			MinInterval: time.Minute, MaxPoints: 200, Series: "order_type",
			Colors: map[string]Color{"online": Blue, "in_store": Orange},
			Fields: []Field{
				{Column: "failed", Unit: Percent, Decimals: 1},
				{Column: "usual", Title: "usual at most", Unit: Percent, Decimals: 1, Dashed: true},
			},
			SQL: `SELECT
  ` + bucket + ` AS "time",
  order_type,
  100.0 * COUNT(*) FILTER (WHERE NOT (` + completed + `)) / COUNT(*) AS failed,
  ` + usual + ` AS usual
FROM ` + table + `
WHERE ` + inRange + `
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
		{
			ID: 21, Title: "Failure rate by payment method", Kind: Bars, Width: 12, Height: 8, Unit: Percent, Decimals: 1, Format: Long, Empty: NoSales,
			Description: "Part of the attempts that failed, highest first. Above a half, the method's gateway is probably down.",
			Thresholds:  []Threshold{{Color: Blue, Meaning: "usual"}, {25, Orange, "high"}, {50, Vermillion, "outage"}},
			Fields:      []Field{{Column: "failed", Title: "failed", Unit: Percent, Decimals: 1}},
			SQL: `SELECT payment_method, 100.0 * COUNT(*) FILTER (WHERE NOT (` + completed + `)) / COUNT(*) AS failed
FROM ` + table + `
WHERE ` + inRange + `
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 20`,
		},
		{
			ID: 22, Title: "Scenarios running", Kind: TimeSeries, Width: 12, Height: 8, Unit: PerMinute, Decimals: 1, Format: Wide, Empty: "no scenario",
			Description: "Events a minute that a scenario has made, by its name: the truth to check alarms and models against.",
			MinInterval: time.Minute, MaxPoints: 200, Stacked: true, AsBars: true, Series: "scenario",
			Colors: map[string]Color{"flash-sale": Orange, "payment-outage": Purple},
			SQL: `SELECT ` + bucket + ` AS "time", scenario, COUNT(*) * 60000.0 / ${__interval_ms} AS events
FROM ` + table + `
WHERE ` + inRange + ` AND scenario <> ''
GROUP BY 1, 2
ORDER BY 1, 2`,
		},
		{
			ID: 23, Title: "Scenarios", Kind: Table, Width: 12, Height: 8, Unit: Count, Format: Long, Empty: "no scenario",
			Description: "What each scenario did in the time range: from when to when, how many events, how many of them failed.",
			Fields: []Field{
				{Column: "scenario", Title: "scenario"}, {Column: "first_time", Title: "first", Unit: Moment}, {Column: "last_time", Title: "last", Unit: Moment},
				{Column: "events", Title: "events", Unit: Count}, {Column: "failed", Title: "failed", Unit: Percent, Decimals: 1},
			},
			SQL: `SELECT
  scenario,
  MIN(__time) AS first_time,
  MAX(__time) AS last_time,
  COUNT(*) AS events,
  100.0 * COUNT(*) FILTER (WHERE NOT (` + completed + `)) / COUNT(*) AS failed
FROM ` + table + `
WHERE ` + inRange + ` AND scenario <> ''
GROUP BY 1
ORDER BY 4 DESC, 1
LIMIT 20`,
		},
	}
}
