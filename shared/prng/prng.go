// Package prng draws reproducible random numbers with integers alone: no floating
// point, whose rounding differs between processors where products and sums are fused.
// A [Rand] is a number and costs nothing to make, so each event can have its own,
// named by a key; a [Table] draws from any distribution in constant time, and
// [Rand.Binomial] says at once how many of many events happen.
package prng

import "math/bits"

// Rand is a stream of random numbers: the generator splitmix64 (Steele, Lea and
// Flood, "Fast splittable pseudorandom number generators", 2014). It is not meant for
// secrets. A Rand is used by one goroutine at a time.
type Rand uint64

const golden = 0x9e3779b97f4a7c15 // 2⁶⁴ divided by the golden ratio, odd

// New returns the stream with the number n of those that seed has.
func New(seed, n uint64) Rand { return Rand(Mix(seed + n*golden)) }

// Mix spreads x over all 64 bits; different numbers stay different.
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Next returns the next 64 random bits.
func (r *Rand) Next() uint64 {
	*r += golden
	return Mix(uint64(*r))
}

// Below returns a number from 0 to n−1. Its bias is below n/2⁶⁴. n must not be 0.
func (r *Rand) Below(n uint64) uint64 {
	high, _ := bits.Mul64(r.Next(), n)
	return high
}

// MulDiv returns a·b/whole, which must be below 2⁶⁴.
func MulDiv(a, b, whole uint64) uint64 {
	high, low := bits.Mul64(a, b)
	n, _ := bits.Div64(high, low, whole)
	return n
}

// In is true in p of n cases.
func (r *Rand) In(p, n uint64) bool { return r.Below(n) < p }

// Million is the unit of the mean of Poisson.
const Million = 1_000_000

// Poisson returns how many events happen where mean/Million are expected; mean must be
// below 2⁴⁴. Below 64 expected events it adds up 4096 rare chances, above it takes the
// normal distribution.
func (r *Rand) Poisson(mean uint64) uint64 {
	const chances, few = 4096, 64 * Million
	if mean >= few {
		n := uint64(max(int64(mean)+r.normal()*int64(sqrt(mean*Million))/unit, 0))
		if r.In(n%Million, Million) {
			n += Million
		}
		return n / Million
	}
	return r.Binomial(chances, mean, chances*Million)
}

// unit is one standard deviation of what normal returns.
const unit = 1 << 16

// normal adds up twelve even numbers (Irwin and Hall), whose variance is one unit².
func (r *Rand) normal() int64 {
	var sum int64
	for range 3 {
		bits := r.Next()
		for range 4 {
			sum += int64(bits & (unit - 1))
			bits >>= 16
		}
	}
	return sum - 6*unit
}

// sqrt returns the root of n, rounded down, by Newton's method.
func sqrt(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	x := uint64(1) << ((bits.Len64(n) + 1) / 2)
	for {
		next := (x + n/x) / 2
		if next >= x {
			return x
		}
		x = next
	}
}
