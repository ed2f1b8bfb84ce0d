package dashboards

import (
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/question"
)

// What several panels measure.

func paid() question.Filter   { return question.Is("status", "COMPLETED") }
func unpaid() question.Filter { return question.IsNot("status", "COMPLETED") }

// again are the attempts that follow one that was declined.
func again() question.Filter { return question.AtLeast("attempt", 2) }

// declined are the attempts after which a customer may try again: it was not for a failure of the shop's.
func declined() question.Filter {
	return question.Is("status", "INSUFFICIENT_FUNDS", "USER_ERROR", "FRAUD")
}

func count(name string, only ...question.Filter) question.Measure {
	return question.Measure{Name: name, Kind: question.Count, Filter: only}
}

func money(name, column string, only ...question.Filter) question.Measure {
	return question.Measure{Name: name, Kind: question.Money, Column: column, Filter: only}
}

func revenue(only ...question.Filter) question.Measure {
	return money("revenue", "total_amount", only...)
}

// of is another kind of measure of a column.
func of(column string, kind question.Kind, name string) question.Measure {
	return question.Measure{Name: name, Kind: kind, Column: column}
}

// per makes a rate of a measure.
func per(d time.Duration, m question.Measure) question.Measure {
	m.Per = d
	return m
}

// before is a measure of the same time before.
func before(m question.Measure) question.Measure {
	m.Name += "_before"
	m.Before = true
	return m
}

// storesOpen is when some store on the mainland is open on every day but Thanksgiving and Christmas,
// summer and winter: from 11 of the eastern clocks, as on Sundays, to 19 of the western ones.
var storesOpen = question.Daily{From: 16 * time.Hour, Length: 10 * time.Hour}

// nights are when most of the United States sleep, summer and winter.
var nights = question.Daily{From: 4 * time.Hour, Length: 7 * time.Hour}

// usualAt is as usual, of a bucket that begins at "time": up to 17 in 100 attempts online fail in the nights.
var usualAt = `CASE WHEN order_type <> '` + string(contract.ChannelStore) + `' AND ` + nights.Holds(`"time"`) +
	` THEN 17.0 ELSE ` + usual + ` END`

// usual is the upper end of the usual range of failed attempts by order type, in percent:
// by the market, 13 to 15 fail online, 3 to 5 in stores.
// That is on average over a day; at night more fail online.
const usual = `CASE order_type WHEN '` + string(contract.ChannelStore) + `' THEN 5.0 ELSE 15.0 END`
