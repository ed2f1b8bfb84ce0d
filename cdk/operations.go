package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/spec"
)

// metricsNamespace is that of the functions' own metrics; their dimension is Function.
const metricsNamespace = "salesburst"

// operations is what tells people that something is wrong, and what they look at then.
type operations struct {
	scope constructs.Construct
	topic awssns.Topic
}

func newOperations(scope constructs.Construct, s settings, p *producers, m *spike) *operations {
	o := &operations{scope: scope, topic: awssns.NewTopic(scope, jsii.String("Alarms"), &awssns.TopicProps{EnforceSSL: jsii.Bool(true)})}
	if s.alarmEmail != "" {
		o.topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(s.alarmEmail), nil))
	}
	minute := awscdk.Duration_Minutes(jsii.Number(1))
	o.alarm("LettersWait", "Bursts that nobody could publish wait in the dead-letter queue", 0, 1, 1,
		p.letters.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Period: minute}), awscloudwatch.TreatMissingData_NOT_BREACHING)
	for _, f := range spec.Functions() {
		id, fn := title(f.Name), p.scheduled[f.Name]
		sum := &awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Sum")}
		o.silence(id+"Silent", "No scheduled burst of "+f.Name+" for five minutes", awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
			Expression:   jsii.String("invocations - errors"), // the functions' own metrics count spikes too
			UsingMetrics: &map[string]awscloudwatch.IMetric{"invocations": fn.MetricInvocations(sum), "errors": fn.MetricErrors(sum)},
			Period:       minute,
		}))
		o.alarm(id+"Errors", "Bursts of "+f.Name+" fail", 0, 3, 5, fn.MetricErrors(sum), awscloudwatch.TreatMissingData_NOT_BREACHING)
		o.alarm(id+"Throttles", "Attempts at bursts of "+f.Name+" wait for each other", 0, 3, 5, fn.MetricThrottles(sum), awscloudwatch.TreatMissingData_NOT_BREACHING)
		o.alarm(id+"Slow", "Bursts of "+f.Name+" come near the timeout", 0.75*timeoutSeconds*1000, 3, 5,
			fn.MetricDuration(&awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Maximum")}), awscloudwatch.TreatMissingData_NOT_BREACHING)
	}
	for _, f := range spec.Functions() {
		o.alarm(title(f.Name)+"SpikesFail", "A spike of "+f.Name+" did not end well", 0, 1, 1,
			m.machines[f.Name].MetricFailed(&awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Sum")}), awscloudwatch.TreatMissingData_NOT_BREACHING)
	}
	o.dashboard(p)
	return o
}

// own is one of the functions' own metrics.
func own(name string, f spec.Function, statistic string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(metricsNamespace), MetricName: jsii.String(name), Statistic: jsii.String(statistic),
		DimensionsMap: &map[string]*string{"Function": jsii.String(f.Name)}, Period: awscdk.Duration_Minutes(jsii.Number(1)),
		Label: jsii.String(f.Name),
	})
}

// alarm rings when a metric is above a threshold in some of the last minutes.
func (o *operations) alarm(id, text string, above float64, minutes, of float64, m awscloudwatch.IMetric, missing awscloudwatch.TreatMissingData) {
	a := awscloudwatch.NewAlarm(o.scope, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(text), Metric: m, Threshold: jsii.Number(above), DatapointsToAlarm: jsii.Number(minutes),
		EvaluationPeriods: jsii.Number(of), ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD, TreatMissingData: missing,
	})
	a.AddAlarmAction(awscloudwatchactions.NewSnsAction(o.topic))
}

// silence rings when a metric has nothing to say for five minutes.
func (o *operations) silence(id, text string, m awscloudwatch.IMetric) {
	a := awscloudwatch.NewAlarm(o.scope, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(text), Metric: m, Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(5),
		ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD, TreatMissingData: awscloudwatch.TreatMissingData_BREACHING,
	})
	a.AddAlarmAction(awscloudwatchactions.NewSnsAction(o.topic))
}

func (o *operations) dashboard(p *producers) {
	graph := func(title string, of func(spec.Function) awscloudwatch.IMetric) awscloudwatch.IWidget {
		var lines []awscloudwatch.IMetric
		for _, f := range spec.Functions() {
			lines = append(lines, of(f))
		}
		return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &lines, Width: jsii.Number(8)})
	}
	metric := func(title, name, statistic string) awscloudwatch.IWidget {
		return graph(title, func(f spec.Function) awscloudwatch.IMetric { return own(name, f, statistic) })
	}
	sum := &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(1)), Statistic: jsii.String("Sum")}
	awscloudwatch.NewDashboard(o.scope, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: jsii.String("salesburst"),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{metric("Bursts a minute", "Bursts", "Sum"), metric("Events a minute", "Events", "Sum"), metric("Revenue a minute, US dollars", "Revenue", "Sum")},
			{metric("Slowest burst, ms", "Latency", "Maximum"), metric("Batches sent again", "Retries", "Sum"), metric("Bursts that were there already", "Skipped", "Sum")},
			{
				graph("Errors", func(f spec.Function) awscloudwatch.IMetric { return p.scheduled[f.Name].MetricErrors(sum) }),
				graph("Throttled attempts", func(f spec.Function) awscloudwatch.IMetric { return p.scheduled[f.Name].MetricThrottles(sum) }),
				// 512 MB for a millisecond at the price of arm64 in us-east-1: 0.5 GB × $0.0000133334 ÷ 1000.
				graph("Cost of computing, US dollars a minute at 512 MB", func(f spec.Function) awscloudwatch.IMetric {
					return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
						Expression: jsii.String(f.Name + "ms * 0.5 * 0.0000133334 / 1000"), Label: jsii.String(f.Name),
						UsingMetrics: &map[string]awscloudwatch.IMetric{f.Name + "ms": p.scheduled[f.Name].MetricDuration(sum)},
						Period:       awscdk.Duration_Minutes(jsii.Number(1)),
					})
				}),
			},
		},
	})
}
