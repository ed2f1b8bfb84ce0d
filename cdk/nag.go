package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/customresources"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"salesburst/shared/contract"
)

// suppressNag says why what a rule of AwsSolutions finds in a construct, or in its parts, is as
// it is meant to be.
func suppressNag(c constructs.IConstruct, rule, why string) {
	cdknag.NagSuppressions_AddResourceSuppressions(c,
		&[]*cdknag.NagPackSuppression{{Id: jsii.String(rule), Reason: jsii.String(why)}}, jsii.Bool(true))
}

// suppressNags explains the findings of the whole system. It runs last: some constructs,
// such as the schedules' roles, are made by others.
func suppressNags(stack awscdk.Stack, s settings, p *producers, m *spike, i *instance) {
	suppressNag(p.deadLetterQueue, "AwsSolutions-SQS3",
		"It is the dead-letter queue: of the schedules and of the functions")
	for _, c := range *stack.Node().Children() {
		if strings.HasPrefix(*c.Node().Id(), "SchedulerRoleForTarget") {
			suppressNag(c, "AwsSolutions-IAM5", "A schedule may invoke its one function, in any of its versions")
		}
	}
	if s.tracing {
		for _, f := range contract.Functions() {
			for _, function := range []awslambda.Function{p.scheduled[f.Name], p.spikes[f.Name]} {
				suppressNag(function.Role(), "AwsSolutions-IAM5", "The rights to send traces know no resources")
			}
		}
	}
	for _, machine := range m.machines {
		suppressNag(machine, "AwsSolutions-IAM5",
			"The rights to deliver logs know no resources; those to its own executions name the machine, and an "+
				"execution's name is known only when it runs")
		if !s.tracing {
			suppressNag(machine, "AwsSolutions-SF2",
				"Tracing is the user's choice, context key tracing: each trace costs")
		}
	}
	if i != nil {
		suppressInstanceNags(stack, i)
	}
}

func suppressInstanceNags(stack awscdk.Stack, i *instance) {
	suppressNag(i.password, "AwsSolutions-SMG4",
		"Grafana holds a copy of the password, and would be locked out by a change that nobody told it. Who changes "+
			"the secret restarts druid-gateway, or lets the instance be replaced")
	suppressNag(i.role, "AwsSolutions-IAM5",
		"It attaches its volume to instances of its group alone and writes metrics of one namespace alone, which "+
			"conditions say; the rights to describe volumes and to be reached by Session Manager know no resources")
	suppressNag(i.snapshots, "AwsSolutions-IAM5",
		"A snapshot's name is known only when it is there; only those with this project's tag may be deleted. The "+
			"rights to describe know no resources")
	suppressNag(i.finder, "AwsSolutions-IAM5", "The right to describe images knows no resources")
	// The CDK's own function, which it names so. The rule wants a runtime in plain text.
	provider := strings.ReplaceAll(*customresources.AwsCustomResource_PROVIDER_FUNCTION_UUID(), "-", "")
	suppressNag(stack.Node().FindChild(jsii.String("AWS"+provider)),
		"CdkNagValidationFailure", "Its runtime is the newest of Node.js that the region has")
}
