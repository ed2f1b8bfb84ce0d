package wire

import (
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	_ "github.com/segmentio/kafka-go/protocol/offsetfetch" // registers itself before fetchOffsets takes its place
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// The types here are kafka-go's requests, field by field (a test compares them), with the
// broker that they are for: the encoder finds a field by its place and does not see the last one.

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

type apiVersions struct {
	_ struct{}
	to
}

// fetchOffsets is version 7 in the place of kafka-go's own, in kafka-go's way of writing
// layouts. Only 7 can ask for what is stable: whether a transaction has written an offset that it has
// ended and the coordinator has not taken in yet.
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

func (*initProducerID) ApiKey() protocol.ApiKey { return protocol.InitProducerId }
func (*fetchOffsets) ApiKey() protocol.ApiKey   { return protocol.OffsetFetch }
func (*fetchedOffsets) ApiKey() protocol.ApiKey { return protocol.OffsetFetch }
func (*apiVersions) ApiKey() protocol.ApiKey    { return protocol.ApiVersions }
func (*addPartitions) ApiKey() protocol.ApiKey  { return protocol.AddPartitionsToTxn }
func (*addOffsets) ApiKey() protocol.ApiKey     { return protocol.AddOffsetsToTxn }
func (*commitOffsets) ApiKey() protocol.ApiKey  { return protocol.TxnOffsetCommit }
func (*endTransaction) ApiKey() protocol.ApiKey { return protocol.EndTxn }

func init() { protocol.Register(&fetchOffsets{}, &fetchedOffsets{}) }

// to is the broker that a request is for, or AnyBroker.
type to struct{ broker int }

// AnyBroker is one of those that a Conn begins with.
const AnyBroker = -1

// directed is a request that says which broker it is for.
type directed interface {
	protocol.Message
	number() int
}

func (t to) number() int { return t.broker }

// Broker implements protocol.BrokerMessage.
func (t to) Broker(c protocol.Cluster) (protocol.Broker, error) {
	if t.broker == AnyBroker {
		return protocol.Broker{ID: AnyBroker}, nil
	}
	b, ok := c.Brokers[int32(t.broker)]
	if !ok {
		return b, fmt.Errorf("broker %d is not among those that are known", t.broker)
	}
	return b, nil
}

// failed returns the error that a response's code stands for.
func failed(code int16) error {
	if code == 0 {
		return nil
	}
	return kafka.Error(code)
}
