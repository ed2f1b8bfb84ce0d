// Command generate makes of the table of the event's fields, sale.Fields, all that is said
// of them elsewhere. It runs in the folder shared/sale, as go generate ./shared/sale does.
//
// kinds.go has what each kind of field becomes, the templates have the files around it.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"salesburst/shared/document"
	"salesburst/shared/sale"
)

// root is the module's, seen from the folder in which the command runs.
const root = "../.."

func main() {
	files, err := generated(root)
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(root, name), text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

//go:embed *.tmpl
var templates embed.FS

// files are all that is generated, each by its template.
var files = map[string]string{
	"shared/sale/sale_gen.go":                 "sale.tmpl",
	"shared/local/columnstore/columns_gen.go": "columns.tmpl",
	"shared/local/parse_gen.go":               "parse.tmpl",
	"shared/sale/asyncapi.json":               "asyncapi.tmpl",
}

// blocks are parts of files that are written by hand: what stands between two texts.
var blocks = map[string]struct{ template, begin, end string }{
	"druid-ec2/spec/supervisor.json": {"dimensions.tmpl", "\"dimensions\": [\n", "\n        ]"},
	"shared/README.md":               {"fields.tmpl", "<!-- fields:begin -->\n", "\n<!-- fields:end -->"},
	"README.md":                      {"event.tmpl", "<!-- event:begin -->\n", "\n<!-- event:end -->"},
}

// generated are the files below the root as they should be, by their names.
func generated(root string) (map[string][]byte, error) {
	event, err := newEvent(sale.Fields[:])
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("").Funcs(template.FuncMap{"json": jsonText}).ParseFS(templates, "*.tmpl")
	if err != nil {
		return nil, err
	}
	execute := func(name string) ([]byte, error) {
		var text bytes.Buffer
		err := parsed.ExecuteTemplate(&text, name, event)
		return text.Bytes(), err
	}
	all := make(map[string][]byte)
	for name, of := range files {
		text, err := execute(of)
		if err != nil {
			return nil, err
		}
		if all[name] = text; filepath.Ext(name) == ".go" {
			all[name], err = format.Source(text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, block := range blocks {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		inside, err := execute(block.template)
		if err != nil {
			return nil, err
		}
		changed, err := document.Replace(string(text), block.begin, block.end, strings.TrimSuffix(string(inside), "\n"))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = []byte(changed)
	}
	return all, nil
}
