package local

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"salesburst/dashboards"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/kafkatest"
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
		{[]string{"-twin"}, "-twin is what would be without -incidents: name a file of them; see -h"},
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

// The topic of twins has what would be without the incidents: what differs between both topics is what the
// truth says, to the byte. The topic of truth has what the file has.
func TestTwinTopic(t *testing.T) {
	history := "4m"
	if testing.Short() {
		history = "2m"
	}
	for name, text := range map[string]string{
		"sales": `{"incidents":[{"scenario":"bot-traffic"},{"scenario":"demand-drop","severity":0.5},{"scenario":"payment-outage"}]}`,
		"data": `{"incidents":[{"scenario":"duplicates","share":20},{"scenario":"malformed","share":20},{"scenario":"out-of-order"},{"scenario":"late-events"},
			{"scenario":"clock-skew","share":20},{"scenario":"hot-key"},{"scenario":"schema-drift","share":10},{"scenario":"bot-traffic"},{"scenario":"demand-drop","severity":0.2}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &kafkatest.Broker{Topic: "sales", Beside: "sales" + contract.TruthSuffix}
			var err error
			if b.Cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, b.Topic, b.Topic+contract.TwinSuffix, b.Beside)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(b.Close)
			b.Addrs = b.ListenAddrs()
			dir := t.TempDir()
			plan, path := filepath.Join(dir, "plan.json"), filepath.Join(dir, "truth.jsonl")
			if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, status := runProgram(t, nil, "-once", "-history", history, "-brokers", strings.Join(b.Addrs, ","), "-topic", b.Topic,
				"-incidents", plan, "-truth", path, "-twin")
			if status != 0 {
				t.Fatalf("status %d: %s %s", status, stdout, stderr)
			}
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var published []string
			for _, r := range b.RecordsBeside(t) {
				published = append(published, string(r.Value)+"\n")
			}
			if lines := slices.Sorted(strings.Lines(string(file))); !slices.Equal(slices.Sorted(slices.Values(published)), lines) {
				t.Errorf("the topic of truth has %d records, the file %d lines, or they are others", len(published), len(lines))
			}
			var truth []sale.Truth
			for line := range strings.Lines(string(file)) {
				truth = append(truth, sale.Truth{})
				if err := json.Unmarshal([]byte(line), &truth[len(truth)-1]); err != nil {
					t.Fatal(err)
				}
			}
			twin := *b
			twin.Topic += contract.TwinSuffix
			counts := kafkatest.CheckTruth(t, truth, b.Records(t), twin.Records(t))
			t.Log(counts)
			for way, n := range counts {
				if n == 0 && (name == "data" || way == "added" || way == "removed" || way == "changed") {
					t.Errorf("none is %s", way)
				}
			}
		})
	}
}

// That the topic of truth is missing is told once, unless it is not wanted.
func TestTruthTopicIsMissing(t *testing.T) {
	topics := []string{"silent", "sales"}
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte(`{"incidents":[{"scenario":"demand-drop","severity":0.5}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for times, flag := range []string{"-truth-topic=false", "-truth-topic"} {
		_, stderr, status := runProgram(t, nil, "-once", "-history", "3m", "-brokers", strings.Join(b.ListenAddrs(), ","),
			"-topic", topics[times], "-incidents", path, flag)
		if got := strings.Count(stderr, "create the topic sales-truth"); status != 0 || got != times {
			t.Errorf("%s: status %d, told %d times: %s", flag, status, got, stderr)
		}
	}
}

// A truth that cannot be written is an error at the end, and no file is written that another flag names.
func TestTruthThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte(`{"incidents":[{"scenario":"demand-drop"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-truth", "/dev/full"}, "-truth: cannot write: no space left on device"},
		{[]string{"-truth", path}, "-truth would overwrite -incidents or -out"},
		{[]string{"-truth", "x.jsonl", "-out", "./x.jsonl"}, "-truth would overwrite -incidents or -out"},
		{[]string{"-truth", "-", "-out", "-"}, "-truth and -out would both write"},
	} {
		if _, stderr, status := runProgram(t, nil, append(c.args, "-once", "-history", "2m", "-incidents", path)...); status == 0 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q, want %q", c.args, status, stderr, c.want)
		}
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "demand-drop") {
		t.Errorf("the plan is %s, error %v", text, err)
	}
}

// wrongData is a file with all that can go wrong with the data itself.
func wrongData(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(path, []byte(`{"incidents":[{"scenario":"late-events"},{"scenario":"out-of-order"},{"scenario":"duplicates"},
		{"scenario":"malformed","share":20},{"scenario":"schema-drift","share":20},{"scenario":"schema-drift","field":"total_amount","share":10},
		{"scenario":"clock-skew","share":20},{"scenario":"hot-key"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever is in the topic, all panels of the page are drawn, and the page says that there is more than them.
func TestPageOfWrongData(t *testing.T) {
	program := startProgram(t, nil, "-listen", "127.0.0.1:0", "-history", "20m", "-incidents", wrongData(t))
	url := program.url(t)
	program.waitFor(t, "on the page after")
	for _, d := range dashboards.All() {
		response, err := http.Get(url + "/events/" + d.Slug)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<22)
		var u struct {
			Head   struct{ Notice string }
			Panels map[string]struct{ HTML string }
		}
		for len(u.Panels) < len(d.Panels()) && lines.Scan() { // the maps of all updates become one
			if text, is := strings.CutPrefix(lines.Text(), "data: "); is {
				if err := json.Unmarshal([]byte(text), &u); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, p := range d.Panels() {
			if html := u.Panels[strconv.Itoa(p.ID)].HTML; html == "" || strings.Contains(html, "cannot be drawn now") {
				t.Errorf("%s: %q", p.Title, html)
			}
		}
		if told := u.Head.Notice; !strings.HasPrefix(told, "Records that are no events: ") || !strings.Contains(told, "offset ") {
			t.Errorf("the page says %q", told)
		}
	}
	if last := program.interrupt(t); !strings.Contains(last, ", 0 missing, 0 duplicated; by incidents ") || strings.Contains(last, "no events") {
		t.Errorf("it ends with %q", last)
	}
}
