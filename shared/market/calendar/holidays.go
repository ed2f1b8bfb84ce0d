package calendar

import "time"

// Names of the days that shops may be shut on.
const (
	NewYear      = "new_year"
	Easter       = "easter"
	Thanksgiving = "thanksgiving"
	Christmas    = "christmas"
)

// Holidays are the names of the days that shops may be shut on.
func Holidays() []string { return []string{NewYear, Easter, Thanksgiving, Christmas} }

// holiday returns a holiday's date in a year.
func holiday(name string, year int) Date {
	switch name {
	case NewYear:
		return On(year, time.January, 1)
	case Easter:
		return easter(year)
	case Thanksgiving:
		return WeekdayFrom(year, time.November, 22, time.Thursday)
	default:
		return On(year, time.December, 25)
	}
}

// WeekdayFrom returns the first such day of the week on or after a date.
func WeekdayFrom(year int, month time.Month, from int, day time.Weekday) Date {
	first := On(year, month, from)
	return first + Date((7+int(day)-int(first.Weekday()))%7)
}

// easter returns Easter Sunday, by the rule of the Gregorian calendar: the first Sunday after
// the full moon, as the Church reckons it, of 21 March or later.
func easter(year int) Date {
	century, golden := year/100, year%19
	// How far the moon of the old reckoning is off by now.
	correction := century - century/4 - (8*century+13)/25 + 15
	moon := (19*golden + correction) % 30 // days after 21 March
	if moon == 29 || moon == 28 && golden > 10 {
		moon--
	}
	full := On(year, time.March, 21) + Date(moon)
	return full + Date(7-int(full.Weekday()))
}

// Names of the stretches of a year in which more or less is sold than on an ordinary day.
const (
	SuperBowl       = "super_bowl"
	MemorialDay     = "memorial_day"
	IndependenceDay = "independence_day"
	SummerSale      = "summer_sale"
	LaborDay        = "labor_day"
	BlackFriday     = "black_friday"
	Advent          = "december"
	ChristmasDays   = "christmas"
	TurnOfTheYear   = "turn_of_the_year"
)

// Seasons are the names of those stretches.
func Seasons() []string {
	return []string{SuperBowl, MemorialDay, IndependenceDay, SummerSale, LaborDay, BlackFriday, Advent, ChristmasDays,
		TurnOfTheYear}
}

// Season is a stretch of days, both ends included.
type Season struct {
	Name     string
	From, To Date
}

// SeasonsOf returns the stretches of a year, the later one where two meet.
func SeasonsOf(year int) []Season {
	bowl := WeekdayFrom(year, time.February, 8, time.Sunday)
	memorial := WeekdayFrom(year, time.May, 25, time.Monday)
	labor := WeekdayFrom(year, time.September, 1, time.Monday)
	thanks := holiday(Thanksgiving, year)
	return []Season{
		{TurnOfTheYear, On(year, time.January, 1), On(year, time.January, 15)},
		{SuperBowl, bowl - 14, bowl},
		{MemorialDay, memorial - 2, memorial},
		{IndependenceDay, On(year, time.July, 3), On(year, time.July, 5)},
		{SummerSale, On(year, time.July, 8), On(year, time.July, 14)},
		{LaborDay, labor - 2, labor},
		{Advent, On(year, time.December, 1), On(year, time.December, 23)},
		{BlackFriday, thanks - 6, thanks + 4}, // from the Friday before to Cyber Monday
		{ChristmasDays, On(year, time.December, 24), On(year, time.December, 25)},
		{TurnOfTheYear, On(year, time.December, 26), On(year, time.December, 31)},
	}
}
