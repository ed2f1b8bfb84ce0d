package columnstore

import (
	"math"

	"salesburst/shared/question"
)

// worker groups some chunks.
type worker struct {
	g *grouping

	direct  []int32          // from a key to a group's place and one; where keys are short
	places  map[uint64]int32 // the same; where they are long
	keys    []uint64         // of each group
	counts  []int64
	numbers [][]int64 // of each sum, of each group

	// Of one chunk: the rows that pass, their keys and their groups.
	selected [chunkRows]int32
	key      [chunkRows]uint64
	group    [chunkRows]int32
}

// directBits is how long a key may be for a table of all of them.
const directBits = 18

func (w *worker) run(parts []part) {
	if w.g.bits <= directBits {
		w.direct = make([]int32, 1<<w.g.bits)
	} else {
		w.places = make(map[uint64]int32)
	}
	w.numbers = make([][]int64, len(w.g.sums))
	for _, p := range parts {
		if n := w.pick(&p); n > 0 {
			w.flag(&p, n)
			w.number(&p, n)
			w.add(&p, n)
		}
	}
}

// pick selects the rows of a chunk that pass, and begins their keys with their time.
func (w *worker) pick(p *part) (n int) {
	for before, span := range w.g.spans {
		switch key := uint64(before); {
		case p.max < span.from || p.min >= span.to:
		case p.min >= span.from && p.max < span.to:
			for row := range p.rows {
				w.selected[row], w.key[row] = int32(row), key
			}
			n = p.rows
		default:
			for row, at := range p.at[:p.rows] {
				if at >= span.from && at < span.to {
					w.selected[n], w.key[n] = int32(row), key
					n++
				}
			}
		}
	}
	for _, f := range w.g.filters {
		if f.column.kind == kindWord {
			n = keep(w, n, &p.words[f.column.at], 0, f.codes)
		} else {
			n = keep(w, n, &p.counts[f.column.at], w.g.s.least[f.column.at], f.codes)
		}
	}
	return n
}

// keep leaves the rows whose code passes.
func keep[T uint16 | int32](w *worker, n int, values *[chunkRows]T, least T, codes []uint64) (kept int) {
	for i, row := range w.selected[:n] {
		if codes[int64(values[row])-int64(least)] != 0 {
			w.selected[kept], w.key[kept] = row, w.key[i]
			kept++
		}
	}
	return kept
}

// flag notes in the keys which of the measures' filters each row passes.
func (w *worker) flag(p *part, n int) {
	for _, f := range w.g.flags {
		if f.column.kind == kindWord {
			mark(w, n, &p.words[f.column.at], 0, f.codes)
		} else {
			mark(w, n, &p.counts[f.column.at], w.g.s.least[f.column.at], f.codes)
		}
	}
}

func mark[T uint16 | int32](w *worker, n int, values *[chunkRows]T, least T, codes []uint64) {
	for i, row := range w.selected[:n] {
		w.key[i] |= codes[int64(values[row])-int64(least)]
	}
}

// locate notes in the keys a row's place in a dimension.
func locate[T uint16 | int32](w *worker, n int, values *[chunkRows]T, least T, shift int) {
	for i, row := range w.selected[:n] {
		w.key[i] |= uint64(int64(values[row])-int64(least)) << shift
	}
}

// number completes the keys and finds the group of each row.
func (w *worker) number(p *part, n int) {
	fields := w.g.fields
	if g := w.g.bucket; g > 0 {
		var shift [2]int64
		for i, span := range w.g.spans {
			shift[i] = span.shift - w.g.base
		}
		for i, row := range w.selected[:n] {
			w.key[i] |= uint64((p.at[row]+shift[w.key[i]&1])/g) << fields[0].shift
		}
		fields = fields[1:]
	}
	for d, c := range w.g.dims {
		shift := fields[d].shift
		switch c.kind {
		case kindWord:
			locate(w, n, &p.words[c.at], 0, shift)
		case kindCount:
			locate(w, n, &p.counts[c.at], w.g.s.least[c.at], shift)
		default: // kindID
			for i, row := range w.selected[:n] {
				w.key[i] |= (uint64(p.burst[c.at][row])<<32 | uint64(p.sequence[c.at][row])) << shift
			}
		}
	}
	last, lastKey := int32(-1), uint64(0)
	for i, key := range w.key[:n] {
		if last < 0 || key != lastKey {
			last, lastKey = w.find(key), key
		}
		w.group[i] = last
		w.counts[last]++
	}
}

func (w *worker) find(key uint64) int32 {
	if w.direct != nil {
		if w.direct[key] == 0 {
			w.direct[key] = w.grow(key) + 1
		}
		return w.direct[key] - 1
	}
	place, ok := w.places[key]
	if !ok {
		place = w.grow(key)
		w.places[key] = place
	}
	return place
}

func (w *worker) grow(key uint64) int32 {
	w.keys, w.counts = append(w.keys, key), append(w.counts, 0)
	for i, sum := range w.g.sums {
		first := map[question.Kind]int64{question.Min: math.MaxInt64, question.Max: math.MinInt64}[sum.kind]
		w.numbers[i] = append(w.numbers[i], first)
	}
	return int32(len(w.keys) - 1)
}

// add adds the rows of a chunk to their groups.
func (w *worker) add(p *part, n int) {
	for s, sum := range w.g.sums {
		value := sum.column.reader(p.chunk)
		numbers := w.numbers[s]
		switch {
		case sum.kind == question.Sum && sum.column.kind == kindMoney:
			cents := &p.money[sum.column.at]
			for i, row := range w.selected[:n] {
				numbers[w.group[i]] += int64(cents[row])
			}
		case sum.kind == question.Sum:
			for i, row := range w.selected[:n] {
				numbers[w.group[i]] += value(row)
			}
		case sum.kind == question.Min:
			for i, row := range w.selected[:n] {
				numbers[w.group[i]] = min(numbers[w.group[i]], value(row))
			}
		default:
			for i, row := range w.selected[:n] {
				numbers[w.group[i]] = max(numbers[w.group[i]], value(row))
			}
		}
	}
}

// reader gives the column's whole numbers: cents, ten-thousandths, milliseconds.
func (c column) reader(p *chunk) func(row int32) int64 {
	switch c.kind {
	case kindTime:
		return func(row int32) int64 { return p.at[row] }
	case kindMoney:
		return func(row int32) int64 { return int64(p.money[c.at][row]) }
	default: // kindCount, kindDegree
		return func(row int32) int64 { return int64(p.counts[c.at][row]) }
	}
}
