package dashboards

import (
	"fmt"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/question"
)

// Pipeline is whether the figures can be trusted: fresh, complete, each sale once.
func Pipeline() Dashboard {
	return Dashboard{
		UID:         "salesburst-pipeline",
		Slug:        "pipeline",
		Title:       "Pipeline",
		Description: "Whether the sales arrive: fresh, complete, each once, and failing no more than usual.",
		Lookback:    time.Hour,
		Refresh:     10 * time.Second,
		Rows: []Row{
			{"Fresh", fresh()},
			{"Complete, and each once", complete()},
			{"What is going on", goingOn()},
		},
	}.complete()
}

// hourly compares each bucket's rate of events with the mean of its hour, by the clock. The standard
// deviation of a number that chance alone makes is its square root.
const hourly = `SELECT
  "time",
  events,
  hour_mean + band AS usual_most,
  CASE WHEN hour_mean > band THEN hour_mean - band ELSE 0.0 END AS usual_least
FROM (
  SELECT "time", events, hour_mean, 3.0 * SQRT(hour_mean * 1000.0 / ${__interval_ms}) AS band
  FROM (
    SELECT
      "time",
      TIME_FLOOR("time", 'PT1H') AS clock_hour,
      SUM(events) AS events,
      AVG(SUM(events)) OVER (PARTITION BY TIME_FLOOR("time", 'PT1H')) AS hour_mean
    FROM grouped
    GROUP BY 1, 2
  )
)`

func againstHour() Panel {
	perMinute := 0
	for _, f := range contract.Functions() {
		perMinute += f.EventsPerMinute
	}
	return Panel{
		ID: 103, Title: "Events per second against their hour", Kind: TimeSeries, Width: 12, Height: 7,
		Unit: PerSecond, Decimals: 1,
		Description: fmt.Sprintf("Attempts a second. The market expects another amount each hour, of schedules"+
			" that have %d events a minute by default, on average over a year; within an hour it stays. Dashed"+
			" is the mean of the hour's events in the time range, give or take three times the square root of"+
			" what a point holds: chance alone is nearly always within. Shocks of demand, scenarios, spikes and"+
			" bursts that are missing or doubled are not; an hour that is wrong as a whole does not show.",
			perMinute),
		MinInterval: 10 * time.Second, MaxPoints: 300,
		Fields: []Field{
			{Column: "events", Title: "events", Unit: PerSecond, Decimals: 1, Color: Blue},
			{
				Column: "usual_most", Title: "usual at most", Unit: PerSecond, Decimals: 1, Color: Grey,
				Dashed: true,
			},
			{
				Column: "usual_least", Title: "usual at least", Unit: PerSecond, Decimals: 1, Color: Grey,
				Dashed: true,
			},
		},
		Question: question.Question{
			Bucket: question.ByInterval, Measures: []question.Measure{per(time.Second, count("events"))},
			Then: hourly, Order: `"time"`,
		},
	}
}

const lastQuarter = " Of the last 15 minutes of the time range."

