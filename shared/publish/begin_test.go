package publish_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

// Batches of a transaction say which it is: brokers ask its coordinator whether it goes on.
func TestBatchesNameTheirTransaction(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		b := startBroker(t)
		var batches atomic.Int32
		tp := &tap{request: func(r *tapped) bool {
			if r.key != kmsg.Produce {
				return true
			}
			batches.Add(1)
			req := kmsg.ProduceRequest{Version: r.version}
			r.parse(t, &req)
			if id := req.TransactionID; d == publish.Idempotent && id != nil || d != publish.Idempotent && (id == nil || *id != ledgerOf(b.key)) {
				t.Errorf("a batch of transaction %v", id)
			}
			return true
		}}
		if _, err := newPublisher(t, tp.through(b, d)).Publish(t.Context(), b.key, stream(600)); err != nil || batches.Load() == 0 {
			t.Errorf("%d batches, error %v", batches.Load(), err)
		}
	})
}

// An attempt that fails before the broker has anything of it takes nothing back.
func TestNothingIsTakenBackWhereNothingBegan(t *testing.T) {
	b := startBroker(t)
	b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.GroupAuthorizationFailed})
	var added, begun atomic.Int32
	tp := countTransactions(&begun, &added)
	_, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(600))
	if !errors.Is(err, publish.ErrAuth) || added.Load() != 0 || begun.Load() != 1 {
		t.Errorf("%d transactions begun, partitions added %d times, error %v", begun.Load(), added.Load(), err)
	}
}

// Between an attempt's transactions there is a pause.
func TestPauseBeforeBeginningAnew(t *testing.T) {
	within(t, func(w *world) {
		var refused, again time.Time
		wr := w.wire()
		wr.onResponse = func(key kmsg.Key, i int, version int16, b []byte) ([]byte, bool) {
			if key == kmsg.EndTxn && i == 1 {
				b, refused = answering(key, version, b, kerr.UnknownServerError.Code), time.Now()
			}
			return b, true
		}
		wr.onRequest = func(key kmsg.Key, i int) bool {
			if key == kmsg.InitProducerID && i == 2 {
				again = time.Now()
			}
			return true
		}
		if o := w.attempt(w.t.Context(), wr, time.Minute); o.err != nil || o.res.Events != faultSales {
			w.t.Errorf("%+v, error %v", o.res, o.err)
		}
		if pause := again.Sub(refused); pause < 50*time.Millisecond {
			w.t.Errorf("the next transaction begins after %v", pause)
		}
	})
}

// A transaction has to begin anew, and the broker says that this cannot be: that is the error.
func TestBeginningAnewIsRefused(t *testing.T) {
	b := startBroker(t)
	if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(10)); err != nil {
		t.Fatal(err)
	}
	var asked, verified, refused atomic.Int32
	tp := &tap{response: func(r *tapped) bool {
		switch r.key {
		case kmsg.OffsetFetch:
			if asked.Add(1) == 1 { // as it was before the burst
				r.body = answering(r.key, r.version, r.body, 0)
			} else {
				verified.Store(1)
			}
		case kmsg.Metadata:
			if verified.Load() == 1 && refused.CompareAndSwap(0, 1) {
				var res kmsg.MetadataResponse
				res.SetVersion(r.version)
				r.parse(t, &res)
				for i := range res.Topics {
					res.Topics[i].ErrorCode, res.Topics[i].Partitions = kerr.TopicAuthorizationFailed.Code, nil
				}
				r.body = res.AppendTo(nil)
			}
		}
		return true
	}}
	res, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(10))
	if !errors.Is(err, publish.ErrAuth) || !strings.Contains(err.Error(), b.Topic) || res.Events != 0 {
		t.Errorf("%+v, error %v", res, err)
	}
	if asked.Load() != 2 || refused.Load() != 1 {
		t.Errorf("the ledger was asked for %d times: the test shows nothing", asked.Load())
	}
	b.read(t).expectOnce(t, 10)
}

// The result of a doubt that is settled in the last moment counts the requests of the tries before, too.
func TestRequestsCountWhereDoubtIsSettled(t *testing.T) {
	const patience = 3 * time.Second
	within(t, func(w *world) {
		w.b.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) { // once
			res := req.ResponseKind().(*kmsg.EndTxnResponse)
			res.ErrorCode = kerr.UnknownServerError.Code
			return res, nil, true
		})
		wr := w.wire()
		wr.onResponse = func(key kmsg.Key, i int, _ int16, b []byte) ([]byte, bool) {
			if key == kmsg.EndTxn && i == 2 {
				time.Sleep(patience) // nobody hears of it before
				return b, false
			}
			return b, true
		}
		o := w.attempt(w.t.Context(), wr, patience)
		if o.err != nil || o.res.Skipped || o.res.Events != faultSales {
			w.t.Errorf("%+v, error %v", o.res, o.err)
		}
		wr.mu.Lock()
		sent, wishes := wr.count[kmsg.Produce], wr.count[kmsg.EndTxn]
		wr.mu.Unlock()
		if o.res.Requests != sent || wishes != 2 {
			w.t.Errorf("%d requests were sent, the result says %d; %d wishes to commit", sent, o.res.Requests, wishes)
		}
		time.Sleep(patience) // what is held back ends
	})
}
