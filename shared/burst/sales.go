package burst

import (
	"math/bits"
	"slices"

	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
)

// sales are when the orders of a cell are placed: spread over it evenly and independently of each
// other, as customers do who do not know each other. So the gaps before the first one, from each to
// the next and after the last one are exponential numbers, in a unit of which as many as there are
// fill the cell.
type sales struct {
	n     uint64
	times []uint16 // of each, in order: milliseconds from the cell's begin
}

const (
	stretch  = 4  // gaps of one random stream; another number makes all bursts others
	unitBits = 47 // with which a product is below 2⁶⁴
	manyBits = 15 // with which a sum is about 2³¹ at most
)

// fill makes the times. It takes the room of sums for those of the gaps, and returns it for the next cell.
func (l *cell) fill(sums []uint32) []uint32 {
	s := &l.sales
	s.times = make([]uint16, s.n)
	sums = slices.Grow(sums[:0], int(s.n+1))[:s.n+1]
	shift := uint(max(bits.Len64(s.n)-manyBits, 0)) // so that sums fit
	sum := uint64(1)                                // all gaps can be 0
	var r prng.Rand
	for i := range sums {
		if i%stretch == 0 {
			r = prng.New(l.seed, streamOfGaps+uint64(i)/stretch)
		}
		sum += crowd.Exponential(r.Next()) >> shift
		sums[i] = uint32(sum)
	}
	unit := l.unit(sum)
	for i := range s.times {
		s.times[i] = uint16(uint64(sums[i]) * unit >> unitBits)
	}
	return sums
}

// unit is milliseconds, in 2⁻⁴⁷, where the sum of all gaps is the cell. No sale is at its end, where the
// next one begins.
func (l *cell) unit(sum uint64) uint64 { return (uint64(l.length)<<unitBits - 1) / sum }

// time returns when sale i is, in milliseconds from the cell's begin.
func (l *cell) time(i uint64) int64 { return int64(l.sales.times[i]) }
