package recordzstd

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

// sequence is some literals, and then a copy of what came before: a code each for the number
// of literals, the length of the match and its offset, and the bits that say more, those of
// the literals the lowest.
type sequence struct {
	more                    uint64
	width                   uint8 // of more, in bits
	literals, match, offset uint8
}

const (
	minMatch = 4
	hashBits = 10

	// dear is how many bytes more a match at a new distance must have to be worth more
	// than one at the last distance, which costs nothing to write.
	dear = 4

	// long is when a match is worth it though it ends within the value that was looked for.
	long = 12
)

// find puts the repetitions in the records from first to last, which are text[from:to],
// into e.sequences, and what is left into e.literals.
func (e *Encoder) find(text []byte, marks []Mark, first, last, from, to int) {
	sequences := e.sequences[:0]
	literals := slices.Grow(e.literals[:0], to-from+copyWidth)
	columns, found := e.columns, e.found
	window := text[:to]
	done, written := from, from // what is before done is matched or known not to be; before written, in literals
	for record := first; record < last; record++ {
		row := marks[record*len(columns):][:len(columns)+1] // the last one begins the next record
		clear(found)
		for c := range columns {
			next := int(row[c+1].At)
			if next <= done {
				continue
			}
			column := &columns[c]
			if column.Prefix == 0 {
				continue
			}
			mark := int(row[c].At)
			at := max(mark, done)
			length, source := 0, 0
			if at == mark {
				if distance := int(e.repeats[0]); distance <= at {
					length, source = matched(window, at-distance, at), at-distance
				}
			}
			if at+length <= next { // the value is not the same there
				if like := e.like(c, row[c].Hash, record); like >= 0 {
					s := int(marks[like*len(columns)+c].At) + at - mark
					if n := matched(window, s, at); s < at && n >= length+dear && (at+n > next || n >= long) {
						length, source = n, s
					}
				}
				if length < minMatch && at == mark && record > 0 {
					// The record before has the constant text at least.
					s := int(marks[(record-1)*len(columns)+c].At)
					length, source = matched(window, s, at), s
				}
			}
			if length < minMatch || source == at { // the latter: a record of no bytes
				continue
			}
			literals = appendShort(literals, window, written, at)
			sequences = append(sequences, makeSequence(uint32(at-written), uint32(length),
				e.offset(uint32(at-source), at > written)))
			done = at + length
			written = done
		}
	}
	e.sequences, e.literals = sequences, append(literals, window[written:]...)
}

// like returns an earlier record that may have the same value in column c, or -1.
func (e *Encoder) like(c int, hash uint32, record int) int {
	column := &e.columns[c]
	if column.Like > 0 && e.found[column.Like] >= e.base {
		return int(e.found[column.Like] - e.base)
	}
	if column.Unique {
		return -1
	}
	slot := &e.seen[uint32(c)<<hashBits|hash*0x9E3779B1>>(32-hashBits)] // the golden ratio's bits
	seen := *slot
	*slot = e.base + uint32(record)
	if seen < e.base {
		return -1
	}
	e.found[c] = seen
	return int(seen - e.base)
}

// copyWidth is what appendShort copies at once. So much room has to be behind its text.
const copyWidth = 16

// appendShort appends text[from:to] to b, which has room for it and copyWidth more.
func appendShort(b, text []byte, from, to int) []byte {
	n := to - from
	if n <= copyWidth && from+copyWidth <= len(text) {
		*(*[copyWidth]byte)(b[len(b) : len(b)+copyWidth]) = *(*[copyWidth]byte)(text[from:])
		return b[:len(b)+n]
	}
	return append(b, text[from:to]...)
}

// offset returns how a distance is written, and remembers it.
func (e *Encoder) offset(distance uint32, literals bool) uint32 {
	r := &e.repeats
	written := distance + 3
	switch {
	case distance == r[0]:
		if literals {
			return 1
		}
	case distance == r[1]:
		written = 2
		r[0], r[1] = r[1], r[0]
		if !literals {
			written = 1
		}
		return written
	case distance == r[2]:
		written = 3
		if !literals {
			written = 2
		}
	}
	r[0], r[1], r[2] = distance, r[0], r[1]
	return written
}

// matched counts the bytes that are the same at a and, after it, at b.
func matched(text []byte, a, b int) (n int) {
	x, y := text[a:], text[b:]
	start, other := unsafe.Pointer(unsafe.SliceData(x)), unsafe.Pointer(unsafe.SliceData(y))
	for ; n+8 <= len(y); n += 8 {
		d := *(*uint64)(unsafe.Add(start, n)) ^ *(*uint64)(unsafe.Add(other, n)) // within y, and x is longer
		if d == 0 {
			continue
		}
		if bigEndian {
			return n + bits.LeadingZeros64(d)>>3
		}
		return n + bits.TrailingZeros64(d)>>3
	}
	for n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// bigEndian is the order of bytes in this processor's numbers.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1
