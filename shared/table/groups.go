package table

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"strings"
	"sync"

	"modernc.org/sqlite/vtab"
)

// grouping says which sales a query looks at, and what it can tell apart of them.
type grouping struct {
	bounds   []int64 // ascending: times with which the query compares; they part the time into intervals
	seen     []bool  // of each interval, one more than bounds: whether the query looks at it
	filters  []filter
	bucket   int64 // milliseconds; 0: the query cuts the time into none
	dims     []dim
	measures []measure
}

// filter lets pass the rows with certain words.
type filter struct {
	word int
	pass []bool // by the word's code
}

// dim is what tells one group from another.
type dim struct {
	name   string
	column column // of kindWord, kindCount, or kindID: the burst
}

// measure is what is kept of the rows of a group, besides their number.
type measure struct {
	name   string
	kind   measureKind
	column column // a number, a time or the sequence in the burst
}

type measureKind int

const (
	sum measureKind = iota
	least
	greatest
)

// The first columns of groups; the dims and the measures follow.
const (
	groupTime   = iota // the begin of the interval or of the bucket, the later one
	groupBucket        // the begin of the bucket
	groupCount
	groupDims
)

const groupColumns = 24

// groups are the columns of a grouping's result.
type groups struct {
	rows    int
	columns [groupColumns][]vtab.Value
}

var errTooFine = errors.New("there are more groups than can be numbered")

// numbering packs what tells groups apart into 64 bits.
type numbering struct {
	interval, bucket part64
	dims             []part64
	bits             int
	base             int64 // begin of the first bucket
}

type part64 struct {
	shift int
	mask  uint64
}

func (n *numbering) add(values int64) part64 {
	width := bits.Len64(uint64(max(values-1, 0)))
	p := part64{n.bits, 1<<width - 1}
	n.bits += width
	return p
}

func (p part64) of(key uint64) uint64 { return key >> p.shift & p.mask }

func (g *grouping) number(s *snapshot) (n numbering, err error) {
	n.interval = n.add(int64(len(g.seen)))
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, p := range s.parts {
		first, last = min(first, p.min), max(last, p.max)
	}
	if g.bucket > 0 && first <= last {
		n.base = floor(first, g.bucket)
		n.bucket = n.add((last-n.base)/g.bucket + 1)
	}
	for _, d := range g.dims {
		values := int64(len(s.bursts))
		switch d.column.kind {
		case kindWord:
			values = int64(len(s.words[d.column.at]))
		case kindCount:
			values = int64(s.most[d.column.at]) - int64(s.least[d.column.at]) + 1
		}
		n.dims = append(n.dims, n.add(values))
	}
	if n.bits > 64 {
		return n, errTooFine
	}
	return n, nil
}

// group brings the sales down to groups. Each processor takes a part of the chunks; a
// group may come once from each of them, for SQLite adds up anyway.
func (g *grouping) group(s *snapshot) (*groups, error) {
	n, err := g.number(s)
	if err != nil {
		return nil, err
	}
	workers := make([]*worker, runtime.GOMAXPROCS(0))
	size := (len(s.parts) + len(workers) - 1) / len(workers)
	var wg sync.WaitGroup
	for i := range workers {
		w := &worker{g: g, s: s, n: &n}
		workers[i] = w
		parts := s.parts[min(i*size, len(s.parts)):min((i+1)*size, len(s.parts))]
		wg.Go(func() { w.run(parts) })
	}
	wg.Wait()
	out := new(groups)
	for _, w := range workers {
		w.emit(out)
	}
	return out, nil
}

// worker groups some chunks.
type worker struct {
	g *grouping
	s *snapshot
	n *numbering

	direct  []int32          // from a key to a group's place and one; where keys are short
	places  map[uint64]int32 // the same; where they are long
	keys    []uint64         // of each group
	counts  []int64
	numbers [][]int64 // of each measure, of each group

	// Of one chunk: the rows that pass, their keys and their groups.
	selected [chunkRows]int32
	key      [chunkRows]uint64
	group    [chunkRows]int32
}

