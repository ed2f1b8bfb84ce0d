package goods

import (
	"time"

	"salesburst/shared/market/calendar"
)

// rule is an event with its days in any year.
type rule struct {
	*Event
	key  string // its name in the table
	days func(year int) (first, last int32)
}

// rules are the events in the order of the year. No two of them share a day.
func (e *Events) rules() []rule {
	return []rule{
		{&e.SuperBowl, "super_bowl", superBowl},
		{&e.MemorialDay, "memorial_day", memorialDay},
		{&e.FourthOfJuly, "fourth_of_july", fourthOfJuly},
		{&e.SummerSale, "summer_sale", summerSale},
		{&e.LaborDay, "labor_day", laborDay},
		{&e.BlackFriday, "black_friday", blackFriday},
		{&e.Holidays, "holidays", holidays},
	}
}

// superBowl is the two weeks that end on the second Sunday of February.
func superBowl(year int) (first, last int32) {
	last = weekday(year, time.February, 8, time.Sunday)
	return last - 13, last
}

// memorialDay is the last Monday of May with the four days before.
func memorialDay(year int) (first, last int32) {
	last = weekday(year, time.May, 25, time.Monday)
	return last - 4, last
}

func fourthOfJuly(year int) (first, last int32) {
	return date(year, time.July, 1), date(year, time.July, 5)
}

// summerSale is Tuesday to Friday in the middle of July.
func summerSale(year int) (first, last int32) {
	first = weekday(year, time.July, 11, time.Tuesday)
	return first, first + 3
}

// laborDay is the first Monday of September with the four days before.
func laborDay(year int) (first, last int32) {
	last = weekday(year, time.September, 1, time.Monday)
	return last - 4, last
}

// blackFriday is from the Thursday before Thanksgiving's week to Cyber Monday.
func blackFriday(year int) (first, last int32) {
	thanksgiving := weekday(year, time.November, 22, time.Thursday)
	return thanksgiving - 7, thanksgiving + 4
}

func holidays(year int) (first, last int32) {
	return date(year, time.December, 11), date(year, time.December, 24)
}

func date(year int, month time.Month, day int) int32 { return int32(calendar.On(year, month, day)) }

func weekday(year int, month time.Month, from int, day time.Weekday) int32 {
	return int32(calendar.WeekdayFrom(year, month, from, day))
}

func yearOf(day int32) int { return calendar.Date(day).Year() }
