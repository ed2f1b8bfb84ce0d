package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"salesburst/shared/publish/squeeze"
)

// dispatcher sends the batches of one burst. All its state belongs to the goroutine
// in run; requests are made by goroutines that send their answer back to it.
type dispatcher struct {
	p        *Publisher
	feed     *feed
	txn      *transaction // nil: none
	producer producer
	result   Result

	early     map[int]*chunk // chunks that came before their turn
	turn      int            // index of the chunk that comes next
	delivered int            // chunks all of whose batches are acknowledged

	lanes     []lane
	routes    routes       // nil: to be asked for
	asking    bool         // the routes are on their way
	askAt     time.Time    // not before
	askTries  int          // without success
	adding    step         // of partitions to the transaction
	recording step         // of the burst in the ledger
	lostTopic time.Time    // since when the topic is unknown; zero: it is there
	busy      map[int]bool // leaders with a request in flight
	throttled map[int]time.Time

	answers  chan answer
	requests sync.WaitGroup
	enc      *squeeze.Encoder // for splitting; nil until needed
}

// lane is one partition.
type lane struct {
	queue    []*batch // the first may be in flight
	inFlight bool
	sequence int32
	notYet   time.Time // when the first may be sent again
	used     bool
	added    bool  // to the transaction
	end      int64 // of what is acknowledged, in the partition's log
}

// step is a request of the transaction that is made beside the batches.
type step struct {
	inFlight bool
	done     bool
	notYet   time.Time
	tries    int
}

type answer struct {
	link     *link
	leader   int
	batches  []*batch
	response *produce.Response
	err      error

	routes  routes // an answer to ask instead
	isRoute bool

	step *step // an answer to a step instead
	then func()
}

func newDispatcher(p *Publisher, f *feed, r routes, t *transaction) *dispatcher {
	return &dispatcher{
		p: p, feed: f, routes: r, txn: t,
		early:     make(map[int]*chunk),
		lanes:     make([]lane, len(r)),
		busy:      make(map[int]bool),
		throttled: make(map[int]time.Time),
		answers:   make(chan answer),
	}
}

// run sends all that the feed gives and returns when the last batch is acknowledged,
// an error is final, or ctx ends. After an error the link is cut and every request
// has come back.
func (d *dispatcher) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if err != nil {
			d.p.cut()
			d.countDoubts()
		}
		cancel()
		go func() { d.requests.Wait(); close(d.answers) }()
		for range d.answers {
		}
	}()
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	var lastErr error
	for d.delivered < d.feed.chunks || d.txn != nil && d.txn.ledger && !d.recording.done {
		wake.Reset(d.send(ctx))
		select {
		case c := <-d.feed.out:
			d.accept(c)
		case a := <-d.answers:
			e := d.settle(a)
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
	if d.p.link != nil {
		d.p.link.used = time.Now().Round(0)
	}
	return nil
}

// accept queues the chunks whose turn has come.
func (d *dispatcher) accept(c *chunk) {
	d.early[c.index] = c
	for {
		c := d.early[d.turn]
		if c == nil {
			return
		}
		delete(d.early, d.turn)
		d.turn++
		for _, b := range c.batches {
			l := &d.lanes[b.partition]
			l.queue = append(l.queue, b)
		}
	}
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
	if d.routes == nil {
		if !d.asking && !later(d.askAt) {
			d.ask(ctx)
		}
		return pause
	}
	d.sendSteps(ctx, later)
	ready := make(map[int][]*batch)
	for p := range d.lanes {
		l := &d.lanes[p]
		if l.inFlight || len(l.queue) == 0 || d.txn != nil && !l.added || later(l.notYet) {
			continue
		}
		leader := d.routes[p]
		if leader < 0 {
			d.reroute()
			return 0
		}
		if d.busy[leader] || later(d.throttled[leader]) {
			continue
		}
		ready[leader] = append(ready[leader], l.queue[0])
	}
	for leader, batches := range ready {
		d.request(ctx, leader, batches)
	}
	return pause
}

// sendSteps starts what the transaction needs, one after the other: first the
// partitions that are written to, and beside the batches the entry in the ledger.
func (d *dispatcher) sendSteps(ctx context.Context, later func(time.Time) bool) {
	if d.txn == nil || d.adding.inFlight || d.recording.inFlight {
		return
	}
	var partitions []int32
	for p := range d.lanes {
		if l := &d.lanes[p]; len(l.queue) > 0 && !l.added {
			partitions = append(partitions, int32(p))
		}
	}
	if len(partitions) == 0 {
		if d.txn.begun && d.txn.ledger && !d.recording.done && !later(d.recording.notYet) {
			d.start(ctx, &d.recording, d.txn.record, func() { d.recording.done = true })
		}
		return
	}
	if later(d.adding.notYet) {
		return
	}
	add := func(ctx context.Context, l *link) error { return d.txn.add(ctx, l, partitions) }
	d.start(ctx, &d.adding, add, func() {
		for _, p := range partitions {
			d.lanes[p].added = true
		}
	})
}

// start makes a step's request; then is called when it has succeeded.
func (d *dispatcher) start(ctx context.Context, s *step, do func(context.Context, *link) error, then func()) {
	s.inFlight, d.txn.begun = true, true
	link := d.p.link
	d.requests.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		d.answers <- answer{link: link, step: s, then: then, err: do(ctx, link)}
	})
}

