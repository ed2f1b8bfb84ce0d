package burst_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

var (
	update    = flag.Bool("update", false, "write the golden files anew")
	printHash = flag.Bool("print-hash", false, "print the hash of a burst and end: for the test of two processes")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *printHash {
		m, err := market.New(dataset.Default())
		if err == nil {
			var b *burst.Burst
			if b, err = burst.New(m, golden[0].order); err == nil {
				fmt.Printf("%x\n", sha256.Sum256(text(b, 0, b.Len())))
			}
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func slot(f contract.Function) burst.Request {
	return burst.Request{
		Channel: f.Channel,
		Origin:  "arn:aws:scheduler:us-east-1:123456789012:schedule/salesburst/" + f.Name,
		At:      noon,
		Over:    contract.Slot,
		Mean:    f.EventsPerMinute,
		Follows: true,
	}
}

func with(o burst.Request, change func(*burst.Request)) burst.Request {
	change(&o)
	return o
}

var golden = []struct {
	name  string
	order burst.Request
}{
	{"online", slot(contract.Online)},
	{"store", slot(contract.Store)},
	{"flash-sale", with(slot(contract.Online), func(o *burst.Request) { o.Scenario, o.Brand, o.Events = "flash-sale", "samsung", 1000 })},
	{"payment-outage", with(slot(contract.Store), func(o *burst.Request) { o.Scenario, o.Events = "payment-outage", 1000 })},
	{"shard", with(slot(contract.Store), func(o *burst.Request) { o.Over, o.Events, o.Shard, o.Of = 24*time.Hour, 100_000, 3, 11 })},
	{"spike", with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Shard, o.Of = 1<<26, 5678, 10_000 })}, // cuts its minute
	{"stages", with(slot(contract.Online), func(o *burst.Request) {
		o.Stages = []burst.Stage{{Over: 10 * time.Second, Rate: 700, Ramp: true}, {Over: 3 * time.Second, Rate: 700}, {Over: 5 * time.Second, Ramp: true}}
		o.Over, o.Events, o.Shard, o.Of = 18*time.Second, 7350, 1, 3
	})},
	{"chicago-hour", with(slot(contract.Online), func(o *burst.Request) { o.City, o.Over, o.Mean = "Chicago", time.Hour, 20 })},
}

// text is the JSON lines of sales from to to.
func text(b *burst.Burst, from, to int) []byte {
	var all []byte
	var s sale.Sale
	for i := from; i < to; i++ {
		b.At(i, &s)
		all = append(s.AppendJSON(all), '\n')
	}
	return all
}

func plan(tb testing.TB, o burst.Request) *burst.Burst {
	tb.Helper()
	m, err := oneMarket()
	if err != nil {
		tb.Fatal(err)
	}
	return planOf(tb, m, o)
}

func planOf(tb testing.TB, m *market.Market, o burst.Request) *burst.Burst {
	tb.Helper()
	b, err := burst.New(m, o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// A golden file has the first sales of a burst and the hash of all of them.
func TestGolden(t *testing.T) {
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			b := plan(t, g.order)
			all := text(b, 0, b.Len())
			got := fmt.Appendf(nil, "%d sales, SHA-256 %x, beginning with\n", b.Len(), sha256.Sum256(all))
			got = append(got, text(b, 0, min(b.Len(), 5))...)
			file := filepath.Join("testdata", g.name+".golden")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s\nThe same order gives other sales than before: raise market.Version, then run the test with -update.", got, want)
			}
		})
	}
}

func TestTwoProcessesMakeTheSameBytes(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func() string {
		out, err := exec.Command(exe, "-print-hash").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	b := plan(t, golden[0].order)
	here := fmt.Sprintf("%x", sha256.Sum256(text(b, 0, b.Len())))
	if one, two := run(), run(); one != here || two != here {
		t.Errorf("hashes %s, %s and, in this process, %s", one, two, here)
	}
}

// Sales are made by many workers in any order.
func TestSalesDoNotDependOnTheirOrder(t *testing.T) {
	b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events = 3000 }))
	want := text(b, 0, b.Len())
	parts := make([][]byte, 30)
	var wg sync.WaitGroup
	for n := range parts {
		wg.Go(func() { parts[len(parts)-1-n] = text(b, (len(parts)-1-n)*100, (len(parts)-n)*100) })
	}
	wg.Wait()
	if !bytes.Equal(slices.Concat(parts...), want) {
		t.Error("many workers made other sales than one")
	}
}

