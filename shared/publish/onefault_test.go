package publish_test

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

var steps = []kmsg.Key{kmsg.FindCoordinator, kmsg.InitProducerID, kmsg.OffsetFetch, kmsg.AddPartitionsToTxn,
	kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.Produce, kmsg.EndTxn}

type world struct {
	t *testing.T
	b *broker
}

// within runs a test of one fault in a cluster of its own, by a virtual clock.
func within(t *testing.T, test func(w *world)) {
	inVirtualTime(t, func(t *testing.T, b *broker) {
		b.TLS = nil // nobody but the wire would speak it
		test(&world{t, b})
	}, kfake.TLS(nil))
}

func (w *world) wire() *wire { return &wire{dial: w.b.Dialer} }

type outcome struct {
	res  publish.Result
	err  error
	took time.Duration
}

const faultSales = 300

// attempt publishes the burst; patience is its deadline.
func (w *world) attempt(ctx context.Context, wr *wire, patience time.Duration) outcome {
	cfg := wr.through(w.b, publish.ExactlyOnce)
	p, err := publish.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := time.Now()
	res, err := publisher{p}.Publish(ctx, w.b.key, stream(faultSales))
	return outcome{res, err, time.Since(start)}
}

// check holds the claims of an attempt against what readers see.
func (w *world) check(name string, o outcome, patience time.Duration) {
	w.t.Helper()
	got := len(w.b.read(w.t))
	if o.took > patience+50*time.Millisecond {
		w.t.Errorf("%s: took %v of %v", name, o.took, patience)
	}
	switch {
	case o.err == nil && o.res.Skipped && got != faultSales,
		o.err == nil && !o.res.Skipped && (got != faultSales || o.res.Events != faultSales || o.res.Revenue != stream(faultSales).revenue()),
		o.err == nil && o.res.InDoubt != 0,
		o.err != nil && o.res.Events != 0,
		o.err != nil && o.res.InDoubt != 0 && o.res.InDoubt != faultSales:
		w.t.Errorf("%s: %+v, error %v; %d sales are there", name, o.res, o.err, got)
	}
}

// clear publishes once more, twice, and counts.
func (w *world) clear() {
	w.t.Helper()
	for i := range 2 {
		o := w.attempt(w.t.Context(), w.wire(), time.Minute)
		if o.err != nil || i == 1 && !o.res.Skipped {
			w.t.Errorf("attempt %d afterwards: %+v, error %v", i, o.res, o.err)
		}
	}
	w.b.read(w.t).expectOnce(w.t, faultSales)
}

var faultCodes = []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.ConcurrentTransactions, kerr.RequestTimedOut,
	kerr.CoordinatorLoadInProgress, kerr.NotEnoughReplicasAfterAppend, kerr.UnknownServerError, kerr.UnstableOffsetCommit,
	kerr.ProducerFenced, kerr.InvalidTxnState, kerr.NotLeaderForPartition, kerr.GroupIDNotFound, kerr.InvalidProducerEpoch}

var every = flag.Bool("every", false, "all cases of TestOneFault and TestLateRequest, not a sample of them")

