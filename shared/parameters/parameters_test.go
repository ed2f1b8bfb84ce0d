package parameters_test

import (
	"fmt"
	"strings"
	"testing"

	"salesburst/shared/parameters"
)

const schema = `{
	"type": "object", "description": "A shop.",
	"properties": {
		"open": {"type": "number", "description": "When it opens.", "x-unit": "hours", "x-source": "its door",
			"minimum": 0, "maximum": 24, "multipleOf": 0.25, "default": 9.5},
		"names": {"type": "object", "description": "Of the staff.", "additionalProperties": {"type": "string",
			"minLength": 1, "maxLength": 5}, "default": {"boss": "Ann"}}
	}
}`

type shop struct {
	Open  int
	Names map[string]string
}

func read(t *testing.T, text string) (s shop, err error) {
	t.Helper()
	table, err := parameters.New([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	return s, table.Read([]byte(text), &s)
}

func TestRead(t *testing.T) {
	for text, want := range map[string]shop{
		`{}`:             {38, map[string]string{"boss": "Ann"}},
		`{"open": 8.25}`: {33, map[string]string{"boss": "Ann"}},
		`{"open": -0}`:   {0, map[string]string{"boss": "Ann"}},
		"{ // a comment, with \"open\": 99\n\"names\": {\"cook\": \"Bo//b\", }, }": {38, map[string]string{"boss": "Ann", "cook": "Bo//b"}},
		`{"names": {"boss": "Eve", "a\"//b": "c"}}`:                                {38, map[string]string{"boss": "Eve", `a"//b`: "c"}},
	} {
		got, err := read(t, text)
		if err != nil || got.Open != want.Open || len(got.Names) != len(want.Names) {
			t.Errorf("%s: %v, error %v; want %v", text, got, err, want)
		}
		for name, who := range want.Names {
			if got.Names[name] != who {
				t.Errorf("%s: %v, want %v", text, got, want)
			}
		}
	}
}

// What one file changes, the next one does not see.
func TestChangesAreOfOneFile(t *testing.T) {
	table, err := parameters.New([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{"open": 1, "names": {"boss": "Eve", "cook": "Bob"}}`, `{}`} {
		var s shop
		if err := table.Read([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if text == "{}" && (s.Open != 38 || len(s.Names) != 1 || s.Names["boss"] != "Ann") {
			t.Errorf("after another file the defaults are %v", s)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"open": 9.3}`:         "line 1: open: 9.3: allowed is a number in steps of 0.25 from 0 to 24, hours",
		`{"open": 24.25}`:       "open: 24.25: allowed",
		`{"open": -0.25}`:       "open: -0.25: allowed",
		`{"open": 1e999999999}`: "open: 1e999999999: allowed",
		`{"open": 0.` + strings.Repeat("0", 99) + `1}`: "open: 0.000",
		"{\n\n\"names\": {\n\"cook\": \"\"}}":          `line 4: names.cook: "": allowed is a text of 1 to 5 bytes`,
		`{"names": {"cook": "Robert"}}`:                `names.cook: "Robert": allowed`,
		`{"names": []}`:                                "names: a list of 0: allowed is an object",
		`{"opens": 9}`:                                 "line 1: opens: is unknown: allowed is open, names",
		`{"open": 9,, "names": {}}`:                    "line 1: invalid character",
		`{"open": 9 /* */}`:                            "line 1: invalid character",
		`{"open"`:                                      "line 1: unexpected EOF",
		`{"open": 1, "open": 2}`:                       `"open" stands there twice`,
		`{"open": true}`:                               "open: true: allowed",
		"\x00":                                         "line 1: invalid character",
	} {
		if got, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, error %v; want %q", text, got, err, want)
		}
	}
}

func TestTemplate(t *testing.T) {
	table, err := parameters.New([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	const want = `// Change it.
// A shop.
{
  // When it opens. (hours; from 0 to 24; source: its door)
  "open": 9.5,
  // Of the staff.
  "names": {"boss": "Ann"}
}
`
	if got := table.Template("Change it."); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestTableThatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		`{"type": "object", "oneOf": []}`:                            `"oneOf" is unknown here`,
		`{"properties": {"a": {"type": "integer", "default": "b"}}}`: "a default of the table: a: ",
		`{"properties": {"a": {"minimum": "b"}}}`:                    `"b" is no plain number`,
		`[]`: "is no schema",
		`{`:  "unexpected EOF",
	} {
		if _, err := parameters.New([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"{}", `{"open": 9.5, "names": {"a": "b",},} // c`, `{"open`, "\"\\", "[1,]", "/"} {
		f.Add(text)
	}
	table, err := parameters.New([]byte(schema))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s shop
		if err := table.Read([]byte(text), &s); err == nil && (s.Open < 0 || s.Open > 96) {
			t.Errorf("%q: %v", text, s)
		}
	})
}

// What is large or deep is refused before it costs anything.
func TestReadIsLimited(t *testing.T) {
	table, err := parameters.New([]byte(`{"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		strings.Repeat(" ", 1<<20) + "{}":                        "line 1: the file has 1048578 bytes; allowed are 1048576",
		strings.Repeat("[", 51) + strings.Repeat("]", 51):        "line 1: more than 50 brackets are open",
		"{\n" + strings.Repeat("\"b\": {},\n", 10) + "\n}":       `line 3: "b" stands there twice`,
		"{\n\n" + strings.Repeat(" ", 1<<20-30) + "\"a\":\n[1]}": `line 3: a: a list of 1`,
	} {
		var v struct{ A int }
		if err := table.Read([]byte(text), &v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q…: error %v, want %q", text, err, want)
		}
	}
	var deepest strings.Builder // many members, each looked at once
	deepest.WriteString("{")
	for i := range 60_000 {
		fmt.Fprintf(&deepest, "\n\"k%d\": 0,", i)
	}
	if err := table.Read([]byte(deepest.String()+"}"), new(struct{ A int })); err == nil || !strings.Contains(err.Error(), "line 2: k0: is unknown") {
		t.Errorf("error %v", err)
	}
}
