package columnstore

import (
	"errors"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"time"

	"salesburst/shared/question"
)

// errNotGroupable is a question that the columns cannot group: it needs the rows.
var errNotGroupable = errors.New("needs the rows themselves")

// grouping is a question in terms of a snapshot's columns. A row's group is a number: from
// the lowest bit on, whether it is of the time before, whether it passes each of the
// measures' filters (the flags), its bucket, and its place in each dimension.
type grouping struct {
	s       *snapshot
	spans   []span // of the time; the second one is the time before
	filters []pass // of the rows
	flags   []pass // of the measures
	bucket  int64  // milliseconds; 0: the time is not cut
	base    int64  // the begin of the first bucket
	dims    []column
	fields  []field64 // the bucket's, then those of the dims
	bits    int
	sums    []sum // what is kept of the rows of a group, besides their number
	outputs []output
}

// span is a part of the time; for the buckets it is moved by shift.
type span struct{ from, to, shift int64 }

// pass tells, by a row's code in a column, whether a filter lets it pass.
type pass struct {
	column column
	filter question.Filter
	codes  []uint64 // 0: it does not
}

// sum is a number of each group: a sum, the least or the greatest.
type sum struct {
	kind   question.Kind // Sum, Min or Max
	column column
}

// output is a measure: of the rows with these flags.
type output struct {
	question.Measure
	column     column
	mask, want uint64
	sum        int // its place among the sums; of Count, -1
	rate       float64
}

// field64 is where a number lies within 64 bits.
type field64 struct {
	shift int
	mask  uint64
}

func (f field64) of(key uint64) uint64 { return key >> f.shift & f.mask }

// newGrouping fails with errNotGroupable alone.
func newGrouping(s *snapshot, a question.Asked) (*grouping, error) {
	if len(a.Rows) > 0 || a.Comparison && a.Span == question.Always {
		return nil, errNotGroupable
	}
	g := &grouping{s: s, bucket: a.BucketLength().Milliseconds()}
	from, to := a.Bounds()
	g.spans = append(g.spans, span{max(from, s.oldest), to, 0})
	if earlier := a.Earlier().Milliseconds(); a.Comparison {
		g.spans = append(g.spans, span{max(from-earlier, s.oldest), to - earlier, earlier})
	}
	for _, f := range a.Conditions() {
		p, err := s.pass(f, 1)
		if err != nil {
			return nil, err
		}
		g.filters = append(g.filters, p)
	}
	for _, m := range a.Measures {
		o, err := g.output(m, a)
		if err != nil {
			return nil, err
		}
		g.outputs = append(g.outputs, o)
	}
	g.bits = 1 + len(g.flags)
	if g.bucket > 0 {
		first, last := int64(math.MaxInt64), int64(math.MinInt64)
		for _, p := range s.parts {
			for _, sp := range g.spans {
				if from, to := max(p.min, sp.from), min(p.max, sp.to-1); from <= to {
					first, last = min(first, from+sp.shift), max(last, to+sp.shift)
				}
			}
		}
		if first > last { // nothing is sold
			first, last = 0, 0
		}
		g.base = floor(first, g.bucket)
		g.add(uint64((last-g.base)/g.bucket) + 1)
	}
	for _, name := range a.Dimensions {
		c, values, err := s.dimension(name)
		if err != nil {
			return nil, err
		}
		g.dims = append(g.dims, c)
		g.add(values)
	}
	if g.bits > 64 || len(a.Columns()) > groupColumns {
		return nil, errNotGroupable
	}
	return g, nil
}

func (g *grouping) add(values uint64) {
	width := bits.Len64(values - 1)
	g.fields = append(g.fields, field64{g.bits, 1<<width - 1})
	g.bits += width
}

// dimension is a column that tells groups apart, and how many codes it has.
func (s *snapshot) dimension(name string) (c column, codes uint64, err error) {
	c, _ = findColumn(name)
	switch c.kind {
	case kindWord:
		return c, uint64(max(len(s.words[c.at]), 1)), nil
	case kindCount:
		return c, uint64(int64(s.most[c.at])-int64(s.least[c.at])) + 1, nil
	case kindID:
		return c, uint64(max(len(s.bursts), 1)) << 32, nil
	}
	return c, 0, errNotGroupable
}

// mostCodes is of how many numbers it is noted one by one whether they pass.
const mostCodes = 1 << 24

// flagOf is a flag's bit; the lowest one is that of the time before.
func flagOf(i int) uint64 { return 2 << i }

func (s *snapshot) pass(f question.Filter, passes uint64) (pass, error) {
	c, n, err := s.dimension(f.Column)
	p := pass{column: c, filter: f}
	if isText := c.kind == kindWord; err != nil || n > mostCodes || isText != (len(f.Values) > 0) {
		return p, errNotGroupable
	}
	p.codes = make([]uint64, n)
	for code := range p.codes {
		var in bool
		if c.kind == kindWord {
			in = code < len(s.words[c.at]) && slices.Contains(f.Values, s.words[c.at][code])
		} else {
			in = int64(code)+int64(s.least[c.at]) >= f.AtLeast
		}
		if in != f.Not {
			p.codes[code] = passes
		}
	}
	return p, nil
}

