package publish_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
	"salesburst/shared/publish/torture/cluster"
	"salesburst/shared/sale"
)

// A broker that was frozen believes, for a moment after it is thawed, that it still leads
// what others lead by then, and answers of the ledger what it knew. A retry that knows no
// other broker asks it in that moment:
//
//	broker 2 coordinates the ledgers, broker 3 the transactions
//	broker 2 freezes, broker 1 takes the ledgers over
//	bursts are published; their entries are in the ledgers, at broker 1
//	a retry of each begins, and waits for broker 2, which it knows alone
//	broker 2 is thawed
//
// Most retries have their connections from before the freeze, as a Lambda that is kept
// warm, which makes them quicker. A retry has to skip its burst, or to fail. That needs a
// publisher that does not take the ledger's word from such a broker: this test comes into
// the project together with that one.
func TestRetryAtBrokerOfThePast(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	k := ownKafka(t, devenv.KafkaConfig{Brokers: 3})
	c, err := cluster.Dial(k)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := past{kafka: k, cluster: c, broker: inCluster(t, k)}
	tries, rounds, bursts := cmp.Or(*rounds, 2), 0, 0
	for round := range tries {
		duplicated, err := p.round(t, round)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if duplicated > 0 {
			rounds, bursts = rounds+1, bursts+duplicated
		}
	}
	if rounds > 0 {
		t.Errorf("bursts are there twice: %d, in %d of %d rounds", bursts, rounds, tries)
	}
}

// past is where a broker is sent into the past.
type past struct {
	kafka   *devenv.Kafka
	cluster *cluster.Cluster
	broker  *broker
}

const (
	pastBursts, pastSales = 8, 500
	pastPatience          = 10 * time.Minute
)

// round publishes bursts twice and tells how many of them are there twice.
func (p past) round(t *testing.T, round int) (duplicated int, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), pastPatience)
	defer cancel()
	of := cluster.Past{Cluster: p.cluster, Broker: 2, Other: 3}
	if round%2 == 1 {
		of.Broker, of.Other = 3, 2
	}
	if err := of.Place(ctx); err != nil {
		return 0, err
	}
	first, later := p.broker.config(publish.ExactlyOnce), p.broker.config(publish.ExactlyOnce)
	first.Brokers = []string{p.kafka.Addresses[of.Other-1], p.kafka.Addresses[cluster.Controller-1]}
	later.Brokers = []string{p.kafka.Addresses[of.Broker-1]}
	var retries []publisher
	for i := range pastBursts {
		retries = append(retries, newPublisher(t, later))
		if i%4 == 3 {
			continue
		}
		if err := p.publish(ctx, retries[i], round, i, "warm"); err != nil {
			return 0, err
		}
	}
	defer func() { err = errors.Join(err, of.Clean(t.Context())) }()
	if err := of.Freeze(ctx); err != nil {
		return 0, errors.Join(err, of.Thaw())
	}
	publisher := newPublisher(t, first)
	for i := range pastBursts {
		if err := p.publish(ctx, publisher, round, i, "burst"); err != nil {
			return 0, errors.Join(err, of.Thaw())
		}
	}
	var wg sync.WaitGroup
	var failed atomic.Int32
	for i, retry := range retries {
		wg.Go(func() {
			if p.publish(ctx, retry, round, i, "burst") != nil {
				failed.Add(1)
			}
		})
	}
	time.Sleep(time.Second) // they wait by now
	if err := of.Thaw(); err != nil {
		return 0, err
	}
	wg.Wait()
	seen, err := p.count(ctx)
	if err != nil {
		return 0, err
	}
	for i := range pastBursts {
		most := 0
		for sequence := range pastSales {
			times := seen[uint32(p.at(round, i).from+sequence)]
			if times == 0 {
				return 0, fmt.Errorf("burst %d lacks sale %d", i, sequence)
			}
			most = max(most, times)
		}
		if most > 1 {
			duplicated++
		}
	}
	t.Logf("round %d: broker %d was in the past: of %d bursts %d are there twice, %d retries failed",
		round, of.Broker, pastBursts, duplicated, failed.Load())
	return duplicated, nil
}

func (p past) at(round, i int) shifted {
	return shifted{stream(pastSales), (round*pastBursts + i) * pastSales}
}

// publish brings a burst, or one before it, whose sales have the highest numbers there are.
func (p past) publish(ctx context.Context, publisher publisher, round, i int, kind string) error {
	key := publish.Key{Series: fmt.Sprintf("%s-%s-%d-%d", p.broker.Topic, kind, round, i)}
	burst := p.at(round, i)
	if kind != "burst" {
		burst = shifted{1, 99_999_999}
	}
	_, err := publisher.Publish(ctx, key, burst)
	return err
}

// count counts the sales with each number.
func (p past) count(ctx context.Context) (map[uint32]int, error) {
	if err := p.cluster.AwaitSettled(ctx, p.broker.Topic); err != nil {
		return nil, err
	}
	seen := make(map[uint32]int)
	return seen, p.cluster.Read(ctx, p.broker.Topic, pastPatience, func(r *kgo.Record) error {
		var s sale.Sale
		err := json.Unmarshal(r.Value, &s)
		seen[s.TransactionID.Sequence]++
		return err
	})
}
