package local

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/contract"
	"salesburst/shared/devenv/kafkaadmin"
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
// truth says, to the byte.
func TestTwinTopic(t *testing.T) {
	const topic = "sales"
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topic, topic+contract.TwinSuffix))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	dir := t.TempDir()
	plan, truth := filepath.Join(dir, "plan.json"), filepath.Join(dir, "truth.jsonl")
	text := `{"incidents":[{"scenario":"bot-traffic"},{"scenario":"demand-drop","severity":0.5},{"scenario":"payment-outage"}]}`
	if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := runProgram(t, nil, "-once", "-history", "4m", "-brokers", strings.Join(b.ListenAddrs(), ","), "-topic", topic,
		"-incidents", plan, "-truth", truth, "-twin")
	if status != 0 {
		t.Fatalf("status %d: %s %s", status, stdout, stderr)
	}
	is, twin := valuesOf(t, b, topic), valuesOf(t, b, topic+contract.TwinSuffix)
	file, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]bool{"added": {}, "removed": {}, "changed": {}}
	for line := range strings.Lines(string(file)) {
		var of sale.Truth
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			t.Fatal(err)
		}
		for name, touched := range map[string]sale.Touched{"added": of.Added, "removed": of.Removed, "changed": of.Changed} {
			for _, s := range touched.Sequences {
				for n := s[0]; n <= s[1]; n++ {
					want[name][sale.TransactionID{Burst: sale.BurstID([]byte(of.Burst)), Sequence: n}.String()] = true
				}
			}
		}
	}
	for id := range want["removed"] {
		delete(want["changed"], id)
	}
	got := map[string]map[string]bool{"added": {}, "removed": {}, "changed": {}}
	for id, value := range is {
		switch other, there := twin[id]; {
		case !there:
			got["added"][id] = true
		case other != value:
			got["changed"][id] = true
		}
	}
	for id := range twin {
		if _, there := is[id]; !there {
			got["removed"][id] = true
		}
	}
	for name := range want {
		if !maps.Equal(got[name], want[name]) || len(want[name]) == 0 {
			t.Errorf("%d events are %s, the truth has %d", len(got[name]), name, len(want[name]))
		}
	}
}

// valuesOf reads a topic, by the transaction ids.
func valuesOf(t *testing.T, b *kfake.Cluster, topic string) map[string]string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords()) // with the marks of commits a partition is read to its end
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ends, err := kafkaadmin.New(client).Ends(t.Context(), topic, true)
	if err != nil {
		t.Fatal(err)
	}
	all, reached := make(map[string]string), make(map[int32]int64)
	for {
		behind := false
		for p, end := range ends {
			behind = behind || reached[p] < end
		}
		if !behind {
			return all
		}
		client.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			if reached[r.Partition] = r.Offset + 1; r.Attrs.IsControl() {
				return
			}
			var id struct {
				ID string `json:"transaction_id"`
			}
			if err := json.Unmarshal(r.Value, &id); err != nil || all[id.ID] != "" {
				t.Errorf("%s: error %v, or twice", r.Value, err)
			}
			all[id.ID] = string(r.Value)
		})
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
