package local

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"salesburst/shared/contract"
)

func TestClockCatchesUpAndNeverRunsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClock(time.Now, 6*time.Hour, 60)
		start := time.Now()
		if got := start.Sub(c.Now()); got != 6*time.Hour {
			t.Fatalf("it starts %v ago, want 6h", got)
		}
		time.Sleep(time.Minute)
		if got := c.Now().Sub(start.Add(-6 * time.Hour)); got != time.Hour {
			t.Errorf("in one minute it goes %v, want 1h", got)
		}
		for range 60 {
			time.Sleep(10 * time.Second)
			if c.Now().After(time.Now()) {
				t.Fatalf("it shows %v at %v", c.Now(), time.Now())
			}
		}
		if !c.Now().Equal(time.Now()) || c.pace() != 1 {
			t.Errorf("it shows %v at %v, with pace %v", c.Now(), time.Now(), c.pace())
		}
	})
}

func TestWaitUntil(t *testing.T) {
	for _, speed := range []float64{1, 60} {
		t.Run(fmt.Sprintf("speed %v", speed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClock(time.Now, time.Hour, speed)
				until := time.Now().Add(5 * time.Minute) // beyond the time of catching up
				if err := c.waitUntil(t.Context(), until); err != nil {
					t.Fatal(err)
				}
				if late := c.Now().Sub(until); late < 0 || late > time.Second {
					t.Errorf("woken %v late", late)
				}
			})
		})
	}
}

func TestWaitUntilEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := newClock(time.Now, 0, 1).waitUntil(ctx, time.Now().Add(time.Hour)); err == nil {
			t.Error("it says that the time has come")
		}
	})
}

// recorded is a function that remembers what it was asked for.
type recorded struct {
	mu       sync.Mutex
	payloads map[string]int
}

func (r *recorded) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.payloads[string(payload)]++
	return []byte(`{}`), nil
}

func TestScheduleRunsEverySlotOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorded{payloads: make(map[string]int)}
		s := &schedule{
			functions: []*function{newFunction("online", seen), newFunction("store", seen)},
			clock:     newClock(time.Now, 0, 1),
			invoke: func(ctx context.Context, f *function, payload []byte) {
				f.Invoke(ctx, payload)
			},
		}
		last := time.Now().Truncate(contract.Slot)
		ticks := 0
		var mu sync.Mutex
		s.catchUp(t.Context(), last.Add(-10*contract.Slot), last, func() { mu.Lock(); ticks++; mu.Unlock() })
		ctx, cancel := context.WithTimeout(t.Context(), 5*contract.Slot+30*time.Second)
		defer cancel()
		s.live(ctx, last)
		for i := range 15 {
			at := last.Add(time.Duration(i-9) * contract.Slot).UTC().Format(time.RFC3339)
			for _, name := range []string{"online", "store"} {
				payload := fmt.Sprintf(`{"schedule_arn":"arn:aws:scheduler:local:000000000000:schedule/salesburst/%s","scheduled_time":"%s"}`, name, at)
				if n := seen.payloads[payload]; n != 1 {
					t.Errorf("%s was invoked %d times with %s", name, n, payload)
				}
			}
		}
		if len(seen.payloads) != 30 || ticks != 10 {
			t.Errorf("%d invocations and %d ticks, want 30 and 10", len(seen.payloads), ticks)
		}
	})
}
