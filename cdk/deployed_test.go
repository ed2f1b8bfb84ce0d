package main

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

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/twmb/franz-go/pkg/kfake"

	druid "salesburst/druid-ec2"
	"salesburst/shared/app"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/sale"
)

// deployed is an app as it is sent to the cloud, with the functions' real binaries.
type deployed struct {
	dir string // cdk.out
	template
}

func deploy(t *testing.T, context map[string]any) *deployed {
	t.Helper()
	s, err := readSettings(context)
	if err != nil {
		t.Fatal(err)
	}
	code, err := buildFunctions("..")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(code) })
	if err := addFiles(code, s); err != nil {
		t.Fatal(err)
	}
	if err := druid.Write(filepath.Join(code, druidFiles)); err != nil {
		t.Fatal(err)
	}
	d := &deployed{dir: t.TempDir()}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(d.dir), AnalyticsReporting: jsii.Bool(false)})
	define(app, s, code)
	app.Synth(nil)
	text, err := os.ReadFile(filepath.Join(d.dir, "Salesburst.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d.template); err != nil {
		t.Fatal(err)
	}
	return d
}

// function is the binary that is sent for a function, as a command of this machine, and the
// environment that the template and Lambda give it.
func (d *deployed) function(t *testing.T, name string) (command []string, env map[string]string) {
	t.Helper()
	for _, f := range d.of(t, "AWS::Lambda::Function") {
		if f.Properties["FunctionName"] != name {
			continue
		}
		key := at(f.Properties, "Code", "S3Key").(string)
		binary := filepath.Join(d.dir, "asset."+strings.TrimSuffix(key, ".zip"), f.Properties["Handler"].(string))
		if command = []string{binary}; runtime.GOARCH != "arm64" {
			command = []string{"qemu-aarch64-static", binary}
		}
		env = map[string]string{"LAMBDA_TASK_ROOT": filepath.Dir(binary)}
		for variable, value := range at(f.Properties, "Environment", "Variables").(map[string]any) {
			env[variable] = resolved(value)
		}
		return command, env
	}
	t.Fatalf("there is no function %s", name)
	return nil, nil
}

// cloud is what the functions find around them.
type cloud struct {
	*kafkatest.Broker
	secrets *lambdatest.SecretsManager
	roots   string // file
}

func newCloud(t *testing.T, topic string) *cloud {
	t.Helper()
	b := kafkatest.Start(t, kfake.SeedTopics(kafkatest.Partitions, topic))
	b.Topic = topic
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, b.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return &cloud{b, lambdatest.Secrets(t, lambdatest.Secret(b.Addrs, b.User, b.Password)), roots}
}

// run starts a function. Its secret is one whose ARN begins with what the template says.
func (c *cloud) run(t *testing.T, command []string, env map[string]string) *lambdatest.Function {
	t.Helper()
	c.secrets.ARN = env["SECRET_ARN"]
	all := append(c.secrets.Env, "SSL_CERT_FILE="+c.roots)
	for name, value := range env {
		all = append(all, name+"="+value)
	}
	return lambdatest.Run(t, []string{c.Password}, command, all...)
}

// The file that is deployed, with the environment that it is given there, does what its
// schedule asks for, and once.
func TestDeployedFunctions(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the functions and emulates their processor")
	}
	d := deploy(t, nil)
	for _, name := range []string{"online", "store"} {
		t.Run(name, func(t *testing.T) {
			command, env := d.function(t, "salesburst-"+name)
			c := newCloud(t, env["TOPIC"])
			f := c.run(t, command, env)
			// A minute at night, when stores are shut, is a burst without events: before it was an open one.
			var payload string
			var first, again app.Report
			for at := time.Now().UTC().Truncate(time.Minute); first.Events == 0 && time.Since(at) < 48*time.Hour; at = at.Add(-time.Hour) {
				payload = d.scheduled(t, name, at)
				f.Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(time.Minute)}, &first)
			}
			f.Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(time.Minute)}, &again)
			events := c.Read(t)
			if first.Events == 0 || len(events) != first.Events || !again.Skipped || again.BurstID != first.BurstID {
				t.Errorf("%d events in the topic, reports %+v and %+v", len(events), first, again)
			}
			for _, e := range events {
				if got := e.Sale.OrderType.String(); !strings.Contains(got, name) {
					t.Fatalf("%s sold %s", name, got)
				}
			}
		})
	}
}

