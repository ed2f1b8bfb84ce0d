package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/publish/wire"
)

// topicGrace is for a topic that vanished while it was written to.
const topicGrace = 5 * time.Second

// dispatcher sends the batches of one burst, and of what is beside it. All its state belongs to the goroutine
// in run; requests are made by goroutines that send their response back to it.
type dispatcher struct {
	session  *session
	feed     *feed
	txn      *transaction // nil: none
	producer wire.Producer
	result   Result

	outOfOrder map[int]*chunk // chunks that came before their turn
	nextChunk  int            // index of the chunk whose turn it is
	delivered  int            // chunks all of whose batches are acknowledged
	beside     *chunk         // what is beside the burst, until it is queued; nil: nothing
	chunks     int            // of the burst and beside it

	queues       []partitionQueue  // those of the topic, and then those beside it
	own          int               // how many are the topic's
	leaders      []int             // by partition; nil: to be asked for
	refreshing   bool              // the leaders are being asked for
	refreshAt    time.Time         // not before
	refreshTries int               // without success
	adding       step              // of partitions to the transaction
	recording    step              // of the burst in the ledger
	lostTopic    time.Time         // since when the topic is unknown; zero: it is there
	busy         map[int]bool      // leaders with a request in flight
	throttled    map[int]time.Time // until when leaders want to be left alone

	responses chan response
	requests  sync.WaitGroup
	enc       *recordzstd.Encoder // for splitting; nil until needed
}

// step is a request of the transaction that is made beside the batches.
type step struct {
	inFlight bool
	done     bool
	notYet   time.Time
	tries    int
}

// response is what came of a request; take takes it in.
type response struct {
	conn *wire.Conn // that the request was made over
	err  error
	take func(response) error
}

// dispatch sends a burst and returns when the last batch is acknowledged, an error is final, or ctx
// ends. After an error the session is closed and every request has come back.
func dispatch(ctx context.Context, s *session, b burst, r routes, p wire.Producer, t *transaction) (Result, error) {
	f := startFeed(b.Stream, len(r.topic))
	defer f.stop()
	d := newDispatcher(s, f, r.topic, p, t)
	d.takeBeside(b.beside, r)
	err := d.run(ctx)
	return d.result, err
}

func newDispatcher(s *session, f *feed, leaders []int, p wire.Producer, t *transaction) *dispatcher {
	d := &dispatcher{
		session: s, feed: f, producer: p, txn: t, chunks: f.chunks,
		outOfOrder: make(map[int]*chunk),
		busy:       make(map[int]bool),
		throttled:  make(map[int]time.Time),
		responses:  make(chan response),
	}
	d.route(s.cfg.Topic, leaders)
	d.own = len(leaders)
	return d
}

// route has queues for the partitions of a topic.
func (d *dispatcher) route(topic string, leaders []int) {
	for p, leader := range leaders {
		d.queues = append(d.queues, partitionQueue{of: wire.Partition{Topic: topic, Number: int32(p)}})
		d.leaders = append(d.leaders, leader)
	}
}

// takeBeside takes what is to be written beside the burst, where there is a topic for it.
func (d *dispatcher) takeBeside(all []Record, r routes) {
	switch {
	case len(all) == 0:
	case r.beside == nil:
		d.result.NoBeside = r.absent
	default:
		d.beside = besideOf(all, len(d.queues), len(r.beside))
		d.route(d.session.cfg.Beside, r.beside)
		d.chunks++
	}
}

// queueBeside queues what is beside the burst with its first chunk, so that all partitions are announced at once.
func (d *dispatcher) queueBeside() {
	if d.beside != nil && (d.nextChunk > 0 || d.feed.chunks == 0) {
		d.queue(d.beside)
		d.beside = nil
	}
}

