package burst

import (
	"cmp"
	"container/heap"

	"salesburst/shared/contract"
	"salesburst/shared/sale"
)

// line is where events stand one behind the other, as they are delivered.
type line struct {
	index []entry
	later delays
}

// put puts an event of a moment, which is not before that of the one in front of it, in its place.
func (l *line) put(at sale.Time, e entry, d sale.Delivery) {
	l.until(at)
	if d.Moved {
		heap.Push(&l.later, delayed{d.Recorded, e})
	} else {
		l.index = append(l.index, e)
	}
	if d.Again != 0 {
		heap.Push(&l.later, delayed{d.Again, e})
	}
}

// until puts in their place all that come before a moment.
func (l *line) until(at sale.Time) {
	for len(l.later) > 0 && l.later[0].at < at {
		l.index = append(l.index, heap.Pop(&l.later).(delayed).entry)
	}
}

// delayed is an event that comes later than it happened.
type delayed struct {
	at sale.Time
	entry
}

// delays is a heap, of which the first one is at the root.
type delays []delayed

func (d delays) Len() int { return len(d) }
func (d delays) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(d[i].at, d[j].at), cmp.Compare(d[i].number(), d[j].number())) < 0
}
func (d delays) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *delays) Push(one any) { *d = append(*d, one.(delayed)) }
func (d *delays) Pop() any {
	last := len(*d) - 1
	one := (*d)[last]
	*d = (*d)[:last]
	return one
}

// entry is an event in the line: its number and, in the bits above, what incidents do to it.
type entry uint32

const numberBits = 24

const _ uint = 1<<numberBits - contract.MaxEvents // no number has more bits

func newEntry(number uint64, what deed) entry { return entry(number) | entry(what)<<numberBits }

func (e entry) number() uint64 { return uint64(e & (1<<numberBits - 1)) }
func (e entry) what() deed     { return deed(e >> numberBits) }

// deed is what incidents do to an event.
type deed uint8

const (
	untouched deed = 0        // nothing at all
	touched   deed = 1<<8 - 1 // it has to be seen
)

// exchanged is that an incident puts an event of its own in the place of one that those before it have not
// touched. What those behind it do has to be seen.
func exchanged(of int) deed { return deed(min(of+1, int(touched))) }

// by is the incident that does so.
func (d deed) by() int { return int(d - 1) }
