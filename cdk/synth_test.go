package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/contract"
)

var update = flag.Bool("update", false, "write the golden templates anew")

// unusual and elsewhere are contexts of tests that look at one key each: a template takes a while.
var (
	unusual = map[string]any{
		"topic": "tv.sales_1", "consumerSecret": "kafka/reader", "druidRetention": "P1Y", "druidVolume": "75",
		"druidInstance": "r7i.xlarge", "druidImage": "al2023-ami-2023.12.20260831.0-kernel-6.18-x86_64", "logDays": "60",
	}
	elsewhere = map[string]any{"privateSubnets": "true", "druidZone": 2.0, "grafanaCidr": "10.1.0.0/24"}
)

// resource is one of a template.
type resource struct {
	Type           string
	Properties     map[string]any
	DependsOn      []string
	DeletionPolicy string
	// What else CloudFormation does with it.
	UpdateReplacePolicy          string
	CreationPolicy, UpdatePolicy any
}

// template is what CloudFormation gets.
type template struct {
	raw       map[string]any
	Resources map[string]resource
	Outputs   map[string]any
}

// templates are those that were made already: most tests look at the same few.
var templates = make(map[string]template)

// synthesize makes the template of a context. The functions' code is a stand-in: what
// is built in truth has a test of its own.
func synthesize(t *testing.T, context map[string]any) template {
	t.Helper()
	tpl, done := templates[compact(context)]
	if done {
		return tpl
	}
	tpl = templateOf(t, defined(t, context))
	templates[compact(context)] = tpl
	return tpl
}

func templateOf(t *testing.T, stack awscdk.Stack) (tpl template) {
	t.Helper()
	text, err := json.Marshal(assertions.Template_FromStack(stack, nil).ToJSON())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &tpl.raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

// defined is the stack of a context.
func defined(t *testing.T, context map[string]any) awscdk.Stack {
	t.Helper()
	s, err := readSettings(context)
	if err != nil {
		t.Fatal(err)
	}
	code := t.TempDir()
	for _, file := range []string{contract.Online.Name + "/bootstrap", contract.Store.Name + "/bootstrap", druidFiles + "/bootstrap.sh"} {
		path := filepath.Join(code, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := addFiles(code, s); err != nil {
		t.Fatal(err)
	}
	return define(awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), AnalyticsReporting: jsii.Bool(false)}), s, code)
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

// one returns the only resource of a type, and its name.
func (tpl template) one(t *testing.T, kind string) (name string, r resource) {
	t.Helper()
	found := tpl.of(t, kind)
	if len(found) != 1 {
		t.Fatalf("the template has %d of %s, want 1", len(found), kind)
	}
	for name, r = range found {
	}
	return name, r
}

// count is the number of a type's resources; it may be none.
func (tpl template) count(kind string) (n int) {
	for _, r := range tpl.Resources {
		if r.Type == kind {
			n++
		}
	}
	return n
}

// suffix is what the CDK adds to the name of a resource.
var suffix = regexp.MustCompile(`[0-9A-F]{8}$`)

var pseudo = strings.NewReplacer("AWS::Partition", "aws", "AWS::Region", "us-east-1", "AWS::AccountId", "123456789012", "AWS::StackId", "STACK")

// resolved is a value as it would be in the account 123456789012 in us-east-1. What is known
// only there stands as <resource> or <resource.attribute>, without the suffix.
func resolved(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return compact(v)
	}
	plain := func(name any) string { return suffix.ReplaceAllString(name.(string), "") }
	for function, argument := range m {
		switch function {
		case "Ref":
			if name := argument.(string); strings.HasPrefix(name, "AWS::") {
				return pseudo.Replace(name)
			}
			return "<" + plain(argument) + ">"
		case "Fn::GetAtt":
			return "<" + plain(argument.([]any)[0]) + "." + argument.([]any)[1].(string) + ">"
		case "Fn::Join":
			var parts []string
			for _, part := range argument.([]any)[1].([]any) {
				parts = append(parts, resolved(part))
			}
			return strings.Join(parts, argument.([]any)[0].(string))
		case "Fn::Sub":
			return strings.NewReplacer("${", "", "}", "").Replace(pseudo.Replace(argument.(string)))
		case "Fn::Base64":
			return resolved(argument)
		}
	}
	return compact(v)
}

// list is a value's elements, or itself: templates leave brackets out around one.
func list(v any) []any {
	if several, ok := v.([]any); ok {
		return several
	}
	return []any{v}
}

// rights are the statements of a role's policy, a line each.
func (tpl template) rights(t *testing.T, role string) (lines []string) {
	t.Helper()
	for name, p := range tpl.of(t, "AWS::IAM::Policy") {
		if suffix.ReplaceAllString(name, "") != role+"DefaultPolicy" {
			continue
		}
		for _, s := range at(p.Properties, "PolicyDocument", "Statement").([]any) {
			words := []string{at(s, "Effect").(string)}
			for _, action := range list(at(s, "Action")) {
				words = append(words, action.(string))
			}
			words = append(words, "on")
			for _, r := range list(at(s, "Resource")) {
				words = append(words, resolved(r))
			}
			if c := at(s, "Condition"); c != nil {
				words = append(words, "if", compact(c))
			}
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return lines
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
