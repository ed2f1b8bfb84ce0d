/*
Package publish brings a burst of sales to Kafka, fast and without doubles.

Start with [Publisher.Publish]. It is a pipeline of three steps:

  - workers (GOMAXPROCS of them) take the burst chunk by chunk, generate the
    sales, sort them by partition, encode one record batch per partition and
    compress it (worker.go, batch.go, package squeeze);
  - the dispatcher puts the chunks back into their order, so that a customer's
    sales keep theirs, stamps the producer's sequence on each batch and sends what
    waits: one request in flight per leader, all of the leader's partitions in it
    (dispatch.go);
  - the link holds the connections of one attempt. It is cut when the attempt
    fails, which is what guarantees that nothing is sent after Publish has
    returned (link.go).

# Promises

Every batch carries a producer id, an epoch and a sequence, and is sent again with
the same ones until it is acknowledged by all in-sync replicas: whatever answers
are lost, the broker stores it once. At the level [Idempotent] that promise ends with
the call: a second call for the same burst is another producer, and stores it again.

At the level [Transactional] the call is one transaction (transaction.go). Readers with
isolation.level=read_committed see all of the burst or nothing of it. A second attempt
at the same burst fences the first: the broker aborts what that one wrote and refuses
what it still sends, which ends it with an [ErrFenced].

At the level [ExactlyOnce] the transaction also writes into a ledger that the burst is
there (ledger.go), and an attempt reads the ledger before anything else: a burst that is
there is skipped, by whomever it is asked for again. The ledger is a committed offset of
a consumer group, which Kafka makes visible together with the burst or not at all.

# Why a burst is there once

Two attempts at one burst can run at any distance: one after the other, at the same time,
or one frozen in the middle and thawed an hour later. All of them use one transactional id,
that of the burst's cell, and one ledger, a consumer group of the same name. Call one that
has committed A, and any later one B. B must not commit, wherever it asks and whoever
answers. Its steps (transaction.go, attempt.go):

 1. InitProducerID. The transaction coordinator answers after it has written the new epoch
    to all in-sync replicas, so one that was deposed cannot answer. What A began is
    over by then: if A had not committed it never will, for its epoch is refused from now on,
    and if it had, the markers of its commit are in the logs of all partitions that it wrote
    to, the ledger's among them. So whether A has committed is decided, before B's step 2.

 2. OffsetFetch, from the broker R that says it coordinates the ledger, with RequireStable.
    "The burst is there" is true for ever: skip it. "It is not there" need not be true: R
    may have been paused and not have heard that another broker leads.

 3. AddPartitionsToTxn, the batches, and beside them AddOffsetsToTxn and TxnOffsetCommit
    to R, and to nobody else: where the ledger has moved since step 2, B gives up and begins
    anew. R answers after all in-sync replicas have the entry, so it leads now.

 4. OffsetFetch again, from R, without RequireStable (B's own entry is not stable). R has led
    between the answer to step 3 and now, or knows at least what it knew then. Only if it
    tells the same entry as in step 2 does B go on; else B begins anew, and finds A's.

 5. EndTxn, when all batches and the entry are acknowledged.

Why step 4 sees A's entry: A's marker was in the log of the ledger before step 2. When R
got it as the leader, it had A's entry from then on. Otherwise R became the leader
later, and read the whole log, marker included, before it answered step 3.
There is one gap. A broker may write the marker and take the entry in some time
later (KAFKA-17507, before 3.9.1), so that R, leading all along, may tell in step 2 and 4 alike
that there is none. Until then A's entry is pending there, and step 2 asks for what is stable: R
answers that it is not, and B asks again. That R of step 2, 3 and 4 is one broker is what
makes this complete: either it led when the marker came, and step 2 waits, or it did not,
and step 4 sees what it read when it took the lead. Why not RequireStable in
step 4 alone? B's own entry is pending by then, so the answer would be "unstable" for ever.

After step 4 only an attempt that fences B can change the ledger, and then step 5 is refused.

Where else a broker may speak of the past, and why it does not matter:

  - FindCoordinator and metadata may name the wrong broker. It refuses, or it is R of step 2,
    or it is a partition's old leader, whose answer needs in-sync replicas that it has not.
  - AddPartitionsToTxn and AddOffsetsToTxn are answered without a write where the partition
    is known already. Then an earlier answer was written, or B is fenced and step 5 is refused.
  - EndTxn is answered without a write where the transaction is over under B's epoch, which no
    other attempt has.

Brokers before 4.0 are refused. Their group coordinator keeps one pending entry for a producer
id, whatever the epoch: a TxnOffsetCommit of a fenced attempt that comes late takes the place of
the next one's and is refused, and then there is none; the same may happen where an abort is
taken in late. What was committed is in their log then, and not in what they answer.

Something that B sent may arrive when B has given up: a batch, or the entry for the ledger. With
EndTxn as the way to abort, the epoch would stay what it is, a broker that does not verify
transactions (before 3.6) would take the batch, and the next attempt would commit it. So an attempt is
aborted by InitProducerID: the markers carry a higher epoch, and the partitions refuse the old
one. Each partition that B sent to has one, for it was added before. A killed attempt is ended
in that way by the next one's step 1, or by the coordinator when its timeout is over.

The wish to commit (step 5) may come true although the answer is an error, or none. Only
answers that come before anything is written prove that it did not: that the epoch is
over, or that there is no such transaction. After any other one the burst is in doubt. At this
level B finds out, with the steps from 1: the ledger has the burst, or nobody will ever commit it.
Where there is no time for that, or another attempt has taken over, the [Result] says that it is in doubt.

A topic that is deleted takes its sales and its ledger with it. One that is made anew in the
middle of a burst is noticed where a partition's log ends before what was written to it; where
nothing more was to be written to a partition, or others have filled it again, it is not.

The model in shared/publish/model has these steps, brokers that stop and wake, and messages
that come late; it is searched exhaustively by the tests.

# How far the ledger reaches

Bursts of a series are numbered, and a late attempt at an old one may come after newer
ones. So an offset alone, the newest number, is not enough: its metadata has a window of
the numbers before. Two attempts at different bursts must not write the same ledger at
the same time, for one would undo the other's entry. So a ledger belongs to one
transactional id, whose attempts the broker fences one by one, and a series has sixty of
them: the bursts of one minute after the other use one after the other, and each has
more than half an hour to end. Where two attempts in one cell do meet, the earlier one is fenced: it ends with
an error and can be repeated; nothing is stored twice.

A ledger's window holds 256 turns of its cell, eleven days; an attempt at a burst that
is older than that, where newer ones are known, is refused with [ErrTooOld]. A broker
forgets a group's offsets offsets.retention.minutes after their last commit, seven days
by default: a burst that is repeated after a week in which nothing was committed in its
cell is stored again. Triggers give up long before: a schedule's after a day at most, Lambda's own
retries after six hours. A topic that is deleted takes its ledger with it.

Its ACLs: WRITE, READ and DESCRIBE on the topic, WRITE and DESCRIBE on transactional ids
and READ on groups that begin with "salesburst-". The broker keeps a transactional id,
and a group, for a week: sixty per series, and one per burst that is no part of one.
*/
package publish

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"salesburst/shared/sale"
)

