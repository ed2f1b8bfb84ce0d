package recordzstd

import (
	"bytes"
	"math"
	"testing"
)

// The numbers of records begin anew before they would wrap around: no earlier text is seen
// in a later one.
func TestRecordNumbersBeginAnew(t *testing.T) {
	columns := []Column{{Prefix: 2}, {Prefix: 2}}
	var text []byte
	var marks []Mark
	for range 5 {
		for _, part := range []string{`{"a":"a value that comes again"`, `,"b":"another one that does"}`} {
			marks = append(marks, Mark{At: uint32(len(text)), Hash: uint32(len(part))})
			text = append(text, part...)
		}
	}
	marks = append(marks, Mark{At: uint32(len(text))})
	fresh := New(columns).Encode(nil, text, marks)
	for left := range uint32(8) {
		e := New(columns)
		for i := range e.seen {
			e.seen[i] = 3 // as earlier texts leave it
		}
		e.base = math.MaxUint32 - left
		for range 2 {
			if !bytes.Equal(e.Encode(nil, text, marks), fresh) {
				t.Errorf("%d numbers before the last: another frame", left)
			}
		}
	}
}
