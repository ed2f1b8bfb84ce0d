package sale_test

import (
	"encoding/json"
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
