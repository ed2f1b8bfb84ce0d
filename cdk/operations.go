package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/contract"
)

// diskPercent of the data volume used is an alarm: there is time to make it larger, or to
// keep the data for less long.
const diskPercent = 80

// operations is what tells people that something is wrong, and what they look at then.
type operations struct {
	scope constructs.Construct
	topic awssns.Topic
}

// newOperations watches Druid's instance too, where there is one.
func newOperations(scope constructs.Construct, s settings, p *producers, m *spike, i *instance) *operations {
	o := &operations{scope: scope, topic: awssns.NewTopic(scope, jsii.String("Alarms"),
		&awssns.TopicProps{EnforceSSL: jsii.Bool(true)})}
	o.letAlarmsPublish()
	if s.alarmEmail != "" {
		o.topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(s.alarmEmail), nil))
	}
	minute := awscdk.Duration_Minutes(jsii.Number(1))
	o.alarm("LettersWait", "Bursts that nobody could publish wait in the dead-letter queue", 0, 1, 1,
		p.deadLetterQueue.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Period: minute}),
		awscloudwatch.TreatMissingData_NOT_BREACHING)
	for _, f := range contract.Functions() {
		id, fn := title(f.Name), p.scheduled[f.Name]
		sum := &awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Sum")}
		o.missingDataAlarm(id+"Silent", "No scheduled burst of "+f.Name+" for five minutes",
			awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
				Expression: jsii.String("invocations - errors"), // the functions' own metrics count spikes too
				UsingMetrics: &map[string]awscloudwatch.IMetric{"invocations": fn.MetricInvocations(sum),
					"errors": fn.MetricErrors(sum)},
				Period: minute,
			}))
		o.alarm(id+"Errors", "Bursts of "+f.Name+" fail", 0, 3, 5, fn.MetricErrors(sum),
			awscloudwatch.TreatMissingData_NOT_BREACHING)
		o.alarm(id+"Throttles", "Attempts at bursts of "+f.Name+" wait for each other", 0, 3, 5,
			fn.MetricThrottles(sum), awscloudwatch.TreatMissingData_NOT_BREACHING)
		o.alarm(id+"Slow", "Bursts of "+f.Name+" come near the timeout", 0.75*timeoutSeconds*1000, 3, 5,
			fn.MetricDuration(&awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Maximum")}),
			awscloudwatch.TreatMissingData_NOT_BREACHING)
	}
	for _, f := range contract.Functions() {
		o.alarm(title(f.Name)+"SpikesFail", "A spike of "+f.Name+" did not end well", 0, 1, 1,
			m.machines[f.Name].MetricFailed(&awscloudwatch.MetricOptions{Period: minute,
				Statistic: jsii.String("Sum")}), awscloudwatch.TreatMissingData_NOT_BREACHING)
	}
	if i != nil {
		o.watch(i)
	}
	o.dashboard(s, p, i)
	return o
}

// letAlarmsPublish gives back what a topic without a policy of its own would allow by itself.
func (o *operations) letAlarmsPublish() {
	alarms := awscdk.Stack_Of(o.scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"), ResourceName: jsii.String("*"),
		ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
	o.topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{o.topic.TopicArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": alarms}},
	}))
}

// watch rings when the instance is unhealthy or its disk fills up, and tells when the group replaces
// it, or cannot. To hear nothing for longer than a replacement takes is as bad as a bad figure.
func (o *operations) watch(i *instance) {
	o.alarm("DruidIll", "Druid's instance fails EC2's status checks, or there is none", 0, 2, 2,
		i.metric("StatusCheckFailed"), awscloudwatch.TreatMissingData_BREACHING)
	full := o.alarm("DruidDiskFull", fmt.Sprintf("Druid's data volume is more than %d %% full, or the instance does "+
		"not say how full it is", diskPercent),
		diskPercent, 15, 15, i.diskUsed(), awscloudwatch.TreatMissingData_BREACHING)
	full.Node().AddDependency(i.group) // it would ring at once where nothing was ever said
	group := i.group.Node().DefaultChild().(awsautoscaling.CfnAutoScalingGroup)
	group.SetNotificationConfigurations([]any{&awsautoscaling.CfnAutoScalingGroup_NotificationConfigurationProperty{
		TopicArn: o.topic.TopicArn(),
		NotificationTypes: jsii.Strings("autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
			"autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR"),
	}})
}

