package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"salesburst/shared/contract"
	"salesburst/shared/sale"
)

// kind is what fields of a kind become in Go. {s} stands for the field in a sale, {r} for
// its place in a row of the column store.
type kind struct {
	Type   string // in sale.Sale
	Quote  string // around its JSON, unless it writes its own
	Write  string // what writes its JSON behind the key; of a text the template does
	Hash   string // of its value
	Column string // the kind of column
	Store  string // the value that is kept there, of a sale
	Opens  string // how all values begin, behind the quote
	Read   string // takes its JSON, without all that, off the cursor c
	Digits int    // behind the point, of a number
	Once   bool   // the column store has a place for one such field
}

var kinds = map[sale.Kind]kind{
	sale.KindText: {Type: "Text", Hash: "{s}.hash",
		Column: "kindWord", Store: "{s}.String()", Read: "{r} = c.text()"},
	sale.KindStatus: {Type: "Status", Quote: `"`, Write: "putStatus", Hash: "uint32({s})",
		Column: "kindWord", Store: "{s}.String()", Read: "{r} = c.status()"},
	sale.KindCents: {Type: "Cents", Write: "putCents", Hash: "uint32({s})",
		Column: "kindMoney", Store: "{s}", Read: "{r} = sale.Cents(c.fixed(2))", Digits: 2},
	sale.KindCount: {Type: "int64", Write: "putCount", Hash: "uint32({s})",
		Column: "kindCount", Store: "{s}", Read: "{r} = c.count()"},
	sale.KindDegrees: {Type: "Degrees", Write: "putDegrees", Hash: "uint32({s})",
		Column: "kindDegree", Store: "int64({s})", Read: "{r} = c.degrees()", Digits: 4},
	sale.KindTime: {Type: "Time", Quote: `"`, Write: "putTime", Hash: "uint32({s})",
		Column: "kindTime", Read: "r.At = c.time()", Once: true},
	sale.KindTransaction: {Type: "TransactionID", Quote: `"`, Write: "putTransaction", Hash: "{s}.Sequence",
		Column: "kindID", Store: "{s}", Read: "c.transactionID(&{r})"},
	sale.KindCustomer: {Type: "CustomerID", Quote: `"`, Write: "putCustomer", Hash: "uint32({s})",
		Column: "kindCustomer", Opens: sale.CustomerID(0).String()[:sale.CustomerPrefixLen],
		Read: "r.Customer = sale.CustomerID(c.digits(sale.CustomerIDLen - sale.CustomerPrefixLen))", Once: true},
}

// groups are the arrays of a row, by the kinds of columns that are kept in them.
var groups = map[string]string{
	"kindID": "IDs", "kindWord": "Words", "kindMoney": "Money", "kindCount": "Counts", "kindDegree": "Counts",
}

// field is a field as the templates see it.
type field struct {
	sale.Field
	kind
	Go    string // its name in Go
	Group string // the array of a row that it is kept in; empty: it has a place of its own
}

// event is all that the templates know.
type event struct {
	Fields  []field
	Arrival field
}

func newEvent(table []sale.Field) (*event, error) {
	e := &event{Arrival: newField(sale.Arrival)}
	const longest = 32 // as in package sale
	ofKind := make(map[sale.Kind]string)
	for i, f := range table {
		k, known := kinds[f.Kind]
		switch key := newField(f).Key(i); {
		case !known:
			return nil, fmt.Errorf("field %s: kinds.go does not know its kind, %d", f.Name, f.Kind)
		case k.Once && ofKind[f.Kind] != "":
			return nil, fmt.Errorf("fields %s and %s: there is room for one of their kind", ofKind[f.Kind], f.Name)
		case len(key) > longest:
			return nil, fmt.Errorf("field %s: its name is too long: %s has more than %d bytes", f.Name, key, longest)
		}
		ofKind[f.Kind] = f.Name
		e.Fields = append(e.Fields, newField(f))
	}
	return e, nil
}

func newField(f sale.Field) field {
	k := kinds[f.Kind]
	g := field{Field: f, kind: k, Go: goName(f.Name), Group: groups[k.Column]}
	row := "r." + g.Group + "[columnstore." + g.Go + "]"
	for _, code := range []*string{&g.Hash, &g.Store, &g.Read} {
		*code = strings.NewReplacer("{s}", "s."+g.Go, "{r}", row).Replace(*code)
	}
	return g
}

