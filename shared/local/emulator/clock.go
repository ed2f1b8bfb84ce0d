package emulator

import (
	"context"
	"time"
)

// Clock is the time that everything here lives by. It starts in the past, runs at its
// speed until it has caught up with the present, and is the present from then on. So
// it never runs ahead of the machine's clock.
type Clock struct {
	start time.Time // what it shows at the beginning
	began time.Time // the machine's time then
	speed float64   // 1 or more
	now   func() time.Time
}

// NewClock makes a clock that starts behind the present by lag, 0 or more, and goes with the
// given speed, 1 or more.
func NewClock(now func() time.Time, lag time.Duration, speed float64) *Clock {
	began := now()
	return &Clock{start: began.Add(-lag), began: began, speed: speed, now: now}
}

// Now returns the clock's time in UTC.
func (c *Clock) Now() time.Time {
	t, _ := c.read()
	return t
}

// Pace is how many of the clock's seconds go by in one of the machine's.
func (c *Clock) Pace() float64 {
	_, pace := c.read()
	return pace
}

func (c *Clock) read() (t time.Time, pace float64) {
	real := c.now()
	t = c.start.Add(time.Duration(float64(real.Sub(c.began)) * c.speed))
	if !t.Before(real) {
		return real.UTC(), 1
	}
	return t.UTC(), c.speed
}

// waitUntil returns when the clock shows t, or with ctx's error.
func (c *Clock) waitUntil(ctx context.Context, t time.Time) error {
	for {
		now, pace := c.read()
		left := t.Sub(now)
		if left <= 0 {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(time.Duration(float64(left)/pace), time.Millisecond)):
		}
	}
}
