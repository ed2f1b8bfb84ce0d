package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"salesburst/shared/contract"
)

// Schedule invokes all functions once in each slot, as EventBridge Scheduler does.
type Schedule struct {
	Functions []*Function
	Clock     *Clock
	Fail      func(error) // gets what an invocation returned, with its slot; called concurrently
}

// CatchUp runs the slots after from up to to, as fast as the functions take them, until
// ctx ends. Each function is given its slots in their order. After each slot progress
// gets how many are done; it is called by one goroutine at a time.
func (s *Schedule) CatchUp(ctx context.Context, from, to time.Time, progress func(done int)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	busy := make(chan struct{}, instances)
	for at := from.Add(contract.Slot); !at.After(to) && ctx.Err() == nil; at = at.Add(contract.Slot) {
		busy <- struct{}{}
		wg.Go(func() {
			s.slot(ctx, at)
			mu.Lock()
			done++
			progress(done)
			mu.Unlock()
			<-busy
		})
	}
	wg.Wait()
}

// Live runs each slot after from when the clock reaches it, until ctx ends. A slot that
// takes long does not hold up the next one.
func (s *Schedule) Live(ctx context.Context, from time.Time) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for at := from.Add(contract.Slot); s.Clock.waitUntil(ctx, at) == nil; at = at.Add(contract.Slot) {
		wg.Go(func() { s.slot(ctx, at) })
	}
}

func (s *Schedule) slot(ctx context.Context, end time.Time) {
	at := end.UTC().Format(time.RFC3339)
	var wg sync.WaitGroup
	for _, f := range s.Functions {
		wg.Go(func() {
			if _, err := f.Invoke(ctx, payload(f.Name, at)); err != nil && ctx.Err() == nil {
				s.Fail(fmt.Errorf("%s, minute until %s: %w", f.Name, at, err))
			}
		})
	}
	wg.Wait()
}

// payload is what EventBridge Scheduler sends to the function.
func payload(name, at string) []byte {
	text, err := json.Marshal(map[string]string{
		contract.FieldScheduledTime: at,
		contract.FieldScheduleARN:   "arn:aws:scheduler:local:000000000000:schedule/salesburst/" + name,
	})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return text
}