// initialisms are words that Go writes in capitals.
var initialisms = map[string]string{"id": "ID", "os": "OS", "ip": "IP", "url": "URL"}

// goName is the name in Go of what the JSON calls store_id: StoreID.
func goName(name string) (words string) {
	for word := range strings.SplitSeq(name, "_") {
		if capitals, is := initialisms[word]; is {
			words += capitals
		} else {
			words += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return words
}

// In are the fields that are kept in an array of a row.
func (e *event) In(group string) (in []field) {
	for _, f := range e.Fields {
		if f.Group == group {
			in = append(in, f)
		}
	}
	return in
}

// Key is what stands before the value of field number i.
func (f field) Key(i int) string {
	if i == 0 {
		return `{"` + f.Name + `":` + f.Quote
	}
	return `,"` + f.Name + `":` + f.Quote
}

// Room is what an event takes at most, but its texts, and what is written beyond its end.
func (e *event) Room() int {
	const number, quotes, window, long = 25, 2, 64, 160 // as in package sale
	room := window + long
	for i, f := range e.Fields {
		room += len(f.Key(i)) + number
		if f.Kind == sale.KindText {
			room += quotes - number
		}
	}
	return room
}

// Texts are the fields of that kind.
func (e *event) Texts() (texts []field) {
	for _, f := range e.Fields {
		if f.Kind == sale.KindText {
			texts = append(texts, f)
		}
	}
	return texts
}

// Columns are the fields that are columns of Druid's by their own names: all but the time.
func (e *event) Columns() (columns []field) {
	for _, f := range e.Fields {
		if f.Kind != sale.KindTime {
			columns = append(columns, f)
		}
	}
	return append(columns, e.Arrival)
}

// Documented are the fields and what is added to them.
func (e *event) Documented() []field { return append(slices.Clip(e.Fields), e.Arrival) }

// Lines are the event of the examples, cut into lines for a document.
func (e *event) Lines() (lines []string) {
	const width = 110
	line := "{"
	for i, f := range e.Fields {
		part := fmt.Sprintf("%q:%s", f.Name, f.Example)
		if i < len(e.Fields)-1 {
			part += ","
		} else {
			part += "}"
		}
		if len(line)+len(part) > width {
			lines, line = append(lines, line), " "
		}
		line += part
	}
	return append(lines, line)
}

// Says is the range of the field in words, with the unit.
func (f field) Says() string {
	var words []string
	switch {
	case f.Values != nil:
		words = append(words, "`"+strings.Join(f.Values, "` `")+"`")
	case f.Least == f.Most || f.Least <= math.MinInt32: // any
	case f.Most >= math.MaxInt32:
		words = append(words, f.number(f.Least)+" or more")
	default:
		words = append(words, f.number(f.Least)+" to "+f.number(f.Most))
	}
	if f.Unit != "" {
		words = append(words, f.Unit)
	}
	return strings.Join(words, ", ")
}

// Schema is the field in JSON Schema.
func (f field) Schema() map[string]any {
	s := map[string]any{"type": "string", "description": f.Means, "examples": []any{json.RawMessage(f.Example)}}
	if f.Values != nil {
		s["enum"] = f.Values
	}
	switch f.Kind {
	case sale.KindTime:
		s["format"] = "date-time"
	case sale.KindCount, sale.KindCents, sale.KindDegrees:
		s["type"] = "number"
		if f.Kind == sale.KindCount {
			s["type"] = "integer"
		}
		s["minimum"] = json.Number(f.number(f.Least))
		if f.Most < math.MaxInt32 {
			s["maximum"] = json.Number(f.number(f.Most))
		}
	}
	return s
}

// jsonText writes JSON as it stands in a file.
func jsonText(v any) (string, error) {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(text.String(), "\n"), err
}

// Topic and TruthTopic are where sales go, and what incidents did to them.
func (*event) Topic() string      { return contract.DefaultTopic }
func (*event) TruthTopic() string { return contract.DefaultTopic + contract.TruthSuffix }

// number writes n units of the smallest kind.
func (f field) number(n int64) string {
	if f.Digits == 0 || n == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%.*f", f.Digits, float64(n)/math.Pow10(f.Digits))
}
