package publish

import (
	"sync"
	"sync/atomic"

	"salesburst/shared/publish/squeeze"
	"salesburst/shared/sale"
)

// chunk is a stretch of the burst as batches, at most one per partition.
type chunk struct {
	index   int
	batches []*batch
	waiting int // batches not yet acknowledged; the dispatcher's
}

// feed runs the workers. Which sales are in which batch depends on the stream, the
// number of partitions and the processors alone, never on timing.
type feed struct {
	stream     Stream
	partitions int
	perChunk   int
	chunks     int

	out    chan *chunk
	tokens chan struct{} // one per chunk between its start and its last acknowledgement
	quit   chan struct{}
	spare  sync.Pool // of *batch, for their buffers
	next   atomic.Int64
	done   sync.WaitGroup
}

func newFeed(stream Stream, partitions, batchSize, workers int) *feed {
	perChunk := max(1, batchSize*partitions/recordBytes)
	chunks := (stream.Len() + perChunk - 1) / perChunk
	workers = min(workers, chunks)
	f := &feed{
		stream:     stream,
		partitions: partitions,
		perChunk:   perChunk,
		chunks:     chunks,
		out:        make(chan *chunk, workers),
		tokens:     make(chan struct{}, workers+chunksWaiting),
		quit:       make(chan struct{}),
		spare:      sync.Pool{New: func() any { return new(batch) }},
	}
	for range workers {
		f.done.Go(f.work)
	}
	return f
}

// stop ends the workers and waits for them.
func (f *feed) stop() {
	close(f.quit)
	f.done.Wait()
}

// release lets another chunk start.
func (f *feed) release() { <-f.tokens }

func (f *feed) work() {
	enc := squeeze.New(layout())
	parts := make([]records, f.partitions)
	expected := min(f.perChunk, f.stream.Len())/f.partitions*9/8 + 16 // customers are not spread evenly
	for i := range parts {
		parts[i] = newRecords(expected)
	}
	var s sale.Sale
	key := make([]byte, 0, sale.CustomerIDLen)
	for {
		select {
		case f.tokens <- struct{}{}:
		case <-f.quit:
			return
		}
		index := int(f.next.Add(1)) - 1
		if index >= f.chunks {
			return
		}
		for i := range parts {
			parts[i].reset()
		}
		from := index * f.perChunk
		for i := from; i < min(from+f.perChunk, f.stream.Len()); i++ {
			f.stream.At(i, &s)
			key = s.CustomerID.Append(key[:0])
			parts[partitionOf(key, f.partitions)].add(key, &s)
		}
		c := &chunk{index: index}
		for p := range parts {
			if parts[p].count == 0 {
				continue
			}
			b := f.spare.Get().(*batch)
			*b = batch{partition: p, chunk: c, wire: b.wire}
			b.compress(&parts[p], enc)
			c.batches = append(c.batches, b)
		}
		c.waiting = len(c.batches)
		select {
		case f.out <- c:
		case <-f.quit:
			return
		}
	}
}
