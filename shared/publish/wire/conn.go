/*
Package wire makes the requests that publishing needs, by kafka-go. All that leans on
kafka-go's insides is here, and a test names the version that it was written for.

A [Conn] is a set of connections that live and die together; begin there. Four things are not
as kafka-go has them:

  - A request of a transaction says which broker it is for (layout.go). kafka-go
    asks for the coordinator before each of them, a second round trip.
  - OffsetFetch is version 7, which can ask for what is stable (layout.go); kafka-go's ends at 5.
  - TLS and SASL are made here (dial.go). kafka-go makes one error of a broker that says no
    and of a connection that was lost, and only the first is a reason to give up.
  - Connections are made ahead of their use (ahead.go). kafka-go makes one when a request needs it.

Errors are kafka-go's: a [kafka.Error] is the broker's word, or kafka-go's own about what it knows of
the brokers; anything else is a connection's. What they mean for a burst is for the caller to say.
*/
package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
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

// RequestTimeout is for one request; a broker has it for a produce request too.
const RequestTimeout = 10 * time.Second

// IdleLimit is the age at which idle connections are not trusted any more: brokers
// and load balancers drop them silently, and a frozen process does not notice.
const IdleLimit = 20 * time.Second

// Conn is a set of connections that live and die together. Once closed, it sends
// nothing, not even what kafka-go has in its hands, and opens nothing more.
type Conn struct {
	topic     string
	dialer    *dialer
	transport *kafka.Transport
	client    *kafka.Client
	end       context.CancelFunc // of all that kafka-go does by itself
	ahead     *ahead             // nil: not begun
	recent    sync.Map           // brokers that are: int → struct{}
}

// Open returns a Conn, which connects when it is used.
func Open(cfg Config) *Conn {
	ctx, end := context.WithCancel(context.Background())
	c := &Conn{topic: cfg.Topic, dialer: newDialer(cfg), end: end}
	c.transport = &kafka.Transport{
		ClientID:       clientID,
		DialTimeout:    connectTimeout,
		IdleTimeout:    IdleLimit,
		MetadataTopics: cfg.topics(),
		Dial:           c.dialer.dial,
		Context:        ctx, // without it, a request after Close makes kafka-go dial for ever
	}
	c.client = &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: RequestTimeout, Transport: c.transport}
	return c
}

// Close closes every connection at once; a write under way fails.
func (c *Conn) Close() {
	c.dialer.close()
	c.end()
	c.transport.CloseIdleConnections()
}

// Ahead has connections made to the leaders of the topic's partitions, so that they are there
// when the first batches are; once, later calls do nothing. A negative leader is none. The function
// that it returns waits until that has ended, by ctx at the latest.
func (c *Conn) Ahead(ctx context.Context, leaders []int) (wait func()) {
	if c.ahead != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	c.ahead = startAhead(ctx, leaders, c.connect)
	return func() { cancel(); c.ahead.finish() }
}

// Another has a second connection made to a broker that leads partitions, for what it
// is asked besides.
func (c *Conn) Another(broker int) { c.ahead.another(broker) }

// connect makes a connection to a partition's leader. It gives kafka-go a request for it
// that cannot be written for want of records, when the connection is there; kafka-go keeps
// the connection then.
func (c *Conn) connect(ctx context.Context, partition int) error {
	_, err := c.transport.RoundTrip(ctx, c.client.Addr, &rawproduce.Request{
		Acks: int16(kafka.RequireAll),
		Topics: []rawproduce.RequestTopic{{
			Topic: c.topic, Partitions: []rawproduce.RequestPartition{{Partition: int32(partition)}},
		}},
	})
	if errors.Is(err, protocol.ErrNoRecord) {
		return nil
	}
	return err
}

// roundTrip sends a request and returns its response.
func roundTrip[R protocol.Message](ctx context.Context, c *Conn, req directed) (res R, err error) {
	if err := c.ahead.await(ctx, req.number()); err != nil {
		return res, err
	}
	m, err := c.transport.RoundTrip(ctx, c.client.Addr, req)
	if err != nil {
		return res, err
	}
	return m.(R), nil
}

// Leaders returns the broker that leads each partition of a topic of the Config, a negative one where
// there is none at the moment.
func (c *Conn) Leaders(ctx context.Context, topic string) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	meta, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, err
	}
	for _, t := range meta.Topics {
		if t.Name != topic {
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
	return nil, fmt.Errorf("topic %s: %w", topic, kafka.UnknownTopicOrPartition)
}

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
	if _, known := c.recent.Load(broker); known {
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
			c.recent.Store(broker, struct{}{})
			return true, nil
		}
	}
	return false, nil
}

