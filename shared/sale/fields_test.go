package sale_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"salesburst/shared/sale"
)

// The examples of the table are one event, as it would be written.
func TestExamplesAreASale(t *testing.T) {
	var fields []string
	for _, f := range sale.Fields {
		fields = append(fields, fmt.Sprintf("%q:%s", f.Name, f.Example))
	}
	text := "{" + strings.Join(fields, ",") + "}"
	var s sale.Sale
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got := string(s.AppendJSON(nil)); got != text {
		t.Errorf("the examples are\n%s\nwhich is written\n%s", text, got)
	}
	if want := s.Price*sale.Cents(s.Quantity) - s.Discount; s.TotalAmount != want {
		t.Errorf("total_amount is %v, want %v", s.TotalAmount, want)
	}
}

func TestEveryFieldSaysWhatItIs(t *testing.T) {
	for i, f := range sale.Fields {
		earlier := func(other sale.Field) bool { return other.Name == f.Like }
		switch number := f.Kind.Druid() == "long" || f.Kind.Druid() == "double"; {
		case f.Means == "" || len(f.Means) > 90 || strings.ContainsAny(f.Means, "|<\n"):
			t.Errorf("%s: %q does not fit into its comment or the table of a document", f.Name, f.Means)
		case number != (f.Least < f.Most):
			t.Errorf("%s: a range from %d to %d", f.Name, f.Least, f.Most)
		case f.Like != "" && !slices.ContainsFunc(sale.Fields[:i], earlier):
			t.Errorf("%s is like %q, which is no earlier field", f.Name, f.Like)
		}
	}
}
