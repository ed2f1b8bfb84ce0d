package app

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
)

const secretARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka-AbCdEf"

func environment(pairs ...string) func(string) string {
	env := map[string]string{contract.EnvSecretARN: secretARN}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return env[name] }
}

func TestFromEnv(t *testing.T) {
	got, err := FromEnv(contract.Store, environment())
	want := Settings{Topic: contract.DefaultTopic, SecretARN: secretARN, EventsPerMinute: contract.Store.EventsPerMinute, Delivery: contract.DeliveryExactlyOnce}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = FromEnv(contract.Store, environment(contract.EnvTopic, "t.1_x-y", contract.EnvEventsPerMinute, "1000000", contract.EnvDelivery, "idempotent", contract.EnvMarket, "m.json"))
	want = Settings{Topic: "t.1_x-y", SecretARN: secretARN, EventsPerMinute: 1_000_000, Delivery: contract.DeliveryIdempotent, Market: "m.json"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = FromEnv(contract.Store, environment(contract.EnvEventsPerMinute, "1")); err != nil || got.EventsPerMinute != 1 {
		t.Errorf("the least rate: %+v, %v", got, err)
	}
	for _, s := range incidents.Scenarios() {
		if got, err := FromEnv(contract.Store, environment(contract.EnvScenario, s.Name)); err != nil || got.Scenario != s.Name {
			t.Errorf("scenario %s: %+v, %v", s.Name, got, err)
		}
	}
}

func TestFromEnvRefuses(t *testing.T) {
	for name, c := range map[string]struct{ variable, value, allowed string }{
		"no secret":           {contract.EnvSecretARN, "", "the ARN of the secret"},
		"topic with a space":  {contract.EnvTopic, "a b", "1 to 249 characters"},
		"topic too long":      {contract.EnvTopic, strings.Repeat("x", 250), "1 to 249 characters"},
		"topic of dots":       {contract.EnvTopic, "..", "1 to 249 characters"},
		"no number":           {contract.EnvEventsPerMinute, "many", "a whole number from 1 to 1000000"},
		"nothing per minute":  {contract.EnvEventsPerMinute, "0", "a whole number from 1 to 1000000"},
		"too many per minute": {contract.EnvEventsPerMinute, "1000001", "a whole number from 1 to 1000000"},
		"fraction":            {contract.EnvEventsPerMinute, "1.5", "a whole number from 1 to 1000000"},
		"promise not kept":    {contract.EnvDelivery, "at-most-once", "idempotent, transactional, exactly-once"},
		"unknown scenario":    {contract.EnvScenario, "no-such-scenario", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromEnv(contract.Online, environment(c.variable, c.value))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("one setting is wrong, and %q is said", err)
			}
			for _, part := range []string{c.variable, `"` + c.value + `"`, c.allowed} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want one with %s", err, part)
				}
			}
		})
	}
	t.Run("everything at once", func(t *testing.T) {
		for _, rate := range []string{"-5", "many"} {
			_, err := FromEnv(contract.Online, environment(contract.EnvSecretARN, "", contract.EnvTopic, "?", contract.EnvEventsPerMinute, rate, contract.EnvDelivery, "x"))
			for _, variable := range []string{contract.EnvSecretARN, contract.EnvTopic, contract.EnvEventsPerMinute, contract.EnvDelivery} {
				if err == nil || strings.Count(err.Error(), variable) != 1 {
					t.Errorf("error %v, want one that names %s once", err, variable)
				}
			}
		}
	})
	t.Run("secret of another kind", func(t *testing.T) {
		var out bytes.Buffer
		_, err := fromEnvironment(t.Context(), contract.Online, environment(contract.EnvSecretARN, "kafka-credentials"), &out)
		if err == nil || !strings.Contains(err.Error(), contract.EnvSecretARN) || !strings.Contains(err.Error(), `"kafka-credentials"`) || !strings.Contains(err.Error(), "arn:aws:secretsmanager:") {
			t.Errorf("error %v", err)
		}
	})
}