// Stream is a sequence of sales of known length that can be read at any place,
// by several goroutines at once.
type Stream interface {
	Len() int
	At(i int, s *sale.Sale) // writes all fields of sale i into s
}

// Credentials are what a broker asks for by SASL PLAIN.
type Credentials struct {
	Username, Password string
}

// String hides the password: credentials are never printed.
func (c Credentials) String() string { return "[redacted]" }

// GoString hides the password in %#v too.
func (c Credentials) GoString() string { return "[redacted]" }

// Config says where the sales go.
type Config struct {
	Brokers     []string     // host:port, at least one
	Topic       string       // must exist
	Credentials *Credentials // nil: no SASL
	TLS         *tls.Config  // nil: plain text

	// Delivery is what is promised; the zero value is Idempotent.
	Delivery Delivery

	// Dial opens connections; nil means the net package's dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	untested bool // brokers that are too old for the ledger are asked all the same; its own tests do
}

// Delivery is a promise of Publish; each is more than the one before.
type Delivery int

// The promises.
const (
	Idempotent    Delivery = iota // retries inside a call store nothing twice
	Transactional                 // a burst is seen whole or not at all, and an overlapping attempt is fenced
	ExactlyOnce                   // and a burst that is there is skipped by every later attempt
)

// Tuning of the pipeline. The memory it takes is about Workers × partitions ×
// BatchBytes plus what is compressed and waits, a tenth of that.
const (
	batchBytes    = 1 << 20  // of records in a batch before compression; larger ones were no faster over a local link
	bufferBudget  = 10 << 20 // bytes of such batches under construction, over all workers and partitions
	recordBytes   = 900      // expected size of a record, for the size of a chunk
	chunksWaiting = 2        // chunks beyond the workers' own that may wait for acknowledgement

	requestTimeout = 10 * time.Second // for one produce request, then the link is given up
	connectTimeout = 5 * time.Second  // for TCP, TLS and SASL of one connection
	deliverTimeout = 2 * time.Minute  // for a whole burst where the context has no deadline
	topicGrace     = 5 * time.Second  // for a topic that vanished while it was written to
	minBackoff     = 50 * time.Millisecond
	maxBackoff     = time.Second
)

// Publisher brings bursts to one topic. It keeps its connections between calls.
// Calls run one after the other.
type Publisher struct {
	cfg Config

	turn chan struct{} // takes one: held for the length of a Publish
	link *link         // nil: not connected
	sasl saslHealth
}

