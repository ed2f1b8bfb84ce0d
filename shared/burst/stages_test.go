package burst_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/sale"
)

func step(over time.Duration, perSecond int) burst.Stage {
	return burst.Stage{Over: over, Rate: perSecond}
}

func ramp(over time.Duration, to int) burst.Stage {
	return burst.Stage{Over: over, Rate: to, Ramp: true}
}

// staged is an order with stages, of a function's.
func staged(tb testing.TB, stages ...burst.Stage) burst.Request {
	tb.Helper()
	over, events, err := burst.Sum(stages)
	if err != nil {
		tb.Fatal(err)
	}
	return burst.Request{Channel: contract.ChannelOnline, Origin: "ramp-1", At: noon, Over: over, Events: events,
		Stages: stages, Mean: 600}
}

// perSecond is how many events a burst has in each second of a request.
func perSecond(tb testing.TB, o burst.Request, b *burst.Burst) []int {
	tb.Helper()
	counts := make([]int, o.Over/time.Second)
	from := sale.TimeOf(o.At.Add(-o.Over))
	var s sale.Sale
	last := from
	for i := range b.Len() {
		b.At(i, &s)
		if s.Timestamp < last || s.Timestamp >= sale.TimeOf(o.At) {
			tb.Fatalf("sale %d is at %v, after one at %v", i, s.Timestamp, last)
		}
		last = s.Timestamp
		counts[(s.Timestamp-from)/1000]++
	}
	return counts
}

// exactly is how many events each second of stages has, by their definition and with fractions: those
// until its end are the integral of the rate, rounded.
func exactly(stages []burst.Stage) (counts []int) {
	integral, rate, before := new(big.Rat), int64(0), int64(0)
	for _, s := range stages {
		of := int64(s.Over / time.Second)
		if !s.Ramp {
			rate = int64(s.Rate)
		}
		slope := big.NewRat(int64(s.Rate)-rate, of)
		at := func(t int64) *big.Rat { // rate·t + slope·t²/2
			square := new(big.Rat).Mul(slope, big.NewRat(t*t, 2))
			return square.Add(square, big.NewRat(rate*t, 1)).Add(square, integral)
		}
		for t := range of {
			half := new(big.Rat).Add(at(t+1), big.NewRat(1, 2))
			after := new(big.Int).Quo(half.Num(), half.Denom()).Int64()
			counts = append(counts, int(after-before))
			before = after
		}
		integral, rate = at(of), int64(s.Rate)
	}
	return counts
}

// What each second has, as a person would count it.
func TestStages(t *testing.T) {
	for name, c := range map[string]struct {
		stages []burst.Stage
		want   []int
	}{
		"step":                    {[]burst.Stage{step(3*time.Second, 7)}, []int{7, 7, 7}},
		"ramp from nothing":       {[]burst.Stage{ramp(4*time.Second, 8)}, []int{1, 3, 5, 7}},
		"ramp to nothing":         {[]burst.Stage{step(time.Second, 8), ramp(4*time.Second, 0)}, []int{8, 7, 5, 3, 1}},
		"tiny rate":               {[]burst.Stage{ramp(10*time.Second, 1)}, []int{0, 0, 0, 1, 0, 1, 0, 1, 1, 1}},
		"steps behind a half":     {[]burst.Stage{ramp(time.Second, 1), step(3*time.Second, 2), ramp(time.Second, 1)}, []int{1, 2, 2, 2, 1}},
		"a half is rounded up":    {[]burst.Stage{ramp(time.Second, 1)}, []int{1}},
		"a pause":                 {[]burst.Stage{step(time.Second, 1), step(2*time.Second, 0), step(time.Second, 2)}, []int{1, 0, 0, 2}},
		"a ramp that stays":       {[]burst.Stage{step(time.Second, 5), ramp(2*time.Second, 5)}, []int{5, 5, 5}},
		"nothing for a long time": {[]burst.Stage{ramp(2*time.Second, 0), step(time.Second, 1)}, []int{0, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			o := staged(t, c.stages...)
			if got := perSecond(t, o, plan(t, o)); !slices.Equal(got, c.want) || !slices.Equal(exactly(c.stages), c.want) {
				t.Errorf("the seconds have %v, want %v", got, c.want)
			}
			if got := burst.Peak(c.stages); got != slices.Max(c.want) {
				t.Errorf("the peak is %d, want %d", got, slices.Max(c.want))
			}
		})
	}
}