func TestEverythingInTheOrderNamesTheBurst(t *testing.T) {
	base := with(slot(contract.Online), func(o *burst.Request) { o.Events = 50 })
	seen := map[sale.BurstID]string{plan(t, base).ID(): "the same order"}
	if _, again := seen[plan(t, base).ID()]; !again {
		t.Fatal("the same order has two names")
	}
	for name, change := range map[string]func(*burst.Request){
		"channel": func(o *burst.Request) { o.Channel = contract.ChannelStore },
		"origin":  func(o *burst.Request) { o.Origin += "x" },
		"time":    func(o *burst.Request) { o.At = o.At.Add(time.Minute) },
		"over":    func(o *burst.Request) { o.Over = 2 * time.Minute },
		"events":  func(o *burst.Request) { o.Events++ },
		"mean":    func(o *burst.Request) { o.Events = 0 },
		"other":   func(o *burst.Request) { o.Events, o.Mean = 0, 601 },
		"brand":   func(o *burst.Request) { o.Brand = "LG" },
		"city":    func(o *burst.Request) { o.City = "Chicago" },
		"method":  func(o *burst.Request) { o.PaymentMethod = "PayPal" },
		"product": func(o *burst.Request) { o.Product = dataset.Default().Products[7].Name },
	} {
		id := plan(t, with(base, change)).ID()
		if other, again := seen[id]; again {
			t.Errorf("another %s has the name of %s", name, other)
		}
		seen[id] = name
	}
	lower := with(base, func(o *burst.Request) { o.Brand = "samsung" })
	upper := with(base, func(o *burst.Request) { o.Brand = " SAMSUNG " })
	if plan(t, lower).ID() != plan(t, upper).ID() {
		t.Error("the letter case of a name makes another burst")
	}
	inChicago := with(base, func(o *burst.Request) { o.At = o.At.In(time.FixedZone("CST", -6*3600)) })
	if plan(t, inChicago).ID() != plan(t, base).ID() {
		t.Error("the zone in which a time is written makes another burst")
	}
}

func TestTimesAreInsideAndInOrder(t *testing.T) {
	for _, over := range []time.Duration{time.Second, 1500 * time.Millisecond, contract.Slot, 61 * time.Second, 10 * time.Minute, 24 * time.Hour} {
		for _, at := range []time.Time{noon, noon.Add(-12345 * time.Millisecond)} {
			for _, events := range []int{1, 2, 61, 5000} {
				b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.At, o.Over, o.Events = at, over, events }))
				if b.Len() != events {
					t.Fatalf("%v: %d events, want %d", over, b.Len(), events)
				}
				var s sale.Sale
				last := sale.TimeOf(at.Add(-over))
				for i := range events {
					b.At(i, &s)
					if s.TransactionID.Sequence != uint32(i) || s.TransactionID.Burst != b.ID() {
						t.Fatalf("sale %d is %s", i, s.TransactionID)
					}
					if s.Timestamp < last || s.Timestamp >= sale.TimeOf(at) {
						t.Fatalf("%v before %v: sale %d is at %v, after one at %v", over, at, i, s.Timestamp, last)
					}
					last = s.Timestamp
				}
			}
		}
	}
}

// A minute's orders come like customers who do not know each other: the counts of its
// seconds have a variance like their mean, and the gaps between two are exponential.
func TestOrdersComeByThemselves(t *testing.T) {
	b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events = 60_000 }))
	var counts [60]float64
	var gaps, squares, n float64
	var s sale.Sale
	last := sale.Time(0)
	for i := range b.Len() {
		b.At(i, &s)
		if s.Attempt > 1 {
			continue
		}
		counts[s.Timestamp.Time().Second()]++
		if i > 0 {
			gap := float64(s.Timestamp - last)
			gaps, squares, n = gaps+gap, squares+gap*gap, n+1
		}
		last = s.Timestamp
	}
	var variance float64
	mean := (n + 1) / 60
	for _, n := range counts {
		variance += (n - mean) * (n - mean) / 60
	}
	if variance < mean/2 || variance > 1.7*mean { // 1 ± 4σ
		t.Errorf("the variance of the seconds is %.0f, want about %.0f", variance, mean)
	}
	// The clock counts whole milliseconds, which adds a sixth of one's square to the variance.
	gap := gaps / n
	if cv := math.Sqrt(squares/n-gap*gap-1./6) / gap; cv < .97 || cv > 1.03 {
		t.Errorf("the gaps between two orders vary by %.3f of their mean, want 1", cv)
	}
}