func (d *dispatcher) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if err != nil {
			d.session.close()
			for p := range d.queues[:d.own] {
				d.result.InDoubt += d.queues[p].inDoubt()
			}
		}
		cancel()
		go func() { d.requests.Wait(); close(d.responses) }()
		for range d.responses {
		}
	}()
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	var lastErr error
	for d.delivered < d.chunks || d.txn != nil && d.txn.ledger && !d.recording.done {
		d.queueBeside()
		wake.Reset(d.send(ctx))
		select {
		case c := <-d.feed.out:
			d.accept(c)
		case r := <-d.responses:
			e := r.take(r)
			if e != nil && (!errors.Is(e, ErrRetryable) || errors.Is(e, errAnew)) {
				return e
			}
			if e != nil {
				lastErr = e
			}
		case <-wake.C:
		case <-ctx.Done():
			if lastErr == nil {
				lastErr = ErrRetryable
			}
			return fmt.Errorf("%w; gave up: %w", lastErr, context.Cause(ctx))
		}
	}
	d.session.use()
	return nil
}

// accept queues the chunks whose turn has come.
func (d *dispatcher) accept(c *chunk) {
	d.outOfOrder[c.index] = c
	for {
		c := d.outOfOrder[d.nextChunk]
		if c == nil {
			return
		}
		delete(d.outOfOrder, d.nextChunk)
		d.nextChunk++
		d.queue(c)
	}
}

func (d *dispatcher) queue(c *chunk) {
	for _, b := range c.batches {
		q := &d.queues[b.partition]
		q.batches = append(q.batches, b)
	}
}

// start makes a request. do returns how to take its response in.
func (d *dispatcher) start(ctx context.Context, conn *wire.Conn, do func(context.Context) response) {
	d.requests.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, wire.RequestTimeout)
		defer cancel()
		r := do(ctx)
		r.conn = conn
		d.responses <- r
	})
}

// send starts every request that can start now and returns how long nothing else
// will want to be sent.
func (d *dispatcher) send(ctx context.Context) time.Duration {
	const idle = time.Hour
	now, pause := time.Now(), idle
	later := func(t time.Time) bool {
		if wait := t.Sub(now); wait > 0 {
			pause = min(pause, wait)
			return true
		}
		return false
	}
	if d.leaders == nil {
		if !d.refreshing && !later(d.refreshAt) {
			d.refreshMetadata(ctx)
		}
		return pause
	}
	d.sendSteps(ctx, later)
	ready := make(map[int][]*batch)
	for p := range d.queues {
		q := &d.queues[p]
		if q.inFlight || len(q.batches) == 0 || d.txn != nil && !q.added || later(q.notYet) {
			continue
		}
		leader := d.leaders[p]
		if leader < 0 {
			d.reconnect()
			return 0
		}
		if d.busy[leader] || later(d.throttled[leader]) {
			continue
		}
		ready[leader] = append(ready[leader], q.batches[0])
	}
	for leader, batches := range ready {
		d.produce(ctx, leader, batches)
	}
	return pause
}

// sendSteps starts what the transaction needs, one after the other: first the
// partitions that are written to, and beside the batches the entry in the ledger.
func (d *dispatcher) sendSteps(ctx context.Context, later func(time.Time) bool) {
	if d.txn == nil || d.adding.inFlight || d.recording.inFlight {
		return
	}
	var added []*partitionQueue
	var partitions []wire.Partition
	for p := range d.queues {
		if q := &d.queues[p]; len(q.batches) > 0 && !q.added {
			added, partitions = append(added, q), append(partitions, q.of)
		}
	}
	if len(partitions) == 0 {
		if d.txn.begun && d.txn.ledger && !d.recording.done && !later(d.recording.notYet) {
			d.startStep(ctx, &d.recording, d.txn.record, func() { d.recording.done = true })
		}
		return
	}
	if later(d.adding.notYet) {
		return
	}
	add := func(ctx context.Context, c *wire.Conn) error { return d.txn.add(ctx, c, partitions...) }
	d.startStep(ctx, &d.adding, add, func() {
		for _, q := range added {
			q.added = true
		}
	})
}

