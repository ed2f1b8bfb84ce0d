package publish

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/zstd"

	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/publish/wire"
	"salesburst/shared/sale"
)

// The record batch, version 2, as https://kafka.apache.org/documentation/#recordbatch
// lays it out, behind the four bytes of its size that a raw produce request wants.
const (
	sizePrefix  = 4
	headerBytes = sizePrefix + 61

	atBatchLength   = sizePrefix + 8
	atLeaderEpoch   = sizePrefix + 12
	atMagic         = sizePrefix + 16
	atCRC           = sizePrefix + 17
	atAttributes    = sizePrefix + 21
	atLastDelta     = sizePrefix + 23
	atBaseTimestamp = sizePrefix + 27
	atMaxTimestamp  = sizePrefix + 35
	atProducerID    = sizePrefix + 43
	atProducerEpoch = sizePrefix + 51
	atBaseSequence  = sizePrefix + 53
	atRecords       = sizePrefix + 57

	codecZstd     = 4
	transactional = 1 << 4
)

// recordBytes is the expected size of a record.
const recordBytes = 900

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// records are the uncompressed records of a batch under construction.
type records struct {
	buf             []byte
	marks           []recordzstd.Mark // of the columns of layout
	count           int32
	firstTime, last sale.Time // last is the largest
	completed       int
	malformed       int // that are no events
	revenue         sale.Cents
}

// newRecords has room for so many records: to grow would leave garbage as large as they are.
func newRecords(n int) records {
	return records{
		buf:   make([]byte, 0, n*recordBytes),
		marks: make([]recordzstd.Mark, 0, n*(headColumns+len(sale.Fields))+1),
	}
}

func (r *records) reset() { *r = records{buf: r.buf[:0], marks: r.marks[:0]} }

// layout is what a record is made of: its head, its key, the length of its value, and the
// fields of the sale.
func layout() []recordzstd.Column {
	key := recordzstd.Column{Prefix: 1 + sale.CustomerPrefixLen, Unique: true} // with the byte of its length
	columns := []recordzstd.Column{{}, key, {}}
	numbers := make(map[string]int)
	for _, f := range sale.Fields {
		numbers[f.Name] = len(columns)
		prefix := len(`,"`) + len(f.Name) + len(`":`)
		columns = append(columns, recordzstd.Column{Prefix: prefix, Unique: f.Unique, Like: numbers[f.Like]})
	}
	return columns
}

const headColumns = 3 // before the fields

// add appends one sale with its key. The lengths in front of a record are varints,
// known only after it is written: room for two bytes is left, which fits every sale
// from 64 to about 8,000 bytes; another is written again with lengths that fit.
func (r *records) add(key []byte, s *sale.Sale) {
	delta := r.place(s.Delivered())
	if s.Delivery.Damage != sale.Intact {
		r.addAsItIs(delta, key, s.AppendDamaged(make([]byte, 0, recordBytes)))
		return
	}
	if s.Status == sale.Completed {
		r.completed++
		r.revenue += s.TotalAmount
	}

	start := len(r.buf)
	b := append(r.buf, 0, 0, 0) // length, attributes
	b = appendVarint(b, delta)
	b = appendVarint(b, int64(r.count))
	b = appendVarint(b, int64(len(key)))
	b = append(b, key...)
	b = append(b, 0, 0) // length of the value
	value := len(b)
	var marks sale.Marks
	b = s.AppendMarked(b, &marks)
	valueLen := len(b) - value
	b = append(b, 0) // no headers
	before := len(b)
	if body := len(b) - start - 2; twoBytes(valueLen) && twoBytes(body) {
		putTwoBytes(b[start:], body)
		putTwoBytes(b[value-2:], valueLen)
	} else {
		v := append([]byte(nil), b[value:value+valueLen]...)
		b = appendRecord(b[:start], delta, int64(r.count), key, v)
	}
	r.buf = b
	r.count++

	longer := len(b) - before // than the room that was left for the lengths
	value += longer
	length := value - varintLen(int64(valueLen))
	keyAt := length - len(key) - varintLen(int64(len(key)))
	r.marks = append(r.marks, recordzstd.Mark{At: uint32(start)}, recordzstd.Mark{At: uint32(keyAt)},
		recordzstd.Mark{At: uint32(length)})
	fields := len(r.marks)
	r.marks = slices.Grow(r.marks, len(marks))[:fields+len(marks)]
	to, at := r.marks[fields:][:len(marks)], uint32(value)
	for i := range marks {
		to[i] = recordzstd.Mark{At: at, Hash: marks[i].Hash}
		at = marks[i].End + uint32(longer)
	}
}

// place takes in a record's time, and returns it counted from the first one's.
func (r *records) place(at sale.Time) (delta int64) {
	if r.count == 0 {
		r.firstTime, r.last = at, at
	}
	r.last = max(r.last, at)
	return int64(at - r.firstTime)
}

// addAsItIs appends a record that is no event, as one column. A null value is nil.
func (r *records) addAsItIs(delta int64, key, value []byte) {
	r.malformed++
	r.marks = append(r.marks, recordzstd.Mark{At: uint32(len(r.buf))})
	r.buf = appendRecord(r.buf, delta, int64(r.count), key, value)
	for range headColumns + len(sale.Fields) - 1 {
		r.marks = append(r.marks, recordzstd.Mark{At: uint32(len(r.buf))})
	}
	r.count++
}

// null is the length of a value that is null.
const null = -1

