package sale_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"salesburst/shared/sale"
)

func TestAppendJSONEqualsMarshal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sales := 20_000
	if testing.Short() {
		sales = 5_000
	}
	for range sales {
		s := randomSale(r)
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got := s.AppendJSON([]byte("before"))
		if !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Fatalf("encoders differ\n got %s\nwant %s", got, want)
		}
		var back sale.Sale
		if err := json.Unmarshal(want, &back); err != nil {
			t.Fatalf("reading back %s: %v", want, err)
		}
		if back != s {
			t.Fatalf("round trip\n got %+v\nwant %+v", back, s)
		}
	}
}

// One long text takes no room from what follows it.
func TestAppendJSONOfOneLongText(t *testing.T) {
	for i := range sale.Fields {
		var s sale.Sale
		f := reflect.ValueOf(&s).Elem().Field(i)
		if f.Type() != reflect.TypeFor[sale.Text]() {
			continue
		}
		for _, size := range []int{9_000, 9_200, 9_400} { // slices grow by classes of sizes
			f.Set(reflect.ValueOf(sale.NewText(strings.Repeat("x", size))))
			want := string(s.AppendJSON(make([]byte, 0, 1<<16)))
			for _, room := range []int{0, 900, 2000} {
				if got := string(s.AppendJSON(make([]byte, 0, room))); got != want {
					t.Fatalf("field %d: %s", i, got)
				}
			}
		}
	}
}

// Wherever the slice ends, the bytes are the same, also where texts are long and statuses unknown.
func TestAppendJSONInAnyRoom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := randomSale(r)
	v := reflect.ValueOf(&s).Elem()
	for i := range sale.Fields {
		if f := v.Field(i); f.Type() == reflect.TypeFor[sale.Text]() {
			f.Set(reflect.ValueOf(sale.NewText(strings.Repeat(v.Type().Field(i).Name, 300))))
		}
	}
	s.Status = 77
	want := string(s.AppendJSON(make([]byte, 0, 1<<16)))
	if !strings.Contains(want, `"status":"Status(77)"`) {
		t.Errorf("an unknown status: %s", want)
	}
	for room := 0; room < 2*len(want); room += 211 {
		if got := string(s.AppendJSON(make([]byte, 3, 3+room))[3:]); got != want {
			t.Fatalf("with room for %d bytes: %s", room, got)
		}
	}
}

func TestTextEqualsEncodingJSON(t *testing.T) {
	same := func(s string) bool {
		want, _ := json.Marshal(s)
		got, _ := json.Marshal(sale.NewText(s))
		return bytes.Equal(got, want) && sale.NewText(s).String() == strings.ToValidUTF8(s, "\ufffd")
	}
	for _, s := range []string{"", `65" Class`, "INSIGNIA™", "a<b>&c", "\u2028", "\x00\x1f\x7f", "back\\slash", "😀"} {
		if !same(s) {
			t.Errorf("%q is encoded otherwise than by encoding/json", s)
		}
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestTimeEqualsTimePackage(t *testing.T) {
	check := func(at time.Time) {
		t.Helper()
		if got, want := sale.TimeOf(at).String(), at.UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for year := 1; year < 9999; year += 7 {
		for _, day := range []string{"01-01", "02-28", "03-01", "12-31"} {
			at, err := time.Parse("2006-01-02", time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006-")+day)
			if err != nil {
				t.Fatal(err)
			}
			check(at)
			check(at.Add(-time.Millisecond))
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		check(time.UnixMilli(r.Int64N(4_000_000_000_000) - 1_000_000_000_000))
	}
}

func TestCents(t *testing.T) {
	for _, c := range []struct {
		cents sale.Cents
		text  string
	}{
		{0, "0.00"}, {5, "0.05"}, {-5, "-0.05"}, {129990, "1299.90"}, {-100, "-1.00"},
		{math.MaxInt64, "92233720368547758.07"}, {math.MinInt64, "-92233720368547758.08"},
	} {
		if c.cents.String() != c.text {
			t.Errorf("%d cents are written %s, want %s", int64(c.cents), c.cents, c.text)
		}
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for field, value := range map[string]string{
		"price":          `1.999`,
		"total_amount":   `"12"`,
		"discount":       `1e3`,
		"latitude":       `1000.5`,
		"status":         `"DONE"`,
		"customer_id":    `"CUST-12"`,
		"transaction_id": `"abc-1"`,
		"timestamp":      `"yesterday"`,
		"brand":          `7`,
	} {
		var s sale.Sale
		if err := json.Unmarshal([]byte(`{"`+field+`":`+value+`}`), &s); err == nil {
			t.Errorf("%s: %s was accepted", field, value)
		}
	}
}

func randomSale(r *rand.Rand) sale.Sale {
	text := func() sale.Text {
		runes := make([]rune, r.IntN(12))
		for i := range runes {
			runes[i] = rune(r.IntN([]int{0x80, 0x800, 0x3000, 0x1F700}[r.IntN(4)]))
		}
		return sale.NewText(string(runes))
	}
	cents := func() sale.Cents { return sale.Cents(r.Int64N(1<<uint(1+r.IntN(40))) - 500) }
	var s sale.Sale
	v := reflect.ValueOf(&s).Elem()
	for i := range sale.Fields {
		switch f := v.Field(i).Addr().Interface().(type) {
		case *sale.Text:
			*f = text()
		case *sale.Cents:
			*f = cents()
		case *sale.Degrees:
			*f = sale.Degrees(r.IntN(360_0000) - 180_0000)
		case *sale.Time:
			*f = sale.Time(r.Int64N(4_000_000_000_000))
		case *sale.Status:
			*f = sale.Status(r.IntN(6))
		case *sale.CustomerID:
			*f = sale.CustomerID(r.IntN(1_000_000_000))
		case *int64:
			*f = r.Int64N(1000) - 20
		case *sale.TransactionID:
			for i := range f.Burst {
				f.Burst[i] = "abcdefghijklmnopqrstuvwxyz234567"[r.IntN(32)]
			}
			f.Sequence = r.Uint32N(100_000_000)
		default:
			panic("no random value for a field of type " + v.Field(i).Type().String())
		}
	}
	return s
}