// Over a day the sales of all slots are as many as the market expects, and they follow the
// day: the afternoon is busy and the night is quiet.
func TestDemandFollowsTheDay(t *testing.T) {
	m := newMarket(t)
	step := 1 // minutes
	if testing.Short() {
		step = 4
	}
	for _, f := range contract.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			c, err := m.NewConditions(market.Query{Channel: f.Channel, From: noon, To: noon.Add(time.Hour), Mean: f.EventsPerMinute})
			if err != nil {
				t.Fatal(err)
			}
			total, want := 0, 0.
			hours := make([]int, 24)
			for n := 0; n < 24*60; n += step {
				at := noon.Add(time.Duration(n) * time.Minute)
				b, err := burst.New(m, with(slot(f), func(o *burst.Request) { o.At = at }))
				if err != nil {
					t.Fatal(err)
				}
				total += b.Len()
				want += float64(c.Demand(at.Add(-time.Minute))) * float64(f.EventsPerMinute) / prng.Million
				hours[at.Add(-time.Minute).Hour()] += b.Len()
			}
			if math.Abs(float64(total)-want) > 4*math.Sqrt(want) {
				t.Errorf("a day has %d sales, want about %.0f", total, want)
			}
			if night, day := hours[9], hours[20]; night*3 > day {
				t.Errorf("%d sales at 4 in the morning in New York and %d at 3 in the afternoon", night, day)
			}
		})
	}
}

// The shards of a burst are the burst: numbered without gaps, each sale once, in the order
// of their time from one shard to the next, and under one name.
func TestShards(t *testing.T) {
	m := newMarket(t)
	plan := func(o burst.Request) *burst.Burst { return planOf(t, m, o) }
	for _, over := range []time.Duration{time.Second, 1500 * time.Millisecond, 61 * time.Second} {
		for _, of := range []int{1, 3, 7, 1001} {
			order := with(slot(contract.Online), func(o *burst.Request) {
				o.Events, o.Of, o.Over, o.At = 1000, of, over, noon.Add(-12345*time.Millisecond)
			})
			var s sale.Sale
			n, id, last := uint32(0), plan(order).ID(), sale.TimeOf(order.At.Add(-over))
			for shard := range of {
				b := plan(with(order, func(o *burst.Request) { o.Shard = shard }))
				if b.ID() != id {
					t.Fatalf("shard %d of %d is burst %v, the first is %v", shard, of, b.ID(), id)
				}
				for i := range b.Len() {
					b.At(i, &s)
					if s.TransactionID != (sale.TransactionID{Burst: id, Sequence: n}) {
						t.Fatalf("%v, shard %d of %d: sale %v, want number %d", over, shard, of, s.TransactionID, n)
					}
					if s.Timestamp < last || s.Timestamp >= sale.TimeOf(order.At) {
						t.Fatalf("%v, shard %d of %d: sale %d is at %v, after one at %v", over, shard, of, n, s.Timestamp, last)
					}
					n, last = n+1, s.Timestamp
				}
			}
			if n != 1000 {
				t.Errorf("%v: %d shards have %d sales, want 1000", over, of, n)
			}
		}
	}
}

// Shards of another size have the same numbers for other sales, so they must not have the
// same names; and none of them has the names of the whole.
func TestShardsOfAnotherSizeAreAnotherBurst(t *testing.T) {
	seen := make(map[sale.BurstID]int)
	for _, of := range []int{0, 1, 2, 20, 200, contract.MaxShards} {
		id := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Of = 1000, of })).ID()
		if other, again := seen[id]; again {
			t.Errorf("%d shards and %d shards are both burst %v", other, of, id)
		}
		seen[id] = of
	}
}

// The sales of all shards together come as the market demands: their counts by minute differ
// from it as those of customers do who do not know each other, neither more nor less.
func TestShardsFollowTheDemand(t *testing.T) {
	const events, of = 1_000_000, 20
	order := with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Of, o.Over = events, of, 24*time.Hour })
	counts := make([]float64, 24*60)
	seconds := make(map[sale.Time]float64)
	begin := order.At.Add(-order.Over)
	busy := sale.TimeOf(begin.Add(10 * time.Hour)) // and the hour after, for the counts by second
	var s sale.Sale
	for shard := range of {
		b := plan(t, with(order, func(o *burst.Request) { o.Shard = shard }))
		for i := range b.Len() {
			b.At(i, &s)
			counts[(s.Timestamp-sale.TimeOf(begin))/60_000]++
			if d := s.Timestamp - busy; d >= 0 && d < 3_600_000 {
				seconds[d/1000]++
			}
		}
	}
	c, err := newMarket(t).NewConditions(market.Query{Channel: order.Channel, From: begin, To: order.At, Mean: order.Mean})
	if err != nil {
		t.Fatal(err)
	}
	var demand float64
	for n := range counts {
		demand += float64(c.Demand(begin.Add(time.Duration(n) * time.Minute)))
	}
	var chi float64
	for n, count := range counts {
		want := events * float64(c.Demand(begin.Add(time.Duration(n)*time.Minute))) / demand
		chi += (count - want) * (count - want) / want
	}
	// With k degrees of freedom chi-square is k ± 4·√(2k).
	k := float64(len(counts) - 1)
	if math.Abs(chi-k) > 4*math.Sqrt(2*k) {
		t.Errorf("chi-square of the minutes is %.0f, want %.0f ± %.0f", chi, k, 4*math.Sqrt(2*k))
	}
	var sum, squares float64
	for n := range sale.Time(3600) {
		sum += seconds[n]
		squares += seconds[n] * seconds[n]
	}
	mean := sum / 3600
	if ratio := (squares/3600 - mean*mean) / mean; ratio < 0.88 || ratio > 1.12 { // 1 ± 5σ
		t.Errorf("the variance of the seconds is %.2f of their mean of %.1f, want about 1", ratio, mean)
	}
}

