package publish_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
)

// Until the commit readers find neither the burst nor what is beside it, and then both.
func TestBesideIsSeenWithTheBurst(t *testing.T) {
	for _, name := range []string{"transactional", "exactly-once"} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t)
			var seen atomic.Int32
			tp := &tap{request: func(r *tapped) bool {
				if r.key == kmsg.EndTxn {
					for _, topic := range []string{b.Topic, b.Beside} {
						if all, err := b.Admin(t).ListEndOffsets(t.Context(), topic); err != nil || all.Error() != nil || total(all) == 0 {
							t.Errorf("topic %s has nothing before the commit, error %v: the test shows nothing", topic, err)
						}
						committed, err := b.Admin(t).ListCommittedOffsets(t.Context(), topic)
						if err != nil || total(committed) != 0 {
							t.Errorf("topic %s is read before the commit: %v", topic, err)
						}
						seen.Add(1)
					}
				}
				return true
			}}
			if _, err := newPublisher(t, tp.through(b, levels[name])).Publish(t.Context(), b.key, stream(600)); err != nil {
				t.Fatal(err)
			}
			b.read(t).expectOnce(t, 600)
			if seen.Load() != 2 {
				t.Error("nobody looked: the test shows nothing")
			}
		})
	}
}

func total(of kadm.ListedOffsets) (sum int64) {
	of.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	return sum
}

// Without the topic beside it a burst is as it would be otherwise, and the result says what is missing.
func TestTopicBesideIsMissing(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		withEachBroker(t, func(t *testing.T, b *broker) {
			cfg := b.config(d)
			cfg.Beside = "somebody-elses" // real Kafka does not tell who may not see it whether it is there
			for i, n := range []stream{600, 0} {
				key := publish.Key{Series: b.Topic, Number: int64(i)}
				res, err := newPublisher(t, cfg).Publish(t.Context(), key, n)
				if err != nil || res.Events != int(n) || res.Beside != 0 || !strings.Contains(fmt.Sprint(res.NoBeside), "topic somebody-elses") {
					t.Errorf("%+v, error %v", res, err)
				}
			}
			stored(b.Records(t)).expectOnce(t, 600)
		})
	})
}

// A topic beside the burst that may be seen and not written to is an error that names it.
func TestNoRightToWriteBeside(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		b := realBroker(t)
		cfg := b.config(d)
		cfg.Beside = b.Topic + "-read-only"
		admin := b.Admin(t)
		if err := admin.CreateTopic(t.Context(), cfg.Beside, 1, 1); err != nil {
			t.Fatal(err)
		}
		rights := kadm.NewACLs().Topics(cfg.Beside).Operations(kadm.OpDescribe).ResourcePatternType(kadm.ACLPatternLiteral)
		if err := admin.Allow(t.Context(), devenv.Producer, rights); err != nil {
			t.Fatal(err)
		}
		for {
			res, err := newPublisher(t, cfg).Publish(t.Context(), b.key, stream(600))
			if err == nil && res.NoBeside != nil { // the broker has not heard of the right to see it yet
				b.key.Number++
				continue
			}
			if !errors.Is(err, publish.ErrAuth) || errors.Is(err, publish.ErrPartial) || res.Events != 0 || !strings.Contains(err.Error(), cfg.Beside) {
				t.Errorf("%+v, error %v", res, err)
			}
			return
		}
	})
}

// A burst of which no sale is left is known by the ledger where something is beside it.
func TestOnlyBeside(t *testing.T) {
	withEachBroker(t, func(t *testing.T, b *broker) {
		p := b.publisher(t, publish.ExactlyOnce)
		for i := range 2 {
			res, err := p.Publish(t.Context(), b.key, stream(0))
			if err != nil || res.Skipped != (i == 1) || res.Events != 0 || res.Beside != 2*(1-i) {
				t.Errorf("attempt %d: %+v, error %v", i, res, err)
			}
		}
		if n := len(b.RecordsBeside(t)); n != 2 {
			t.Errorf("%d records are beside the burst", n)
		}
	})
}

