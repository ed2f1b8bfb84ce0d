package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	druid "salesburst/druid-ec2"
)

func TestSettingsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		context map[string]any
		want    string // the whole line begins with it
	}{
		"unknown key":        {map[string]any{"topics": "a"}, `context key "topics" (value "a") is unknown; known are alarmEmail, `},
		"text for a number":  {map[string]any{"memory": "much"}, `context key "memory" is "much"; allowed is whole MB, 128 to 10240`},
		"part of a number":   {map[string]any{"memory": 512.5}, `context key "memory" is 512.5; allowed`},
		"too little":         {map[string]any{"memory": 64.0}, `context key "memory" is 64; allowed`},
		"number for text":    {map[string]any{"topic": 5.0}, `context key "topic" is 5; allowed`},
		"no topic":           {map[string]any{"topic": ""}, `context key "topic" is ""; allowed`},
		"delivery":           {map[string]any{"delivery": "once"}, `context key "delivery" is "once"; allowed is idempotent, transactional, exactly-once`},
		"flag":               {map[string]any{"tracing": "yes"}, `context key "tracing" is "yes"; allowed is true or false`},
		"days":               {map[string]any{"logDays": "15"}, `context key "logDays" is "15"; allowed is one of 1 3 5 7 14`},
		"address":            {map[string]any{"alarmEmail": "me"}, `context key "alarmEmail" is "me"; allowed`},
		"secret like an ARN": {map[string]any{"producerSecret": "kafka-secret"}, `context key "producerSecret" is "kafka-secret"; allowed`},
		"list":               {map[string]any{"spikeConcurrency": []any{1.0}}, `context key "spikeConcurrency" is [1]; allowed`},
		"null":               {map[string]any{"scenario": nil}, `context key "scenario" is null; allowed`},
		"no image":           {map[string]any{"druidImage": "ami-0abcdef1234567890"}, `context key "druidImage" is "ami-0abcdef1234567890"; allowed is the name of an image of Amazon Linux 2023 for x86_64, such as`},
		"snapshot":           {map[string]any{"druidSnapshot": "vol-0abcdef12"}, `context key "druidSnapshot" is "vol-0abcdef12"; allowed`},
		"small volume":       {map[string]any{"druidVolume": 8.0}, `context key "druidVolume" is 8; allowed is whole GB, 20 to 16384`},
		"third zone":         {map[string]any{"druidZone": "3"}, `context key "druidZone" is "3"; allowed is 1 or 2`},
		"retention":          {map[string]any{"druidRetention": "90 days"}, `context key "druidRetention" is "90 days"; allowed is a period of ISO 8601`},
		"subnets of nothing": {map[string]any{"druid": false, "privateSubnets": true}, `context key "privateSubnets" is true; allowed is false where druid is false`},
		"door to nothing":    {map[string]any{"druid": "false", "grafanaCidr": "203.0.113.7/32"}, `context key "grafanaCidr" is "203.0.113.7/32"; allowed is empty where druid is false`},
		"nobody there":       {map[string]any{"privateSubnets": "true", "grafanaCidr": "203.0.113.7/32"}, `context key "grafanaCidr" is "203.0.113.7/32"; allowed is a private range, such as 10.1.0.0/24, where privateSubnets is true`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(c.context)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line that begins with %s", err, c.want)
			}
		})
	}
}

// A plan of incidents that the functions would not start with is refused, with what is wrong in it.
func TestIncidentsFile(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"{\n\"incidents\": [{\"scenario\": \"alien-invasion\"}]}":       `line 2: incidents[0].scenario: "alien-invasion": allowed is flash-sale, `,
		`{"incidents": [{"scenario": "flash-sale", "brand": "Nokia"}]}`: `incidents[0]: brand "Nokia": allowed is `,
		`{`: "line 1: unexpected EOF",
	} {
		path := filepath.Join(dir, "incidents.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readSettings(map[string]any{"incidents": path})
		if want := fmt.Sprintf("context key \"incidents\" is %q: %s", path, want); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want one that begins with %s", err, want)
		}
	}
	if _, err := readSettings(map[string]any{"incidents": "none.json"}); err == nil || !strings.HasSuffix(err.Error(), "; allowed is "+incidentsAllowed) {
		t.Errorf("error %v", err)
	}
	if s, err := readSettings(nil); err != nil || s.plan != nil || !s.labels || !s.truth {
		t.Errorf("%+v, error %v", s, err)
	}
}

