package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// Producer is the identity of a producer; Anybody has none yet.
type Producer struct {
	ID    int64
	Epoch int16
}

// Anybody is a producer without an identity.
var Anybody = Producer{-1, -1}

// roundTrip sends a request and returns its response.
func roundTrip[R protocol.Message](ctx context.Context, c *Conn, req directed) (res R, err error) {
	if err := c.await(ctx, req.number()); err != nil {
		return res, err
	}
	m, err := c.transport.RoundTrip(ctx, c.client.Addr, req)
	if err != nil {
		return res, err
	}
	return m.(R), nil
}

// failed returns the error that a response's code stands for.
func failed(code int16) error {
	if code == 0 {
		return nil
	}
	return kafka.Error(code)
}

// Leaders returns the broker that leads each of the topic's partitions, a negative one where
// there is none at the moment.
func (c *Conn) Leaders(ctx context.Context) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	meta, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.cfg.Topic}})
	if err != nil {
		return nil, err
	}
	for _, t := range meta.Topics {
		if t.Name != c.cfg.Topic {
			continue
		}
		if t.Error != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, t.Error)
		}
		leaders := make([]int, len(t.Partitions))
		for _, part := range t.Partitions {
			if part.ID < 0 || part.ID >= len(leaders) {
				return nil, fmt.Errorf("topic %s: partition %d of %d", t.Name, part.ID, len(leaders))
			}
			leaders[part.ID] = -1
			if part.Error == nil && part.Leader.Host != "" {
				leaders[part.ID] = part.Leader.ID
			}
		}
		if len(leaders) > 0 {
			return leaders, nil
		}
	}
	return nil, fmt.Errorf("topic %s: %w", c.cfg.Topic, kafka.UnknownTopicOrPartition)
}

// Role is what a broker coordinates.
type Role = kafka.CoordinatorKeyType

// The roles.
const (
	OfTransaction = kafka.CoordinatorKeyTypeTransaction
	OfGroup       = kafka.CoordinatorKeyTypeConsumer
)

// Coordinator returns the broker that coordinates a transactional id or a group.
func (c *Conn) Coordinator(ctx context.Context, key string, role Role) (int, error) {
	res, err := c.client.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: key, KeyType: role})
	if err != nil {
		return 0, err
	}
	if res.Error != nil {
		return 0, res.Error
	}
	return res.Coordinator.NodeID, nil
}

// IsRecent reports whether a broker is of Apache Kafka 4.0 or newer. A broker does not tell its
// version; ListOffsets 10 came with that one.
func (c *Conn) IsRecent(ctx context.Context, broker int) (bool, error) {
	const listOffsets = 10
	c.mu.Lock()
	known := c.recents[broker]
	c.mu.Unlock()
	if known {
		return true, nil
	}
	res, err := roundTrip[*apiversions.Response](ctx, c, &apiVersions{to: to{broker}})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if err != nil {
		return false, err
	}
	for _, api := range res.ApiKeys {
		if protocol.ApiKey(api.ApiKey) == protocol.ListOffsets && api.MaxVersion >= listOffsets {
			c.mu.Lock()
			c.recents[broker] = true
			c.mu.Unlock()
			return true, nil
		}
	}
	return false, nil
}

// InitProducer gets a producer identity; without an id it is for one burst only. With the
// identity that a producer has, it gets a new one only if nobody took over.
func (c *Conn) InitProducer(ctx context.Context, broker int, id string, timeout time.Duration, now Producer) (Producer, error) {
	res, err := roundTrip[*initproducerid.Response](ctx, c, &initProducerID{
		TransactionalID:      id,
		TransactionTimeoutMs: int32(timeout.Milliseconds()),
		ProducerID:           now.ID,
		ProducerEpoch:        now.Epoch,
		to:                   to{broker},
	})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if err != nil {
		return Producer{}, err
	}
	return Producer{res.ProducerID, res.ProducerEpoch}, nil
}

// Offset is a committed offset with its metadata; −1 where there is none.
type Offset struct {
	Offset   int64
	Metadata string
}

// offsetPartition of the topic carries a group's offset; every topic has it.
const offsetPartition = 0

// FetchOffset returns what a group has committed for the topic's first partition. If it has to be
// stable, an offset that a transaction has written and not ended is an UnstableOffsetCommit.
func (c *Conn) FetchOffset(ctx context.Context, broker int, group string, stable bool) (Offset, error) {
	res, err := roundTrip[*fetchedOffsets](ctx, c, &fetchOffsets{
		GroupID:       group,
		Topics:        []fetchOffsetsTopic{{Name: c.cfg.Topic, Partitions: []int32{offsetPartition}}},
		RequireStable: stable,
		to:            to{broker},
	})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if errors.Is(err, kafka.GroupIdNotFound) { // a broker may say so, or that there is no offset
		return Offset{Offset: -1}, nil
	}
	if err != nil {
		return Offset{}, err
	}
	for _, topic := range res.Topics {
		for _, p := range topic.Partitions {
			if topic.Name == c.cfg.Topic && p.Partition == offsetPartition {
				return Offset{p.Offset, p.Metadata}, failed(p.ErrorCode)
			}
		}
	}
	return Offset{}, errors.New("the broker did not answer for the offset that it was asked for")
}

