package publish

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go"

	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/publish/wire"
	"salesburst/shared/sale"
)

// simple is a sale whose product's name has so many letters.
func simple(i, letters int) (s sale.Sale) {
	s.CustomerID = sale.CustomerID(i * 7919 % 1000)
	s.TransactionID.Burst = sale.BurstID([]byte("abcdefghij23"))
	s.TransactionID.Sequence = uint32(i)
	s.OrderID, s.Attempt = s.TransactionID, 1
	s.ProductName = sale.NewText(strings.Repeat("x", letters))
	s.TotalAmount = sale.Cents(100 + i)
	s.Status = sale.Status(i % 3)
	s.Timestamp = sale.Time(1_790_000_000_000 + i)
	return s
}

// batchOf has the sales as one batch.
func batchOf(sales ...sale.Sale) *batch {
	var r records
	for i := range sales {
		r.add(sales[i].CustomerID.Append(nil), &sales[i])
	}
	b := &batch{partition: 3, waiting: new(int)}
	b.compress(&r, recordzstd.New(layout()))
	return b
}

// decoded is the text of a batch, read by another's decoder.
func decoded(t *testing.T, b *batch) []byte {
	t.Helper()
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(b.wire[headerBytes:], nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// contents are the sales of a batch.
func contents(t *testing.T, b *batch) (sales []sale.Sale) {
	t.Helper()
	var err error
	for raw := decoded(t, b); len(raw) > 0; {
		var r record
		if raw, err = r.read(raw); err != nil {
			t.Fatal(err)
		}
		var s sale.Sale
		if err := json.Unmarshal(r.value, &s); err != nil {
			t.Fatal(err)
		}
		if string(r.key) != s.CustomerID.String() {
			t.Fatalf("%s has key %s", s.TransactionID, r.key)
		}
		sales = append(sales, s)
	}
	return sales
}

// The marks stand where the columns of the layout begin, whatever the lengths before them take.
func TestMarksOfRecords(t *testing.T) {
	for _, letters := range []int{0, 100, 9000, 70_000} {
		t.Run(fmt.Sprint(letters), func(t *testing.T) {
			var r records
			for i := range 3 {
				s := simple(i, letters)
				r.add(s.CustomerID.Append(nil), &s)
			}
			ends := append(r.marks, recordzstd.Mark{At: uint32(len(r.buf))})
			columns := layout()
			for n, m := range r.marks {
				s := simple(n/len(columns), letters)
				value := s.AppendJSON(nil)
				part, c := r.buf[m.At:ends[n+1].At], n%len(columns)
				var begins string
				switch {
				case c == 0: // the record's head; its length is that of the record
					length, width := binary.Varint(part)
					next := len(r.buf)
					if n+len(columns) < len(r.marks) {
						next = int(r.marks[n+len(columns)].At)
					}
					if int(m.At)+width+int(length) != next {
						t.Errorf("record %d has length %d, and the next one begins at %d", n/len(columns), length, next)
					}
				case c == 1:
					begins = string(appendVarint(nil, int64(sale.CustomerIDLen))) + s.CustomerID.String()
				case c == 2:
					begins = string(appendVarint(nil, int64(len(value))))
				case c == headColumns:
					begins = `{"` + sale.Fields[0].Name + `":`
				default:
					begins = `,"` + sale.Fields[c-headColumns].Name + `":`
				}
				if !bytes.HasPrefix(part, []byte(begins)) || c > 0 && c <= 2 && string(part) != begins {
					t.Fatalf("column %d is marked as %.60q, want %q", c, part, begins)
				}
				if p := columns[c].Prefix; c >= headColumns && p != len(begins) {
					t.Errorf("column %d has %d constant bytes, the layout says %d", c, len(begins), p)
				}
			}
		})
	}
}

// The layout has the hints of the fields' table.
func TestLayoutKnowsWhatValuesDependOn(t *testing.T) {
	columns := layout()
	for i, f := range sale.Fields {
		c, like := columns[headColumns+i], ""
		if c.Like != 0 {
			like = sale.Fields[c.Like-headColumns].Name
		}
		if c.Unique != f.Unique || like != f.Like {
			t.Errorf("%s: unique %v, like %q; want %v, %q", f.Name, c.Unique, like, f.Unique, f.Like)
		}
	}
}

// Around the sizes at which the length of a record, or of its value, takes three bytes.
func TestLengthsTakeTwoBytesOrThree(t *testing.T) {
	s := simple(0, 0)
	letters := 8192 - len(s.AppendJSON(nil))
	for more := -60; more <= 10; more++ {
		s := simple(0, letters+more)
		if got := contents(t, batchOf(s)); len(got) != 1 || got[0] != s {
			t.Fatalf("a value of %d bytes comes back as another", 8192+more)
		}
	}
}

func TestBatchCountsWhatWasCompleted(t *testing.T) {
	var sales []sale.Sale
	for i := range 10 {
		sales = append(sales, simple(i, 5))
	}
	b := batchOf(sales...)
	if b.count != 10 || b.completed != 4 || b.revenue != 100+103+106+109 {
		t.Errorf("%d events, %d completed, revenue %v", b.count, b.completed, b.revenue)
	}
	b.stamp(wire.Producer{ID: 4711, Epoch: 2}, 77, false)
	if b.sequence != 77 || !b.stamped {
		t.Errorf("sequence %d, stamped %v", b.sequence, b.stamped)
	}
	if got := binary.BigEndian.Uint16(b.wire[atAttributes:]); got != codecZstd {
		t.Errorf("attributes %b outside of a transaction", got)
	}
}

func TestRecordsBeginAnew(t *testing.T) {
	var r records
	s := simple(0, 5)
	r.add(s.CustomerID.Append(nil), &s)
	r.reset()
	if len(r.buf) != 0 || len(r.marks) != 0 || r.count != 0 || r.completed != 0 || r.revenue != 0 || cap(r.buf) == 0 {
		t.Errorf("%d bytes with room for %d, %d marks, %d records, %d completed, revenue %v", len(r.buf), cap(r.buf), len(r.marks), r.count, r.completed, r.revenue)
	}
}

// The halves have the records of the whole, in their order.
func TestSplit(t *testing.T) {
	for n := 2; n <= 7; n++ {
		var sales []sale.Sale
		for i := range n {
			sales = append(sales, simple(i, 5))
		}
		b := batchOf(sales...)
		halves, err := b.split(recordzstd.New(layout()))
		if err != nil {
			t.Fatal(err)
		}
		var got []sale.Sale
		for i, h := range halves {
			if want := [2]int{n / 2, n - n/2}[i]; int(h.count) != want || h.partition != b.partition || h.waiting != b.waiting || h.stamped {
				t.Errorf("half %d of %d records: %d of partition %d, want %d of partition %d", i, n, h.count, h.partition, want, b.partition)
			}
			got = append(got, contents(t, h)...)
		}
		if fmt.Sprint(got) != fmt.Sprint(sales) {
			t.Errorf("of %d records others come back", n)
		}
	}
}

// Records that are no events, or come at another time than their event, are what they are to be, in a batch and in its halves.
func TestDamagedRecords(t *testing.T) {
	var r records
	var want []record
	for i := range 40 {
		s := simple(i, 5)
		s.Delivery = sale.Delivery{Damage: sale.Damage(i % 8), Field: 4}
		rec := record{delta: int64(i), key: s.CustomerID.Append(nil), value: s.AppendDamaged(nil)}
		if i%3 == 2 {
			s.Delivery.Recorded = s.Timestamp - 7
			rec.delta -= 7
		}
		r.add(rec.key, &s)
		want = append(want, rec)
	}
	if r.completed != 2 || r.revenue != 100+124 { // 0 and 24 are whole and completed
		t.Errorf("%d completed, %d", r.completed, r.revenue)
	}
	b := &batch{waiting: new(int)}
	b.compress(&r, recordzstd.New(layout()))
	halves, err := b.split(recordzstd.New(layout()))
	if err != nil {
		t.Fatal(err)
	}
	if halves[0].completed+halves[1].completed != 2 {
		t.Errorf("%d and %d are completed in the halves", halves[0].completed, halves[1].completed)
	}
	if n := halves[0].malformed + halves[1].malformed; b.malformed != 35 || n != b.malformed {
		t.Errorf("%d are no events, %d of the halves, want 35", b.malformed, n)
	}
	base := binary.BigEndian.Uint64(b.wire[atBaseTimestamp:])
	for name, all := range map[string][]*batch{"whole": {b}, "halves": halves[:]} {
		var got []record
		for _, b := range all {
			later := int64(binary.BigEndian.Uint64(b.wire[atBaseTimestamp:]) - base)
			for raw := decoded(t, b); len(raw) > 0; {
				var rec record
				if raw, err = rec.read(raw); err != nil {
					t.Fatal(err)
				}
				rec.delta += later
				got = append(got, rec)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: other records: %v, want %v", name, got, want)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	enc := recordzstd.New(layout())
	if _, err := batchOf(simple(0, 5)).split(enc); !errors.Is(err, errOneRecord) {
		t.Errorf("one record: %v", err)
	}
	packed := func(raw []byte) *batch {
		text := recordzstd.New([]recordzstd.Column{{}}).Encode(make([]byte, headerBytes), raw, []recordzstd.Mark{{}, {At: uint32(len(raw))}})
		return &batch{count: 2, wire: text}
	}
	whole := appendRecord(nil, 0, 0, []byte("key"), []byte("no JSON"))
	for name, b := range map[string]*batch{
		"no frame":     {count: 2, wire: make([]byte, headerBytes+20)},
		"half records": packed(whole[:8]),
	} {
		if _, err := b.split(enc); err == nil || !strings.HasPrefix(err.Error(), "reading a batch back: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecordIsReadWhole(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 5000} {
		value := bytes.Repeat([]byte("v"), size)
		text := appendRecord(nil, -70, 300, []byte("the key"), value)
		var r record
		rest, err := r.read(append(text, "rest"...))
		if err != nil || string(rest) != "rest" || string(r.key) != "the key" || !bytes.Equal(r.value, value) {
			t.Errorf("%d bytes: key %q, %d bytes, then %q, %v", size, r.key, len(r.value), rest, err)
		}
		for n := range len(text) {
			if _, err := new(record).read(text[:n]); !errors.Is(err, errRecord) {
				t.Fatalf("the first %d of %d bytes are read as a record: %v", n, len(text), err)
			}
		}
	}
	negative := appendVarint(append(appendVarint(appendVarint(append(appendVarint(nil, 9), 0), 0), 0), 1), 0) // a key of −1 bytes
	negative = append(negative, 2, 'v', 0)
	if _, err := new(record).read(negative); !errors.Is(err, errRecord) {
		t.Errorf("a key of less than no bytes is read: %v", err)
	}
}

func TestVarintLen(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 63, 64, -64, -65, 8191, 8192, math.MaxInt32, math.MaxInt64, math.MinInt64} {
		if got, want := varintLen(n), len(appendVarint(nil, n)); got != want {
			t.Errorf("%d takes %d bytes, want %d", n, got, want)
		}
	}
}

// Keys go where the Java client would send them, which another of its followers tells.
func TestPartitionIsTheJavaClients(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var others kafka.Murmur2Balancer
	for partitions := range 12 {
		var all []int
		for p := range partitions + 1 {
			all = append(all, p)
		}
		for range 200 {
			key := make([]byte, 1+random.IntN(20))
			for i := range key {
				key[i] = byte(random.Uint32())
			}
			if got, want := partitionOf(key, len(all)), others.Balance(kafka.Message{Key: key}, all...); got != want {
				t.Fatalf("key %x goes to partition %d of %d, want %d", key, got, len(all), want)
			}
		}
	}
}
