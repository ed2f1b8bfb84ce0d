package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdlm"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/customresources"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"salesburst/shared/contract"
)

// groupName is that of the group of one instance; commands and rights find the instance by it.
const groupName = "salesburst-druid"

// gatewayPassword is the name of the secret.
const gatewayPassword = "salesburst/gateway"

// bootMinutes is how long a deploy waits for an instance. About five minutes are usual, and
// bootstrap.sh gives up by itself when one of its steps takes longer than ten or fifteen.
const bootMinutes = 30

// snapshotDays is how many of the data volume's daily snapshots are kept.
const snapshotDays = 7

// instance is Druid's: a group that keeps one instance running, and a data volume that
// outlives it. The group replaces an instance that fails EC2's status checks, and a deploy
// replaces it where its files or settings have changed; the new one attaches the volume and
// goes on. That takes the place of EC2's own recovery, which knows only some failures.
type instance struct {
	volume    awsec2.Volume
	password  awssecretsmanager.Secret // of the gateway's user
	role      awsiam.Role
	template  awsec2.LaunchTemplate
	group     awsautoscaling.AutoScalingGroup
	snapshots awsiam.Role // of who makes them
	finder    awsiam.Role // of who looks the image up
}

// newInstance starts what is in druid-ec2: a copy of it is in the folder files.
func newInstance(scope constructs.Construct, s settings, n *network, files string) *instance {
	i := &instance{
		volume: newDataVolume(scope, s, n),
		password: awssecretsmanager.NewSecret(scope, jsii.String("GatewayPassword"), &awssecretsmanager.SecretProps{
			SecretName:  jsii.String(gatewayPassword),
			Description: jsii.String("Password of the user grafana at the gateway to Druid"),
			GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
				PasswordLength: jsii.Number(32), ExcludePunctuation: jsii.Bool(true), // it is typed into forms and URLs
			},
		}),
	}
	i.snapshots = newSnapshots(scope, i.volume)
	archive := awss3assets.NewAsset(scope, jsii.String("DruidFiles"), &awss3assets.AssetProps{Path: jsii.String(files)})
	consumer := secretARN(scope, s.consumerSecret)
	i.role = i.newRole(scope, consumer, archive)
	data := awsec2.UserData_ForLinux(nil)
	i.template = i.newTemplate(scope, s, n, data)
	i.group = i.newGroup(scope, n)
	data.AddCommands(jsii.String(i.start(s, consumer, archive)))
	i.addOutputs(scope, s, n)
	return i
}

// dataTag marks the data volume for its snapshots. Its value is that of no other volume, not
// even of one that an earlier stack has left.
const dataTag = "salesburst-data"

func dataTagValue(volume awsec2.Volume) *string {
	return awscdk.Fn_Join(jsii.String("/"), &[]*string{awscdk.Stack_Of(volume).StackId(), volume.Node().Id()})
}

// newDataVolume is in the zone of the instance, from where alone it can be attached. It stays
// when the stack goes, and when the settings ask for another one: for one in another zone or
// from a snapshot. CloudFormation cannot change a volume into that, so its name tells both.
func newDataVolume(scope constructs.Construct, s settings, n *network) awsec2.Volume {
	props := &awsec2.VolumeProps{
		AvailabilityZone: n.home.AvailabilityZone(),
		Size:             awscdk.Size_Gibibytes(jsii.Number(s.druidVolume)),
		VolumeType:       awsec2.EbsDeviceVolumeType_GP3,
		Encrypted:        jsii.Bool(true),
		RemovalPolicy:    awscdk.RemovalPolicy_RETAIN,
	}
	if s.druidSnapshot != "" {
		props.SnapshotId = jsii.String(s.druidSnapshot)
	}
	id := fmt.Sprintf("DruidData%d%s", s.druidZone, strings.TrimPrefix(s.druidSnapshot, "snap-"))
	volume := awsec2.NewVolume(scope, jsii.String(id), props)
	awscdk.Tags_Of(volume).Add(jsii.String(dataTag), dataTagValue(volume), nil)
	return volume
}

