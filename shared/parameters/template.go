package parameters

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Template is a file that changes nothing: each figure with its default, and above it what the
// table says of it. Head is a first comment.
func (t *Table) Template(head string) string {
	var b strings.Builder
	comment(&b, "", head)
	comment(&b, "", t.root.Description)
	t.root.write(&b, "", t.root.preset)
	b.WriteString("\n")
	return b.String()
}

// write writes a node's value: v, or its members' defaults.
func (n *node) write(b *strings.Builder, indent string, v any) {
	if v != nil {
		writeValue(b, indent, v)
		return
	}
	b.WriteString("{\n")
	for i, name := range n.names {
		p, inside := n.properties[name], indent+"  "
		if i > 0 {
			b.WriteString(",\n")
		}
		comment(b, inside, p.remark())
		fmt.Fprintf(b, "%s%s: ", inside, quote(name))
		p.write(b, inside, p.preset)
	}
	b.WriteString("\n" + indent + "}")
}

// remark is what the table says of a value.
func (n *node) remark() string {
	var facts []string
	if n.Unit != "" {
		facts = append(facts, n.Unit)
	}
	of := n
	if n.items != nil {
		of = n.items
	}
	if span := of.span(); span != "" {
		facts = append(facts, strings.TrimSpace(span))
	}
	if n.Source != "" {
		facts = append(facts, "source: "+n.Source)
	}
	text := n.Description
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, "; ") + ")"
	}
	for _, name := range of.names {
		text += "\n  " + name + ": " + of.properties[name].remark()
	}
	if n.items == nil {
		text, _, _ = strings.Cut(text, "\n") // members have remarks of their own
	}
	return text
}

func writeValue(b *strings.Builder, indent string, v any) {
	switch v := v.(type) {
	case object:
		b.WriteString("{")
		for i, m := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quote(m.name) + ": ")
			writeValue(b, indent, m.value)
		}
		b.WriteString("}")
	case []any:
		end := ""
		b.WriteString("[")
		for i, item := range v {
			if i > 0 {
				b.WriteString(",")
			}
			switch item.(type) {
			case object, []any:
				end = "\n" + indent
				b.WriteString("\n" + indent + "  ")
			default:
				if i > 0 {
					b.WriteString(" ")
				}
			}
			writeValue(b, indent+"  ", item)
		}
		b.WriteString(end + "]")
	case string:
		b.WriteString(quote(v))
	default:
		fmt.Fprint(b, v)
	}
}

func quote(s string) string {
	text, _ := json.Marshal(s) // it is a text
	return string(text)
}

// comment writes lines of at most 100 columns.
func comment(b *strings.Builder, indent, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			continue
		}
		width := len(indent) + 2
		b.WriteString(indent + "//")
		for _, word := range strings.Fields(line) {
			if width+1+len(word) > 100 {
				b.WriteString("\n" + indent + "//")
				width = len(indent) + 2
			}
			b.WriteString(" " + word)
			width += 1 + len(word)
		}
		b.WriteString("\n")
	}
}
