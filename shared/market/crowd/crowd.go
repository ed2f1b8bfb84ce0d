// Package crowd is who buys: a population of customers in which everybody is born once, comes
// back for some years and is lost, some of them often and most of them seldom. Its size follows
// the rate of sales.
//
// Nothing of it is stored. Customers are numbered in the order of their births, and how many are
// born by a moment, [Crowd.Born], follows from the calendar and the rate. So whoever is new in a
// minute has the next numbers, and whoever comes back is drawn from those below; where somebody
// lives and how often somebody buys follows from the number. Two processes that know no more than
// the time agree on all of it.
package crowd

import (
	"sync"

	"salesburst/shared/market/calendar"
	"salesburst/shared/prng"
)

// Figures are what the population is like, as the table of the market has them.
type Figures struct {
	New      uint64   // of 1000 orders, those of customers who are new
	Lifetime uint64   // years that a customer stays on average, in tenths
	Activity []uint64 // what each sixteenth of the customers buys, in relation to the others
}

// Number names a customer within a channel: 0 is the first who was ever born.
type Number int64

// Classes is how many classes of activity there are. Of sixteen customers in a row, each is in
// another one.
const Classes = 16

// The shop was founded so long before the first year that sales can be asked of, that there are
// customers of all ages in it.
const founded = 1990

// Years that the crowd remembers: whoever is older is gone.
const remembered = 8

// Crowd is the population of a channel; safe for concurrent use.
type Crowd struct {
	profile *calendar.Profile
	hours   hours
	homes   homes
	perDay  uint64 // births on an average day, in millionths
	class   prng.Table
	repeats [Classes]uint64 // orders of 1000 years of a customer of the class
	births  uint64          // in a lifetime
	seed    uint64

	mu     sync.Mutex
	window *window // the last one
}

// New makes the crowd of a channel with so many orders a minute, in millionths, on average over a
// year, whose customers live in those homes.
func New(f *Figures, profile *calendar.Profile, at []Home, orders, seed uint64) *Crowd {
	c := &Crowd{profile: profile, seed: seed}
	c.homes = newHomes(at)
	c.hours = newHours(profile, &c.homes)
	c.perDay = orders * 24 * 60 / 1000 * f.New
	c.births = prng.MulDiv(c.perDay, f.Lifetime*365, 10*prng.Million)
	var sum uint64
	for _, a := range f.Activity {
		sum += a
	}
	// Of all orders in a life, which are 1000/New, all but the first are repeated ones.
	perYear := (1000*1000/f.New - 1000) * 10 / f.Lifetime // of 1000 customers
	for i, a := range f.Activity {
		c.repeats[i] = perYear * a * Classes / sum
	}
	c.class = prng.NewTable(f.Activity)
	return c
}

// Born returns how many have been born by a moment, in seconds since 1970.
func (c *Crowd) Born(unix int64) Number {
	d, second := calendar.DateOf(unix - frame)
	return c.count(c.before(d) + c.profile.Day(d)*c.hours.days[kindOf(d)].before(second)/prng.Million)
}

// before is the demand of all days before d, in millionths of an average day.
func (c *Crowd) before(d calendar.Date) uint64 {
	first := calendar.On(d.Year(), 1, 1)
	return uint64(first-calendar.On(founded, 1, 1))*prng.Million + c.profile.Before(d)
}

// count is how many are born while so many millionths of average days pass.
func (c *Crowd) count(millionths uint64) Number {
	return Number(prng.MulDiv(millionths, c.perDay, prng.Million*prng.Million))
}

// Class is a customer's class of activity.
func (c *Crowd) Class(n Number) int { return int(uint64(n)&(Classes-1) ^ c.shuffle(n)) }

// shuffle is what the sixteen customers of a row are mixed by.
func (c *Crowd) shuffle(n Number) uint64 {
	return prng.Mix(c.seed+uint64(n)/Classes) & (Classes - 1)
}

// Orders is how many orders a customer has made at an age in days, on average: of 1000 of the same
// kind.
func (c *Crowd) Orders(n Number, days int64) uint64 {
	return 1000 + c.repeats[c.Class(n)]*uint64(days)/365
}

// Strangers is the first number of those who come once and never again.
const Strangers Number = 1 << 50

// Stranger returns the number of the first stranger of a burst with a seed.
func Stranger(seed uint64) Number { return Strangers + Number(seed%100_000_000_000) }
