package local

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"salesburst/shared/sale"
)

// What is planned while the program runs happens from then on, its truth is in the file and on the page, and
// what is ended is over.
func TestIncidentWhileItRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.jsonl")
	p := startProgram(t, nil, "-listen", "127.0.0.1:0", "-history", "6h", "-speed", "300", "-truth", path)
	url := p.url(t)
	ask := func(method, path, body string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%s %s: %d %s %v", method, path, response.StatusCode, text, err)
		}
		return string(text)
	}
	ask("POST", "/incidents", "scenario=bot-traffic&severity=0.5")
	first := ""
	for first == "" {
		first, _, _ = strings.Cut(ask("GET", "/truth.jsonl", ""), "\n")
	}
	var of sale.Truth
	if err := json.Unmarshal([]byte(first), &of); err != nil || of.Scenario != "bot-traffic" || of.Added.Events == 0 || of.Begin == nil || of.Begin.After(of.To) {
		t.Errorf("%s, error %v", first, err)
	}
	ask("DELETE", "/incidents/1000", "")
	ask("POST", "/incidents", "scenario=slow-checkout")
	for !strings.Contains(ask("GET", "/truth.jsonl", ""), `"scenario":"slow-checkout"`) {
	}
	p.interrupt(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := make(map[string]time.Time) // end of the last burst that each met
	began := time.Time{}               // the first one
	for line := range strings.Lines(string(text)) {
		var of sale.Truth
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			t.Fatal(err)
		}
		if of.To.After(last[of.Scenario]) {
			last[of.Scenario] = of.To
		}
		if of.Scenario == "slow-checkout" && (began.IsZero() || of.From.Before(began)) {
			began = of.From
		}
	}
	if last["bot-traffic"].IsZero() || began.IsZero() || last["bot-traffic"].After(began) || !strings.Contains(string(text), first) {
		t.Errorf("bots until %v, slow from %v on", last["bot-traffic"], began)
	}
}
