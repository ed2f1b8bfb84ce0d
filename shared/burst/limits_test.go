package burst_test

import (
	"errors"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/sale"
)

// What lies on a limit is taken.
func TestLimitsAreTaken(t *testing.T) {
	m := newMarket(t)
	for name, c := range map[string]struct {
		change func(*burst.Request)
		events int // −1: whatever is sold
	}{
		"most shards":                 {func(o *burst.Request) { o.Events, o.Of = 9, contract.MaxShards }, 0},
		"most events of two":          {func(o *burst.Request) { o.Events, o.Of = 2*contract.MaxEvents, 2 }, contract.MaxEvents},
		"first year":                  {func(o *burst.Request) { o.At = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }, -1},
		"last year":                   {func(o *burst.Request) { o.At = time.Date(2999, 12, 31, 23, 59, 0, 0, time.UTC) }, -1},
		"least mean":                  {func(o *burst.Request) { o.Mean = 1 }, -1},
		"greatest mean":               {func(o *burst.Request) { o.Mean, o.Over, o.Follows = contract.MaxEventsPerMinute, time.Second, false }, -1},
		"greatest mean beside events": {func(o *burst.Request) { o.Events, o.Mean = 7, contract.MaxEventsPerMinute }, 7},
		"hours that follow":           {func(o *burst.Request) { o.Over = 2 * time.Hour }, -1},
		"events without a mean":       {func(o *burst.Request) { o.Events, o.Mean = 7, 0 }, 7},
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
		"no mean beside events":  {func(o *burst.Request) { o.Events, o.Mean = 7, -1 }, "mean"},
		"mean beside events":     {func(o *burst.Request) { o.Events, o.Mean = 7, contract.MaxEventsPerMinute+1 }, "mean"},
		"follows for a half":     {func(o *burst.Request) { o.Over = 90 * time.Second }, "over"},
		"follows from a half":    {func(o *burst.Request) { o.At = o.At.Add(30 * time.Second) }, "over"},
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

// The number of customers follows the rate that is usual; many more events at once need more of them,
// or each would come again and again.
func TestCustomersOfASpike(t *testing.T) {
	events := 200_000
	if testing.Short() {
		events = 60_000
	}
	often := func(mean int, over time.Duration) (n int) {
		b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Mean, o.Over = events, mean, over }))
		orders := make(map[sale.CustomerID]int)
		var s sale.Sale
		for i := range b.Len() {
			if b.At(i, &s); s.Attempt == 1 && s.Status != sale.Fraud {
				orders[s.CustomerID]++
			}
		}
		for _, k := range orders {
			if k > 2 {
				n++
			}
		}
		return n
	}
	for _, mean := range []int{0, 1, 600} {
		for _, over := range []time.Duration{time.Minute, time.Hour} {
			if n := often(mean, over); n > events/1000 {
				t.Errorf("where %d a minute are usual, %d customers come more than twice in %v", mean, n, over)
			}
		}
	}
}

// Where no rate is said to be usual, it is the burst's own.
func TestCustomersWithoutAUsualRate(t *testing.T) {
	b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Mean = 20_000, 0 }))
	orders := make(map[sale.CustomerID]bool)
	again := 0
	var s sale.Sale
	for i := range b.Len() {
		if b.At(i, &s); s.Attempt > 1 || s.Status == sale.Fraud {
			continue
		}
		if orders[s.CustomerID] {
			again++
		}
		orders[s.CustomerID] = true
	}
	if again > 100 { // accounts that are stolen buy more than once
		t.Errorf("%d orders are second ones", again)
	}
}