func fresh() []Panel {
	const age = `(${__to} - TIMESTAMP_TO_MILLIS(newest_time)) / 1000.0 AS age`
	newest := []question.Measure{of("__time", question.Max, "newest_time")}
	old := []Threshold{{Color: Green, Meaning: "fresh"}, {180, Orange, "late"}, {300, Vermillion, "stopped"}}
	late := per(time.Minute, count("late", question.AtLeast("seconds_to_arrive", int64(question.Settle/time.Second))))
	longest := of("seconds_to_arrive", question.Max, "longest_delay")
	return []Panel{
		{
			ID: 101, Title: "Age of the newest sale", Kind: Stat, Width: 6, Height: 7, Unit: Seconds, Decimals: 1,
			Description: "Time from the newest sale to the end of the time range, which is now: all of the way" +
				" from the event to the picture. A burst covers the minute before it, so 0 to 75 seconds are" +
				" usual. Negative where sales are dated in the future.",
			Thresholds: old,
			Fields:     []Field{{Column: "age", Title: "age", Unit: Seconds, Decimals: 1}},
			Question:   question.Question{Measures: newest, Then: "SELECT " + age + "\nFROM grouped"},
		},
		{
			ID: 102, Title: "Late channels", Kind: Table, Width: 6, Height: 7, Unit: Seconds, Decimals: 1,
			Description: "The newest sale of each order type, and its age at the end of the time range. Stores" +
				" are shut at night, all of them for up to eleven hours, on Thanksgiving and Christmas all day.",
			Thresholds: []Threshold{
				{Color: Green, Meaning: "fresh"}, {180, Orange, "late, or shut"}, {11 * 60 * 60, Vermillion, "stopped"},
			},
			Fields: []Field{
				{Column: "order_type", Title: "order type"},
				{Column: "newest_time", Title: "newest sale", Unit: Moment},
				{Column: "age", Title: "age", Unit: Seconds, Decimals: 1},
			},
			Question: question.Question{
				Dimensions: []string{"order_type"}, Measures: newest,
				Then:  "SELECT order_type, newest_time, " + age + "\nFROM grouped",
				Order: "age DESC, order_type", Limit: 20,
			},
		},
		againstHour(),
		{
			ID: 104, Title: "From the sale to Kafka", Kind: TimeSeries, Width: 12, Height: 7, Unit: Seconds,
			Decimals: 1,
			Empty:    noArrival,
			Description: "Time from the event to its arrival in Kafka, by the event's time. A burst covers the" +
				" minute before it, so about 30 seconds on average and 60 at most are usual; until it can be" +
				" queried takes a fraction of a second more." + arrival,
			MinInterval: time.Minute, MaxPoints: 300,
			Fields: []Field{
				{Column: "average_delay", Title: "average", Unit: Seconds, Decimals: 1, Color: Blue},
				{Column: "longest_delay", Title: "longest", Unit: Seconds, Decimals: 1, Color: Orange},
			},
			Question: question.Question{
				Bucket:   question.ByInterval,
				Measures: []question.Measure{of("seconds_to_arrive", question.Mean, "average_delay"), longest},
				Then:     "SELECT \"time\", average_delay, longest_delay\nFROM grouped\nWHERE longest_delay <> 0",
				Order:    `"time"`,
			},
		},
		{
			ID: 105, Title: "Late sales", Kind: TimeSeries, Width: 12, Height: 7, Unit: PerMinute, Decimals: 1,
			Empty: noArrival,
			Description: "Sales a minute that arrived in Kafka two minutes after the event or later, by the" +
				" event's time: bursts that were retried, or ordered for the past." + arrival,
			MinInterval: time.Minute, MaxPoints: 300, AsBars: true,
			Fields: []Field{{Column: "late", Title: "late", Unit: PerMinute, Decimals: 1, Color: Vermillion}},
			Question: question.Question{
				Bucket: question.ByInterval, Measures: []question.Measure{late, longest},
				Then: "SELECT \"time\", late\nFROM grouped\nWHERE longest_delay <> 0", Order: `"time"`,
			},
		},
	}
}

// Where the topic keeps no times of arrival, Kafka has the event's own.
const (
	noArrival = "no sales, or no times of arrival"
	arrival   = " It needs a topic with " + contract.TimestampType + "=" + contract.OfArrival + "."
)

