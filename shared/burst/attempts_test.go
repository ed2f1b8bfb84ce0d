package burst_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// inARow are the events of a schedule's bursts, each of a market of its own, as another process has.
func inARow(t *testing.T, f contract.Function, minutes int) (all []sale.Sale) {
	t.Helper()
	for n := range minutes {
		b := planOf(t, newMarket(t), with(slot(f), func(o *burst.Request) { o.At = noon.Add(time.Duration(n) * time.Minute) }))
		from := len(all)
		all = append(all, make([]sale.Sale, b.Len())...)
		for i := range b.Len() {
			b.At(i, &all[from+i])
		}
	}
	return all
}

// An order that is tried again in a later minute is the same order there, whoever makes that minute.
func TestAttemptsBelongTogether(t *testing.T) {
	const minutes, warm = 24, 11
	for _, f := range contract.Functions() {
		all := inARow(t, f, minutes)
		first := make(map[sale.TransactionID]*sale.Sale)
		last := make(map[sale.TransactionID]*sale.Sale)
		later, elsewhere, unknown := 0, 0, 0
		for i := range all {
			s := &all[i]
			if s.Attempt == 1 {
				if s.OrderID != s.TransactionID {
					t.Fatalf("%s is the first attempt of order %s", s.TransactionID, s.OrderID)
				}
				first[s.OrderID], last[s.OrderID] = s, s
				continue
			}
			p, before := first[s.OrderID], last[s.OrderID]
			if s.Timestamp < sale.TimeOf(noon.Add((warm-1)*time.Minute)) {
				last[s.OrderID] = s
				continue // the first attempt may be before the row
			}
			if p == nil {
				unknown++
				continue
			}
			later++
			if s.OrderID.Burst != s.TransactionID.Burst {
				elsewhere++
			}
			last[s.OrderID] = s
			switch gap := s.Timestamp - before.Timestamp; {
			case s.Attempt != before.Attempt+1:
				t.Fatalf("attempt %d of %s follows attempt %d", s.Attempt, s.OrderID, before.Attempt)
			case before.Status == sale.Completed:
				t.Fatalf("%s was completed and is tried again", s.OrderID)
			case gap <= 0 || s.Timestamp-p.Timestamp > 600_000:
				t.Fatalf("%s is tried again after %d ms, %d ms after the first time", s.OrderID, gap, s.Timestamp-p.Timestamp)
			case s.CustomerID != p.CustomerID, s.CustomerType != p.CustomerType, s.ProductName != p.ProductName, s.City != p.City,
				s.StoreID != p.StoreID, s.Device != p.Device, s.UserAgent != p.UserAgent, s.Latitude != p.Latitude,
				s.Quantity != p.Quantity, s.Source != p.Source, s.TotalAmount != p.TotalAmount:
				t.Fatalf("%s is another order the second time:\n%s\n%s", s.OrderID, p.AppendJSON(nil), s.AppendJSON(nil))
			}
		}
		if unknown > 0 || later < 30 || elsewhere < later/3 {
			t.Errorf("%s: %d later attempts, %d of them in another burst, and %d of orders that are not there", f.Name, later, elsewhere, unknown)
		}
	}
}

// A golden file has an order whose second attempt falls into the next minute's burst.
func TestGoldenNextMinute(t *testing.T) {
	all := inARow(t, contract.Online, 2)
	first := make(map[sale.TransactionID]*sale.Sale)
	var got []byte
	for i := range all {
		s := &all[i]
		if s.Attempt == 1 {
			first[s.OrderID] = s
		} else if p := first[s.OrderID]; p != nil && p.TransactionID.Burst != s.TransactionID.Burst {
			got = append(append(s.AppendJSON(append(p.AppendJSON(nil), '\n')), '\n'), got...)
			break
		}
	}
	file := filepath.Join("testdata", "next-minute.golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) || strings.Count(string(got), "\n") != 2 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Nor is anybody new twice in a burst that stands alone.
func TestStrangersComeOnce(t *testing.T) {
	for name, change := range map[string]func(*burst.Request){
		"exactly": func(o *burst.Request) { o.Events, o.Over = 40_000, 2*time.Hour },
		"shard":   func(o *burst.Request) { o.Events, o.Over, o.Of, o.Shard = 40_000, 2*time.Hour, 3, 1 },
		"demand":  func(o *burst.Request) { o.Follows, o.Over = false, time.Hour },
	} {
		orders := make(map[sale.CustomerID]sale.TransactionID)
		b := plan(t, with(slot(contract.Online), change))
		var s sale.Sale
		for i := range b.Len() {
			if b.At(i, &s); s.CustomerType.String() != "new" {
				continue
			}
			if order, known := orders[s.CustomerID]; known && order != s.OrderID {
				t.Fatalf("%s: %s is new in %s and in %s", name, s.CustomerID, order, s.OrderID)
			}
			orders[s.CustomerID] = s.OrderID
		}
		if share := 100 * len(orders) / b.Len(); share < 20 || share > 28 {
			t.Errorf("%s: %d newcomers in %d events", name, len(orders), b.Len())
		}
	}
}

// A burst that stands alone, with an exact number of events, has the whole of its orders.
func TestAttemptsOfABurstAlone(t *testing.T) {
	for _, over := range []time.Duration{time.Second, time.Minute, 3 * time.Hour} {
		b := plan(t, with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Over = 20_000, over }))
		attempts := make(map[sale.TransactionID]int64)
		counts := make(map[int64]int)
		var s sale.Sale
		for i := range b.Len() {
			b.At(i, &s)
			if attempts[s.OrderID]++; attempts[s.OrderID] != s.Attempt {
				t.Fatalf("%v: attempt %d of %s comes as number %d", over, s.Attempt, s.OrderID, attempts[s.OrderID])
			}
			counts[s.Attempt]++
		}
		if counts[2] < 400 || counts[2] > 1200 || counts[3] == 0 || counts[4] > 0 {
			t.Errorf("%v: attempts %v", over, counts)
		}
	}
}

