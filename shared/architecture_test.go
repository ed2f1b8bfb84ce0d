// Package shared_test holds the rules of the tree: which package may import which.
package shared_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// mayImport is the table of the README: the packages of this module that each one
// may import.
var mayImport = map[string][]string{
	"functions/online":          {"shared/app", "shared/contract"},
	"functions/store":           {"shared/app", "shared/contract"},
	"functions/local":           {"shared/local"},
	"shared/contract":           {},
	"shared/prng":               {},
	"shared/sale":               {},
	"shared/sale/generate":      {"shared/document", "shared/sale"},
	"dataset":                   {},
	"shared/market":             {"shared/sale", "shared/prng", "shared/contract", "dataset"},
	"shared/burst":              {"shared/market", "shared/sale", "shared/prng", "shared/contract"},
	"shared/publish":            {"shared/sale", "shared/contract"},
	"shared/publish/wire":       {},
	"shared/publish/recordzstd": {},
	"shared/devenv/tlscert":     {},
	"shared/mutate":             {},
	"shared/graph":              {},
	"shared/devenv/lambdatest":  {"shared/contract"},
	"shared/devenv/kafkaadmin":  {"shared/devenv"},
	"shared/devenv/kafkatest":   {"shared/contract", "shared/devenv/tlscert", "shared/devenv/kafkaadmin", "shared/sale", "shared/devenv"},
	"shared/devenv/druidtest":   {"shared/app", "shared/devenv/kafkatest", "shared/devenv/lambdatest", "shared/sale", "shared/contract", "shared/devenv"},
	"shared/bench":              {},
	"shared/document":           {},
	"shared/bench/producer": {"shared/bench", "shared/document", "shared/burst", "shared/devenv/tlscert", "shared/market", "shared/publish", "shared/sale", "shared/contract", "shared/devenv",
		"shared/devenv/kafkaadmin", "dataset"},
	"shared/publish/torture":         {"shared/devenv/tlscert", "shared/publish", "shared/sale", "shared/devenv"},
	"shared/publish/torture/cluster": {"shared/devenv"},
	"shared/publish/torture/proxy":   {},
	"shared/credentials":             {"shared/contract"},
	"shared/question":                {},
	"shared/local/columnstore":       {"shared/question", "shared/sale"},
	"shared/local/render":            {"dashboards"},
	"shared/app":                     {"shared/burst", "shared/market", "shared/publish", "shared/sale", "shared/credentials", "shared/contract", "dataset"},
	"shared/local/emulator":          {"shared/app", "shared/market", "shared/publish", "shared/contract"},
	"shared/local/web": {"shared/app", "shared/market", "shared/question", "shared/credentials",
		"shared/local/emulator", "shared/local/render", "dashboards"},
	"shared/local/web/webtest": {},
	"shared/local": {"shared/app", "shared/devenv/tlscert", "shared/market", "shared/sale", "shared/credentials", "shared/contract",
		"shared/devenv", "shared/devenv/kafkaadmin", "shared/local/columnstore", "shared/local/emulator", "shared/local/render", "shared/local/web", "dataset", "dashboards"},
	"shared/devenv":     {"shared/devenv/tlscert", "druid-ec2"},
	"shared/devenv/run": {"shared/devenv"},
	"druid-ec2":         {"shared/contract"},
	"shared/bench/druid": {"shared/burst", "shared/market", "shared/publish", "shared/sale", "shared/contract", "shared/devenv",
		"shared/devenv/kafkaadmin", "dataset", "druid-ec2"},
	"dashboards":          {"shared/question", "shared/contract"},
	"dashboards/generate": {"dashboards", "shared/contract"},
	"cdk":                 {"shared/contract", "druid-ec2"},
}

// importers are who alone may import what begins with the key.
var importers = map[string][]string{
	"github.com/segmentio/kafka-go":             {"shared/publish/wire", "shared/publish", "shared/bench/producer"},
	"github.com/segmentio/kafka-go/protocol":    {"shared/publish/wire"},
	"github.com/aws/aws-sdk-go-v2":              {"shared/credentials"},
	"github.com/aws/aws-lambda-go":              {"shared/app", "shared/local/emulator"},
	"github.com/aws/aws-cdk-go":                 {"cdk"},
	"github.com/twmb/franz-go":                  {"shared/local", "shared/devenv/kafkaadmin", "shared/devenv/kafkatest", "shared/devenv/druidtest", "shared/bench/producer", "shared/publish/torture", "shared/publish/torture/cluster"},
	"github.com/chromedp":                       {"shared/local/web/webtest"},
	"modernc.org/sqlite":                        {"shared/local/columnstore"},
	"github.com/go-analyze/charts":              {"shared/local/render", "shared/bench/producer", "shared/bench/druid"},
	"github.com/klauspost/compress":             {"shared/publish", "shared/publish/recordzstd", "shared/devenv/kafkatest"},
	"github.com/schollz/progressbar/v3":         {"shared/local", "shared/publish/torture"},
	"github.com/grafana/grafana-foundation-sdk": {"dashboards"},
	"go.yaml.in/yaml":                           {"dashboards"},
}

// standardOnly are the packages that need nothing but the standard library.
var standardOnly = []string{"shared/contract", "shared/prng", "shared/sale", "shared/market", "shared/burst", "dataset", "shared/devenv/tlscert", "shared/devenv", "shared/devenv/lambdatest",
	"shared/publish/torture/proxy", "shared/mutate", "shared/graph", "shared/question",
	"druid-ec2"}

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

func under(imported, prefix string) bool {
	return imported == prefix || strings.HasPrefix(imported, prefix+"/")
}

func TestImports(t *testing.T) {
	for _, p := range list(t, "./...") {
		if len(p.GoFiles) == 0 {
			continue
		}
		place := strings.TrimPrefix(p.ImportPath, module+"/")
		house := place
		if strings.HasPrefix(place, "cdk/") {
			house = "cdk"
		}
		allowed, known := mayImport[house]
		if !known {
			t.Errorf("%s has no place in the tree: put it into the table here and in the README", place)
		}
		for _, imported := range p.Imports {
			if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
				if !slices.Contains(allowed, inside) && !under(inside, house) {
					t.Errorf("%s imports %s", place, inside)
				}
				continue
			}
			if slices.Contains(standardOnly, place) && strings.Contains(strings.Split(imported, "/")[0], ".") {
				t.Errorf("%s imports %s, but needs nothing but the standard library", place, imported)
			}
			for prefix, only := range importers {
				if under(imported, prefix) && !slices.Contains(only, house) {
					t.Errorf("%s imports %s, which is for %v alone", place, imported, only)
				}
			}
		}
	}
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
var pure = []string{"./shared/prng", "./shared/sale", "./shared/market", "./shared/burst"}

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
