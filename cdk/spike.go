package main

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/contract"
)

// spike has the state machines that cut one order into shards, one machine a function.
// An order is a function's payload with its number of events, or with stages. What has no id and at gets
// them from the execution, so that every shard, and every attempt at it, is of the same
// burst: a redrive, or a new execution with the same id and at, adds nothing.
type spike struct {
	machines map[string]awsstepfunctions.StateMachine // by the function's name in spec
}

func newSpike(scope constructs.Construct, s settings, p *producers) *spike {
	m := &spike{machines: make(map[string]awsstepfunctions.StateMachine)}
	for _, f := range contract.Functions() {
		m.machines[f.Name] = m.machine(scope, s, p, f)
	}
	return m
}

func (m *spike) machine(scope constructs.Construct, s settings, p *producers,
	f contract.Function) awsstepfunctions.StateMachine {
	id, name := title(f.Name)+"SpikeMachine", f.SpikeName()
	function := p.spikes[f.Name].FunctionArn()
	log := awslogs.NewLogGroup(scope, jsii.String(id+"Log"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/vendedlogs/states/" + name), // the prefix keeps the log's policy short
		Retention:     retention(s.logDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	machine := awsstepfunctions.NewStateMachine(scope, jsii.String(id), &awsstepfunctions.StateMachineProps{
		StateMachineName: jsii.String(name),
		Comment:          jsii.String(fmt.Sprintf("One order of %s sales, cut into shards", f.Channel)),
		DefinitionBody: awsstepfunctions.DefinitionBody_FromString(jsii.String(definition(*function,
			s.spikeConcurrency))),
		Logs:           &awsstepfunctions.LogOptions{Destination: log, Level: awsstepfunctions.LogLevel_ALL},
		TracingEnabled: jsii.Bool(s.tracing),
		Timeout:        awscdk.Duration_Hours(jsii.Number(2)),
	})
	stack := awscdk.Stack_Of(scope)
	arn := func(resource, name string) *string {
		return stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("states"), Resource: jsii.String(resource),
			ResourceName: jsii.String(name),
			ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME})
	}
	grant := func(action string, resource *string) {
		machine.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings(action),
			Resources: &[]*string{resource}}))
	}
	// A distributed map runs as executions of its own machine.
	grant("lambda:InvokeFunction", function)
	grant("states:StartExecution", arn("stateMachine", name))
	grant("states:DescribeExecution", arn("execution", name+"/*"))
	grant("states:StopExecution", arn("execution", name+"/*"))
	grant("states:RedriveExecution", arn("execution", name+"/*"))
	return machine
}

// shards is into how many an order is cut that has up to so many events. Their number is a part of the
// burst's name: where it is changed here, an order that is started again after that is another burst.
var shards = []struct {
	UpTo int `json:"upTo"`
	Of   int `json:"of"`
}{{20_000, 1}, {1_000_000, 20}, {contract.MaxSpike, 200}}

// cut is how an order is cut: its output has order and of, or else wrong, which says what is allowed. Stages
// are added up as package burst does it. What else is in the order the function reads, and refuses.
//
//go:embed cut.jsonata
var cut string

// definition is the state machine in the Amazon States Language.
func definition(function string, concurrency int) string {
	type object = map[string]any
	sizes, err := json.Marshal(shards)
	if err != nil {
		panic(err) // numbers
	}
	query := func(text string) string { return "{% " + text + " %}" }
	input := func(name string) string { return query("$states.input." + name) }
	states := object{
		"Cut": object{
			"Type": "Pass",
			"Output": query(fmt.Sprintf(
				"($most := %d; $mostStages := %d; $mostSeconds := %d; $written := /%s/; $sizes := %s;\n%s)",
				contract.MaxSpike, contract.MaxStages, int(contract.MaxOver.Seconds()), contract.StageOverPattern,
				sizes, cut)),
			"Next": "Known",
		},
		"Known": object{
			"Type":    "Choice",
			"Choices": []object{{"Condition": query("$exists($states.input.wrong)"), "Next": "Refused"}},
			"Default": "Shards",
		},
		"Refused": object{"Type": "Fail", "Error": "InvalidOrder", "Cause": input("wrong")},
		"Shards": object{
			"Type":           "Map",
			"Label":          "Shards",
			"Items":          query("[0..$states.input.of - 1]"),
			"MaxConcurrency": concurrency,
			"ItemSelector": object{"order": input("order"), "part": object{
				contract.FieldShard: query("$states.context.Map.Item.Value"), contract.FieldOf: input("of")}},
			"ItemProcessor": object{
				"ProcessorConfig": object{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
				"StartAt":         "Shard",
				"States": object{"Shard": object{
					"Type":     "Task",
					"Resource": "arn:aws:states:::lambda:invoke",
					"Arguments": object{"FunctionName": function,
						"Payload": query("$merge([$states.input.order, $states.input.part])")},
					"Output": query("$states.result.Payload"),
					"Retry": []object{
						// no attempt will understand it
						{"ErrorEquals": []string{contract.InvalidTrigger}, "MaxAttempts": 0},
						{"ErrorEquals": []string{"States.ALL"}, "IntervalSeconds": 2, "BackoffRate": 2,
							"MaxAttempts": 6, "MaxDelaySeconds": 60, "JitterStrategy": "FULL"},
					},
					"End": true,
				}},
			},
			"Output": object{
				"order": input("order"), "shards": query("$count($states.result)"),
				contract.ReportBurstID: query("$states.result[0]." + contract.ReportBurstID),
				"reports":              query("$states.result"),
			},
			"End": true,
		},
	}
	text, err := json.Marshal(object{"Comment": "One order, cut into shards", "QueryLanguage": "JSONata",
		"StartAt": "Cut", "States": states})
	if err != nil {
		panic(err) // maps and strings
	}
	return string(text)
}
