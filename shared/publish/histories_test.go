package publish_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

var (
	histories    = flag.Int("histories", 12, "histories of random faults")
	firstHistory = flag.Int("first-history", 0, "the first seed")
)

// marked is a burst as one attempt writes it: the quantity tells which.
type marked struct {
	stream
	by int
}

func (m marked) At(i int, s *sale.Sale) { m.stream.At(i, s); s.Quantity = int64(m.by) }

// Attempts at one burst at once and after each other; each request and response may be lost or
// late, each answer about the ledger before the entry may be of the past.
func TestHistories(t *testing.T) {
	for seed := range *histories {
		seed += *firstHistory
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			within(t, func(w *world) { w.history(uint64(seed)) })
		})
	}
}

func (w *world) history(seed uint64) {
	t := w.t
	random := rand.New(rand.NewPCG(seed, 7))
	var mu sync.Mutex
	dice := func(n int) int { mu.Lock(); defer mu.Unlock(); return random.IntN(n) }
	trouble := []int{4, 8, 15, 30, 60}[dice(5)] // one in so many
	level := publish.ExactlyOnce
	if seed%4 == 3 {
		level = publish.Transactional
	}
	attempts := 2 + dice(3)
	outcomes := make([]outcome, attempts)
	patience := make([]time.Duration, attempts)
	var wg sync.WaitGroup
	for a := range attempts {
		wr := w.wire()
		pause := func() { time.Sleep(time.Duration(dice([]int{50, 500, 5000, 15000}[dice(4)])) * time.Millisecond) }
		wr.onRequest = func(q kmsg.Key, i int) bool {
			switch dice(trouble * 3) {
			case 0:
				return false
			case 1, 2:
				pause()
			}
			return true
		}
		wr.onResponse = func(q kmsg.Key, i int, v int16, b []byte) ([]byte, bool) {
			switch dice(trouble * 3) {
			case 0:
				return b, false
			case 1:
				pause()
			case 2:
				if q == kmsg.EndTxn || q == kmsg.TxnOffsetCommit || q == kmsg.AddOffsetsToTxn || q == kmsg.AddPartitionsToTxn || q == kmsg.Produce {
					code := []int16{7, 14, 15, 16, 20, 51, 56, -1, 6}[dice(9)]
					return answering(q, v, b, code), true
				}
			}
			return b, true
		}
		if dice(2) == 0 {
			wr.past = func() bool { return dice(3) == 0 }
		}
		patience[a] = time.Duration(1+dice(30)) * time.Second
		begin := time.Duration(dice(12000)) * time.Millisecond
		if dice(3) == 0 {
			begin = time.Duration(dice(100)) * time.Millisecond
		}
		ctx, cancel := context.WithCancel(t.Context())
		if dice(3) == 0 {
			time.AfterFunc(begin+time.Duration(dice(int(patience[a]))), cancel)
		}
		wg.Go(func() {
			defer cancel()
			time.Sleep(begin)
			p, err := publish.New(wr.through(w.b, level))
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			ctx, cancel := context.WithTimeout(ctx, patience[a])
			defer cancel()
			start := time.Now()
			res, err := publisher{p}.Publish(ctx, w.b.key, marked{stream(faultSales), a + 1})
			outcomes[a] = outcome{res, err, time.Since(start)}
		})
	}
	wg.Wait()
	time.Sleep(40 * time.Second)
	there := make(map[int]int)
	for _, e := range w.b.read(t) {
		var s struct{ Quantity int }
		if err := json.Unmarshal(e.Value, &s); err != nil {
			t.Fatal(err)
		}
		there[s.Quantity]++
	}
	if len(there) > 1 && level == publish.ExactlyOnce {
		t.Errorf("sales of more than one attempt: %v", there)
	}
	for a, o := range outcomes {
		mine, all := there[a+1], 0
		for _, n := range there {
			all += n
		}
		if mine != 0 && mine != faultSales {
			t.Errorf("attempt %d: %d sales of it", a, mine)
		}
		switch {
		case o.took > patience[a]+50*time.Millisecond:
			t.Errorf("attempt %d took %v of %v: %v", a, o.took, patience[a], o.err)
		case o.err == nil && all != faultSales && level == publish.ExactlyOnce:
			t.Errorf("attempt %d: %+v, and %v", a, o.res, there)
		case o.err == nil && !o.res.Skipped && (o.res.Events != faultSales || o.res.Revenue != stream(faultSales).revenue() || o.res.Bytes == 0):
			t.Errorf("attempt %d: %+v", a, o.res)
		case o.err == nil && !o.res.Skipped && mine != faultSales && level != publish.ExactlyOnce:
			t.Errorf("attempt %d: %+v, and %v", a, o.res, there)
		case o.err != nil && o.res.InDoubt == 0 && mine != 0:
			t.Errorf("attempt %d: %+v, %v, and %v", a, o.res, o.err, there)
		case o.err != nil && (o.res.Events != 0 || o.res.InDoubt != 0 && o.res.InDoubt != faultSales):
			t.Errorf("attempt %d: %+v, %v", a, o.res, o.err)
		}
	}
	if level != publish.ExactlyOnce {
		return
	}
	by := 1 // whose sales are there: those of the attempts below have no mark
	for by = range there {
	}
	for i := range 2 {
		o := w.attempt(t.Context(), w.wire(), time.Minute)
		if o.err != nil || i == 1 && !o.res.Skipped {
			t.Errorf("attempt %d afterwards: %+v, error %v", i, o.res, o.err)
		}
	}
	w.b.read(t).expect(t, marked{stream(faultSales), by})
}
