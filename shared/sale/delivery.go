package sale

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"unicode/utf16"
)

// Delivery is how a sale comes to Kafka. The zero value is as it should be: at its time, once, and whole.
type Delivery struct {
	Recorded Time // the record's timestamp, and its place among the others; 0: the sale's
	Again    Time // when the same record comes once more; 0: it does not
	Moved    bool // it comes after others that were later than it
	Damage   Damage
	Field    uint8 // number of the field that is Renamed
}

// Damage is what is wrong with the value of a record, which then is no event.
type Damage uint8

// The damages.
const (
	Intact        Damage = iota
	Truncated            // it ends in the middle
	WrongType            // total_amount is a text with a currency sign
	MissingField         // it has no timestamp
	WrongEncoding        // UTF-16 instead of UTF-8
	Empty                // no bytes
	Tombstone            // null, which deletes the key from a compacted topic
	Renamed              // one field has another name
)

var damageNames = [...]string{"", "truncated", "wrong_type", "missing_field", "wrong_encoding", "empty", "tombstone",
	"renamed_field"}

// String returns the name that stands in the truth.
func (d Damage) String() string { return damageNames[d] }

// Delivered is the timestamp of the sale's record.
func (s *Sale) Delivered() Time { return cmp.Or(s.Delivery.Recorded, s.Timestamp) }

// AppendDamaged appends the value of the sale's record, as it is damaged, to b. A null one is nil.
func (s *Sale) AppendDamaged(b []byte) []byte {
	var marks Marks
	begin := len(b)
	b = s.AppendMarked(b, &marks)
	at := func(field int) (key, value int) { // where it stands; a quote in front of it is the value's before
		text := `,"` + Fields[field].Name + `":`
		key = int(marks[field-1].End)
		key += bytes.Index(b[key:], []byte(text))
		return key, key + len(text)
	}
	switch s.Delivery.Damage {
	case Truncated:
		size := len(b) - begin
		return b[:begin+size/4+int(s.TransactionID.Sequence)%(size/2)]
	case WrongType:
		field := fieldNumber["total_amount"]
		_, value := at(field)
		end, _ := at(field + 1)
		return slices.Replace(b, value, end, []byte(strconv.Quote("$"+string(b[value:end])))...)
	case MissingField:
		field := fieldNumber["timestamp"]
		key, _ := at(field)
		end, _ := at(field + 1)
		return slices.Delete(b, key, end)
	case WrongEncoding:
		units := utf16.Encode([]rune("\ufeff" + string(b[begin:])))
		b = b[:begin]
		for _, u := range units {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
	case Empty:
		return b[:begin]
	case Tombstone:
		return nil
	case Renamed:
		_, value := at(int(s.Delivery.Field))
		return slices.Insert(b, value-len(`":`), []byte(renamedSuffix)...)
	}
	return b
}

// renamedSuffix is what a field's name has more when it is Renamed.
const renamedSuffix = "_v2"

var fieldNumber = func() map[string]int {
	numbers := make(map[string]int)
	for i, f := range Fields {
		numbers[f.Name] = i
	}
	return numbers
}()

// Renaming is the delivery of a sale one of whose fields has another name. The name of the event and its
// time keep theirs.
func Renaming(field string) (d Delivery, ok bool) {
	n, ok := fieldNumber[field]
	if !ok || n == 0 || Fields[n].Kind == KindTime {
		return d, false
	}
	return Delivery{Damage: Renamed, Field: uint8(n)}, true
}