func appendRecord(b []byte, timeDelta, offsetDelta int64, key, value []byte) []byte {
	length := int64(len(value))
	if value == nil {
		length = null
	}
	body := 1 + varintLen(timeDelta) + varintLen(offsetDelta) +
		varintLen(int64(len(key))) + len(key) + varintLen(length) + len(value) + 1
	b = appendVarint(b, int64(body))
	b = append(b, 0)
	b = appendVarint(b, timeDelta)
	b = appendVarint(b, offsetDelta)
	b = appendVarint(b, int64(len(key)))
	b = append(b, key...)
	b = appendVarint(b, length)
	b = append(b, value...)
	return append(b, 0)
}

func appendVarint(b []byte, n int64) []byte { return binary.AppendVarint(b, n) }

func varintLen(n int64) int {
	return (bits.Len64(uint64(n<<1)^uint64(n>>63)|1) + 6) / 7
}

// twoBytes tells whether n takes just two bytes as a varint.
func twoBytes(n int) bool { return n >= 64 && n < 8192 }

func putTwoBytes(b []byte, n int) {
	b[0], b[1] = byte(n<<1)|0x80, byte(n>>6)
}

// batch is a compressed record batch, ready but for the producer's stamp.
type batch struct {
	partition int
	wire      []byte // size prefix, header, compressed records
	count     int32
	completed int
	malformed int
	revenue   sale.Cents
	waiting   *int // how many batches of its chunk are not yet acknowledged; the dispatcher's

	sequence int32
	stamped  bool // and so not to be changed any more
	attempts int
	lent     bool // an unanswered request may still read wire
	doubtful bool // an attempt may have been stored without our knowing
}

// compress writes the records into the batch.
func (b *batch) compress(r *records, enc *recordzstd.Encoder) {
	if cap(b.wire) < headerBytes {
		b.wire = make([]byte, 0, headerBytes+len(r.buf)/5)
	}
	r.marks = append(r.marks, recordzstd.Mark{At: uint32(len(r.buf))})
	b.wire = enc.Encode(append(b.wire[:0], make([]byte, headerBytes)...), r.buf, r.marks)
	b.count, b.completed, b.malformed, b.revenue = r.count, r.completed, r.malformed, r.revenue

	be, h := binary.BigEndian, b.wire
	be.PutUint32(h, uint32(len(h)-sizePrefix))
	be.PutUint32(h[atBatchLength:], uint32(len(h)-atLeaderEpoch))
	be.PutUint32(h[atLeaderEpoch:], math.MaxUint32)
	h[atMagic] = 2
	be.PutUint32(h[atLastDelta:], uint32(r.count-1))
	be.PutUint64(h[atBaseTimestamp:], uint64(r.firstTime))
	be.PutUint64(h[atMaxTimestamp:], uint64(r.last))
	be.PutUint32(h[atRecords:], uint32(r.count))
}

// stamp writes who sends the batch and its place in the partition's sequence, and
// seals it with the checksum.
func (b *batch) stamp(p wire.Producer, sequence int32, inTransaction bool) {
	be, h := binary.BigEndian, b.wire
	attributes := uint16(codecZstd)
	if inTransaction {
		attributes |= transactional
	}
	be.PutUint16(h[atAttributes:], attributes)
	be.PutUint64(h[atProducerID:], uint64(p.ID))
	be.PutUint16(h[atProducerEpoch:], uint16(p.Epoch))
	be.PutUint32(h[atBaseSequence:], uint32(sequence))
	be.PutUint32(h[atCRC:], crc32.Checksum(h[atAttributes:], castagnoli))
	b.sequence, b.stamped = sequence, true
}

var errOneRecord = errors.New("a single record is over the topic's max.message.bytes")

// split cuts a batch that the broker found too large into two halves with the same
// records, unstamped.
func (b *batch) split(enc *recordzstd.Encoder) (halves [2]*batch, err error) {
	if b.count < 2 {
		return halves, errOneRecord
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return halves, err
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(b.wire[headerBytes:], nil)
	if err != nil {
		return halves, fmt.Errorf("reading a batch back: %w", err)
	}
	var parts [2]records
	for i := range b.count {
		part := &parts[0]
		if i >= b.count/2 {
			part = &parts[1]
		}
		var rec record
		if raw, err = rec.read(raw); err != nil {
			return halves, fmt.Errorf("reading a batch back: %w", err)
		}
		part.addAgain(&rec, sale.Time(binary.BigEndian.Uint64(b.wire[atBaseTimestamp:]))+sale.Time(rec.delta))
	}
	for i := range halves {
		halves[i] = &batch{partition: b.partition, waiting: b.waiting}
		halves[i].compress(&parts[i], enc)
	}
	return halves, nil
}

// addAgain appends a record that was read. It is an event where it is written as one.
func (r *records) addAgain(rec *record, at sale.Time) {
	var s sale.Sale
	if json.Unmarshal(rec.value, &s) == nil && bytes.Equal(s.AppendJSON(nil), rec.value) {
		s.Delivery.Recorded = at
		r.add(rec.key, &s)
		return
	}
	r.addAsItIs(r.place(at), rec.key, rec.value)
}

type record struct {
	delta      int64 // of its time
	key, value []byte
}

var errRecord = errors.New("malformed record")

// read takes one record off b.
func (r *record) read(b []byte) (rest []byte, err error) {
	next := func() int64 {
		n, used := binary.Varint(b)
		if used <= 0 {
			err = errRecord
			return 0
		}
		b = b[used:]
		return n
	}
	take := func(n int64) []byte {
		if n < 0 || n > int64(len(b)) {
			err = errRecord
			return nil
		}
		taken := b[:n]
		b = b[n:]
		return taken
	}
	next()  // length
	take(1) // attributes
	r.delta = next()
	next() // offset
	r.key = take(next())
	r.value = nil
	if n := next(); n != null {
		r.value = take(n)
	}
	take(1) // headers
	return b, err
}
