package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// explain says why what a rule of AwsSolutions finds in a construct, or in its parts, is as
// it is meant to be.
func explain(c constructs.IConstruct, rule, why string) {
	cdknag.NagSuppressions_AddResourceSuppressions(c, &[]*cdknag.NagPackSuppression{{Id: jsii.String(rule), Reason: jsii.String(why)}}, jsii.Bool(true))
}

// explainAll explains the findings of the whole system. It runs last: some constructs,
// such as the schedules' roles, are made by others.
func explainAll(stack awscdk.Stack, s settings, p *producers, m *spike) {
	explain(p.letters, "AwsSolutions-SQS3", "It is the dead-letter queue: of the schedules and of the functions")
	for _, c := range *stack.Node().Children() {
		if strings.HasPrefix(*c.Node().Id(), "SchedulerRoleForTarget") {
			explain(c, "AwsSolutions-IAM5", "A schedule may invoke its one function, in any of its versions")
		}
	}
	for _, machine := range m.machines {
		explain(machine, "AwsSolutions-IAM5",
			"The rights to deliver logs know no resources; those to its own executions name the machine, and an execution's name is known only when it runs")
		if !s.tracing {
			explain(machine, "AwsSolutions-SF2", "Tracing is the user's choice, context key tracing: each trace costs")
		}
	}
}
