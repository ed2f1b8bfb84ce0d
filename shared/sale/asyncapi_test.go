package sale_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/sale"
)

// contract is asyncapi.json, as far as a value can break it.
type contract struct {
	Components struct{ Schemas map[string]*schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Enum       []any
	Required   []string
	Properties map[string]*schema
	Additional json.RawMessage `json:"additionalProperties"`
	Items      *schema
	Minimum    *float64
	Maximum    *float64
}

// wrong is what is wrong with a value.
func (c *contract) wrong(s *schema, path string, v any) (all []string) {
	say := func(what string) { all = append(all, fmt.Sprintf("%s %v: %s", path, v, what)) }
	if s.Ref != "" {
		name, field, of := strings.Cut(strings.TrimPrefix(s.Ref, "#/components/schemas/"), "/properties/")
		s = c.Components.Schemas[name]
		if of {
			s = s.Properties[field]
		}
		return c.wrong(s, path, v)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, v) {
		say("none of its values")
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range s.Required {
			if _, has := v[name]; !has {
				say("lacks " + name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if of := s.Properties[name]; of != nil {
				all = append(all, c.wrong(of, path+"."+name, v[name])...)
			} else if string(s.Additional) == "false" {
				say(name + " is unknown")
			}
		}
	case []any:
		for i, one := range v {
			all = append(all, c.wrong(s.Items, fmt.Sprintf("%s[%d]", path, i), one)...)
		}
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum || s.Type == "integer" && v != float64(int64(v)) {
			say("out of its range")
		}
	}
	if is := map[string]string{"map[string]interface {}": "object", "[]interface {}": "array", "float64": "number", "string": "string"}[fmt.Sprintf("%T", v)]; is != s.Type && (is != "number" || s.Type != "integer") {
		say("is no " + s.Type)
	}
	return all
}

// The events and the truth are what the contract says, and what is not is found.
func TestAsyncAPI(t *testing.T) {
	text, err := os.ReadFile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var c contract
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	minimal := sale.Truth{From: now, To: now, Function: "store", Incident: map[string]any{}, About: map[string]string{}, Severity: "0.25"}
	for _, of := range []*sale.Touched{&minimal.Added, &minimal.Removed, &minimal.Changed, &minimal.Moved, &minimal.Repeated, &minimal.Malformed.Touched} {
		of.Sequences = [][2]uint32{}
	}
	minimal.Malformed.Kinds = map[string]*sale.Touched{}
	whole := minimal
	whole.Begin, whole.End, whole.Incident, whole.About = &now, &now, map[string]any{"share": 5}, map[string]string{"brand": "LG"}
	whole.Changed.Add(7, -100)
	whole.Malformed.Kinds = map[string]*sale.Touched{}
	whole.Malformed.Add(sale.Truncated, 8, -100)
	var example []string
	for _, f := range sale.Fields {
		example = append(example, fmt.Sprintf("%q:%s", f.Name, f.Example))
	}
	for name, value := range map[string]any{"sale": json.RawMessage("{" + strings.Join(example, ",") + "}"), "truth": minimal, "truth ": whole} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		of := c.Components.Schemas[strings.TrimSpace(name)]
		for _, wrong := range c.wrong(of, name, v) {
			t.Error(wrong)
		}
		for field := range v {
			changed := maps.Clone(v)
			delete(changed, field)
			changed[field+"s"] = true
			if n := len(c.wrong(of, name, changed)); n == 0 {
				t.Errorf("%s called %ss is found by nobody", field, field)
			}
			changed = maps.Clone(v)
			changed[field] = true
			if n := len(c.wrong(of, name, changed)); n == 0 {
				t.Errorf("%s that is true is found by nobody", field)
			}
		}
	}
}