// What leaders say of records beside the burst is heard as what they say of sales, under the right number.
func TestBesideIsRefused(t *testing.T) {
	refusing := func(b *broker, err *kerr.Error, times int) {
		b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: b.Beside, Err: err, Count: times})
	}
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		t.Run("for a while", func(t *testing.T) {
			b := startBroker(t)
			refusing(b, kerr.NotEnoughReplicas, 3)
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(600))
			if err != nil || res.Retries < 2 || res.Events != 600 {
				t.Errorf("%+v, error %v", res, err)
			}
			b.read(t).expectOnce(t, 600)
			if n := b.besides(t); n != 600 {
				t.Errorf("the records beside the burst are of %d sales", n)
			}
		})
		t.Run("for good", func(t *testing.T) {
			b := startBroker(t)
			refusing(b, kerr.PolicyViolation, -1)
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(600))
			if err == nil || !strings.Contains(err.Error(), "of topic "+b.Beside) || res.Events != 0 || errors.Is(err, publish.ErrPartial) {
				t.Errorf("%+v, error %v", res, err)
			}
			if n := len(b.read(t)); n != 0 {
				t.Errorf("%d sales are there", n)
			}
		})
		t.Run("too large", func(t *testing.T) {
			b := startBroker(t)
			refusing(b, kerr.MessageTooLarge, -1)
			_, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(600))
			if !errors.Is(err, publish.ErrTooLarge) || !strings.Contains(err.Error(), "of topic "+b.Beside) {
				t.Errorf("error %v", err)
			}
		})
	})
}

// The topic beside the burst is deleted while it is written to.
func TestTopicBesideDeletedMidBurst(t *testing.T) {
	inVirtualTime(t, testTopicBesideDeletedMidBurst)
}

func testTopicBesideDeletedMidBurst(t *testing.T, b *broker) {
	beside := *b.Broker
	beside.Topic = b.Beside
	const n = 40_000
	_, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stallOnce(stream(n), 1, func() { beside.DeleteTopic(t) }))
	if !errors.Is(err, publish.ErrUnknownTopic) || !strings.Contains(err.Error(), b.Beside) {
		t.Errorf("error %v", err)
	}
	res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n))
	if err != nil || res.NoBeside == nil {
		t.Errorf("%+v, error %v", res, err)
	}
	stored(b.Records(t)).expectOnce(t, n)
}

// More than fits into one batch comes in several, each record where its key belongs, in its order.
func TestMuchBeside(t *testing.T) {
	withEachBroker(t, func(t *testing.T, b *broker) {
		var all []publish.Record
		for i := range 40 {
			all = append(all, publish.Record{Key: fmt.Append(nil, i%3), Value: []byte(strings.Repeat(fmt.Sprint(i), 100_000)),
				Time: time.UnixMilli(int64(1_790_000_000_000 - i))})
		}
		res, err := b.publisher(t, publish.ExactlyOnce).Publisher.Publish(t.Context(), b.key, stream(10), all...)
		if err != nil || res.Beside != len(all) || res.Events != 10 || res.Partitions > 6 {
			t.Fatalf("%+v, error %v", res, err)
		}
		last, seen := make(map[string]int64), 0
		for _, r := range b.RecordsBeside(t) {
			i := 1_790_000_000_000 - r.Timestamp.UnixMilli()
			if before, has := last[string(r.Key)]; has && before >= i {
				t.Errorf("record %d stands behind record %d", i, before)
			}
			last[string(r.Key)] = i
			if want := all[i]; string(r.Key) != string(want.Key) || string(r.Value) != string(want.Value) {
				t.Errorf("record %d has key %s and another value", i, r.Key)
			}
			seen++
		}
		if seen != len(all) {
			t.Errorf("%d records, want %d", seen, len(all))
		}
	})
}

// Records for which no topic is named are refused before anybody is asked.
func TestNoTopicForWhatIsBeside(t *testing.T) {
	cfg := publish.Config{Brokers: []string{"broker:9092"}, Topic: "sales"}
	if _, err := newPublisher(t, cfg).Publish(context.Background(), publish.Key{}, stream(1)); !errors.Is(err, publish.ErrInvalid) {
		t.Errorf("error %v", err)
	}
	cfg.Beside = cfg.Topic
	if _, err := publish.New(cfg); !errors.Is(err, publish.ErrInvalid) {
		t.Errorf("one topic for both: %v", err)
	}
}
