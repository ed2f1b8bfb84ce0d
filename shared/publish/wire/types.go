package wire

import (
	"time"

	"github.com/segmentio/kafka-go"
)

// Producer is the identity of a producer; Anybody has none yet.
type Producer struct {
	ID    int64
	Epoch int16
}

// Anybody is a producer without an identity.
var Anybody = Producer{-1, -1}

// Role is what a broker coordinates.
type Role = kafka.CoordinatorKeyType

// The roles.
const (
	OfTransaction = kafka.CoordinatorKeyTypeTransaction
	OfGroup       = kafka.CoordinatorKeyTypeConsumer
)

// Offset is a committed offset with its metadata; −1 where there is none.
type Offset struct {
	Offset   int64
	Metadata string
}

// FirstPartition of the topic carries a group's offset; every topic has it.
const FirstPartition = 0

// Member is who makes a transaction's request: the newest producer of an id.
type Member struct {
	ID       string // transactional
	Producer Producer
}

// Partition is one of a topic.
type Partition struct {
	Topic  string
	Number int32
}

// Batch is a record batch for one partition, behind the four bytes of its size.
type Batch struct {
	Partition
	Wire []byte
}

// Produced is what the leader said of the batches, by partition.
type Produced struct {
	Partitions map[Partition]Appended
	Throttle   time.Duration // that it asks for
}

// Appended is what the leader said of one batch.
type Appended struct {
	BaseOffset int64       // of its first record; −1: not told
	Code       kafka.Error // 0: all in-sync replicas have it; NetworkException where nothing was said
}