// InitProducer gets a producer identity; without an id it is for one burst only. With the
// identity that a producer has, it gets a new one only if nobody took over.
func (c *Conn) InitProducer(ctx context.Context, broker int, id string, timeout time.Duration,
	now Producer) (Producer, error) {
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

// FetchOffset returns what a group has committed for the topic's first partition. If it has to be
// stable, an offset that a transaction has written and not ended is an UnstableOffsetCommit.
func (c *Conn) FetchOffset(ctx context.Context, broker int, group string, stable bool) (Offset, error) {
	res, err := roundTrip[*fetchedOffsets](ctx, c, &fetchOffsets{
		GroupID:       group,
		Topics:        []fetchOffsetsTopic{{Name: c.topic, Partitions: []int32{FirstPartition}}},
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
			if topic.Name == c.topic && p.Partition == FirstPartition {
				return Offset{p.Offset, p.Metadata}, failed(p.ErrorCode)
			}
		}
	}
	return Offset{}, errors.New("the broker did not answer for the offset that it was asked for")
}

// AddPartitions announces partitions that a transaction writes to. Those of a topic stand together.
func (c *Conn) AddPartitions(ctx context.Context, broker int, m Member, partitions []Partition) error {
	var topics []addpartitionstotxn.RequestTopic
	for i, p := range partitions {
		if i == 0 || p.Topic != partitions[i-1].Topic {
			topics = append(topics, addpartitionstotxn.RequestTopic{Name: p.Topic})
		}
		last := &topics[len(topics)-1]
		last.Partitions = append(last.Partitions, p.Number)
	}
	res, err := roundTrip[*addpartitionstotxn.Response](ctx, c, &addPartitions{
		TransactionalID: m.ID,
		ProducerID:      m.Producer.ID,
		ProducerEpoch:   m.Producer.Epoch,
		Topics:          topics,
		to:              to{broker},
	})
	if err != nil {
		return err
	}
	const notAttempted = 55 // the code of a partition that is fine beside one that is not
	for _, topic := range res.Results {
		for _, p := range topic.Results {
			if p.ErrorCode != 0 && p.ErrorCode != notAttempted {
				return fmt.Errorf("partition %d of topic %s: %w", p.PartitionIndex, topic.Name,
					kafka.Error(p.ErrorCode))
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
		Topics: []txnoffsetcommit.RequestTopic{{Name: c.topic, Partitions: []txnoffsetcommit.RequestPartition{{
			Partition:            FirstPartition,
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

// Produce sends batches to the leader of their partitions, of which those of a topic stand together. id is
// that of the transaction, if there is one. Wire may be read until the connections are closed where there is
// an error.
func (c *Conn) Produce(ctx context.Context, leader int, id string, batches []Batch) (Produced, error) {
	var topics []rawproduce.RequestTopic
	for i, b := range batches {
		if i == 0 || b.Topic != batches[i-1].Topic {
			topics = append(topics, rawproduce.RequestTopic{Topic: b.Topic})
		}
		last := &topics[len(topics)-1]
		last.Partitions = append(last.Partitions, rawproduce.RequestPartition{
			Partition: b.Number,
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(b.Wire)},
		})
	}
	if err := c.ahead.await(ctx, leader); err != nil {
		return Produced{}, err
	}
	m, err := c.transport.RoundTrip(ctx, c.client.Addr, &rawproduce.Request{
		TransactionalID: id,
		Acks:            int16(kafka.RequireAll),
		Timeout:         int32(RequestTimeout / time.Millisecond),
		Topics:          topics,
	})
	if err != nil {
		return Produced{}, err
	}
	res := m.(*produce.Response)
	said := Produced{make(map[Partition]Appended, len(batches)), time.Duration(res.ThrottleTimeMs) * time.Millisecond}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			said.Partitions[Partition{t.Topic, p.Partition}] = Appended{p.BaseOffset, kafka.Error(p.ErrorCode)}
		}
	}
	for _, b := range batches {
		if _, ok := said.Partitions[b.Partition]; !ok {
			said.Partitions[b.Partition] = Appended{-1, kafka.NetworkException}
		}
	}
	return said, nil
}
