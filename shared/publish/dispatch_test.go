package publish

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"

	"salesburst/shared/publish/wire"
)

// dispatching is a dispatcher of one chunk, with a batch of one sale for each partition. Its brokers
// cannot be reached.
func dispatching(t *testing.T, txn *transaction, leaders ...int) *dispatcher {
	t.Helper()
	s := &session{cfg: Config{Brokers: []string{"broker:9092"}, Topic: "sales",
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("unreachable") }}}
	s.open()
	f := &feed{chunks: 1, out: make(chan *chunk), tokens: make(chan struct{}, 1)}
	f.tokens <- struct{}{}
	d := newDispatcher(s, f, leaders, wire.Producer{ID: 7, Epoch: 1}, txn)
	c := &chunk{}
	waiting := len(leaders)
	for p := range leaders {
		b := batchOf(simple(p, 10))
		b.partition, b.waiting = p, &waiting
		c.batches = append(c.batches, b)
	}
	d.accept(c)
	t.Cleanup(func() {
		s.close()
		go func() { d.requests.Wait(); close(d.responses) }()
		for range d.responses {
		}
	})
	return d
}

// inTransaction is one that has begun.
func inTransaction() *transaction {
	return &transaction{id: "salesburst-online-07", begun: true, ledger: true, producer: wire.Producer{ID: 7, Epoch: 1}}
}

// A chunk whose turn has come is held by nobody but the queues.
func TestChunksAreNotKept(t *testing.T) {
	d := dispatching(t, nil, 1)
	d.accept(&chunk{index: 2})
	d.accept(&chunk{index: 1})
	if d.nextChunk != 3 || len(d.outOfOrder) != 0 {
		t.Errorf("chunk %d is next, %d are kept", d.nextChunk, len(d.outOfOrder))
	}
}

// The time is over before anything has gone wrong: that can be tried again.
func TestGivingUpEarlyCanBeTriedAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &session{}
	d := newDispatcher(s, &feed{chunks: 1}, []int{1}, wire.Producer{}, nil)
	if err := d.run(ctx); !errors.Is(err, ErrRetryable) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// After an error the connections are closed, and what is in flight has ended with them, at once.
func TestConnectionsAreClosedAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{cfg: Config{Brokers: []string{"broker:9092"}, Topic: "sales",
			Dial: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }}}
		d := newDispatcher(s, &feed{chunks: 1}, nil, wire.Producer{}, nil)
		start := time.Now()
		d.requests.Go(func() {
			synctest.Wait() // the leaders are asked for
			d.responses <- response{take: func(response) error { return errRefused }}
		})
		if err := d.run(t.Context()); !errors.Is(err, errRefused) || !d.refreshing || time.Since(start) != 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if s.conn != nil {
			t.Error("the connections are open")
			s.close()
		}
	})
}

// One request at a time goes to a leader, with one batch at a time of each partition.
func TestOneRequestAtATime(t *testing.T) {
	for name, c := range map[string]struct {
		txn    *transaction
		change func(d *dispatcher)
		sent   int
	}{
		"nothing to wait for": {nil, func(*dispatcher) {}, 2},
		"leader busy":         {nil, func(d *dispatcher) { d.busy[1] = true }, 0},
		"leader throttled":    {nil, func(d *dispatcher) { d.throttled[1] = time.Now().Add(time.Minute) }, 0},
		"batches in flight": {nil, func(d *dispatcher) {
			for p := range d.queues {
				d.queues[p].inFlight = true
			}
		}, 0},
		"one batch in flight": {nil, func(d *dispatcher) { d.queues[1].inFlight = true }, 1},
		"one pauses":          {nil, func(d *dispatcher) { d.queues[0].notYet = time.Now().Add(time.Minute) }, 1},
		"not announced":       {inTransaction(), func(d *dispatcher) { d.adding.inFlight = true }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := dispatching(t, c.txn, 1, 1)
				c.change(d)
				d.send(t.Context())
				sent := 0
				for p := range d.queues {
					sent += d.queues[p].batches[0].attempts
				}
				if sent != c.sent || d.result.Requests != min(sent, 1) {
					t.Errorf("%d batches are sent in %d requests, want %d", sent, d.result.Requests, c.sent)
				}
				if sent > 0 && !d.busy[1] {
					t.Error("the leader is not busy")
				}
				if d.send(t.Context()); d.result.Requests > 1 {
					t.Error("there is another request")
				}
			})
		})
	}
}

