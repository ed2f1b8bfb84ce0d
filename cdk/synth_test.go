package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/spec"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// resource is one of a template.
type resource struct {
	Type       string
	Properties map[string]any
	DependsOn  any
}

// template is what CloudFormation gets.
type template struct {
	raw       map[string]any
	Resources map[string]resource
}

// synthesize makes the template of a context. The functions' code is a stand-in: what
// is built in truth has a test of its own.
func synthesize(t *testing.T, context map[string]any, with ...func(awscdk.Stack)) template {
	t.Helper()
	s, err := readSettings(context)
	if err != nil {
		t.Fatal(err)
	}
	code := t.TempDir()
	for _, f := range spec.Functions() {
		dir := filepath.Join(code, f.Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte(f.Name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), AnalyticsReporting: jsii.Bool(false)})
	stack := define(app, s, code)
	for _, do := range with {
		do(stack)
	}
	text, err := json.MarshalIndent(assertions.Template_FromStack(stack, nil).ToJSON(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var tpl template
	if err := json.Unmarshal(text, &tpl.raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

// of returns the resources of a type, at least one.
func (tpl template) of(t *testing.T, kind string) map[string]resource {
	t.Helper()
	found := make(map[string]resource)
	for name, r := range tpl.Resources {
		if r.Type == kind {
			found[name] = r
		}
	}
	if len(found) == 0 {
		t.Fatalf("the template has no %s", kind)
	}
	return found
}

// at follows a path of names through a value; nil where it ends.
func at(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // came from JSON
	}
	return string(b)
}

func indent(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}
