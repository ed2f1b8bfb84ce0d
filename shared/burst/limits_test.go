package burst_test

import (
	"errors"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
)

// What lies on a limit is taken.
func TestLimitsAreTaken(t *testing.T) {
	m := newMarket(t)
	for name, c := range map[string]struct {
		change func(*burst.Request)
		events int // −1: whatever is sold
	}{
		"most shards":           {func(o *burst.Request) { o.Events, o.Of = 9, contract.MaxShards }, 0},
		"most events of two":    {func(o *burst.Request) { o.Events, o.Of = 2*contract.MaxEvents, 2 }, contract.MaxEvents},
		"first year":            {func(o *burst.Request) { o.At = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }, -1},
		"last year":             {func(o *burst.Request) { o.At = time.Date(2999, 12, 31, 23, 59, 0, 0, time.UTC) }, -1},
		"least mean":            {func(o *burst.Request) { o.Mean = 1 }, -1},
		"greatest mean":         {func(o *burst.Request) { o.Mean, o.Over, o.Follows = contract.MaxEventsPerMinute, time.Second, false }, -1},
		"events without a mean": {func(o *burst.Request) { o.Events, o.Mean = 7, 0 }, 7},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := burst.New(m, with(slot(contract.Online), c.change))
			if err != nil {
				t.Fatal(err)
			}
			if c.events >= 0 && b.Len() != c.events {
				t.Errorf("%d events, want %d", b.Len(), c.events)
			}
		})
	}
}

// What lies beyond one is not.
func TestBeyondTheLimits(t *testing.T) {
	m := newMarket(t)
	for name, c := range map[string]struct {
		change func(*burst.Request)
		field  string
	}{
		"fewer shards than none": {func(o *burst.Request) { o.Events, o.Of = 9, -1 }, "of"},
		"shard before the first": {func(o *burst.Request) { o.Events, o.Of, o.Shard = 9, 3, -1 }, "shard"},
		"the year before":        {func(o *burst.Request) { o.At = time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC) }, "at"},
		"the year after":         {func(o *burst.Request) { o.At = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC) }, "at"},
		"greater mean":           {func(o *burst.Request) { o.Mean, o.Over, o.Follows = contract.MaxEventsPerMinute+1, time.Second, false }, "mean"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := burst.New(m, with(slot(contract.Online), c.change))
			var invalid *burst.Invalid
			if !errors.As(err, &invalid) || invalid.Field != c.field {
				t.Errorf("error %v, want one about %s", err, c.field)
			}
		})
	}
}
