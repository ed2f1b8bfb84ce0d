package publish

import (
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
	"github.com/segmentio/kafka-go/protocol/offsetfetch"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// transaction is one attempt at bringing a burst to Kafka whole:
//
//	begin   gets a producer identity; the broker ends what an earlier attempt of this
//	        cell left behind, and refuses all that one still sends
//	read    finds out whether the burst is there already
//	add     announces the partitions that are written to
//	record  writes the burst into the ledger, as a part of the transaction
//	end     makes all of it visible at once, or none
//
// Its methods make one attempt each; an ErrRetryable may be tried again.
type transaction struct {
	id       string // of all attempts in this cell
	topic    string
	number   int64
	timeout  time.Duration // after which the broker aborts what is not ended
	producer producer

	ledger bool
	entry  entry // as it was read

	coordinator int  // of the transactional id; anyBroker: to be asked for
	group       int  // coordinator of the consumer group; likewise
	begun       bool // the broker may have something to end
	doubtful    bool // the wish to commit was sent and not answered
}

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
	if t.ledger {
		group.Go(func() { _ = t.locateGroup(ctx, l) }) // tried again where it is needed
	}
	p, err := l.initProducer(ctx, t.coordinator, t.id, t.timeout)
	group.Wait()
	t.producer = p
	return t.moved(err)
}

// initProducer gets a producer identity; without an id it is for one burst only.
func (l *link) initProducer(ctx context.Context, broker int, id string, timeout time.Duration) (producer, error) {
	res, err := roundTrip[*initproducerid.Response](ctx, l, &initProducerID{
		TransactionalID:      id,
		TransactionTimeoutMs: int32(timeout.Milliseconds()),
		ProducerID:           -1,
		ProducerEpoch:        -1,
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

// read tells whether the burst is in the ledger.
func (t *transaction) read(ctx context.Context, l *link) (there bool, err error) {
	if err := t.locateGroup(ctx, l); err != nil {
		return false, t.moved(err)
	}
	res, err := roundTrip[*offsetfetch.Response](ctx, l, &fetchOffsets{
		GroupID: t.id,
		Topics:  []offsetfetch.RequestTopic{{Name: t.topic, PartitionIndexes: []int32{ledgerPartition}}},
		to:      to{t.group},
	})
	if err == nil {
		err = failed(res.ErrorCode)
	}
	if errors.Is(err, kafka.GroupIdNotFound) { // a broker may say so, or that there is no offset
		t.entry = entry{newest: none}
		return false, nil
	}
	if err != nil {
		return false, t.moved(err)
	}
	for _, topic := range res.Topics {
		for _, p := range topic.Partitions {
			if topic.Name != t.topic || p.PartitionIndex != ledgerPartition {
				continue
			}
			if err := failed(p.ErrorCode); err != nil {
				return false, t.moved(err)
			}
			t.entry, err = readEntry(p.CommittedOffset, p.Metadata)
			if err != nil {
				return false, err
			}
			return t.entry.has(t.number)
		}
	}
	return false, fmt.Errorf("%w: the broker did not answer for the ledger", ErrRetryable)
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
	if err != nil {
		return t.moved(err)
	}
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
		return t.moved(err)
	}
	for _, topic := range res.Topics {
		for _, p := range topic.Partitions {
			if err := failed(p.ErrorCode); err != nil {
				return t.moved(err)
			}
		}
	}
	return nil
}

// end commits or aborts. The same wish may be sent again.
func (t *transaction) end(ctx context.Context, l *link, commit bool) error {
	if err := t.locate(ctx, l); err != nil {
		return t.moved(err)
	}
	res, err := roundTrip[*endtxn.Response](ctx, l, &endTransaction{
		TransactionalID: t.id,
		ProducerID:      t.producer.id,
		ProducerEpoch:   t.producer.epoch,
		Committed:       commit,
		to:              to{t.coordinator},
	})
	switch {
	case err != nil:
		t.doubtful = t.doubtful || commit
	case res.ErrorCode != 0:
		err = failed(res.ErrorCode)
		t.doubtful = t.doubtful || commit && err == kafka.RequestTimedOut
	}
	return t.moved(err)
}

// abortTime is kept free before the deadline for taking back what was written: readers
// would wait for it until the transaction's timeout.
const abortTime = 500 * time.Millisecond

// transact publishes within a transaction.
func (p *Publisher) transact(ctx context.Context, key Key, f *feed, leaders routes) (Result, error) {
	deadline, _ := ctx.Deadline() // Publish has set one
	left := time.Until(deadline)
	t := newTransaction(p.cfg.Topic, key, p.cfg.Delivery == ExactlyOnce, left)
	work, cancel := context.WithDeadline(ctx, deadline.Add(-min(abortTime, left/4)))
	defer cancel()

	if err := p.persist(work, "beginning transaction "+t.id, t.begin); err != nil {
		return Result{}, err
	}
	if t.ledger {
		var there bool
		err := p.persist(work, "reading ledger "+t.id, func(ctx context.Context, l *link) (err error) {
			there, err = t.read(ctx, l)
			return err
		})
		if err != nil || there {
			return Result{Skipped: there}, err
		}
	}
	d := newDispatcher(p, f, leaders, t)
	d.producer = t.producer
	err := d.run(work)
	if err == nil {
		err = p.persist(work, "committing transaction "+t.id, func(ctx context.Context, l *link) error {
			return t.end(ctx, l, true)
		})
	}
	if err == nil {
		return d.result, nil
	}
	undone := Result{Requests: d.result.Requests, Retries: d.result.Retries}
	if t.doubtful {
		undone.InDoubt = f.stream.Len()
	} else if t.begun && !errors.Is(err, ErrFenced) {
		p.abort(ctx, t)
	}
	return undone, err
}

// abort takes back what was written, if there is something and time for it. It is a
// kindness to readers only: the next attempt or the broker's clock does it too.
func (p *Publisher) abort(ctx context.Context, t *transaction) {
	if errors.Is(ctx.Err(), context.Canceled) {
		ctx = context.WithoutCancel(ctx) // before the deadline, so there is time
	}
	ctx, cancel := context.WithTimeout(ctx, abortTime)
	defer cancel()
	_ = p.persist(ctx, "aborting", func(ctx context.Context, l *link) error { return t.end(ctx, l, false) })
}
