package publish

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/publish/wire"
	"salesburst/shared/sale"
)

// What we encode, another's decoder reads: every field, for records whose sizes lie on
// all sides of the lengths at which a varint grows.
func FuzzRecordBatch(f *testing.F) {
	for _, size := range []int{0, 1, 50, 63, 64, 65, 127, 128, 7000, 7300, 7400, 7500, 7600, 8190, 8191, 8192, 8193, 20_000, 70_000} {
		f.Add(uint16(3), uint32(size), int64(1_790_000_000_000), int32(20), int64(4711), int16(2), int32(100))
	}
	f.Add(uint16(1), uint32(0), int64(0), int32(-5), int64(0), int16(0), int32(0))
	f.Add(uint16(300), uint32(10), int64(1)<<40, int32(1<<30), int64(1)<<62, int16(1<<14), int32(1<<30))
	enc := recordzstd.New(layout())
	dec, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, count uint16, size uint32, from int64, step int32, id int64, epoch int16, sequence int32) {
		if count == 0 || count > 2000 || uint64(count)*uint64(size) > 4<<20 || from < 0 || from > 1<<50 || sequence < 0 || id < 0 || epoch < 0 {
			return
		}
		sales := make([]sale.Sale, count)
		var r records
		r.reset()
		latest := sale.Time(from)
		for i := range sales {
			s := &sales[i]
			s.CustomerID = sale.CustomerID(i)
			s.ProductName = sale.NewText(string(bytes.Repeat([]byte{'x'}, int(size))))
			s.TotalAmount, s.Status = sale.Cents(i), sale.Completed
			s.Timestamp = sale.Time(max(0, from+int64(i)*int64(step)))
			latest = max(latest, s.Timestamp)
			r.add([]byte(s.CustomerID.String()), s)
		}
		var b batch
		b.compress(&r, enc)
		b.stamp(wire.Producer{ID: id, Epoch: epoch}, sequence, true)

		if got := binary.BigEndian.Uint32(b.wire); int(got) != len(b.wire)-sizePrefix {
			t.Fatalf("size prefix %d of %d bytes", got, len(b.wire))
		}
		var batch kmsg.RecordBatch
		if err := batch.ReadFrom(b.wire[sizePrefix:]); err != nil {
			t.Fatal(err)
		}
		if int(batch.Length) != len(b.wire)-sizePrefix-12 || batch.Magic != 2 || batch.PartitionLeaderEpoch != -1 || batch.FirstOffset != 0 {
			t.Errorf("header %+v", batch)
		}
		if want := crc32.Checksum(b.wire[atAttributes:], crc32.MakeTable(crc32.Castagnoli)); uint32(batch.CRC) != want {
			t.Errorf("CRC %x, want %x", uint32(batch.CRC), want)
		}
		if batch.Attributes != codecZstd|transactional || batch.LastOffsetDelta != int32(count)-1 || batch.NumRecords != int32(count) {
			t.Errorf("attributes %x, last delta %d, %d records", batch.Attributes, batch.LastOffsetDelta, batch.NumRecords)
		}
		if batch.FirstTimestamp != int64(sales[0].Timestamp) || batch.MaxTimestamp != int64(latest) {
			t.Errorf("times %d to %d, want %d to %d", batch.FirstTimestamp, batch.MaxTimestamp, sales[0].Timestamp, latest)
		}
		if batch.ProducerID != id || batch.ProducerEpoch != epoch || batch.FirstSequence != sequence {
			t.Errorf("producer %d, %d, %d", batch.ProducerID, batch.ProducerEpoch, batch.FirstSequence)
		}
		rest, err := dec.DecodeAll(batch.Records, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sales {
			s := &sales[i]
			length, width := binary.Varint(rest)
			if width <= 0 || int(length) > len(rest)-width {
				t.Fatalf("record %d: length %d in %d bytes", i, length, len(rest))
			}
			var record kmsg.Record
			if err := record.ReadFrom(rest[:width+int(length)]); err != nil {
				t.Fatalf("record %d: %v", i, err)
			}
			rest = rest[width+int(length):]
			if record.OffsetDelta != int32(i) || record.TimestampDelta64 != int64(s.Timestamp-sales[0].Timestamp) || len(record.Headers) != 0 {
				t.Fatalf("record %d: %+v", i, record)
			}
			if string(record.Key) != s.CustomerID.String() || !bytes.Equal(record.Value, s.AppendJSON(nil)) {
				t.Fatalf("record %d has key %s", i, record.Key)
			}
		}
		if len(rest) != 0 {
			t.Errorf("%d bytes behind the last record", len(rest))
		}
	})
}