// newSnapshots are made of the data volume each night. It returns the role that makes them:
// it may delete those snapshots only that carry this project's tag.
func newSnapshots(scope constructs.Construct, volume awsec2.Volume) awsiam.Role {
	role := awsiam.NewRole(scope, jsii.String("SnapshotsRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("dlm.amazonaws.com"), nil),
	})
	snapshots := awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ec2"), Account: jsii.String(""), Resource: jsii.String("snapshot"),
		ResourceName: jsii.String("*"),
	})
	allow(role, nil, []string{"ec2:CreateSnapshot"}, volumeARN(volume), snapshots)
	allow(role, nil, []string{"ec2:CreateTags"}, snapshots)
	allow(role, map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/project": contract.Project}},
		[]string{"ec2:DeleteSnapshot"}, snapshots)
	allow(role, nil, []string{"ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"},
		jsii.String("*"))
	policy := awsdlm.NewCfnLifecyclePolicy(scope, jsii.String("Snapshots"), &awsdlm.CfnLifecyclePolicyProps{
		// letters, digits, spaces, _ and - alone are allowed
		Description: jsii.String("Daily snapshots of the data of Druid"),
		State:       jsii.String("ENABLED"), ExecutionRoleArn: role.RoleArn(),
		PolicyDetails: &awsdlm.CfnLifecyclePolicy_PolicyDetailsProperty{
			ResourceTypes: jsii.Strings("VOLUME"),
			TargetTags:    &[]*awscdk.CfnTag{{Key: jsii.String(dataTag), Value: dataTagValue(volume)}},
			Schedules: &[]*awsdlm.CfnLifecyclePolicy_ScheduleProperty{{
				Name: jsii.String("Daily"),
				CreateRule: &awsdlm.CfnLifecyclePolicy_CreateRuleProperty{Interval: jsii.Number(24),
					IntervalUnit: jsii.String("HOURS"), Times: jsii.Strings("09:00")},
				RetainRule: &awsdlm.CfnLifecyclePolicy_RetainRuleProperty{Count: jsii.Number(snapshotDays)},
				TagsToAdd:  &[]*awscdk.CfnTag{{Key: jsii.String("project"), Value: jsii.String(contract.Project)}},
			}},
		},
	})
	policy.Node().AddDependency(role)
	return role
}

// newRole may do what bootstrap.sh and the servers do, and be reached by Session Manager. The
// rights for that are those of AWS's own example; the managed policy adds every parameter of
// the account to them.
func (i *instance) newRole(scope constructs.Construct, consumer *string, archive awss3assets.Asset) awsiam.Role {
	role := awsiam.NewRole(scope, jsii.String("DruidRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ec2.amazonaws.com"), nil),
	})
	everything := jsii.String("*")
	instances := awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ec2"), Resource: jsii.String("instance"), ResourceName: jsii.String("*"),
	})
	allow(role, nil, []string{"secretsmanager:GetSecretValue"}, withSuffix(consumer), i.password.SecretArn())
	allow(role, nil, []string{"s3:GetObject"}, archive.Bucket().ArnForObjects(archive.S3ObjectKey()))
	allow(role, nil, []string{"ec2:AttachVolume"}, volumeARN(i.volume))
	allow(role, map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/aws:autoscaling:groupName": groupName}},
		[]string{"ec2:AttachVolume"}, instances)
	allow(role, nil, []string{"ec2:DescribeVolumes"}, everything)
	allow(role, map[string]any{"StringEquals": map[string]any{"cloudwatch:namespace": contract.MetricsNamespace}},
		[]string{"cloudwatch:PutMetricData"}, everything)
	allow(role, nil, []string{"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel",
		"ssmmessages:CreateDataChannel",
		"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}, everything)
	return role
}

// allow adds a statement to a role's policy.
func allow(role awsiam.Role, conditions map[string]any, actions []string, resources ...*string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(actions...), Resources: &resources, Conditions: &conditions,
	}))
}

func volumeARN(volume awsec2.Volume) *string {
	return awscdk.Stack_Of(volume).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ec2"), Resource: jsii.String("volume"), ResourceName: volume.VolumeId(),
	})
}

// newTemplate has no key: people come through Session Manager. The metadata service answers
// only who has fetched a token, and only on the instance itself.
func (i *instance) newTemplate(scope constructs.Construct, s settings, n *network,
	data awsec2.UserData) awsec2.LaunchTemplate {
	template := awsec2.NewLaunchTemplate(scope, jsii.String("DruidTemplate"), &awsec2.LaunchTemplateProps{
		InstanceType:             awsec2.NewInstanceType(jsii.String(s.druidInstance)),
		MachineImage:             &namedImage{id: i.findImage(scope, s)},
		Role:                     i.role,
		SecurityGroup:            n.securityGroup,
		AssociatePublicIpAddress: jsii.Bool(n.public),
		RequireImdsv2:            jsii.Bool(true),
		HttpPutResponseHopLimit:  jsii.Number(1),
		UserData:                 data,
		BlockDevices: &[]*awsec2.BlockDevice{{DeviceName: jsii.String("/dev/xvda"),
			Volume: awsec2.BlockDeviceVolume_Ebs(jsii.Number(16),
				&awsec2.EbsDeviceOptions{VolumeType: awsec2.EbsDeviceVolumeType_GP3, Encrypted: jsii.Bool(true),
					DeleteOnTermination: jsii.Bool(true)})}},
	})
	awscdk.Tags_Of(template).Add(jsii.String("Name"), jsii.String(groupName), nil)
	return template
}

