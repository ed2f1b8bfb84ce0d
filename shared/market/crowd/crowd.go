// Package crowd is who buys: a population of customers in which everybody is born once, comes
// back for some years and is lost, some of them often and most of them seldom. Its size follows
// the rate of sales.
//
// Nothing of it is stored. The customers of each time zone are counted in the order of their
// births, and how many are born by a moment, [Crowd.Born], follows from the calendar and the rate.
// So whoever is new in a minute is next, and whoever comes back is drawn from those before; where
// somebody lives and how often somebody buys follows from the number. Two processes that know no
// more than the time agree on all of it.
package crowd

import (
	"math/bits"

	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
)

// Figures are what the population is like, as the table of the market has them.
type Figures struct {
	New      uint64   // of 1000 orders, those of customers who are new
	Lifetime uint64   // years that a customer stays on average, in tenths
	Activity []uint64 // what each sixteenth of the customers buys, in relation to the others
}

// Home is a place where customers live.
type Home struct {
	Clock  places.Zone
	People uint64 // in any unit, at least 1
}

// Classes is how many classes of activity there are. Of sixteen customers of a zone who were born
// one after the other, each is in another one.
const Classes = 16

// The shop was founded so long before the first year that sales can be asked of, that there are
// customers of all ages in it.
const founded = 1990

// remembered are the years that the crowd remembers.
const remembered = 8

// Crowd is the population of a channel; safe for concurrent use.
type Crowd struct {
	profile *calendar.Profile
	seed    uint64
	class   prng.Table
	repeats [Classes]uint64 // orders of 1000 years of a customer of the class
	days    [kinds]hours
	zones   [places.Zones]zone
	row     [rowLength]struct{ zone, place uint16 } // what the numbers of a row are
}

// zone is the customers by one clock.
type zone struct {
	people   uint64
	births   uint64 // on an average day, in millionths
	lifetime uint64 // births in a lifetime
	// births while the crowd remembers: whoever is older is gone
	remembered uint64
	apart      uint64 // millionths of an average day from one birth to the next, in 2⁻³⁰

	home  int // the first one in the list of New
	homes prng.Table

	first, numbers uint64 // of each row
	part           uint64 // 1/numbers, in 2⁻⁶³, rounded up: a division would take longer than all the rest
}

// New makes the crowd of a channel with so many orders a minute, in millionths, on average over a
// year, whose customers live in those homes, of which those by one clock stand side by side.
func New(f *Figures, profile *calendar.Profile, at []Home, orders, seed uint64) *Crowd {
	c := &Crowd{profile: profile, seed: seed, days: newDays(profile), class: prng.NewTable(f.Activity)}
	var weights [places.Zones][]uint64
	var people uint64
	for i, h := range at {
		z := &c.zones[h.Clock]
		z.people += h.People
		weights[h.Clock] = append(weights[h.Clock], h.People)
		z.home = i + 1 - len(weights[h.Clock])
		people += h.People
	}
	births := orders * 24 * 60 / 1000 * f.New
	for i := range c.zones {
		if z := &c.zones[i]; z.people > 0 {
			z.homes = prng.NewTable(weights[i])
			z.births = max(prng.MulDiv(births, z.people, people), 1000)
			z.lifetime = prng.MulDiv(z.births, f.Lifetime*365, 10*prng.Million)
			z.remembered = z.births * remembered * 365 / prng.Million
			z.apart = prng.MulDiv(1<<30, prng.Million*prng.Million, z.births)
		}
	}
	c.fillRow(people)
	// Of all orders in a life, which are 1000/New, all but the first are repeated ones.
	perYear := (1000*1000/f.New - 1000) * 10 / f.Lifetime // of 1000 customers
	var sum uint64
	for _, a := range f.Activity {
		sum += a
	}
	for i, a := range f.Activity {
		c.repeats[i] = perYear * a * Classes / sum
	}
	return c
}

// Number names a customer within a channel. Of each row of numbers, every zone has about its part
// of the people; those of a zone are given out in the order of births.
type Number int64

const rowLength = 1024

// Strangers is the first number of those who come once and never again.
const Strangers Number = 1 << 50

// Stranger returns the number of the first stranger of a burst with a seed.
func Stranger(seed uint64) Number { return Strangers + Number(seed%100_000_000_000) }

// fillRow gives the numbers of a row to the zones.
func (c *Crowd) fillRow(people uint64) {
	left, largest := uint64(rowLength), &c.zones[0]
	for i := range c.zones {
		if z := &c.zones[i]; z.people > 0 {
			z.numbers = max((rowLength-uint64(places.Zones))*z.people/people, 1)
			left -= z.numbers
			if z.people > largest.people {
				largest = z
			}
		}
	}
	largest.numbers += left
	at := uint64(0)
	for i := range c.zones {
		z := &c.zones[i]
		z.first, z.part = at, 1<<63/max(z.numbers, 1)+1
		for place := range z.numbers {
			c.row[at].zone, c.row[at].place = uint16(i), uint16(place)
			at++
		}
	}
}

// number is that of the customer who was born as the nth of a zone.
func (c *Crowd) number(z places.Zone, n uint64) Number {
	of := &c.zones[z]
	high, low := bits.Mul64(n, of.part)
	row := high<<1 | low>>63
	return Number(row*rowLength + of.first + n - row*of.numbers)
}

// zoneOf returns whose number it is.
func (c *Crowd) zoneOf(number Number) (z places.Zone, n uint64) {
	in := &c.row[number%rowLength]
	z = places.Zone(in.zone)
	return z, uint64(number)/rowLength*c.zones[z].numbers + uint64(in.place)
}

// home is where a customer of a zone lives.
func (c *Crowd) home(z places.Zone, number Number) int {
	of := &c.zones[z]
	return of.home + of.homes.Draw(prng.Mix(c.seed^uint64(number)<<1))
}

// shuffle is what the sixteen customers around the nth of a zone are mixed by.
func (c *Crowd) shuffle(z places.Zone, n uint64) uint64 {
	return prng.Mix(c.seed+n/Classes<<3+uint64(z)) & (Classes - 1)
}

// Class is a customer's class of activity.
func (c *Crowd) Class(number Number) int {
	z, n := c.zoneOf(number)
	return int(n&(Classes-1) ^ c.shuffle(z, n))
}

// Orders is how many orders a customer of a class has made at an age in days, on average: of 1000
// of the same kind.
func (c *Crowd) Orders(class int, days uint64) uint64 {
	return 1000 + c.repeats[class]*days/365
}
