package publish

import (
	"time"

	"salesburst/shared/publish/wire"
)

// partitionQueue is what waits for one partition, in its order.
type partitionQueue struct {
	of       wire.Partition
	batches  []*batch // the first may be in flight
	inFlight bool
	sequence int32     // of the first record of the first batch
	notYet   time.Time // when the first may be sent again
	added    bool      // to the transaction
	end      int64     // of what is acknowledged, in the partition's log
}

// pop takes the first batch off: it is stored.
func (q *partitionQueue) pop() {
	q.sequence += q.batches[0].count
	q.batches = append(q.batches[:0], q.batches[1:]...)
}

// replace puts two halves in the place of the first batch.
func (q *partitionQueue) replace(halves [2]*batch) {
	q.batches = append(halves[:], q.batches[1:]...)
}

// inDoubt is how many events were sent and never answered for.
func (q *partitionQueue) inDoubt() (n int) {
	for i, b := range q.batches {
		if b.doubtful || i == 0 && q.inFlight {
			n += int(b.count)
		}
	}
	return n
}
