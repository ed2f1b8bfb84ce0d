package publish_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"salesburst/shared/publish"
)

// The broker that is asked for the ledger answers as it was before the burst.
func TestLedgerToldFromThePast(t *testing.T) {
	withEachBroker(t, func(t *testing.T, b *broker) {
		const n = 2_000
		if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n)); err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int32
		tp := &tap{response: func(r *tapped) bool {
			if r.key != kmsg.OffsetFetch || asked.Add(1) > 1 {
				return true
			}
			res := kmsg.OffsetFetchResponse{Version: r.version}
			r.parse(t, &res)
			for _, topic := range res.Topics {
				for p := range topic.Partitions {
					topic.Partitions[p].Offset, topic.Partitions[p].Metadata = -1, kmsg.StringPtr("")
				}
			}
			r.body = res.AppendTo(nil)
			return true
		}}
		res, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(n))
		if err != nil || !res.Skipped || res.Events != 0 {
			t.Errorf("%+v, error %v", res, err)
		}
		if asked.Load() < 2 {
			t.Error("the ledger was asked for once: the test shows nothing")
		}
		b.read(t).expectOnce(t, n)
	})
}

// The first question is for what is stable, and what is not yet is asked for again.
func TestUnstableLedgerIsAskedAgain(t *testing.T) {
	b := startBroker(t)
	if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(10)); err != nil {
		t.Fatal(err)
	}
	var stable atomic.Int32
	b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnstableOffsetCommit, Count: 3, When: func(r kmsg.Request) bool {
		if r.(*kmsg.OffsetFetchRequest).RequireStable {
			stable.Add(1)
			return true
		}
		return false
	}})
	res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(10))
	if err != nil || !res.Skipped {
		t.Errorf("%+v, error %v", res, err)
	}
	if stable.Load() < 3 {
		t.Errorf("%d questions asked for what is stable, want 3 or more", stable.Load())
	}
	b.read(t).expectOnce(t, 10)
}

// The ledger moves to another broker in the middle of a burst.
func TestLedgerMovesMidBurst(t *testing.T) {
	b := startBroker(t)
	const n = 25_000
	before := b.CoordinatorFor(ledgerOf(b.key))
	_, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stallOnce(stream(n), 0, func() {
		for range 50 { // one of two brokers, drawn
			if b.RehashCoordinators(); b.CoordinatorFor(ledgerOf(b.key)) != before {
				return
			}
		}
		t.Error("the coordinator stayed: the test shows nothing")
	}))
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n))
	if err != nil || !res.Skipped {
		t.Errorf("%+v, error %v", res, err)
	}
	b.read(t).expectOnce(t, n)
}

// Brokers that the ledger was not made for are refused with a sentence, and do for what
// needs no ledger.
func TestOldBrokersAreRefused(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		b := startBroker(t, kfake.MaxVersions(kversion.V3_9_0()))
		res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(600))
		if d != publish.ExactlyOnce {
			if err != nil {
				t.Fatal(err)
			}
			b.read(t).expectOnce(t, 600)
			return
		}
		if !errors.Is(err, publish.ErrUnsupported) || !strings.Contains(err.Error(), "4.0") || res.Events != 0 || res.InDoubt != 0 {
			t.Errorf("%+v, error %v", res, err)
		}
		if got := len(b.RecordsUncommitted(t)); got != 0 {
			t.Errorf("%d sales were written", got)
		}
	})
}

// One broker of two is old, as while a cluster is upgraded, and it has the ledger.
func TestOldBrokerHasTheLedger(t *testing.T) {
	b := startBroker(t)
	old := b.CoordinatorFor(ledgerOf(b.key))
	modern := &tap{}
	aged := &tap{response: func(r *tapped) bool {
		if r.key == kmsg.ApiVersions {
			res := kmsg.ApiVersionsResponse{Version: r.version}
			r.parse(t, &res)
			for i := range res.ApiKeys {
				if res.ApiKeys[i].ApiKey == int16(kmsg.ListOffsets) {
					res.ApiKeys[i].MaxVersion = 9 // Kafka 3.9
				}
			}
			r.body = res.AppendTo(nil)
		}
		return true
	}}
	cfg, other := modern.through(b, publish.ExactlyOnce), aged.through(b, publish.ExactlyOnce)
	dial := cfg.Dial
	cfg.Brokers = []string{b.Addrs[1-old]}
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, _ := net.SplitHostPort(address)
		_, want, _ := net.SplitHostPort(b.Addrs[old])
		if port == want {
			return other.Dial(ctx, network, address)
		}
		return dial(ctx, network, address)
	}
	res, err := newPublisher(t, cfg).Publish(t.Context(), b.key, stream(300))
	if !errors.Is(err, publish.ErrUnsupported) {
		t.Errorf("%+v, error %v", res, err)
	}
}
