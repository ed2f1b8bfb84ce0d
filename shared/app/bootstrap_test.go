package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/app"
	"salesburst/shared/spec"
)

const secretARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka-AbCdEf"

// build makes a function's binary as it is deployed.
func build(t *testing.T, f spec.Function, arch string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w", "-o", binary, "salesburst/functions/"+f.Name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return binary
}

// The functions run on arm64.
func TestFunctionsBuildForLambda(t *testing.T) {
	if testing.Short() {
		t.Skip("builds both functions")
	}
	for _, f := range spec.Functions() {
		info, err := os.Stat(build(t, f, "arm64"))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MB", f.Name, float64(info.Size())/1e6)
	}
}

// cloud is what surrounds a function, as its environment names it.
type cloud struct {
	broker  *broker
	secrets *secretsManager
	env     []string
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{broker: startBroker(t)}
	c.secrets = startSecretsManager(t, c.broker.secretText(firstKey, keys[firstKey]))
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, c.broker.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	c.env = []string{
		spec.EnvTopic + "=" + topic,
		spec.EnvSecretARN + "=" + secretARN,
		"SSL_CERT_FILE=" + roots, // the system's certificate authorities
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + c.secrets.URL,
		"AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=id",
		"AWS_SECRET_ACCESS_KEY=" + keys[secondKey], // a function's own credentials are as secret
	}
	return c
}

// The deployed binaries, under Lambda's API, with TLS and SASL to the broker: the
// report is what another client reads back from the topic.
func TestBootstrap(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs both functions")
	}
	for _, f := range spec.Functions() {
		binary := build(t, f, runtime.GOARCH)
		t.Run(f.Name, func(t *testing.T) {
			c := startCloud(t)
			first := run(t, binary, c.env...)
			second := run(t, binary, c.env...)

			r := first.report(t, invocation{payload: slot})
			if r.Function != f.Name || r.Trigger != app.TriggerSchedule || r.Expected == 0 {
				t.Errorf("report %+v", r)
			}
			c.broker.readAll(t).of(r.BurstID).expect(t, r)

			again := second.report(t, invocation{payload: slot, id: "other-request"})
			if again.BurstID != r.BurstID {
				t.Errorf("two processes made bursts %s and %s of one slot", r.BurstID, again.BurstID)
			}
			if !again.Skipped {
				t.Errorf("the second process published the slot again: %+v", again)
			}
			c.broker.readAll(t).of(r.BurstID).expect(t, r)

			// Without the ledger the second process stores the same bytes again.
			unaware := run(t, binary, append(slices.Clone(c.env), spec.EnvDelivery+"="+spec.DeliveryIdempotent)...)
			if third := unaware.report(t, invocation{payload: slot}); third.BurstID != r.BurstID || third.Skipped {
				t.Errorf("report %+v", third)
			}
			a, b := c.broker.readAll(t).of(r.BurstID).twice(t)
			expectSame(t, a, b)

			asked := time.Now().Add(-time.Hour).Truncate(time.Second)
			spike := first.report(t, invocation{
				payload: `{"events":50000,"over":"5m"}`,
				trace:   fmt.Sprintf("Root=1-%08x-bd862e3fe1be46a994272793;Sampled=0", asked.Unix()),
			})
			if spike.Expected != 50_000 || spike.Trigger != app.TriggerManual || !spike.CoversTo.Time().Equal(asked) {
				t.Errorf("report %+v, want one that covers until %v", spike, asked)
			}
			c.broker.readAll(t).of(spike.BurstID).expect(t, spike)

			for payload, says := range map[string]string{
				`{"events":0}`:                   "a whole number from 1",
				`{"event":5}`:                    "events, scenario, brand",
				`{"at":"2999-01-01T00:00:00Z"}`:  "it is now",
				`{"brand":"Nobody's"}`:           "brand",
				`{"scheduled_time":"yesterday"}`: "schedule_arn",
			} {
				if e := first.invoke(t, invocation{payload: payload}).err(t); e.Type != "InvalidTrigger" || !strings.Contains(e.Message, says) {
					t.Errorf("payload %s: %+v, want one that says %q", payload, e, says)
				}
			}
			before := len(c.broker.readAll(t))
			e := first.invoke(t, invocation{payload: slot, deadline: time.Now().Add(spec.DeadlineMargin)}).err(t)
			if e.Type != "NotPublished" || !strings.Contains(e.Message, "raise the function's timeout") {
				t.Errorf("too near a deadline: %+v", e)
			}
			if after := len(c.broker.readAll(t)); after != before {
				t.Errorf("%d events came from refused invocations", after-before)
			}

			c.broker.revoked.Store(firstKey)
			c.secrets.value.Store(c.broker.secretText(secondKey, keys[secondKey]))
			third := run(t, binary, c.env...)
			r = third.report(t, invocation{payload: `{"events":100}`})
			c.broker.readAll(t).of(r.BurstID).expect(t, r)
			c.secrets.value.Store(c.broker.secretText(firstKey, keys[firstKey]))
			fourth := run(t, binary, c.env...)
			if e := fourth.invoke(t, invocation{payload: slot}).err(t); e.Type != "NotPublished" || !strings.Contains(e.Message, "check api_key and api_secret") {
				t.Errorf("a revoked key: %+v", e)
			}
			if n := c.secrets.fetches.Load(); n != 6 {
				t.Errorf("five processes fetched the secret %d times, want one time each and one more for the revoked key", n)
			}
			first.expectLines(t, 2, 6)
			fourth.expectLines(t, 0, 1)
		})
	}
}

