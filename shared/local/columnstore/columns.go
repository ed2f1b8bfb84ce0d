package columnstore

import (
	"fmt"
	"math"

	"salesburst/shared/sale"
)

// Row is one sale, as it is added; columns_gen.go has the columns.
type Row struct {
	At       int64 // milliseconds since 1970
	IDs      [idColumns]sale.TransactionID
	Customer sale.CustomerID
	Words    [wordColumns]string
	Money    [moneyColumns]sale.Cents
	Counts   [countColumns]int32
}

// RowOf is the row of a sale.
func RowOf(s *sale.Sale) (Row, error) {
	r := Row{
		At: int64(s.Timestamp), IDs: idsOf(s), Customer: s.CustomerID,
		Words: wordsOf(s), Money: moneyOf(s),
	}
	for k, n := range countsOf(s) {
		if r.Counts[k] = int32(n); int64(r.Counts[k]) != n {
			return r, fmt.Errorf("%s %d is beyond %d", nameOf(kindCount, k), n, math.MaxInt32)
		}
	}
	return r, nil
}

// Arrived says when Kafka, or whoever stands for it, got the sale, in milliseconds since
// 1970. A row of which that is not known has a seconds_to_arrive of 0, as in Druid where
// the topic keeps no times of arrival.
func (r *Row) Arrived(at int64) {
	r.Counts[SecondsToArrive] = int32(max(math.MinInt32, min((at-r.At)/1000, math.MaxInt32))) // 68 years
}

// kind is how a column is kept.
type kind int

const (
	kindTime kind = iota
	kindID
	kindCustomer
	kindWord
	kindMoney
	kindCount  // long
	kindDegree // double
)

type column struct {
	name string
	kind kind
	at   int // among those of its kind
}

func findColumn(name string) (column, bool) {
	for _, c := range columns {
		if c.name == name {
			return c, true
		}
	}
	return column{}, false
}

// chunkRows is how many rows one chunk has at most.
const chunkRows = 16_384

// chunk is rows by columns, in the order in which they came. A row that was added does
// not change any more, so readers need no lock beyond that for the number of rows.
type chunk struct {
	n        int
	min, max int64 // times
	at       [chunkRows]int64
	burst    [idColumns][chunkRows]uint32
	sequence [idColumns][chunkRows]uint32
	customer [chunkRows]sale.CustomerID
	words    [wordColumns][chunkRows]uint16
	money    [moneyColumns][chunkRows]sale.Cents
	counts   [countColumns][chunkRows]int32
}

// dictionary numbers the texts of a column.
type dictionary struct {
	codes map[string]uint16
	texts []string // it only grows
}

// code returns the number of a text.
func (d *dictionary) code(text string) (uint16, error) {
	if code, ok := d.codes[text]; ok {
		return code, nil
	}
	if d.codes == nil {
		d.codes = make(map[string]uint16)
	}
	if len(d.texts) > math.MaxUint16 {
		return 0, fmt.Errorf("more than %d different texts", len(d.texts))
	}
	code := uint16(len(d.texts))
	d.codes[text], d.texts = code, append(d.texts, text)
	return code, nil
}

type bursts struct {
	codes    map[sale.BurstID]uint32
	ids      []sale.BurstID // it only grows
	last     sale.BurstID
	lastCode uint32
}

func (b *bursts) code(id sale.BurstID) uint32 {
	if id == b.last && len(b.ids) > 0 {
		return b.lastCode
	}
	code, ok := b.codes[id]
	if !ok {
		if b.codes == nil {
			b.codes = make(map[sale.BurstID]uint32)
		}
		code = uint32(len(b.ids))
		b.codes[id], b.ids = code, append(b.ids, id)
	}
	b.last, b.lastCode = id, code
	return code
}

// Add adds rows. After an error part of them may be there.
func (t *Table) Add(rows []Row) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range rows {
		if err := t.add(&rows[i]); err != nil {
			return fmt.Errorf("adding %d sales to the local table: %w", len(rows), err)
		}
	}
	return nil
}

func (t *Table) add(r *Row) error {
	var words [wordColumns]uint16
	for w := range words {
		code, err := t.strings[w].code(r.Words[w])
		if err != nil {
			return fmt.Errorf("%s: %w", nameOf(kindWord, w), err)
		}
		words[w] = code
	}
	var c *chunk
	if n := len(t.chunks); n > 0 && t.chunks[n-1].n < chunkRows {
		c = t.chunks[n-1]
	} else {
		c = &chunk{min: r.At, max: r.At}
		t.chunks = append(t.chunks, c)
	}
	i := c.n
	c.at[i], c.customer[i] = r.At, r.Customer
	for k, id := range r.IDs {
		c.burst[k][i], c.sequence[k][i] = t.bursts.code(id.Burst), id.Sequence
	}
	for w, code := range words {
		c.words[w][i] = code
	}
	for m, cents := range r.Money {
		c.money[m][i] = cents
	}
	for k, n := range r.Counts {
		c.counts[k][i] = n
		t.least[k], t.most[k] = min(t.least[k], n), max(t.most[k], n)
	}
	c.min, c.max = min(c.min, r.At), max(c.max, r.At)
	c.n++
	return nil
}

// nameOf is the name of a column.
func nameOf(k kind, at int) string {
	for _, c := range columns {
		if c.kind == k && c.at == at {
			return c.name
		}
	}
	return ""
}

// part is the rows of a chunk at one moment.
type part struct {
	*chunk
	rows     int
	min, max int64
}

// snapshot is the table at one moment.
type snapshot struct {
	parts  []part
	words  [wordColumns][]string
	bursts []sale.BurstID
	least  [countColumns]int32 // of all that was ever there
	most   [countColumns]int32
	oldest int64
}

func (t *Table) snapshot() *snapshot {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := &snapshot{parts: make([]part, len(t.chunks)), bursts: t.bursts.ids, least: t.least, most: t.most,
		oldest: t.oldest}
	for i, c := range t.chunks {
		s.parts[i] = part{c, c.n, c.min, c.max}
	}
	for w := range s.words {
		s.words[w] = t.strings[w].texts
	}
	return s
}

// id is the transaction id of a column and row.
func (s *snapshot) id(c *chunk, k, i int) sale.TransactionID {
	return s.transactionID(c.burst[k][i], c.sequence[k][i])
}

func (s *snapshot) transactionID(burst, sequence uint32) sale.TransactionID {
	return sale.TransactionID{Burst: s.bursts[burst], Sequence: sequence}
}
