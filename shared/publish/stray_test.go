package publish_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
)

// A batch of an attempt that was given up comes to its leader when the next attempt has
// begun, at brokers that do not ask whether its transaction goes on (Kafka before 3.6, or
// with the check turned off, as here). It must not be committed with the next one's sales.
func TestStrayBatch(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	k := ownKafka(t, devenv.KafkaConfig{Settings: map[string]string{"transaction.partition.verification.enable": "false"}})
	for _, level := range []string{"transactional", "exactly-once"} {
		t.Run(level, func(t *testing.T) { testStrayBatch(t, inCluster(t, k), levels[level]) })
	}
}

func testStrayBatch(t *testing.T, b *broker, d publish.Delivery) {
	const n = 25_000
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var stray []kmsg.ProduceRequest
	produced := 0
	tp := &tap{request: func(r *tapped) bool {
		if r.key != kmsg.Produce {
			return true
		}
		mu.Lock()
		defer mu.Unlock()
		if produced++; produced == 1 {
			return true // so that the transaction is under way
		}
		req := kmsg.ProduceRequest{Version: r.version}
		r.parse(t, &req)
		stray = append(stray, req)
		time.AfterFunc(300*time.Millisecond, cancel)
		return false // it is on its way for longer than the attempt lasts
	}}
	if _, err := newPublisher(t, tp.through(b, d)).Publish(ctx, b.key, stream(n)); err == nil {
		t.Fatal("the attempt was not given up: the test shows nothing")
	}
	if got := len(b.read(t)); got != 0 { // waits until the transaction is ended everywhere
		t.Fatalf("%d sales of an attempt that was given up", got)
	}
	client := b.Dial(t, kgo.MaxVersions(kversion.V3_5_0())) // topics by name, as the batch has it
	for _, req := range stray {
		for _, topic := range req.Topics {
			for _, p := range topic.Partitions {
				one := req
				one.Topics = []kmsg.ProduceRequestTopic{{Topic: topic.Topic, Partitions: []kmsg.ProduceRequestTopicPartition{p}}}
				res, err := client.Broker(int(b.Leaders(t)[p.Partition])).Request(t.Context(), &one)
				if err != nil {
					t.Fatal(err)
				}
				answer := res.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
				if err := kerr.ErrorForCode(answer.ErrorCode); !errors.Is(err, kerr.InvalidProducerEpoch) {
					t.Errorf("partition %d: the leader's answer to the stray batch is %v, want that its epoch is over", p.Partition, err)
				}
			}
		}
	}
	if len(stray) == 0 {
		t.Fatal("no batch was held back: the test shows nothing")
	}
	if _, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n)); err != nil {
		t.Fatal(err)
	}
	b.read(t).expectOnce(t, n)
}
