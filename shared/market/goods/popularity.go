package goods

import (
	"slices"
	"time"

	"salesburst/dataset"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Purposes of a product's random numbers.
const (
	ofQuality uint64 = iota << 56
	ofTurnover
	ofSpring
	ofPromotion
	ofEvent
)

// random is a product's number n for a purpose.
func random(id, purpose uint64, n int64) uint64 { return uint64(prng.New(id+purpose, uint64(n))) }

// identify names a product whatever stands beside it in the catalogue (FNV-1a).
func identify(seed uint64, name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return prng.Mix(h ^ prng.Mix(seed))
}

// appeals are the logarithms of how well products sell beside others of their brand, as far as
// it follows from the price and the size.
func (g *Goods) appeals() []int64 {
	usual := g.usualPrices()
	f := g.figures
	all := make([]int64, len(g.items))
	for i := range all {
		p := &g.products[i]
		x := int64(g.items[i].logList) - usual[p.Category]
		all[i] = -(max(x, 0)*f.Prices.Above + max(-x, 0)*f.Prices.Below) / 100
		if p.ScreenSize > 0 && len(f.Sizes) > 0 && p.Category == tv {
			all[i] += log2(sizeWeight(f.Sizes, p.ScreenSize))
		}
	}
	return all
}

// tv is the category in which most people want the sizes of the figures.
var tv = sale.NewText(dataset.CategoryTV)

// usualPrices are the logarithms of what most people want to pay, by category.
func (g *Goods) usualPrices() map[sale.Text]int64 {
	prices := make(map[sale.Text][]int32)
	for i := range g.products {
		category := g.products[i].Category
		prices[category] = append(prices[category], g.items[i].logList)
	}
	usual := make(map[sale.Text]int64, len(prices))
	for category, all := range prices {
		slices.Sort(all)
		usual[category] = int64(all[len(all)/2]) + log2(g.figures.Prices.Usual) - log2(100)
	}
	return usual
}

// sizeWeight is in thousandths of the table's weights.
func sizeWeight(sizes []Size, inches int64) uint64 {
	const unit = 1000
	last := sizes[len(sizes)-1]
	for i, s := range sizes {
		if inches > s.Inches {
			continue
		}
		if i == 0 || inches == s.Inches {
			return s.Weight * unit
		}
		before := sizes[i-1]
		return uint64(between(inches, before.Inches, s.Inches, int64(before.Weight*unit), int64(s.Weight*unit)))
	}
	return last.Weight * unit
}

// drift is how popularity changes from day to day: the logarithm of a factor on a product's
// sales, for one day.
type drift struct {
	day      int64
	turnover int64 // what the sum of four 16-bit numbers is multiplied by, and divided by 65,536
	days     int64 // from one value of the turnover to the next
	value    int64 // number of the last one of a product whose days begin with 1970
	passed   int64 // days since then
	step     int64 // of a day, in 2⁻³² of all days

	springs [springs]int64 // the first of March of this year, of the one before, …
	year    int64
	renewed uint64
	rise    int64
	fade    int64 // of a year, below 0
}

// springs is how many years a model is remembered for; springDays are March to May.
const (
	springs    = 4
	springDays = 92
	yearDays   = 365
	oldDays    = 2 * yearDays // after so many a model sells no worse; no rise takes so long
)

func newDrift(f *Popularity, day int32) drift {
	year := yearOf(day)
	d := drift{
		day: int64(day), year: int64(year),
		turnover: int64(f.Turnover) * turnoverUnit / 100,
		days:     f.TurnoverDays, step: 1 << 32 / f.TurnoverDays,
		renewed: f.Renewed, rise: f.RiseDays, fade: log2(100-f.Fade) - log2(100),
	}
	d.value, d.passed = whole(d.day, d.days)
	for i := range d.springs {
		d.springs[i] = int64(date(year-i, time.March, 1))
	}
	return d
}

// turnoverUnit makes a standard deviation of one natural logarithm of four 16-bit numbers, whose
// own one is 65,536/√3.
const turnoverUnit = nat * 1732 / 1000

func (d *drift) of(id uint64) int64 { return d.turnoverOf(id) + d.lifeOf(id) }

// turnoverOf goes smoothly from one random value to the next, each product at its own days.
func (d *drift) turnoverOf(id uint64) int64 {
	if d.turnover == 0 {
		return 0
	}
	n, x := d.value, d.passed+int64(phase(id>>32, uint64(d.days)))
	if x >= d.days {
		n, x = n+1, x-d.days
	}
	x = x * d.step >> 16
	x = x * x / one * (3*one - 2*x) / one
	a, b := bell(random(id, ofTurnover, n)), bell(random(id, ofTurnover, n+1))
	return (a + (b-a)*x/one) * d.turnover / one
}

// phase is a number below n that follows from 32 bits of a product's name.
func phase(bits, n uint64) uint64 { return bits & 0xffffffff * n >> 32 }

// whole returns how often part goes into n, which may be below 0, and what is left.
func whole(n, part int64) (times, left int64) {
	times, left = n/part, n%part
	if left < 0 {
		times, left = times-1, left+part
	}
	return times, left
}

// bell adds four 16-bit numbers, whose mean is taken out.
func bell(bits uint64) int64 {
	return int64(bits&0xffff+bits>>16&0xffff+bits>>32&0xffff+bits>>48) - 2*0xffff
}

// lifeOf rises for weeks from a model's first day in spring on, then fades slowly until the next
// one comes.
func (d *drift) lifeOf(id uint64) int64 {
	if d.fade == 0 {
		return 0
	}
	day, older := d.day, int64(one) // older is what is left of the model before
	for i := range springs {
		born, is := d.birth(id, i)
		if !is || born > day {
			continue
		}
		age := day - born
		if older < one || age >= d.rise {
			return max(min(age, oldDays)-d.rise, 0) * d.fade / yearDays * older / one
		}
		day, older = born, one-age*one/d.rise
	}
	return (oldDays - d.rise) * d.fade / yearDays * older / one
}

// birth is the day on which a new model came in the spring of so many years ago, if one did.
func (d *drift) birth(id uint64, yearsAgo int) (day int64, is bool) {
	r := random(id, ofSpring, d.year-int64(yearsAgo))
	return d.springs[yearsAgo] + int64(r>>32*springDays>>32), r&0xffffffff*100>>32 < d.renewed
}
