package publish

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// kafka-go asks for the coordinator anew before each request of a transaction, which
// costs a second round trip. The types here are its requests, field by field (a test
// compares them), with the broker that they are for: the encoder finds a field by its
// place and does not see the last one.

type initProducerID struct {
	_                    struct{}
	TransactionalID      string
	TransactionTimeoutMs int32
	ProducerID           int64
	ProducerEpoch        int16
	to
}

type fetchOffsets struct {
	GroupID string
	Topics  []offsetfetch.RequestTopic
	to
}

type addPartitions struct {
	_               struct{}
	TransactionalID string
	ProducerID      int64
	ProducerEpoch   int16
	Topics          []addpartitionstotxn.RequestTopic
	to
}

type addOffsets struct {
	_               struct{}
	TransactionalID string
	ProducerID      int64
	ProducerEpoch   int16
	GroupID         string
	to
}

type commitOffsets struct {
	_               struct{}
	TransactionalID string
	GroupID         string
	ProducerID      int64
	ProducerEpoch   int16
	GenerationID    int32
	MemberID        string
	GroupInstanceID string
	Topics          []txnoffsetcommit.RequestTopic
	to
}

type endTransaction struct {
	_               struct{}
	TransactionalID string
	ProducerID      int64
	ProducerEpoch   int16
	Committed       bool
	to
}

func (*initProducerID) ApiKey() protocol.ApiKey { return protocol.InitProducerId }
func (*fetchOffsets) ApiKey() protocol.ApiKey   { return protocol.OffsetFetch }
func (*addPartitions) ApiKey() protocol.ApiKey  { return protocol.AddPartitionsToTxn }
func (*addOffsets) ApiKey() protocol.ApiKey     { return protocol.AddOffsetsToTxn }
func (*commitOffsets) ApiKey() protocol.ApiKey  { return protocol.TxnOffsetCommit }
func (*endTransaction) ApiKey() protocol.ApiKey { return protocol.EndTxn }

// to is the broker that a request is for; anyBroker is one of those that the
// connection began with.
type to struct{ broker int }

const anyBroker = -1

// directed is a request that says which broker it is for.
type directed interface {
	protocol.Message
	number() int
}

func (t to) number() int { return t.broker }

// Broker implements protocol.BrokerMessage.
func (t to) Broker(c protocol.Cluster) (protocol.Broker, error) {
	if t.broker == anyBroker {
		return protocol.Broker{ID: anyBroker}, nil
	}
	b, ok := c.Brokers[int32(t.broker)]
	if !ok {
		return b, fmt.Errorf("broker %d is not among those that are known", t.broker)
	}
	return b, nil
}

// roundTrip sends a request and returns its response.
func roundTrip[R protocol.Message](ctx context.Context, l *link, req directed) (res R, err error) {
	if err := l.opened(ctx, req.number()); err != nil {
		return res, err
	}
	m, err := l.transport.RoundTrip(ctx, l.client.Addr, req)
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

// coordinator returns the broker that coordinates a transactional id or a group.
func (l *link) coordinator(ctx context.Context, key string, kind kafka.CoordinatorKeyType) (int, error) {
	res, err := l.client.FindCoordinator(ctx, &kafka.FindCoordinatorRequest{Key: key, KeyType: kind})
	if err != nil {
		return 0, err
	}
	if res.Error != nil {
		return 0, res.Error
	}
	return res.Coordinator.NodeID, nil
}
