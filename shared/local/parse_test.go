package local

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/sale"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestParserReadsWhatTheFunctionsWrite(t *testing.T) {
	p := newParser()
	m := newMadeUp("parser", contract.ChannelOnline, noon, 2_000)
	var s sale.Sale
	for i := range m.Len() {
		m.At(i, &s)
		b := s.AppendJSON(nil)
		var got columnstore.Row
		if !p.fast(b, &got) {
			t.Fatalf("the fast pass refuses %s", b)
		}
		if want := rowOf(t, &s); got != want {
			t.Fatalf("%s\ngives %+v\nwant  %+v", b, got, want)
		}
	}
}

func rowOf(t testing.TB, s *sale.Sale) columnstore.Row {
	t.Helper()
	r, err := columnstore.RowOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParserLeavesTheUnusualToJSON(t *testing.T) {
	var s sale.Sale
	newMadeUp("parser", contract.ChannelStore, noon, 1).At(0, &s)
	usual := string(s.AppendJSON(nil))
	for name, b := range map[string]string{
		"white space":   strings.Replace(usual, `,"city":`, `, "city": `, 1),
		"another field": strings.Replace(usual, `{`, `{"extra":[1,{"a":"}"}],`, 1),
		"no decimals":   strings.Replace(usual, s.Price.String(), "100", 1),
		"time zone":     strings.Replace(usual, s.Timestamp.String(), "2026-11-24T13:30:00.250+01:00", 1),
	} {
		t.Run(name, func(t *testing.T) {
			var want sale.Sale
			if err := json.Unmarshal([]byte(b), &want); err != nil {
				t.Fatal(err)
			}
			var got columnstore.Row
			if err := newParser().parse([]byte(b), &got); err != nil {
				t.Fatal(err)
			}
			if got != rowOf(t, &want) {
				t.Errorf("got %+v, want %+v", got, rowOf(t, &want))
			}
		})
	}
}

func TestParserRefusesWhatIsNoEvent(t *testing.T) {
	all := []string{``, `null`, `{}`, `[]`, `"text"`, `{"transaction_id":"x"}`, `{"transaction_id":`}
	var s sale.Sale
	newMadeUp("parser", contract.ChannelStore, noon, 1).At(0, &s)
	for _, f := range sale.Fields { // nothing becomes empty or zero that is not
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(s.AppendJSON(nil), &fields); err != nil {
			t.Fatal(err)
		}
		fields[f.Name] = json.RawMessage("null")
		null, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		delete(fields, f.Name)
		without, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(null), string(without))
	}
	for damage := sale.Truncated; damage <= sale.Renamed; damage++ {
		s.Delivery = sale.Delivery{Damage: damage, Field: 5}
		all = append(all, string(s.AppendDamaged(nil)))
	}
	for _, b := range all {
		if err := newParser().parse([]byte(b), new(columnstore.Row)); err == nil {
			t.Errorf("%s is read as an event", b)
		}
	}
}

// FuzzParser: what the fast pass accepts, encoding/json accepts with the same result.
func FuzzParser(f *testing.F) {
	m := newMadeUp("fuzz", contract.ChannelOnline, noon, 8)
	var s sale.Sale
	for i := range m.Len() {
		m.At(i, &s)
		f.Add(s.AppendJSON(nil))
	}
	p := newParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		var got columnstore.Row
		if !p.fast(b, &got) {
			return
		}
		var want sale.Sale
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("encoding/json refuses %s: %v", b, err)
		}
		if got != rowOf(t, &want) {
			t.Fatalf("%s\ngives %+v\nwant  %+v", b, got, rowOf(t, &want))
		}
	})
}

func BenchmarkParser(b *testing.B) {
	p := newParser()
	m := newMadeUp("bench", contract.ChannelOnline, noon, 1_000)
	events := make([][]byte, m.Len())
	var s sale.Sale
	for i := range events {
		m.At(i, &s)
		events[i] = s.AppendJSON(nil)
	}
	b.ReportAllocs()
	var r columnstore.Row
	for i := 0; b.Loop(); i++ {
		if err := p.parse(events[i%len(events)], &r); err != nil {
			b.Fatal(err)
		}
	}
}
