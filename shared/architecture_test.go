// Package shared_test holds the rules of the tree: which package may import which.
package shared_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "salesburst"

type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// list asks the go command; the packages come without their tests.
func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,GoFiles,Imports"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var message strings.Builder
	cmd.Stderr = &message
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(out); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list: %v: %s", err, message.String())
	}
	return all
}

// Each package has a rule in .golangci.yml, which golangci-lint holds: what it may import.
func TestEachPackageHasImportRules(t *testing.T) {
	text, err := os.ReadFile("../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list(t, "./...") {
		place := strings.TrimPrefix(p.ImportPath, module+"/")
		if len(p.GoFiles) > 0 && !strings.Contains(string(text), `"**/`+place+`/*.go", "!$test"]`) {
			t.Errorf("%s has no rule of depguard's in .golangci.yml", place)
		}
	}
}

func under(imported, prefix string) bool {
	return imported == prefix || strings.HasPrefix(imported, prefix+"/")
}

// What is deployed stays small: nothing of the cloud's definition, of the test broker or
// of the local page is in it.
func TestDeployedFunctionsAreLean(t *testing.T) {
	for _, p := range list(t, "-deps", "./functions/online", "./functions/store") {
		for _, foreign := range []string{
			"github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/twmb/franz-go",
			"modernc.org/sqlite", "github.com/go-analyze/charts", "github.com/grafana/grafana-foundation-sdk", module + "/shared/local", module + "/shared/devenv", module + "/cdk",
		} {
			if under(p.ImportPath, foreign) {
				t.Errorf("the functions contain %s", p.ImportPath)
			}
		}
	}
}

// pure packages give the same output for the same input: they read no clock, no
// environment, no file and no random source, and calculate with integers.
var pure = []string{"./shared/prng", "./shared/sale", "./shared/market", "./shared/market/browsers",
	"./shared/market/calendar", "./shared/market/checkout", "./shared/market/crowd", "./shared/market/goods",
	"./shared/market/places", "./shared/incidents", "./shared/score", "./shared/burst"}

func TestPurePackages(t *testing.T) {
	impureImports := []string{"os", "io/fs", "net", "math/rand", "math/rand/v2", "crypto/rand", "syscall", "unsafe", "runtime"}
	impure := map[string][]string{
		"time": {"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"},
	}
	for _, p := range list(t, pure...) {
		for _, imported := range p.Imports {
			if slices.Contains(impureImports, imported) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
		for _, name := range p.GoFiles {
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if of, ok := n.X.(*ast.Ident); ok && of.Obj == nil && slices.Contains(impure[of.Name], n.Sel.Name) {
						t.Errorf("%v uses %s.%s", files.Position(n.Pos()), of.Name, n.Sel.Name)
					}
				case *ast.Ident:
					if n.Name == "float64" || n.Name == "float32" {
						t.Errorf("%v uses %s: processors round sums of products differently", files.Position(n.Pos()), n.Name)
					}
				case *ast.BasicLit:
					if n.Kind == token.FLOAT {
						t.Errorf("%v uses the number %s: processors round differently", files.Position(n.Pos()), n.Value)
					}
				}
				return true
			})
		}
	}
}
