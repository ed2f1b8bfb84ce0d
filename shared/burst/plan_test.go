package burst

import (
	"testing"
	"time"
)

// The search for a sale's second begins in the second of a sale nearby.
func TestPlanIsNear(t *testing.T) {
	minutes := []minute{{60_000, 900_000}, {60_000, 0}, {60_000, 2_000_000}, {30_500, 1_000_000}}
	for _, events := range []uint64{1, 2, 59, 60, 1000, 100_000} {
		p := newPlan(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), minutes, events, 7)
		if want := 3*60 + 31; len(p.near) != want || len(p.before) != want+1 {
			t.Fatalf("%d events: the plan has %d seconds, and %d counts, want %d", events, len(p.near), len(p.before), want)
		}
		for n, at := range p.near {
			first := uint64(n) * events / uint64(len(p.near))
			if uint64(p.before[at]) > first || uint64(p.before[at+1]) <= first {
				t.Errorf("%d events: sale %d is looked for from second %d on, which has the sales from %d to %d", events, first, at, p.before[at], p.before[at+1])
			}
		}
	}
	if p := newPlan(time.Time{}, []minute{{2000, 1_000_000}}, 1, 7); len(p.near) != 2 {
		t.Errorf("two seconds are planned as %d", len(p.near))
	}
}