// One request or response, of each kind, the first and the second of its kind, is lost, late,
// or answered with an error after the work was done; the attempt has time, or has not.
func TestOneFault(t *testing.T) {
	cases := 0
	for _, key := range steps {
		for k := 1; k <= 2; k++ {
			type fault struct {
				name string
				make func(w *wire)
			}
			faults := []fault{
				{"request lost", func(w *wire) { w.onRequest = func(q kmsg.Key, i int) bool { return q != key || i != k } }},
				{"requests lost from here", func(w *wire) {
					dead := false
					var mu sync.Mutex
					w.onRequest = func(q kmsg.Key, i int) bool {
						mu.Lock()
						defer mu.Unlock()
						dead = dead || q == key && i == k
						return !dead
					}
				}},
				{"request late", func(w *wire) {
					w.onRequest = func(q kmsg.Key, i int) bool {
						if q == key && i == k {
							time.Sleep(11 * time.Second)
						}
						return true
					}
				}},
				{"response lost", func(w *wire) {
					w.onResponse = func(q kmsg.Key, i int, _ int16, b []byte) ([]byte, bool) { return b, q != key || i != k }
				}},
				{"all lost from this response", func(w *wire) {
					dead := false
					var mu sync.Mutex
					w.onRequest = func(kmsg.Key, int) bool { mu.Lock(); defer mu.Unlock(); return !dead }
					w.onResponse = func(q kmsg.Key, i int, _ int16, b []byte) ([]byte, bool) {
						mu.Lock()
						defer mu.Unlock()
						dead = dead || q == key && i == k
						return b, !dead
					}
				}},
				{"response late", func(w *wire) {
					w.onResponse = func(q kmsg.Key, i int, _ int16, b []byte) ([]byte, bool) {
						if q == key && i == k {
							time.Sleep(11 * time.Second)
						}
						return b, true
					}
				}},
			}
			for _, code := range faultCodes {
				if key == kmsg.EndTxn && (code == kerr.ProducerFenced || code == kerr.InvalidTxnState || code == kerr.InvalidProducerEpoch) {
					continue // no broker says so after the work was done
				}
				for _, often := range []int{1, 1000} {
					faults = append(faults, fault{fmt.Sprintf("%s x%d", code.Message, often), func(w *wire) {
						w.onResponse = func(q kmsg.Key, i int, v int16, b []byte) ([]byte, bool) {
							if q == key && i >= k && i < k+often {
								b = answering(q, v, b, code.Code)
							}
							return b, true
						}
					}})
				}
			}
			for _, f := range faults {
				for _, patience := range []time.Duration{4 * time.Second, 40 * time.Second} {
					if cases++; !*every && cases%41 != 0 {
						continue
					}
					t.Run(fmt.Sprintf("%s %d/%s/%v", key.Name(), k, f.name, patience), func(t *testing.T) {
						t.Parallel()
						within(t, func(w *world) {
							t := w.t
							wr := w.wire()
							f.make(wr)
							o := w.attempt(t.Context(), wr, patience)
							w.check("first", o, patience)
							if seen := len(w.b.read(t)); o.err != nil && o.res.InDoubt == 0 && seen != 0 {
								t.Errorf("error %v, nothing in doubt, and %d sales are there", o.err, seen)
							}
							time.Sleep(15 * time.Second)
							w.clear()
						})
					})
				}
			}
		}
	}
}

// A request of an attempt is late: it comes when another attempt is at some step. The first
// is given up meanwhile, or goes on.
func TestLateRequest(t *testing.T) {
	cases := 0
	for _, key := range steps {
		for _, at := range steps {
			for _, when := range []string{"before", "after", "end"} {
				for _, gone := range []bool{true, false} {
					if when == "end" && at != kmsg.EndTxn {
						continue
					}
					if cases++; !*every && cases%27 != 0 {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s %s/gone=%v", key.Name(), when, at.Name(), gone), func(t *testing.T) {
						t.Parallel()
						within(t, func(w *world) { w.late(key, at, when, gone) })
					})
				}
			}
		}
	}
}

func (w *world) late(key, at kmsg.Key, when string, gone bool) {
	t := w.t
	k := 1
	held, release := make(chan struct{}), make(chan struct{})
	var once, freed sync.Once
	first := w.wire()
	first.onRequest = func(q kmsg.Key, i int) bool {
		if q == key && i == k {
			once.Do(func() { close(held) })
			<-release
		}
		return true
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan outcome, 1)
	go func() { done <- w.attempt(ctx, first, 8*time.Second) }()
	var a outcome
	<-held
	if gone {
		cancel()
		a = <-done
	}
	let := func() {
		freed.Do(func() { close(release) })
		time.Sleep(300 * time.Millisecond)
	}
	second := w.wire()
	second.onRequest = func(q kmsg.Key, i int) bool {
		if q == at && i == 1 && when == "before" {
			let()
		}
		return true
	}
	second.onResponse = func(q kmsg.Key, i int, _ int16, b []byte) ([]byte, bool) {
		if q == at && i == 1 && when == "after" {
			let()
		}
		return b, true
	}
	b := w.attempt(t.Context(), second, 30*time.Second)
	let()
	if !gone {
		a = <-done
	}
	if a.err != nil && b.err != nil {
		if got := len(w.b.read(t)); a.res.InDoubt == 0 && b.res.InDoubt == 0 && got != 0 {
			t.Errorf("both failed without doubt and %d sales are there", got)
		}
	}
	w.check("first", a, 8*time.Second)
	w.check("second", b, 30*time.Second)
	if gone && b.err != nil && key != kmsg.InitProducerID { // that one fences whoever it meets
		t.Errorf("the first gave up, and the second: %v", b.err)
	}
	time.Sleep(15 * time.Second)
	w.clear()
}