func TestRefusedOrders(t *testing.T) {
	m := newMarket(t)
	for name, c := range map[string]struct {
		change func(*burst.Request)
		field  string
		allows string
	}{
		"no origin":       {func(o *burst.Request) { o.Origin = "" }, "id", "characters"},
		"negative events": {func(o *burst.Request) { o.Events = -1 }, "events", "10000000"},
		"huge events":     {func(o *burst.Request) { o.Events = contract.MaxEvents + 1 }, "events", "10000000"},
		"no such shard":   {func(o *burst.Request) { o.Events, o.Shard, o.Of = 9, 3, 3 }, "shard", "0 to 2"},
		"shard of none":   {func(o *burst.Request) { o.Events, o.Shard = 9, 1 }, "shard", "0 to 0"},
		"many shards":     {func(o *burst.Request) { o.Events, o.Of = 9, contract.MaxShards+1 }, "of", "10000"},
		"no events":       {func(o *burst.Request) { o.Of = 3 }, "events", "shards"},
		"huge spike":      {func(o *burst.Request) { o.Events, o.Of = contract.MaxSpike+1, 50 }, "events", "100000000"},
		"huge shards":     {func(o *burst.Request) { o.Events, o.Of = 20_000_001, 2 }, "events", "20000000"},
		"no mean":         {func(o *burst.Request) { o.Mean = 0 }, "mean", "1 to 1000000"},
		"no mean at all":  {func(o *burst.Request) { o.Events, o.Mean = 7, -1 }, "mean", "0 to 1000000"},
		"too short":       {func(o *burst.Request) { o.Over = time.Millisecond }, "over", "1s"},
		"too long":        {func(o *burst.Request) { o.Over = 25 * time.Hour }, "over", "24h"},
		"odd time":        {func(o *burst.Request) { o.At = o.At.Add(1) }, "at", "milliseconds"},
		"odd over":        {func(o *burst.Request) { o.Over++ }, "over", "milliseconds"},
		"long ago":        {func(o *burst.Request) { o.At = time.Time{} }, "at", "2000"},
		"too much demand": {func(o *burst.Request) { o.Mean, o.Over = 1_000_000, 24*time.Hour }, "over", "10000000"},
		"scenario":        {func(o *burst.Request) { o.Scenario = "alien-invasion" }, "scenario", "flash-sale, viral-product"},
		"alone":           {func(o *burst.Request) { o.Scenario, o.Follows = "store-network-down", false }, "scenario", "flash-sale, viral-product"},
		"stores' alone":   {func(o *burst.Request) { o.Scenario, o.Events = "store-network-down", 9 }, "scenario", "flash-sale, viral-product"},
		"brand":           {func(o *burst.Request) { o.Brand = "Sumsang" }, "brand", "Samsung"},
		"city":            {func(o *burst.Request) { o.City = "Paris" }, "city", "Chicago"},
		"method":          {func(o *burst.Request) { o.PaymentMethod = "Cash" }, "payment_method", "PayPal"},
		"product":         {func(o *burst.Request) { o.Product = "a fridge" }, "product", "as in"},
		"brand's product": {func(o *burst.Request) { o.Brand, o.Product = "LG", dataset.Default().Products[0].Name }, "product", "brand LG"},
		"channel":         {func(o *burst.Request) { o.Channel = "phone" }, "channel", "in_store"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := burst.New(m, with(slot(contract.Online), c.change))
			var invalid *burst.Invalid
			if !errors.As(err, &invalid) || invalid.Field != c.field || !strings.Contains(invalid.Allowed, c.allows) {
				t.Errorf("error %v, want one about %s that allows %q", err, c.field, c.allows)
			}
		})
	}
}

func TestNothingIsAllocatedPerSale(t *testing.T) {
	b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events = 1000 }))
	var s sale.Sale
	buf := make([]byte, 0, 2048)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		b.At(i%b.Len(), &s)
		buf = s.AppendJSON(buf[:0])
		i++
	}); n != 0 {
		t.Errorf("%v allocations per sale", n)
	}
}