// startStep makes a step's request; then is called when it has succeeded.
func (d *dispatcher) startStep(ctx context.Context, s *step, do func(context.Context, *wire.Conn) error, then func()) {
	s.inFlight, d.txn.begun = true, true
	conn := d.session.conn
	d.start(ctx, conn, func(ctx context.Context) response {
		return response{err: do(ctx, conn), take: func(r response) error { return d.handleStep(s, r, then) }}
	})
}

func (d *dispatcher) handleStep(s *step, r response, then func()) error {
	s.inFlight = false
	if r.err == nil {
		s.tries, d.lostTopic = 0, time.Time{}
		then()
		return nil
	}
	s.notYet = time.Now().Add(backoff(s.tries))
	s.tries++
	if code := kafka.Error(0); !errors.As(r.err, &code) || code == kafka.BrokerNotAvailable {
		d.reconnectAfter(r)
	}
	return d.orTopicMayReturn(kind(fmt.Errorf("transaction %s: %w", d.txn.id, r.err)))
}

// produce sends one batch each of some partitions to their leader.
func (d *dispatcher) produce(ctx context.Context, leader int, batches []*batch) {
	sent := make([]wire.Batch, len(batches))
	for i, b := range batches {
		q := &d.queues[b.partition]
		q.inFlight = true
		if !b.stamped {
			b.stamp(d.producer, q.sequence, d.txn != nil)
		}
		if b.attempts++; b.attempts > 1 {
			d.result.Retries++
		}
		sent[i] = wire.Batch{Partition: q.of, Wire: b.wire}
	}
	d.busy[leader] = true
	d.result.Requests++
	conn, id := d.session.conn, ""
	if d.txn != nil {
		id = d.txn.id
	}
	d.start(ctx, conn, func(ctx context.Context) response {
		said, err := conn.Produce(ctx, leader, id, sent)
		return response{err: err, take: func(r response) error { return d.handleProduced(leader, batches, said, r) }}
	})
}

func (d *dispatcher) handleProduced(leader int, batches []*batch, said wire.Produced, r response) error {
	d.busy[leader] = false
	for _, b := range batches {
		d.queues[b.partition].inFlight = false
	}
	if r.err != nil {
		for _, b := range batches {
			b.lent, b.doubtful = true, true
		}
		d.reconnectAfter(r)
		return kind(r.err)
	}
	if said.Throttle > 0 {
		d.throttled[leader] = time.Now().Add(said.Throttle)
	}
	var retryable, final error
	for _, b := range batches { // all of them: one partition's error does not undo another's success
		switch err := d.handleBatch(b, said.Partitions[d.queues[b.partition].of], r); {
		case errors.Is(err, ErrRetryable):
			retryable = err
		case err != nil:
			final = err
		}
	}
	if final != nil {
		return final
	}
	return retryable
}

// handleBatch takes in what the leader said of one batch.
func (d *dispatcher) handleBatch(b *batch, said wire.Appended, r response) error {
	q := &d.queues[b.partition]
	switch said.Code {
	case 0:
		if said.BaseOffset >= 0 && said.BaseOffset < q.end {
			return fmt.Errorf("%w: partition %d of topic %s ends before what was written to it: %s",
				errRefused, q.of.Number, q.of.Topic, madeAnew)
		}
		q.end = max(q.end, said.BaseOffset+int64(b.count))
		d.acknowledge(b)
		return nil
	case kafka.DuplicateSequenceNumber: // stored by an attempt whose response was lost
		d.acknowledge(b)
		return nil
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return d.split(b)
	}
	b.doubtful = b.doubtful || !provesNoAppend(said.Code)
	err := d.orTopicMayReturn(fmt.Errorf("partition %d of topic %s: %w", q.of.Number, q.of.Topic, kind(said.Code)))
	if !errors.Is(err, ErrRetryable) {
		return err
	}
	q.notYet = time.Now().Add(backoff(b.attempts - 1))
	switch said.Code {
	case kafka.NotLeaderForPartition, kafka.LeaderNotAvailable, kafka.UnknownTopicOrPartition, kafka.FencedLeaderEpoch,
		kafka.UnknownLeaderEpoch:
		d.reconnectAfter(r)
	}
	return err
}