// The function finds the file that is deployed with it, which shuts the stores on Sundays.
func TestDeployedMarket(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the functions and emulates their processor")
	}
	d := deploy(t, map[string]any{"druid": "false", "market": "testdata/market/sundays.json"})
	command, env := d.function(t, "salesburst-store")
	c := newCloud(t, env["TOPIC"])
	sunday := time.Now().UTC().Truncate(24 * time.Hour)
	for sunday.Weekday() != time.Sunday {
		sunday = sunday.AddDate(0, 0, -1)
	}
	if sunday = sunday.Add(20 * time.Hour); sunday.After(time.Now()) { // 14 or 15 h in the East, and open anywhere
		sunday = sunday.AddDate(0, 0, -7)
	}
	payload := d.scheduled(t, "store", sunday)
	var with, without app.Report
	f := c.run(t, command, env)
	f.Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(time.Minute)}, &with)
	delete(env, "MARKET")
	f = c.run(t, command, env)
	f.Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(time.Minute)}, &without)
	if with.Events != 0 || without.Events == 0 || with.BurstID == without.BurstID {
		t.Errorf("with the file %+v, without %+v", with, without)
	}
}

// scheduled is what EventBridge Scheduler makes of a schedule's input.
func (d *deployed) scheduled(t *testing.T, function string, minute time.Time) string {
	t.Helper()
	for id, s := range d.of(t, "AWS::Scheduler::Schedule") {
		if !strings.HasPrefix(strings.ToLower(id), function) {
			continue
		}
		return strings.NewReplacer(
			"<aws.scheduler.scheduled-time>", minute.Format(time.RFC3339),
			"<aws.scheduler.schedule-arn>", "arn:aws:scheduler:us-east-1:123456789012:schedule/default/"+id,
		).Replace(at(s.Properties, "Target", "Input").(string))
	}
	t.Fatalf("function %s has no schedule", function)
	return ""
}

// What the state machine makes of one order, given to the file that is deployed, is the
// whole spike; the same order by another execution adds nothing.
func TestDeployedSpike(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the functions, emulates their processor and runs the machine in Python")
	}
	command, env := deploy(t, nil).function(t, "salesburst-online-spike")
	at := time.Now().UTC().Truncate(time.Minute)
	for name, c := range map[string]struct {
		load   string
		events int
		counts []int // of its seconds; nil: by chance
	}{
		"events": {`"events":20500`, 20_500, nil},
		"stages": {`"stages":[{"over":"2s","to":10000},{"over":"1s","per_second":10000},{"over":"4s","to":0}]`, 40_000,
			[]int{2500, 7500, 10_000, 8750, 6250, 3750, 1250}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(t, env["TOPIC"])
			f := cloud.run(t, command, env)
			order := fmt.Sprintf(`{%s,"scenario":"flash-sale","id":"rehearsal","at":%q}`, c.load, at.Format(time.RFC3339))
			run := func(execution string) (published int) {
				for _, payload := range execute(t, synthesized(t), execution, order)[0].Payloads {
					var r app.Report
					f.Result(t, lambdatest.Invocation{Payload: compact(payload), Deadline: time.Now().Add(time.Minute)}, &r)
					if !r.Skipped {
						published += r.Events
					}
				}
				return published
			}
			if first, second := run("first"), run("second"); first != c.events || second != 0 {
				t.Errorf("%d and %d events are published, want %d and none", first, second, c.events)
			}
			sales := cloud.Read(t)
			seen := make(map[sale.TransactionID]bool)
			counts := make([]int, len(c.counts))
			for _, e := range sales {
				seen[e.Sale.TransactionID] = true
				if c.counts != nil {
					counts[len(counts)-1-int(at.Sub(e.Sale.Timestamp.Time())-1)/int(time.Second)]++
				}
			}
			for n := range uint32(c.events) {
				if !seen[sale.TransactionID{Burst: sales[0].Sale.TransactionID.Burst, Sequence: n}] {
					t.Fatalf("sale %d of the burst is missing", n)
				}
			}
			if len(sales) != c.events || !slices.Equal(counts, c.counts) {
				t.Errorf("%d sales are in the topic, %v in each second; want %d, %v", len(sales), counts, c.events, c.counts)
			}
		})
	}
}
