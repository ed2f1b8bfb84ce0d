package goods

import "math/bits"

// one is the logarithm, to base 2, of the factor 2: logarithms are in parts of 65,536.
const one = 1 << 16

// nat is the logarithm of e: by it what is said in natural logarithms is multiplied.
const nat = 94_548

// log2 returns the logarithm of x, which must not be 0. It is wrong by 1/65,536 at most.
func log2(x uint64) int64 {
	whole := bits.Len64(x) - 1
	m := x << (63 - whole) // 1 to below 2 in units of 2⁻⁶³
	step, rest := m>>55&255, int64(m>>39&0xffff)
	a, b := logarithms[step], logarithms[step+1]
	return int64(whole)*one + (a+(b-a)*rest>>16+1<<7)>>8
}

// logarithms are those of 1 + i/256, in units of 2⁻²⁴.
var logarithms = newLogarithms()

func newLogarithms() (l [257]int64) {
	for i := range l[:256] {
		m := uint64(256+i) << 23 // in units of 2⁻³¹
		for bit := int64(1 << 23); bit > 0; bit /= 2 {
			if m = m * m >> 31; m >= 2<<31 { // the square has twice the logarithm
				m >>= 1
				l[i] += bit
			}
		}
	}
	l[256] = 1 << 24
	return l
}

// pow2 returns 2^(l/65,536), rounded down; l must be below 62·65,536. Its relative error is
// below 10⁻⁶ where the result is large.
func pow2(l int64) uint64 {
	if l < 0 {
		return 0
	}
	step := l % one >> 8
	m := powers[step] + (powers[step+1]-powers[step])*uint64(l%256)>>8
	whole := l / one
	if whole > 31 {
		return m << (whole - 31)
	}
	return m >> (31 - whole)
}

// powers are 2^(i/256) in units of 2⁻³¹.
var powers = newPowers()

func newPowers() (p [257]uint64) {
	p[0], p[256] = 1<<31, 2<<31
	for step := 128; step > 0; step /= 2 { // each is the root of its neighbours' product
		for i := step; i < 256; i += 2 * step {
			p[i] = root(p[i-step] * p[i+step])
		}
	}
	return p
}

// root returns the square root of n, which must not be 0, rounded down, by Newton's method.
func root(n uint64) uint64 {
	x := uint64(1) << ((bits.Len64(n) + 1) / 2)
	for {
		next := (x + n/x) / 2
		if next >= x {
			return x
		}
		x = next
	}
}

// between returns what lies at x where it changes evenly from a at fromX to b at toX.
func between(x, fromX, toX, a, b int64) int64 { return a + (b-a)*(x-fromX)/(toX-fromX) }
