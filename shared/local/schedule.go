package local

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"salesburst/shared/contract"
)

// invoker is what a Lambda function looks like to those who call it; *app.Handler is
// one.
type invoker interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// function is a producer that can take several invocations at once: each of its
// handlers is what one running instance of a Lambda function is.
type function struct {
	name     string
	handlers chan invoker // those that are idle
}

func newFunction(name string, handlers ...invoker) *function {
	f := &function{name, make(chan invoker, len(handlers))}
	for _, h := range handlers {
		f.handlers <- h
	}
	return f
}

// Invoke calls a handler that is idle, or waits for one.
func (f *function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	select {
	case h := <-f.handlers:
		defer func() { f.handlers <- h }()
		return h.Invoke(ctx, payload)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// schedulePayload is what EventBridge Scheduler sends to the function.
func schedulePayload(name string, at time.Time) []byte {
	payload, err := json.Marshal(map[string]string{
		contract.FieldScheduledTime: at.UTC().Format(time.RFC3339),
		contract.FieldScheduleARN:   "arn:aws:scheduler:local:000000000000:schedule/salesburst/" + name,
	})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return payload
}

// schedule invokes all functions once in each slot. invoke is told of every burst and
// deals with its errors.
type schedule struct {
	functions []*function
	clock     *clock
	invoke    func(ctx context.Context, f *function, payload []byte)
}

// catchUp runs the slots after from up to to, as fast as the functions take them.
// Each function is given its slots in their order. tick is called after each slot.
func (s *schedule) catchUp(ctx context.Context, from, to time.Time, tick func()) {
	var wg sync.WaitGroup
	busy := make(chan struct{}, slotsInFlight)
	for at := from.Add(contract.Slot); !at.After(to) && ctx.Err() == nil; at = at.Add(contract.Slot) {
		busy <- struct{}{}
		wg.Go(func() {
			s.slot(ctx, at)
			tick()
			<-busy
		})
	}
	wg.Wait()
}

// slotsInFlight is how many slots of the history are published at the same time.
const slotsInFlight = handlersPerFunction

// live runs each slot after from when the clock reaches it, until ctx ends. A slot
// that takes long does not hold up the next one.
func (s *schedule) live(ctx context.Context, from time.Time) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for at := from.Add(contract.Slot); s.clock.waitUntil(ctx, at) == nil; at = at.Add(contract.Slot) {
		wg.Go(func() { s.slot(ctx, at) })
	}
}

func (s *schedule) slot(ctx context.Context, at time.Time) {
	var wg sync.WaitGroup
	for _, f := range s.functions {
		wg.Go(func() { s.invoke(ctx, f, schedulePayload(f.name, at)) })
	}
	wg.Wait()
}

// describe names a payload for people.
func describe(f *function, payload []byte) string {
	var p map[string]any
	_ = json.Unmarshal(payload, &p) // what is no object has no such field
	if at, ok := p[contract.FieldScheduledTime].(string); ok {
		return fmt.Sprintf("%s, minute until %s", f.name, at)
	}
	return f.name
}
