package burst

import (
	"fmt"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market"
)

func demandOf(tb testing.TB, over time.Duration) (from time.Time, demand []minute) {
	tb.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		tb.Fatal(err)
	}
	to := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)
	c, err := m.NewConditions(market.Query{Channel: contract.ChannelOnline, From: to.Add(-over), To: to})
	if err != nil {
		tb.Fatal(err)
	}
	return c.From, demandByMinute(c)
}

// However the sales are cut, each has the time that it has in one piece: what a shard leaves
// out does not change what it keeps.
func TestShardsAgreeOnEachSale(t *testing.T) {
	const seed = 12345
	for _, over := range []time.Duration{time.Second, 1500 * time.Millisecond, time.Minute, 24 * time.Hour} {
		from, demand := demandOf(t, over)
		for _, events := range []uint64{1, 2, 777, 20_000} {
			piece := planShard(from, demand, events, seed, 0, events)
			for _, of := range []uint64{1, 2, 13, 700} {
				for shard := range of {
					start, end := events*shard/of, events*(shard+1)/of
					p := planShard(from, demand, events, seed, start, end)
					for i := start; i < end; i++ {
						if got, want := p.time(i, seed), piece.time(i, seed); got != want {
							t.Fatalf("%v, shard %d of %d: sale %d of %d is at %v, in one piece at %v", over, shard, of, i, events, got, want)
						}
					}
				}
			}
		}
	}
}

// A shard's work does not grow with the burst: what it plans are its own seconds.
func TestShardPlansItsOwnSeconds(t *testing.T) {
	from, demand := demandOf(t, 24*time.Hour)
	const events, of = contract.MaxSpike, contract.MaxShards
	p := planShard(from, demand, events, 1, events/of*(of/2), events/of*(of/2+1))
	if n := len(p.before); n < 2 || n > 60 {
		t.Errorf("the plan of 1 of %d shards of a day has %d seconds", of, n)
	}
}

// A last second that is a half one has half the sales.
func TestShardsOfPartsOfASecond(t *testing.T) {
	const events, seed = 50_000, 12345
	from, demand := demandOf(t, 1500*time.Millisecond)
	p := planShard(from, demand, events, seed, 0, events)
	late := 0
	for i := range uint64(events) {
		if p.time(i, seed)-p.from >= second {
			late++
		}
	}
	if off := late - events/3; off < -600 || off > 600 { // more than five standard deviations
		t.Errorf("%d of %d sales are in the last third of the time", late, events)
	}
}

// BenchmarkShard plans a part of 100,000,000 events over a day: "all", as each shard had to
// without the halves, whichever it is, and only its own sales.
func BenchmarkShard(b *testing.B) {
	from, demand := demandOf(b, 24*time.Hour)
	const events = contract.MaxSpike
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			newPlan(from, demand, events, 1)
		}
	})
	for _, c := range []struct{ shard, of uint64 }{{0, 10}, {100, 200}, {5000, 10_000}} {
		b.Run(fmt.Sprintf("%d of %d", c.shard, c.of), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				planShard(from, demand, events, 1, events*c.shard/c.of, events*(c.shard+1)/c.of)
			}
		})
	}
}
