/*
Command graph draws which package of this module imports which, or which file of one package
uses which, as a Mermaid flowchart for Markdown.

	go run ./shared/graph
	go run ./shared/graph ./shared/publish

What a box uses is below it. Arrows that point up again, in a circle, are thick, and the command ends
with status 1.
*/
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "graph:", err)
		os.Exit(1)
	}
}

var errCircle = errors.New("there are arrows in a circle")

func run(out io.Writer, args []string) error {
	var uses graph
	var err error
	switch {
	case len(args) == 0:
		uses, err = packages()
	case len(args) == 1 && !strings.HasPrefix(args[0], "-"):
		uses, err = files(args[0])
	default:
		err = errors.New("usage: go run ./shared/graph [FOLDER]")
	}
	if err != nil {
		return err
	}
	return uses.draw(out)
}

// graph has the boxes that a box uses.
type graph map[string][]string

// packages are those of the module, without their tests.
func packages() (graph, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	const module = "salesburst/"
	uses := make(graph)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return uses, nil
		} else if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		uses[name] = nil
		for _, i := range p.Imports {
			if inside, ok := strings.CutPrefix(i, module); ok {
				uses[name] = append(uses[name], inside)
			}
		}
	}
}

// files are those of one package: one uses another where it names what that declares.
func files(folder string) (graph, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	parsed := make(map[string]*ast.File)
	declared := make(map[string]string) // in which file
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, err
		}
		parsed[name] = f
		for ident := range f.Scope.Objects {
			declared[ident] = name
		}
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("%s has no Go files", folder)
	}
	uses := make(graph)
	for name, f := range parsed {
		used := make(map[string]bool)
		for _, ident := range f.Unresolved { // in its own file
			if other := declared[ident.Name]; other != "" && other != name {
				used[other] = true
			}
		}
		uses[name] = slices.Sorted(maps.Keys(used))
	}
	return uses, nil
}

// circles are the groups of boxes that use each other in a circle.
func (g graph) circles() (all [][]string) {
	reach := make(map[string]map[string]bool)
	for box := range g {
		seen := make(map[string]bool)
		var visit func(string)
		visit = func(b string) {
			for _, next := range g[b] {
				if !seen[next] {
					seen[next] = true
					visit(next)
				}
			}
		}
		visit(box)
		reach[box] = seen
	}
	done := make(map[string]bool)
	for _, box := range slices.Sorted(maps.Keys(g)) {
		if done[box] || !reach[box][box] {
			continue
		}
		var circle []string
		for _, other := range slices.Sorted(maps.Keys(g)) {
			if reach[box][other] && reach[other][box] {
				circle = append(circle, other)
				done[other] = true
			}
		}
		all = append(all, circle)
	}
	return all
}

func (g graph) draw(out io.Writer) error {
	circles := g.circles()
	inCircle := func(a, b string) bool {
		return slices.ContainsFunc(circles, func(c []string) bool {
			return slices.Contains(c, a) && slices.Contains(c, b)
		})
	}
	id := func(box string) string { return strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(box) }
	fmt.Fprintln(out, "flowchart TD")
	for _, box := range slices.Sorted(maps.Keys(g)) {
		fmt.Fprintf(out, "  %s[%s]\n", id(box), box)
		for _, used := range g[box] {
			arrow := "-->"
			if inCircle(box, used) {
				arrow = "==>"
			}
			fmt.Fprintf(out, "  %s %s %s\n", id(box), arrow, id(used))
		}
	}
	if len(circles) > 0 {
		return fmt.Errorf("%w: %v", errCircle, circles)
	}
	return nil
}
