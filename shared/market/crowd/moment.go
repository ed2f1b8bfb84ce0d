package crowd

import (
	"math/bits"

	"salesburst/shared/market/places"
	"salesburst/shared/prng"
)

// Moment is the crowd in a stretch of up to an hour in which no clock strikes; safe for concurrent
// use.
type Moment struct {
	crowd *Crowd
	zones prng.Table           // by what their people buy now
	now   [places.Zones]uint64 // the demand until now, in millionths of average days
	born  Births
}

// At returns the crowd as it is at a moment, in seconds since 1970. demand is what the people of each
// zone buy then, in any unit below 2⁴⁰.
func (c *Crowd) At(unix int64, demand [places.Zones]uint64) *Moment {
	m := &Moment{crowd: c}
	var awake, all [places.Zones]uint64
	var people, sum uint64
	for z := range c.zones {
		people += c.zones[z].people
	}
	for z := range places.Zones {
		m.now[z] = c.before(z, unix)
		m.born[z] = c.count(z, m.now[z])
		all[z] = prng.MulDiv(c.zones[z].people, 1<<16, people)
		if c.zones[z].people > 0 {
			all[z] = max(all[z], 1)
		}
		awake[z] = all[z] * demand[z]
		sum += awake[z]
	}
	if sum == 0 { // where all are asleep, whoever is asked for is woken
		awake = all
	}
	m.zones = prng.NewTable(awake[:])
	return m
}

// Customer is what follows from a customer's number.
type Customer struct {
	Number Number
	Home   int // in the list of New
	Zone   places.Zone
	Class  int    // of activity
	Days   uint64 // of average demand, since the first order
}

// Newcomer fills in the customer with a number who places the first order now.
func (m *Moment) Newcomer(n Number, who *Customer) {
	c := m.crowd
	who.Number, who.Days = n, 0
	if n >= Strangers {
		who.Zone = places.Zone(m.zones.Draw(prng.Mix(c.seed + uint64(n))))
	} else {
		var nth uint64
		who.Zone, nth = c.zoneOf(n)
		who.Class = int(nth&(Classes-1) ^ c.shuffle(who.Zone, nth))
	}
	who.Home = c.home(who.Zone, n)
}

// Returning draws a customer who was there before.
func (m *Moment) Returning(r *prng.Rand, who *Customer) {
	m.ReturningBy(places.Zone(m.zones.Draw(r.Next())), r, who)
}

// ReturningBy draws one who lives by a clock, which somebody must.
func (m *Moment) ReturningBy(z places.Zone, r *prng.Rand, who *Customer) {
	c, born := m.crowd, m.born[z]
	of := &c.zones[z]
	const tries = 64 // of which one in twenty is too old
	for range tries {
		class := uint64(c.class.Draw(r.Next()))
		// The age is drawn as how many were born since: those of a busy day come back as often.
		since := ago(r.Next(), of.lifetime)
		if since >= min(born, of.remembered) {
			continue
		}
		n := (born - 1 - since) &^ (Classes - 1)
		n |= class ^ c.shuffle(z, n)
		if n >= born {
			continue
		}
		who.Number, who.Zone, who.Class = c.number(z, n), z, int(class)
		who.Home, who.Days = c.home(z, who.Number), (m.now[z]-min(of.birth(n), m.now[z]))/prng.Million
		return
	}
	m.Newcomer(c.number(z, max(born, 1)-1), who) // hardly anybody is there yet
}

// Exponential turns 64 random bits into a number of mean 65,536, exponentially distributed.
func Exponential(random uint64) uint64 { return exponential(random) >> 32 }

// exponential is Exponential in parts of 2³²: a straight line between two of 64 quantiles, and beyond
// the last one, as always, the rest is distributed as the whole is.
func exponential(random uint64) (sum uint64) {
	i := random >> 58
	for ; i == 63; i = random >> 58 {
		sum += quantiles[63] << 32
		random <<= 6
	}
	l := &lines[i]
	return sum + l.from<<32 + l.rise*(random>>26&(1<<32-1))
}

// ago is a number of that distribution with another mean. Of hundreds of millions of customers it
// leaves nobody out.
func ago(random, mean uint64) uint64 {
	high, low := bits.Mul64(exponential(random), mean)
	return high<<16 | low>>48
}

// lines go from one quantile to the next.
var lines = func() (all [64]struct{ from, rise uint64 }) {
	for i := range all[:63] {
		all[i].from, all[i].rise = quantiles[i], quantiles[i+1]-quantiles[i]
	}
	return all
}()

// quantiles are those of 0/64 to 63/64, so that the mean is right.
var quantiles = [64]uint64{
	0, 1031, 2078, 3142, 4224, 5324, 6443, 7582, 8740, 9919, 11120, 12344, 13591, 14862, 16158, 17480,
	18830, 20208, 21615, 23054, 24525, 26030, 27570, 29147, 30763, 32420, 34121, 35866, 37659, 39503,
	41401, 43355, 45369, 47447, 49593, 51812, 54109, 56489, 58959, 61526, 64198, 66984, 69894, 72938,
	76132, 79489, 83028, 86769, 90737, 94962, 99477, 104328, 109567, 115262, 121501, 128397, 136106,
	144846, 154936, 166869, 181475, 200304, 226843, 272212,
}
