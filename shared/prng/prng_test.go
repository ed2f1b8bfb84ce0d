package prng_test

import (
	"fmt"
	"math"
	"testing"

	"salesburst/shared/prng"
)

// The reference values are those of Sebastiano Vigna's splitmix64.c with the state 0.
func TestRandIsSplitmix64(t *testing.T) {
	var r prng.Rand
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := r.Next(); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := make(map[uint64]string)
	for seed := range uint64(100) {
		for n := range uint64(1000) {
			r := prng.New(seed*1_000_003, n)
			name := fmt.Sprintf("stream %d of seed %d", n, seed)
			first := r.Next()
			if other, again := seen[first]; again {
				t.Fatalf("%s begins like %s", name, other)
			}
			seen[first] = name
		}
	}
}

func TestTableKeepsWeights(t *testing.T) {
	for name, weights := range map[string][]uint64{
		"one":      {7},
		"equal":    {5, 5, 5},
		"uneven":   {1, 1000, 30, 0, 269, 700},
		"zeros":    {0, 0, 1, 0},
		"brands":   {33, 19, 11, 7, 5, 5, 3, 2, 2, 2, 1, 9},
		"large":    {math.MaxUint32, 1 << 40, 3 << 40},
		"powerlaw": {1_000_000, 500_000, 333_333, 250_000, 200_000, 166_666},
	} {
		t.Run(name, func(t *testing.T) {
			table := prng.NewTable(weights)
			const draws = 1_000_000
			counts := make([]int, len(weights))
			var r prng.Rand = 42
			for range draws {
				counts[table.Draw(r.Next())]++
			}
			var sum float64
			for _, w := range weights {
				sum += float64(w)
			}
			for i, w := range weights {
				p := float64(w) / sum
				want, sigma := p*draws, math.Sqrt(p*(1-p)*draws)
				if math.Abs(float64(counts[i])-want) > 5*sigma {
					t.Errorf("%d was drawn %d times of %d, want %.0f ± %.0f", i, counts[i], draws, want, sigma)
				}
			}
		})
	}
}

func TestTableWithoutWeightPanics(t *testing.T) {
	for _, weights := range [][]uint64{nil, {0, 0}, {math.MaxUint64, 2}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v made a table", weights)
				}
			}()
			prng.NewTable(weights)
		}()
	}
}

// Mean and variance of a Poisson distribution are equal.
func TestPoisson(t *testing.T) {
	for _, mean := range []float64{0, 0.02, 1, 7.5, 63.9, 64.1, 720.25, 20_000} {
		t.Run(fmt.Sprint(mean), func(t *testing.T) {
			const draws = 20_000
			var sum, squares float64
			var r prng.Rand = 1
			for range draws {
				n := float64(r.Poisson(uint64(mean * prng.Million)))
				sum += n
				squares += n * n
			}
			got := sum / draws
			variance := squares/draws - got*got
			if tolerance := 5*math.Sqrt(mean/draws) + 1e-9; math.Abs(got-mean) > tolerance {
				t.Errorf("mean %.4f, want %.4f ± %.4f", got, mean, tolerance)
			}
			if tolerance := 5*math.Sqrt((mean+2*mean*mean)/draws) + 0.01*mean; math.Abs(variance-mean) > tolerance {
				t.Errorf("variance %.3f, want %.3f ± %.3f", variance, mean, tolerance)
			}
		})
	}
}

func TestBelowAndIn(t *testing.T) {
	var r prng.Rand = 3
	seen := make(map[uint64]bool)
	for range 1000 {
		n := r.Below(7)
		if n > 6 {
			t.Fatalf("%d is not below 7", n)
		}
		seen[n] = true
		if r.In(0, 5) || !r.In(5, 5) {
			t.Fatal("0 of 5 happened, or 5 of 5 did not")
		}
	}
	if len(seen) != 7 {
		t.Errorf("only %d of 7 numbers were drawn", len(seen))
	}
}
