package calendar

import "salesburst/shared/prng"

// Noise is what no calendar explains: weather and mood, which drift over days and hours, and
// shocks as of news or a campaign, which come in a minute or two and fade in an hour.
type Noise struct {
	seed              uint64
	day, hour, minute uint64 // how far each drift goes at most, of Million
	shocks, shock     uint64 // shocks of 1000 days; how far the largest goes, of Million
}

// NoiseFigures are how strong the noise is, as the table of the market has it.
type NoiseFigures struct {
	Days   uint64 // standard deviation of a day's average, of 1000
	Hours  uint64 // of what changes within hours, of 1000
	Shocks uint64 // of 1000 days
	Shock  uint64 // the strongest, percent
}

// NewNoise makes a noise of its own for each seed.
func NewNoise(f NoiseFigures, seed uint64) Noise {
	// A drift goes evenly from one random number to the next, each even between two ends. Of such
	// an end, its standard deviation is 0.471 at a random moment, and 0.408 on average over the way
	// from one number to the next. Those of hours and of minutes are as strong as one together.
	hours := f.Hours * prng.Million / 471 * 707 / 1000
	return Noise{
		seed:   seed,
		day:    f.Days * prng.Million / 408,
		hour:   hours,
		minute: hours,
		shocks: f.Shocks,
		shock:  f.Shock * prng.Million / 100,
	}
}

// Lengths of the drifts and shocks, in minutes.
const (
	dayMinutes    = 24 * 60
	hourMinutes   = 90
	minuteMinutes = 12
	shockRise     = 3
	shockFall     = 45
)

// At returns the noise of a minute, counted from 1970; Million is none. It is never below a tenth.
func (n Noise) At(minute int64) uint64 {
	level := int64(prng.Million)
	level += drift(n.seed+1, minute, dayMinutes, n.day)
	level += drift(n.seed+2, minute, hourMinutes, n.hour)
	level += drift(n.seed+3, minute, minuteMinutes, n.minute)
	level += n.shocksAt(minute)
	return uint64(max(level, prng.Million/10))
}

// drift is a line through random numbers, one at each period's begin, up to most to both sides.
func drift(seed uint64, minute, period int64, most uint64) int64 {
	if most == 0 {
		return 0
	}
	part := (minute%period + period) % period
	knot := (minute - part) / period
	value := func(knot int64) int64 {
		r := prng.New(seed, uint64(knot))
		return int64(r.Below(2*most+1)) - int64(most)
	}
	return (value(knot)*(period-part) + value(knot+1)*part) / period
}

// shocksAt adds up the shocks that are felt: up to one begins in each quarter of a day, and one
// in two takes demand away.
func (n Noise) shocksAt(minute int64) (level int64) {
	if n.shocks == 0 || n.shock == 0 {
		return 0
	}
	const block = dayMinutes / 4
	at := (minute%block + block) % block
	for _, b := range [...]int64{(minute-at)/block - 1, (minute - at) / block} {
		r := prng.New(n.seed+4, uint64(b))
		if !r.In(n.shocks, 4*1000) {
			continue
		}
		age := minute - b*block - int64(r.Below(block))
		strength := int64(n.shock/4 + r.Below(n.shock-n.shock/4+1))
		if r.In(1, 2) {
			strength = -strength
		}
		switch {
		case age < 0 || age >= shockRise+shockFall:
		case age < shockRise:
			level += strength * (age + 1) / (shockRise + 1)
		default:
			level += strength * (shockRise + shockFall - age) / shockFall
		}
	}
	return level
}
