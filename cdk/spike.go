package main

import (
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
// An order is a function's payload with its number of events. What has no id and at gets
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

// shards is into how many an order is cut: the language of the states cannot divide. Their
// number is a part of the burst's name: where it is changed here, an order that is started
// again after that is another burst.
var shards = []struct{ upTo, of int }{{20_000, 1}, {1_000_000, 20}, {contract.MaxSpike, 200}}

// definition is the state machine in the Amazon States Language.
func definition(function string, concurrency int) string {
	type object = map[string]any
	states := object{
		"Named": object{
			"Type": "Pass",
			"Parameters": object{
				"order.$": "$",
				"named": object{contract.FieldID + ".$": "$$.Execution.Name",
					contract.FieldAt + ".$": "$$.Execution.StartTime"},
			},
			"Next": "Order",
		},
		"Order": object{
			"Type":       "Pass",
			"Parameters": object{"order.$": "States.JsonMerge($.named, $.order, false)"},
			"Next":       "Size",
		},
		"Cut": object{
			"Type": "Pass",
			"Parameters": object{"order.$": "$.order", "of.$": "$.cut.of",
				"shards.$": "States.ArrayRange(0, $.cut.last, 1)"},
			"Next": "Shards",
		},
		"Shards": object{
			"Type":           "Map",
			"Label":          "Shards",
			"ItemsPath":      "$.shards",
			"MaxConcurrency": concurrency,
			"ItemSelector": object{"order.$": "$.order",
				"part": object{contract.FieldShard + ".$": "$$.Map.Item.Value", contract.FieldOf + ".$": "$.of"}},
			"ItemProcessor": object{
				"ProcessorConfig": object{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
				"StartAt":         "Shard",
				"States": object{"Shard": object{
					"Type":     "Task",
					"Resource": "arn:aws:states:::lambda:invoke",
					"Parameters": object{"FunctionName": function,
						"Payload.$": "States.JsonMerge($.order, $.part, false)"},
					"OutputPath": "$.Payload",
					"Retry": []object{
						// no attempt will understand it
						{"ErrorEquals": []string{contract.InvalidTrigger}, "MaxAttempts": 0},
						{"ErrorEquals": []string{"States.ALL"}, "IntervalSeconds": 2, "BackoffRate": 2,
							"MaxAttempts": 6, "MaxDelaySeconds": 60, "JitterStrategy": "FULL"},
					},
					"End": true,
				}},
			},
			"ResultPath": "$.reports",
			"Next":       "Summary",
		},
		"Summary": object{
			"Type": "Pass",
			"Parameters": object{
				"order.$": "$.order", "shards.$": "States.ArrayLength($.reports)",
				contract.ReportBurstID + ".$": "States.ArrayGetItem($.reports[*]." + contract.ReportBurstID + ", 0)",
				"reports.$":                   "$.reports",
			},
			"End": true,
		},
		"NoSize": object{
			"Type": "Fail", "Error": "InvalidOrder",
			"Cause": fmt.Sprintf("events: a whole number from 1 to %d is needed, as in "+
				"{\"events\":%d,\"scenario\":\"flash-sale\"}", contract.MaxSpike, contract.MaxSpike),
		},
	}
	choices := []object{{"Variable": "$.order." + contract.FieldEvents, "IsPresent": false, "Next": "NoSize"}}
	for _, c := range shards {
		name := fmt.Sprintf("Into%d", c.of)
		choices = append(choices, object{"Variable": "$.order." + contract.FieldEvents, "NumericLessThanEquals": c.upTo,
			"Next": name})
		states[name] = object{"Type": "Pass", "Result": object{"of": c.of, "last": c.of - 1}, "ResultPath": "$.cut",
			"Next": "Cut"}
	}
	states["Size"] = object{"Type": "Choice", "Choices": choices, "Default": "NoSize"}
	text, err := json.Marshal(object{"Comment": "One order, cut into shards", "StartAt": "Named", "States": states})
	if err != nil {
		panic(err) // maps and strings
	}
	return string(text)
}
