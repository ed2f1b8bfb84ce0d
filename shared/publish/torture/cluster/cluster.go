/*
Package cluster is what an administrator, and a reader who is not ours, do with a Kafka
cluster while it is tortured: they make topics, move leaders, wait until all is well
again (settle.go), and read what is there (read.go). They speak through franz-go.
*/
package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/devenv"
)

// The topics in which Kafka keeps ledgers and transactions. Who leads a partition of them
// coordinates its groups, or its transactions.
const (
	Offsets      = "__consumer_offsets"
	Transactions = "__transaction_state"
)

// Controller is the broker that is the controller too: requests that change the cluster
// need it, and it knows first what has changed.
const Controller = 1

// Cluster is a connection of the administrator's.
type Cluster struct {
	kafka  *devenv.Kafka
	client *kgo.Client
}

// Dial connects to a cluster's brokers themselves, whatever stands between them and others.
func Dial(k *devenv.Kafka) (*Cluster, error) {
	c := &Cluster{kafka: k}
	var err error
	c.client, err = c.dial(kgo.MetadataMinAge(100 * time.Millisecond))
	return c, err
}

// Close ends the connection.
func (c *Cluster) Close() { c.client.Close() }

// Brokers is how many there are. They have the numbers from 1 on.
func (c *Cluster) Brokers() int { return len(c.kafka.Addresses) }

func (c *Cluster) dial(opts ...kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.kafka.Addresses...), kgo.DialTLSConfig(c.kafka.TLS()), kgo.DialTimeout(3 * time.Second),
		kgo.SASL(plain.Auth{User: string(devenv.Admin), Pass: c.kafka.Users[devenv.Admin]}.AsMechanism()),
	}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connecting the administrator: %w", err)
	}
	return client, nil
}

// askTime is how long a broker may take for an answer; one that is frozen gives none.
const askTime = 10 * time.Second

// ask makes a request of one broker, again where a connection turns out to be dead. kadm does not
// let its caller choose: it asks whichever broker metadata names as the controller, or any, and that
// may be one that is frozen, or the one whose view of the cluster is not wanted.
func ask[R kmsg.Response](ctx context.Context, c *Cluster, broker int, req kmsg.Request) (res R, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answer, err := c.client.Broker(broker).RetriableRequest(ctx, req)
	if err != nil {
		return res, fmt.Errorf("asking broker %d: %s: %w", broker, kmsg.NameForKey(req.Key()), err)
	}
	return answer.(R), nil
}

// CreateTopic makes a topic that is on all brokers and keeps events of any age.
func (c *Cluster) CreateTopic(ctx context.Context, name string, partitions int) error {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, int32(partitions), int16(c.Brokers())
	keep := kmsg.NewCreateTopicsRequestTopicConfig()
	keep.Name, keep.Value = "retention.ms", kmsg.StringPtr("-1")
	topic.Configs = append(topic.Configs, keep)
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30_000
	req.Topics = append(req.Topics, topic)
	res, err := ask[*kmsg.CreateTopicsResponse](ctx, c, Controller, req)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("creating topic %s: %w", name, err)
	}
	return nil
}

