package app

import (
	"bytes"
	"strings"
	"testing"

	"salesburst/shared/market"
	"salesburst/shared/spec"
)

const secretARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka-AbCdEf"

func environment(pairs ...string) func(string) string {
	env := map[string]string{spec.EnvSecretARN: secretARN}
	for i := 0; i < len(pairs); i += 2 {
		env[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return env[name] }
}

func TestFromEnv(t *testing.T) {
	got, err := FromEnv(spec.Store, environment())
	want := Settings{Topic: spec.DefaultTopic, SecretARN: secretARN, EventsPerMinute: spec.Store.EventsPerMinute, Delivery: spec.DeliveryExactlyOnce}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = FromEnv(spec.Store, environment(spec.EnvTopic, "t.1_x-y", spec.EnvEventsPerMinute, "1000000", spec.EnvDelivery, "idempotent"))
	want = Settings{Topic: "t.1_x-y", SecretARN: secretARN, EventsPerMinute: 1_000_000, Delivery: spec.DeliveryIdempotent}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, s := range market.Scenarios() {
		if got, err := FromEnv(spec.Store, environment(spec.EnvScenario, s.Name)); err != nil || got.Scenario != s.Name {
			t.Errorf("scenario %s: %+v, %v", s.Name, got, err)
		}
	}
}

func TestFromEnvRefuses(t *testing.T) {
	for name, c := range map[string]struct{ variable, value, allowed string }{
		"no secret":           {spec.EnvSecretARN, "", "the ARN of the secret"},
		"topic with a space":  {spec.EnvTopic, "a b", "1 to 249 characters"},
		"topic too long":      {spec.EnvTopic, strings.Repeat("x", 250), "1 to 249 characters"},
		"topic of dots":       {spec.EnvTopic, "..", "1 to 249 characters"},
		"no number":           {spec.EnvEventsPerMinute, "many", "a whole number from 1 to 1000000"},
		"nothing per minute":  {spec.EnvEventsPerMinute, "0", "a whole number from 1 to 1000000"},
		"too many per minute": {spec.EnvEventsPerMinute, "1000001", "a whole number from 1 to 1000000"},
		"fraction":            {spec.EnvEventsPerMinute, "1.5", "a whole number from 1 to 1000000"},
		"promise not kept":    {spec.EnvDelivery, "at-most-once", "idempotent, transactional, exactly-once"},
		"unknown scenario":    {spec.EnvScenario, "no-such-scenario", "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromEnv(spec.Online, environment(c.variable, c.value))
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, part := range []string{c.variable, `"` + c.value + `"`, c.allowed} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want one with %s", err, part)
				}
			}
		})
	}
	t.Run("everything at once", func(t *testing.T) {
		_, err := FromEnv(spec.Online, environment(spec.EnvSecretARN, "", spec.EnvTopic, "?", spec.EnvEventsPerMinute, "-5", spec.EnvDelivery, "x"))
		for _, variable := range []string{spec.EnvSecretARN, spec.EnvTopic, spec.EnvEventsPerMinute, spec.EnvDelivery} {
			if err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("error %v, want one that names %s", err, variable)
			}
		}
	})
	t.Run("secret of another kind", func(t *testing.T) {
		var out bytes.Buffer
		_, err := fromEnvironment(t.Context(), spec.Online, environment(spec.EnvSecretARN, "kafka-credentials"), &out)
		if err == nil || !strings.Contains(err.Error(), spec.EnvSecretARN) || !strings.Contains(err.Error(), `"kafka-credentials"`) || !strings.Contains(err.Error(), "arn:aws:secretsmanager:") {
			t.Errorf("error %v", err)
		}
	})
}