// directBits is how long a key may be for a table of all of them.
const directBits = 18

func (w *worker) run(parts []part) {
	if w.n.bits <= directBits {
		w.direct = make([]int32, 1<<w.n.bits)
	} else {
		w.places = make(map[uint64]int32)
	}
	w.numbers = make([][]int64, len(w.g.measures))
	for _, p := range parts {
		if n := w.pick(&p); n > 0 {
			w.number(&p, n)
			w.measure(&p, n)
		}
	}
}

// pick selects the rows of a chunk that pass, and begins their keys with the interval.
func (w *worker) pick(p *part) (n int) {
	interval := func(at int64) (i int) {
		for i < len(w.g.bounds) && w.g.bounds[i] <= at {
			i++
		}
		return i
	}
	if i := interval(max(p.min, w.s.oldest)); i == interval(p.max) && p.min >= w.s.oldest {
		if !w.g.seen[i] {
			return 0
		}
		for row := range p.rows {
			w.selected[row], w.key[row] = int32(row), uint64(i)
		}
		n = p.rows
	} else {
		for row, at := range p.at[:p.rows] {
			if i := interval(at); w.g.seen[i] && at >= w.s.oldest {
				w.selected[n], w.key[n] = int32(row), uint64(i)
				n++
			}
		}
	}
	for _, f := range w.g.filters {
		codes, kept := &p.words[f.word], 0
		for i, row := range w.selected[:n] {
			if code := int(codes[row]); code < len(f.pass) && f.pass[code] {
				w.selected[kept], w.key[kept] = row, w.key[i]
				kept++
			}
		}
		n = kept
	}
	return n
}