// Member is who makes a transaction's request: the newest producer of an id.
type Member struct {
	ID       string // transactional
	Producer Producer
}

// AddPartitions announces partitions of the topic that a transaction writes to.
func (c *Conn) AddPartitions(ctx context.Context, broker int, m Member, partitions []int32) error {
	res, err := roundTrip[*addpartitionstotxn.Response](ctx, c, &addPartitions{
		TransactionalID: m.ID,
		ProducerID:      m.Producer.ID,
		ProducerEpoch:   m.Producer.Epoch,
		Topics:          []addpartitionstotxn.RequestTopic{{Name: c.cfg.Topic, Partitions: partitions}},
		to:              to{broker},
	})
	if err != nil {
		return err
	}
	const notAttempted = 55 // the code of a partition that is fine beside one that is not
	for _, topic := range res.Results {
		for _, p := range topic.Results {
			if p.ErrorCode != 0 && p.ErrorCode != notAttempted {
				return fmt.Errorf("partition %d of topic %s: %w", p.PartitionIndex, topic.Name, kafka.Error(p.ErrorCode))
			}
		}
	}
	return nil
}

// AddOffsets announces that a transaction writes an offset of a group.
func (c *Conn) AddOffsets(ctx context.Context, broker int, m Member, group string) error {
	res, err := roundTrip[*addoffsetstotxn.Response](ctx, c, &addOffsets{
		TransactionalID: m.ID,
		ProducerID:      m.Producer.ID,
		ProducerEpoch:   m.Producer.Epoch,
		GroupID:         group,
		to:              to{broker},
	})
	if err != nil {
		return err
	}
	return failed(res.ErrorCode)
}

// CommitOffset writes an offset of a group, as a part of a transaction.
func (c *Conn) CommitOffset(ctx context.Context, broker int, m Member, group string, o Offset) error {
	res, err := roundTrip[*txnoffsetcommit.Response](ctx, c, &commitOffsets{
		TransactionalID: m.ID,
		GroupID:         group,
		ProducerID:      m.Producer.ID,
		ProducerEpoch:   m.Producer.Epoch,
		GenerationID:    -1, // no member of the group
		Topics: []txnoffsetcommit.RequestTopic{{Name: c.cfg.Topic, Partitions: []txnoffsetcommit.RequestPartition{{
			Partition:            offsetPartition,
			CommittedOffset:      o.Offset,
			CommittedLeaderEpoch: -1,
			CommittedMetadata:    o.Metadata,
		}}}},
		to: to{broker},
	})
	if err != nil {
		return err
	}
	for _, topic := range res.Topics {
		for _, p := range topic.Partitions {
			if err := failed(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// Commit ends a transaction and makes it visible. The same wish may be sent again.
func (c *Conn) Commit(ctx context.Context, broker int, m Member) error {
	res, err := roundTrip[*endtxn.Response](ctx, c, &endTransaction{
		TransactionalID: m.ID,
		ProducerID:      m.Producer.ID,
		ProducerEpoch:   m.Producer.Epoch,
		Committed:       true,
		to:              to{broker},
	})
	if err != nil {
		return err
	}
	return failed(res.ErrorCode)
}

// Batch is a record batch for one partition, behind the four bytes of its size.
type Batch struct {
	Partition int
	Wire      []byte
}

// Produced is what the leader said of the batches, by partition.
type Produced struct {
	Partitions map[int]Appended
	Throttle   time.Duration // that it asks for
}

// Appended is what the leader said of one batch.
type Appended struct {
	BaseOffset int64       // of its first record; −1: not told
	Code       kafka.Error // 0: all in-sync replicas have it; NetworkException where nothing was said
}

// Produce sends batches to the leader of their partitions. id is that of the transaction, if
// there is one. Wire may be read until the connections are closed where there is an error.
func (c *Conn) Produce(ctx context.Context, leader int, id string, batches []Batch) (Produced, error) {
	topic := rawproduce.RequestTopic{Topic: c.cfg.Topic}
	for _, b := range batches {
		topic.Partitions = append(topic.Partitions, rawproduce.RequestPartition{
			Partition: int32(b.Partition),
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(b.Wire)},
		})
	}
	if err := c.await(ctx, leader); err != nil {
		return Produced{}, err
	}
	m, err := c.transport.RoundTrip(ctx, c.client.Addr, &rawproduce.Request{
		TransactionalID: id,
		Acks:            int16(kafka.RequireAll),
		Timeout:         int32(RequestTimeout / time.Millisecond),
		Topics:          []rawproduce.RequestTopic{topic},
	})
	if err != nil {
		return Produced{}, err
	}
	res := m.(*produce.Response)
	said := Produced{make(map[int]Appended, len(batches)), time.Duration(res.ThrottleTimeMs) * time.Millisecond}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			said.Partitions[int(p.Partition)] = Appended{p.BaseOffset, kafka.Error(p.ErrorCode)}
		}
	}
	for _, b := range batches {
		if _, ok := said.Partitions[b.Partition]; !ok {
			said.Partitions[b.Partition] = Appended{-1, kafka.NetworkException}
		}
	}
	return said, nil
}