// A batch that was sent once is as it was, whatever is sent again: a request may still read it.
func TestSentBatchesStayAsTheyWere(t *testing.T) {
	d := dispatching(t, inTransaction(), 1)
	b := d.queues[0].batches[0]
	unstamped := bytes.Clone(b.wire)
	d.queues[0].sequence = 5
	d.produce(t.Context(), 1, []*batch{b})
	if bytes.Equal(b.wire, unstamped) || b.sequence != 5 {
		t.Errorf("the batch is not stamped, its sequence is %d", b.sequence)
	}
	b = batchOf(simple(1, 10))
	b.partition, b.stamped = 0, true
	unstamped = bytes.Clone(b.wire)
	d.produce(t.Context(), 1, []*batch{b})
	if !bytes.Equal(b.wire, unstamped) {
		t.Error("a stamped batch is stamped again")
	}
}

// Where a partition has no leader the leaders are asked for, after a pause, over new connections, and once.
func TestLeadersAreAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatching(t, nil, 1, -1)
		if pause := d.send(t.Context()); pause != 0 || d.leaders != nil || d.result.Requests != 0 || d.session.conn != nil {
			t.Fatalf("pause %v, leaders %v, %d requests", pause, d.leaders, d.result.Requests)
		}
		if pause := d.send(t.Context()); pause != minBackoff || d.refreshing {
			t.Errorf("the leaders are asked for after %v", pause)
		}
		time.Sleep(minBackoff)
		if d.send(t.Context()); !d.refreshing || d.session.conn == nil {
			t.Fatal("the leaders are not asked for")
		}
		d.session.close()
		if d.send(t.Context()); d.session.conn != nil {
			t.Error("the leaders are asked for again while they are asked for")
		}
	})
}

// The pause before the leaders are asked for grows until a batch is there, and what was given up before
// is not given up again.
func TestConnectionsAreGivenUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := dispatching(t, nil, 1)
		old := response{conn: d.session.conn}
		for _, pause := range []time.Duration{minBackoff, 2 * minBackoff, 4 * minBackoff} {
			d.reconnectAfter(response{conn: d.session.conn})
			if got := time.Until(d.refreshAt); got != pause || d.leaders != nil || d.session.conn != nil {
				t.Errorf("after %v, leaders %v; want %v", got, d.leaders, pause)
			}
			d.session.open()
		}
		d.leaders = []int{1}
		if d.reconnectAfter(old); d.leaders == nil || d.session.conn == nil {
			t.Error("connections are given up for those before")
		}
		d.lostTopic = time.Now()
		if d.acknowledge(d.queues[0].batches[0]); d.refreshTries != 0 || !d.lostTopic.IsZero() {
			t.Errorf("%d tries, topic lost %v, with a batch that is there", d.refreshTries, d.lostTopic)
		}
	})
}

// A topic with fewer partitions than there were is another one.
func TestFewerPartitionsAreAnotherTopic(t *testing.T) {
	d := dispatching(t, nil, 1, 1)
	d.leaders = nil
	if err := d.handleRoutes(routes{topic: []int{2}}, response{}); !errors.Is(err, errRefused) || errors.Is(err, ErrRetryable) {
		t.Errorf("error %v", err)
	}
	if err := d.handleRoutes(routes{topic: []int{2, 2, 2}}, response{}); err != nil || len(d.leaders) != 2 {
		t.Errorf("leaders %v, error %v", d.leaders, err)
	}
}

// The ledger's entry comes after the partitions, for which the batches wait.
func TestPartitionsAreAnnouncedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tx := inTransaction()
		d := dispatching(t, tx, 1)
		batches := d.queues[0].batches
		tx.begun, d.queues[0].batches = false, nil
		if d.send(t.Context()); d.recording.inFlight || tx.begun {
			t.Error("the entry is written before there is anything")
		}
		d.queues[0].batches = batches
		if d.send(t.Context()); !d.adding.inFlight || d.recording.inFlight || !tx.begun {
			t.Error("the partitions are not announced first")
		}
		<-d.responses
		d.adding.inFlight, d.queues[0].added = false, true
		if d.send(t.Context()); !d.recording.inFlight || d.result.Requests != 1 {
			t.Error("the entry is not written beside the batches")
		}
	})
}

