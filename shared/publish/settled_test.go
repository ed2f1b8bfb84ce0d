package publish_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

// What is kept free before the deadline is a part of a short one, and not all of it.
func TestAShortDeadlineIsEnough(t *testing.T) {
	within(t, func(w *world) {
		if o := w.attempt(w.t.Context(), w.wire(), 300*time.Millisecond); o.err != nil || o.res.Events != faultSales {
			t.Errorf("%+v, error %v", o.res, o.err)
		}
	})
}

// The answer to the commit never comes, and there is no time to begin anew: the ledger is asked in
// the time that was kept free for that, and what it says is the result.
func TestDoubtIsSettledInTheLastMoment(t *testing.T) {
	const patience = 3 * time.Second
	for name, c := range map[string]struct {
		lost string
		want func(o outcome) bool
	}{
		"written": {"response", func(o outcome) bool {
			return o.err == nil && !o.res.Skipped && o.res.Events == faultSales && o.res.InDoubt == 0 &&
				o.res.Revenue == stream(faultSales).revenue() && o.res.Requests > 0
		}},
		"not written": {"request", func(o outcome) bool {
			return errors.Is(o.err, publish.ErrPartial) && o.res.InDoubt == faultSales && o.res.Events == 0
		}},
		"written by another": {"another", func(o outcome) bool {
			return o.err == nil && o.res.Skipped && o.res.Events == 0 && o.res.InDoubt == 0
		}},
	} {
		t.Run(name, func(t *testing.T) {
			within(t, func(w *world) {
				wr := w.wire()
				first := func(key kmsg.Key, i int) bool { return key == kmsg.EndTxn && i == 1 }
				wr.onRequest = func(key kmsg.Key, i int) bool {
					if !first(key, i) || c.lost == "response" {
						return true
					}
					if c.lost == "another" {
						if o := w.attempt(w.t.Context(), w.wire(), time.Minute); o.err != nil || o.res.Skipped {
							t.Errorf("the other attempt: %+v, error %v", o.res, o.err)
						}
					}
					time.Sleep(patience) // nobody hears of it before
					return false
				}
				wr.onResponse = func(key kmsg.Key, i int, _ int16, b []byte) ([]byte, bool) {
					if first(key, i) {
						time.Sleep(patience)
					}
					return b, !first(key, i)
				}
				o := w.attempt(w.t.Context(), wr, patience)
				if !c.want(o) || o.took > patience+50*time.Millisecond {
					t.Errorf("after %v: %+v, error %v", o.took, o.res, o.err)
				}
				w.clear()
				time.Sleep(patience) // what is held back ends
			})
		})
	}
}

// A commit was in doubt, and the next try has seen that it was not written: what goes wrong then
// leaves no doubt.
func TestDoubtThatIsOver(t *testing.T) {
	b := startBroker(t)
	var commits atomic.Int32
	b.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		code := kerr.UnknownServerError.Code
		if commits.Add(1) == 2 {
			code = kerr.TransactionalIDAuthorizationFailed.Code
		}
		res := req.ResponseKind().(*kmsg.EndTxnResponse)
		res.ErrorCode = code
		return res, nil, commits.Load() <= 2
	})
	res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(600))
	if !errors.Is(err, publish.ErrAuth) || errors.Is(err, publish.ErrPartial) || res.InDoubt != 0 {
		t.Errorf("%+v, error %v", res, err)
	}
	if commits.Load() != 2 {
		t.Errorf("%d wishes to commit, want 2", commits.Load())
	}
	b.read(t).expect(t, stream(0))
}

// What a try that was given up has cost is in the result.
func TestRequestsOfAllTriesCount(t *testing.T) {
	for _, lost := range []int32{0, 2} {
		b := startBroker(t)
		b.spread(t)
		var commits atomic.Int32
		b.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
			b.KeepControl()
			res := req.ResponseKind().(*kmsg.EndTxnResponse)
			res.ErrorCode = kerr.UnknownServerError.Code
			return res, nil, commits.Add(1) <= lost
		})
		res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(600))
		if err != nil || res.Events != 600 {
			t.Errorf("%+v, error %v", res, err)
		}
		if want := (int(lost) + 1) * b.leaders(t); res.Requests < want || res.Retries == 0 && res.Requests != want {
			t.Errorf("%d requests in %d tries, want %d", res.Requests, lost+1, want)
		}
	}
}

// An attempt that another one has taken over from, or whose commit is in doubt with nobody to ask,
// ends nothing: what it would end may be what another one is about to commit, or what is there.
func TestNothingIsEndedThatMayBeAnothers(t *testing.T) {
	for name, c := range map[string]struct {
		delivery publish.Delivery
		code     *kerr.Error
	}{
		"taken over": {publish.ExactlyOnce, kerr.ProducerFenced},
		"in doubt":   {publish.Transactional, kerr.UnknownServerError},
	} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t)
			b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: c.code})
			var begun, added atomic.Int32
			tp := countTransactions(&begun, &added)
			_, err := newPublisher(t, tp.through(b, c.delivery)).Publish(t.Context(), b.key, stream(600))
			if err == nil || begun.Load() != 1 || added.Load() != 1 {
				t.Errorf("%d transactions begun, partitions added %d times, error %v", begun.Load(), added.Load(), err)
			}
		})
	}
}

// A burst that fails leaves nothing behind that makes sales nobody waits for.
func TestFailedBurstEnds(t *testing.T) {
	within(t, func(w *world) {
		w.b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed})
		p, err := publish.New(w.wire().through(w.b, publish.ExactlyOnce))
		if err != nil {
			w.t.Fatal(err)
		}
		defer p.Close()
		if _, err := p.Publish(w.t.Context(), w.b.key, stream(400_000)); !errors.Is(err, publish.ErrAuth) {
			w.t.Errorf("error %v", err)
		}
	}) // fails where something of it still runs
}

// However long a burst has taken, its connections are in use at its end.
func TestConnectionsAreInUseAfterABurst(t *testing.T) {
	b := startBroker(t)
	tp := &tap{}
	p := newPublisher(t, tp.through(b, publish.ExactlyOnce))
	const n = 25_000
	if _, err := p.Publish(t.Context(), b.key, stallOnce(stream(n), n/2, func() { p.Age(time.Hour) })); err != nil {
		t.Fatal(err)
	}
	before := tp.dialed()
	if res, err := p.Publish(t.Context(), b.key, stream(n)); err != nil || !res.Skipped {
		t.Errorf("%+v, error %v", res, err)
	}
	if after := tp.dialed(); after != before {
		t.Errorf("%d connections were made anew", after-before)
	}
}
