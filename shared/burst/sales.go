package burst

import (
	"math/bits"

	"salesburst/shared/prng"
)

// sales are when the orders of a cell are placed: spread over it evenly and independently of each
// other, as customers do who do not know each other.
//
// The cell's time is halved, and each half halved again, and so on. How many of a part's sales are
// in its first half is thrown as so many coins, from a random stream that only this part has. So
// the time of one sale can be found without that of any other, and the sales are in order.
type sales struct {
	n     uint64
	slots []uint32 // how many come before each of a power of two of parts; one more for the end
}

const (
	perSlot = 8  // sales, at most on average: the slots are what a plan keeps in memory
	places  = 32 // a cell has 2^places places in time
)

// half is how many of a part's n sales are in its first half. Part 1 is the cell, and the halves of
// a part are its double and the one after.
func (l *cell) half(part, n uint64) uint64 {
	r := prng.New(l.seed, part)
	return r.Half(n)
}

// fill counts the sales of the slots.
func (l *cell) fill() {
	slots := 1
	for l.sales.n > uint64(slots)*perSlot {
		slots *= 2
	}
	s := make([]uint32, slots+1)
	s[0] = uint32(l.sales.n)
	for parts := 1; parts < slots; parts *= 2 {
		for i := parts - 1; i >= 0; i-- {
			n := uint64(s[i])
			first := l.half(uint64(parts+i), n)
			s[2*i], s[2*i+1] = uint32(first), uint32(n-first)
		}
	}
	var before uint32
	for i, n := range s[:slots] {
		s[i] = before
		before += n
	}
	s[slots] = before
	l.sales.slots = s
}

// part is a half of a half … of a cell's time, with the sales in it.
type part struct {
	number uint64
	place  uint64 // where it begins
	width  uint   // it has 2^width places
	before uint64 // sales before it
	sales  uint64
}

// slot is one of the parts that fill has counted.
func (s *sales) slot(i uint64) part {
	width := uint(places + 1 - bits.Len(uint(len(s.slots)-1)))
	return part{uint64(len(s.slots)-1) + i, i << width, width, uint64(s.slots[i]), uint64(s.slots[i+1] - s.slots[i])}
}

// halves returns the first half of a part, and the second.
func (l *cell) halves(p part) (a, b part) {
	n := l.half(p.number, p.sales)
	a = part{2 * p.number, p.place, p.width - 1, p.before, n}
	return a, part{a.number + 1, p.place + 1<<a.width, a.width, p.before + n, p.sales - n}
}

// time returns when sale i is, in milliseconds from the cell's begin.
func (l *cell) time(i uint64) int64 {
	slots := uint64(len(l.sales.slots) - 1)
	at := i * slots / l.sales.n
	for uint64(l.sales.slots[at]) > i {
		at--
	}
	for uint64(l.sales.slots[at+1]) <= i {
		at++
	}
	p := l.sales.slot(at)
	for p.sales > 1 && p.width > 0 {
		a, b := l.halves(p)
		if p = a; i >= b.before {
			p = b
		}
	}
	r := prng.New(l.seed, streamOfPlaces+p.number)
	return int64((p.place + r.Below(1<<p.width)) * uint64(l.length) >> places)
}

// upTo returns how many sales are at a millisecond of the cell or before.
func (l *cell) upTo(ms int64) uint64 {
	// The first place of the next millisecond.
	end := (uint64(ms+1)<<places + uint64(l.length) - 1) / uint64(l.length)
	if end >= 1<<places {
		return l.sales.n
	}
	slots := uint64(len(l.sales.slots) - 1)
	p := l.sales.slot(end * slots >> places)
	for p.sales > 1 && p.width > 0 {
		a, b := l.halves(p)
		if p = a; end >= b.place {
			p = b
		}
	}
	if p.sales == 0 {
		return p.before
	}
	if p.width > 0 {
		r := prng.New(l.seed, streamOfPlaces+p.number)
		p.place += r.Below(1 << p.width)
	}
	if p.place < end {
		return p.before + p.sales
	}
	return p.before
}
