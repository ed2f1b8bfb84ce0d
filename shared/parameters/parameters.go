/*
Package parameters reads figures from a table: a JSON Schema in which each figure has its
default, unit, range and source. A file of a user names only what it changes; what it holds is
checked against the table, and an error says the path, the line and what is allowed.

Start with [New]. [Table.Read] returns the figures, [Table.Template] all of them with what the
table says of each, as a file that can be read back. Of JSON Schema the table uses: type,
properties, additionalProperties, required, items, enum, minimum, maximum, multipleOf, minItems,
maxItems, minLength, maxLength, default, description, and its own x-unit and x-source.

Figures are whole numbers in units of multipleOf, so that nobody has to calculate with floating
point: 14.5 with a multipleOf of 0.1 is 145.
*/
package parameters

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Table is what a schema says. It is safe for concurrent use.
type Table struct {
	root     *node
	defaults any // what nobody has changed; never written to
}

// New reads a table. Its error is for its author.
func New(schema []byte) (*Table, error) {
	v, err := parse(schema)
	if err != nil {
		return nil, fmt.Errorf("the table: %w", err)
	}
	root, err := newNode("", v)
	if err != nil {
		return nil, fmt.Errorf("the table: %w", err)
	}
	defaults, err := root.defaults()
	if err != nil {
		return nil, fmt.Errorf("a default of the table: %w", err)
	}
	return &Table{root, defaults}, nil
}

// Invalid is a value that the table does not allow.
type Invalid struct {
	Line    int    // in the file; 0: it is a default
	Path    string // as in payment.online[2].share
	Value   string // as it stands there
	Allowed string
}

func (e *Invalid) Error() string {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf("line %d: ", e.Line)
	}
	return fmt.Sprintf("%s%s: %s: allowed is %s", where, e.Path, e.Value, e.Allowed)
}

