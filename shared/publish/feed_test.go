package publish

import (
	"bytes"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"salesburst/shared/sale"
)

// asked is a stream that counts how often a sale is asked for.
type asked struct {
	n     int
	times atomic.Int32
}

func (b *asked) Len() int { return b.n }

func (b *asked) At(i int, s *sale.Sale) {
	b.times.Add(1)
	*s = simple(i, 50)
}

// drain takes all chunks of a feed, and lets the next ones start.
func drain(f *feed) map[int]*chunk {
	all := make(map[int]*chunk)
	for range f.chunks {
		c := <-f.out
		all[c.index] = c
		f.release()
	}
	return all
}

// The chunks are the stream: each sale once, in its partition, in its order.
func TestFeed(t *testing.T) {
	for _, n := range []int{1, 2, 39, 40, 41, 399, 400, 1000} {
		const partitions, perChunk = 4, 40
		s := &asked{n: n}
		f := newFeed(s, partitions, perChunk*recordBytes/partitions, 3)
		chunks := drain(f)
		f.stop()
		if want := (n + perChunk - 1) / perChunk; len(chunks) != want || int(s.times.Load()) != n {
			t.Fatalf("%d sales come in %d chunks, want %d; sales are asked for %d times", n, len(chunks), want, s.times.Load())
		}
		seen := 0
		for i := range len(chunks) {
			c := chunks[i]
			if c == nil || len(c.batches) > partitions {
				t.Fatalf("of %d sales: chunk %d is %+v", n, i, c)
			}
			before := -1
			for _, b := range c.batches {
				if b.partition <= before || b.count == 0 || *b.waiting != len(c.batches) || b.waiting != c.batches[0].waiting {
					t.Errorf("%d sales of partition %d stand behind partition %d", b.count, b.partition, before)
				}
				before = b.partition
				last := i*perChunk - 1
				for _, got := range contents(t, b) {
					at := int(got.TransactionID.Sequence)
					if got != simple(at, 50) || at <= last || at >= min(n, (i+1)*perChunk) || partitionOf(got.CustomerID.Append(nil), partitions) != b.partition {
						t.Fatalf("chunk %d, partition %d, after sale %d: %v", i, b.partition, last, got)
					}
					last = at
					seen++
				}
			}
		}
		if seen != n {
			t.Errorf("%d of %d sales are there", seen, n)
		}
	}
}

// A partition that nobody buys in has no batch.
func TestFeedHasNoEmptyBatches(t *testing.T) {
	f := newFeed(&asked{n: 1}, 6, 1<<20, 4)
	defer f.stop()
	if c := <-f.out; len(c.batches) != 1 || c.batches[0].count != 1 {
		t.Errorf("one sale is in %d batches", len(c.batches))
	}
}

// A batch holds one sale at least, though it is larger than a batch may be.
func TestFeedOfTinyBatches(t *testing.T) {
	f := newFeed(&asked{n: 5}, 1, 1, 2)
	defer f.stop()
	if got := len(drain(f)); got != 5 {
		t.Errorf("5 sales are in %d chunks", got)
	}
}

// Batches do not depend on who made them.
func TestFeedIsTheSameAgain(t *testing.T) {
	make := func(workers int) map[int]*chunk {
		f := newFeed(&asked{n: 2000}, 3, 20*recordBytes, workers)
		defer f.stop()
		return drain(f)
	}
	one, four := make(1), make(4)
	for i, c := range one {
		for j, b := range c.batches {
			if !bytes.Equal(b.wire, four[i].batches[j].wire) {
				t.Fatalf("chunk %d, batch %d: others are made by four workers", i, j)
			}
		}
	}
}

// A burst whose batches nobody acknowledges stops being made, and ends when it is told to.
func TestFeedWaitsAndEnds(t *testing.T) {
	for _, workers := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			const perChunk = 10
			s := &asked{n: 10_000}
			f := newFeed(s, 1, perChunk*recordBytes, workers)
			took := 0
			for {
				synctest.Wait()
				select {
				case <-f.out:
					took++
					continue
				default:
				}
				break
			}
			if most := workers + chunksWaiting; took != most || int(s.times.Load()) != most*perChunk {
				t.Errorf("%d workers make %d chunks and ask for %d sales, want %d chunks", workers, took, s.times.Load(), most)
			}
			f.release()
			synctest.Wait()
			if len(f.out) != 1 {
				t.Errorf("after an acknowledgement %d chunks come, want one", len(f.out))
			}
			made := s.times.Load()
			f.stop() // else the workers stay, and the test fails
			if s.times.Load() != made {
				t.Error("sales are made after the end")
			}
		})
	}
}

// Workers that nobody takes anything from end too, and begin nothing more.
func TestFeedEndsWhereNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 8
		f := newFeed(&asked{n: 10_000}, 1, 10*recordBytes, workers)
		synctest.Wait()
		for range workers {
			f.release()
		}
		synctest.Wait() // now each has a chunk in its hands
		begun := f.next.Load()
		f.stop()
		if f.next.Load() != begun {
			t.Errorf("%d chunks were begun after the end", f.next.Load()-begun)
		}
	})
}

// The end comes when nobody uses the stream any more.
func TestFeedEndsAfterItsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{asked: asked{n: 1}, goOn: make(chan struct{})}
		f := newFeed(s, 1, recordBytes, 1)
		synctest.Wait() // now it asks for the sale
		ended := make(chan struct{})
		go func() { f.stop(); close(ended) }()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("it ends before its worker")
		default:
		}
		close(s.goOn)
		<-ended
	})
}

// slow is a burst whose sales are not ready yet.
type slow struct {
	asked
	goOn chan struct{}
}

func (s *slow) At(i int, into *sale.Sale) { <-s.goOn; s.asked.At(i, into) }

// There are no more workers than chunks.
func TestFeedHasNoIdleWorkers(t *testing.T) {
	f := newFeed(&asked{n: 2}, 1, recordBytes, 50)
	defer f.stop()
	if cap(f.out) != 2 {
		t.Errorf("there is room for the chunks of %d workers", cap(f.out))
	}
}

// However many partitions there are, what is under construction keeps to the budget.
func TestFeedKeepsToItsMemory(t *testing.T) {
	for _, partitions := range []int{1, 6, 60, 600} {
		f := startFeed(&asked{n: 1_000_000}, partitions)
		workers := cap(f.out)
		f.stop()
		if took := workers * f.perChunk * recordBytes; took > bufferBudget || took < min(bufferBudget, workers*partitions*batchBytes)/2 {
			t.Errorf("%d partitions: %d workers have chunks of %d sales, %d bytes of %d", partitions, workers, f.perChunk, took, bufferBudget)
		}
	}
}
