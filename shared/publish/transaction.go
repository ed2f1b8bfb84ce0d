package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// transaction is one try at bringing a burst to Kafka whole:
//
//	begin   gets a producer identity; the broker ends what an earlier attempt of this
//	        cell left behind, and refuses all that one still sends
//	read    finds out whether the burst is there already
//	add     announces the partitions that are written to
//	record  writes the burst into the ledger, as a part of the transaction, and makes
//	        sure that what was read was not a broker's past
//	commit  makes all of it visible at once
//	abort   or takes all of it back
//
// Its methods make one attempt each; an ErrRetryable may be tried again.
type transaction struct {
	id       string // of all attempts in this cell
	topic    string
	number   int64
	timeout  time.Duration // after which the broker aborts what is not ended
	producer producer

	ledger   bool
	entry    entry // as it was read
	readFrom int   // the broker that told it
	verified bool  // the entry is what the ledger's leader knows

	coordinator int  // of the transactional id; anyBroker: to be asked for
	group       int  // coordinator of the consumer group; likewise
	begun       bool // the broker may have something to end
	doubtful    bool // the wish to commit may have come true
}

// errAnew is a transaction that cannot be brought to its end, where another one, from the
// beginning, may.
var errAnew = fmt.Errorf("%w: the transaction has to begin anew", ErrRetryable)

// The limits of a transaction's timeout: shorter ones are ended under a slow burst,
// and brokers refuse longer ones.
const (
	minTransaction = 10 * time.Second
	maxTransaction = 15 * time.Minute
	transactionLag = 5 * time.Second // beyond the attempt's own deadline
)

func newTransaction(topic string, key Key, ledger bool, left time.Duration) *transaction {
	return &transaction{
		id: key.cell(), topic: topic, number: key.Number, ledger: ledger,
		timeout:     min(max(left+transactionLag, minTransaction), maxTransaction),
		coordinator: anyBroker, group: anyBroker,
	}
}

// locate finds the coordinator of the transactional id.
func (t *transaction) locate(ctx context.Context, l *link) (err error) {
	if t.coordinator == anyBroker {
		t.coordinator, err = l.coordinator(ctx, t.id, kafka.CoordinatorKeyTypeTransaction)
	}
	return err
}

// locateGroup finds the coordinator of the ledger.
func (t *transaction) locateGroup(ctx context.Context, l *link) (err error) {
	if t.group == anyBroker {
		t.group, err = l.coordinator(ctx, t.id, kafka.CoordinatorKeyTypeConsumer)
	}
	return err
}

// moved forgets the coordinators where err says that they are others now.
func (t *transaction) moved(err error) error {
	var code kafka.Error
	if err != nil && (!errors.As(err, &code) || code != kafka.ConcurrentTransactions) {
		t.coordinator, t.group = anyBroker, anyBroker
	}
	return err
}

func (t *transaction) begin(ctx context.Context, l *link) error {
	if err := t.locate(ctx, l); err != nil {
		return t.moved(err)
	}
	l.openAnother(t.coordinator) // for the ledger's entry, beside the batches
	var group sync.WaitGroup
	var unsupported error
	if t.ledger {
		group.Go(func() {
			unsupported = l.checkVersion(ctx, anyBroker) // record asks the one that matters, beside the batches
			_ = t.locateGroup(ctx, l)                    // tried again where it is needed
		})
	}
	p, err := l.initProducer(ctx, t.coordinator, t.id, t.timeout, anybody)
	group.Wait()
	t.producer = p
	return t.moved(cmp.Or(unsupported, err))
}

// anybody is a producer that has no identity yet.
var anybody = producer{-1, -1}

// initProducer gets a producer identity; without an id it is for one burst only. With the
// identity that a producer has, it gets a new one only if nobody took over.
func (l *link) initProducer(ctx context.Context, broker int, id string, timeout time.Duration, now producer) (producer, error) {
	res, err := roundTrip[*initproducerid.Response](ctx, l, &initProducerID{
		TransactionalID:      id,
		TransactionTimeoutMs: int32(timeout.Milliseconds()),
		ProducerID:           now.id,
		ProducerEpoch:        now.epoch,
		to:                   to{broker},
	})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if err != nil {
		return producer{}, err
	}
	return producer{res.ProducerID, res.ProducerEpoch}, nil
}

// ledgerPartition of the topic carries the ledger's offset; every topic has it.
const ledgerPartition = 0

// read reports whether the burst is in the ledger. That it is there is true for ever; that
// it is not may be the past of a broker that has lost the lead and does not know: record
// looks again.
func (t *transaction) read(ctx context.Context, l *link) (there bool, err error) {
	if err := t.locateGroup(ctx, l); err != nil {
		return false, t.moved(err)
	}
	const stable = true // ErrRetryable while an ended transaction's entry is not taken in yet
	if t.entry, err = t.fetchEntry(ctx, l, stable); err != nil {
		return false, t.moved(err)
	}
	t.readFrom = t.group
	return t.entry.has(t.number)
}

// fetchEntry asks the ledger's coordinator for the entry.
func (t *transaction) fetchEntry(ctx context.Context, l *link, stable bool) (entry, error) {
	res, err := roundTrip[*fetchedOffsets](ctx, l, &fetchOffsets{
		GroupID:       t.id,
		Topics:        []fetchOffsetsTopic{{Name: t.topic, Partitions: []int32{ledgerPartition}}},
		RequireStable: stable,
		to:            to{t.group},
	})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if errors.Is(err, kafka.GroupIdNotFound) { // a broker may say so, or that there is no offset
		return entry{newest: none}, nil
	}
	if err != nil {
		return entry{}, err
	}
	for _, topic := range res.Topics {
		for _, p := range topic.Partitions {
			if topic.Name != t.topic || p.Partition != ledgerPartition {
				continue
			}
			if err := failed(p.ErrorCode); err != nil {
				return entry{}, err
			}
			return readEntry(p.Offset, p.Metadata)
		}
	}
	return entry{}, fmt.Errorf("%w: the broker did not answer for the ledger", ErrRetryable)
}

