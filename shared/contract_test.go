package shared_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"salesburst/shared/contract"
	"salesburst/shared/sale"
)

// contractFolder has the names that are written nowhere else.
const contractFolder = "shared/contract"

// contractNames are the texts of the constants in package contract, with the constants' names. Words
// that are ordinary English are names of the payload only where a payload is made or read.
func contractNames(t *testing.T) map[string]string {
	t.Helper()
	names := make(map[string]string)
	files := token.NewFileSet()
	paths, err := filepath.Glob("contract/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for i, v := range spec.Values {
				ast.Inspect(v, func(n ast.Node) bool {
					if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && i < len(spec.Names) {
						names[constant.StringVal(constant.MakeFromLiteral(lit.Value, token.STRING, 0))] = spec.Names[i].Name
					}
					return true
				})
			}
			return true
		})
	}
	return names
}

// sayPayload are the folders that make or read payloads, reports, secrets and metrics.
var sayPayload = []string{"cdk", "shared/app", "shared/credentials", "shared/local/emulator", "shared/local/web/invoke.go"}

// A name of the contract is not written a second time.
func TestContractIsWrittenOnce(t *testing.T) {
	names := contractNames(t)
	if len(names) < 40 {
		t.Fatalf("%d names were found: the test shows nothing", len(names))
	}
	for _, p := range list(t, "./...") {
		folder := strings.TrimPrefix(p.ImportPath, module+"/")
		if folder == contractFolder {
			continue
		}
		for _, name := range p.GoFiles {
			checkFile(t, names, folder, filepath.Join(p.Dir, name))
		}
	}
}

func checkFile(t *testing.T, names map[string]string, folder, path string) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	strict := false
	for _, s := range sayPayload {
		strict = strict || folder == s || folder+"/"+filepath.Base(path) == s
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field: // a tag of JSON: TestTagsAreTheContracts
			n.Tag = nil
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(n.Value)
			if err != nil {
				t.Fatal(err)
			}
			place := folder + "/" + filepath.Base(path)
			if constantName := names[text]; len(text) > 1 && constantName != "" && (strict || distinct(text)) && otherwise[place+" "+text] == "" {
				t.Errorf("%v: %q is contract.%s", files.Position(n.Pos()), text, constantName)
			}
		}
		return true
	})
}

// otherwise are the places where a text means something else.
var otherwise = map[string]string{
	"cdk/operations.go Errors":       "a title, and the id of an alarm on a metric of AWS",
	"cdk/settings.go scenario":       "a context key",
	"cdk/spike.go of":                "a variable of the state machine",
	"shared/sale/fields.go in_store": "package sale imports nothing; a test of the bursts compares",
}

// distinct reports whether a text means the contract wherever it stands.
func distinct(text string) bool {
	if slices.ContainsFunc(sale.Fields[:], func(f sale.Field) bool { return f.Name == text }) {
		return false // of the event
	}
	return strings.ContainsAny(text, "_.^") || len(text) > 2 && strings.ToUpper(text) == text || strings.HasSuffix(text, "-")
}

// Where a name cannot be taken from the contract, it is compared with it.
func TestOthersKeepTheContract(t *testing.T) {
	for path, wants := range map[string][]string{
		"druid-ec2/bootstrap.sh":   {contract.TopicPattern, "." + contract.SecretServers},
		"druid-ec2/bin/with-kafka": {"." + contract.SecretKey + " ", "." + contract.SecretKeySecret + " "},
		"druid-ec2/bin/report-disk": {"--namespace " + contract.MetricsNamespace, "--metric-name " + contract.DataVolumeUsed.Name,
			"--unit " + contract.DataVolumeUsed.Unit, `"` + contract.VolumeDimension + "="},
		"cdk/cut.jsonata": {"$order." + contract.FieldEvents + ";", "$order." + contract.FieldOver + ")", "$order." + contract.FieldStages + ";",
			`"` + contract.FieldID + `": $states`, `"` + contract.FieldAt + `": $replace`, "$stage." + contract.FieldOver + ")",
			"$stage." + contract.StageTo + ")", "$stage." + contract.StagePerSecond + ")"},
		"cdk/letter.jq": {`split("` + contract.RequestMark + `")`, `has("` + contract.FieldScheduledTime + `")`,
			"{" + contract.FieldID + ":", " " + contract.FieldAt + ":"},
	} {
		text, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not have %s", path, want)
			}
		}
	}
}

// The lists of the contract have each of its fields.
func TestFieldsAreListed(t *testing.T) {
	listed := make(map[string]bool)
	for _, f := range append(append([]string{}, contract.ScheduleFields...), contract.RequestFields...) {
		if listed[f] {
			t.Errorf("%s is listed twice", f)
		}
		listed[f] = true
	}
	for text, name := range contractNames(t) {
		if strings.HasPrefix(name, "Field") && !listed[text] {
			t.Errorf("contract.%s is in no list", name)
		}
	}
}
