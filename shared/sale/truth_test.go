package sale_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"salesburst/shared/sale"
)

// Events in a row are one stretch.
func TestTouched(t *testing.T) {
	var of sale.Touched
	for _, n := range []uint32{0, 1, 2, 5, 7, 8} {
		of.Add(n, 150)
	}
	text, err := json.Marshal(of)
	if want := `{"events":6,"sequences":[[0,2],[5,5],[7,8]],"revenue":9.00}`; err != nil || string(text) != want {
		t.Errorf("%s, error %v; want %s", text, err, want)
	}
}

// Stretches that were written down out of order are put in order, and those that meet are one; also of each
// kind of damage.
func TestTouchedInOrder(t *testing.T) {
	of := sale.Malformed{Kinds: make(map[string]*sale.Touched)}
	for _, n := range []uint32{7, 8, 3, 0, 1, 9, 2} {
		of.Add([]sale.Damage{sale.Truncated, sale.Empty}[n/7], n, -150)
	}
	of.Order()
	text, err := json.Marshal(of)
	if want := `{"events":7,"sequences":[[0,3],[7,9]],"revenue":-10.50,"kinds":{` +
		`"empty":{"events":3,"sequences":[[7,9]],"revenue":-4.50},` +
		`"truncated":{"events":4,"sequences":[[0,3]],"revenue":-6.00}}}`; err != nil || string(text) != want {
		t.Errorf("%s, error %v; want %s", text, err, want)
	}
}

// The parts of a truth add up to it, and none has more stretches than it may have.
func TestPartsOfATruth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	touched := func() sale.Touched {
		of := sale.Touched{Sequences: [][2]uint32{}}
		for n, left := uint32(0), r.IntN(30); left > 0; left-- {
			n += 1 + uint32(r.IntN(3))
			of.Add(n, 150)
		}
		return of
	}
	for most := 1; most < 60; most++ {
		whole := sale.Truth{Scenario: "flash-sale", Incident: map[string]any{}, About: map[string]string{}, Added: touched(), Removed: touched(), Changed: touched(), Moved: touched(), Repeated: touched()}
		whole.Malformed = sale.Malformed{Touched: touched(), Kinds: map[string]*sale.Touched{}}
		for _, name := range []string{"truncated", "empty"} {
			of := touched()
			whole.Malformed.Kinds[name] = &of
		}
		before, _ := json.Marshal(whole)
		parts := whole.Parts(most)
		sum, stretches := sale.Truth{Scenario: "flash-sale", Incident: map[string]any{}, About: map[string]string{}}, 0
		sum.Malformed.Kinds = map[string]*sale.Touched{"truncated": {}, "empty": {}}
		for _, p := range parts {
			n := 0
			for _, of := range []struct{ sum, part *sale.Touched }{{&sum.Added, &p.Added}, {&sum.Removed, &p.Removed}, {&sum.Changed, &p.Changed},
				{&sum.Moved, &p.Moved}, {&sum.Repeated, &p.Repeated}, {&sum.Malformed.Touched, &p.Malformed.Touched},
				{sum.Malformed.Kinds["truncated"], p.Malformed.Kinds["truncated"]}, {sum.Malformed.Kinds["empty"], p.Malformed.Kinds["empty"]}} {
				if of.part.Sequences == nil {
					t.Error("a part has null for its stretches")
				}
				n += len(of.part.Sequences)
				of.sum.Events += of.part.Events
				of.sum.Revenue += of.part.Revenue
				of.sum.Sequences = append(of.sum.Sequences, of.part.Sequences...)
			}
			if n > most || p.Scenario != whole.Scenario {
				t.Errorf("a part of %s has %d stretches, want %d at most", p.Scenario, n, most)
			}
			stretches += n
		}
		if want := max(1, (stretches+most-1)/most); len(parts) != want {
			t.Errorf("%d stretches are cut into %d parts, want %d", stretches, len(parts), want)
		}
		got, _ := json.Marshal(sum)
		if after, _ := json.Marshal(whole); string(after) != string(before) || strings.ReplaceAll(string(got), "null", "[]") != string(before) {
			t.Errorf("the parts add up to\n%s, want\n%s", got, before)
		}
	}
}
