package publish_test

import (
	"cmp"
	"flag"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
)

var rounds = flag.Int("rounds", 0, "how often the races with real brokers are tried; 0: as often as each test chooses")

// A coordinator that has many groups takes a transaction's offsets in some time after the
// transaction has ended (KAFKA-17507, Kafka before 3.9.1). The burst is asked for again
// within that time. Such a broker is refused otherwise; here the ledger has to do with it.
// The coordinator takes offsets in on the thread that looks through its groups for old ones,
// here every second. When it did so every 400 ms, 22 bursts of 100 were there twice without
// asking for what is stable, and 3 where only record looked again; a slow machine would do nothing else then.
func TestOffsetsSeenLate(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	const groups, n = 20_000, 10
	tries := cmp.Or(*rounds, 60)
	k := ownKafka(t, devenv.KafkaConfig{Version: "3.5.2", Settings: map[string]string{"offsets.topic.num.partitions": "1", "offsets.retention.check.interval.ms": "1000"}})
	b := inCluster(t, k)
	b.fillCoordinator(t, groups)
	first, second := newPublisher(t, publish.WithOldBrokers(b.config(publish.ExactlyOnce))), newPublisher(t, publish.WithOldBrokers(b.config(publish.ExactlyOnce)))
	duplicated := 0
	for i := range tries {
		key := publish.Key{Series: b.Topic, Number: int64(i)}
		if _, err := first.Publish(t.Context(), key, stream(n)); err != nil {
			t.Fatal(err)
		}
		res, err := second.Publish(t.Context(), key, stream(n))
		if err != nil {
			t.Fatal(err)
		}
		if !res.Skipped {
			duplicated++
		}
	}
	if got := len(b.read(t)); duplicated > 0 || got != tries*n {
		t.Errorf("%d of %d bursts were published again: %d sales of %d", duplicated, tries, got, tries*n)
	}
}

// fillCoordinator commits an offset in each of so many groups.
func (b *broker) fillCoordinator(t *testing.T, groups int) {
	t.Helper()
	admin := b.Admin(t)
	var offsets kadm.Offsets
	offsets.AddOffset(b.Topic, 0, 1, -1)
	for i := range groups {
		if err := admin.CommitAllOffsets(t.Context(), fmt.Sprintf("other-%d", i), offsets); err != nil {
			t.Fatal(err)
		}
	}
}
