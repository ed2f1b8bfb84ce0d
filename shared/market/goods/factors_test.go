package goods

import (
	"math"
	"testing"
	"time"
)

func TestLogarithms(t *testing.T) {
	for _, x := range []uint64{1, 2, 3, 5, 99, 255, 256, 257, 69_99, 1299_99, 100_000_000, 1<<48 - 1, 1 << 48, math.MaxUint64} {
		want := math.Log2(float64(x)) * one
		if got := float64(log2(x)); math.Abs(got-want) > 1 {
			t.Errorf("log2(%d) is %.0f/65536, want %.2f", x, got, want)
		}
		if x <= 1<<60 && x > 1000 {
			if got := float64(pow2(log2(x))); math.Abs(got/float64(x)-1) > 3e-5+1/float64(x) {
				t.Errorf("2^log2(%d) is %.0f", x, got)
			}
		}
	}
	for l := int64(20 * one); l < 22*one; l += 97 {
		want := math.Exp2(float64(l) / one)
		if got := float64(pow2(l)); math.Abs(got/want-1) > 3e-6 {
			t.Fatalf("2^(%d/65536) is %.0f, want %.2f", l, got, want)
		}
	}
	if pow2(-1) != 0 || pow2(0) != 1 {
		t.Errorf("2^-ε is %d, 2⁰ %d", pow2(-1), pow2(0))
	}
}

var life = Popularity{Turnover: 30, TurnoverDays: 42, Renewed: 100, RiseDays: 56, Fade: 30}

func day(year int, month time.Month, d int) int32 { return date(year, month, d) }

// A new model rises for its weeks and then fades until the next one, by 30 % a year; it changes
// by little from one day to the next.
func TestLifeOfAModel(t *testing.T) {
	before := int64(math.MaxInt64)
	for id := uint64(1); id < 200; id++ {
		best, bestDay, worst := int64(-math.MaxInt64), int32(0), int64(0)
		for d := day(2026, time.January, 1); d < day(2027, time.January, 1); d++ {
			drift := newDrift(&life, d)
			level := drift.lifeOf(id * 0x9e3779b97f4a7c15)
			if level > best {
				best, bestDay = level, d
			}
			worst = min(worst, level)
			if d > day(2026, time.January, 1) && max(level-before, before-level) > one/50 {
				t.Fatalf("product %d changes by %d/65536 on day %d", id, level-before, d)
			}
			before = level
		}
		if first, last := day(2026, time.March, 1)+56, day(2026, time.June, 1)+56; bestDay < first || bestDay > last {
			t.Errorf("product %d is best on day %d, want %d to %d: eight weeks after March to May", id, bestDay, first, last)
		}
		// From its best to the next spring ten to fifteen months pass, of which eight weeks are the rise.
		if lost := math.Exp2(float64(worst-best) / one); lost < 0.6 || lost > 0.85 {
			t.Errorf("product %d falls to %.2f of its best, want .6 to .85", id, lost)
		}
	}
}

// As many products as declared have a new model in a spring, other ones each year.
func TestRenewed(t *testing.T) {
	const products = 20_000
	f := life
	f.Renewed = 45
	d := newDrift(&f, day(2026, time.December, 1))
	var new, both float64
	for id := range uint64(products) {
		id *= 0x9e3779b97f4a7c15
		born, now := d.birth(id, 0)
		_, before := d.birth(id, 1)
		if now {
			new++
			if before {
				both++
			}
			if born < d.springs[0] || born >= int64(day(2026, time.June, 1)) {
				t.Fatalf("born on day %d, which is not in March to May", born)
			}
		}
	}
	if share := new / products; math.Abs(share-0.45) > 0.02 {
		t.Errorf("%.3f of the products are new, want .45", share)
	}
	if share := both / new; math.Abs(share-0.45) > 0.03 {
		t.Errorf("%.3f of them were so the year before, want .45", share)
	}
}

// What comes and goes has the declared spread, does so slowly and is forgotten after its days.
func TestTurnover(t *testing.T) {
	const products = 5000
	var squares, sum, kept, step float64
	today, tomorrow := newDrift(&life, 20_000), newDrift(&life, 20_001)
	later := newDrift(&life, 20_000+2*42)
	for id := range uint64(products) {
		id *= 0x9e3779b97f4a7c15
		a, b, c := float64(today.turnoverOf(id))/nat, float64(tomorrow.turnoverOf(id))/nat, float64(later.turnoverOf(id))/nat
		sum += a
		squares += a * a
		kept += a * c
		step = max(step, math.Abs(a-b))
	}
	// Between two values the spread is smaller: .74 of the variance on average.
	if got, want := math.Sqrt(squares/products), 0.30*math.Sqrt(0.74); math.Abs(got-want) > 0.02 {
		t.Errorf("spread %.3f, want %.3f", got, want)
	}
	if got := kept / squares; math.Abs(got) > 0.05 {
		t.Errorf("correlation %.3f after 84 days, want 0", got)
	}
	if mean := sum / products; math.Abs(mean) > 0.02 || step > 0.1 {
		t.Errorf("mean %.3f, want 0; a day changes it by up to %.3f, want .1 at most", mean, step)
	}
}

// Where no model was ever renewed all are as old, and change no more.
func TestWithoutNewModels(t *testing.T) {
	f := life
	f.Renewed = 0
	a, b := newDrift(&f, 20_000), newDrift(&f, 20_200)
	if first := a.lifeOf(1); first != a.lifeOf(2) || first != b.lifeOf(1) || first >= 0 {
		t.Errorf("levels %d, %d and later %d", first, a.lifeOf(2), b.lifeOf(1))
	}
}

// Sizes near to each other sell alike: between the table's rows, and outside of them.
func TestSizeWeight(t *testing.T) {
	table := []Size{{40, 100}, {50, 200}, {60, 150}}
	for inches, want := range map[int64]uint64{10: 100_000, 40: 100_000, 43: 130_000, 50: 200_000, 58: 160_000, 60: 150_000, 115: 150_000} {
		if got := sizeWeight(table, inches); got != want {
			t.Errorf("%d inches weigh %d, want %d", inches, got, want)
		}
	}
}
