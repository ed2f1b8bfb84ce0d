package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/local/columnstore"
)

// Sizes of the pipeline from Kafka to SQLite.
const (
	rowsPerCommit  = 16_384 // at most, in one transaction
	batchesWaiting = 2
)

// consumer reads the topic as any application would, committed records only, and
// brings what it finds to where it is kept. One goroutine reads and parses, another
// writes.
type consumer struct {
	client *kgo.Client
	tally  *tally
	add    func([]columnstore.Row) error // keeps them
	out    *bufio.Writer                 // nil: none

	mu        sync.Mutex
	positions map[int32]int64 // of each partition: all before it is stored
	moved     chan struct{}   // closed, and made anew, when positions change
}

// batch is what becomes one transaction.
type batch struct {
	rows      []columnstore.Row
	events    []byte // as lines, for out
	positions map[int32]int64
}

// newConsumer reads c's topic from the given offsets on. out gets each event as a
// line; it may be nil.
func newConsumer(c *cluster, from map[int32]int64, t *tally,
	add func([]columnstore.Row) error, out io.Writer) (*consumer, error) {
	offsets := make(map[int32]kgo.Offset, len(from))
	positions := make(map[int32]int64, len(from))
	for p, offset := range from {
		offsets[p] = kgo.NewOffset().At(offset)
		positions[p] = offset
	}
	client, err := c.client(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.topic: offsets}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // they take offsets too: without them the end of a topic is never reached
	)
	if err != nil {
		return nil, fmt.Errorf("making the consumer: %w", err)
	}
	k := &consumer{client: client, tally: t, add: add, positions: positions, moved: make(chan struct{})}
	if out != nil {
		k.out = bufio.NewWriterSize(out, 1<<20)
	}
	return k, nil
}

// run consumes until ctx ends, and then stores what it has read. Its error says what
// went wrong before.
func (k *consumer) run(ctx context.Context) error {
	defer k.client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan batch, batchesWaiting)
	written := make(chan error, 1)
	go func() {
		var err error
		for b := range batches { // to the end, after an error too: the reader must not be held up
			if err == nil {
				err = k.write(b)
			}
			if err != nil {
				cancel()
			}
		}
		written <- err
	}()
	err := k.read(ctx, batches)
	close(batches)
	return errors.Join(err, <-written)
}

func (k *consumer) read(ctx context.Context, batches chan<- batch) error {
	parser := newParser()
	for {
		fetches := k.client.PollRecords(ctx, rowsPerCommit)
		if ctx.Err() != nil {
			return nil
		}
		for _, e := range fetches.Errors() {
			return fmt.Errorf("reading partition %d of %s: %w", e.Partition, e.Topic, e.Err)
		}
		batches <- k.parse(parser, fetches)
	}
}

func (k *consumer) parse(p *parser, fetches kgo.Fetches) batch {
	b := batch{rows: make([]columnstore.Row, 0, fetches.NumRecords()), positions: make(map[int32]int64)}
	unreadable, first := 0, error(nil)
	for r := range fetches.RecordsAll() {
		b.positions[r.Partition] = r.Offset + 1
		if r.Attrs.IsControl() {
			continue
		}
		b.rows = b.rows[:len(b.rows)+1]
		if err := p.parse(r.Value, &b.rows[len(b.rows)-1]); err != nil {
			if unreadable == 0 {
				first = fmt.Errorf("partition %d, offset %d: %w", r.Partition, r.Offset, err)
			}
			b.rows = b.rows[:len(b.rows)-1]
			unreadable++
			continue
		}
		if k.out != nil {
			b.events = append(append(b.events, r.Value...), '\n')
		}
	}
	k.tally.see(b.rows)
	if unreadable > 0 {
		k.tally.addUnreadable(unreadable, first)
	}
	return b
}

// write is not interrupted: what was counted is stored.
func (k *consumer) write(b batch) error {
	if len(b.rows) > 0 {
		if err := k.add(b.rows); err != nil {
			return err
		}
	}
	if k.out != nil {
		k.out.Write(b.events) // Flush returns its error too
		if err := k.out.Flush(); err != nil {
			return fmt.Errorf("writing the events: %w", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for p, offset := range b.positions {
		k.positions[p] = offset
	}
	close(k.moved)
	k.moved = make(chan struct{})
	return nil
}

// waitFor returns when all before ends is stored, or with ctx's error.
func (k *consumer) waitFor(ctx context.Context, ends map[int32]int64) error {
	for {
		k.mu.Lock()
		moved, reached := k.moved, true
		for p, end := range ends {
			reached = reached && k.positions[p] >= end
		}
		k.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
