package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/cxapi"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

func TestFunctions(t *testing.T) {
	tpl := synthesize(t, map[string]any{"druid": "false"}) // whose functions would be the CDK's own
	functions := tpl.of(t, "AWS::Lambda::Function")
	if len(functions) != 4 {
		t.Errorf("%d functions, want each of two for the schedule and for spikes", len(functions))
	}
	reserved := make(map[string]any)
	for id, f := range functions {
		name := at(f.Properties, "FunctionName").(string)
		reserved[name] = f.Properties["ReservedConcurrentExecutions"]
		for path, want := range map[string]string{
			"Runtime": `"provided.al2023"`, "Architectures": `["arm64"]`, "Handler": `"bootstrap"`, "MemorySize": "512", "Timeout": "60", "TracingConfig": "null",
		} {
			if got := compact(f.Properties[path]); got != want {
				t.Errorf("%s: %s is %s, want %s", id, path, got, want)
			}
		}
		for key, want := range map[string]string{
			"TOPIC": `"ecommerce-topic-1"`, "DELIVERY": `"exactly-once"`, "SCENARIO": `""`,
			"SECRET_ARN": `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":secretsmanager:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":secret:salesburst/producer"]]}`,
		} {
			if got := compact(at(f.Properties, "Environment", "Variables", key)); got != want {
				t.Errorf("%s: %s is %s, want %s", id, key, got, want)
			}
		}
		if n := len(at(f.Properties, "Environment", "Variables").(map[string]any)); n != 5 {
			t.Errorf("%s has %d variables, want 5", id, n)
		}
	}
	for name, want := range map[string]string{"salesburst-online": "1", "salesburst-store": "1", "salesburst-online-spike": "null", "salesburst-store-spike": "null"} {
		if got := compact(reserved[name]); got != want {
			t.Errorf("%s has reserved concurrency %s, want %s", name, got, want)
		}
	}
}

