package prng

import (
	"math/bits"
	"sort"
	"sync"
)

// Binomial returns how many of n events happen, each with the chance part/whole and none
// caring for the others; whole must be from 1 to 2⁶³. It takes 0.1 µs for a thousand events
// and 0.2 ms for a hundred million.
//
// Each event has a number from 0 to 1 and happens where that is below part/whole. The
// binary digits of all numbers are drawn one place after the other, and only how many
// have a 0 there is drawn: an event whose digits differ from those of part/whole is
// decided, which is half of them at each place.
func (r *Rand) Binomial(n, part, whole uint64) uint64 {
	if part >= whole {
		return n
	}
	var happen uint64
	for n > 0 && part > 0 {
		part *= 2
		zeros := r.Half(n)
		if part < whole { // the digit is 0, and those with a 1 are above
			n = zeros
			continue
		}
		part -= whole // the digit is 1, and those with a 0 are below
		happen += zeros
		n -= zeros
	}
	return happen
}

// Half returns how many of n fair coins show heads.
func (r *Rand) Half(n uint64) uint64 {
	var heads uint64
	if n >= manyCoins {
		t := tableOfCoins()
		for ; n >= manyCoins; n -= manyCoins {
			heads += t.heads(r.Next())
		}
	}
	for ; n >= 64; n -= 64 {
		heads += uint64(bits.OnesCount64(r.Next()))
	}
	return heads + uint64(bits.OnesCount64(r.Next()>>(63-n)>>1))
}

// manyCoins are thrown at once.
const manyCoins = 1 << 16

// coins is the binomial distribution of the heads of manyCoins. Chances are parts of 2⁶⁴
// and wrong by less than 2⁻⁴⁹; what is left out at both ends is less than that.
type coins struct {
	least uint64
	up    []uint64 // up[i] is the chance of at most least+i heads
}

var tableOfCoins = sync.OnceValue(newCoins)

func newCoins() coins {
	// From one number of heads to the next the chance changes by (coins − heads) / (heads + 1).
	const middle = manyCoins / 2
	var right []uint64
	for weight, heads := uint64(1)<<55, uint64(middle); weight > 0; heads++ {
		right = append(right, weight)
		high, low := bits.Mul64(weight, manyCoins-heads)
		weight, _ = bits.Div64(high, low, heads+1)
	}
	c := coins{least: middle + 1 - uint64(len(right))}
	var sum uint64
	add := func(weight uint64) {
		sum += weight
		c.up = append(c.up, sum)
	}
	for i := len(right) - 1; i > 0; i-- { // the left side mirrors the right one
		add(right[i])
	}
	for _, weight := range right {
		add(weight)
	}
	for i, below := range c.up[:len(c.up)-1] {
		c.up[i], _ = bits.Div64(below, 0, sum)
	}
	c.up = c.up[:len(c.up)-1] // above the last of these there is but one number left
	return c
}

// heads is the number that 64 random bits stand for.
func (c *coins) heads(random uint64) uint64 {
	return c.least + uint64(sort.Search(len(c.up), func(i int) bool { return random < c.up[i] }))
}