// own is one of the functions' own metrics.
func own(m contract.Metric, f contract.Function, statistic string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(contract.MetricsNamespace), MetricName: jsii.String(m.Name),
		Statistic:     jsii.String(statistic),
		DimensionsMap: &map[string]*string{contract.FunctionDimension: jsii.String(f.Name)},
		Period:        awscdk.Duration_Minutes(jsii.Number(1)),
		Label:         jsii.String(f.Name),
	})
}

// alarm rings when a metric is above a threshold in some of its last periods.
func (o *operations) alarm(id, text string, above float64, periods, of float64, m awscloudwatch.IMetric,
	missing awscloudwatch.TreatMissingData) awscloudwatch.Alarm {
	a := awscloudwatch.NewAlarm(o.scope, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(text), Metric: m, Threshold: jsii.Number(above),
		DatapointsToAlarm: jsii.Number(periods),
		EvaluationPeriods: jsii.Number(of), ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		TreatMissingData: missing,
	})
	a.AddAlarmAction(awscloudwatchactions.NewSnsAction(o.topic))
	return a
}

// missingDataAlarm rings when a metric has nothing to say for five minutes.
func (o *operations) missingDataAlarm(id, text string, m awscloudwatch.IMetric) {
	a := awscloudwatch.NewAlarm(o.scope, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(text), Metric: m, Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(5),
		ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_BREACHING,
	})
	a.AddAlarmAction(awscloudwatchactions.NewSnsAction(o.topic))
}

func (o *operations) dashboard(s settings, p *producers, i *instance) {
	graph := func(title string, of func(contract.Function) awscloudwatch.IMetric) awscloudwatch.IWidget {
		var lines []awscloudwatch.IMetric
		for _, f := range contract.Functions() {
			lines = append(lines, of(f))
		}
		return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &lines,
			Width: jsii.Number(8)})
	}
	metric := func(title string, m contract.Metric, statistic string) awscloudwatch.IWidget {
		return graph(title, func(f contract.Function) awscloudwatch.IMetric { return own(m, f, statistic) })
	}
	sum := &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(1)), Statistic: jsii.String("Sum")}
	board := awscloudwatch.NewDashboard(o.scope, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: jsii.String(contract.Project),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{metric("Bursts a minute", contract.Bursts, "Sum"), metric("Events a minute", contract.Events, "Sum"),
				metric("Revenue a minute, US dollars", contract.Revenue, "Sum")},
			{metric("Slowest burst, ms", contract.Latency, "Maximum"),
				metric("Batches sent again", contract.Retries, "Sum"),
				metric("Bursts that were there already", contract.Skipped, "Sum")},
			{
				graph("Errors", func(f contract.Function) awscloudwatch.IMetric {
					return p.scheduled[f.Name].MetricErrors(sum)
				}),
				graph("Throttled attempts", func(f contract.Function) awscloudwatch.IMetric {
					return p.scheduled[f.Name].MetricThrottles(sum)
				}),
				// The price of arm64 in us-east-1: $0.0000133334 for a GB and a second.
				graph("Cost of computing, US dollars a minute", func(f contract.Function) awscloudwatch.IMetric {
					return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
						Expression: jsii.String(fmt.Sprintf("%sms / 1000 * %d / 1024 * 0.0000133334", f.Name,
							s.memory)),
						Label: jsii.String(f.Name),
						UsingMetrics: &map[string]awscloudwatch.IMetric{f.Name +
							"ms": p.scheduled[f.Name].MetricDuration(sum)},
						Period: awscdk.Duration_Minutes(jsii.Number(1)),
					})
				}),
			},
		},
	})
	if i == nil {
		return
	}
	line := func(title string, m awscloudwatch.IMetric) awscloudwatch.IWidget {
		return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title),
			Left: &[]awscloudwatch.IMetric{m}, Width: jsii.Number(8)})
	}
	board.AddWidgets(line("Druid's data volume used, %", i.diskUsed()),
		line("Druid's processor used, %", i.metric("CPUUtilization")),
		line("Druid's status checks failed", i.metric("StatusCheckFailed")))
}
