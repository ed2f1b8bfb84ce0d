package publish_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

func fault(key kmsg.Key, err *kerr.Error) kfake.Fault {
	return kfake.Fault{Keys: []kmsg.Key{key}, Err: err, Count: 2}
}

// What Kafka calls retryable is tried again, in each request of a transaction.
func TestRetryableAnswers(t *testing.T) {
	codes := []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.ConcurrentTransactions}
	for name, c := range map[string]struct {
		key   kmsg.Key
		codes []*kerr.Error
	}{
		"InitProducerID":     {kmsg.InitProducerID, codes},
		"OffsetFetch":        {kmsg.OffsetFetch, append(codes[:3:3], kerr.UnstableOffsetCommit)},
		"AddPartitionsToTxn": {kmsg.AddPartitionsToTxn, append(codes[:4:4], kerr.UnknownTopicOrPartition)},
		"AddOffsetsToTxn":    {kmsg.AddOffsetsToTxn, codes},
		"TxnOffsetCommit":    {kmsg.TxnOffsetCommit, append(codes[:3:3], kerr.UnknownTopicOrPartition, kerr.RequestTimedOut)},
		"EndTxn":             {kmsg.EndTxn, codes},
	} {
		for _, code := range c.codes {
			t.Run(name+"/"+code.Message, func(t *testing.T) {
				t.Parallel()
				b := startBroker(t)
				h := b.Fault(fault(c.key, code))
				res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(600))
				if err != nil || res.Events != 600 {
					t.Errorf("%+v, error %v", res, err)
				}
				if h.Hits() != 2 {
					t.Errorf("%d answers were %s, want 2", h.Hits(), code.Message)
				}
				b.read(t).expectOnce(t, 600)
			})
		}
	}
}

// A topic that gets partitions in the middle of a burst takes the burst in those that it had.
func TestPartitionsAddedMidBurst(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		b := startBroker(t)
		const n = 40_000
		res, err := b.publisher(t, d).Publish(t.Context(), b.key, stallOnce(stream(n), 30_000, func() {
			if _, err := b.Admin(t).UpdatePartitions(t.Context(), partitions+2, b.Topic); err != nil {
				t.Error(err)
			}
			for p := range int32(partitions) { // so that it has to know who leads now
				if err := b.MoveTopicPartition(b.Topic, p, 1-b.LeaderFor(b.Topic, p)); err != nil {
					t.Error(err)
				}
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if res.Partitions > partitions { // where this takes seconds, kafka-go knows of the leaders before they are asked for
			t.Errorf("%+v: new partitions are used", res)
		}
		b.read(t).expectOnce(t, n)
	})
}

// Connections that are lost when the credentials were sent are no refusal, at the start and
// later, until there is nothing else.
func TestConnectionsLostDuringLogin(t *testing.T) {
	for name, c := range map[string]struct {
		lost int32
		kind error
	}{
		"once": {1, nil}, "four times": {4, nil}, "always": {1 << 20, publish.ErrAuth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inVirtualTime(t, func(t *testing.T, b *broker) {
				var logins atomic.Int32
				tp := &tap{response: func(r *tapped) bool { return r.key != kmsg.SASLAuthenticate || logins.Add(1) > c.lost }}
				_, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(t.Context(), b.key, stream(600))
				if !errors.Is(err, c.kind) {
					t.Errorf("error %v, want %v", err, c.kind)
				}
			})
		})
	}
}

func TestConnectionLostDuringLoginMidBurst(t *testing.T) {
	b := startBroker(t)
	const n = 40_000
	var lose, lost atomic.Bool
	tp := &tap{response: func(r *tapped) bool {
		if r.key == kmsg.Produce && lose.CompareAndSwap(true, false) {
			lost.Store(true)
			return false
		}
		return r.key != kmsg.SASLAuthenticate || !lost.CompareAndSwap(true, false)
	}}
	p := newPublisher(t, tp.through(b, publish.ExactlyOnce))
	res, err := p.Publish(t.Context(), b.key, stallOnce(stream(n), 20_000, func() { lose.Store(true) }))
	if err != nil || res.Retries == 0 {
		t.Errorf("%+v, error %v", res, err)
	}
	b.read(t).expectOnce(t, n)
}

// After a failure nothing dials any more.
func TestNothingDialsAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := publish.Config{Brokers: []string{"broker:9092"}, Topic: "sales-1", Beside: "beside", Delivery: publish.ExactlyOnce}
		var dials atomic.Int32
		cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
			dials.Add(1)
			return nil, errors.New("unreachable")
		}
		p := newPublisher(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := p.Publish(ctx, publish.Key{Series: "sales-1"}, stream(10)); !errors.Is(err, publish.ErrRetryable) {
			t.Errorf("error %v", err)
		}
		if dials.Swap(0) == 0 {
			t.Error("nobody dialed: the test shows nothing")
		}
		time.Sleep(10 * time.Minute)
		if n := dials.Load(); n != 0 {
			t.Errorf("%d dials after the end", n)
		}
	})
}

// Nor after one in the middle of a burst, when requests are on their way.
func TestNothingDialsAfterAFailureMidBurst(t *testing.T) {
	inVirtualTime(t, testNothingDialsAfterAFailureMidBurst)
}

