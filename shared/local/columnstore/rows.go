package columnstore

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"modernc.org/sqlite/vtab"

	"salesburst/shared/question"
	"salesburst/shared/sale"
)

// module makes tables of SQLite out of a Table.
type module struct {
	t    *Table
	open func(*Table, vtab.Context) (vtab.Table, error)
}

func (m *module) Create(ctx vtab.Context, _ []string) (vtab.Table, error)  { return m.open(m.t, ctx) }
func (m *module) Connect(ctx vtab.Context, _ []string) (vtab.Table, error) { return m.open(m.t, ctx) }

// rows is the table as it is: a row for each sale.
type rows struct{ t *Table }

func openRows(t *Table, ctx vtab.Context) (vtab.Table, error) {
	types := map[kind]string{
		kindTime: "TEXT", kindID: "TEXT", kindCustomer: "TEXT", kindWord: "TEXT",
		kindMoney: "REAL", kindDegree: "REAL", kindCount: "INTEGER",
	}
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = question.QuoteName(c.name) + " " + types[c.kind]
	}
	return rows{t}, ctx.Declare("CREATE TABLE rows (" + strings.Join(list, ", ") + ")")
}

// Ways to read the rows.
const (
	asTheyCame = iota
	oldestFirst
	newestFirst
)

// BestIndex takes over a range of time, and the order by time where that is wanted: then
// a query that is limited reads a few rows only.
func (rows) BestIndex(info *vtab.IndexInfo) error {
	var ops []byte
	for i := range info.Constraints {
		c := &info.Constraints[i]
		op := map[vtab.ConstraintOp]byte{vtab.OpGE: 'g', vtab.OpGT: 'G', vtab.OpLE: 'l', vtab.OpLT: 'L'}[c.Op]
		if c.Column == 0 && c.Usable && op != 0 {
			c.ArgIndex = len(ops) // SQLite looks at it again: the bounds here may be wider
			ops = append(ops, op)
		}
	}
	info.IdxStr = string(ops)
	info.EstimatedCost = 1e6 / float64(1+len(ops))
	if n := len(info.OrderBy); n > 0 && info.OrderBy[0].Column == 0 {
		desc := info.OrderBy[0].Desc
		if n == 1 || n == 2 && info.OrderBy[1] == (vtab.OrderBy{Column: 1, Desc: desc}) {
			info.OrderByConsumed = true
			info.IdxNum = oldestFirst
			if desc {
				info.IdxNum = newestFirst
			}
		}
	}
	return nil
}

func (r rows) Open() (vtab.Cursor, error) { return &rowCursor{t: r.t}, nil }
func (rows) Disconnect() error            { return nil }
func (rows) Destroy() error               { return nil }

type place struct {
	part, row int32
	at        int64
}

// rowCursor reads piece by piece: chunk by chunk, or, in order, span of time by span of
// time.
type rowCursor struct {
	t        *Table
	s        *snapshot
	order    int
	from, to int64 // what is left, to is exclusive
	width    int64 // of the next span
	part     int   // the next one
	found    []place
	i        int
}

// firstSpan is the width of the first span of time that is put in order; each is twice
// as wide as the one before it.
const firstSpan = 10_000

func (c *rowCursor) Filter(order int, ops string, vals []vtab.Value) error {
	*c = rowCursor{t: c.t, s: c.t.snapshot(), order: order, from: math.MinInt64, to: math.MaxInt64, width: firstSpan}
	for i, v := range vals {
		ms, err := parseTime(v)
		if err != nil {
			continue // SQLite compares it
		}
		switch ops[i] {
		case 'g', 'G':
			c.from = max(c.from, ms)
		case 'l', 'L':
			c.to = min(c.to, ms+1)
		}
	}
	c.from = max(c.from, c.s.oldest)
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, p := range c.s.parts {
		first, last = min(first, p.min), max(last, p.max)
	}
	if c.from, c.to = max(c.from, first), min(c.to, last); c.to < math.MaxInt64 {
		c.to++
	}
	c.fill()
	return nil
}

// fill finds the next rows, if there are any.
func (c *rowCursor) fill() {
	c.found, c.i = c.found[:0], 0
	switch c.order {
	case asTheyCame:
		for len(c.found) == 0 && c.part < len(c.s.parts) {
			c.collect(c.part, c.from, c.to)
			c.part++
		}
	default:
		for len(c.found) == 0 && c.from < c.to {
			from, to := c.from, c.to
			if c.order == newestFirst {
				from = max(c.from, c.to-c.width)
				c.to = from
			} else {
				to = min(c.to, c.from+c.width)
				c.from = to
			}
			c.width *= 2
			for p := range c.s.parts {
				c.collect(p, from, to)
			}
		}
		slices.SortFunc(c.found, func(a, b place) int {
			if c.order == newestFirst {
				a, b = b, a
			}
			return cmp.Or(cmp.Compare(a.at, b.at), compareIDs(c.id(a, TransactionID), c.id(b, TransactionID)))
		})
	}
}

func (c *rowCursor) collect(p int, from, to int64) {
	part := &c.s.parts[p]
	if part.max < from || part.min >= to {
		return
	}
	for row, at := range part.at[:part.rows] {
		if at >= from && at < to {
			c.found = append(c.found, place{int32(p), int32(row), at})
		}
	}
}

func (c *rowCursor) id(p place, k int) sale.TransactionID {
	return c.s.id(c.s.parts[p.part].chunk, k, int(p.row))
}

func compareIDs(a, b sale.TransactionID) int {
	return cmp.Or(cmp.Compare(string(a.Burst[:]), string(b.Burst[:])), cmp.Compare(a.Sequence, b.Sequence))
}

func (c *rowCursor) Next() error {
	if c.i++; c.i == len(c.found) {
		c.fill()
	}
	return nil
}

func (c *rowCursor) Eof() bool { return c.i >= len(c.found) }

func (c *rowCursor) Column(i int) (vtab.Value, error) {
	at := c.found[c.i]
	part, row := c.s.parts[at.part].chunk, int(at.row)
	switch column := columns[i]; column.kind {
	case kindTime:
		return timeText(at.at), nil
	case kindID:
		return c.id(at, column.at).String(), nil
	case kindCustomer:
		return part.customer[row].String(), nil
	case kindWord:
		return c.s.words[column.at][part.words[column.at][row]], nil
	case kindMoney:
		return float64(part.money[column.at][row]) / 100, nil
	case kindDegree:
		return float64(part.counts[column.at][row]) / 10_000, nil
	default:
		return int64(part.counts[column.at][row]), nil
	}
}

func (c *rowCursor) Rowid() (int64, error) {
	at := c.found[c.i]
	return int64(at.part)*chunkRows + int64(at.row), nil
}

func (c *rowCursor) Close() error { return nil }