// Read puts the figures into v, as [json.Unmarshal] does: the defaults, with what text changes
// of them; nil changes nothing. Objects are merged member by member, lists are replaced whole.
// The error is an *Invalid, or says in which line text is no JSON.
func (t *Table) Read(text []byte, v any) error {
	figures := t.defaults
	if text != nil {
		changes, err := parse(text)
		if err != nil {
			return err
		}
		if figures, err = t.root.read("", 1, t.defaults, changes); err != nil {
			return err
		}
	}
	plain, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// node is the table of one value.
type node struct {
	Description, Unit, Source, Type          string
	minimum, maximum, step                   *big.Rat
	minItems, maxItems, minLength, maxLength int
	enum, required                           []string
	names                                    []string // of properties, in their order
	properties                               map[string]*node
	others                                   *node // what stands under any other name; nil: nothing may
	items                                    *node
	preset                                   any
}

func newNode(path string, v any) (n *node, err error) {
	o, ok := v.(object)
	if !ok {
		return nil, fmt.Errorf("%s is no schema", path)
	}
	n = &node{properties: make(map[string]*node), step: big.NewRat(1, 1)}
	for _, m := range o {
		switch m.name {
		case "$schema", "title":
		case "description":
			n.Description, _ = m.value.(string)
		case "x-unit":
			n.Unit, _ = m.value.(string)
		case "x-source":
			n.Source, _ = m.value.(string)
		case "type":
			n.Type, _ = m.value.(string)
		case "minimum":
			n.minimum, err = rational(m.value)
		case "maximum":
			n.maximum, err = rational(m.value)
		case "multipleOf":
			n.step, err = rational(m.value)
		case "minItems":
			n.minItems, err = whole(m.value)
		case "maxItems":
			n.maxItems, err = whole(m.value)
		case "minLength":
			n.minLength, err = whole(m.value)
		case "maxLength":
			n.maxLength, err = whole(m.value)
		case "enum":
			n.enum, err = texts(m.value)
		case "required":
			n.required, err = texts(m.value)
		case "default":
			n.preset = m.value
		case "items":
			n.items, err = newNode(path+"[]", m.value)
		case "additionalProperties":
			if m.value != false {
				n.others, err = newNode(path+".*", m.value)
			}
		case "properties":
			properties, _ := m.value.(object)
			for _, p := range properties {
				n.names = append(n.names, p.name)
				if n.properties[p.name], err = newNode(below(path, p.name), p.value); err != nil {
					return nil, err
				}
			}
		default:
			err = fmt.Errorf("the keyword %q is unknown here", m.name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, m.line, err)
		}
	}
	return n, nil
}

func rational(v any) (*big.Rat, error) {
	number, ok := v.(json.Number)
	if ok && len(number) < 40 && !strings.ContainsAny(number.String(), "eE") { // 1e999999999 would fill the memory
		if r, ok := new(big.Rat).SetString(number.String()); ok {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%s is no plain number", show(v))
}

func whole(v any) (int, error) {
	r, err := rational(v)
	if err != nil || !r.IsInt() {
		return 0, fmt.Errorf("%s is no whole number", show(v))
	}
	return int(r.Num().Int64()), nil
}

func texts(v any) (all []string, err error) {
	list, _ := v.([]any)
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%s is no text", show(v))
		}
		all = append(all, s)
	}
	return all, nil
}

func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// defaults are the figures that nobody has changed.
func (n *node) defaults() (any, error) {
	if n.preset != nil {
		return n.read("", 0, nil, n.preset)
	}
	figures := make(map[string]any)
	for _, name := range n.names {
		v, err := n.properties[name].defaults()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		figures[name] = v
	}
	return figures, nil
}

// read checks v, and returns it in the place of before, what has stood there until now, if anything.
func (n *node) read(path string, line int, before, v any) (any, error) {
	refuse := func() (any, error) { return nil, &Invalid{line, path, show(v), n.allowed()} }
	switch v := v.(type) {
	case object:
		if n.Type != "object" {
			return refuse()
		}
		return n.readObject(path, line, before, v)
	case []any:
		if n.Type != "array" || len(v) < n.minItems || n.maxItems > 0 && len(v) > n.maxItems {
			return refuse()
		}
		all := make([]any, len(v))
		for i, item := range v {
			var err error
			if all[i], err = n.items.read(fmt.Sprintf("%s[%d]", path, i), line, nil, item); err != nil {
				return nil, err
			}
		}
		return all, nil
	case json.Number:
		r, err := rational(v)
		if n.Type != "integer" && n.Type != "number" || err != nil ||
			n.minimum != nil && r.Cmp(n.minimum) < 0 || n.maximum != nil && r.Cmp(n.maximum) > 0 {
			return refuse()
		}
		if r = new(big.Rat).Quo(r, n.step); !r.IsInt() {
			return refuse()
		}
		return r.Num().Int64(), nil
	case string:
		if n.Type != "string" || len(v) < n.minLength || n.maxLength > 0 && len(v) > n.maxLength ||
			n.enum != nil && !slices.Contains(n.enum, v) {
			return refuse()
		}
		return v, nil
	}
	return refuse()
}

func (n *node) readObject(path string, line int, before any, v object) (any, error) {
	figures := make(map[string]any)
	if old, ok := before.(map[string]any); ok {
		for name, value := range old {
			figures[name] = value
		}
	}
	for _, m := range v {
		below, of := below(path, m.name), n.others
		if p, ok := n.properties[m.name]; ok {
			of = p
		}
		if line > 0 {
			line = m.line
		}
		if of == nil {
			return nil, &Invalid{line, below, "is unknown", strings.Join(n.names, ", ")}
		}
		value, err := of.read(below, line, figures[m.name], m.value)
		if err != nil {
			return nil, err
		}
		figures[m.name] = value
	}
	for _, name := range n.required {
		if _, ok := figures[name]; !ok {
			return nil, &Invalid{line, below(path, name), "is missing", n.properties[name].allowed()}
		}
	}
	return figures, nil
}

// allowed says what may stand there.
func (n *node) allowed() string {
	var text string
	switch n.Type {
	case "object":
		if len(n.names) == 0 {
			return "an object"
		}
		return "an object of " + strings.Join(n.names, ", ")
	case "array":
		text = fmt.Sprintf("a list of %d to %d values", n.minItems, n.maxItems)
		if n.minItems == n.maxItems {
			text = fmt.Sprintf("a list of %d values", n.minItems)
		}
	case "string":
		if text = strings.Join(n.enum, ", "); text == "" {
			text = fmt.Sprintf("a text of %d to %d bytes", n.minLength, n.maxLength)
		}
	default:
		text = "a whole number"
		if !n.step.IsInt() {
			text = "a number in steps of " + decimal(n.step)
		}
		text += n.span()
	}
	if n.Unit != "" {
		text += ", " + n.Unit
	}
	return text
}

// span is the range of a number, as in " from 0 to 100".
func (n *node) span() string {
	text := ""
	if n.minimum != nil {
		text += " from " + decimal(n.minimum)
	}
	if n.maximum != nil {
		text += " to " + decimal(n.maximum)
	}
	return text
}

// decimal writes a number as people do.
func decimal(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}

// show is a value as it stands in a file, shortened.
func show(v any) string {
	switch v := v.(type) {
	case object:
		return "an object"
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	case string:
		return fmt.Sprintf("%.60q", v)
	case nil:
		return "null"
	}
	return fmt.Sprintf("%.60s", fmt.Sprint(v))
}
