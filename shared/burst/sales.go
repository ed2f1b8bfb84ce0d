package burst

import (
	"math/bits"
	"sort"

	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
)

// sales are when the orders of a cell are placed: spread over it evenly and independently of each
// other, as customers do who do not know each other. So the gaps before the first one, from each to
// the next and after the last one are exponential numbers, in a unit of which as many as there are
// fill the cell.
//
// The gaps of each few sales have a random stream of their own, and what lies before those is added
// up once. So the time of one sale is found without those of the rest, and the sales are in order.
type sales struct {
	n     uint64
	shift uint     // so that sums fit
	sums  []uint32 // of the gaps before each stretch of sales: what a plan keeps in memory
	unit  uint64   // milliseconds, in 2⁻⁴⁷
}

const (
	stretch  = 4  // sales
	unitBits = 47 // with which a product is below 2⁶⁴
	manyBits = 15 // with which a sum is about 2³¹ at most
)

// gap returns the next gap, of 65,536 on average, or of less where there are more than 2^manyBits of them.
func (s *sales) gap(r *prng.Rand) uint64 { return crowd.Exponential(r.Next()) >> s.shift }

// gaps are those that end at the sales of a stretch, and the one behind the last of the cell.
func (l *cell) gaps(stretch uint64) prng.Rand { return prng.New(l.seed, streamOfGaps+stretch) }

// fill adds up the gaps.
func (l *cell) fill() {
	s := &l.sales
	s.sums = make([]uint32, s.n/stretch+1)
	s.shift = uint(max(bits.Len64(s.n)-manyBits, 0))
	sum := uint64(1) // all gaps can be 0
	for i := range s.sums {
		s.sums[i] = uint32(sum)
		r := l.gaps(uint64(i))
		for range min(s.n+1-uint64(i)*stretch, stretch) {
			sum += s.gap(&r)
		}
	}
	s.unit = (uint64(l.length)<<unitBits - 1) / sum // no sale is at the end, where the next cell begins
}

// time returns when sale i is, in milliseconds from the cell's begin.
func (l *cell) time(i uint64) int64 {
	s := &l.sales
	sum, r := uint64(s.sums[i/stretch]), l.gaps(i/stretch)
	for range i%stretch + 1 {
		sum += s.gap(&r)
	}
	return s.at(sum)
}

// at returns where a sum of gaps ends, in milliseconds.
func (s *sales) at(sum uint64) int64 { return int64(sum * s.unit >> unitBits) }

// upTo returns how many sales are at a millisecond of the cell or before.
func (l *cell) upTo(ms int64) uint64 {
	s := &l.sales
	i := sort.Search(len(s.sums)-1, func(i int) bool { return s.at(uint64(s.sums[i+1])) > ms })
	n := uint64(i) * stretch
	sum, r := uint64(s.sums[i]), l.gaps(uint64(i))
	for range min(s.n-n, stretch) {
		if sum += s.gap(&r); s.at(sum) > ms {
			break
		}
		n++
	}
	return n
}