func (t *transaction) add(ctx context.Context, l *link, partitions []int32) error {
	if err := t.locate(ctx, l); err != nil {
		return t.moved(err)
	}
	res, err := roundTrip[*addpartitionstotxn.Response](ctx, l, &addPartitions{
		TransactionalID: t.id,
		ProducerID:      t.producer.id,
		ProducerEpoch:   t.producer.epoch,
		Topics:          []addpartitionstotxn.RequestTopic{{Name: t.topic, Partitions: partitions}},
		to:              to{t.coordinator},
	})
	if err != nil {
		return t.moved(err)
	}
	for _, topic := range res.Results {
		for _, p := range topic.Results {
			if err := failed(p.ErrorCode); err != nil && p.ErrorCode != operationNotAttempted {
				return t.moved(fmt.Errorf("partition %d of topic %s: %w", p.PartitionIndex, t.topic, err))
			}
		}
	}
	return nil
}

// operationNotAttempted is the code of a partition that is fine beside one that is not.
const operationNotAttempted = 55

func (t *transaction) record(ctx context.Context, l *link) error {
	if err := t.locate(ctx, l); err != nil {
		return t.moved(err)
	}
	added, err := roundTrip[*addoffsetstotxn.Response](ctx, l, &addOffsets{
		TransactionalID: t.id,
		ProducerID:      t.producer.id,
		ProducerEpoch:   t.producer.epoch,
		GroupID:         t.id,
		to:              to{t.coordinator},
	})
	if err == nil {
		err = failed(added.ErrorCode)
	}
	if err == nil {
		err = t.locateGroup(ctx, l)
	}
	if err == nil && t.group != t.readFrom {
		return fmt.Errorf("%w: the ledger was read from broker %d, and broker %d has it now", errAnew, t.readFrom, t.group)
	}
	if err == nil {
		err = l.checkVersion(ctx, t.group)
	}
	if err == nil {
		err = t.writeEntry(ctx, l)
	}
	if err == nil {
		err = t.verify(ctx, l)
	}
	return t.moved(err)
}

// writeEntry writes the burst into the ledger. Its success proves that the broker leads:
// all in-sync replicas have the entry.
func (t *transaction) writeEntry(ctx context.Context, l *link) error {
	next := t.entry.with(t.number)
	res, err := roundTrip[*txnoffsetcommit.Response](ctx, l, &commitOffsets{
		TransactionalID: t.id,
		GroupID:         t.id,
		ProducerID:      t.producer.id,
		ProducerEpoch:   t.producer.epoch,
		GenerationID:    -1, // no member of the group
		Topics: []txnoffsetcommit.RequestTopic{{Name: t.topic, Partitions: []txnoffsetcommit.RequestPartition{{
			Partition:            ledgerPartition,
			CommittedOffset:      next.newest,
			CommittedLeaderEpoch: -1,
			CommittedMetadata:    next.metadata(),
		}}}},
		to: to{t.group},
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

// verify asks the broker that has just proved that it leads for what is committed, which
// has to be what read was told.
func (t *transaction) verify(ctx context.Context, l *link) error {
	const stable = false // our own entry is not
	now, err := t.fetchEntry(ctx, l, stable)
	if err != nil {
		return err
	}
	if !now.equal(&t.entry) {
		return fmt.Errorf("%w: broker %d told of the ledger as it was before", errAnew, t.readFrom)
	}
	t.verified = true
	return nil
}

// commit makes the transaction visible. The same wish may be sent again.
func (t *transaction) commit(ctx context.Context, l *link) error {
	if err := t.locate(ctx, l); err != nil {
		return t.moved(err)
	}
	res, err := roundTrip[*endtxn.Response](ctx, l, &endTransaction{
		TransactionalID: t.id,
		ProducerID:      t.producer.id,
		ProducerEpoch:   t.producer.epoch,
		Committed:       true,
		to:              to{t.coordinator},
	})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	t.doubtful = err != nil && (t.doubtful || !provesNoCommit(err))
	return t.moved(err)
}

// provesNoCommit reports whether a broker that answers so to the first wish to commit has
// not written it. Others may come after the writing: it was written and not replicated in
// time, or the broker lost the lead while it wrote, and then answers as one that never had it.
func provesNoCommit(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafka.InvalidProducerEpoch, kafka.ProducerFenced, kafka.InvalidProducerIDMapping, kafka.InvalidTransactionState,
		kafka.TransactionalIDAuthorizationFailed, kafka.ClusterAuthorizationFailed:
		return true
	}
	return false
}

// abort takes the transaction back by asking for a new producer identity: the broker ends
// it under a higher epoch, and refuses what is still on its way with this one. An EndTxn
// would leave the epoch as it is, and a batch that comes late would join what the next
// attempt commits. Kafka would end the transaction of an attempt that took over too, so it is
// asked first whether there is one, by a request that only the newest attempt may make. Where
// one takes over between the two requests it is fenced, and has to be repeated.
func (t *transaction) abort(ctx context.Context, l *link) error {
	if err := t.add(ctx, l, []int32{ledgerPartition}); err != nil {
		if errors.Is(err, kafka.ConcurrentTransactions) {
			return nil // it is being ended
		}
		return err
	}
	_, err := l.initProducer(ctx, t.coordinator, t.id, t.timeout, t.producer)
	if errors.Is(err, kafka.ConcurrentTransactions) {
		return nil
	}
	return t.moved(err)
}
