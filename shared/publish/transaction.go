package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"salesburst/shared/publish/wire"
)

// transaction is one try at bringing a burst to Kafka whole:
//
//	begin   gets a producer identity; the broker ends what an earlier attempt with this
//	        id left behind, and refuses all that one still sends
//	read    finds out whether the burst is there already
//	add     announces the partitions that are written to
//	record  writes the burst into the ledger, as a part of the transaction, and makes
//	        sure that what was read was not a broker's past
//	commit  makes all of it visible at once
//	abort   or takes all of it back
//
// Its methods make one attempt each; an ErrRetryable may be tried again.
type transaction struct {
	topic    string
	id       string // of all attempts with this key
	number   int64
	timeout  time.Duration // after which the broker aborts what is not ended
	producer wire.Producer

	ledger      bool
	oldBrokers  bool        // are asked all the same
	state       ledgerState // as it was read
	readFrom    int         // the broker that told it
	verified    bool        // the state is what the ledger's leader knows
	coordinator int         // of the transactional id; wire.AnyBroker: to be asked for
	group       int         // coordinator of the consumer group; likewise
	begun       bool        // the broker may have something to end
	doubtful    bool        // the wish to commit may have come true
}

// The limits of a transaction's timeout: shorter ones are ended under a slow burst,
// and brokers refuse longer ones.
const (
	minTransaction = 10 * time.Second
	maxTransaction = 15 * time.Minute
	transactionLag = 5 * time.Second // beyond the attempt's own deadline
)

func newTransaction(cfg Config, key Key, left time.Duration) *transaction {
	return &transaction{
		topic: cfg.Topic, id: key.transactionalID(), number: key.Number,
		timeout: min(max(left+transactionLag, minTransaction), maxTransaction),
		ledger:  cfg.Delivery == ExactlyOnce, oldBrokers: cfg.oldBrokers,
		coordinator: wire.AnyBroker, group: wire.AnyBroker,
	}
}

func (t *transaction) member() wire.Member { return wire.Member{ID: t.id, Producer: t.producer} }

// locate finds the coordinator of the transactional id.
func (t *transaction) locate(ctx context.Context, c *wire.Conn) (err error) {
	if t.coordinator == wire.AnyBroker {
		t.coordinator, err = c.Coordinator(ctx, t.id, wire.OfTransaction)
	}
	return err
}

// locateGroup finds the coordinator of the ledger.
func (t *transaction) locateGroup(ctx context.Context, c *wire.Conn) (err error) {
	if t.group == wire.AnyBroker {
		t.group, err = c.Coordinator(ctx, t.id, wire.OfGroup)
	}
	return err
}

// moved forgets the coordinators where err says that they are others now.
func (t *transaction) moved(err error) error {
	var code kafka.Error
	if err != nil && (!errors.As(err, &code) || code != kafka.ConcurrentTransactions) {
		t.coordinator, t.group = wire.AnyBroker, wire.AnyBroker
	}
	return err
}

func (t *transaction) begin(ctx context.Context, c *wire.Conn) error {
	if err := t.locate(ctx, c); err != nil {
		return t.moved(err)
	}
	c.Another(t.coordinator) // for the ledger's entry, beside the batches
	var group sync.WaitGroup
	var unsupported error
	if t.ledger {
		group.Go(func() {
			unsupported = t.checkVersion(ctx, c, wire.AnyBroker) // record asks the one that matters, beside the batches
			_ = t.locateGroup(ctx, c)                            // tried again where it is needed
		})
	}
	p, err := c.InitProducer(ctx, t.coordinator, t.id, t.timeout, wire.Anybody)
	group.Wait()
	t.producer = p
	return t.moved(cmp.Or(unsupported, err))
}

// checkVersion refuses a broker that is too old for the ledger.
func (t *transaction) checkVersion(ctx context.Context, c *wire.Conn, broker int) error {
	if t.oldBrokers {
		return nil
	}
	recent, err := c.IsRecent(ctx, broker)
	if err == nil && !recent {
		err = fmt.Errorf("%w: there are brokers older than Apache Kafka 4.0, which exactly-once delivery needs",
			ErrUnsupported)
	}
	return err
}