// When the last shop shuts all is over: nothing is tried again behind closed doors, also where it is
// very busy.
func TestNothingIsTriedAgainWhenAllIsShut(t *testing.T) {
	m := newMarket(t)
	sold := func(at time.Time) int {
		b, err := burst.New(m, with(slot(contract.Store), func(o *burst.Request) { o.At, o.Mean = at, 200_000 }))
		if err != nil {
			t.Fatal(err)
		}
		return b.Len()
	}
	c, err := m.NewConditions(market.Query{Channel: contract.ChannelStore, From: noon, To: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	shut := noon
	for c.Demand(shut) > 0 {
		shut = shut.Add(time.Minute)
	}
	for n := range 12 {
		if events := sold(shut.Add(time.Duration(n+1) * time.Minute)); events > 0 {
			t.Errorf("%d events in minute %d after all has shut", events, n)
		}
	}
	if events := sold(shut); events == 0 {
		t.Error("no event in the last minute")
	}
}

// Whoever asks for sales when all is shut gets them, spread evenly.
func TestSalesWhenAllIsShut(t *testing.T) {
	thanksgiving := noon.AddDate(0, 0, 2)
	b := plan(t, with(slot(contract.Store), func(o *burst.Request) { o.At, o.Over, o.Events = thanksgiving, time.Hour, 12_000 }))
	var counts [60]int
	var s sale.Sale
	for i := range b.Len() {
		b.At(i, &s)
		counts[s.Timestamp.Time().Minute()]++
	}
	for minute, n := range counts {
		if n < 130 || n > 270 { // 200 ± 5σ
			t.Errorf("%d sales in minute %d, want about 200", n, minute)
		}
	}
}

// Whoever is new is new once, in the order of the numbers, and nobody is left out.
func TestNewcomersAreNewOnce(t *testing.T) {
	orders := make(map[sale.CustomerID]sale.TransactionID)
	for _, s := range inARow(t, contract.Online, 30) {
		if s.CustomerType.String() != "new" || s.Attempt > 1 && s.Timestamp < sale.TimeOf(noon.Add(10*time.Minute)) {
			continue
		}
		if order, known := orders[s.CustomerID]; known && order != s.OrderID {
			t.Fatalf("%s is new in %s and in %s", s.CustomerID, order, s.OrderID)
		}
		orders[s.CustomerID] = s.OrderID
	}
	c, err := newMarket(t).NewConditions(market.Query{
		Channel: contract.ChannelOnline, From: noon.Add(-time.Minute), To: noon.Add(29 * time.Minute), Mean: slot(contract.Online).Mean,
	})
	if err != nil {
		t.Fatal(err)
	}
	born := c.Newcomers(0, 30*time.Minute.Milliseconds())
	for i := range born.Len() {
		if _, there := orders[c.CustomerID(born.At(i))]; !there {
			t.Fatalf("%d is not there", c.CustomerID(born.At(i)))
		}
	}
	if born.Len() != uint64(len(orders)) || len(orders) < 1000 {
		t.Errorf("%d newcomers, %d were born", len(orders), born.Len())
	}
}

// The shards of a burst have the sales that it has in one piece, whatever the number of shards that
// they are read in.
func TestShardsHaveTheSameSales(t *testing.T) {
	const of = 7
	order := with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Over, o.Of = 3000, 95*time.Second, of })
	for shard := range of {
		b := plan(t, with(order, func(o *burst.Request) { o.Shard = shard }))
		again := plan(t, with(order, func(o *burst.Request) { o.Shard = shard }))
		if string(text(b, 0, b.Len())) != string(text(again, 0, again.Len())) {
			t.Fatalf("shard %d is another one the second time", shard)
		}
	}
}

func BenchmarkShard(b *testing.B) {
	m := newMarket(b)
	for _, c := range []struct{ shard, of int }{{0, 10}, {100, 200}, {5000, 10_000}} {
		for _, over := range []time.Duration{time.Minute, 24 * time.Hour} {
			b.Run(fmt.Sprintf("%d of %d, %v", c.shard, c.of, over), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := burst.New(m, burst.Request{Channel: contract.ChannelOnline, Origin: "bench", At: noon, Over: over,
						Events: contract.MaxSpike, Shard: c.shard, Of: c.of}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