// New checks cfg and returns a Publisher; it connects when it is first used.
func New(cfg Config) (*Publisher, error) {
	if len(cfg.Brokers) == 0 {
		return nil, fmt.Errorf("%w: no broker is given, want host:port", ErrInvalid)
	}
	for _, b := range cfg.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fmt.Errorf("%w: broker %q: want host:port", ErrInvalid, b)
		}
	}
	if cfg.Topic == "" {
		return nil, fmt.Errorf("%w: no topic is given", ErrInvalid)
	}
	if cfg.TLS != nil {
		cfg.TLS = cfg.TLS.Clone()
		if cfg.TLS.ClientSessionCache == nil {
			cfg.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(16)
		}
	}
	return &Publisher{cfg: cfg, turn: make(chan struct{}, 1)}, nil
}

// Result says what is in Kafka, after an error too.
type Result struct {
	Skipped    bool          // the ledger has the burst from an earlier attempt: nothing was sent
	Events     int           // acknowledged by all in-sync replicas and, above Idempotent, committed. After a doubt, what the ledger has: by an overlapping attempt it may be counted too
	InDoubt    int           // sent without an answer: each may or may not be in Kafka; 0 after success
	Bytes      int64         // of the compressed record batches acknowledged
	Partitions int           // that took at least one event
	Completed  int           // completed sales among Events
	Revenue    sale.Cents    // of the completed sales among Events
	Requests   int           // produce requests sent
	Retries    int           // batches sent again
	Duration   time.Duration // of the call
}

// Publish brings all of stream to Kafka. The key names the burst; Idempotent does not
// look at it. After an error, whose kind errors.Is tells (ErrAuth, ErrUnknownTopic,
// ErrTooLarge, ErrRetryable, ErrFenced, ErrTooOld, ErrUnsupported, and ErrPartial beside it where events
// were acknowledged or are in doubt), the Result says what is in Kafka. It obeys ctx's
// deadline, or takes two minutes at most where there is none. Nothing of the burst is sent
// after it has returned.
func (p *Publisher) Publish(ctx context.Context, key Key, stream Stream) (Result, error) {
	start := time.Now()
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, deliverTimeout)
		defer cancel()
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return Result{Duration: time.Since(start)}, fmt.Errorf("%w: waiting for the burst before: %w", ErrRetryable, context.Cause(ctx))
	}
	res, err := p.publish(ctx, key, stream)
	res.Duration = time.Since(start)
	if err != nil {
		p.cut()
		if res.Events > 0 || res.InDoubt > 0 {
			err = fmt.Errorf("%w (%d of %d events acknowledged, %d in doubt): %w", ErrPartial, res.Events, stream.Len(), res.InDoubt, err)
		}
	}
	return res, err
}

func (p *Publisher) publish(ctx context.Context, key Key, stream Stream) (Result, error) {
	if p.cfg.Delivery != Idempotent {
		if err := key.check(); err != nil {
			return Result{}, err
		}
	}
	if stream.Len() == 0 {
		return Result{}, nil
	}
	leaders, err := p.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	defer p.open(ctx, leaders)()
	if p.cfg.Delivery != Idempotent {
		return p.transact(ctx, key, stream, leaders)
	}
	feed := p.feed(stream, leaders)
	defer feed.stop()
	d := newDispatcher(p, feed, leaders, nil)
	err = p.persist(ctx, "asking for a producer id", func(ctx context.Context, l *link) (err error) {
		d.producer, err = l.initProducer(ctx, anyBroker, "", 0, anybody)
		return err
	})
	if err == nil {
		err = d.run(ctx)
	}
	return d.result, err
}

// feed starts the workers, with batches that keep the memory they take in bounds.
func (p *Publisher) feed(stream Stream, leaders routes) *feed {
	workers := min(runtime.GOMAXPROCS(0), 16)
	size := min(batchBytes, bufferBudget/(workers*len(leaders)))
	return newFeed(stream, len(leaders), size, workers)
}

// Close ends the connections. The Publisher can be used again afterwards.
func (p *Publisher) Close() {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	p.cut()
}

// cut gives the link up; the next request makes a new one.
func (p *Publisher) cut() {
	if p.link != nil {
		p.link.cut()
		p.link = nil
	}
}

// The kinds of errors; see [errors.Is].
var (
	ErrAuth         = errors.New("the broker refused the credentials or the right to write")
	ErrUnknownTopic = errors.New("unknown topic")
	ErrTooLarge     = errors.New("record too large")
	ErrRetryable    = errors.New("the brokers did not answer in time")
	ErrFenced       = errors.New("another producer took over")
	ErrTooOld       = errors.New("too old to tell whether it was published")
	ErrPartial      = errors.New("the burst was not published whole")
	ErrInvalid      = errors.New("invalid configuration")
	ErrUnsupported  = errors.New("the brokers cannot do what is asked")
)
