package publish_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"salesburst/shared/publish"
)

// The topic is deleted and made anew, with as many partitions, in the middle of a burst.
func TestTopicMadeAnewMidBurst(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	const n = 60_000
	test := func(t *testing.T, b *broker) {
		cfg := b.config(publish.ExactlyOnce)
		p := newPublisher(t, cfg)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		res, err := p.Publish(ctx, b.key, stallOnce(stream(n), 30_000, func() {
			time.Sleep(3 * time.Second) // the chunks before are acknowledged, and the entry
			b.DeleteTopic(t)
			createTopic(t, b)
			time.Sleep(500 * time.Millisecond)
		}))
		got := len(b.read(t))
		if err == nil && got != n {
			t.Errorf("success with %d events, and %d are there", res.Events, got)
		}
		_, err2 := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n))
		got2 := len(b.read(t))
		if err2 != nil {
			t.Fatal(err2)
		}
		if got2 != n {
			t.Errorf("after a retry %d of %d are there", got2, n)
		}
	}
	t.Run("fake", func(t *testing.T) { inVirtualTime(t, test, kfake.MaxVersions(kversion.V4_0_0())) })
	t.Run("real", func(t *testing.T) { test(t, realBroker(t)) })
}

// createTopic makes the topic anew, with as many partitions, as soon as the old one is gone.
func createTopic(t *testing.T, b *broker) {
	t.Helper()
	admin := b.Admin(t)
	for range 50 {
		err := admin.CreateTopic(t.Context(), b.Topic, partitions, 1, "retention.ms", "-1")
		if err == nil {
			return
		}
		if !errors.Is(err, kerr.TopicAlreadyExists) {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A leader appends a batch, loses the lead while it waits for the replicas, and answers that it
// does not lead. Then nothing gets through any more.
func TestInDoubtAfterTheAppend(t *testing.T) {
	t.Parallel() // it waits most of the time
	for _, code := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownServerError, kerr.KafkaStorageError, kerr.NotEnoughReplicasAfterAppend} {
		t.Run(code.Message, func(t *testing.T) {
			t.Parallel()
			inVirtualTime(t, func(t *testing.T, b *broker) {
				var dead atomic.Bool
				tp := &tap{
					request: func(r *tapped) bool { return !dead.Load() || r.key != kmsg.Produce && r.key != kmsg.Metadata },
					response: func(r *tapped) bool {
						if r.key != kmsg.Produce {
							return true
						}
						dead.Store(true)
						r.body = answering(r.key, r.version, r.body, code.Code)
						return true
					},
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				res, _ := newPublisher(t, tp.through(b, publish.Idempotent)).Publish(ctx, b.key, stream(300))
				got := len(b.RecordsUncommitted(t))
				if got > res.Events+res.InDoubt {
					t.Errorf("%d sales are there, the result says %d and %d in doubt", got, res.Events, res.InDoubt)
				}
			}, kfake.Ports(9092))
		})
	}
}
