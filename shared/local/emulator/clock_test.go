package emulator

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestClockCatchesUpAndNeverRunsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock(time.Now, 6*time.Hour, 60)
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
		if !c.Now().Equal(time.Now()) || c.Pace() != 1 {
			t.Errorf("it shows %v at %v, with pace %v", c.Now(), time.Now(), c.Pace())
		}
	})
}

func TestWaitUntil(t *testing.T) {
	for _, speed := range []float64{1, 60} {
		t.Run(fmt.Sprintf("speed %v", speed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := NewClock(time.Now, time.Hour, speed)
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
		if err := NewClock(time.Now, 0, 1).waitUntil(ctx, time.Now().Add(time.Hour)); err == nil {
			t.Error("it says that the time has come")
		}
	})
}
