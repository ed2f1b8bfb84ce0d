package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
)

// The functions run on arm64.
func TestFunctionsBuildForLambda(t *testing.T) {
	if testing.Short() {
		t.Skip("builds both functions")
	}
	for _, f := range contract.Functions() {
		info, err := os.Stat(lambdatest.Build(t, f.Name, "arm64"))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.1f MB", f.Name, float64(info.Size())/1e6)
	}
}

// cloud is what surrounds a function, as its environment names it.
type cloud struct {
	broker  *broker
	secrets *lambdatest.SecretsManager
	env     []string
}

func startCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{broker: startBroker(t, kafkatest.Start)}
	c.secrets = lambdatest.Secrets(t, c.broker.secretText(firstKey, keys[firstKey]))
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, c.broker.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	c.env = append(c.secrets.Env,
		contract.EnvTopic+"="+topic,
		contract.EnvSecretARN+"="+lambdatest.SecretARN,
		"SSL_CERT_FILE="+roots,                   // the system's certificate authorities
		"AWS_SECRET_ACCESS_KEY="+keys[secondKey]) // a function's own credentials are as secret
	return c
}

// function is a deployed binary that runs.
type function struct{ *lambdatest.Function }

func run(t *testing.T, binary string, env ...string) *function {
	t.Helper()
	var hidden []string
	for key, secret := range keys {
		hidden = append(hidden, key, secret)
	}
	return &function{lambdatest.Run(t, hidden, []string{binary}, env...)}
}

// The deployed binaries, under Lambda's API, with TLS and SASL to the broker: the
// report is what another client reads back from the topic.
func TestBootstrap(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs both functions")
	}
	for _, f := range contract.Functions() {
		binary := lambdatest.Build(t, f.Name, runtime.GOARCH)
		t.Run(f.Name, func(t *testing.T) {
			c := startCloud(t)
			first := run(t, binary, c.env...)
			second := run(t, binary, c.env...)

			r := first.report(t, lambdatest.Invocation{Payload: slot})
			if r.Function != f.Name || r.Trigger != app.TriggerSchedule || r.Expected == 0 {
				t.Errorf("report %+v", r)
			}
			c.broker.readAll(t).of(r.BurstID).expect(t, r)

			again := second.report(t, lambdatest.Invocation{Payload: slot, ID: "other-request"})
			if again.BurstID != r.BurstID {
				t.Errorf("two processes made bursts %s and %s of one slot", r.BurstID, again.BurstID)
			}
			if !again.Skipped {
				t.Errorf("the second process published the slot again: %+v", again)
			}
			c.broker.readAll(t).of(r.BurstID).expect(t, r)

			// Without the ledger the second process stores the same bytes again.
			unaware := run(t, binary, append(slices.Clone(c.env), contract.EnvDelivery+"="+contract.DeliveryIdempotent)...)
			if third := unaware.report(t, lambdatest.Invocation{Payload: slot}); third.BurstID != r.BurstID || third.Skipped {
				t.Errorf("report %+v", third)
			}
			a, b := c.broker.readAll(t).of(r.BurstID).twice(t)
			expectSame(t, a, b)

			asked := time.Now().Add(-time.Hour).Truncate(time.Second)
			spike := first.report(t, lambdatest.Invocation{
				Payload: `{"events":50000,"over":"5m"}`,
				Trace:   fmt.Sprintf("Root=1-%08x-bd862e3fe1be46a994272793;Sampled=0", asked.Unix()),
			})
			if spike.Expected != 50_000 || spike.Trigger != app.TriggerManual || !spike.CoversTo.Time().Equal(asked) {
				t.Errorf("report %+v, want one that covers until %v", spike, asked)
			}
			c.broker.readAll(t).of(spike.BurstID).expect(t, spike)

			for payload, says := range map[string]string{
				`{"events":0}`:                   "a whole number from 1",
				`{"event":5}`:                    "events, stages, scenario, brand",
				`{"at":"2999-01-01T00:00:00Z"}`:  "it is now",
				`{"brand":"Nobody's"}`:           "brand",
				`{"scheduled_time":"yesterday"}`: "schedule_arn",
			} {
				if e := first.Invoke(t, lambdatest.Invocation{Payload: payload}).Err(t); e.Type != "InvalidTrigger" || !strings.Contains(e.Message, says) {
					t.Errorf("payload %s: %+v, want one that says %q", payload, e, says)
				}
			}
			before := len(c.broker.readAll(t))
			e := first.Invoke(t, lambdatest.Invocation{Payload: slot, Deadline: time.Now().Add(contract.DeadlineMargin)}).Err(t)
			if e.Type != "NotPublished" || !strings.Contains(e.Message, "raise the function's timeout") {
				t.Errorf("too near a deadline: %+v", e)
			}
			if _, again, _ := sendAgain(t, letter(t, "r", slot, map[string]string{"errorMessage": e.Message, "errorType": e.Type}), true); again == "" || first.report(t, lambdatest.Invocation{Payload: again}).BurstID != r.BurstID {
				t.Errorf("the letter of %s is sent again as %s", e.Message, again)
			}
			if after := len(c.broker.readAll(t)); after != before {
				t.Errorf("%d events came from refused invocations", after-before)
			}

			c.broker.revoked.Store(firstKey)
			c.secrets.Value.Store(c.broker.secretText(secondKey, keys[secondKey]))
			third := run(t, binary, c.env...)
			r = third.report(t, lambdatest.Invocation{Payload: `{"events":100}`})
			c.broker.readAll(t).of(r.BurstID).expect(t, r)
			c.secrets.Value.Store(c.broker.secretText(firstKey, keys[firstKey]))
			fourth := run(t, binary, c.env...)
			if e := fourth.Invoke(t, lambdatest.Invocation{Payload: slot}).Err(t); e.Type != "NotPublished" || !strings.Contains(e.Message, "check api_key and api_secret") {
				t.Errorf("a revoked key: %+v", e)
			}
			if n := c.secrets.Fetches.Load(); n != 6 {
				t.Errorf("five processes fetched the secret %d times, want one time each and one more for the revoked key", n)
			}
			first.expectLines(t, 3, 6)
			fourth.expectLines(t, 0, 1)
		})
	}
}