func (d *dispatcher) settleStep(a answer) error {
	s := a.step
	s.inFlight = false
	if a.err == nil {
		s.tries, d.lostTopic = 0, time.Time{}
		a.then()
		return nil
	}
	s.notYet = time.Now().Add(backoff(s.tries))
	s.tries++
	if code := kafka.Error(0); (!errors.As(a.err, &code) || code == kafka.BrokerNotAvailable) && a.link == d.p.link {
		d.reroute()
	}
	err := kind(fmt.Errorf("transaction %s: %w", d.txn.id, a.err))
	if errors.Is(err, ErrUnknownTopic) && d.topicMayReturn() {
		err = fmt.Errorf("%w: %w", ErrRetryable, err)
	}
	return err
}

// request sends one batch each of some partitions to their leader.
func (d *dispatcher) request(ctx context.Context, leader int, batches []*batch) {
	topic := rawproduce.RequestTopic{Topic: d.p.cfg.Topic}
	for _, b := range batches {
		l := &d.lanes[b.partition]
		l.inFlight, l.used = true, true
		if !b.stamped {
			b.stamp(d.producer, l.sequence, d.txn != nil)
		}
		if b.attempts++; b.attempts > 1 {
			d.result.Retries++
		}
		topic.Partitions = append(topic.Partitions, rawproduce.RequestPartition{
			Partition: int32(b.partition),
			RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(b.wire)},
		})
	}
	d.busy[leader] = true
	d.result.Requests++
	req := &rawproduce.Request{
		TransactionalID: d.transactionalID(),
		Acks:            int16(kafka.RequireAll),
		Timeout:         int32(requestTimeout / time.Millisecond),
		Topics:          []rawproduce.RequestTopic{topic},
	}
	link := d.p.link
	d.requests.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		a := answer{link: link, leader: leader, batches: batches}
		if a.err = link.opened(ctx, leader); a.err == nil {
			var res protocol.Message
			if res, a.err = link.transport.RoundTrip(ctx, link.client.Addr, req); a.err == nil {
				a.response = res.(*produce.Response)
			}
		}
		d.answers <- a
	})
}

func (d *dispatcher) transactionalID() string {
	if d.txn == nil {
		return ""
	}
	return d.txn.id
}

// ask finds out who leads now.
func (d *dispatcher) ask(ctx context.Context) {
	d.asking = true
	if d.p.link == nil {
		d.p.link = newLink(d.p.cfg, &d.p.sasl)
	}
	link, topic := d.p.link, d.p.cfg.Topic
	d.requests.Go(func() {
		r, err := link.route(ctx, topic)
		d.answers <- answer{link: link, routes: r, err: err, isRoute: true}
	})
}

// reroute gives the link up, with all that is cached in it, and asks anew.
func (d *dispatcher) reroute() {
	d.p.cut()
	d.routes = nil
	d.askAt = time.Now().Add(backoff(d.askTries))
	d.askTries++
}

func backoff(tries int) time.Duration {
	return min(minBackoff<<min(tries, 10), maxBackoff)
}

