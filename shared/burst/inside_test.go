package burst

import (
	"testing"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
)

// upTo finds by a search what time says of each sale; and the sales are in order, before the end of
// the cell.
func TestSalesUpToAMoment(t *testing.T) {
	for n := range uint64(40) {
		for seed := range uint64(25) {
			l := cell{length: 50, seed: seed, sales: sales{n: n}}
			l.fill()
			at := uint64(0)
			for ms := range l.length {
				for at < n && l.time(at) == ms {
					at++
				}
				if got := l.upTo(ms); got != at {
					t.Fatalf("%d sales, seed %d: %d are up to %d ms, want %d", n, seed, got, ms, at)
				}
			}
			if at < n {
				t.Fatalf("%d sales, seed %d: sale %d is at %d ms, out of order or outside", n, seed, at, l.time(at))
			}
		}
	}
}

// Not even behind the last gap of a cell, which may be nothing, is its end.
func TestGapsEndInsideTheCell(t *testing.T) {
	exact := 0
	for seed := range uint64(10_000) {
		l := cell{length: 60_000, seed: seed}
		l.fill()
		r := l.gaps(0)
		sum := 1 + gap(&r)
		if uint64(l.length)<<unitBits%sum == 0 {
			exact++
		}
		if ms := l.sales.at(sum); ms >= l.length {
			t.Fatalf("seed %d: the gap ends at %d ms", seed, ms)
		}
	}
	if exact == 0 {
		t.Error("no sum of gaps divides the cell without a rest")
	}
}

// A newcomer places one order of those that the newcomers are among, and behind the last newcomer
// nobody is new. With so many orders it shows: each is a half or a third of a stretch in 2³².
func TestNewcomersAmongManyOrders(t *testing.T) {
	for _, orders := range []uint64{1 << 31, 3 << 30, 1<<32/3 + 1} {
		for seed := range uint64(50) {
			l := cell{seed: seed, newcomers: newcomers{Newcomers: crowd.NewStrangers(7, 1), sales: newcomersAmong{n: 1}}}
			among := &l.newcomers.sales
			among.among(orders)
			if among.step*orders < 1<<32 || (among.step-1)*orders >= 1<<32 {
				t.Fatalf("%d steps of %d do not just reach the end", orders, among.step)
			}
			for i := range uint64(2) {
				r := prng.New(seed, streamOfNew+i)
				order := (i<<32 + r.Below(1<<32-among.step+1)) / among.step
				for _, o := range []uint64{order - 1, order, order + 1} {
					who, is := l.newcomer(o, among, 0)
					if want := i == 0 && o == order; o < orders && (is != want || is && who != 7) {
						t.Fatalf("order %d of %d: %v that it is a newcomer's, number %d", o, orders, is, who)
					}
				}
			}
		}
	}
}

// The crowd follows the rate that is usual, or else the burst's own.
func TestCrowdFollowsTheRate(t *testing.T) {
	for _, c := range []struct {
		r    Request
		want int
	}{
		{Request{Mean: 600, Over: time.Minute}, 600},
		{Request{Mean: 600, Over: time.Minute, Events: 12_000_000}, 600},
		{Request{Mean: 600, Over: time.Minute, Events: 20_000_000}, 1000},
		{Request{Over: time.Hour, Events: 1200}, 20},
		{Request{Over: time.Second, Events: 1200}, 1200},
		{Request{Over: time.Hour, Events: 59}, 1},
		{Request{Over: time.Minute, Events: contract.MaxSpike}, contract.MaxEventsPerMinute},
	} {
		if got := c.r.crowd(); got != c.want {
			t.Errorf("%d events in %v where %d a minute are usual: the crowd is one of %d a minute, want %d",
				c.r.Events, c.r.Over, c.r.Mean, got, c.want)
		}
	}
}
