package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"salesburst/shared/app"
	"salesburst/shared/contract"
)

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
		s := &Schedule{
			Functions: []*Function{functionOf("online", seen, seen), functionOf("store", seen, seen)},
			Clock:     NewClock(time.Now, 0, 1),
			Fail:      func(err error) { t.Error(err) },
		}
		last := time.Now().Truncate(contract.Slot)
		ticks := 0
		s.CatchUp(t.Context(), last.Add(-10*contract.Slot), last, func(done int) {
			if ticks++; done != ticks {
				t.Errorf("it says that %d slots are done, want %d", done, ticks)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*contract.Slot+30*time.Second)
		defer cancel()
		s.Live(ctx, last)
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

// An invocation that fails is told with its minute, and leaves its instance to the next.
func TestScheduleTellsWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		s := &Schedule{
			Functions: []*Function{functionOf("online", failing{})},
			Clock:     NewClock(time.Now, 0, 1),
			Fail:      func(err error) { mu.Lock(); told = append(told, err.Error()); mu.Unlock() },
		}
		at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		s.CatchUp(t.Context(), at, at.Add(2*contract.Slot), func(int) {})
		slices.Sort(told)
		if want := []string{"online, minute until 2026-11-24T12:01:00Z: no broker",
			"online, minute until 2026-11-24T12:02:00Z: no broker"}; !slices.Equal(told, want) {
			t.Errorf("told is %q, want %q", told, want)
		}
	})
}

type failing struct{}

func (failing) Invoke(context.Context, []byte) ([]byte, error) { return nil, errors.New("no broker") }

// functionOf has the given instances.
func functionOf(name string, all ...handler) *Function {
	f := &Function{name, make(chan handler, len(all)), func(app.Report) {}}
	for _, h := range all {
		f.idle <- h
	}
	return f
}
