package sale_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"salesburst/shared/sale"
)

// A mark stands where its field's value ends, and only the same value has its hash.
func TestMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	hashes := make([]map[string]uint32, len(sale.Fields))
	for i := range hashes {
		hashes[i] = make(map[string]uint32)
	}
	for range 300 {
		s := randomSale(r)
		var marks sale.Marks
		text := s.AppendMarked([]byte("before"), &marks)
		from := len("before")
		for i, m := range marks {
			before := `,"` + sale.Fields[i].Name + `":`
			if i == 0 {
				before = `{"` + sale.Fields[i].Name + `":`
			}
			field, begins := bytes.CutPrefix(text[from:m.End], []byte(before))
			if !begins || !json.Valid(field) {
				t.Fatalf("field %s is marked as %s", sale.Fields[i].Name, text[from:m.End])
			}
			if i > 0 { // a transaction's hash is of its place in the burst
				if seen, again := hashes[i][string(field)]; again && seen != m.Hash {
					t.Errorf("%s: %s has hashes %d and %d", sale.Fields[i].Name, field, seen, m.Hash)
				}
				hashes[i][string(field)] = m.Hash
			}
			from = int(m.End)
		}
		if string(text[from:]) != "}" {
			t.Fatalf("%s stands behind the last field", text[from:])
		}
		if marks[0].Hash != s.TransactionID.Sequence {
			t.Errorf("the hash of %v is %d", s.TransactionID, marks[0].Hash)
		}
	}
	for i, of := range hashes[1:] {
		different := make(map[uint32]bool)
		for _, h := range of {
			different[h] = true
		}
		if len(different) != len(of) {
			t.Errorf("%s: %d values have %d hashes", sale.Fields[i+1].Name, len(of), len(different))
		}
	}
}