// A file of the key market is read where it is right, and refused with what is wrong in it: its
// path, the line and what is allowed.
func TestMarketFile(t *testing.T) {
	const file = "testdata/market/sundays.json"
	s, err := readSettings(map[string]any{"market": file})
	if text, _ := os.ReadFile(file); err != nil || s.market != file || len(text) == 0 || string(s.figures) != string(text) {
		t.Errorf("%+v, error %v", s, err)
	}
	if s, err = readSettings(map[string]any{"market": ""}); err != nil || s.figures != nil {
		t.Errorf("without a file: %+v, error %v", s, err)
	}
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":       {`{"stores"`, "line 1: unexpected EOF"},
		"unknown":       {"{\n\"shops\": {}}", "line 2: shops: is unknown: allowed is "},
		"out of range":  {"{\"customers\":\n{\"loyal_to_brand\": 101}}", "line 2: customers.loyal_to_brand: 101: allowed is a whole number from 0 to 100, percent"},
		"contradiction": {`{"fraud": {"shortest": 9, "longest": 5}}`, "fraud.shortest: 9: allowed is at most longest"},
		"never open": {`{"stores": {"hours": {"sunday": [], "monday": [], "tuesday": [], "wednesday": [], "thursday": [], "friday": [], "saturday": []}}}`,
			"demand.store: nothing is sold on any day of the week: allowed is demand in one hour at least"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "market.json")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readSettings(map[string]any{"market": path})
			if want := fmt.Sprintf("context key \"market\" is %q: %s", path, c.want); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line that begins with %s", err, want)
			}
		})
	}
	for _, path := range []string{"testdata/market/none.json", "testdata/market"} {
		_, err := readSettings(map[string]any{"market": path})
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("context key \"market\" is %q: ", path)) || !strings.HasSuffix(err.Error(), "; allowed is "+marketAllowed) {
			t.Errorf("%s: error %v", path, err)
		}
	}
	if _, err := readSettings(map[string]any{"market": 5.0}); err == nil || err.Error() != `context key "market" is 5; allowed is `+marketAllowed {
		t.Errorf("a number: error %v", err)
	}
}

func TestSettings(t *testing.T) {
	s, err := readSettings(map[string]any{"memory": "1024", "tracing": true, "@aws-cdk/core:flag": true, "aws:cdk:enable": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if s.memory != 1024 || !s.tracing || s.topic != "ecommerce-topic-1" {
		t.Errorf("%+v", s)
	}
}

// Who may reach the gateway is a range that is narrow and written in the one canonical way.
func TestGrafanaCidr(t *testing.T) {
	for _, ok := range []string{"", "203.0.113.7/32", "203.0.113.0/24", "10.1.0.0/16"} {
		if _, err := readSettings(map[string]any{"grafanaCidr": ok}); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"0.0.0.0/0", "::/0", "2001:db8::/64", "::ffff:203.0.113.0/120", "10.0.0.0/8", "203.0.0.0/15", "203.0.113.7", "203.0.113.7/24", "203.0.113.7/33",
		"203.0.113.07/32", "203.0.113.7/032", "203.0.113.7/32 ", "203.0.113.7/32,198.51.100.7/32", "all"} {
		_, err := readSettings(map[string]any{"grafanaCidr": bad})
		want := fmt.Sprintf(`context key "grafanaCidr" is %q; allowed is empty, or a range of 1 to 65536 IPv4 addresses`, bad)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line that begins with %s", err, want)
		}
	}
}

func TestDruidInstance(t *testing.T) {
	for _, ok := range []string{"m7i-flex.large", "m7i-flex.8xlarge", "m6a.xlarge", "m7a.large", "r6i.2xlarge", "r7a.4xlarge"} {
		if _, err := readSettings(map[string]any{"druidInstance": ok}); err != nil {
			t.Error(err)
		}
	}
	// Of another processor, too small, of no such size, of an older kind, of nothing.
	for _, bad := range []string{"m7g.large", "t3.medium", "c7i.large", "m7i.medium", "m7i.3xlarge", "m5.large", "r7i-flex.large", "m7i.large ", ""} {
		_, err := readSettings(map[string]any{"druidInstance": bad})
		if want := fmt.Sprintf(`context key "druidInstance" is %q; allowed is a type of the families m6i`, bad); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want one that begins with %s", err, want)
		}
	}
}

// What is allowed here is what the instance understands.
func TestDruidUnderstandsRetention(t *testing.T) {
	for _, period := range []string{"P90D", "P1W", "P12M", "P9999Y", "P0D", "P00001D", "PT5M", "p90d", "90D", "P90D ", "P"} {
		_, err := readSettings(map[string]any{"druidRetention": period})
		_, there := druid.Ingestion{Topic: "sales", BootstrapServers: "broker:9092", Retention: period}.Spec("rules.json")
		if (err == nil) != (there == nil) {
			t.Errorf("%q: %v here, %v there", period, err, there)
		}
	}
}

// cdk.json lists every key, with the default that the code has.
func TestContextFileIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	catalogue := new(settings).catalogue()
	for key, s := range catalogue {
		if got, ok := file.Context[key]; !ok || compact(got) != compact(s.fallback) {
			t.Errorf("%s is %v in cdk.json, want %v", key, got, s.fallback)
		}
	}
	if len(file.Context) != len(catalogue) {
		t.Errorf("cdk.json has %d keys, the code %d", len(file.Context), len(catalogue))
	}
}

// The README's table has every key.
func TestReadmeHasEveryKey(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| context key |")
	table, _, _ = strings.Cut(table, "\n\n")
	for key := range new(settings).catalogue() {
		if !strings.Contains(table, "`"+key+"`") {
			t.Errorf("%s is not in the table", key)
		}
	}
}
