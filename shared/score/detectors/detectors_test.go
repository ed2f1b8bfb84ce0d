package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"salesburst/shared/incidents"
	"salesburst/shared/score"
)

// Both detectors look at some hours of a few sales, and their scores are in the document.
func TestDetectors(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it installs River")
	}
	begin := time.Date(2026, 5, 12, 14, 0, 0, 0, time.UTC)
	text, err := os.ReadFile(filepath.Join("..", "..", "incidents", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	document := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(document, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = run(t.Context(), options{
		plan: `{"incidents": [
			{"scenario": "slow-checkout", "from": "2026-05-12T18:30:00Z", "to": "2026-05-12T19:00:00Z"},
			{"scenario": "demand-drop", "from": "2026-05-12T19:40:00Z", "to": "2026-05-12T20:00:00Z", "severity": 0.001}
		]}`,
		begin: begin, learn: 4 * time.Hour, length: 6*time.Hour + 30*time.Minute, events: 200, document: document, progress: io.Discard,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	// The slow checkout is seen by the rule of failures and by what is unusual; a drop of a thousandth only by the gaps
	// that it leaves among the ids.
	for _, want := range []string{`(?m)^\d+ events from 12 May 2026 on, with incidents from 12 May on.$`, `(?m)^\| River \| 1 \| 1 \| 100 % \|`,
		"`demand-drop` \\| 1 of 1, after [^|]* \\| none \\| none \\|", "`slow-checkout` \\| 1 of 1, after [^|]* \\| 1 of 1, after [^|]* \\| 1 of 1, after [^|]* \\|"} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("there is no %s in\n%s", want, &out)
		}
	}
	if after, err := os.ReadFile(document); err != nil || !strings.Contains(string(after), strings.TrimSpace(out.String())) {
		t.Errorf("the scores are not in the document, error %v", err)
	}
}

// The plan begins after the time for learning, each scenario is in it twice, and no incident is close to another one.
func TestPlan(t *testing.T) {
	p, err := incidents.Read([]byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	count, last := make(map[string]int), time.Date(2026, 5, 13, 0, 0, 0, 0, time.UTC)
	for _, i := range p.Incidents {
		count[i.Scenario]++
		o, _ := i.Next(last)
		if o.Begin.Sub(last) < 30*time.Minute {
			t.Errorf("%s begins at %v, less than half an hour after %v", i.Scenario, o.Begin, last)
		}
		last = o.End
	}
	for _, s := range incidents.Scenarios() {
		of := 2
		if s.Delay != "" && s.Name != "duplicates" || s.Skew != "" { // it tells by when a record comes
			of = 0
		}
		if count[s.Name] != of {
			t.Errorf("%s is there %d times, want %d", s.Name, count[s.Name], of)
		}
	}
}

func TestTables(t *testing.T) {
	truth, err := score.ReadTruth(strings.NewReader(`{"scenario":"bot-traffic","from":"2026-05-12T18:00:00Z","to":"2026-05-12T18:10:00Z","incident":{},"added":{"events":1}}
{"scenario":"fraud-wave","from":"2026-05-12T19:00:00Z","to":"2026-05-12T19:10:00Z","incident":{},"added":{"events":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	var all []detector
	for _, alerts := range []string{`{"rule":"x-missing","from":"2026-05-12T18:03:30Z"}` + "\n" + `{"rule":"y","from":"2026-05-12T18:04:00Z"}`, ``} {
		for _, text := range [][]byte{[]byte(alerts), withoutIDs([]byte(alerts))} {
			said, err := score.ReadAlerts(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, detector{name: "one", score: score.Of(truth, said, score.Usual())})
		}
	}
	got := tables(all)
	for _, want := range []string{"| one | 2 | 2 | 100 % | 1 of 2 | 50 % | 3m30s | 3m30s |", "| one | 1 | 1 | 100 % | 1 of 2 | 50 % | 4m | 4m |",
		"| one | 0 | 0 | - | 0 of 2 | 0 % | - | - |", "| `bot-traffic` | 1 of 1, after 3m30s | 1 of 1, after 4m | none | none |", "| `fraud-wave` | none | none | none | none |"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	if ten := score.Seconds(10 * time.Second); span(&ten) != "10s" {
		t.Errorf("ten seconds are %s", span(&ten))
	}
}
