package market

import (
	"time"

	"salesburst/shared/prng"
)

// curve is demand by hour of the local day, at the full hour; between two hours it
// changes evenly.
type curve [24]uint64

// of returns the demand at a minute of the day, where prng.Million is the day's average.
func (c *curve) of(minute int) uint64 {
	hour, part := minute/60, uint64(minute%60)
	var sum uint64
	for _, v := range c {
		sum += v
	}
	between := c[hour]*(60-part) + c[(hour+1)%24]*part
	return between * prng.Million * 24 / 60 / sum
}

const hourMs = 60 * 60 * 1000

// zone is where clocks show the same.
type zone struct {
	offset int  // hours from UTC in winter
	summer bool // the clock goes forward in summer
}

// The zones of the contiguous United States.
var (
	eastern  = zone{-5, true}
	central  = zone{-6, true}
	mountain = zone{-7, true}
	arizona  = zone{-7, false}
	pacific  = zone{-8, true}
)

// minute returns the minute of the local day at t. The rule of the Energy Policy Act
// of 2005 is coded here because the zone database of the machine, or its lack, must
// not change a burst.
func (z zone) minute(t time.Time) int {
	hours := z.offset
	if z.summer && z.inSummer(t) {
		hours++
	}
	t = t.UTC().Add(time.Duration(hours) * time.Hour)
	return t.Hour()*60 + t.Minute()
}

// inSummer: from the second Sunday in March to the first in November, at two o'clock
// of the clock that holds until then.
func (z zone) inSummer(t time.Time) bool {
	year := t.UTC().Add(time.Duration(z.offset) * time.Hour).Year()
	begin := sunday(year, time.March, 8).Add(time.Duration(2-z.offset) * time.Hour)
	end := sunday(year, time.November, 1).Add(time.Duration(1-z.offset) * time.Hour)
	return !t.Before(begin) && t.Before(end)
}

// sunday returns the first Sunday on or after the given day.
func sunday(year int, month time.Month, day int) time.Time {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return t.AddDate(0, 0, (7-int(t.Weekday()))%7)
}
