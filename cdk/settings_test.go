package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
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
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSettings(c.context)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line that begins with %s", err, c.want)
			}
		})
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
	for key, s := range catalogue {
		if got, ok := file.Context[key]; !ok || compact(got) != compact(s.fallback) {
			t.Errorf("%s is %v in cdk.json, want %v", key, got, s.fallback)
		}
	}
	if len(file.Context) != len(catalogue) {
		t.Errorf("cdk.json has %d keys, the code %d", len(file.Context), len(catalogue))
	}
}
