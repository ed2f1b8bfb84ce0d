package burst_test

import (
	"sync"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// oneMarket is made once: nothing changes it.
var oneMarket = sync.OnceValues(func() (*market.Market, error) { return market.New(dataset.Default()) })

// newMarket is one of its own, as another process has.
func newMarket(tb testing.TB) *market.Market {
	tb.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// BenchmarkSale makes and encodes one event after the other, on one processor.
func BenchmarkSale(b *testing.B) {
	for _, o := range []struct {
		name  string
		order burst.Request
	}{
		{"online", burst.Request{Channel: contract.ChannelOnline}},
		{"store", burst.Request{Channel: contract.ChannelStore}},
		{"flash-sale", burst.Request{Channel: contract.ChannelOnline, Scenario: "flash-sale"}},
	} {
		b.Run(o.name, func(b *testing.B) {
			order := o.order
			order.Origin, order.At, order.Over, order.Events = "bench", noon, time.Minute, 100_000
			s, err := burst.New(newMarket(b), order)
			if err != nil {
				b.Fatal(err)
			}
			var event sale.Sale
			buf := make([]byte, 0, 2048)
			bytes := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.At(i%order.Events, &event)
				buf = event.AppendJSON(buf[:0])
				bytes += len(buf)
			}
			b.SetBytes(int64(bytes / b.N))
		})
	}
}

// BenchmarkPlan is the time per event before the first one is there.
func BenchmarkPlan(b *testing.B) {
	const events = 1_000_000
	m := newMarket(b)
	for name, over := range map[string]time.Duration{"minute": time.Minute, "day": 24 * time.Hour} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := burst.New(m, burst.Request{Channel: contract.ChannelOnline, Origin: "bench", At: noon, Over: over, Events: events}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
		})
	}
}

var noon = time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC) // noon in Chicago
