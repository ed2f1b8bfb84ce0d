package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// calm is how long all must have been well before it counts as settled: a broker that was
// just thawed believes for a moment what it believed before.
const calm = 2 * time.Second

// AwaitSettled waits until every broker says of every partition of some topics, and of
// Kafka's own, that all replicas are in sync, and all brokers agree on who leads.
func (c *Cluster) AwaitSettled(ctx context.Context, topics ...string) error {
	topics = append([]string{Offsets, Transactions}, topics...)
	since := time.Now()
	for {
		err := c.settled(ctx, topics)
		if err != nil {
			since = time.Now()
		} else if time.Since(since) >= calm {
			return nil
		}
		if sleep(ctx, 200*time.Millisecond) != nil {
			return fmt.Errorf("the cluster does not settle: %w; %w", context.Cause(ctx), err)
		}
	}
}

func (c *Cluster) settled(ctx context.Context, topics []string) error {
	for _, topic := range topics {
		var first []Partition
		for broker := 1; broker <= c.Brokers(); broker++ {
			partitions, err := c.Partitions(ctx, broker, topic)
			if err != nil {
				return err
			}
			if first == nil {
				first = partitions
			}
			if len(partitions) != len(first) {
				return fmt.Errorf("topic %s: broker %d knows %d partitions of %d", topic, broker, len(partitions),
					len(first))
			}
			for i, p := range partitions {
				whole := len(p.ISR) == c.Brokers() && len(p.Replicas) == c.Brokers()
				if p.err != nil || p.Leader < 0 || p.Leader != first[i].Leader || !whole {
					return fmt.Errorf("topic %s, partition %d at broker %d: leader %d, replicas %v, in sync %v, "+
						"error %v",
						topic, i, broker, p.Leader, p.Replicas, p.ISR, p.err)
				}
			}
		}
	}
	return nil
}

// ends returns where a topic's partitions end, for one who waits for transactions to end
// or for one who does not.
func (c *Cluster) ends(ctx context.Context, topic string, committed bool) ([]int64, error) {
	partitions, err := c.Partitions(ctx, Controller, topic)
	if err != nil {
		return nil, err
	}
	ends := make([]int64, len(partitions))
	for i, p := range partitions {
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Partition, part.Timestamp = int32(i), -1
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = topic
		t.Partitions = append(t.Partitions, part)
		req := kmsg.NewPtrListOffsetsRequest()
		if committed {
			req.IsolationLevel = 1
		}
		req.Topics = append(req.Topics, t)
		res, err := ask[*kmsg.ListOffsetsResponse](ctx, c, p.Leader, req)
		if err != nil {
			return nil, err
		}
		answer := res.Topics[0].Partitions[0]
		if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
			return nil, fmt.Errorf("the end of partition %d of topic %s at broker %d: %w", i, topic, p.Leader, err)
		}
		ends[i] = answer.Offset
	}
	return ends, nil
}

// AwaitEnded waits until no transaction is open in a topic, and returns where its
// partitions end.
func (c *Cluster) AwaitEnded(ctx context.Context, topic string) ([]int64, error) {
	for {
		all, err := c.ends(ctx, topic, false)
		var committed []int64
		if err == nil {
			committed, err = c.ends(ctx, topic, true)
		}
		if err == nil && slices.Equal(all, committed) {
			return all, nil
		}
		if err == nil {
			err = fmt.Errorf("readers get to %v of %v", committed, all)
		}
		if sleep(ctx, 200*time.Millisecond) != nil {
			return nil, fmt.Errorf("a transaction in topic %s does not end: %w%s", topic, err, c.open(topic))
		}
	}
}

// open tells which producers have a transaction open, as far as that can be learned.
func (c *Cluster) open(topic string) (text string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	partitions, err := c.Partitions(ctx, Controller, topic)
	if err != nil {
		return ""
	}
	for i, p := range partitions {
		t := kmsg.NewDescribeProducersRequestTopic()
		t.Topic, t.Partitions = topic, []int32{int32(i)}
		req := kmsg.NewPtrDescribeProducersRequest()
		req.Topics = append(req.Topics, t)
		res, err := ask[*kmsg.DescribeProducersResponse](ctx, c, p.Leader, req)
		if err != nil {
			continue
		}
		for _, producer := range res.Topics[0].Partitions[0].ActiveProducers {
			if producer.CurrentTxnStartOffset >= 0 {
				text += fmt.Sprintf("; partition %d has producer %d of epoch %d open since offset %d, last written %v",
					i, producer.ProducerID, producer.ProducerEpoch, producer.CurrentTxnStartOffset,
					time.UnixMilli(producer.LastTimestamp).Format(time.TimeOnly))
			}
		}
	}
	return text
}