// DeleteTopic takes a topic away.
func (c *Cluster) DeleteTopic(ctx context.Context, name string) error {
	topic := kmsg.NewDeleteTopicsRequestTopic()
	topic.Topic = kmsg.StringPtr(name)
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = 30_000
	req.TopicNames, req.Topics = []string{name}, append(req.Topics, topic)
	res, err := ask[*kmsg.DeleteTopicsResponse](ctx, c, Controller, req)
	if err == nil {
		err = kerr.ErrorForCode(res.Topics[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("deleting topic %s: %w", name, err)
	}
	return nil
}

// Partition is one as a broker sees it.
type Partition struct {
	Leader        int // negative: none
	Replicas, ISR []int32
	err           error
}

// Partitions are those of a topic as one broker sees them, in their order.
func (c *Cluster) Partitions(ctx context.Context, broker int, topic string) ([]Partition, error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, t)
	res, err := ask[*kmsg.MetadataResponse](ctx, c, broker, req)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(res.Topics[0].ErrorCode); err != nil {
		return nil, fmt.Errorf("topic %s at broker %d: %w", topic, broker, err)
	}
	all := make([]Partition, len(res.Topics[0].Partitions))
	for _, p := range res.Topics[0].Partitions {
		all[p.Partition] = Partition{int(p.Leader), p.Replicas, p.ISR, kerr.ErrorForCode(p.ErrorCode)}
	}
	return all, nil
}

// Lead gives all partitions of a topic to the first of some brokers; the others come after
// it, each when those before it are away. All brokers must be named. It returns when that
// is so, or the wait is over.
func (c *Cluster) Lead(ctx context.Context, topic string, order ...int) error {
	partitions, err := c.Partitions(ctx, Controller, topic)
	if err != nil {
		return err
	}
	replicas := make([]int32, len(order))
	for i, b := range order {
		replicas[i] = int32(b)
	}
	assign := kmsg.NewAlterPartitionAssignmentsRequestTopic()
	assign.Topic = topic
	elect := kmsg.NewElectLeadersRequestTopic()
	elect.Topic = topic
	for p := range int32(len(partitions)) {
		a := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		a.Partition, a.Replicas = p, replicas
		assign.Partitions = append(assign.Partitions, a)
		elect.Partitions = append(elect.Partitions, p)
	}
	alter := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	alter.Topics = append(alter.Topics, assign)
	leaders := kmsg.NewPtrElectLeadersRequest() // the preferred ones
	leaders.Topics = append(leaders.Topics, elect)
	for {
		err := c.place(ctx, alter)
		if err == nil {
			// it says so too where nothing was to be done
			_, err = ask[*kmsg.ElectLeadersResponse](ctx, c, Controller, leaders)
		}
		if err == nil {
			err = c.ledBy(ctx, topic, order[0])
		}
		if err == nil {
			return nil
		}
		if sleep(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("giving topic %s to broker %d: %w", topic, order[0], err)
		}
	}
}

func (c *Cluster) place(ctx context.Context, alter *kmsg.AlterPartitionAssignmentsRequest) error {
	res, err := ask[*kmsg.AlterPartitionAssignmentsResponse](ctx, c, Controller, alter)
	if err == nil {
		err = kerr.ErrorForCode(res.ErrorCode)
	}
	return err
}

// AwaitLeader waits until one broker leads all partitions of a topic.
func (c *Cluster) AwaitLeader(ctx context.Context, topic string, broker int) error {
	for {
		err := c.ledBy(ctx, topic, broker)
		if err == nil {
			return nil
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("waiting for broker %d to lead topic %s: %w", broker, topic, err)
		}
	}
}

func (c *Cluster) ledBy(ctx context.Context, topic string, broker int) error {
	partitions, err := c.Partitions(ctx, Controller, topic)
	if err != nil {
		return err
	}
	for i, p := range partitions {
		if p.Leader != broker {
			return fmt.Errorf("partition %d has leader %d", i, p.Leader)
		}
	}
	return nil
}

// Begin makes Kafka make its own topics, which it does when they are needed first.
func (c *Cluster) Begin(ctx context.Context) error {
	for {
		var problems []error
		for _, kind := range []int8{0, 1} { // groups, transactions
			req := kmsg.NewPtrFindCoordinatorRequest()
			req.CoordinatorType, req.CoordinatorKey, req.CoordinatorKeys = kind, "begin", []string{"begin"}
			res, err := ask[*kmsg.FindCoordinatorResponse](ctx, c, Controller, req)
			if err == nil {
				err = kerr.ErrorForCode(res.ErrorCode)
			}
			if err == nil && len(res.Coordinators) > 0 {
				err = kerr.ErrorForCode(res.Coordinators[0].ErrorCode)
			}
			problems = append(problems, err)
		}
		err := errors.Join(problems...)
		if err == nil {
			return nil
		}
		if sleep(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("waiting for coordinators: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
