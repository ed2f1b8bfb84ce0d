package sale_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"salesburst/shared/sale"
)

// Each damage makes of the event what it says, behind what is there already.
func TestDamages(t *testing.T) {
	s := randomSale(rand.New(rand.NewPCG(1, 2)))
	whole := string(s.AppendJSON(nil))
	renaming, _ := sale.Renaming("product_name")
	for damage, is := range map[sale.Damage]func(value string) bool{
		sale.Intact: func(v string) bool { return v == whole },
		sale.Truncated: func(v string) bool {
			return strings.HasPrefix(whole, v) && len(v) >= len(whole)/4 && len(v) < len(whole)
		},
		sale.WrongType: func(v string) bool {
			return v == strings.Replace(whole, `"total_amount":`+s.TotalAmount.String(), `"total_amount":"$`+s.TotalAmount.String()+`"`, 1)
		},
		sale.MissingField: func(v string) bool {
			return v == strings.Replace(whole, `,"timestamp":"`+s.Timestamp.String()+`"`, "", 1)
		},
		sale.WrongEncoding: func(v string) bool {
			units := make([]uint16, len(v)/2)
			for i := range units {
				units[i] = binary.LittleEndian.Uint16([]byte(v[2*i:]))
			}
			return string(utf16.Decode(units)) == "\ufeff"+whole
		},
		sale.Empty:     func(v string) bool { return v == "" },
		sale.Tombstone: func(v string) bool { return v == "" },
		sale.Renamed: func(v string) bool {
			return v == strings.Replace(whole, `"product_name":`, `"product_name_v2":`, 1)
		},
	} {
		for sequence := range uint32(1000) {
			s.Delivery = sale.Delivery{Damage: damage, Field: renaming.Field}
			if s.TransactionID.Sequence = sequence; sequence%100 != 0 && damage != sale.Truncated {
				continue
			}
			whole = string(s.AppendJSON(nil))
			value := s.AppendDamaged([]byte("before"))
			if (value == nil) != (damage == sale.Tombstone) {
				t.Fatalf("%v: null is %v", damage, value == nil)
			}
			if value != nil && !bytes.HasPrefix(value, []byte("before")) {
				t.Fatalf("%v: %s", damage, value)
			}
			if v := strings.TrimPrefix(string(value), "before"); !is(v) || json.Valid([]byte(v)) != (damage == sale.Intact ||
				damage == sale.WrongType || damage == sale.MissingField || damage == sale.Renamed) {
				t.Fatalf("%v of %s: %s", damage, whole, v)
			}
		}
	}
}

// All fields can be renamed but those that say which event it is, and when.
func TestRenaming(t *testing.T) {
	for _, f := range sale.Fields {
		if _, ok := sale.Renaming(f.Name); ok == (f.Name == "transaction_id" || f.Name == "timestamp") {
			t.Errorf("%s: %v", f.Name, ok)
		}
	}
	if _, ok := sale.Renaming("colour"); ok {
		t.Error("a field that there is not is renamed")
	}
}
