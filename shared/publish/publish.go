/*
Package publish brings a burst of sales to Kafka, fast and without doubles.

Start with [Publisher.Publish]. It is a pipeline:

  - workers (GOMAXPROCS of them) take the burst chunk by chunk, generate the
    sales, sort them by partition, encode one record batch per partition and
    compress it (feed.go, batch.go, package recordzstd);
  - the dispatcher puts the chunks back into their order, so that a customer's
    sales keep theirs, stamps the producer's sequence on each batch and sends what
    waits: one request in flight per leader, all of the leader's partitions in it
    (dispatch.go, queue.go);
  - the session holds the connections (session.go, package wire). They are closed when an
    attempt fails, which is what guarantees that nothing is sent after Publish has returned.

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
or one frozen in the middle and thawed an hour later. All of them use one transactional id
and one ledger, a consumer group of the same name. Call one that
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
The ledger also says who wrote to it last, so that B knows whether the burst that is there is its own.
Where there is no time for that, or another attempt has taken over, the [Result] says that it is in doubt.

A topic that is deleted takes its sales and its ledger with it. One that is made anew in the
middle of a burst is noticed where a partition's log ends before what was written to it; where
nothing more was to be written to a partition, or others have filled it again, it is not.

The model in shared/publish/model has these steps, brokers that stop and wake, and messages
that come late; it is searched exhaustively by the tests.

# What is beside a burst

Records of another topic ([Config].Beside, beside.go) can be a part of the burst's transaction: their
partitions are announced in step 3 with the burst's, their batches carry the same producer, and step 5
waits for them. Nothing above asks which topic a partition is of. So they are there exactly when the burst
is, and the model need not know of them: its batches are of any partition. Whether the topic exists is asked
at the start. A broker that has not heard of a new topic yet leaves a burst without them, and the
[Result] says so.

# How far the ledger reaches

Bursts of a series are numbered, and a late attempt at an old one may come after newer
ones. So an offset alone, the newest number, is not enough: its metadata has a window of
the numbers before. Two attempts at different bursts must not write the same ledger at
the same time, for one would undo the other's entry. So a ledger belongs to one
transactional id, whose attempts the broker fences one by one, and a series has sixty of
them: the bursts of one minute after the other use one after the other, and each has
more than half an hour to end. Where two attempts with one id do meet, the earlier one is fenced: it ends with
an error and can be repeated; nothing is stored twice.

A ledger's window holds 256 turns of its id, eleven days; an attempt at a burst that
is older than that, where newer ones are known, is refused with [ErrTooOld]. A broker
forgets a group's offsets offsets.retention.minutes after their last commit, seven days
by default: a burst that is repeated after a week in which nothing was committed with its
id is stored again. Triggers give up long before: a schedule's after a day at most, Lambda's own
retries after six hours. A topic that is deleted takes its ledger with it.

Its ACLs: WRITE, READ and DESCRIBE on the topic, WRITE and DESCRIBE on the one beside it, WRITE and DESCRIBE on
transactional ids and READ on groups that begin with "salesburst-". The broker keeps a transactional id,
and a group, for a week: sixty per series, and one per burst that is no part of one.
*/
package publish

import (
	"context"
	"fmt"
	"time"

	"salesburst/shared/publish/wire"
)

// deliverTimeout is for a whole burst where the context has no deadline.
const deliverTimeout = 2 * time.Minute

// Publisher brings bursts to one topic. It keeps its connections between calls.
// Calls run one after the other.
type Publisher struct {
	turn    chan struct{} // takes one: held for the length of a Publish
	session session
}

// New checks cfg and returns a Publisher; it connects when it is first used.
func New(cfg Config) (*Publisher, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	return &Publisher{session: session{cfg: cfg}, turn: make(chan struct{}, 1)}, nil
}

// Publish brings all of stream to Kafka, and the records beside it to the topic Config.Beside. The key names the
// burst; Idempotent does not look at it. What is beside a burst is a part of its transaction; at Idempotent
// it is there before anything of the burst is sent. Where that topic does not exist, or cannot be seen,
// nothing is written to it, which the Result says: it is no error.
//
// After an error, whose kind [errors.Is] tells (ErrAuth, ErrUnknownTopic, ErrTooLarge, ErrRetryable,
// ErrFenced, ErrTooOld, ErrUnsupported, and ErrPartial beside it where events were acknowledged or are in
// doubt), the Result says what is in Kafka. It obeys ctx's deadline, or takes two minutes at most where there
// is none. Nothing of the burst is sent after it has returned.
func (p *Publisher) Publish(ctx context.Context, key Key, stream Stream, beside ...Record) (Result, error) {
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
		return Result{Duration: time.Since(start)},
			fmt.Errorf("%w: waiting for the burst before: %w", ErrRetryable, context.Cause(ctx))
	}
	res, err := p.publish(ctx, burst{key, stream, beside})
	res.Duration = time.Since(start)
	if err != nil {
		p.session.close()
		if res.Events > 0 || res.InDoubt > 0 {
			err = fmt.Errorf("%w (%d of %d events acknowledged, %d in doubt): %w",
				ErrPartial, res.Events, stream.Len(), res.InDoubt, err)
		}
	}
	return res, err
}

func (p *Publisher) publish(ctx context.Context, b burst) (Result, error) {
	s := &p.session
	if s.cfg.Delivery != Idempotent {
		if err := b.key.check(); err != nil {
			return Result{}, err
		}
	}
	if len(b.beside) > 0 && s.cfg.Beside == "" {
		return Result{}, fmt.Errorf("%w: no topic is given for what is beside the burst", ErrInvalid)
	}
	if b.Len() == 0 && len(b.beside) == 0 {
		return Result{}, nil
	}
	r, err := s.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	if b.Len() == 0 && r.absent != nil {
		return Result{NoBeside: r.absent}, nil
	}
	defer s.conn.Ahead(ctx, r.topic)()
	if s.cfg.Delivery != Idempotent {
		return transact(ctx, s, b, r)
	}
	return send(ctx, s, b, r)
}

// send publishes outside of a transaction, first what is beside the burst.
func send(ctx context.Context, s *session, b burst, r routes) (Result, error) {
	var producer wire.Producer
	err := s.retry(ctx, "asking for a producer id", func(ctx context.Context, c *wire.Conn) (err error) {
		producer, err = c.InitProducer(ctx, wire.AnyBroker, "", 0, wire.Anybody)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	var first Result
	if len(b.beside) > 0 {
		first, err = dispatch(ctx, s, burst{Stream: noSales{}, beside: b.beside}, r, producer, nil)
		if err == nil {
			r, err = s.connect(ctx)
		}
		if err != nil {
			return first, err
		}
		b.beside = nil
	}
	res, err := dispatch(ctx, s, b, r, producer, nil)
	res.Beside, res.NoBeside = first.Beside, first.NoBeside
	res.Bytes += first.Bytes
	res.Requests += first.Requests
	res.Retries += first.Retries
	return res, err
}

// Close ends the connections. The Publisher can be used again afterwards.
func (p *Publisher) Close() {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	p.session.close()
}
