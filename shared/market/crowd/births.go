package crowd

import (
	"math/bits"

	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
)

// The days of the crowd begin in the night, by the clock that a zone has in winter: so none of
// their hours is there twice, or missing.
const (
	begin = 4 // o'clock

	secondsOfHour = 3600
)

// dayOf returns the day of a zone at a moment, and the seconds since it began.
func dayOf(z places.Zone, unix int64) (d calendar.Date, second int64) {
	return calendar.DateOf(unix + z.Winter() - begin*secondsOfHour)
}

// kind of a day: a weekday, in winter or in summer.
type kind uint8

const kinds = 2 * 7

func kindOf(z places.Zone, d calendar.Date) kind {
	k := kind(d.Weekday())
	noon := int64(d)*calendar.SecondsOfDay + 12*secondsOfHour - z.Winter()
	if z.Local(noon)-noon != z.Winter() {
		k += 7
	}
	return k
}

// hours are how many of a day's births come before each of its hours, in millionths.
type hours [25]uint64

func newDays(p *calendar.Profile) (days [kinds]hours) {
	for k := range days {
		of := &days[k]
		for i := range 24 {
			hour := i + begin + k/7
			// 1970-01-04 was a Sunday.
			of[i+1] = of[i] + p.Hour(calendar.Date(3+k%7+hour/24), hour%24)
		}
		if all := of[24]; all > 0 {
			for i := range of {
				of[i] = prng.MulDiv(of[i], prng.Million, all)
			}
		}
	}
	return days
}

// before is the part of a day's births that comes before a second of it, in millionths.
func (h *hours) before(second int64) uint64 {
	hour := second / secondsOfHour
	return h[hour] + (h[hour+1]-h[hour])*uint64(second%secondsOfHour)/secondsOfHour
}

// Births are how many customers of each zone were born by a moment.
type Births [places.Zones]uint64

// Born returns who has been born by a moment, in seconds since 1970.
func (c *Crowd) Born(unix int64) (b Births) {
	for z := range places.Zones {
		b[z] = c.count(z, c.before(z, unix))
	}
	return b
}

// before is the demand of a zone before a moment, in millionths of average days.
func (c *Crowd) before(z places.Zone, unix int64) uint64 {
	d, second := dayOf(z, unix)
	year := calendar.On(d.Year(), 1, 1)
	part := c.days[kindOf(z, d)].before(second)
	years := uint64(year-calendar.On(founded, 1, 1)) * prng.Million
	return years + c.profile.Before(d) + c.profile.Day(d)*part/prng.Million
}

// count is how many are born in a zone while so many millionths of average days pass.
func (c *Crowd) count(z places.Zone, millionths uint64) uint64 {
	return prng.MulDiv(millionths, c.zones[z].births, prng.Million*prng.Million)
}

// birth is when the nth of the zone is born, in millionths of average days.
func (z *zone) birth(n uint64) uint64 {
	high, low := bits.Mul64(n, z.apart)
	return high<<34 | low>>30
}

// Newcomers are those who place their first order in a stretch of time, in an order in which the
// zones are mixed.
type Newcomers struct {
	crowd  *Crowd // nil: they are strangers
	first  Number // of strangers
	from   Births
	upTo   [places.Zones]uint64 // how many there are in a zone and those before it
	n      uint64
	stride uint64 // has no divisor in common with n
}

// NewStrangers are so many who come once, from a number on.
func NewStrangers(first Number, n uint64) Newcomers { return Newcomers{first: first, n: n} }

// Newcomers are who is born from one moment to another, in seconds since 1970.
func (c *Crowd) Newcomers(from, to int64) Newcomers {
	all := Newcomers{crowd: c, from: c.Born(from)}
	for z, born := range c.Born(to) {
		all.n += born - all.from[z]
		all.upTo[z] = all.n
	}
	for all.stride = all.n*5/8 | 1; divisor(all.stride, all.n) > 1; all.stride += 2 {
	}
	return all
}

// divisor is the greatest that both have in common.
func divisor(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// Len is how many they are.
func (c *Newcomers) Len() uint64 { return c.n }

// At returns the number of one, 0 ≤ i < Len.
func (c *Newcomers) At(i uint64) Number {
	if c.crowd == nil {
		return c.first + Number(i)
	}
	i = (i*c.stride + c.n/2) % c.n
	z, before := places.Zone(0), uint64(0)
	for i >= c.upTo[z] {
		before = c.upTo[z]
		z++
	}
	return c.crowd.number(z, c.from[z]+i-before)
}
