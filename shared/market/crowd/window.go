package crowd

import (
	"math/bits"
	"sort"

	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
)

// window is the births of the days that a crowd remembers.
type window struct {
	first   calendar.Date
	before  []uint64 // the demand before each day, as in Crowd.before; one more for the end
	numbers []Number // who is born first on each day; likewise
	kinds   []uint8  // of hours.days
}

const windowDays = remembered*365 + 2

// windowOf returns the window that ends with the day after d.
func (c *Crowd) windowOf(d calendar.Date) *window {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := d + 2 - windowDays
	if c.window != nil && c.window.first == first {
		return c.window
	}
	w := &window{first: first, before: make([]uint64, windowDays+1), numbers: make([]Number, windowDays+1),
		kinds: make([]uint8, windowDays)}
	year, demand := c.profile.Year(first.Year())
	base := c.before(year)
	for i := range w.before {
		day := first + calendar.Date(i)
		if int(day-year) == len(demand) {
			base += uint64(len(demand)) * prng.Million
			year, demand = c.profile.Year(day.Year())
		}
		w.before[i] = base + demand[day-year]
		w.numbers[i] = c.count(w.before[i])
		if i < windowDays {
			w.kinds[i] = kindOf(day)
		}
	}
	c.window = w
	return w
}

// Moment is the crowd in a stretch of up to an hour in which no clock strikes; safe for concurrent
// use.
type Moment struct {
	crowd  *Crowd
	window *window
	today  int                  // in the window
	hour   int                  // of the day
	limit  Number               // whoever has this number or a higher one is not born yet
	awake  [places.Zones]uint64 // the chance of 2³² that one of the zone buys now
}

// At returns the crowd as it is at a moment, in seconds since 1970. demand is what the people of each
// zone buy then, in any unit.
func (c *Crowd) At(unix int64, demand [places.Zones]uint64) *Moment {
	d, second := calendar.DateOf(unix - frame)
	m := &Moment{crowd: c, window: c.windowOf(d), limit: c.Born(unix), hour: int(second / 3600)}
	m.today = int(d - m.window.first)
	most := uint64(0)
	for z, n := range demand {
		if len(c.homes.places[z]) > 0 {
			most = max(most, n)
		}
	}
	for z, n := range demand {
		if m.awake[z] = 1 << 32; most > 0 { // where all are asleep, whoever is asked for is woken
			m.awake[z] = prng.MulDiv(min(n, most), 1<<32, most)
		}
	}
	return m
}

// Customer is what follows from a customer's number.
type Customer struct {
	Number Number
	Home   int   // in the list of New
	Days   int64 // since the first order
}

// Born returns the customer with a number that is born now, or was born before.
func (m *Moment) Born(n Number) Customer {
	if n >= Strangers {
		of := &m.crowd.hours.days[m.window.kinds[m.today]]
		_, home := m.crowd.homes.of(&of.zones[m.hour], prng.Mix(m.crowd.seed^uint64(n)<<1))
		return Customer{Number: n, Home: home}
	}
	_, home, day := m.live(n, m.today)
	return Customer{Number: n, Home: home, Days: int64(max(m.today-day, 0))}
}

// Returning draws a customer who was there before.
func (m *Moment) Returning(r *prng.Rand) (who Customer) {
	w, c := m.window, m.crowd
	const tries = 5000 // where hardly anybody is awake
	for range tries {
		class := uint64(c.class.Draw(r.Next()))
		// The age is drawn as how many were born since: those of a busy day come back as often.
		n := m.limit - 1 - ago(r.Next(), c.births)
		n = n&^(Classes-1) | Number(class^c.shuffle(n))
		if n >= m.limit || n < w.numbers[0] {
			continue
		}
		day := sort.Search(m.today, func(i int) bool { return w.numbers[i+1] > n })
		var zone places.Zone
		zone, who.Home, day = m.live(n, day)
		who.Number, who.Days = n, int64(m.today-day)
		if r.Next()>>32 < m.awake[zone] {
			return who
		}
	}
	if who == (Customer{}) { // nobody is there yet
		return m.Born(max(m.limit-1, 0))
	}
	return who
}

// live returns where a customer lives and the day of the birth, which is near the given one.
func (m *Moment) live(n Number, near int) (z places.Zone, home, day int) {
	w, c := m.window, m.crowd
	for day = near; day > 0 && n < w.numbers[day]; day-- {
	}
	for day < len(w.kinds)-1 && n >= w.numbers[day+1] {
		day++
	}
	z, home = c.homes.of(&c.hours.days[w.kinds[day]].zones[w.hourOf(c, n, day)], prng.Mix(c.seed^uint64(n)<<1))
	return z, home, day
}

// hourOf is the hour of a day that a customer is born in.
func (w *window) hourOf(c *Crowd, n Number, day int) int {
	of, first, births := &c.hours.days[w.kinds[day]], w.numbers[day], w.numbers[day+1]-w.numbers[day]
	before, demand := w.before[day], w.before[day+1]-w.before[day]
	// About where it is, and then exactly: the numbers are rounded.
	part := uint64(n-first) * prng.Million / uint64(max(births, 1))
	hour := min(int(part*24/prng.Million), 23)
	for hour > 0 && of.sums[hour] > part {
		hour--
	}
	for hour < 23 && of.sums[hour+1] <= part {
		hour++
	}
	for hour > 0 && c.count(before+demand*of.sums[hour]/prng.Million) > n {
		hour--
	}
	for hour < 23 && c.count(before+demand*of.sums[hour+1]/prng.Million) <= n {
		hour++
	}
	return hour
}

// Exponential turns 64 random bits into a number of mean 65,536, exponentially distributed: a
// straight line between 64 of its quantiles, which ends at the one of 4095/4096.
func Exponential(random uint64) uint64 { return exponential(random) >> 32 }

// exponential is Exponential in parts of 2³².
func exponential(random uint64) uint64 {
	i, part := random>>58, random>>26&(1<<32-1)
	return quantiles[i]<<32 + (quantiles[i+1]-quantiles[i])*part
}

// ago is a number of that distribution with another mean. Of hundreds of millions of customers it
// leaves nobody out.
func ago(random, mean uint64) Number {
	high, low := bits.Mul64(exponential(random), mean)
	return Number(high<<16 | low>>48)
}

var quantiles = [65]uint64{
	0, 1032, 2081, 3146, 4230, 5331, 6451, 7591, 8751, 9932, 11135, 12360, 13608, 14880, 16178, 17502, 18854,
	20233, 21643, 23083, 24556, 26063, 27605, 29184, 30802, 32461, 34164, 35911, 37707, 39553, 41453, 43409,
	45426, 47507, 49656, 51877, 54177, 56561, 59034, 61604, 64280, 67069, 69982, 73031, 76228, 79590, 83133,
	86879, 90852, 95082, 99603, 104460, 109706, 115408, 121654, 128559, 136278, 145029, 155132, 167080, 181704,
	200558, 227130, 272557, 545113,
}
