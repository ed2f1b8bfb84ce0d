package publish_test

import (
	"context"
	"testing"
	"time"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
	"salesburst/shared/publish/torture/cluster"
)

// Three brokers of which one, or all, go away in the middle of a burst. They are this
// test's own.
func TestClusterInTrouble(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	k := ownKafka(t, devenv.KafkaConfig{Brokers: 3})
	c, err := cluster.Dial(k)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const n, at, patience = 40_000, 20_000, 10 * time.Minute
	// publishing runs what happens in the middle of a burst.
	publishing := func(t *testing.T, happens func(b *broker)) publish.Result {
		t.Helper()
		b := inCluster(t, k)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		res, err := b.publisher(t, publish.ExactlyOnce).Publish(ctx, b.key, stallOnce(stream(n), at, func() { happens(b) }))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AwaitSettled(ctx, b.Topic); err != nil { // before, readers may be told of the past
			t.Fatal(err)
		}
		b.read(t).expectOnce(t, n)
		return res
	}
	do := func(t *testing.T, what func() error) {
		t.Helper()
		if err := what(); err != nil {
			t.Error(err)
		}
	}
	t.Run("quota", func(t *testing.T) {
		began := time.Now()
		publishing(t, func(b *broker) { b.Throttle(t, 200_000) })
		t.Logf("took %v", time.Since(began))
		inCluster(t, k).Throttle(t, 1e12)
	})
	t.Run("a leader is killed", func(t *testing.T) {
		publishing(t, func(*broker) {
			do(t, k.Broker(1).Kill)
			time.AfterFunc(10*time.Second, func() { do(t, k.Broker(1).Start) })
		})
	})
	t.Run("a leader is frozen", func(t *testing.T) {
		publishing(t, func(*broker) {
			do(t, k.Broker(2).Freeze)
			time.AfterFunc(20*time.Second, func() { do(t, k.Broker(2).Thaw) }) // others lead by then
		})
	})
	t.Run("all are gone for ten seconds", func(t *testing.T) {
		res := publishing(t, func(*broker) {
			for i := range 3 {
				do(t, k.Broker(i).Kill)
			}
			time.AfterFunc(10*time.Second, func() {
				for i := range 3 {
					do(t, k.Broker(i).Start)
				}
			})
		})
		if res.Duration < 10*time.Second {
			t.Errorf("the burst was there after %v: the test shows nothing", res.Duration)
		}
	})
}