func testNothingDialsAfterAFailureMidBurst(t *testing.T, b *broker) {
	tp := &tap{response: func(r *tapped) bool { return r.key != kmsg.Produce }}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	p := newPublisher(t, tp.through(b, publish.ExactlyOnce))
	if _, err := p.Publish(ctx, b.key, stream(25_000)); !errors.Is(err, publish.ErrRetryable) {
		t.Errorf("error %v", err)
	}
	p.Close()
	before := tp.dialed()
	time.Sleep(3 * time.Second) // kafka-go's pauses are shorter
	if n := tp.dialed() - before; n != 0 {
		t.Errorf("%d dials after the end", n)
	}
}

// A call that waits for another's end has a deadline of its own.
func TestWaitingCallObeysItsDeadline(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *broker) {
		p := b.publisher(t, publish.Idempotent)
		began, done := make(chan struct{}), make(chan error)
		go func() {
			_, err := p.Publish(t.Context(), b.key, stallOnce(stream(600), 0, func() { close(began); time.Sleep(30 * time.Second) }))
			done <- err
		}()
		<-began
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := p.Publish(ctx, b.key, stream(600))
		if took := time.Since(start); took != 200*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, publish.ErrRetryable) {
			t.Errorf("after %v: %v", took, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		p.Close()
	})
}

// Connections that were idle for long are not trusted: what is between us and the broker may
// have dropped them, and a process that was frozen has not noticed.
func TestIdleConnectionsAreNotTrusted(t *testing.T) {
	b := startBroker(t)
	var old, used atomic.Int32
	tp := &tap{request: func(r *tapped) bool {
		if int32(r.conn) > old.Load() {
			return true
		}
		used.Add(1)
		return false // dropped without a word
	}}
	p := newPublisher(t, tp.through(b, publish.ExactlyOnce))
	if _, err := p.Publish(t.Context(), b.key, stream(600)); err != nil {
		t.Fatal(err)
	}
	p.Age(time.Minute)
	old.Store(int32(tp.dialed()))
	if _, err := p.Publish(t.Context(), publish.Key{Series: b.Topic, Number: b.key.Number + 1}, stream(600)); err != nil {
		t.Fatal(err)
	}
	if n := used.Load(); n != 0 {
		t.Errorf("%d requests went over connections of before", n)
	}
}

// A partition that has no leader when the burst begins gets its events when it has one.
func TestPartitionWithoutLeader(t *testing.T) {
	b := startBroker(t)
	var answers atomic.Int32
	tp := &tap{response: func(r *tapped) bool {
		if r.key != kmsg.Metadata || answers.Add(1) > 2 {
			return true
		}
		var res kmsg.MetadataResponse
		res.SetVersion(r.version)
		r.parse(t, &res)
		for i := range res.Topics {
			for j := range res.Topics[i].Partitions {
				if p := &res.Topics[i].Partitions[j]; p.Partition == 3 {
					p.Leader, p.ErrorCode = -1, kerr.LeaderNotAvailable.Code
				}
			}
		}
		r.body = res.AppendTo(nil)
		return true
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(ctx, b.key, stream(600)); err != nil {
		t.Fatal(err)
	}
	if answers.Load() < 3 {
		t.Error("the leaders were not asked for again: the test shows nothing")
	}
	b.read(t).expectOnce(t, 600)
}

// What a broker refuses for a while is not asked for again at once, but after pauses that grow.
func TestPausesBetweenTries(t *testing.T) {
	for key, code := range map[kmsg.Key]*kerr.Error{
		kmsg.AddPartitionsToTxn: kerr.ConcurrentTransactions,
		kmsg.TxnOffsetCommit:    kerr.CoordinatorLoadInProgress,
		kmsg.Produce:            kerr.NotEnoughReplicas,
	} {
		t.Run(key.Name(), func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *broker) {
				var mu sync.Mutex
				var answered []time.Time
				tp := &tap{
					request: func(r *tapped) bool {
						mu.Lock()
						defer mu.Unlock()
						if n := len(answered); r.key == key && n > 0 {
							if pause, want := time.Since(answered[n-1]), 50*time.Millisecond<<(n-1); pause < want {
								t.Errorf("try %d comes after %v, want %v or more", n+1, pause, want)
							}
						}
						return true
					},
					response: func(r *tapped) bool {
						mu.Lock()
						defer mu.Unlock()
						if r.key != key {
							return true
						}
						if len(answered) < 3 {
							r.body = answering(r.key, r.version, r.body, code.Code)
						}
						answered = append(answered, time.Now())
						return true
					},
				}
				if _, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publisher.Publish(t.Context(), b.key, stream(1)); err != nil {
					t.Fatal(err)
				}
				if len(answered) != 4 {
					t.Errorf("%d answers, want 4", len(answered))
				}
				stored(b.Records(t)).expectOnce(t, 1)
			})
		})
	}
}

// A leader that says of a batch that it has it already has it.
func TestDuplicateIsThere(t *testing.T) {
	b := startBroker(t)
	var answers atomic.Int32
	tp := &tap{response: func(r *tapped) bool {
		if r.key == kmsg.Produce {
			answers.Add(1)
			r.body = answering(r.key, r.version, r.body, kerr.DuplicateSequenceNumber.Code)
		}
		return true
	}}
	res, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publisher.Publish(t.Context(), b.key, stream(1))
	if err != nil || res.Events != 1 || answers.Load() != 1 {
		t.Errorf("%+v, error %v, %d answers", res, err, answers.Load())
	}
	stored(b.Records(t)).expectOnce(t, 1)
}
