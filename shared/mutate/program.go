package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// program is the test of a package with all mutants in it.
type program struct {
	dir     string // of the package
	binary  string
	mutants []*mutant // that compile
	inside  []string  // the tests that belong to the package itself
}

// listed is what the go command knows of a package.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles, TestGoFiles          []string
}

func list(ctx context.Context, pkg string) (all map[string]listed, last listed, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps",
		"-json=ImportPath,Name,Dir,Export,GoFiles,TestGoFiles", pkg)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, last, fmt.Errorf("go list %s: %w", pkg, err)
	}
	all = make(map[string]listed)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, last, nil
		} else if err != nil {
			return nil, last, fmt.Errorf("go list %s: %w", pkg, err)
		}
		all[p.ImportPath], last = p, p // the package comes after those it imports
	}
}

// sources reads a package and finds its mutants.
func sources(all map[string]listed, pkg listed) ([]*source, error) {
	files := token.NewFileSet()
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
	var parsed []*ast.File
	var found []*source
	for _, name := range pkg.GoFiles {
		text, err := os.ReadFile(filepath.Join(pkg.Dir, name))
		if err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, f)
		found = append(found, &source{name: name, text: text, file: files.File(f.Pos()), info: info})
	}
	imports := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(all[path].Export)
	})
	checked, err := (&types.Config{Importer: imports}).Check(pkg.ImportPath, files, parsed, info)
	if err != nil {
		return nil, err
	}
	next := 1
	for i, s := range found {
		s.pkg, s.from = checked, next
		s.find(parsed[i])
		next += len(s.mutants)
	}
	return found, nil
}

// build compiles the tests of a package, given as its directory, with the mutants of its files.
func build(ctx context.Context, pkg, work string) (*program, error) {
	all, p, err := list(ctx, "./"+pkg)
	if err != nil {
		return nil, err
	}
	found, err := sources(all, p)
	if err != nil {
		return nil, err
	}
	prog := &program{dir: p.Dir, binary: filepath.Join(work, strings.ReplaceAll(pkg, "/", "-")+".test")}
	if prog.inside, err = insideTests(p); err != nil {
		return nil, err
	}
	without := make(map[int]bool)
	for range 20 {
		message, err := compile(ctx, p, found, without, prog.binary, work)
		if err == nil {
			for _, s := range found {
				prog.mutants = append(prog.mutants,
					slices.DeleteFunc(s.mutants, func(m *mutant) bool { return without[m.number] })...)
			}
			return prog, nil
		}
		if !leaveOut(message, found, without) {
			return nil, fmt.Errorf("compiling %s with its mutants: %w: %s", pkg, err, message)
		}
	}
	return nil, fmt.Errorf("compiling %s with its mutants: too many do not compile", pkg)
}

func compile(
	ctx context.Context, p listed, found []*source, without map[int]bool, binary, work string,
) (message string, err error) {
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	put := func(name string, text []byte) error {
		place := filepath.Join(work, filepath.Base(binary)+"-"+name)
		overlay.Replace[filepath.Join(p.Dir, name)] = place
		return os.WriteFile(place, text, 0o644)
	}
	count := 1
	for _, s := range found {
		count += len(s.mutants)
		if err := put(s.name, s.mutated(without)); err != nil {
			return "", err
		}
	}
	if err := put("mutants_switchboard.go", fmt.Appendf(nil, "package %s\n"+switchboard, p.Name, count)); err != nil {
		return "", err
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	place := binary + "-overlay.json"
	if err := os.WriteFile(place, text, 0o644); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-gcflags=-e", "-overlay", place, "-o", binary,
		p.ImportPath).CombinedOutput()
	return string(out), err
}

var complaint = regexp.MustCompile(`([\w.]+\.go):(\d+):`)

// leaveOut leaves out the mutants in the lines that the compiler complains of.
func leaveOut(message string, found []*source, without map[int]bool) (some bool) {
	for _, c := range complaint.FindAllStringSubmatch(message, -1) {
		line, _ := strconv.Atoi(c[2])
		for _, s := range found {
			for _, m := range s.mutants {
				if strings.HasSuffix(c[1], s.name) && m.line == line && !without[m.number] {
					without[m.number], some = true, true
				}
			}
		}
	}
	return some
}

var testName = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w*)\(\w+ \*testing\.[TF]\)`)

// insideTests are those of the package itself, which see what it does not export.
func insideTests(p listed) (names []string, err error) {
	for _, name := range p.TestGoFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, err
		}
		for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	return names, nil
}
