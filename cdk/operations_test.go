package main

import (
	"slices"
	"strings"
	"testing"
)

// CloudWatch may publish to the topic: its policy is not the one that a topic has by itself.
func TestAlarmsMayPublish(t *testing.T) {
	tpl := synthesize(t, nil)
	_, policy := tpl.one(t, "AWS::SNS::TopicPolicy")
	for _, s := range at(policy.Properties, "PolicyDocument", "Statement").([]any) {
		if at(s, "Effect") == "Allow" && at(s, "Action") == "sns:Publish" && compact(at(s, "Principal")) == `{"Service":"cloudwatch.amazonaws.com"}` &&
			resolved(at(s, "Condition", "ArnLike", "aws:SourceArn")) == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*" {
			return
		}
	}
	t.Errorf("they may not: %s", compact(policy.Properties))
}

func TestDruidIsWatched(t *testing.T) {
	tpl := synthesize(t, nil)
	alarms := make(map[string]resource)
	for id, a := range tpl.of(t, "AWS::CloudWatch::Alarm") {
		alarms[suffix.ReplaceAllString(id, "")] = a
		if got := resolved(list(a.Properties["AlarmActions"])[0]); got != "<Alarms>" {
			t.Errorf("%s tells %s", id, got)
		}
	}
	for id, want := range map[string]struct {
		metric, dimension, value string
		threshold, periods       float64
	}{
		"DruidIll":      {"AWS/EC2 StatusCheckFailed", "AutoScalingGroupName", "<DruidASG>", 0, 2},
		"DruidDiskFull": {"salesburst DataVolumeUsed", "Volume", "<DruidData1>", 80, 15},
	} {
		a := alarms[id]
		metric := a.Properties
		if got := metric["Namespace"].(string) + " " + metric["MetricName"].(string); got != want.metric {
			t.Errorf("%s is about %s, want %s", id, got, want.metric)
		}
		dimension := list(metric["Dimensions"])[0]
		if at(dimension, "Name") != want.dimension || resolved(at(dimension, "Value")) != want.value {
			t.Errorf("%s is about %s", id, compact(dimension))
		}
		for key, value := range map[string]any{"Threshold": want.threshold, "EvaluationPeriods": want.periods, "DatapointsToAlarm": want.periods,
			"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching"} {
			if a.Properties[key] != value {
				t.Errorf("%s: %s is %v, want %v", id, key, a.Properties[key], value)
			}
		}
	}
	group, _ := tpl.one(t, "AWS::AutoScaling::AutoScalingGroup")
	if !slices.Contains(alarms["DruidDiskFull"].DependsOn, group) {
		t.Error("DruidDiskFull is there before the instance, and rings")
	}
}

// Stores are shut at night and have no events then. No alarm is about how many events there are, and
// that a schedule is silent is told by invocations, which there are every minute.
func TestNobodyIsWokenBecauseStoresAreShut(t *testing.T) {
	silent := 0
	for id, a := range synthesize(t, nil).of(t, "AWS::CloudWatch::Alarm") {
		text := compact(a.Properties)
		if strings.Contains(text, `"MetricName":"Events"`) || strings.Contains(text, `"MetricName":"Bursts"`) {
			t.Errorf("%s rings where nothing is sold: %s", id, text)
		}
		if strings.Contains(id, "Silent") {
			silent++
			if !strings.Contains(text, `"Expression":"invocations - errors"`) || !strings.Contains(text, `"MetricName":"Invocations"`) {
				t.Errorf("%s is about %s", id, text)
			}
		}
	}
	if silent != 2 {
		t.Errorf("%d alarms tell of silence, want one of each schedule", silent)
	}
}

// People hear when the instance is replaced, and when it cannot be.
func TestReplacementsAreTold(t *testing.T) {
	want := `[{"NotificationTypes":["autoscaling:EC2_INSTANCE_LAUNCH","autoscaling:EC2_INSTANCE_LAUNCH_ERROR","autoscaling:EC2_INSTANCE_TERMINATE","autoscaling:EC2_INSTANCE_TERMINATE_ERROR"],` +
		`"TopicARN":{"Ref":"Alarms04B5A0BF"}}]`
	if got := compact(druidGroup(t, synthesize(t, nil)).Properties["NotificationConfigurations"]); got != want {
		t.Errorf("told is %s, want %s", got, want)
	}
}

func TestDashboardShowsDruid(t *testing.T) {
	_, board := synthesize(t, nil).one(t, "AWS::CloudWatch::Dashboard")
	body := resolved(board.Properties["DashboardBody"])
	for _, metric := range []string{`"salesburst","DataVolumeUsed","Volume","<DruidData1>"`, `"AWS/EC2","CPUUtilization","AutoScalingGroupName","<DruidASG>"`,
		`"AWS/EC2","StatusCheckFailed","AutoScalingGroupName","<DruidASG>"`, `"salesburst","Bursts"`} {
		if !strings.Contains(body, metric) {
			t.Errorf("the dashboard lacks %s", metric)
		}
	}
}
