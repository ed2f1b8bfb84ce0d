package publish_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// What the idempotent producer is for: another client without it, over the same network
// that loses answers, stores doubles and does not know.
func TestLostAcknowledgementWithoutIdempotence(t *testing.T) {
	b := realBroker(t)
	const n = 2_000
	dial := lossy(b.config(publish.Idempotent), 20_000).Dial
	client := b.via(dial).Dial(t, kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.DefaultProduceTopic(b.Topic))
	var s sale.Sale
	var failed atomic.Int32
	for i := range n {
		stream(n).At(i, &s)
		client.Produce(t.Context(), &kgo.Record{Key: []byte(s.CustomerID.String()), Value: s.AppendJSON(nil), Timestamp: time.UnixMilli(int64(s.Timestamp))},
			func(_ *kgo.Record, err error) {
				if err != nil {
					failed.Add(1)
				}
			})
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(b.read(t)); failed.Load() != 0 || got <= n {
		t.Errorf("%d sales are stored of %d, %d failed: no doubles, so the test of the idempotent producer shows nothing", got, n, failed.Load())
	}
}

func TestLeaderMovesMidBurst(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		const tries = 5 // a busy machine may lose the connection first, and then the new leaders are known
		for range tries {
			b := startBroker(t)
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, stallOnce(stream(40_000), 30_000, func() {
				for p := range int32(partitions) {
					if err := b.MoveTopicPartition(b.Topic, p, 1-b.LeaderFor(b.Topic, p)); err != nil {
						t.Error(err)
					}
				}
			}))
			if err != nil {
				t.Fatal(err)
			}
			b.read(t).expectOnce(t, 40_000)
			if res.Retries > 0 {
				return
			}
		}
		t.Errorf("no batch went to an old leader in %d bursts: the test shows nothing", tries)
	})
}

// Nobody can be reached for a minute, by a clock that is not the machine's.
func TestNobodyThereForAMinute(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *broker) {
		cfg := b.config(publish.ExactlyOnce)
		var mu sync.Mutex
		var open []net.Conn
		gone := false
		cfg.Dial = func(ctx context.Context, kind, address string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			if gone {
				return nil, errors.New("unreachable")
			}
			c, err := b.Dialer(ctx, kind, address)
			open = append(open, c)
			return c, err
		}
		p := newPublisher(t, cfg)
		start := time.Now()
		_, err := p.Publish(t.Context(), b.key, stallOnce(stream(25_000), 12_000, func() {
			mu.Lock()
			defer mu.Unlock()
			gone = true
			for _, c := range open {
				c.Close()
			}
			time.AfterFunc(time.Minute, func() { mu.Lock(); gone = false; mu.Unlock() })
		}))
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < time.Minute {
			t.Errorf("the burst was there after %v: the test shows nothing", took)
		}
		p.Close()
		b.read(t).expectOnce(t, 25_000)
	})
}

func TestCredentialsRotatedMidBurst(t *testing.T) {
	b := startBroker(t)
	var rotated atomic.Bool
	b.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		if !rotated.Load() {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		res.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return res, nil, true
	})
	cfg := b.config(publish.ExactlyOnce)
	var mu sync.Mutex
	var open []net.Conn
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		mu.Lock()
		defer mu.Unlock()
		open = append(open, c)
		return c, err
	}
	_, err := newPublisher(t, cfg).Publish(t.Context(), b.key, stallOnce(stream(25_000), 12_000, func() {
		rotated.Store(true)
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close() // as the cloud does with those of a revoked key
		}
	}))
	if !errors.Is(err, publish.ErrAuth) {
		t.Errorf("error %v, want ErrAuth", err)
	}
	rotated.Store(false) // the function has read the new secret
	if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(25_000)); err != nil {
		t.Fatal(err)
	}
	b.read(t).expectOnce(t, 25_000)
}

