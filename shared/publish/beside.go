package publish

import (
	"time"

	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/sale"
)

// burst is what a call publishes.
type burst struct {
	key Key
	Stream
	beside []Record
}

// noSales is the stream of a burst of which only what is beside it is left.
type noSales struct{}

func (noSales) Len() int           { return 0 }
func (noSales) At(int, *sale.Sale) {}

// Record is one that is published beside a burst, into the topic Config.Beside. The Java client's murmur2
// of its Key places it.
type Record struct {
	Key, Value []byte
	Time       time.Time // whole milliseconds
}

// besideBytes is how many bytes of records beside a burst are in a batch, before compression, where there is more
// than one: brokers take twice as many by default.
const besideBytes = 512 << 10

// besideOf puts records into batches for so many partitions, which are numbered from first on.
func besideOf(all []Record, first, partitions int) *chunk {
	enc := recordzstd.New(layout())
	c, waiting := &chunk{}, new(int)
	parts := make([]records, partitions)
	flush := func(p int) {
		b := &batch{partition: first + p, waiting: waiting}
		b.compress(&parts[p], enc)
		c.batches = append(c.batches, b)
		parts[p].reset()
	}
	for _, r := range all {
		p := partitionOf(r.Key, partitions)
		if parts[p].count > 0 && len(parts[p].buf)+len(r.Value) > besideBytes {
			flush(p)
		}
		parts[p].addAsItIs(parts[p].place(sale.TimeOf(r.Time)), r.Key, r.Value)
	}
	for p := range parts {
		if parts[p].count > 0 {
			flush(p)
		}
	}
	*waiting = len(c.batches)
	return c
}
