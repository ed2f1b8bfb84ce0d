package prng_test

import (
	"fmt"
	"math"
	"testing"

	"salesburst/shared/prng"
)

// moments are the mean and the variance of what draw returns.
func moments(draws int, draw func() uint64) (mean, variance float64) {
	var sum, squares float64
	first := float64(draw()) // numbers near 0 keep their digits
	for range draws {
		n := float64(draw()) - first
		sum += n
		squares += n * n
	}
	mean = sum / float64(draws)
	return mean + first, squares/float64(draws) - mean*mean
}

func TestBinomial(t *testing.T) {
	draws := 20_000
	if testing.Short() {
		draws = 6_000
	}
	for _, c := range []struct{ n, part, whole uint64 }{
		{1, 1, 3}, {10, 1, 2}, {64, 1, 7}, {1000, 999, 1000}, {1000, 1, 1_000_003}, {65_536, 1, 2}, {65_535, 3, 8}, {200_000, 2, 3},
		{5_000_000, 86_399, 86_400}, {100_000_000, 1 << 61, 1<<62 + 1},
	} {
		t.Run(fmt.Sprintf("%d of %d-%d", c.n, c.part, c.whole), func(t *testing.T) {
			var r prng.Rand = 7
			draws := draws
			if c.n > 1_000_000 {
				draws /= 10
			}
			p := float64(c.part) / float64(c.whole)
			want, wantVariance := float64(c.n)*p, float64(c.n)*p*(1-p)
			mean, variance := moments(draws, func() uint64 {
				n := r.Binomial(c.n, c.part, c.whole)
				if n > c.n {
					t.Fatalf("%d of %d happened", n, c.n)
				}
				return n
			})
			if tolerance := 5 * math.Sqrt(wantVariance/float64(draws)); math.Abs(mean-want) > tolerance {
				t.Errorf("mean %.4f, want %.4f ± %.4f", mean, want, tolerance)
			}
			if tolerance := 5 * math.Sqrt((wantVariance+2*wantVariance*wantVariance)/float64(draws)); math.Abs(variance-wantVariance) > tolerance {
				t.Errorf("variance %.4f, want %.4f ± %.4f", variance, wantVariance, tolerance)
			}
		})
	}
}

func TestBinomialOfNoneAndAll(t *testing.T) {
	var r prng.Rand
	for _, n := range []uint64{0, 1, 1000, 1_000_000} {
		if got := r.Binomial(n, 0, 5); got != 0 {
			t.Errorf("%d of %d happened without a chance", got, n)
		}
		if got := r.Binomial(n, 5, 5); got != n {
			t.Errorf("%d of %d happened, and all had to", got, n)
		}
	}
}

// A small number of events has each result as often as counted by hand.
func TestBinomialOfThree(t *testing.T) {
	const draws = 270_000
	var counts [4]int
	var r prng.Rand = 1
	for range draws {
		counts[r.Binomial(3, 1, 3)]++
	}
	for n, of27 := range []float64{8, 12, 6, 1} {
		p := of27 / 27
		if got, want, tolerance := float64(counts[n]), p*draws, 5*math.Sqrt(p*(1-p)*draws); math.Abs(got-want) > tolerance {
			t.Errorf("%d of 3 happened %.0f times of %d, want %.0f ± %.0f", n, got, draws, want, tolerance)
		}
	}
}

// The same numbers on every platform.
func TestBinomialIsReproducible(t *testing.T) {
	r := prng.New(1, 2)
	var got []uint64
	for _, n := range []uint64{9, 1000, 70_000, 100_000_000} {
		got = append(got, r.Binomial(n, 2, 7), r.Half(n))
	}
	if want := "[1 4 291 521 19972 34849 28576292 49991228]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func BenchmarkBinomial(b *testing.B) {
	for _, n := range []uint64{10, 1000, 100_000, 100_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var r prng.Rand
			for b.Loop() {
				r.Binomial(n, 1, 3)
			}
		})
	}
}