func (f *function) report(t *testing.T, i lambdatest.Invocation) (r app.Report) {
	t.Helper()
	f.Result(t, i, &r)
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
		t.Errorf("lines: %v, want %d bursts and %d errors\n%s", counts, good, bad, f.Output())
	}
}

// countLines counts the lines by level, and those of metrics and of the runtime.
func (f *function) countLines() map[any]int {
	counts := make(map[any]int)
	for line := range strings.Lines(f.Output()) {
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
	binary := lambdatest.Build(t, contract.Online.Name, runtime.GOARCH)
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"no secret":      {nil, "SECRET_ARN"},
		"name of secret": {[]string{contract.EnvSecretARN + "=kafka"}, "arn:aws:secretsmanager:"},
		"topic":          {[]string{contract.EnvSecretARN + "=" + lambdatest.SecretARN, contract.EnvTopic + "=a b"}, "TOPIC"},
		"rate":           {[]string{contract.EnvSecretARN + "=" + lambdatest.SecretARN, contract.EnvEventsPerMinute + "=0"}, "EVENTS_PER_MINUTE"},
		"market":         {[]string{contract.EnvSecretARN + "=" + lambdatest.SecretARN, contract.EnvMarket + "=none.json", "LAMBDA_TASK_ROOT=" + t.TempDir()}, "MARKET \"none.json\": open "},
		"delivery":       {[]string{contract.EnvSecretARN + "=" + lambdatest.SecretARN, contract.EnvDelivery + "=maybe"}, "idempotent"},
	} {
		t.Run(name, func(t *testing.T) {
			f := run(t, binary, c.env...)
			select {
			case <-f.Exited:
			case f.Asks <- lambdatest.Invocation{ID: "x"}:
				t.Fatal("it asks for work")
			case <-time.After(10 * time.Second):
				t.Fatal("it goes on")
			}
			var line struct{ Level, Message, Error, Function string }
			if err := json.Unmarshal([]byte(f.Output()), &line); err != nil || line.Level != "ERROR" || !strings.Contains(line.Error, c.says) {
				t.Errorf("log %s, want one line that says %q", f.Output(), c.says)
			}
		})
	}
}
