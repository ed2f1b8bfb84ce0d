package publish_test

import (
	"slices"
	"testing"
	"time"

	"salesburst/shared/publish"
)

// What each promise costs: a minute's burst, over connections that are open, to real
// Kafka on this machine.
func BenchmarkMinute(b *testing.B) {
	broker := realBroker(b)
	for _, name := range []string{"idempotent", "transactional", "exactly-once"} {
		b.Run(name, func(b *testing.B) {
			p := broker.publisher(b, levels[name])
			var took []time.Duration
			number := time.Now().UnixMicro() // no burst twice
			for b.Loop() {
				number++
				start := time.Now()
				res, err := p.Publish(b.Context(), publish.Key{Series: broker.Topic, Number: number}, stream(600))
				if err != nil || res.Events != 600 {
					b.Fatal(res, err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms/worst")
		})
	}
}

// A burst that is there already is found to be so.
func BenchmarkSkip(b *testing.B) {
	broker := realBroker(b)
	p := broker.publisher(b, publish.ExactlyOnce)
	if _, err := p.Publish(b.Context(), broker.key, stream(600)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if res, err := p.Publish(b.Context(), broker.key, stream(600)); err != nil || !res.Skipped {
			b.Fatal(res, err)
		}
	}
}