// After a step's failure the brokers are looked for anew where a connection was lost, or kafka-go does not know
// the one that was named; a broker's word leaves the connections as they are.
func TestStepsThatFail(t *testing.T) {
	for said, anew := range map[error]bool{errors.New("cut"): true, kafka.BrokerNotAvailable: true,
		kafka.NotCoordinatorForGroup: false, kafka.ConcurrentTransactions: false} {
		synctest.Test(t, func(t *testing.T) {
			d := dispatching(t, inTransaction(), 1)
			s := &step{inFlight: true, tries: 1}
			err := d.handleStep(s, response{conn: d.session.conn, err: said}, func() { t.Errorf("%v is a success", said) })
			if !errors.Is(err, ErrRetryable) || !errors.Is(err, said) {
				t.Errorf("%v became %v", said, err)
			}
			if s.inFlight || s.tries != 2 || time.Until(s.notYet) != 2*minBackoff {
				t.Errorf("after %v: %+v", said, s)
			}
			if got := d.session.conn == nil && d.leaders == nil; got != anew {
				t.Errorf("after %v: leaders %v", said, d.leaders)
			}
			d.lostTopic = time.Now()
			done := false
			err = d.handleStep(s, response{}, func() { done = true })
			if err != nil || !done || s.tries != 0 || !d.lostTopic.IsZero() {
				t.Errorf("after a success: %+v, %v, topic lost %v", s, err, d.lostTopic)
			}
		})
	}
}

// A request without an answer leaves its batches in doubt, and may go on to read them.
func TestUnansweredBatchesAreInDoubt(t *testing.T) {
	for said, kind := range map[error]error{errors.New("cut"): ErrRetryable, kafka.SASLAuthenticationFailed: ErrAuth} {
		d := dispatching(t, nil, 1, 1)
		d.busy[1], d.queues[0].inFlight = true, true
		b := d.queues[0].batches[0]
		err := d.handleProduced(1, []*batch{b}, wire.Produced{}, response{conn: d.session.conn, err: said})
		if !errors.Is(err, kind) || !errors.Is(err, said) {
			t.Errorf("%v became %v", said, err)
		}
		if d.busy[1] || d.queues[0].inFlight || !b.lent || d.queues[0].inDoubt() != 1 || d.queues[1].inDoubt() != 0 {
			t.Errorf("leader busy: %v, queue %+v, batch lent: %v", d.busy[1], d.queues[0], b.lent)
		}
		if d.leaders != nil {
			t.Error("the connections are kept")
		}
	}
}

// What a leader says of a batch decides whether it is sent again, to whom, and whether it is in doubt.
func TestWordsAboutABatch(t *testing.T) {
	const end = 5 // of the partition's log, as it was acknowledged
	for name, c := range map[string]struct {
		said     wire.Appended
		doubtful bool // before
		kind     error
		stored   bool
		end      int64 // afterwards
		anew     bool  // the leaders are asked for
		inDoubt  bool
	}{
		"stored":                  {said: wire.Appended{BaseOffset: 7}, stored: true, end: 8},
		"stored at the end":       {said: wire.Appended{BaseOffset: end}, stored: true, end: 6},
		"stored, no word where":   {said: wire.Appended{BaseOffset: -1}, stored: true, end: end},
		"stored before the end":   {said: wire.Appended{BaseOffset: 4}, kind: errRefused, end: end},
		"stored at the beginning": {said: wire.Appended{BaseOffset: 0}, kind: errRefused, end: end},
		"stored already":          {said: wire.Appended{Code: kafka.DuplicateSequenceNumber}, doubtful: true, stored: true, end: end},
		"another leads": {said: wire.Appended{Code: kafka.NotLeaderForPartition}, kind: ErrRetryable, anew: true, inDoubt: true,
			end: end},
		"nobody leads": {said: wire.Appended{Code: kafka.LeaderNotAvailable}, kind: ErrRetryable, anew: true, end: end},
		"no topic yet": {said: wire.Appended{Code: kafka.UnknownTopicOrPartition}, kind: ErrRetryable, anew: true, end: end},
		"leader of the past": {said: wire.Appended{Code: kafka.FencedLeaderEpoch}, kind: ErrRetryable, anew: true, inDoubt: true,
			end: end},
		"leader to come": {said: wire.Appended{Code: kafka.UnknownLeaderEpoch}, kind: ErrRetryable, anew: true, inDoubt: true,
			end: end},
		"few replicas":           {said: wire.Appended{Code: kafka.NotEnoughReplicas}, kind: ErrRetryable, end: end},
		"few replicas, in doubt": {said: wire.Appended{Code: kafka.NotEnoughReplicas}, kind: ErrRetryable, doubtful: true, inDoubt: true, end: end},
		"no right":               {said: wire.Appended{Code: kafka.TopicAuthorizationFailed}, kind: ErrAuth, end: end},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := dispatching(t, nil, 1)
				q := &d.queues[0]
				b := q.batches[0]
				q.end, b.attempts, b.doubtful = end, 1, c.doubtful
				err := d.handleBatch(b, c.said, response{conn: d.session.conn})
				if !errors.Is(err, c.kind) {
					t.Errorf("error %v, want %v", err, c.kind)
				}
				if stored := len(q.batches) == 0; stored != c.stored || stored && d.delivered != 1 || q.end != c.end {
					t.Errorf("stored: %v, the log ends at %d; want %v, %d", stored, q.end, c.stored, c.end)
				}
				if anew := d.leaders == nil; anew != c.anew {
					t.Errorf("the leaders are asked for: %v, want %v", anew, c.anew)
				}
				if inDoubt := q.inDoubt() == 1; inDoubt != c.inDoubt {
					t.Errorf("in doubt: %v, want %v", inDoubt, c.inDoubt)
				}
				if pause := time.Until(q.notYet); errors.Is(err, ErrRetryable) && pause != minBackoff {
					t.Errorf("the first pause takes %v", pause)
				}
			})
		})
	}
}