func TestTopicDeletedMidBurst(t *testing.T) {
	t.Parallel() // it waits most of the time
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		waitingWithEachBroker(t, func(t *testing.T, b *broker) {
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, stallOnce(stream(40_000), 20_000, func() { b.DeleteTopic(t) }))
			if !errors.Is(err, publish.ErrUnknownTopic) {
				t.Errorf("error %v, want ErrUnknownTopic", err)
			}
			if d != publish.Idempotent && res.Events != 0 {
				t.Errorf("%d events of a burst that failed", res.Events)
			}
		})
	})
}

// One partition of six refuses, for a while or for good.
func TestOnePartitionRefuses(t *testing.T) {
	const n = 25_000
	refusing := func(b *broker, err *kerr.Error, times int) *kfake.FaultHandle {
		return b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: b.Topic, Partitions: []int32{3}, Err: err, Count: times})
	}
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		t.Run("for a while", func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *broker) {
				refusing(b, kerr.NotEnoughReplicas, 4)
				res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n))
				if err != nil {
					t.Fatal(err)
				}
				if res.Retries != 4 {
					t.Errorf("%d batches were sent again, want 4", res.Retries)
				}
				b.read(t).expectOnce(t, n)
			})
		})
		t.Run("for good", func(t *testing.T) {
			b := startBroker(t)
			fault := refusing(b, kerr.PolicyViolation, -1)
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n))
			if err == nil || d != publish.Idempotent && res.Events != 0 {
				t.Errorf("%+v, error %v", res, err)
			}
			if got := len(b.read(t)); got < res.Events || got > res.Events+res.InDoubt {
				t.Errorf("%d sales are seen; the result says %d and %d in doubt", got, res.Events, res.InDoubt)
			}
			fault.Remove()
			if d == publish.Idempotent {
				return
			}
			if _, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n)); err != nil {
				t.Fatal(err)
			}
			b.read(t).expectOnce(t, n)
		})
	})
}

// The broker's clock or ours is a day off.
func TestClockSkewed(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		now := time.Now()
		t.Run("ahead", func(t *testing.T) {
			b := realBroker(t)
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, atTime{stream(2000), now.Add(24 * time.Hour)})
			if err == nil || res.Events != 0 || !strings.Contains(err.Error(), "compare the clocks") {
				t.Errorf("%+v, error %v", res, err)
			}
			if got := len(b.read(t)); got != 0 {
				t.Errorf("%d sales are stored", got)
			}
		})
		t.Run("behind", func(t *testing.T) {
			b := realBroker(t)
			burst := atTime{stream(2000), now.Add(-24 * time.Hour)}
			if _, err := b.publisher(t, d).Publish(t.Context(), b.key, burst); err != nil {
				t.Fatal(err)
			}
			b.read(t).expect(t, burst)
		})
	})
}

// The deadline comes in the middle of a burst: nothing of it is seen, and the next
// attempt makes it whole.
func TestDeadlineMidBurst(t *testing.T) {
	t.Parallel() // it waits most of the time
	waitingWithEachBroker(t, func(t *testing.T, b *broker) {
		const n = 40_000
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		res, err := b.publisher(t, publish.ExactlyOnce).Publish(ctx, b.key, stallOnce(stream(n), 30_000, func() { <-ctx.Done() }))
		if !errors.Is(err, context.DeadlineExceeded) || res.Events != 0 {
			t.Errorf("%+v, error %v", res, err)
		}
		if got := len(b.read(t)); got != 0 {
			t.Errorf("%d sales of a burst that failed", got)
		}
		if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n)); err != nil {
			t.Fatal(err)
		}
		b.read(t).expectOnce(t, n)
	})
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dialer is how the broker is reached.
func (b *broker) dialer() dialer {
	if b.Dialer != nil {
		return b.Dialer
	}
	return (&net.Dialer{}).DialContext
}

// via is the broker, reached by another dialer.
func (b *broker) via(dial dialer) *broker {
	other := *b.Broker
	other.Dialer = dial
	return &broker{&other, b.key, b.parts}
}
