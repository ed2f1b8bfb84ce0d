package publish

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/sale"
)

// plain is a burst of simple sales.
type plain int

func (n plain) Len() int               { return int(n) }
func (n plain) At(i int, s *sale.Sale) { *s = simple(i, 10) }

// A call takes the time that its context gives it, or two minutes where that says nothing, and tells
// what it took.
func TestTimeOfACall(t *testing.T) {
	for patience, want := range map[time.Duration]time.Duration{0: 2 * time.Minute, time.Second: time.Second, time.Hour: time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			p, err := New(Config{Brokers: []string{"broker:9092"}, Topic: "sales", Delivery: ExactlyOnce,
				Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("unreachable") }})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			ctx := t.Context()
			if patience > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, patience)
				defer cancel()
			}
			start := time.Now()
			res, err := p.Publish(ctx, Key{"online", 7}, plain(10))
			if took := time.Since(start); took != want || res.Duration != want || !errors.Is(err, ErrRetryable) {
				t.Errorf("after %v: %+v, error %v; want %v", took, res, err, want)
			}
		})
	}
}

// A burst that failed leaves no connection behind, whatever failed, over which something of it could
// be sent; one that succeeded leaves its connections to the next.
func TestConnectionsAfterACall(t *testing.T) {
	b, _, _ := beginning(t)
	p, err := New(Config{Brokers: b.ListenAddrs(), Topic: "sales", Delivery: ExactlyOnce})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Publish(t.Context(), Key{"online", 7}, plain(10)); err != nil || p.session.conn == nil {
		t.Errorf("connections %v, error %v", p.session.conn, err)
	}
	b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.TransactionalIDAuthorizationFailed})
	if _, err := p.Publish(t.Context(), Key{"online", 8}, plain(10)); !errors.Is(err, ErrAuth) || errors.Is(err, ErrPartial) || p.session.conn != nil {
		t.Errorf("connections %v, error %v", p.session.conn, err)
	}
}

// What needs no broker asks none: a burst without sales, and a key that is none where the level needs one.
func TestCallsThatAskNobody(t *testing.T) {
	for _, d := range []Delivery{Idempotent, Transactional, ExactlyOnce} {
		p, err := New(Config{Brokers: []string{"broker:9092"}, Topic: "sales", Delivery: d,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				t.Error("a broker is asked")
				return nil, errors.New("unreachable")
			}})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := p.Publish(t.Context(), Key{"online", 7}, plain(0)); err != nil || res.Events != 0 || res.Skipped {
			t.Errorf("no sales: %+v, %v", res, err)
		}
		if _, err := p.Publish(t.Context(), Key{"not a name", 7}, plain(0)); errors.Is(err, ErrInvalid) != (d != Idempotent) {
			t.Errorf("level %d, a key that is none: %v", d, err)
		}
		p.Close()
	}
}

// Without a producer id nothing is sent.
func TestNoProducerIDNoBatches(t *testing.T) {
	b, _, _ := beginning(t)
	b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.ClusterAuthorizationFailed})
	p, err := New(Config{Brokers: b.ListenAddrs(), Topic: "sales"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if res, err := p.Publish(t.Context(), Key{}, plain(10)); !errors.Is(err, ErrAuth) || res.Requests != 0 {
		t.Errorf("%+v, error %v", res, err)
	}
}

// In doubt are the batches that were, and the first while it is in flight.
func TestQueueKnowsWhatIsInDoubt(t *testing.T) {
	q := partitionQueue{batches: []*batch{{count: 1}, {count: 10}, {count: 100}}}
	if n := q.inDoubt(); n != 0 {
		t.Errorf("%d are in doubt before anything is sent", n)
	}
	q.inFlight = true
	if n := q.inDoubt(); n != 1 {
		t.Errorf("%d are in doubt, 1 is in flight", n)
	}
	q.batches[2].doubtful = true
	if n := q.inDoubt(); n != 101 {
		t.Errorf("%d are in doubt, want 101", n)
	}
}

// A burst of which a part is there, or in doubt, was not published whole.
func TestPartOfABurst(t *testing.T) {
	const n = 20_000
	for _, c := range []struct {
		code    *kerr.Error
		stored  int32 // requests, before
		inDoubt bool
	}{{kerr.PolicyViolation, 1, false}, {kerr.UnknownServerError, 0, true}, {kerr.UnknownServerError, 1, true}} {
		b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "sales"))
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		var requests atomic.Int32
		b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
			b.KeepControl()
			if requests.Add(1) <= c.stored {
				return nil, nil, false
			}
			return kafkatest.ProduceResponse(req.(*kmsg.ProduceRequest), c.code.Code), nil, true
		})
		p, err := New(Config{Brokers: b.ListenAddrs(), Topic: "sales"})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		res, err := p.Publish(t.Context(), Key{}, plain(n))
		if !errors.Is(err, ErrPartial) || res.Events > 0 != (c.stored > 0) || res.Events == n || res.InDoubt > 0 != c.inDoubt {
			t.Errorf("%+v, error %v", res, err)
		}
	}
}
