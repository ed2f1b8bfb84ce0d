package publish_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

// setEndTxnCode gives an answer to EndTxn another error code.
func setEndTxnCode(r *tapped, code int16) {
	binary.BigEndian.PutUint16(r.body[4:], uint16(code)) // behind the throttle time
}

// codes with which a broker may answer a wish to commit that it has written, or that it
// will write: none of them says that nothing is in Kafka.
var codesInDoubt = []*kerr.Error{
	kerr.RequestTimedOut, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.UnknownServerError,
	kerr.CoordinatorLoadInProgress, kerr.ConcurrentTransactions, kerr.NotEnoughReplicas, kerr.NetworkException,
}

// A commit is written, and the broker's answer is an error. With the ledger, the publisher
// finds out that the burst is there.
func TestCommittedInSpiteOfTheAnswer(t *testing.T) {
	const n = 600
	for _, code := range codesInDoubt {
		t.Run(code.Message, func(t *testing.T) {
			withEachBroker(t, func(t *testing.T, b *broker) {
				var told atomic.Int32
				tp := &tap{response: func(r *tapped) bool {
					if r.key == kmsg.EndTxn && told.Add(1) == 1 {
						setEndTxnCode(r, code.Code)
					}
					return true
				}}
				res, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(n))
				if err != nil || res.Events != n || res.InDoubt != 0 || res.Revenue != stream(n).revenue() {
					t.Errorf("%+v, error %v", res, err)
				}
				b.read(t).expectOnce(t, n)
			})
		})
	}
}

// Where nobody can find out, the result says that the burst is in doubt.
func TestCommitInDoubt(t *testing.T) {
	const n = 600
	for name, d := range map[string]publish.Delivery{"transactional": publish.Transactional, "exactly-once": publish.ExactlyOnce} {
		for _, code := range codesInDoubt {
			t.Run(name+"/"+code.Message, func(t *testing.T) {
				t.Parallel()
				inVirtualTime(t, func(t *testing.T, b *broker) {
					var committed atomic.Bool
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					tp := &tap{
						request: func(*tapped) bool { return !committed.Load() }, // afterwards nothing gets through
						response: func(r *tapped) bool {
							if r.key == kmsg.EndTxn {
								committed.Store(true)
								time.AfterFunc(2*time.Second, cancel)
								setEndTxnCode(r, code.Code)
							}
							return true
						},
					}
					res, err := newPublisher(t, tp.through(b, d)).Publish(ctx, b.key, stream(n))
					if !committed.Load() {
						t.Fatal("there was no commit: the test shows nothing")
					}
					if !errors.Is(err, publish.ErrPartial) || res.InDoubt != n || res.Events != 0 {
						t.Errorf("%+v, error %v", res, err)
					}
					b.read(t).expectOnce(t, n)
				})
			})
		}
	}
}

// A commit whose answer is lost although it was never written: the burst is published anew.
func TestCommitLostOnItsWay(t *testing.T) {
	t.Parallel() // it waits most of the time
	waitingWithEachBroker(t, func(t *testing.T, b *broker) {
		const n = 600
		var sent atomic.Int32
		tp := &tap{request: func(r *tapped) bool { return r.key != kmsg.EndTxn || sent.Add(1) != 1 }}
		cfg := tp.through(b, publish.ExactlyOnce)
		res, err := newPublisher(t, cfg).Publish(t.Context(), b.key, stream(n))
		if err != nil || res.Events != n {
			t.Errorf("%+v, error %v", res, err)
		}
		b.read(t).expectOnce(t, n)
	})
}

// A broker that refuses to commit for a reason that proves that it has not leaves no doubt.
func TestRefusedCommitIsNoDoubt(t *testing.T) {
	const n = 600
	for _, code := range []*kerr.Error{kerr.InvalidProducerEpoch, kerr.ProducerFenced, kerr.InvalidTxnState, kerr.InvalidProducerIDMapping} {
		t.Run(code.Message, func(t *testing.T) {
			t.Parallel()
			b := startBroker(t)
			b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: code})
			res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n))
			if !errors.Is(err, publish.ErrFenced) || res.InDoubt != 0 || errors.Is(err, publish.ErrPartial) {
				t.Errorf("%+v, error %v", res, err)
			}
			if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n)); err != nil {
				t.Fatal(err)
			}
			b.read(t).expectOnce(t, n)
		})
	}
}

// Without a ledger nobody can find out, and the burst must not be published again.
func TestCommitInDoubtWithoutLedger(t *testing.T) {
	withEachBroker(t, func(t *testing.T, b *broker) {
		const n = 600
		tp := &tap{response: func(r *tapped) bool {
			if r.key == kmsg.EndTxn {
				setEndTxnCode(r, kerr.UnknownServerError.Code)
			}
			return true
		}}
		res, err := newPublisher(t, tp.through(b, publish.Transactional)).Publish(t.Context(), b.key, stream(n))
		if !errors.Is(err, publish.ErrPartial) || res.InDoubt != n || res.Events != 0 {
			t.Errorf("%+v, error %v", res, err)
		}
		b.read(t).expectOnce(t, n)
	})
}

// A commit is in doubt, and then another attempt has taken over: that one is left alone, and
// what became of the commit is for its ledger to say.
func TestCommitInDoubtAndFenced(t *testing.T) {
	b := startBroker(t)
	const n = 600
	var told, begun atomic.Int32
	tp := &tap{response: func(r *tapped) bool {
		switch r.key {
		case kmsg.InitProducerID:
			begun.Add(1)
		case kmsg.EndTxn:
			if told.Add(1) == 1 {
				setEndTxnCode(r, kerr.CoordinatorNotAvailable.Code)
			} else {
				setEndTxnCode(r, kerr.ProducerFenced.Code)
			}
		}
		return true
	}}
	res, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(n))
	if !errors.Is(err, publish.ErrFenced) || !errors.Is(err, publish.ErrPartial) || res.InDoubt != n || res.Events != 0 {
		t.Errorf("%+v, error %v", res, err)
	}
	if begun.Load() != 1 {
		t.Errorf("%d transactions were begun, want one", begun.Load())
	}
	b.read(t).expectOnce(t, n)
}

// A commit that is in doubt and was never written, while another attempt has published the burst: it is there,
// and it is the other one's.
func TestDoubtIsNotAnothersBurst(t *testing.T) {
	const n = 600
	b := startBroker(t)
	b.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) { // once
		res := req.ResponseKind().(*kmsg.EndTxnResponse)
		res.ErrorCode = kerr.UnknownServerError.Code
		return res, nil, true
	})
	var begun atomic.Int32
	tp := &tap{request: func(r *tapped) bool {
		if r.key == kmsg.InitProducerID && begun.Add(1) == 2 { // the look into the ledger begins
			res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n))
			if err != nil || res.Events != n {
				t.Errorf("the other attempt: %+v, error %v", res, err)
			}
		}
		return true
	}}
	res, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(n))
	if err != nil || !res.Skipped || res.Events != 0 {
		t.Errorf("%+v, error %v, want a burst that was skipped", res, err)
	}
	if begun.Load() < 2 {
		t.Error("there was no doubt: the test shows nothing")
	}
	b.read(t).expectOnce(t, n)
}