// findImage is the id of the image that the settings name. The name is pinned, since with
// "the newest image" a deploy would replace the instance for no reason of ours; but ids differ
// from region to region, and no public parameter knows the older releases. So the id is asked
// for once, when a deploy meets a new name.
func (i *instance) findImage(scope constructs.Construct, s settings) *string {
	log := awslogs.NewLogGroup(scope, jsii.String("DruidImageLog"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/salesburst/image"),
		Retention:     retention(s.logDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	i.finder = awsiam.NewRole(scope, jsii.String("DruidImageRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	log.GrantWrite(i.finder)
	allow(i.finder, nil, []string{"ec2:DescribeImages"}, jsii.String("*"))
	found := customresources.NewAwsCustomResource(scope, jsii.String("DruidImage"),
		&customresources.AwsCustomResourceProps{
			OnUpdate: &customresources.AwsSdkCall{ // and when it is created
				Service: jsii.String("EC2"), Action: jsii.String("DescribeImages"),
				Parameters: map[string]any{
					"Owners":            []string{"amazon"},
					"Filters":           []any{map[string]any{"Name": "name", "Values": []string{s.druidImage}}},
					"IncludeDeprecated": true, // as Amazon calls an image after 90 days
				},
				OutputPaths:        jsii.Strings("Images.0.ImageId"),
				PhysicalResourceId: customresources.PhysicalResourceId_Of(jsii.String(s.druidImage)),
			},
			Role: i.finder, LogGroup: log, InstallLatestAwsSdk: jsii.Bool(false),
			ResourceType: jsii.String("Custom::Image"),
		})
	found.Node().AddDependency(i.finder)
	return found.GetResponseField(jsii.String("Images.0.ImageId"))
}

// namedImage is an image whose id is known only when it is deployed.
type namedImage struct{ id *string }

// GetImage makes it an awsec2.IMachineImage.
func (m *namedImage) GetImage(constructs.Construct) *awsec2.MachineImageConfig {
	return &awsec2.MachineImageConfig{ImageId: m.id, OsType: awsec2.OperatingSystemType_LINUX,
		UserData: awsec2.UserData_ForLinux(nil)}
}

// newGroup keeps one instance. A deploy ends the old one before it starts the new one, which
// needs its volume, and fails when the new one says that it failed, or says nothing in time.
// CloudFormation drops the reason, since signals to a resource have no place for it: its event
// names the instance, and the console output of that instance ends with the reason.
func (i *instance) newGroup(scope constructs.Construct, n *network) awsautoscaling.AutoScalingGroup {
	group := awsautoscaling.NewAutoScalingGroup(scope, jsii.String("Druid"), &awsautoscaling.AutoScalingGroupProps{
		AutoScalingGroupName: jsii.String(groupName),
		Vpc:                  n.vpc,
		VpcSubnets:           &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{n.home}},
		LaunchTemplate:       i.template,
		MinCapacity:          jsii.Number(1),
		MaxCapacity:          jsii.Number(1),
		Signals: awsautoscaling.Signals_WaitForAll(&awsautoscaling.SignalsOptions{
			Timeout: awscdk.Duration_Minutes(jsii.Number(bootMinutes)),
		}),
		UpdatePolicy: awsautoscaling.UpdatePolicy_RollingUpdate(&awsautoscaling.RollingUpdateOptions{
			MaxBatchSize: jsii.Number(1), MinInstancesInService: jsii.Number(0),
		}),
	})
	// What the instance needs from its first second on.
	group.Node().AddDependency(i.role, n.home.InternetConnectivityEstablished())
	return group
}

// start is what the instance runs first: it fetches druid-ec2 and hands over to bootstrap.sh,
// which tells CloudFormation how it went. Where that cannot be fetched, it says so itself.
func (i *instance) start(s settings, consumer *string, archive awss3assets.Asset) string {
	resource := i.group.Node().DefaultChild().(awsautoscaling.CfnAutoScalingGroup).LogicalId()
	stack := awscdk.Stack_Of(i.group)
	variables := []struct{ name, value string }{
		{"AWS_REGION", *stack.Region()},
		{contract.EnvTopic, s.topic},
		{"DATA_VOLUME", *i.volume.VolumeId()},
		{"KAFKA_SECRET_ARN", *consumer},
		{"GATEWAY_SECRET_ARN", *i.password.SecretArn()},
		{"RETENTION", s.druidRetention},
		{"STACK_NAME", *stack.StackName()},
		{"STACK_RESOURCE", *resource},
	}
	var b strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&b, "export %s='%s'\n", v.name, v.value)
	}
	fmt.Fprintf(&b, fetch, *archive.S3ObjectUrl(), s.druidVolume)
	return b.String()
}

// addOutputs says how people come to the instance. Its id and its addresses change when it is
// replaced, so the commands look them up.
func (i *instance) addOutputs(scope constructs.Construct, s settings, n *network) {
	region := *awscdk.Stack_Of(scope).Region()
	output := func(id, description, value string) {
		awscdk.NewCfnOutput(scope, jsii.String(id),
			&awscdk.CfnOutputProps{Description: jsii.String(description), Value: jsii.String(value)})
	}
	forward := func(remote, local int) string {
		return fmt.Sprintf("aws ssm start-session --region %s --target $("+
			"aws autoscaling describe-auto-scaling-groups --region %s --auto-scaling-group-names %s"+
			" --query \"AutoScalingGroups[0].Instances[?LifecycleState=='InService']|[0].InstanceId\" --output text)"+
			" --document-name AWS-StartPortForwardingSession --parameters portNumber=%d,localPortNumber=%d",
			region, region, groupName, remote, local)
	}
	address := func(field string) string {
		return fmt.Sprintf("echo https://$(aws ec2 describe-instances --region %s"+
			" --filters Name=tag:aws:autoscaling:groupName,Values=%s Name=instance-state-name,Values=running"+
			" --query 'Reservations[0].Instances[0].%s' --output text)", region, groupName, field)
	}
	const addressed = "Shows the gateway's address for Grafana; another instance has another one"
	output("DruidConsole", "Opens Druid's console on http://localhost:8888", forward(8888, 8888))
	switch {
	case s.grafanaCidr == "":
		output("DruidGateway", "Opens the gateway, which nobody reaches from outside, on https://localhost:8443",
			forward(443, 8443))
	case n.public:
		output("DruidGateway", addressed, address("PublicIpAddress"))
	default:
		output("DruidGateway", addressed, address("PrivateIpAddress"))
	}
	output("GatewayPasswordName", "Secret with the password of the gateway's user grafana", gatewayPassword)
	output("DruidDataVolume", "Stays when the stack is deleted", *i.volume.VolumeId())
}

// metric is one of EC2's about the instance, whichever the group has just then. EC2 measures
// every five minutes where nobody pays for more.
func (i *instance) metric(name string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/EC2"), MetricName: jsii.String(name), Statistic: jsii.String("Maximum"),
		DimensionsMap: &map[string]*string{"AutoScalingGroupName": i.group.AutoScalingGroupName()},
		Period:        awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

// diskUsed is how full the data volume is, in percent: bin/report-disk says so every minute.
func (i *instance) diskUsed() awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(contract.MetricsNamespace), MetricName: jsii.String(contract.DataVolumeUsed.Name),
		Statistic:     jsii.String("Maximum"),
		DimensionsMap: &map[string]*string{contract.VolumeDimension: i.volume.VolumeId()},
		Period:        awscdk.Duration_Minutes(jsii.Number(1)),
	})
}

// fetch has places for the archive's address and for the size of the data volume. It tries
// for a minute, because the rights of a new role take a while to be known everywhere.
const fetch = `
archive='%s'
# The data volume has %d GB: when that changes, a new instance grows its file system.

fail() {
	echo "user data: $1" >&2
	PATH=$PATH:/opt/aws/bin cfn-signal --success false --reason "$1" \
		--stack "$STACK_NAME" --resource "$STACK_RESOURCE" --region "$AWS_REGION"
	exit 1
}

fetch() {
	for _ in {1..6}; do
		aws s3 cp --only-show-errors "$archive" /opt/salesburst.zip &&
			python3 -m zipfile -e /opt/salesburst.zip /opt/salesburst &&
			chmod +x /opt/salesburst/bootstrap.sh /opt/salesburst/bin/* && return
		sleep 10
	done
	return 1
}

said=$(fetch 2>&1) || fail "druid-ec2 cannot be fetched from $archive: ${said##*$'\n'}"
cd /opt/salesburst && exec ./bootstrap.sh`
