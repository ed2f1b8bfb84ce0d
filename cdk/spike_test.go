package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What runs a machine, and the language of its expressions, which moto leaves to others.
const (
	motoVersion    = "5.2.5"
	jsonataVersion = "0.7.1"
)

// python returns an interpreter that has both, which are fetched once and kept.
func python(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "salesburst", "moto-"+motoVersion+"-jsonata-"+jsonataVersion)
	interpreter, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return interpreter
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", "--clear", dir}, // on Debian: apt-get install python3-venv
		{interpreter, "-m", "pip", "-q", "install", "moto[stepfunctions]==" + motoVersion,
			"jsonata-python==" + jsonataVersion},
		{"touch", done},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	return interpreter
}

// executed is what became of an execution.
type executed struct {
	Status, Output, Cause string
	Payloads              []map[string]any
}

// execute runs the synthesized definition of a machine with each order.
func execute(t *testing.T, definition, name string, orders ...string) (all []executed) {
	t.Helper()
	var inputs []json.RawMessage
	for _, order := range orders {
		inputs = append(inputs, json.RawMessage(order))
	}
	in, err := json.Marshal(map[string]any{"definition": definition, "name": name, "inputs": inputs})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python(t), filepath.Join("testdata", "machine.py"))
	cmd.Stdin = bytes.NewReader(in)
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, message.String())
	}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, e := range all {
		slices.SortFunc(e.Payloads, func(a, b map[string]any) int { return int(a["shard"].(float64) - b["shard"].(float64)) })
	}
	return all
}

// synthesized is the definition of the online machine as CloudFormation gets it, with the
// function's ARN in it.
func synthesized(t *testing.T) string {
	t.Helper()
	for _, m := range synthesize(t, nil).of(t, "AWS::StepFunctions::StateMachine") {
		if at(m.Properties, "StateMachineName") != "salesburst-online-spike" {
			continue
		}
		var b strings.Builder
		for _, part := range at(m.Properties, "DefinitionString", "Fn::Join").([]any)[1].([]any) {
			if text, ok := part.(string); ok {
				b.WriteString(text)
				continue
			}
			if f := compact(part); !strings.Contains(f, "OnlineSpike") || !strings.Contains(f, "Arn") {
				t.Fatalf("the definition refers to %s", f)
			}
			b.WriteString("arn:aws:lambda:us-east-1:123456789012:function:spike")
		}
		return b.String()
	}
	t.Fatal("there is no machine of that name")
	return ""
}

// One order becomes the shards of one burst: the same order in each, numbered without gaps.
func TestSpikeIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the machine in Python")
	}
	cases := []struct {
		name string
		load string // a field
		of   int
	}{
		{"one event", `"events":1`, 1},
		{"most in one", `"events":20000`, 1},
		{"least in twenty", `"events":20001`, 20},
		{"least in 200", `"events":1000001`, 200},
		{"most", `"events":100000000`, 200},
		{"step", `"stages":[{"over":"10s","per_second":2000}]`, 1},
		{"step and more", `"stages":[{"over":"10s","per_second":2000},{"over":"1s","per_second":1}]`, 20},
		{"half an event", `"stages":[{"over":"1s","to":40001}]`, 20},
		{"hours", `"stages":[{"over":"1h","per_second":5},{"over":"33m19s","per_second":1},{"over":"1s","to":1}]`, 1},
		{"hours and one more", `"stages":[{"over":"1h","per_second":5},{"over":"33m20s","per_second":1},{"over":"1s","to":1}]`, 20},
		{"there and back", `"stages":[{"over":"2m","per_second":500},{"over":"1m","to":20000},{"over":"5m","per_second":20000},{"over":"30s","to":0}]`, 200},
		{"ramps from each end", `"stages":[{"over":"100s","to":100},{"over":"100s","to":200},{"over":"100s","to":0},{"over":"10s","per_second":0},{"over":"1s","to":0}]`, 20},
	}
	var orders []string
	for _, c := range cases {
		orders = append(orders, `{`+c.load+`,"scenario":"flash-sale"}`)
	}
	for i, e := range execute(t, synthesized(t), "rehearsal-7", orders...) {
		c := cases[i]
		t.Run(c.name, func(t *testing.T) {
			if e.Status != "SUCCEEDED" || len(e.Payloads) != c.of {
				t.Fatalf("%s with %d shards, want %d: %s", e.Status, len(e.Payloads), c.of, e.Cause)
			}
			for i, p := range e.Payloads {
				if at, ok := p["at"].(string); !ok || !regexp.MustCompile(`T\d\d:\d\d:\d\dZ$`).MatchString(at) || at != e.Payloads[0]["at"] {
					t.Errorf("shard %d is at %v, the first at %v", i, p["at"], e.Payloads[0]["at"])
				}
				var want map[string]any
				if err := json.Unmarshal(fmt.Appendf(nil, `{%s,"scenario":"flash-sale","id":"rehearsal-7","shard":%d,"of":%d,"at":%q}`,
					c.load, i, c.of, p["at"]), &want); err != nil {
					t.Fatal(err)
				}
				if compact(p) != compact(want) {
					t.Errorf("shard %d is %s, want %s", i, compact(p), compact(want))
				}
			}
			var summary struct {
				Order   map[string]any
				Shards  int
				BurstID string `json:"burst_id"`
				Reports []map[string]any
			}
			if err := json.Unmarshal([]byte(e.Output), &summary); err != nil || summary.Shards != c.of || len(summary.Reports) != c.of || summary.BurstID == "" ||
				summary.Order["id"] != "rehearsal-7" {
				t.Errorf("summary %s, error %v", e.Output, err)
			}
		})
	}
}