// settle takes an answer in. Its error is final unless it is ErrRetryable.
func (d *dispatcher) settle(a answer) error {
	switch {
	case a.isRoute:
		return d.settleRoutes(a)
	case a.step != nil:
		return d.settleStep(a)
	}
	d.busy[a.leader] = false
	for _, b := range a.batches {
		d.lanes[b.partition].inFlight = false
	}
	if a.err != nil {
		for _, b := range a.batches {
			b.lent, b.doubtful = true, true
		}
		if a.link == d.p.link {
			d.reroute()
		}
		return kind(a.err)
	}
	if t := a.response.ThrottleTimeMs; t > 0 {
		d.throttled[a.leader] = time.Now().Add(time.Duration(t) * time.Millisecond)
	}
	answers := make(map[int]produce.ResponsePartition, len(a.batches))
	for _, t := range a.response.Topics {
		for _, p := range t.Partitions {
			answers[int(p.Partition)] = p
		}
	}
	var retryable, final error
	for _, b := range a.batches { // all of them: one partition's error does not undo another's success
		answer, ok := answers[b.partition]
		if !ok {
			answer.ErrorCode = int16(kafka.NetworkException)
		}
		switch err := d.settleBatch(b, answer, a.link); {
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

func (d *dispatcher) settleRoutes(a answer) error {
	d.asking = false
	if a.err == nil {
		if len(a.routes) < len(d.lanes) {
			return fmt.Errorf("%w: topic %s had %d partitions and has %d now: it was made anew; a retry publishes the burst to it",
				errRefused, d.p.cfg.Topic, len(d.lanes), len(a.routes))
		}
		d.routes = a.routes[:len(d.lanes)] // this burst goes on without partitions that were added
		return nil
	}
	d.reroute()
	if errors.Is(a.err, ErrUnknownTopic) && d.topicMayReturn() {
		return fmt.Errorf("%w: %w", ErrRetryable, a.err)
	}
	return a.err
}

// topicMayReturn gives a topic that vanished while it was written to a while: it
// looks the same when a broker has just started and does not know its topics yet.
func (d *dispatcher) topicMayReturn() bool {
	if d.lostTopic.IsZero() {
		d.lostTopic = time.Now()
	}
	return time.Since(d.lostTopic) < topicGrace
}

// settleBatch takes in what the broker said of one batch.
func (d *dispatcher) settleBatch(b *batch, answer produce.ResponsePartition, from *link) error {
	l := &d.lanes[b.partition]
	code := kafka.Error(answer.ErrorCode)
	switch code {
	case 0:
		if answer.BaseOffset >= 0 && answer.BaseOffset < l.end {
			return fmt.Errorf("%w: partition %d of topic %s ends before what was written to it: the topic was made anew; a retry publishes the burst to it",
				errRefused, b.partition, d.p.cfg.Topic)
		}
		l.end = max(l.end, answer.BaseOffset+int64(b.count))
		d.acknowledge(b)
		return nil
	case kafka.DuplicateSequenceNumber: // stored by an attempt whose answer was lost
		d.acknowledge(b)
		return nil
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return d.split(b)
	}
	err := fmt.Errorf("partition %d of topic %s: %w", b.partition, d.p.cfg.Topic, kind(code))
	b.doubtful = b.doubtful || !provesNoAppend(code)
	if errors.Is(err, ErrUnknownTopic) && d.topicMayReturn() {
		err = fmt.Errorf("%w: %w", ErrRetryable, err)
	}
	if !errors.Is(err, ErrRetryable) {
		return err
	}
	l.notYet = time.Now().Add(backoff(b.attempts - 1))
	switch code {
	case kafka.NotLeaderForPartition, kafka.LeaderNotAvailable, kafka.UnknownTopicOrPartition, kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch:
		if from == d.p.link {
			d.reroute()
		}
	}
	return err
}

// provesNoAppend reports whether a leader that answers so has not written the batch. Others
// may come after the writing: one that lost the lead while it waited for the replicas says
// that it does not lead.
func provesNoAppend(code kafka.Error) bool {
	switch code {
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.InvalidTopic, kafka.NotEnoughReplicas, kafka.InvalidMessage,
		kafka.InvalidTimestamp, kafka.InvalidRequiredAcks, kafka.UnsupportedForMessageFormat, kafka.PolicyViolation,
		kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed, kafka.TransactionalIDAuthorizationFailed,
		kafka.OutOfOrderSequenceNumber, kafka.InvalidProducerEpoch, kafka.UnknownProducerId, kafka.ProducerFenced,
		kafka.InvalidTransactionState, kafka.InvalidProducerIDMapping, kafka.ConcurrentTransactions:
		return true
	}
	return false
}

func (d *dispatcher) acknowledge(b *batch) {
	l := &d.lanes[b.partition]
	l.queue = append(l.queue[:0], l.queue[1:]...)
	l.sequence += b.count
	d.askTries, d.lostTopic = 0, time.Time{}
	d.result.Events += int(b.count)
	d.result.Bytes += int64(len(b.wire) - sizePrefix)
	d.result.Completed += b.completed
	d.result.Revenue += b.revenue
	d.result.Partitions = 0
	for p := range d.lanes {
		if d.lanes[p].used && d.lanes[p].sequence > 0 {
			d.result.Partitions++
		}
	}
	if b.chunk.waiting--; b.chunk.waiting == 0 {
		d.delivered++
		d.feed.release()
	}
	if !b.lent {
		d.feed.spare.Put(b)
	}
}

// split puts two halves in the place of a batch that is too large for the topic.
func (d *dispatcher) split(b *batch) error {
	if d.enc == nil {
		d.enc = squeeze.New(layout())
	}
	halves, err := b.split(d.enc)
	if err != nil {
		return fmt.Errorf("%w: partition %d of topic %s: %w", ErrTooLarge, b.partition, d.p.cfg.Topic, err)
	}
	halves[0].doubtful, halves[1].doubtful = b.doubtful, b.doubtful
	b.chunk.waiting++
	l := &d.lanes[b.partition]
	l.queue = append(halves[:], l.queue[1:]...)
	return nil
}

// countDoubts counts what was sent and never answered.
func (d *dispatcher) countDoubts() {
	for p := range d.lanes {
		for i, b := range d.lanes[p].queue {
			if b.doubtful || i == 0 && d.lanes[p].inFlight {
				d.result.InDoubt += int(b.count)
			}
		}
	}
}