func complete() []Panel {
	// A group is an order type in a minute.
	online, store := string(contract.ChannelOnline), string(contract.ChannelStore)
	slots := func(channel, and string) string {
		return fmt.Sprintf("COUNT(*) FILTER (WHERE order_type = '%s'%s)", channel, and)
	}
	seen := func(
		id int, title, description, suffix, storeTitle, ofOnline, ofStores string, thresholds []Threshold,
	) Panel {
		return Panel{
			ID: id, Title: title, Kind: Stat, Width: 6, Height: 6, Unit: Count,
			Empty: "no whole minute with sales", Thresholds: thresholds,
			Description: description + " A slot is a minute of a function's schedule; the last two minutes are" +
				" still under way. A burst by hand hides a missing one of the same minute.",
			Fields: []Field{
				{Column: online + suffix, Title: "online", Unit: Count},
				{Column: store + suffix, Title: storeTitle, Unit: Count},
			},
			Question: question.Question{
				Span: question.Slots, Bucket: question.ByMinute, Dimensions: []string{"order_type"},
				Then: "SELECT\n  " + ofOnline + " AS " + online + suffix + ",\n  " +
					ofStores + " AS " + store + suffix + "\nFROM grouped\nHAVING COUNT(*) > 0",
			},
		}
	}
	copies := question.Question{
		Span:       question.Recent,
		Dimensions: []string{"transaction_id"},
		Measures:   []question.Measure{count("copies"), of("__time", question.Min, "first_time")},
	}
	const sequence = `CAST(SUBSTRING(transaction_id, 14) AS BIGINT)`
	// counted is a row for each burst: ids, how many of them are there, how many should be. Of a burst that the
	// begin of the time cuts a part of the ids is there, with a gap before what incidents have added to it.
	counted := `SELECT
  SUBSTRING(transaction_id, 1, 12) AS burst,
  MIN(first_time) AS first_time,
  SUM(copies) AS stored,
  SUM(copies) - COUNT(*) AS duplicated,
  CASE WHEN TIMESTAMP_TO_MILLIS(MIN(first_time)) < ` + question.RecentFrom() + ` + 60000 THEN 0
    ELSE MAX(` + sequence + `) - MIN(` + sequence + `) + 1 - COUNT(*) END AS missing
FROM grouped
GROUP BY 1`
	bursts, wrong := copies, copies
	bursts.Then, bursts.Order, bursts.Limit = counted, "duplicated + missing DESC, first_time DESC, burst", 100
	wrong.Then = `SELECT SUM(duplicated) AS duplicated, SUM(missing) AS missing, COUNT(*) AS bursts
FROM (
` + counted + `
)
HAVING COUNT(*) > 0`
	const between = " Ids of a burst are counted without gaps, so every one between its first and its last must be" +
		" there, but in bursts whose first sale is in the first minute of that time, which it may cut. What is cut" +
		" off at a burst's end shows in its report alone."
	return []Panel{
		seen(110, "Slots with sales", "Bursts seen: slots in which something was sold. At night stores are shut.",
			"", "in stores", slots(online, ""), slots(store, ""), nil),
		seen(111, "Slots without sales", "Bursts missing: slots in which nothing was sold, in stores from 16 to 2"+
			" o'clock UTC, when some are open on every day but Thanksgiving and Christmas.",
			"_missing", "in stores, while open",
			question.SlotCount()+" - "+slots(online, ""),
			storesOpen.SlotCount()+" - "+slots(store, " AND "+storesOpen.Holds(`"time"`)),
			[]Threshold{
				{Color: Green, Meaning: "complete"}, {1, Orange, "gaps"}, {5, Vermillion, "missing"},
			}),
		{
			ID: 112, Title: "Duplicated and missing sales", Kind: Stat, Width: 12, Height: 6, Unit: Count,
			Description: "Counted exactly, by transaction_id." + lastQuarter + between,
			Thresholds:  []Threshold{{Color: Green, Meaning: "none"}, {1, Vermillion, "wrong"}},
			Fields: []Field{
				{Column: "duplicated", Title: "duplicated", Unit: Count},
				{Column: "missing", Title: "missing", Unit: Count},
				{Column: "bursts", Title: "bursts", Unit: Count, Color: Grey},
			},
			Question: wrong,
		},
		{
			ID: 113, Title: "Bursts", Kind: Table, Width: 24, Height: 8, Unit: Count,
			Description: "Each burst, those with duplicated or missing sales first, then the newest." +
				lastQuarter + between,
			Fields: []Field{
				{Column: "burst", Title: "burst"}, {Column: "first_time", Title: "first sale", Unit: Moment},
				{Column: "stored", Title: "stored", Unit: Count},
				{Column: "duplicated", Title: "duplicated", Unit: Count},
				{Column: "missing", Title: "missing", Unit: Count},
			},
			Question: bursts,
		},
	}
}

