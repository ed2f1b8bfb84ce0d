package burst_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"salesburst/shared/burst"
	"salesburst/shared/sale"
)

// What the market makes is what the table of the fields says of them.
func TestSalesAreWhatTheFieldsSay(t *testing.T) {
	m := newMarket(t)
	for _, g := range golden {
		b, err := burst.New(m, g.order)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range bytes.Split(bytes.TrimSpace(text(b, 0, min(b.Len(), 1000))), []byte("\n")) {
			var values map[string]json.RawMessage
			if err := json.Unmarshal(line, &values); err != nil {
				t.Fatal(err)
			}
			for _, f := range sale.Fields {
				if !within(f, string(values[f.Name])) {
					t.Fatalf("%s: %s is %s, want %q or %d to %d", g.name, f.Name, values[f.Name], f.Values, f.Least, f.Most)
				}
			}
		}
	}
}

func within(f sale.Field, value string) bool {
	if f.Values != nil {
		return slices.Contains(f.Values, strings.Trim(value, `"`))
	}
	if f.Least == f.Most {
		return value != ""
	}
	// All decimals are always written, so that without the point it is the number that Sale has.
	n, err := strconv.ParseInt(strings.Replace(value, ".", "", 1), 10, 64)
	return err == nil && f.Least <= n && n <= f.Most
}
