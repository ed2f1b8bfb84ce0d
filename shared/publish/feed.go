package publish

import (
	"runtime"
	"sync"
	"sync/atomic"

	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/sale"
)

// Stream is a sequence of sales of known length that can be read at any place,
// by several goroutines at once.
type Stream interface {
	Len() int
	At(i int, s *sale.Sale) // writes all fields of sale i into s
}

// The memory of the pipeline is about workers × partitions × batchBytes plus what is compressed and
// waits, a tenth of that.
const (
	maxWorkers    = 16
	batchBytes    = 1 << 20  // of records in a batch before compression; larger ones were no faster over a local link
	bufferBudget  = 10 << 20 // bytes of such batches under construction, over all workers and partitions
	chunksWaiting = 2        // chunks beyond the workers' own that may wait for acknowledgement
)

// chunk is a stretch of the burst as batches, at most one per partition.
type chunk struct {
	index   int
	batches []*batch
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

// startFeed starts the workers, with batches that keep the memory they take in bounds.
func startFeed(stream Stream, partitions int) *feed {
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	return newFeed(stream, partitions, min(batchBytes, bufferBudget/(workers*partitions)), workers)
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
	enc := recordzstd.New(layout())
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
		c, waiting := &chunk{index: index}, new(int)
		for p := range parts {
			if parts[p].count == 0 {
				continue
			}
			b := f.spare.Get().(*batch)
			*b = batch{partition: p, waiting: waiting, wire: b.wire}
			b.compress(&parts[p], enc)
			c.batches = append(c.batches, b)
		}
		*waiting = len(c.batches)
		select {
		case f.out <- c:
		case <-f.quit:
			return
		}
	}
}