// randomStages have few enough events to count them.
func randomStages(r *rand.Rand) (stages []burst.Stage) {
	for range 1 + r.IntN(6) {
		stages = append(stages, burst.Stage{
			Over: time.Duration(1+r.IntN(90)) * time.Second, Rate: r.IntN(1 + r.IntN(60)), Ramp: r.IntN(2) == 0,
		})
	}
	return append(stages, ramp(7*time.Second, 3))
}

// Whatever the stages, whatever is narrowed and goes wrong, a burst and its shards have in each second
// exactly what was ordered, and each sale once.
func TestRandomStages(t *testing.T) {
	outage, err := incidents.Read([]byte(`{"incidents":[{"scenario":"price-error"},{"scenario":"viral-product"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 17))
	for range 25 {
		stages := randomStages(r)
		want := exactly(stages)
		o := staged(t, stages...)
		o.At = noon.Add(-time.Duration(r.IntN(100_000)) * time.Second)
		if r.IntN(2) == 0 {
			o.Channel, o.Brand, o.City = contract.ChannelStore, "Samsung", "Chicago"
		}
		if r.IntN(2) == 0 {
			o.Incidents = outage
		}
		b := plan(t, o)
		if got := perSecond(t, o, b); !slices.Equal(got, want) || b.Len() != o.Events {
			t.Fatalf("%+v: the seconds have %v, want %v", stages, got, want)
		}
		if got := perSecond(t, o, b.Twin()); !slices.Equal(got, want) {
			t.Fatalf("%+v: the twin's seconds have %v, want %v", stages, got, want)
		}
		got := make([]int, len(want))
		o.Of = 1 + r.IntN(30)
		var s sale.Sale
		next := uint32(0)
		for o.Shard = range o.Of {
			b := plan(t, o)
			for second, n := range perSecond(t, o, b) {
				got[second] += n
			}
			for i := range b.Len() {
				if b.At(i, &s); s.TransactionID.Sequence != next {
					t.Fatalf("%+v: shard %d of %d has sale %d after %d", stages, o.Shard, o.Of, s.TransactionID.Sequence, next)
				}
				next++
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v in %d shards: the seconds have %v, want %v", stages, o.Of, got, want)
		}
	}
}

// Also where a second has but one event, customers try again, as often as in other bursts.
func TestAttemptsOfStages(t *testing.T) {
	b := plan(t, staged(t, step(5*time.Hour, 1)))
	orders := make(map[sale.TransactionID]sale.Sale)
	counts := make(map[int64]int)
	var s sale.Sale
	for i := range b.Len() {
		b.At(i, &s)
		counts[s.Attempt]++
		before, known := orders[s.OrderID]
		if s.Attempt != before.Attempt+1 || s.Attempt == 1 && s.OrderID != s.TransactionID ||
			known && (s.CustomerID != before.CustomerID || s.Price != before.Price || s.Timestamp < before.Timestamp) {
			t.Fatalf("attempt %d of order %v, in sale %v, follows %+v", s.Attempt, s.OrderID, s.TransactionID, before)
		}
		orders[s.OrderID] = s
	}
	if counts[2] < 400 || counts[2] > 1200 || counts[3] == 0 || counts[4] > 0 {
		t.Errorf("attempts %v", counts)
	}
}

// A second with more events than are planned together has as many as another one, spread as evenly.
func TestLargeSecondOfAShard(t *testing.T) {
	stages := []burst.Stage{step(time.Second, 600_000), ramp(time.Second, 0)}
	o := staged(t, stages...)
	o.Of = 7
	var tenths [20]int
	var s sale.Sale
	for o.Shard = range o.Of {
		b := plan(t, o)
		for i := range b.Len() {
			b.At(i, &s)
			tenths[(s.Timestamp-sale.TimeOf(o.At.Add(-o.Over)))/100]++
		}
	}
	got := []int{0, 0}
	for i, n := range tenths {
		got[i/10] += n
		if want := 60_000 >> (i / 10); n < want-1000 || n > want+1000 { // 4σ
			t.Errorf("tenth %d has %d events, want about %d", i, n, want)
		}
	}
	if !slices.Equal(got, exactly(stages)) {
		t.Errorf("the seconds have %v, want %v", got, exactly(stages))
	}
}

// Stages are a part of what a burst is called; where there are none, nothing has changed.
func TestStagesNameTheBurst(t *testing.T) {
	seen := make(map[sale.BurstID]string)
	base := staged(t, step(time.Minute, 10))
	plain := base
	plain.Stages = nil
	for name, o := range map[string]burst.Request{
		"none": plain, "one": base, "two": staged(t, step(30*time.Second, 10), step(30*time.Second, 10)),
		"other halves": staged(t, step(30*time.Second, 9), step(30*time.Second, 11)),
		"ramp":         staged(t, step(30*time.Second, 10), ramp(30*time.Second, 10)),
		"longer":       staged(t, step(20*time.Second, 10), step(40*time.Second, 10)),
		"shards":       with(base, func(o *burst.Request) { o.Of = 6 }),
	} {
		id := plan(t, o).ID()
		if other, again := seen[id]; again {
			t.Errorf("%s has the name of %s", name, other)
		}
		seen[id] = name
	}
	if plan(t, base).ID() != plan(t, staged(t, step(time.Minute, 10))).ID() {
		t.Error("the same stages are two bursts")
	}
}

func TestRefusedStages(t *testing.T) {
	second := time.Second
	for name, c := range map[string]struct {
		stages []burst.Stage
		field  string
		value  string
		allows string
	}{
		"none":            {nil, "stages", "of 0", "a list of 1 to 100"},
		"too many":        {slices.Repeat([]burst.Stage{step(second, 1)}, 101), "stages", "of 101", "a list of 1 to 100"},
		"no time":         {[]burst.Stage{step(second, 1), ramp(0, 1)}, "stages[1].over", "0s", "whole seconds, from 1s on"},
		"negative time":   {[]burst.Stage{step(-second, 1)}, "stages[0].over", "-1s", "from 1s"},
		"half a second":   {[]burst.Stage{step(1500*time.Millisecond, 1)}, "stages[0].over", "1.5s", "whole seconds"},
		"too long":        {[]burst.Stage{step(24*time.Hour+second, 1)}, "stages[0].over", "24h0m1s", "24h0m0s at most"},
		"longest":         {[]burst.Stage{step(second, 1), step(1<<63-1-(1<<63-1)%second, 1)}, "stages[1].over", "2562047h47m16s", "23h59m59s at most: all stages together cover up to 24h0m0s"},
		"too long in all": {[]burst.Stage{step(20*time.Hour, 1), step(5*time.Hour, 1)}, "stages[1].over", "5h0m0s", "4h0m0s at most: all stages together cover up to 24h0m0s"},
		"negative rate":   {[]burst.Stage{step(second, -1)}, "stages[0].per_second", "-1", "0 to 100000000"},
		"huge rate":       {[]burst.Stage{ramp(second, 100_000_001)}, "stages[0].to", "100000001", "0 to 100000000"},
		"too many events": {[]burst.Stage{step(second, 1), step(second, 100_000_000)}, "stages[1].per_second", "100000000", "100000001 events"},
		"too steep":       {[]burst.Stage{ramp(4*second, 50_000_001)}, "stages[0].to", "50000001", "100000002 events"},
		"nothing":         {[]burst.Stage{ramp(second, 0)}, "stages", "without an event", "above 0"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := burst.Sum(c.stages)
			var invalid *burst.Invalid
			if !errors.As(err, &invalid) || invalid.Field != c.field || invalid.Value != c.value || !strings.Contains(invalid.Allowed, c.allows) {
				t.Errorf("%v; want one about %s %s that allows %q", err, c.field, c.value, c.allows)
			}
		})
	}
	m := newMarket(t)
	for name, c := range map[string]struct {
		stages []burst.Stage
		change func(*burst.Request)
		field  string
		allows string
	}{
		"another time":    {[]burst.Stage{step(second, 5)}, func(o *burst.Request) { o.Over *= 2 }, "over", "1s, which the stages cover"},
		"other events":    {[]burst.Stage{step(second, 5)}, func(o *burst.Request) { o.Events++ }, "events", "5, which the stages have"},
		"within a second": {[]burst.Stage{step(second, 5)}, func(o *burst.Request) { o.At = o.At.Add(time.Millisecond) }, "at", "whole seconds"},
		"large":           {[]burst.Stage{step(second, 10_000_001)}, func(*burst.Request) {}, "stages", "up to 10000000"},
		"large shards":    {[]burst.Stage{step(second, 20_000_001)}, func(o *burst.Request) { o.Of = 2 }, "stages", "up to 20000000"},
		"not by Sum":      {[]burst.Stage{step(second, 5)}, func(o *burst.Request) { o.Stages = []burst.Stage{step(0, 5)} }, "stages[0].over", "whole seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			o := staged(t, c.stages...)
			c.change(&o)
			_, err := burst.New(m, o)
			var invalid *burst.Invalid
			if !errors.As(err, &invalid) || invalid.Field != c.field || !strings.Contains(invalid.Allowed, c.allows) {
				t.Errorf("%v; want one about %s that allows %q", err, c.field, c.allows)
			}
		})
	}
}

// What lies on a limit is taken.
func TestLimitsOfStages(t *testing.T) {
	for name, stages := range map[string][]burst.Stage{
		"most stages":   slices.Repeat([]burst.Stage{step(time.Second, 1)}, contract.MaxStages),
		"most time":     {step(23*time.Hour, 0), ramp(time.Hour, 1)},
		"most at once":  {step(time.Second, contract.MaxSpike)},
		"most in a day": {ramp(24*time.Hour, 2*contract.MaxSpike/86_400)},
	} {
		t.Run(name, func(t *testing.T) {
			o := staged(t, stages...)
			o.Of, o.Shard = contract.MaxShards, contract.MaxShards-1
			b := plan(t, o)
			if want := o.Events - o.Events*(o.Of-1)/o.Of; b.Len() != want {
				t.Errorf("the last shard has %d events, want %d", b.Len(), want)
			}
			perSecond(t, o, b)
		})
	}
}

// FuzzStages: stages are refused with a path, or met to the event.
func FuzzStages(f *testing.F) {
	f.Add([]byte{3, 0, 9, 5, 1, 0})
	f.Add([]byte{255, 255, 255})
	f.Add([]byte{200, 1, 255, 200, 0, 255, 200, 1, 255, 200, 1, 0, 200, 0, 0})
	m := newMarket(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var stages []burst.Stage
		for d := range slices.Chunk(data[:len(data)/3*3], 3) {
			stages = append(stages, burst.Stage{Over: time.Duration(int8(d[0])) * time.Second / time.Duration(1+d[1]>>7),
				Ramp: d[1]&1 == 1, Rate: int(int8(d[2])) << (d[1] >> 2 & 31)})
		}
		over, events, err := burst.Sum(stages)
		if err != nil {
			var invalid *burst.Invalid
			if !errors.As(err, &invalid) || !strings.HasPrefix(invalid.Field, "stages") || invalid.Allowed == "" {
				t.Errorf("refused with %#v", err)
			}
			return
		}
		want := exactly(stages)
		sum := 0
		for _, n := range want {
			sum += n
		}
		if sum != events || len(want) != int(over/time.Second) || burst.Peak(stages) != slices.Max(want) {
			t.Fatalf("%+v: %d events in %v, peak %d; want %v", stages, events, over, burst.Peak(stages), want)
		}
		if events > 20_000 {
			return
		}
		o := burst.Request{Channel: contract.ChannelOnline, Origin: "fuzz", At: noon, Over: over, Events: events, Stages: stages}
		b, err := burst.New(m, o)
		if err != nil {
			t.Fatal(err)
		}
		if got := perSecond(t, o, b); !slices.Equal(got, want) {
			t.Errorf("%+v: the seconds have %v, want %v", stages, got, want)
		}
	})
}
