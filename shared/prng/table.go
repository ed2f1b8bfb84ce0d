package prng

import (
	"fmt"
	"math"
	"math/bits"
)

// Table draws the numbers 0 to n−1 with given weights, each in constant time, by
// Walker's alias method (1974) in Vose's form (1991). It is safe for concurrent use.
type Table struct {
	columns []column
}

// column is one of n equal parts of all chances: it belongs to its own number below
// the threshold and to another one above.
type column struct {
	threshold uint32 // of 2³²
	other     uint32
}

// NewTable makes a table of weights. Their sum must be at least 1 and, times their
// number, below 2⁶⁴; a weight of 0 is never drawn.
func NewTable(weights []uint64) Table {
	n := uint64(len(weights))
	var sum, over, carry uint64
	for _, w := range weights {
		sum, carry = bits.Add64(sum, w, 0)
		over |= carry
	}
	if high, _ := bits.Mul64(sum, n); sum == 0 || over|high > 0 || n > math.MaxUint32 {
		panic(fmt.Sprintf("chance: weights %v have no usable sum", weights))
	}
	t := Table{make([]column, n)}
	left := make([]uint64, n) // in units in which a column holds sum
	var small, large []int
	for i, w := range weights {
		left[i] = w * n
		if left[i] < sum {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		threshold, _ := bits.Div64(left[s]>>32, left[s]<<32, sum)
		t.columns[s] = column{uint32(threshold), uint32(l)}
		if left[l] -= sum - left[s]; left[l] < sum {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range large {
		t.columns[i] = column{0, uint32(i)}
	}
	return t
}

// Draw returns the number that 64 random bits stand for.
func (t *Table) Draw(random uint64) int {
	i := random >> 32 * uint64(len(t.columns)) >> 32
	c := t.columns[i]
	// Which of the two it is cannot be foreseen: a branch would cost more than these few steps.
	own := (random&math.MaxUint32 - uint64(c.threshold)) >> 63 // 1 below the threshold, else 0
	return int(uint64(c.other) ^ (uint64(c.other)^i)&-own)
}
