package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const motoVersion = "5.2.5"

// python returns an interpreter that has moto, which is fetched once and kept.
func python(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "salesburst", "moto-"+motoVersion)
	interpreter, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return interpreter
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", "--clear", dir}, // on Debian: apt-get install python3-venv
		{interpreter, "-m", "pip", "-q", "install", "moto[stepfunctions]==" + motoVersion},
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

// execute runs the synthesized definition of a machine.
func execute(t *testing.T, definition, name string, order any) (e executed) {
	t.Helper()
	in, err := json.Marshal(map[string]any{"definition": definition, "name": name, "input": order})
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
	if err := json.Unmarshal(out, &e); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	slices.SortFunc(e.Payloads, func(a, b map[string]any) int { return int(a["shard"].(float64) - b["shard"].(float64)) })
	return e
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
	definition := synthesized(t)
	for _, c := range []struct{ events, of int }{{1, 1}, {20_000, 1}, {20_001, 20}, {1_000_001, 200}, {100_000_000, 200}} {
		t.Run(fmt.Sprint(c.events), func(t *testing.T) {
			e := execute(t, definition, "rehearsal-7", map[string]any{"events": c.events, "scenario": "flash-sale"})
			if e.Status != "SUCCEEDED" || len(e.Payloads) != c.of {
				t.Fatalf("%s with %d shards, want %d: %s", e.Status, len(e.Payloads), c.of, e.Cause)
			}
			for i, p := range e.Payloads {
				if p["at"] == nil || p["at"] != e.Payloads[0]["at"] {
					t.Errorf("shard %d is at %v, the first at %v", i, p["at"], e.Payloads[0]["at"])
				}
				want := map[string]any{"events": float64(c.events), "scenario": "flash-sale", "id": "rehearsal-7", "shard": float64(i), "of": float64(c.of), "at": p["at"]}
				if compact(p) != compact(want) {
					t.Errorf("shard %d is %s, want %s", i, compact(p), compact(want))
				}
			}
			var summary struct {
				Shards  int
				BurstID string `json:"burst_id"`
				Reports []map[string]any
			}
			if err := json.Unmarshal([]byte(e.Output), &summary); err != nil || summary.Shards != c.of || len(summary.Reports) != c.of || summary.BurstID == "" {
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
	order := map[string]any{"events": 5, "id": "bf", "at": "2026-11-20T10:00:00Z"}
	a, b := execute(t, synthesized(t), "first", order), execute(t, synthesized(t), "second", order)
	if len(a.Payloads) != 1 || compact(a.Payloads) != compact(b.Payloads) {
		t.Errorf("%s and %s", compact(a.Payloads), compact(b.Payloads))
	}
}

func TestSpikeRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the machine in Python")
	}
	for name, order := range map[string]any{
		"no events":       map[string]any{"scenario": "flash-sale"},
		"too many events": map[string]any{"events": 100_000_001},
		"text for events": map[string]any{"events": "5"},
	} {
		t.Run(name, func(t *testing.T) {
			e := execute(t, synthesized(t), "n", order)
			if e.Status != "FAILED" || !strings.Contains(e.Cause, "1 to 100000000") || len(e.Payloads) != 0 {
				t.Errorf("%+v", e)
			}
		})
	}
}
