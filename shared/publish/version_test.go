package publish_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
)

// A burst that is asked for twice is there once in each version of Kafka that brokers are
// met with, in a cluster that is formatted as that version does it. Versions before 4 are
// refused; they do what is asked all the same.
func TestKafkaVersions(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	if testing.Short() {
		t.Skip("needs real Kafka of several versions, which take a while to start")
	}
	for _, version := range devenv.KafkaVersions() {
		for _, brokers := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", version, brokers), func(t *testing.T) {
				testKafkaVersion(t, devenv.KafkaConfig{Version: version, Brokers: brokers})
			})
		}
	}
}

func testKafkaVersion(t *testing.T, cfg devenv.KafkaConfig) {
	k := ownKafka(t, cfg)
	b := inCluster(t, k)
	features := b.features(t)
	t.Log(features)
	if strings.HasPrefix(cfg.Version, "4.") && (features["transaction.version"] != 2 || features["group.version"] != 1) {
		t.Errorf("features %v: want transaction.version 2 and group.version 1, with which Kafka 4 formats a cluster", features)
	}
	const n = 5_000
	config := b.config(publish.ExactlyOnce)
	if strings.HasPrefix(cfg.Version, "3.") {
		if _, err := newPublisher(t, config).Publish(t.Context(), b.key, stream(n)); !errors.Is(err, publish.ErrUnsupported) {
			t.Errorf("error %v, want ErrUnsupported", err)
		}
		config = publish.WithOldBrokers(config)
	}
	for i := range 2 {
		res, err := newPublisher(t, config).Publish(t.Context(), b.key, stream(n))
		if err != nil || res.Skipped != (i > 0) {
			t.Errorf("attempt %d: %+v, error %v", i, res, err)
		}
	}
	b.read(t).expectOnce(t, n)
}

// features are the levels that the cluster has agreed on.
func (b *broker) features(t *testing.T) map[string]int16 {
	t.Helper()
	brokers, err := b.Admin(t).ApiVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	levels := make(map[string]int16)
	for _, broker := range brokers {
		if broker.Err != nil {
			t.Fatal(broker.Err)
		}
		for _, f := range broker.Raw().FinalizedFeatures {
			levels[f.Name] = f.MaxVersionLevel
		}
	}
	return levels
}
