package publish

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	_ "github.com/segmentio/kafka-go/protocol/offsetfetch" // registers itself before fetchOffsets takes its place
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
func (*apiVersions) ApiKey() protocol.ApiKey    { return protocol.ApiVersions }
func (*addPartitions) ApiKey() protocol.ApiKey  { return protocol.AddPartitionsToTxn }
func (*addOffsets) ApiKey() protocol.ApiKey     { return protocol.AddOffsetsToTxn }
func (*commitOffsets) ApiKey() protocol.ApiKey  { return protocol.TxnOffsetCommit }
func (*endTransaction) ApiKey() protocol.ApiKey { return protocol.EndTxn }

type apiVersions struct {
	_ struct{}
	to
}

// kafka-go's OffsetFetch ends at version 5, and only 7 can ask for what is stable: whether
// a transaction has written an offset that it has ended and the coordinator has not taken
// in yet. So this is version 7, in kafka-go's way of writing layouts, in the place of its own.
type fetchOffsets struct {
	_             struct{}            `kafka:"min=v7,max=v7,tag"`
	GroupID       string              `kafka:"min=v7,max=v7,compact"`
	Topics        []fetchOffsetsTopic `kafka:"min=v7,max=v7"`
	RequireStable bool                `kafka:"min=v7,max=v7"`
	to
}

type fetchOffsetsTopic struct {
	_          struct{} `kafka:"min=v7,max=v7,tag"`
	Name       string   `kafka:"min=v7,max=v7,compact"`
	Partitions []int32  `kafka:"min=v7,max=v7"`
}

type fetchedOffsets struct {
	_              struct{}              `kafka:"min=v7,max=v7,tag"`
	ThrottleTimeMs int32                 `kafka:"min=v7,max=v7"`
	Topics         []fetchedOffsetsTopic `kafka:"min=v7,max=v7"`
	ErrorCode      int16                 `kafka:"min=v7,max=v7"`
}

type fetchedOffsetsTopic struct {
	_          struct{}        `kafka:"min=v7,max=v7,tag"`
	Name       string          `kafka:"min=v7,max=v7,compact"`
	Partitions []fetchedOffset `kafka:"min=v7,max=v7"`
}

type fetchedOffset struct {
	_           struct{} `kafka:"min=v7,max=v7,tag"`
	Partition   int32    `kafka:"min=v7,max=v7"`
	Offset      int64    `kafka:"min=v7,max=v7"`
	LeaderEpoch int32    `kafka:"min=v7,max=v7"`
	Metadata    string   `kafka:"min=v7,max=v7,compact,nullable"`
	ErrorCode   int16    `kafka:"min=v7,max=v7"`
}

func (*fetchedOffsets) ApiKey() protocol.ApiKey { return protocol.OffsetFetch }

func init() { protocol.Register(&fetchOffsets{}, &fetchedOffsets{}) }

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

// minListOffsets is the version of ListOffsets that came with Kafka 4.0, the oldest with
// which the ledger is right. Kafka does not tell its own version.
const minListOffsets = 10

// checkVersion refuses a broker that is too old for the ledger.
func (l *link) checkVersion(ctx context.Context, broker int) error {
	if l.capable[broker] || l.cfg.untested {
		return nil
	}
	res, err := roundTrip[*apiversions.Response](ctx, l, &apiVersions{to: to{broker}})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if err != nil {
		return err
	}
	for _, api := range res.ApiKeys {
		if protocol.ApiKey(api.ApiKey) == protocol.ListOffsets && api.MaxVersion >= minListOffsets {
			l.capable[broker] = true
			return nil
		}
	}
	return fmt.Errorf("%w: there are brokers older than Apache Kafka 4.0, which exactly-once delivery needs", ErrUnsupported)
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
