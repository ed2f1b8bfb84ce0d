package market_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/market/places"
	"salesburst/shared/sale"
)

// world is what a model makes of a year. Each stretch is made when a check asks for it.
type world struct {
	market *market.Market

	online, store func() []*event // of minutes spread over a year, 600 and 120 events a minute
	days          func() []*event // two days in spring of both channels, 120 and 24 a minute, in order of time
	counts        func() []count  // of each minute of forty days in spring, 600 online
	life          func() []*event // a year of 3 a minute online, all of them
	storeLife     func() []*event // likewise in stores
}

// event is what the checks look at.
type event struct {
	sale.Sale
	Local time.Time // on the clock of its city
}

type count struct{ n, expected float64 }

func newWorld(t testing.TB, changes string) *world {
	t.Helper()
	model, err := market.ReadModel([]byte(changes))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{}
	if w.market, err = market.NewWith(dataset.Default(), model); err != nil {
		t.Fatal(err)
	}
	w.online = sync.OnceValue(func() []*event { return w.year(t, contract.ChannelOnline, 600) })
	w.store = sync.OnceValue(func() []*event { return w.year(t, contract.ChannelStore, 120) })
	w.days = sync.OnceValue(func() []*event {
		from := time.Date(2026, 4, 14, 6, 0, 0, 0, time.UTC) // a Tuesday
		all := append(w.stretch(t, contract.ChannelOnline, 120, from, 48, time.Hour, 1), w.stretch(t, contract.ChannelStore, 24, from, 48, time.Hour, 1)...)
		slices.SortStableFunc(all, func(a, b *event) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
		return all
	})
	w.counts = sync.OnceValue(func() []count { return w.countMinutes(t) })
	life := func(c contract.Channel) func() []*event {
		return sync.OnceValue(func() []*event {
			return w.stretch(t, c, 3, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 365*24, time.Hour, 1)
		})
	}
	w.life, w.storeLife = life(contract.ChannelOnline), life(contract.ChannelStore)
	return w
}

var zones = sync.OnceValue(func() map[string]places.Zone {
	all := make(map[string]places.Zone)
	for _, p := range places.All() {
		all[p.Name+p.State] = p.Zone
	}
	return all
})

// year is a minute of each six hours and one.
func (w *world) year(t testing.TB, c contract.Channel, mean int) []*event {
	const every = 361
	return w.stretch(t, c, mean, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 365*24*60, time.Minute, every)
}

// stretch makes each so many of bursts in a row.
func (w *world) stretch(t testing.TB, c contract.Channel, mean int, from time.Time, bursts int, over time.Duration, every int) (all []*event) {
	zones := zones()
	for n := 0; n < bursts; n += every {
		b, err := burst.New(w.market, burst.Request{
			Channel: c, Origin: "world", At: from.Add(time.Duration(n+1) * over), Over: over, Mean: mean, Follows: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		made := make([]event, b.Len())
		for i := range made {
			e := &made[i]
			b.At(i, &e.Sale)
			unix := int64(e.Timestamp) / 1000
			e.Local = time.Unix(zones[e.City.String()+e.State.String()].Local(unix), 0).UTC()
			all = append(all, e)
		}
	}
	return all
}

// countMinutes finds where the minutes of a day's burst begin.
func (w *world) countMinutes(t testing.TB) (all []count) {
	const mean = 600
	for day := range 40 {
		at := time.Date(2026, 3, 20, 6, 0, 0, 0, time.UTC).AddDate(0, 0, day)
		b, err := burst.New(w.market, burst.Request{
			Channel: contract.ChannelOnline, Origin: "world", At: at, Over: 24 * time.Hour, Mean: mean,
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := w.market.NewConditions(market.Query{Channel: contract.ChannelOnline, From: at.Add(-24 * time.Hour), To: at, Mean: mean})
		if err != nil {
			t.Fatal(err)
		}
		var s sale.Sale
		before := 0
		for minute := range 24 * 60 {
			begin := c.From.Add(time.Duration(minute) * time.Minute)
			end := sale.TimeOf(begin.Add(time.Minute))
			low, high := before, b.Len()
			for low < high {
				middle := (low + high) / 2
				if b.At(middle, &s); s.Timestamp < end {
					low = middle + 1
				} else {
					high = middle
				}
			}
			all = append(all, count{float64(low - before), float64(c.Expected(begin)) * mean / 1e6})
			before = low
		}
	}
	return all
}

// check is a line of what is known of the world, with its bound.
type check func(w *world) error

func within(what string, got, from, to float64) error {
	if got < from || got > to || math.IsNaN(got) {
		return fmt.Errorf("%s: %.4g, want %.4g to %.4g", what, got, from, to)
	}
	return nil
}

// part is the percentage of events for which is holds.
func part(all []*event, is func(*event) bool) float64 {
	n := 0
	for i := range all {
		if is(all[i]) {
			n++
		}
	}
	return 100 * float64(n) / float64(len(all))
}

// of are the events for which is holds.
func of(all []*event, is func(*event) bool) (some []*event) {
	for i := range all {
		if is(all[i]) {
			some = append(some, all[i])
		}
	}
	return some
}

func (e *event) failed() bool { return e.Status != sale.Completed }

// declined are payments that the bank or its rules refused.
func (e *event) declined() bool {
	return e.Status == sale.InsufficientFunds || e.Status == sale.UserError || e.Status == sale.Fraud
}

func mean(all []*event, value func(*event) float64) (sum float64) {
	for i := range all {
		sum += value(all[i]) / float64(len(all))
	}
	return sum
}

func median(all []*event, value func(*event) float64) float64 {
	v := make([]float64, len(all))
	for i := range all {
		v[i] = value(all[i])
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func amount(e *event) float64 { return float64(e.TotalAmount) / 100 }

func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestWorld holds a year of the market against the figures of the world.
func TestWorld(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates a year")
	}
	w := newWorld(t, "{}")
	for name, c := range checks {
		if err := c(w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWorldSwitchedOff: what makes a line true is one figure of the table, and without it the line
// does not hold.
func TestWorldSwitchedOff(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many years")
	}
	for name, changes := range switches {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, changes)
			if err := checks[name](w); err == nil {
				t.Errorf("it holds all the same with %s", changes)
			} else {
				t.Log(err)
			}
		})
	}
	for name := range checks {
		if switches[name] == "" && !slices.Contains(always, name) {
			t.Errorf("%s: nothing switches it off", name)
		}
	}
}
