package goods

import "salesburst/shared/sale"

// cycleDays is the time in which a product has one ordinary promotion or none. Promotions end in
// the cycle in which they begin, so that each follows from its number alone.
const (
	cycleDays = 28
	yearly    = yearDays / cycleDays // cycles
)

// maxNames is how many names ordinary promotions may have.
const maxNames = 100

// promoter says what is promoted on one day.
type promoter struct {
	*Promotions
	day    int64
	cycle  int64      // number of the one of a product whose cycles begin with 1970
	passed int64      // its days
	events []occasion // of this day and those near enough to keep an ordinary promotion out
}

// occasion is an event of one year.
type occasion struct {
	*Event
	first, last int64
	name        uint8
}

func newPromoter(p *Promotions, day int32) promoter {
	r := promoter{Promotions: p, day: int64(day)}
	r.cycle, r.passed = whole(r.day, cycleDays)
	year := yearOf(day)
	for y := year - 1; y <= year+1; y++ {
		for i, e := range p.Events.rules() {
			first, last := e.days(y)
			if first < day+cycleDays && last > day-cycleDays {
				r.events = append(r.events, occasion{e.Event, int64(first), int64(last), uint8(1 + len(p.Names) + i)})
			}
		}
	}
	return r
}

// price is what a product costs on this day, and the number of the promotion's name; 0: there is none.
func (p *promoter) price(id uint64, list sale.Cents) (price sale.Cents, name uint8) {
	for i := range p.events {
		e := &p.events[i]
		if p.day < e.first || p.day > e.last {
			continue
		}
		if depth, is := e.takes(id); is {
			if price = reduce(list, e.LeastOff, e.MostOff, depth); price < list {
				return price, e.name
			}
			return list, 0
		}
	}
	return p.ordinary(id, list)
}

// takes is whether a product is promoted in the event, on all of its days or on none of them, and
// 32 bits for by how much.
func (e *occasion) takes(id uint64) (depth uint64, is bool) {
	r := random(id, ofEvent, e.first)
	return r >> 32, r&0xffffffff*100>>32 < e.Products
}

// ordinary takes the parts of one random number: 16 bits each for whether, how long, when, and
// how much. Which name it has follows from the cycle. It gives way to an event that the product
// is promoted in, so that no day of it is left over on either side.
func (p *promoter) ordinary(id uint64, list sale.Cents) (price sale.Cents, name uint8) {
	n, day := p.cycle, uint64(p.passed)+phase(id, cycleDays)
	if day >= cycleDays {
		n, day = n+1, day-cycleDays
	}
	r := random(id, ofPromotion, n)
	if r&0xffff*yearly>>16 >= p.PerYear {
		return list, 0
	}
	long := p.Shortest + r>>16&0xffff*(p.Longest-p.Shortest+1)>>16
	first := r >> 32 & 0xffff * (cycleDays - long + 1) >> 16
	if day < first || day >= first+long {
		return list, 0
	}
	begin := p.day - int64(day-first)
	for i := range p.events {
		if e := &p.events[i]; e.first < begin+int64(long) && e.last >= begin {
			if _, is := e.takes(id); is {
				return list, 0
			}
		}
	}
	price = reduce(list, p.LeastOff, p.MostOff, r>>48<<16)
	if price == list {
		return list, 0
	}
	return price, uint8(1 + (uint64(n)+id>>16)%uint64(len(p.Names)))
}

// reduce takes from least to most percent off, as random (of 2³²) says, in steps that leave the
// list price's ending: 1,299.99 becomes 1,099.99 or 1,129.99, and 89.99 becomes 79.99. Where a
// step is more than the most, nothing is taken off.
func reduce(list sale.Cents, least, most int64, random uint64) sale.Cents {
	step := stepOf(list)
	hundredths := least*100 + int64(random*uint64((most-least)*100+1)>>32)
	off := (list*sale.Cents(hundredths)/10_000 + step/2) / step * step
	if off*100 < list*sale.Cents(least) {
		off += step
	}
	if off*100 > list*sale.Cents(most) {
		off -= step
	}
	return list - off
}

// stepOf is 1 % of the price at most, from 1,000 on, and a whole unit at most below.
func stepOf(list sale.Cents) sale.Cents {
	switch {
	case list >= 1000_00:
		return 10_00
	case list >= 10_00:
		return 1_00
	case list >= 1_00:
		return 10
	default:
		return 1
	}
}
