package main

import (
	"fmt"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsschedulertargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/contract"
)

const timeoutSeconds = 60

// attempts of a scheduled burst are bounded to an hour: then its minute is history, and
// whoever wants it sends the dead letter again.
const attemptHours = 1

// producers are the functions. Each is there twice, from the same file: the scheduled
// one runs one burst at a time, so that a slow minute never overlaps the next; the one
// for spikes runs as many as are asked for. So a spike cannot keep the schedule waiting,
// nor the schedule a spike.
type producers struct {
	scheduled       map[string]awslambda.Function // by the name in spec
	spikes          map[string]awslambda.Function
	schedules       map[string]awsscheduler.Schedule
	deadLetterQueue awssqs.Queue // dead ones; letter.jq reads them
}

func newProducers(scope constructs.Construct, s settings, code string) *producers {
	p := &producers{
		scheduled: make(map[string]awslambda.Function),
		spikes:    make(map[string]awslambda.Function),
		schedules: make(map[string]awsscheduler.Schedule),
		deadLetterQueue: awssqs.NewQueue(scope, jsii.String("DeadLetters"), &awssqs.QueueProps{
			Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
			EnforceSSL:      jsii.Bool(true),
			RetentionPeriod: awscdk.Duration_Days(jsii.Number(7)), // brokers keep a ledger no longer by default
		}),
	}
	awscdk.NewCfnOutput(scope, jsii.String("DeadLetterQueue"), &awscdk.CfnOutputProps{
		Description: jsii.String("URL of the queue with the bursts that nobody could publish"),
		Value:       p.deadLetterQueue.QueueUrl(),
	})
	for _, f := range contract.Functions() {
		p.scheduled[f.Name] = p.function(scope, s, f, code, title(f.Name), f.FunctionName(), jsii.Number(1))
		p.spikes[f.Name] = p.function(scope, s, f, code, title(f.Name)+"Spike", f.SpikeName(), nil)
		p.schedules[f.Name] = p.schedule(scope, f)
	}
	return p
}

func (p *producers) function(scope constructs.Construct, s settings, f contract.Function, code, id, name string,
	reserved *float64) awslambda.Function {
	log := awslogs.NewLogGroup(scope, jsii.String(id+"Log"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + name),
		Retention:     retention(s.logDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	tracing := awslambda.Tracing_DISABLED
	if s.tracing {
		tracing = awslambda.Tracing_ACTIVE
	}
	secret := secretARN(scope, s.producerSecret)
	return awslambda.NewFunction(scope, jsii.String(id), &awslambda.FunctionProps{
		FunctionName: jsii.String(name),
		Description:  jsii.String(fmt.Sprintf("Bursts of %s sales into Kafka", f.Channel)),
		Architecture: awslambda.Architecture_ARM_64(),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Handler:      jsii.String("bootstrap"),
		Code: awslambda.Code_FromAsset(jsii.String(filepath.Join(code, f.Name)),
			&awss3assets.AssetOptions{}),
		MemorySize:                   jsii.Number(float64(s.memory)),
		Timeout:                      awscdk.Duration_Seconds(jsii.Number(timeoutSeconds)),
		ReservedConcurrentExecutions: reserved,
		Tracing:                      tracing,
		LogGroup:                     log,
		Role:                         role(scope, id, log, secret),
		// A destination's letter has what the function answered, and with it the order that
		// repeats the burst; that of a plain dead-letter queue has only what was asked.
		OnFailure:     awslambdadestinations.NewSqsDestination(p.deadLetterQueue),
		MaxEventAge:   awscdk.Duration_Hours(jsii.Number(attemptHours)),
		RetryAttempts: jsii.Number(2),
		Environment:   environment(s, f, secret),
	})
}

// environment is what a function reads when it starts.
func environment(s settings, f contract.Function, secret *string) *map[string]*string {
	perMinute := s.onlineEventsPerMinute
	if f.Name == contract.Store.Name {
		perMinute = s.storeEventsPerMinute
	}
	e := map[string]*string{
		contract.EnvTopic:           jsii.String(s.topic),
		contract.EnvSecretARN:       secret,
		contract.EnvEventsPerMinute: jsii.String(fmt.Sprint(perMinute)),
		contract.EnvDelivery:        jsii.String(s.delivery),
		contract.EnvScenario:        jsii.String(s.scenario),
	}
	if s.market != "" {
		e[contract.EnvMarket] = jsii.String(contract.MarketFile)
	}
	if s.incidents != "" {
		e[contract.EnvIncidents] = jsii.String(contract.IncidentsFile)
	}
	for name, on := range map[string]bool{contract.EnvLabels: s.labels, contract.EnvTruth: s.truth} {
		if !on {
			e[name] = jsii.String("false")
		}
	}
	return &e
}

// role may write the function's own log and read the one secret.
func role(scope constructs.Construct, id string, log awslogs.LogGroup, secret *string) awsiam.Role {
	r := awsiam.NewRole(scope, jsii.String(id+"Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	log.GrantWrite(r)
	r.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings("secretsmanager:GetSecretValue"),
		Resources: &[]*string{withSuffix(secret)},
	}))
	return r
}

// secretARN is the ARN of a secret in this account, without the six random characters at
// its end: nobody can know them before the secret is there, and Secrets Manager does not need them.
func secretARN(scope constructs.Construct, name string) *string {
	return awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("secretsmanager"), Resource: jsii.String("secret"), ResourceName: jsii.String(name),
		ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

// withSuffix is what rights to a secret name, whatever its six random characters are.
func withSuffix(secretARN *string) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{secretARN, jsii.String("-??????")})
}

// schedule wakes a function every minute. What it says is the same at each attempt, so
// that each attempt is at the same burst.
func (p *producers) schedule(scope constructs.Construct, f contract.Function) awsscheduler.Schedule {
	slot := awscdk.Duration_Minutes(jsii.Number(contract.Slot.Minutes()))
	return awsscheduler.NewSchedule(scope, jsii.String(title(f.Name)+"Schedule"), &awsscheduler.ScheduleProps{
		Description: jsii.String(fmt.Sprintf("A burst of %s sales each minute", f.Channel)),
		Schedule:    awsscheduler.ScheduleExpression_Rate(slot),
		TimeWindow:  awsscheduler.TimeWindow_Off(),
		Target: awsschedulertargets.NewLambdaInvoke(p.scheduled[f.Name], &awsschedulertargets.ScheduleTargetBaseProps{
			Input: awsscheduler.ScheduleTargetInput_FromObject(map[string]string{
				contract.FieldScheduledTime: "<aws.scheduler.scheduled-time>",
				contract.FieldScheduleARN:   "<aws.scheduler.schedule-arn>",
			}),
			MaxEventAge:     awscdk.Duration_Hours(jsii.Number(attemptHours)),
			RetryAttempts:   jsii.Number(20),
			DeadLetterQueue: p.deadLetterQueue,
		}),
	})
}

func retention(days int) awslogs.RetentionDays {
	names := map[int]awslogs.RetentionDays{
		1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
		7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
		60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS,
		120: awslogs.RetentionDays_FOUR_MONTHS,
		150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS,
		365: awslogs.RetentionDays_ONE_YEAR,
	}
	return names[days]
}

func title(name string) string { return string(name[0]-'a'+'A') + name[1:] }
