package local

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
)

// The rules that fire over a file are those that are for what is in it, at the time when they would have.
func TestAlertsCommand(t *testing.T) {
	dir := t.TempDir()
	plan, truth, events := filepath.Join(dir, "plan.json"), filepath.Join(dir, "truth.jsonl"), filepath.Join(dir, "events.jsonl")
	now := time.Date(2026, 5, 12, 18, 0, 0, 0, time.UTC) // so that it is the same each time
	run := func(args ...string) (string, string, int) {
		var stdout, stderr bytes.Buffer
		status := Run(t.Context(), Env{Args: args, Getenv: noEnv, Stdout: &stdout, Stderr: &stderr, Now: func() time.Time { return now }})
		return stdout.String(), stderr.String(), status
	}
	outage := now.Add(-20 * time.Minute)
	text := `{"incidents":[{"scenario":"payment-outage","function":"online","from":"` + outage.Format(time.RFC3339) + `"},
		{"scenario":"duplicates","to":"` + now.Add(-35*time.Minute).Format(time.RFC3339) + `"},
		{"scenario":"viral-product","to":"` + now.Add(-35*time.Minute).Format(time.RFC3339) + `"}]}` // whose sales are numbered behind all others
	if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := run("-once", "-history", "50m", "-incidents", plan, "-truth", truth, "-out", events); status != 0 {
		t.Fatal(stderr)
	}
	stdout, stderr, status := run("alerts", "-events", events)
	if status != 0 {
		t.Fatal(stderr)
	}
	fired := make(map[string][]dashboards.Firing)
	for line := range strings.Lines(stdout) {
		var f dashboards.Firing
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		name := strings.TrimPrefix(f.Rule, "salesburst-")
		fired[name] = append(fired[name], f)
	}
	if len(fired) != 2 || len(fired["duplicated"]) != 1 || len(fired["failures"]) == 0 {
		t.Fatalf("it fires %s", stdout)
	}
	// A burst is looked at until it is fourteen minutes old.
	if f := fired["duplicated"][0]; f.To.Sub(now.Add(-35*time.Minute)) < 13*time.Minute || f.To.Sub(now.Add(-35*time.Minute)) > 17*time.Minute {
		t.Errorf("the rule of duplicated sales fires %+v", f)
	}
	if f := fired["failures"][0]; f.Name != "online" || f.From.Sub(outage) < time.Minute || f.From.Sub(outage) > 10*time.Minute || !f.To.IsZero() {
		t.Errorf("the rule of failures fires %+v, where the outage is from %v on", f, outage)
	}
	if stdout, _, status := run("score", "-truth", truth, "-alerts", writeFile(t, stdout)); status != 0 || !strings.Contains(stdout, "payment-outage          1      1   100 %") {
		t.Errorf("status %d: %s", status, stdout)
	}
}

func writeFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAlertsRefuses(t *testing.T) {
	if stdout, stderr, status := runProgram(t, nil, "alerts", "-events", writeFile(t, "")); status != 0 || stdout != "" {
		t.Errorf("of no events there are %s, status %d, %s", stdout, status, stderr)
	}
	for _, c := range []struct {
		args   []string
		want   string
		status int
	}{
		{nil, "alerts looks at a file of events: -events FILE; see -h", 2},
		{[]string{"-events", "none.jsonl"}, "-events none.jsonl: no such file or directory", 1},
		{[]string{"-events", writeFile(t, "\nno event\n")}, "line 2: reading an event", 1},
		{[]string{"-events", writeFile(t, strings.Repeat("x", longestLine+1))}, "line 1: ", 1},
		{[]string{"-events", "x", "y"}, `"y" is not a flag`, 2},
		{[]string{"-speed", "1"}, "-speed", 2},
	} {
		stdout, stderr, status := runProgram(t, nil, append([]string{"alerts"}, c.args...)...)
		if status != c.status || stdout != "" {
			t.Errorf("%v: status %d with %q, want %d", c.args, status, stdout, c.status)
		}
		expectOneLine(t, stderr, c.want)
	}
	if stdout, _, status := runProgram(t, nil, "alerts", "-h"); status != 0 || !strings.Contains(stdout, "-events FILE") {
		t.Errorf("status %d: %s", status, stdout)
	}
}