func goingOn() []Panel {
	attempts := []question.Measure{count("attempts"), count("failures", unpaid())}
	const failed = `100.0 * failures / attempts AS failed_percent`
	scenario := question.Question{
		Where: []question.Filter{question.IsNot("scenario", "")}, Dimensions: []string{"scenario"},
	}
	running, all := scenario, scenario
	running.Bucket, running.Order = question.ByInterval, `"time", scenario`
	running.Measures = []question.Measure{per(time.Minute, count("events"))}
	all.Measures = append([]question.Measure{
		of("__time", question.Min, "first_time"), of("__time", question.Max, "last_time"),
	}, attempts...)
	all.Then = "SELECT scenario, first_time, last_time, attempts, " + failed + "\nFROM grouped"
	all.Order, all.Limit = "attempts DESC, scenario", 20
	return []Panel{
		{
			ID: 120, Title: "Failure rate against its usual range", Kind: TimeSeries, Width: 12, Height: 8,
			Unit: Percent, Decimals: 1,
			Description: "Part of the attempts that failed, by order type. Dashed is the upper end of the usual" +
				" range: 13 to 15 % online, up to 17 % in American nights, from 4 to 11 o'clock UTC; 3 to 5 % in" +
				" stores. Buckets of few attempts scatter.",
			MinInterval: time.Minute, MaxPoints: 200, Series: "order_type",
			Colors: channelColors(),
			Fields: []Field{
				{Column: "failed_percent", Unit: Percent, Decimals: 1},
				{Column: "usual", Title: "usual at most", Unit: Percent, Decimals: 1, Dashed: true},
			},
			Question: question.Question{
				Bucket: question.ByInterval, Dimensions: []string{"order_type"}, Measures: attempts,
				Then:  "SELECT \"time\", order_type, " + failed + ", " + usualAt + " AS usual\nFROM grouped",
				Order: `"time", order_type`,
			},
		},
		{
			ID: 121, Title: "Failure rate by payment method", Kind: Bars, Width: 12, Height: 8, Unit: Percent,
			Decimals: 1,
			Description: "Part of the attempts that failed, highest first. Above a half, the method's gateway is" +
				" probably down.",
			Thresholds: []Threshold{{Color: Blue, Meaning: "usual"}, {25, Orange, "high"}, {50, Vermillion, "outage"}},
			Fields:     []Field{{Column: "failed_percent", Title: "failed", Unit: Percent, Decimals: 1}},
			Question: question.Question{
				Dimensions: []string{"payment_method"}, Measures: attempts,
				Then:  "SELECT payment_method, " + failed + "\nFROM grouped",
				Order: "failed_percent DESC, payment_method",
				Limit: 20,
			},
		},
		{
			ID: 122, Title: "Scenarios running", Kind: TimeSeries, Width: 12, Height: 8, Unit: PerMinute, Decimals: 1,
			Empty: "no scenario",
			Description: "Events a minute that a scenario has touched, by its name: what alarms and models should" +
				" find. Events that it has taken away are in its truth alone.",
			MinInterval: time.Minute, MaxPoints: 200, Stacked: true, AsBars: true, Series: "scenario",
			Colors:   map[string]Color{"flash-sale": Orange, "payment-outage": Purple},
			Question: running,
		},
		{
			ID: 123, Title: "Scenarios", Kind: Table, Width: 12, Height: 8, Unit: Count, Empty: "no scenario",
			Description: "What each scenario touched in the time range: from when to when, how many events, how many" +
				" of them failed.",
			Fields: []Field{
				{Column: "scenario", Title: "scenario"}, {Column: "first_time", Title: "first", Unit: Moment},
				{Column: "last_time", Title: "last", Unit: Moment}, {Column: "attempts", Title: "events", Unit: Count},
				{Column: "failed_percent", Title: "failed", Unit: Percent, Decimals: 1},
			},
			Question: all,
		},
	}
}