// The same order by another execution is the same burst if it says which.
func TestSpikeKeepsItsName(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the machine in Python")
	}
	const order = `{"events":5,"id":"bf","at":"2026-11-20T10:00:00Z"}`
	a, b := execute(t, synthesized(t), "first", order)[0], execute(t, synthesized(t), "second", order)[0]
	if len(a.Payloads) != 1 || compact(a.Payloads) != compact(b.Payloads) {
		t.Errorf("%s and %s", compact(a.Payloads), compact(b.Payloads))
	}
}

func TestSpikeRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the machine in Python")
	}
	const stage = "over in whole hours, minutes and seconds, and one of per_second and to, a whole number from 0 to 100000000"
	cases := []struct{ name, order, cause string }{
		{"no events", `{"scenario":"flash-sale"}`, "events: a whole number from 1 to 100000000, or stages"},
		{"too many events", `{"events":100000001}`, "1 to 100000000"},
		{"no event", `{"events":0}`, "1 to 100000000"},
		{"text for events", `{"events":"5"}`, "1 to 100000000"},
		{"stages and events", `{"events":5,"stages":[{"over":"1s","to":5}]}`, "stages: events and over are not allowed beside them"},
		{"stages and over", `{"over":"1s","stages":[{"over":"1s","to":5}]}`, "stages: events and over are not allowed beside them"},
		{"stages as text", `{"stages":"2m"}`, "stages: a list is needed"},
		{"no stages", `{"stages":[]}`, "stages: a list of 1 to 100 is needed"},
		{"too many stages", `{"stages":[` + strings.Repeat(`{"over":"1s","to":5},`, 100) + `{"over":"1s","to":5}]}`, "stages: a list of 1 to 100 is needed"},
		{"nothing in stages", `{"stages":[{"over":"1s","to":0}]}`, "stages: 0 events in all; 1 to 100000000 are allowed"},
		{"too many in stages", `{"stages":[{"over":"1m","per_second":2000000}]}`, "stages: 120000000 events in all; 1 to 100000000 are allowed"},
		{"too long in stages", `{"stages":[{"over":"23h","to":5},{"over":"61m","to":5}]}`, "stages: together they cover up to 86400 seconds"},
		{"stage as number", `{"stages":[{"over":"1s","to":5},5]}`, "stages[1]: " + stage},
		{"stage in a list", `{"stages":[[{"over":"1s","to":5}]]}`, "stages[0]: " + stage},
		{"no time", `{"stages":[{"to":5}]}`, "stages[0]: " + stage},
		{"no rate", `{"stages":[{"over":"1s","to":5},{"over":"1s"},{"over":"1s"}]}`, "stages[1]: " + stage},
		{"two rates", `{"stages":[{"over":"1s","to":5,"per_second":5}]}`, "stages[0]: " + stage},
		{"unknown field", `{"stages":[{"over":"1s","to":5,"rate":5}]}`, "stages[0]: " + stage},
		{"fraction of a time", `{"stages":[{"over":"1.5m","to":5}]}`, "stages[0]: " + stage},
		{"no unit", `{"stages":[{"over":"","to":5}]}`, "stages[0]: " + stage},
		{"nothing of a time", `{"stages":[{"over":"0s","to":5}]}`, "stages[0]: " + stage},
		{"number for a time", `{"stages":[{"over":1,"to":5}]}`, "stages[0]: " + stage},
		{"negative rate", `{"stages":[{"over":"1s","to":-5}]}`, "stages[0]: " + stage},
		{"fraction of a rate", `{"stages":[{"over":"1s","to":0.5}]}`, "stages[0]: " + stage},
		{"text for a rate", `{"stages":[{"over":"1s","to":"5"}]}`, "stages[0]: " + stage},
	}
	var orders []string
	for _, c := range cases {
		orders = append(orders, c.order)
	}
	for i, e := range execute(t, synthesized(t), "n", orders...) {
		c := cases[i]
		t.Run(c.name, func(t *testing.T) {
			if e.Status != "FAILED" || !strings.Contains(e.Cause, c.cause) || len(e.Payloads) != 0 {
				t.Errorf("%+v, want %q", e, c.cause)
			}
		})
	}
}
