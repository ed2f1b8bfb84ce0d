package places

import "salesburst/shared/market/calendar"

// Zone is where clocks show the same.
type Zone uint8

// The zones of the United States that have places here. Arizona and Hawaii stay in winter
// time all the year.
const (
	Eastern Zone = iota
	Central
	Mountain
	Arizona
	Pacific
	Alaska
	Hawaii

	Zones // how many there are
)

const (
	hour = 60 * 60
)

// clocks are the zones' names and their seconds from UTC in winter.
var clocks = [Zones]struct {
	name   string
	offset int64
	summer bool // the clock goes forward in summer
}{
	Eastern:  {"eastern", -5 * hour, true},
	Central:  {"central", -6 * hour, true},
	Mountain: {"mountain", -7 * hour, true},
	Arizona:  {"arizona", -7 * hour, false},
	Pacific:  {"pacific", -8 * hour, true},
	Alaska:   {"alaska", -9 * hour, true},
	Hawaii:   {"hawaii", -10 * hour, false},
}

// String returns the zone's name, as in cities.tsv.
func (z Zone) String() string { return clocks[z].name }

// Local returns what a clock of the zone shows at a time in seconds since 1970 in UTC: the seconds
// since 1970 as if that clock were UTC's. [calendar.DateOf] and [HourOf] take it apart.
//
// The rule of the Energy Policy Act of 2005, which holds since 2007, is coded here because the
// zone database of the machine, or its lack, must not change a burst. Earlier years get it too.
func (z Zone) Local(unix int64) int64 {
	c := &clocks[z]
	local := unix + c.offset
	if c.summer && inSummer(local) {
		local += hour
	}
	return local
}

// Winter returns how many seconds a clock of the zone is ahead of UTC in winter.
func (z Zone) Winter() int64 { return clocks[z].offset }

// HourOf returns the hour of the day of a local time, from 0 to 23.
func HourOf(local int64) int {
	_, seconds := calendar.DateOf(local)
	return int(seconds / hour)
}

// inSummer: from the second Sunday in March to the first in November, at two o'clock of the
// clock that holds until then. The time is that of the clock in winter.
func inSummer(winter int64) bool {
	const (
		march8    = 7 // days since March 1
		march15   = 14
		november1 = 245
		november8 = 252
	)
	date, seconds := calendar.DateOf(winter)
	days := int64(date)
	switch now := sinceMarch(days); {
	case now < march8 || now >= november8:
		return false
	case now >= march15 && now < november1:
		return true
	default:
		// In either week the day of the change is the last Sunday, if the week has had it yet.
		weekday := ((days+4)%7 + 7) % 7 // 1970 began on a Thursday; Sunday is 0
		sunday := now - weekday
		if now < march15 {
			return sunday >= march8 && (weekday > 0 || seconds >= 2*hour)
		}
		return sunday < november1 || weekday == 0 && seconds < hour
	}
}

// sinceMarch returns the days since the last first of March, by Howard Hinnant's algorithm
// days-to-civil.
func sinceMarch(days int64) int64 {
	const era = 146097    // days in 400 years
	const march1 = 719468 // 1970 began so many days after March 1 of the year 0
	ofEra := uint64(days+march1+100*era) % era
	year := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/(era-1)) / 365
	return int64(ofEra - (365*year + year/4 - year/100))
}
