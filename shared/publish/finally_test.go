package publish

import (
	"context"
	"testing"
	"time"
)

// What is done when the work is over has the time until the deadline at most, whether the
// caller waits for it or has given up.
func TestFinallyKeepsTheDeadline(t *testing.T) {
	soon, cancelSoon := context.WithTimeout(t.Context(), abortTime/10)
	late, cancelLate := context.WithTimeout(t.Context(), time.Hour)
	defer cancelSoon()
	start := time.Now()
	cancelLate()
	for name, c := range map[string]struct {
		of   context.Context
		most time.Duration
	}{"a deadline that is near": {soon, abortTime / 10}, "given up early": {late, abortTime}} {
		ctx, cancel := finally(c.of)
		defer cancel()
		deadline, _ := ctx.Deadline()
		if left := deadline.Sub(start); left > c.most+time.Second || c.of == soon && left > c.most || ctx.Err() != nil {
			t.Errorf("%s: %v are left, want %v; %v", name, left, c.most, ctx.Err())
		}
	}
	if ctx, cancel := finally(context.Background()); ctx.Err() != nil {
		t.Error("without a deadline there is no time")
	} else {
		cancel()
	}
	cancelSoon()
	ctx, cancel := finally(soon)
	defer cancel()
	if deadline, _ := ctx.Deadline(); deadline.Sub(start) > abortTime/10 {
		t.Errorf("given up before a deadline that is near: %v are left", deadline.Sub(start))
	}
}
