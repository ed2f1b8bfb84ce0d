package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/market"
	"salesburst/shared/publish"
)

// Each second that is read back from Kafka has what was ordered, be it in one piece or in shards, narrowed
// and in trouble, and asked for twice.
func TestStagesInKafka(t *testing.T) {
	t.Run("fake", func(t *testing.T) { expectStages(t, kafkatest.Start(t)) })
	t.Run("real", func(t *testing.T) {
		if testing.Short() {
			t.Skip("needs real Kafka, which takes a while to start")
		}
		expectStages(t, kafkatest.NewTopic(t, devenv.Shared(t)))
	})
}

func expectStages(t *testing.T, b *kafkatest.Broker) {
	const order = `{"stages":[{"over":"5s","to":100},{"over":"3s","per_second":100},{"over":"4s","per_second":1},{"over":"10s","to":0}],` +
		`"id":"ramp-1","at":"2026-11-20T10:00:00Z"%s}`
	want := []int{10, 30, 50, 70, 90, 100, 100, 100, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0}
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	h, err := app.New(app.Config{
		Function: contract.Online,
		Settings: app.Settings{Topic: b.Topic, EventsPerMinute: 600, Delivery: contract.DeliveryExactlyOnce},
		Market:   m,
		Credentials: credentials.NewSource("test", func(context.Context) (string, error) {
			return lambdatest.Secret(b.Addrs, b.User, b.Password), nil
		}, time.Now),
		Broker: publish.Config{TLS: b.TLS},
		Now:    func() time.Time { return clock }, Log: io.Discard, Metrics: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	bursts := make(map[string]string)
	for range 2 {
		for name, more := range map[string][]string{
			"whole": {""}, "brand": {`,"brand":"Samsung"`}, "city": {`,"city":"Chicago","incidents":[{"scenario":"price-error"}]`},
			"shards": {`,"shard":0,"of":3`, `,"shard":1,"of":3`, `,"shard":2,"of":3`},
		} {
			for _, part := range more {
				answer, err := h.Invoke(t.Context(), fmt.Appendf(nil, order, part))
				if err != nil {
					t.Fatal(err)
				}
				var r app.Report
				if err := json.Unmarshal(answer, &r); err != nil {
					t.Fatal(err)
				}
				if bursts[r.BurstID] = name; r.PeakPerSecond != 100 || r.CoversFrom.String() != "2026-11-20T09:59:38.000Z" || r.Forecast != nil {
					t.Errorf("%s: report %+v", name, r)
				}
			}
		}
	}
	begin := time.Date(2026, 11, 20, 9, 59, 38, 0, time.UTC)
	counts := make(map[string][]int)
	for name := range bursts {
		counts[name] = make([]int, len(want))
	}
	for _, e := range b.Read(t) {
		counts[e.Sale.TransactionID.Burst.String()][e.Record.Timestamp.Sub(begin)/time.Second]++
	}
	for id, got := range counts {
		if !slices.Equal(got, want) {
			t.Errorf("%s: the seconds have %v, want %v", bursts[id], got, want)
		}
	}
	if len(counts) != 4 {
		t.Errorf("%d bursts, want 4", len(counts))
	}
}

// What only the burst can know of stages is refused with a path, or with the field.
func TestStagesAreRefused(t *testing.T) {
	l := start(t)
	for payload, want := range map[string]string{
		`{"stages":[{"over":"2s","per_second":5000001}]}`:                                                         "stages with 10000002 events: allowed is up to 10000000",
		`{"stages":[{"over":"2s","per_second":10000001}],"id":"bf","at":"2026-11-20T10:00:00Z","shard":0,"of":2}`: "stages with 20000002 events: allowed is up to 20000000",
		`{"stages":[{"over":"2s","per_second":5}],"at":"2026-11-20T10:00:00.5Z"}`:                                 "at 2026-11-20T10:00:00.5Z: allowed is whole seconds",
		`{"stages":[{"over":"2s","per_second":5},{"over":"2 s","per_second":5}]}`:                                 `stages[1].over "2 s": allowed is whole hours`,
	} {
		if _, err := l.invoke(t, payload, 15*time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", payload, err, want)
		}
	}
}
