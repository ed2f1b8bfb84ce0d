package local

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salesburst/shared/sale"
)

// What the incidents did is in a file, and the count is right with what they added and took away.
func TestTruthOfIncidents(t *testing.T) {
	dir := t.TempDir()
	plan, truth, out := filepath.Join(dir, "plan.json"), filepath.Join(dir, "truth.jsonl"), filepath.Join(dir, "out.jsonl")
	if err := os.WriteFile(plan, []byte(`{"incidents":[{"scenario":"bot-traffic"},{"scenario":"demand-drop","severity":0.5}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, _, status := runProgram(t, nil, "-once", "-history", "5m", "-incidents", plan, "-truth", truth, "-out", out)
	n := published(t, stdout)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	file, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	added, removed := 0, 0
	for line := range strings.Lines(string(file)) {
		var of sale.Truth
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			t.Fatal(err)
		}
		added, removed = added+of.Added.Events, removed+of.Removed.Events
	}
	events, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if labelled := strings.Count(string(events), `"scenario":"bot-traffic"`); labelled != added || added == 0 || removed == 0 {
		t.Errorf("%d events are labelled, %d added, %d removed of %d", labelled, added, removed, n)
	}
}

func TestIncidentsThatAreWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte(`{"incidents":[{"scenario":"flash-sale","brand":"Nokia"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-incidents", path}, `incidents[0]: brand "Nokia": allowed is `},
		{[]string{"-incidents", "none.json"}, "-incidents none.json: no such file or directory"},
		{[]string{"-truth", "truth.jsonl"}, "-truth says what -incidents did: name a file of them; see -h"},
	} {
		if _, stderr, status := runProgram(t, nil, append(c.args, "-once", "-history", "1m")...); status == 0 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q, want %q", c.args, status, stderr, c.want)
		}
	}
}

// A detector that says of each incident when it begins has found all of them, and one that knows nothing none.
func TestScoreCommand(t *testing.T) {
	dir := t.TempDir()
	plan, truth, alerts := filepath.Join(dir, "plan.json"), filepath.Join(dir, "truth.jsonl"), filepath.Join(dir, "alerts.jsonl")
	for path, text := range map[string]string{plan: `{"incidents":[{"scenario":"bot-traffic"}]}`, alerts: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, stderr, status := runProgram(t, nil, "-once", "-history", "5m", "-incidents", plan, "-truth", truth); status != 0 {
		t.Fatal(stderr)
	}
	var of sale.Truth
	file, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(file), "\n")
	if err := json.Unmarshal([]byte(line), &of); err != nil {
		t.Fatal(err)
	}
	if stdout, _, status := runProgram(t, nil, "score", "-truth", truth, "-alerts", alerts); status != 0 || !strings.Contains(stdout, "bot-traffic          1      0     0 %") {
		t.Errorf("status %d: %s", status, stdout)
	}
	if err := os.WriteFile(alerts, []byte(`{"from":"`+of.From.Format("2006-01-02T15:04:05Z")+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if stdout, _, status := runProgram(t, nil, "score", "-truth", truth, "-alerts", alerts, "-json"); status != 0 || !strings.Contains(stdout, `"recall_percent": 100`) {
		t.Errorf("status %d: %s", status, stdout)
	}
	for _, args := range [][]string{{"score"}, {"score", "-truth", truth, "-alerts", "none.jsonl"}, {"score", "-truth", alerts, "-alerts", truth, "x"}} {
		if _, stderr, status := runProgram(t, nil, args...); status == 0 || !strings.Contains(stderr, "local: ") {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
	if stdout, _, status := runProgram(t, nil, "score", "-h"); status != 0 || !strings.Contains(stdout, "-alerts FILE") {
		t.Errorf("status %d: %s", status, stdout)
	}
}