func (f *function) report(t *testing.T, i invocation) (r app.Report) {
	t.Helper()
	a := f.invoke(t, i)
	if a.failed {
		t.Fatalf("%s: %s", i.payload, a.payload)
	}
	if err := json.Unmarshal(a.payload, &r); err != nil {
		t.Fatalf("%s: %v", a.payload, err)
	}
	return r
}

// expectLines counts what stands in the log: one line and one of metrics for each
// invocation. The runtime adds one of its own, which is no JSON, for each error.
func (f *function) expectLines(t *testing.T, good, bad int) {
	t.Helper()
	var counts map[any]int
	complete := func() bool {
		return counts["INFO"] == good && counts["ERROR"] == bad && counts["metrics"] == good+bad && counts["runtime"] == bad
	}
	// What a process has written comes through a pipe and may come after its answer.
	for wait := time.Now().Add(30 * time.Second); !complete() && time.Now().Before(wait); time.Sleep(10 * time.Millisecond) {
		counts = f.countLines()
	}
	if !complete() || len(counts) > 4 {
		t.Errorf("lines: %v, want %d bursts and %d errors\n%s", counts, good, bad, f.text())
	}
}

// countLines counts the lines by level, and those of metrics and of the runtime.
func (f *function) countLines() map[any]int {
	counts := make(map[any]int)
	for line := range strings.Lines(f.text()) {
		var fields map[string]any
		switch err := json.Unmarshal([]byte(line), &fields); {
		case err != nil:
			counts["runtime"]++
		case fields["_aws"] != nil:
			counts["metrics"]++
		default:
			counts[fields["level"]]++
		}
	}
	return counts
}

// What is wrong in the environment is one line, and no invocation is fetched.
func TestBootstrapDoesNotStart(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs a function")
	}
	binary := build(t, spec.Online, runtime.GOARCH)
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"no secret":      {nil, "SECRET_ARN"},
		"name of secret": {[]string{spec.EnvSecretARN + "=kafka"}, "arn:aws:secretsmanager:"},
		"topic":          {[]string{spec.EnvSecretARN + "=" + secretARN, spec.EnvTopic + "=a b"}, "TOPIC"},
		"rate":           {[]string{spec.EnvSecretARN + "=" + secretARN, spec.EnvEventsPerMinute + "=0"}, "EVENTS_PER_MINUTE"},
		"delivery":       {[]string{spec.EnvSecretARN + "=" + secretARN, spec.EnvDelivery + "=maybe"}, "idempotent"},
	} {
		t.Run(name, func(t *testing.T) {
			f := run(t, binary, c.env...)
			select {
			case <-f.exited:
			case f.api.next <- invocation{id: "x"}:
				t.Fatal("it asks for work")
			case <-time.After(10 * time.Second):
				t.Fatal("it goes on")
			}
			var line struct{ Level, Message, Error, Function string }
			if err := json.Unmarshal([]byte(f.text()), &line); err != nil || line.Level != "ERROR" || !strings.Contains(line.Error, c.says) {
				t.Errorf("log %s, want one line that says %q", f.text(), c.says)
			}
		})
	}
}