// output works out what a measure needs of the rows.
func (g *grouping) output(m question.Measure, a question.Asked) (o output, err error) {
	o = output{Measure: m, sum: -1}
	if a.Comparison {
		o.mask = 1
	}
	if m.Before {
		o.mask, o.want = 1, 1
	}
	if m.Per > 0 {
		o.rate = float64(m.Per) / float64(max(a.Interval, time.Millisecond))
	}
	for _, f := range m.Filter {
		not := f.Not
		f.Not = false // a condition and its contrary are one flag
		same := func(p pass) bool {
			return p.filter.Column == f.Column && p.filter.AtLeast == f.AtLeast &&
				slices.Equal(p.filter.Values, f.Values)
		}
		i := slices.IndexFunc(g.flags, same)
		if i < 0 {
			i = len(g.flags)
			p, err := g.s.pass(f, flagOf(i))
			if err != nil {
				return o, err
			}
			g.flags = append(g.flags, p)
		}
		flag := flagOf(i)
		if o.mask |= flag; !not {
			o.want |= flag
		}
	}
	if m.Kind == question.Count {
		return o, nil
	}
	kind := m.Kind
	if kind == question.Money || kind == question.Mean {
		kind = question.Sum
	}
	var known bool
	o.column, known = findColumn(m.Column)
	switch o.column.kind {
	case kindMoney, kindCount, kindDegree:
	case kindTime:
		known = known && kind != question.Sum
	default:
		known = false
	}
	if !known {
		return o, errNotGroupable
	}
	if o.sum = slices.Index(g.sums, sum{kind, o.column}); o.sum < 0 {
		o.sum = len(g.sums)
		g.sums = append(g.sums, sum{kind, o.column})
	}
	return o, nil
}

// run brings the sales down to groups. Each processor takes a part of the chunks.
func (g *grouping) run() *groups {
	workers := make([]*worker, runtime.GOMAXPROCS(0))
	parts := g.s.parts
	size := (len(parts) + len(workers) - 1) / len(workers)
	var wg sync.WaitGroup
	for i := range workers {
		w := &worker{g: g}
		workers[i] = w
		parts := parts[min(i*size, len(parts)):min((i+1)*size, len(parts))]
		wg.Go(func() { w.run(parts) })
	}
	wg.Wait()
	return g.fold(workers)
}

// fold makes one group, and its measures, of all that differ in nothing but their flags.
func (g *grouping) fold(workers []*worker) *groups {
	places := make(map[uint64]int)
	var keys []uint64
	numbers, counts := make([][]int64, len(g.outputs)), make([][]int64, len(g.outputs))
	for _, w := range workers {
		for i, key := range w.keys {
			place, ok := places[key>>(1+len(g.flags))]
			if !ok {
				place = len(keys)
				places[key>>(1+len(g.flags))] = place
				keys = append(keys, key)
				for m := range g.outputs {
					numbers[m], counts[m] = append(numbers[m], 0), append(counts[m], 0)
				}
			}
			for m, o := range g.outputs {
				if key&o.mask != o.want {
					continue
				}
				if o.sum >= 0 {
					sum := g.sums[o.sum]
					number := w.numbers[o.sum][i]
					if counts[m][place] > 0 {
						number = sum.with(numbers[m][place], number)
					}
					numbers[m][place] = number
				}
				counts[m][place] += w.counts[i]
			}
		}
	}
	out := &groups{rows: len(keys)}
	for i, key := range keys {
		fields := g.fields
		column := 0
		put := func(v any) {
			out.columns[column] = append(out.columns[column], v)
			column++
		}
		if g.bucket > 0 {
			put(timeText(g.base + int64(fields[0].of(key))*g.bucket))
			fields = fields[1:]
		}
		for d, c := range g.dims {
			put(g.s.decode(c, fields[d].of(key)))
		}
		for m, o := range g.outputs {
			put(o.value(numbers[m][i], counts[m][i]))
		}
	}
	return out
}

func (s sum) with(a, b int64) int64 {
	switch s.kind {
	case question.Min:
		return min(a, b)
	case question.Max:
		return max(a, b)
	}
	return a + b
}

// decode is the value of a code.
func (s *snapshot) decode(c column, code uint64) any {
	switch c.kind {
	case kindWord:
		return s.words[c.at][code]
	case kindCount:
		return int64(s.least[c.at]) + int64(code)
	}
	return s.transactionID(uint32(code>>32), uint32(code)).String()
}

// value is a measure as SQLite gets it.
func (o output) value(number, count int64) any {
	var v any
	switch {
	case o.Kind == question.Count:
		v = count
	case count == 0 && o.Kind >= question.Mean:
		return nil
	case o.Kind == question.Mean:
		v = float64(number) / o.column.scale() / float64(count)
	case o.column.kind == kindTime:
		return timeText(number)
	case o.column.kind == kindCount:
		v = number
	default:
		v = float64(number) / o.column.scale()
	}
	if o.rate == 0 {
		return v
	}
	if whole, is := v.(int64); is {
		v = float64(whole)
	}
	return v.(float64) * o.rate
}

// scale is how many of a column's whole numbers are one.
func (c column) scale() float64 {
	switch c.kind {
	case kindMoney:
		return 100
	case kindDegree:
		return 10_000
	}
	return 1
}
