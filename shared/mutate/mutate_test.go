package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const example = `package example

import "errors"

func Try(n int) (ok bool, sum int, err error) {
	for i := 0; i < n; i++ {
		if i%2 == 1 && i > 3 {
			continue
		}
		sum += i
	}
	if sum > 16 || n == 2 {
		return false, sum, errors.New("too much")
	}
	return true, sum, nil
}

func Note(to *[]int) {
	*to = append(*to, 1)
	*to = append(*to, 2<<len(*to))
}
`

// exampleSource has the mutants of the example.
func exampleSource(t *testing.T) *source {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "example.go", example, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
	pkg, err := (&types.Config{Importer: importer.Default()}).Check("example", files, []*ast.File{f}, info)
	if err != nil {
		t.Fatal(err)
	}
	s := &source{name: "example.go", text: []byte(example), file: files.File(f.Pos()), info: info, pkg: pkg, from: 1}
	s.find(f)
	return s
}

func TestMutantsAreFound(t *testing.T) {
	var got []string
	for _, m := range exampleSource(t).mutants {
		got = append(got, fmt.Sprintf("%s %s: %s", m.function, m.kind, m.piece))
	}
	want := []string{
		"Try never: i < n", "Try boundary: i < n",
		"Try always: i%2 == 1 && i > 3", "Try never: i%2 == 1 && i > 3", "Try operand: i%2 == 1", "Try operand 2: i > 3",
		"Try negate: i%2 == 1", "Try operator: i%2", "Try negate 2: i > 3", "Try boundary: i > 3", "Try drop: continue", "Try drop: sum += i",
		"Try always: sum > 16 || n == 2", "Try never: sum > 16 || n == 2", "Try operand: sum > 16", "Try operand 2: n == 2",
		"Try negate: sum > 16", "Try boundary: sum > 16", "Try negate 2: n == 2",
		"Try flip: false", `Try no error: errors.New("too much")`, "Try flip: true",
		"Note empty: Note", "Note drop: *to = append(*to, 1)", "Note drop: *to = append(*to, 2<<len(*to))", "Note operator: 2<<len(*to)",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// With no mutant at work the program is as before, and with each it is not.
func TestMutantsAreSwitched(t *testing.T) {
	s := exampleSource(t)
	dir := t.TempDir()
	program := strings.Replace(string(s.mutated(nil)), "package example", "package main", 1)
	for name, text := range map[string]string{
		"go.mod":         "module example\n\ngo 1.26\n",
		"example.go":     program,
		"switchboard.go": "package main\n" + fmt.Sprintf(switchboard, len(s.mutants)+1),
		"main.go": `package main

func main() {
	for n := range 12 {
		ok, sum, err := Try(n)
		println(n, ok, sum, err != nil)
	}
	var to []int
	Note(&to)
	println(len(to), to[len(to)-1])
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-o", "example")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s\n%s", err, out, program)
	}
	run := func(number int) string {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "example"))
		cmd.Env = append(os.Environ(), fmt.Sprint("MUTANT=", number))
		out, _ := cmd.CombinedOutput() // a mutant may end it
		return string(out)
	}
	before := run(0)
	if !strings.Contains(before, "9 false 24 true\n") || !strings.HasSuffix(before, "2 4\n") {
		t.Fatalf("without a mutant it prints\n%s", before)
	}
	for _, m := range s.mutants {
		if run(m.number) == before {
			t.Errorf("%s of %s changes nothing", m.kind, m.piece)
		}
	}
}

func TestSurvivorsAreRead(t *testing.T) {
	got, err := parseSurvivors([]byte("# a remark\n\np\tf.go\tF\tdrop\tx++\tno one reads x\n"))
	if err != nil || got["p"][key{"f.go", "F", "drop", "x++"}] != "no one reads x" {
		t.Errorf("%v, %v", got, err)
	}
	for name, text := range map[string]string{
		"no reason": "p\tf.go\tF\tdrop\tx++\t \n", "a column less": "p\tf.go\tF\tdrop\tx++\n", "twice": strings.Repeat("p\tf.go\tF\tdrop\tx++\tr\n", 2),
	} {
		if _, err := parseSurvivors([]byte(text)); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// A line that moves keeps its place in the sample.
func TestSampleDependsOnNoLine(t *testing.T) {
	choice := func(moved int) (pieces []string) {
		s := exampleSource(t)
		for _, m := range s.mutants {
			m.line += moved
		}
		for _, m := range choose(s.mutants, "p", 5) {
			pieces = append(pieces, m.kind+m.piece)
		}
		return pieces
	}
	if a, b := choice(0), choice(100); len(a) != 5 || !slices.Equal(a, b) {
		t.Errorf("chosen are %q, and %q after the lines moved", a, b)
	}
}