// read reports whether the burst is in the ledger. That it is there is true for ever; that
// it is not may be the past of a broker that has lost the lead and does not know: record
// looks again.
func (t *transaction) read(ctx context.Context, c *wire.Conn) (there bool, err error) {
	if err := t.locateGroup(ctx, c); err != nil {
		return false, t.moved(err)
	}
	const stable = true // ErrRetryable while an ended transaction's entry is not taken in yet
	if t.state, err = t.fetch(ctx, c, stable); err != nil {
		return false, t.moved(err)
	}
	t.readFrom = t.group
	return t.state.has(t.number)
}

// fetch asks the ledger's coordinator for its state.
func (t *transaction) fetch(ctx context.Context, c *wire.Conn, stable bool) (ledgerState, error) {
	offset, err := c.FetchOffset(ctx, t.group, t.id, stable)
	if err != nil {
		return ledgerState{}, err
	}
	return readLedger(offset)
}

func (t *transaction) add(ctx context.Context, c *wire.Conn, partitions ...wire.Partition) error {
	if err := t.locate(ctx, c); err != nil {
		return t.moved(err)
	}
	return t.moved(c.AddPartitions(ctx, t.coordinator, t.member(), partitions))
}

func (t *transaction) record(ctx context.Context, c *wire.Conn) error {
	if err := t.locate(ctx, c); err != nil {
		return t.moved(err)
	}
	err := c.AddOffsets(ctx, t.coordinator, t.member(), t.id)
	if err == nil {
		err = t.locateGroup(ctx, c)
	}
	if err == nil && t.group != t.readFrom {
		return fmt.Errorf("%w: the ledger was read from broker %d, and broker %d has it now", errAnew, t.readFrom,
			t.group)
	}
	if err == nil {
		err = t.checkVersion(ctx, c, t.group)
	}
	if err == nil {
		// Its success proves that the broker leads: all in-sync replicas have the entry.
		next := t.state.with(t.number, t.producer)
		err = c.CommitOffset(ctx, t.group, t.member(), t.id, next.offset())
	}
	if err == nil {
		err = t.verify(ctx, c)
	}
	return t.moved(err)
}

// verify asks the broker that has just proved that it leads for what is committed, which
// has to be what read was told.
func (t *transaction) verify(ctx context.Context, c *wire.Conn) error {
	const stable = false // our own entry is not
	now, err := t.fetch(ctx, c, stable)
	if err != nil {
		return err
	}
	if !now.equal(&t.state) {
		return fmt.Errorf("%w: broker %d told of the ledger as it was before", errAnew, t.readFrom)
	}
	t.verified = true
	return nil
}

// commit makes the transaction visible. The same wish may be sent again.
func (t *transaction) commit(ctx context.Context, c *wire.Conn) error {
	if err := t.locate(ctx, c); err != nil {
		return t.moved(err)
	}
	err := c.Commit(ctx, t.coordinator, t.member())
	t.doubtful = err != nil && (t.doubtful || !provesNoCommit(err))
	return t.moved(err)
}

// abort takes the transaction back by asking for a new producer identity: the broker ends
// it under a higher epoch, and refuses what is still on its way with this one. An EndTxn
// would leave the epoch as it is, and a batch that comes late would join what the next
// attempt commits. Kafka would end the transaction of an attempt that took over too, so it is
// asked first whether there is one, by a request that only the newest attempt may make. Where
// one takes over between the two requests it is fenced, and has to be repeated.
func (t *transaction) abort(ctx context.Context, c *wire.Conn) error {
	if err := t.add(ctx, c, wire.Partition{Topic: t.topic, Number: wire.FirstPartition}); err != nil {
		if errors.Is(err, kafka.ConcurrentTransactions) {
			return nil // it is being ended
		}
		return err
	}
	_, err := c.InitProducer(ctx, t.coordinator, t.id, t.timeout, t.producer)
	if errors.Is(err, kafka.ConcurrentTransactions) {
		return nil
	}
	return t.moved(err)
}
