package crowd_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"salesburst/shared/market/calendar"
	"salesburst/shared/market/crowd"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
)

var figures = crowd.Figures{New: 250, Lifetime: 30, Activity: []uint64{
	10, 44, 92, 152, 223, 307, 405, 519, 652, 810, 1001, 1236, 1539, 1957, 2618, 4436,
}}

func profile(t testing.TB, change func(f *calendar.Figures)) *calendar.Profile {
	t.Helper()
	f := &calendar.Figures{Weekdays: make(map[string]uint64), Seasons: make(map[string]uint64)}
	for h := range f.Hours {
		f.Hours[h] = uint64(20 + 10*min(h, 24-h))
	}
	for _, name := range calendar.Weekdays() {
		f.Weekdays[name] = 100
	}
	for _, name := range calendar.Seasons() {
		f.Seasons[name] = 100
	}
	f.Seasons[calendar.BlackFriday] = 250
	if change != nil {
		change(f)
	}
	p, err := calendar.New(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var homes = []crowd.Home{{places.Eastern, 50}, {places.Pacific, 30}, {places.Central, 15}, {places.Hawaii, 5}}

func newCrowd(t testing.TB, orders uint64) *crowd.Crowd {
	return crowd.New(&figures, profile(t, nil), homes, orders*prng.Million, 1)
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// Births go on, never back, and are as many as the share of new ones says.
func TestBirths(t *testing.T) {
	for _, orders := range []uint64{1, 12, 600, 1_000_000} {
		c := newCrowd(t, orders)
		last, names := c.Born(start-60), make(map[crowd.Number]bool)
		for m := int64(0); m < 60*24*365; m += 7 {
			born := c.Born(start + m*60)
			for z, n := range born {
				if n < last[z] {
					t.Fatalf("minute %d: %d are born in the zone %v, %d before", m, n, places.Zone(z), last[z])
				}
			}
			last = born
		}
		all := c.Newcomers(start, start+365*86400)
		for i := range min(all.Len(), 100_000) {
			n := all.At(i)
			if names[n] {
				t.Fatalf("number %d is born twice", n)
			}
			names[n] = true
		}
		year := float64(all.Len())
		if want := float64(orders) * 1440 * 365 * .25; math.Abs(year/want-1) > .001 {
			t.Errorf("%d orders a minute: %.0f births in a year, want %.0f", orders, year, want)
		}
	}
}

// The same number is the same person, at any moment: home and class.
func TestWhoSomebodyIs(t *testing.T) {
	c := newCrowd(t, 60)
	var demand [places.Zones]uint64
	for z := range demand {
		demand[z] = 1
	}
	type born struct{ home, day int }
	seen := make(map[crowd.Number]born)
	r := prng.New(1, 1)
	shares := make(map[int]float64)
	year := profile(t, nil)
	days := 40
	if testing.Short() {
		days = 12
	}
	for day := range int64(days) {
		at := start + day*86400*9
		now := c.At(at, demand)
		next := make(map[crowd.Number]bool)
		for new, i := c.Newcomers(at, at+2*86400), uint64(0); i < new.Len(); i++ {
			next[new.At(i)] = true
			var who crowd.Customer
			if now.Newcomer(new.At(i), &who); who.Days != 0 || who.Zone != homes[who.Home].Clock {
				t.Fatalf("number %d is born now: %+v", new.At(i), who)
			}
		}
		for range 20_000 {
			var who crowd.Customer
			now.Returning(&r, &who)
			if next[who.Number] || who.Zone != homes[who.Home].Clock || who.Class != c.Class(who.Number) {
				t.Fatalf("comes back: %+v", who)
			}
			// In days of average demand since the year began.
			birth := born{who.Home, int(year.Before(calendar.Date(at/calendar.SecondsOfDay))/prng.Million) - int(who.Days)}
			if first, known := seen[who.Number]; known && (first.home != birth.home || max(first.day-birth.day, birth.day-first.day) > 2) {
				t.Fatalf("number %d: %+v; before: %+v", who.Number, birth, first)
			}
			seen[who.Number] = birth
			shares[who.Home] += 100. / 20_000 / float64(days)
		}
	}
	for i, want := range []float64{50, 30, 15, 5} {
		if math.Abs(shares[i]-want) > 1 {
			t.Errorf("home %d has %.1f %% of the orders, want %.0f", i, shares[i], want)
		}
	}
}

// A year's orders of a customer are gamma-mixed Poisson, and the twentieth of the buyers who buys
// most makes 15 to 20 % of the orders.
func TestOrdersOfAYear(t *testing.T) {
	const orders = 1
	c := newCrowd(t, orders)
	all := make(map[crowd.Number]int)
	const days = 365
	known := c.Newcomers(start-365*86400, start)
	var who crowd.Customer
	r := prng.New(1, 2)
	total := 0
	for hour := range int64(days * 24 / 6) {
		at := start + hour*6*3600
		now := c.At(at, [places.Zones]uint64{1, 1, 1, 1, 1, 1, 1})
		new := c.Newcomers(at, at+6*3600)
		for i := range new.Len() {
			all[new.At(i)]++
		}
		total += int(new.Len()) * 4
		for range new.Len() * 3 {
			now.Returning(&r, &who)
			all[who.Number]++
		}
	}
	counts := slices.Sorted(maps.Values(all))
	top := 0
	for _, k := range counts[len(counts)*95/100:] {
		top += k
	}
	if share := 100 * float64(top) / float64(total); share < 15 || share > 20 {
		t.Errorf("the twentieth that buys most makes %.1f %% of the orders, want 15 to 20", share)
	}
	// Those who were born in the year before: how many bought 0, 1, 2 … times.
	var bought [40]float64
	var mean, variance float64
	for i := range known.Len() {
		bought[min(all[known.At(i)], 39)]++
	}
	people := float64(known.Len())
	for k, n := range bought {
		mean += float64(k) * n / people
	}
	for k, n := range bought {
		variance += (float64(k) - mean) * (float64(k) - mean) * n / people
	}
	if variance < 1.3*mean {
		t.Errorf("orders of a year: variance %.3f, mean %.3f: customers are all alike", variance, mean)
	}
	shape := mean * mean / (variance - mean) // of the negative binomial distribution with these moments
	chance := math.Pow(shape/(shape+mean), shape)
	for k := range 8 {
		if got := bought[k] / people; math.Abs(got-chance) > .012 {
			t.Errorf("%.2f %% of the customers bought %d times, want %.2f %%", 100*got, k, 100*chance)
		}
		chance *= (shape + float64(k)) / float64(k+1) * mean / (shape + mean)
	}
	t.Logf("mean %.3f, shape %.2f, %.1f %% by the top twentieth", mean, shape, 100*float64(top)/float64(total))
}

func BenchmarkReturning(b *testing.B) {
	c := newCrowd(b, 600)
	var demand [places.Zones]uint64
	for z := range demand {
		demand[z] = uint64(10 + z)
	}
	now := c.At(start, demand)
	r := prng.New(1, 3)
	b.ReportAllocs()
	var who crowd.Customer
	for b.Loop() {
		now.Returning(&r, &who)
	}
}

func BenchmarkWindow(b *testing.B) {
	c := newCrowd(b, 600)
	for day := int64(0); b.Loop(); day++ {
		c.At(start+day%300*86400, [places.Zones]uint64{1})
	}
}
