// Package calendar is the demand of a year: how much of it falls on a day, an hour and a minute.
// The profile of a channel, [Profile], knows weekdays, seasons, holidays by their rules for any
// year, and the hours of the local day; [Noise] is what no calendar explains: slow drift, and
// shocks that last some minutes. All of it follows from the date and a seed.
//
// The unit is prng.Million: that is the average of a year, of a day's hours, of the noise.
package calendar

import (
	"fmt"
	"sync"
	"time"

	"salesburst/shared/prng"
)

// Date is a day of the local calendar, counted from 1970-01-01.
type Date int32

// SecondsOfDay is how long a day of the calendar is.
const SecondsOfDay = 24 * 60 * 60

// DateOf returns the day of a local time, and the seconds since it began.
func DateOf(localSeconds int64) (d Date, second int64) {
	days := localSeconds / SecondsOfDay
	if second = localSeconds % SecondsOfDay; second < 0 {
		days, second = days-1, second+SecondsOfDay
	}
	return Date(days), second
}

// On returns the Date of a year, month and day.
func On(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / SecondsOfDay)
}

func (d Date) time() time.Time { return time.Unix(int64(d)*SecondsOfDay, 0).UTC() }

// Year is the date's year.
func (d Date) Year() int { return d.time().Year() }

// Weekday is the date's day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday(((int(d)+4)%7 + 7) % 7) } // 1970 began on a Thursday

// String returns the date as in 2026-11-27.
func (d Date) String() string { return d.time().Format(time.DateOnly) }

// Figures are the profile of a channel, as the table of the market has them. Relations count
// where no unit is given.
type Figures struct {
	Hours    [24]uint64        // demand of each whole hour of the local day
	Weekdays map[string]uint64 // percent of an average day, by the names of Weekdays
	Seasons  map[string]uint64 // percent of an ordinary day, by the names of Seasons
}

// Hours are when shops are open: none, or the hour that they open at and the one that they
// close at.
type Hours struct {
	Open map[string][]uint64 `json:"hours"` // by the names of Weekdays
	Shut []string            // all day; names of Holidays
}

// Weekdays are the names of the days of a week, from Sunday on.
func Weekdays() []string {
	return []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
}

// Profile is how the demand of a channel is spread over a year; safe for concurrent use.
type Profile struct {
	weekdays [7]uint64
	hours    [7][24]uint64 // Million is the average of the day
	seasons  map[string]uint64
	shut     []string

	mu    sync.Mutex
	years map[int]*year
}

// New makes a profile; hours is nil for what never shuts.
func New(f *Figures, hours *Hours) (*Profile, error) {
	p := &Profile{seasons: make(map[string]uint64), years: make(map[int]*year)}
	for _, name := range Seasons() {
		p.seasons[name] = f.Seasons[name]
	}
	for i, name := range Weekdays() {
		day := f.Hours
		p.weekdays[i] = f.Weekdays[name]
		if hours != nil {
			shutOutside(&day, hours.Open[name])
		}
		var sum uint64
		for _, n := range day {
			sum += n
		}
		if sum == 0 {
			p.weekdays[i] = 0
			continue
		}
		for h, n := range day {
			p.hours[i][h] = n * 24 * prng.Million / sum
		}
	}
	if hours != nil {
		p.shut = hours.Shut
	}
	if p.weekdays == ([7]uint64{}) {
		return nil, fmt.Errorf("nothing is sold on any day of the week")
	}
	return p, nil
}

func shutOutside(day *[24]uint64, open []uint64) {
	for h := range day {
		if len(open) != 2 || uint64(h) < open[0] || uint64(h) >= open[1] {
			day[h] = 0
		}
	}
}

// Hour is the demand in an hour of the local day, where Million is the average of the day.
func (p *Profile) Hour(d Date, hour int) uint64 { return p.hours[d.Weekday()][hour] }

// Day is the demand of a day, where Million is the average of its year.
func (p *Profile) Day(d Date) uint64 {
	y := p.year(d.Year())
	return y.days[d-y.first]
}

// Before is the demand of a year's days before d; all days of a year together are as many
// millions as it has days.
func (p *Profile) Before(d Date) uint64 {
	y := p.year(d.Year())
	return y.before[d-y.first]
}

// Year returns the first day of a year, and the demand of its days before each of them.
func (p *Profile) Year(number int) (first Date, before []uint64) {
	y := p.year(number)
	return y.first, y.before
}

// At is the demand at a local time, in seconds since 1970 of the local clock.
func (p *Profile) At(localSeconds int64) uint64 {
	d, second := DateOf(localSeconds)
	return p.Day(d) * p.Hour(d, int(second/3600)) / prng.Million
}

// year is a profile's days of one year.
type year struct {
	first  Date
	days   []uint64 // Million is the average
	before []uint64
}

func (p *Profile) year(number int) *year {
	p.mu.Lock()
	defer p.mu.Unlock()
	y := p.years[number]
	if y == nil {
		y = p.newYear(number)
		p.years[number] = y
	}
	return y
}

func (p *Profile) newYear(number int) *year {
	y := &year{first: On(number, time.January, 1)}
	n := int(On(number+1, time.January, 1) - y.first)
	percent := make([]uint64, n)
	for i := range percent {
		percent[i] = 100
	}
	for _, s := range SeasonsOf(number) {
		for d := max(s.From, y.first); d <= s.To && int(d-y.first) < n; d++ {
			percent[d-y.first] = p.seasons[s.Name]
		}
	}
	for _, name := range p.shut {
		percent[holiday(name, number)-y.first] = 0
	}
	var sum uint64
	for i := range percent {
		percent[i] *= p.weekdays[(y.first + Date(i)).Weekday()]
		sum += percent[i]
	}
	y.days, y.before = make([]uint64, n), make([]uint64, n)
	var before, weight uint64
	for i, w := range percent {
		y.before[i] = before
		if weight += w; sum > 0 {
			y.days[i] = weight*uint64(n)*prng.Million/sum - before
		}
		before += y.days[i]
	}
	return y
}