// The plan of incidents is beside each function's binary, and the function is told its name.
func TestFunctionsCarryTheIncidents(t *testing.T) {
	const file = "testdata/incidents/outage.json"
	stack := defined(t, map[string]any{"druid": "false", "incidents": file, "labels": false, "truth": false})
	for id, f := range templateOf(t, stack).of(t, "AWS::Lambda::Function") {
		variables := at(f.Properties, "Environment", "Variables").(map[string]any)
		if variables["INCIDENTS"] != "incidents.json" || variables["LABELS"] != "false" || variables["TRUTH"] != "false" || len(variables) != 8 {
			t.Errorf("%s is told %s", id, compact(variables))
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	app, _ := stack.Node().Root().(awscdk.App)
	carried, err := filepath.Glob(filepath.Join(*app.Synth(nil).Directory(), "asset.*", "incidents.json"))
	if err != nil || len(carried) != 2 {
		t.Fatalf("error %v, %d assets carry it, want those of both functions", err, len(carried))
	}
	for _, path := range carried {
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s: %s, error %v", path, got, err)
		}
	}
}

// The file of the key market is beside each function's binary, and the function is told its name.
func TestFunctionsCarryTheMarket(t *testing.T) {
	const file = "testdata/market/sundays.json"
	stack := defined(t, map[string]any{"druid": "false", "market": file})
	with := templateOf(t, stack)
	for id, f := range with.of(t, "AWS::Lambda::Function") {
		variables := at(f.Properties, "Environment", "Variables").(map[string]any)
		if variables["MARKET"] != "market.json" || len(variables) != 6 {
			t.Errorf("%s is told %s", id, compact(variables))
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	app, _ := stack.Node().Root().(awscdk.App)
	assembly := app.Synth(nil)
	carried, err := filepath.Glob(filepath.Join(*assembly.Directory(), "asset.*", "market.json"))
	if err != nil || len(carried) != 2 {
		t.Fatalf("error %v, %d assets carry it, want those of both functions", err, len(carried))
	}
	for _, path := range carried {
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s: %s, error %v", path, got, err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "bootstrap")); err != nil {
			t.Error(err)
		}
	}
	// What is not the same file is another asset, which a deploy sends.
	without := synthesize(t, map[string]any{"druid": "false"})
	for id, f := range with.of(t, "AWS::Lambda::Function") {
		if compact(f.Properties["Code"]) == compact(without.Resources[id].Properties["Code"]) {
			t.Errorf("%s has the same code with and without the file", id)
		}
	}
}

func TestSchedules(t *testing.T) {
	tpl := synthesize(t, nil)
	schedules := tpl.of(t, "AWS::Scheduler::Schedule")
	if len(schedules) != 2 {
		t.Errorf("%d schedules, want 2", len(schedules))
	}
	for id, s := range schedules {
		for _, c := range []struct {
			path []string
			want string
		}{
			{[]string{"ScheduleExpression"}, `"rate(1 minute)"`},
			{[]string{"FlexibleTimeWindow", "Mode"}, `"OFF"`},
			{[]string{"Target", "Input"}, `"{\"schedule_arn\":\"<aws.scheduler.schedule-arn>\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"`},
			{[]string{"Target", "RetryPolicy"}, `{"MaximumEventAgeInSeconds":3600,"MaximumRetryAttempts":20}`},
		} {
			if got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(compact(at(s.Properties, c.path...))); got != c.want {
				t.Errorf("%s: %v is %s, want %s", id, c.path, got, c.want)
			}
		}
		if at(s.Properties, "Target", "DeadLetterConfig", "Arn") == nil {
			t.Errorf("%s has no dead-letter queue", id)
		}
	}
	for id, c := range tpl.of(t, "AWS::Lambda::EventInvokeConfig") {
		if at(c.Properties, "DestinationConfig", "OnFailure", "Destination") == nil || compact(c.Properties["MaximumEventAgeInSeconds"]) != "3600" {
			t.Errorf("%s: %s", id, compact(c.Properties))
		}
	}
}

// A function's role has its own log, the one secret, and the queue of its dead letters.
func TestFunctionsMayDoLittle(t *testing.T) {
	tpl := synthesize(t, nil)
	allowed := map[string]string{
		"logs:CreateLogStream": "Log", "logs:PutLogEvents": "Log", "secretsmanager:GetSecretValue": ":secret:salesburst/producer-??????",
		"sqs:SendMessage": "DeadLetters", "sqs:GetQueueAttributes": "DeadLetters", "sqs:GetQueueUrl": "DeadLetters",
	}
	seen := 0
	for id, p := range tpl.of(t, "AWS::IAM::Policy") {
		if !strings.HasPrefix(id, "Online") && !strings.HasPrefix(id, "Store") || !strings.Contains(id, "RoleDefaultPolicy") || strings.Contains(id, "Machine") {
			continue
		}
		seen++
		for _, statement := range at(p.Properties, "PolicyDocument", "Statement").([]any) {
			actions, several := at(statement, "Action").([]any)
			if !several {
				actions = []any{at(statement, "Action")}
			}
			for _, action := range actions {
				where, ok := allowed[action.(string)]
				if resource := compact(at(statement, "Resource")); !ok || !strings.Contains(resource, where) || strings.Contains(resource, `"*"`) {
					t.Errorf("%s: %v on %s", id, action, resource)
				}
			}
		}
	}
	if seen != 4 {
		t.Errorf("%d policies of functions, want 4", seen)
	}
	for id, r := range tpl.of(t, "AWS::IAM::Role") {
		if r.Properties["ManagedPolicyArns"] != nil && !strings.HasPrefix(id, "CustomVpcRestrictDefaultSG") { // that is the CDK's own
			t.Errorf("%s has managed policies", id)
		}
	}
}

func TestLogsEnd(t *testing.T) {
	for id, l := range synthesize(t, unusual).of(t, "AWS::Logs::LogGroup") {
		if compact(l.Properties["RetentionInDays"]) != "60" {
			t.Errorf("%s keeps its logs for %s days", id, compact(l.Properties["RetentionInDays"]))
		}
	}
}

// Each finding of the AwsSolutions rules is mended, or explained in the code.
func TestNag(t *testing.T) {
	for name, context := range goldens {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && context != nil {
				t.Skip("defines and checks another stack")
			}
			stack := defined(t, context)
			awscdk.Aspects_Of(stack).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
			a := assertions.Annotations_FromStack(stack)
			for _, found := range []*[]*cxapi.SynthesisMessage{
				a.FindError(jsii.String("*"), assertions.Match_AnyValue()), a.FindWarning(jsii.String("*"), assertions.Match_AnyValue()),
			} {
				for _, m := range *found {
					t.Errorf("%s: %v", *m.Id, m.Entry.Data)
				}
			}
		})
	}
}

// goldens are the contexts whose whole templates are kept, so that a change of the code
// shows what it changes in the cloud: go test ./cdk -run Golden -update.
var goldens = map[string]map[string]any{
	"default":   nil,
	"observed":  {"alarmEmail": "ops@example.com", "tracing": "true", "logDays": "365", "memory": "1024", "druid": "false"},
	"plain":     {"delivery": "idempotent", "topic": "sales", "producerSecret": "kafka", "spikeConcurrency": "10", "druid": "false"},
	"producers": {"druid": "false"},
	"private":   {"privateSubnets": "true"},
	"grafana":   {"grafanaCidr": "203.0.113.0/24"},
}

func TestGoldenTemplates(t *testing.T) {
	for name, context := range goldens {
		t.Run(name, func(t *testing.T) {
			got := indent(t, synthesize(t, context).raw)
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("the template differs from %s: look at what changes with go test ./cdk -run Golden -update and git diff", file)
			}
		})
	}
}