// number completes the keys and finds the group of each row.
func (w *worker) number(p *part, n int) {
	selected := w.selected[:n]
	if g := w.g.bucket; g > 0 {
		for i, row := range selected {
			w.key[i] |= uint64((p.at[row]-w.n.base)/g) << w.n.bucket.shift
		}
	}
	for d, dim := range w.g.dims {
		shift := w.n.dims[d].shift
		switch dim.column.kind {
		case kindWord:
			codes := &p.words[dim.column.at]
			for i, row := range selected {
				w.key[i] |= uint64(codes[row]) << shift
			}
		case kindCount:
			numbers, least := &p.counts[dim.column.at], w.s.least[dim.column.at]
			for i, row := range selected {
				w.key[i] |= uint64(int64(numbers[row])-int64(least)) << shift
			}
		default:
			for i, row := range selected {
				w.key[i] |= uint64(p.burst[row]) << shift
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
	for m, measure := range w.g.measures {
		first := map[measureKind]int64{sum: 0, least: math.MaxInt64, greatest: math.MinInt64}[measure.kind]
		w.numbers[m] = append(w.numbers[m], first)
	}
	return int32(len(w.keys) - 1)
}

func (w *worker) measure(p *part, n int) {
	for m, measure := range w.g.measures {
		value := measure.column.reader(p.chunk)
		numbers := w.numbers[m]
		switch {
		case measure.kind == sum && measure.column.kind == kindMoney:
			cents := &p.money[measure.column.at]
			for i, row := range w.selected[:n] {
				numbers[w.group[i]] += int64(cents[row])
			}
		case measure.kind == sum:
			for i, row := range w.selected[:n] {
				numbers[w.group[i]] += value(row)
			}
		case measure.kind == least:
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

// reader gives the column's whole numbers: cents, ten-thousandths, milliseconds, the
// sequence in a burst.
func (c column) reader(p *chunk) func(row int32) int64 {
	switch c.kind {
	case kindTime:
		return func(row int32) int64 { return p.at[row] }
	case kindMoney:
		return func(row int32) int64 { return int64(p.money[c.at][row]) }
	case kindCount, kindDegree:
		return func(row int32) int64 { return int64(p.counts[c.at][row]) }
	default: // kindSequence
		return func(row int32) int64 { return int64(p.sequence[row]) }
	}
}

// emit appends the worker's groups to out.
func (w *worker) emit(out *groups) {
	out.rows += len(w.keys)
	for i, key := range w.keys {
		interval, at := w.n.interval.of(key), int64(math.MinInt64)
		if interval > 0 {
			at = w.g.bounds[interval-1]
		}
		if w.g.bucket > 0 {
			begin := w.n.base + int64(w.n.bucket.of(key))*w.g.bucket
			at = max(at, begin)
			out.add(groupBucket, timeText(begin))
		}
		out.add(groupTime, timeText(max(at, 0)))
		out.add(groupCount, w.counts[i])
		for d, dim := range w.g.dims {
			code := w.n.dims[d].of(key)
			switch dim.column.kind {
			case kindWord:
				out.add(groupDims+d, w.s.words[dim.column.at][code])
			case kindCount:
				out.add(groupDims+d, int64(w.s.least[dim.column.at])+int64(code))
			default:
				out.add(groupDims+d, w.s.bursts[code].String())
			}
		}
		for m, measure := range w.g.measures {
			column := groupDims + len(w.g.dims) + m
			out.add(column, measure.column.value(w.numbers[m][i]))
		}
	}
}

func (g *groups) add(column int, v vtab.Value) { g.columns[column] = append(g.columns[column], v) }

// value is a whole number of a column as SQLite gets it.
func (c column) value(n int64) vtab.Value {
	switch c.kind {
	case kindTime:
		return timeText(n)
	case kindMoney:
		return float64(n) / 100
	case kindDegree:
		return float64(n) / 10_000
	}
	return n
}

// keep gives SQLite a name for groups, until release.
func (t *Table) keep(g *groups) (key int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastKey++
	t.groups[t.lastKey] = g
	return t.lastKey
}

func (t *Table) release(keys []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		delete(t.groups, key)
	}
}

// groupTable is the groups as a table of SQLite; the hidden column key says which.
type groupTable struct{ t *Table }

func openGroups(t *Table, ctx vtab.Context) (vtab.Table, error) {
	var b strings.Builder
	for i := range groupColumns {
		fmt.Fprintf(&b, "c%d, ", i)
	}
	return groupTable{t}, ctx.Declare("CREATE TABLE groups (" + b.String() + "key HIDDEN)")
}

func (groupTable) BestIndex(info *vtab.IndexInfo) error {
	for i := range info.Constraints {
		if c := &info.Constraints[i]; c.Column == groupColumns && c.Op == vtab.OpEQ && c.Usable {
			c.ArgIndex, c.Omit = 0, true
			info.EstimatedCost, info.EstimatedRows = 1000, 1000
			return nil
		}
	}
	return errors.New("groups without their key")
}

func (g groupTable) Open() (vtab.Cursor, error) { return &groupCursor{t: g.t}, nil }
func (groupTable) Disconnect() error            { return nil }
func (groupTable) Destroy() error               { return nil }

type groupCursor struct {
	t      *Table
	groups *groups
	i      int
}

func (c *groupCursor) Filter(_ int, _ string, vals []vtab.Value) error {
	key, _ := vals[0].(int64)
	c.t.mu.RLock()
	defer c.t.mu.RUnlock()
	if c.groups, c.i = c.t.groups[key], 0; c.groups == nil {
		return fmt.Errorf("there are no groups %d", key)
	}
	return nil
}

func (c *groupCursor) Next() error { c.i++; return nil }
func (c *groupCursor) Eof() bool   { return c.i >= c.groups.rows }
func (c *groupCursor) Column(i int) (vtab.Value, error) {
	if column := c.groups.columns[i]; c.i < len(column) {
		return column[c.i], nil
	}
	return nil, nil
}
func (c *groupCursor) Rowid() (int64, error) { return int64(c.i), nil }
func (c *groupCursor) Close() error          { return nil }