// A function has the figures of the file that its environment names, and no others than the
// table's without one.
func TestMarketOfAFile(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, contract.MarketFile)
	if err := os.WriteFile(path, []byte(`{"seed": 2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(pairs ...string) [32]byte {
		t.Helper()
		h, err := fromEnvironment(t.Context(), contract.Online, environment(pairs...), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return h.cfg.Market.ModelHash()
	}
	if hash := start(taskRoot, root); hash != [32]byte{} {
		t.Errorf("without a file the figures have the hash %x", hash)
	}
	model, err := market.ReadModel([]byte(`{"seed": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	other, err := market.NewWith(dataset.Default(), model)
	if err != nil {
		t.Fatal(err)
	}
	if hash := start(taskRoot, root, contract.EnvMarket, contract.MarketFile); hash == [32]byte{} || hash != other.ModelHash() {
		t.Errorf("beside the binary: hash %x, want %x", hash, other.ModelHash())
	}
	if hash := start(taskRoot, "elsewhere", contract.EnvMarket, path); hash != other.ModelHash() {
		t.Errorf("by its whole path: hash %x, want %x", hash, other.ModelHash())
	}
}

// So it is with the plan of incidents, which must be possible in that market.
func TestIncidentsOfAFile(t *testing.T) {
	root := t.TempDir()
	for text, want := range map[string]string{
		`{"incidents":[{"scenario":"demand-drop"}]}`:                  "",
		"{\n\"incidents\":[{\"scenario\":\"demand\"}]}":               `INCIDENTS "incidents.json": line 2: incidents[0].scenario: "demand": allowed is `,
		`{"incidents":[{"scenario":"flash-sale","brand":"Nokia"}]}`:   `INCIDENTS "incidents.json": incidents[0]: brand "Nokia": allowed is `,
		`{"incidents":[{"scenario":"regional-outage","state":"XX"}]}`: "two letters; deploy a file that is right with -c incidents=FILE, or take INCIDENTS out of the environment",
	} {
		if err := os.WriteFile(filepath.Join(root, contract.IncidentsFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		h, err := fromEnvironment(t.Context(), contract.Online, environment(taskRoot, root, contract.EnvIncidents, contract.IncidentsFile), io.Discard)
		if want == "" && (err != nil || h.cfg.Incidents(time.Time{}).Incidents[0].Scenario != "demand-drop") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	if _, err := fromEnvironment(t.Context(), contract.Online, environment(contract.EnvIncidents, "none.json"), io.Discard); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{contract.EnvLabels, contract.EnvTruth} {
		if _, err := fromEnvironment(t.Context(), contract.Online, environment(name, "no"), io.Discard); err == nil || !strings.Contains(err.Error(), name+` "no": allowed is true, false`) {
			t.Errorf("error %v", err)
		}
	}
}

func TestMarketOfAFileIsRefused(t *testing.T) {
	root := t.TempDir()
	for name, c := range map[string]struct{ text, says string }{
		"none":          {"", "no such file or directory"},
		"no JSON":       {`{"seed"`, "line 1: unexpected EOF"},
		"out of range":  {"{\n\"customers\": {\"loyal_to_brand\": 101}}", "line 2: customers.loyal_to_brand: 101: allowed is a whole number from 0 to 100"},
		"contradiction": {`{"fraud": {"shortest": 9, "longest": 5}}`, "fraud.shortest: 9: allowed is at most longest"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.text != "" {
				if err := os.WriteFile(filepath.Join(root, contract.MarketFile), []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.Remove(filepath.Join(root, contract.MarketFile)) })
			}
			// Another setting that is wrong is named beside it.
			_, err := fromEnvironment(t.Context(), contract.Online, environment(taskRoot, root, contract.EnvMarket, contract.MarketFile, contract.EnvTopic, "?"), io.Discard)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, part := range []string{contract.EnvTopic, `MARKET "market.json": `, c.says, "; deploy a file that is right with -c market=FILE, or take MARKET out of the environment"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want one with %s", err, part)
				}
			}
		})
	}
}