// The result counts what is stored, without what is only for kafka-go, and each partition once.
func TestStoredBatchesCount(t *testing.T) {
	d := dispatching(t, nil, 1, 1)
	var size int64
	for p := range d.queues {
		b := d.queues[p].batches[0]
		b.completed, b.revenue = 1, 50
		size += int64(len(b.wire) - 4)
		d.acknowledge(b)
	}
	another := batchOf(simple(3, 10))
	another.partition, *another.waiting = 0, 2
	size += int64(len(another.wire) - 4)
	d.accept(&chunk{index: 1, batches: []*batch{another}})
	d.acknowledge(another)
	want := Result{Events: 3, Bytes: size, Partitions: 2, Completed: 2, Revenue: 100}
	want.Completed += another.completed
	want.Revenue += another.revenue
	if d.result != want || d.delivered != 1 {
		t.Errorf("%d chunks, %+v, want %+v", d.delivered, d.result, want)
	}
}

// The memory of a batch that is stored is used again, but not while an unanswered request may read it.
func TestLentBatchesAreNotUsedAgain(t *testing.T) {
	for _, lent := range []bool{false, true} {
		again := 0
		for range 100 { // the pool may lose some
			d := dispatching(t, nil, 1)
			d.feed.spare.New = func() any { return new(batch) }
			b := d.queues[0].batches[0]
			b.lent = lent
			if d.acknowledge(b); d.feed.spare.Get() == any(b) {
				again++
			}
		}
		if again > 0 == lent {
			t.Errorf("lent: %v, and %d of 100 are used again", lent, again)
		}
	}
}

// The halves of a batch come in its place, are waited for both, and are in doubt where it was.
func TestHalvesTakeTheirPlace(t *testing.T) {
	for _, doubtful := range []bool{false, true} {
		d := dispatching(t, nil, 1)
		waiting := 1
		b, last := batchOf(simple(0, 10), simple(1, 10), simple(2, 10)), batchOf(simple(3, 10))
		b.partition, b.waiting, b.doubtful, last.partition = 0, &waiting, doubtful, 0
		q := &d.queues[0]
		q.batches = []*batch{b, last}
		if err := d.handleBatch(b, wire.Appended{Code: kafka.MessageSizeTooLarge}, response{}); err != nil {
			t.Fatal(err)
		}
		if len(q.batches) != 3 || q.batches[0].count != 1 || q.batches[1].count != 2 || q.batches[2] != last || waiting != 2 {
			t.Errorf("%d batches, %d are waited for", len(q.batches), waiting)
		}
		want := 0
		if doubtful {
			want = 3
		}
		if got := q.inDoubt(); got != want {
			t.Errorf("doubtful: %v, and %d sales are in doubt", doubtful, got)
		}
		if err := d.handleBatch(last, wire.Appended{Code: kafka.MessageSizeTooLarge}, response{}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("a single sale that is too large: %v", err)
		}
	}
}