func (d *dispatcher) acknowledge(b *batch) {
	q := &d.queues[b.partition]
	first := q.sequence == 0
	q.pop()
	d.refreshTries, d.lostTopic = 0, time.Time{}
	d.result.Bytes += int64(len(b.wire) - sizePrefix)
	*b.waiting--
	if *b.waiting == 0 {
		d.delivered++
	}
	if b.partition >= d.own {
		d.result.Beside += int(b.count)
		return
	}
	d.result.Events += int(b.count)
	d.result.Completed += b.completed
	d.result.Malformed += b.malformed
	d.result.Revenue += b.revenue
	if first {
		d.result.Partitions++
	}
	if *b.waiting == 0 {
		d.feed.release()
	}
	if !b.lent {
		d.feed.spare.Put(b)
	}
}

// split puts two halves in the place of a batch that is too large for the topic.
func (d *dispatcher) split(b *batch) error {
	if d.enc == nil {
		d.enc = recordzstd.New(layout())
	}
	halves, err := b.split(d.enc)
	if err != nil {
		of := d.queues[b.partition].of
		return fmt.Errorf("%w: partition %d of topic %s: %w", ErrTooLarge, of.Number, of.Topic, err)
	}
	halves[0].doubtful, halves[1].doubtful = b.doubtful, b.doubtful
	*b.waiting++
	d.queues[b.partition].replace(halves)
	return nil
}

// refreshMetadata finds out who leads now.
func (d *dispatcher) refreshMetadata(ctx context.Context) {
	d.refreshing = true
	conn := d.session.open()
	d.start(ctx, conn, func(ctx context.Context) response {
		now, err := d.session.routes(ctx, conn)
		return response{err: err, take: func(r response) error { return d.handleRoutes(now, r) }}
	})
}

// handleRoutes goes on without partitions that were added.
func (d *dispatcher) handleRoutes(now routes, r response) error {
	d.refreshing = false
	beside := len(d.queues) - d.own
	if beside > 0 && r.err == nil {
		r.err = now.absent
	}
	if r.err != nil {
		d.reconnect()
		return d.orTopicMayReturn(kind(r.err))
	}
	for name, of := range map[string]struct{ had, has int }{
		d.session.cfg.Topic: {d.own, len(now.topic)}, d.session.cfg.Beside: {beside, len(now.beside)},
	} {
		if of.has < of.had {
			return fmt.Errorf("%w: topic %s had %d partitions and has %d now: %s",
				errRefused, name, of.had, of.has, madeAnew)
		}
	}
	d.leaders = append(now.topic[:d.own:d.own], now.beside[:beside]...)
	return nil
}

const madeAnew = "the topic was made anew; a retry publishes the burst to it"

// reconnect gives the connections up, with all that is cached in them, and finds out anew who leads.
func (d *dispatcher) reconnect() {
	d.session.close()
	d.leaders = nil
	d.refreshAt = time.Now().Add(backoff(d.refreshTries))
	d.refreshTries++
}

// reconnectAfter does so unless it was done since the request was made.
func (d *dispatcher) reconnectAfter(r response) {
	if r.conn == d.session.conn {
		d.reconnect()
	}
}

// orTopicMayReturn makes an unknown topic retryable for a while where it vanished while it was written to: it
// looks the same when a broker has just started and does not know its topics yet.
func (d *dispatcher) orTopicMayReturn(err error) error {
	if !errors.Is(err, ErrUnknownTopic) {
		return err
	}
	if d.lostTopic.IsZero() {
		d.lostTopic = time.Now()
	}
	if time.Since(d.lostTopic) >= topicGrace {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRetryable, err)
}
