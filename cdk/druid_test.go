package main

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func druidGroup(t *testing.T, tpl template) resource {
	t.Helper()
	_, group := tpl.one(t, "AWS::AutoScaling::AutoScalingGroup")
	return group
}

// launch is what the instance is started with.
func launch(t *testing.T, tpl template) map[string]any {
	t.Helper()
	_, l := tpl.one(t, "AWS::EC2::LaunchTemplate")
	return at(l.Properties, "LaunchTemplateData").(map[string]any)
}

// The producers are there with Druid or without, the same ones; only the dashboard shows Druid too.
func TestWithoutDruid(t *testing.T) {
	alone, both := synthesize(t, map[string]any{"druid": "false"}), synthesize(t, nil)
	for id, r := range alone.Resources {
		if id != "Dashboard9E4231ED" && compact(r) != compact(both.Resources[id]) {
			t.Errorf("%s is %s alone and %s with Druid", id, compact(r), compact(both.Resources[id]))
		}
		for _, service := range []string{"AWS::EC2::", "AWS::AutoScaling::", "AWS::DLM::", "AWS::SecretsManager::", "Custom::"} {
			if strings.HasPrefix(r.Type, service) {
				t.Errorf("%s is of %s", id, r.Type)
			}
		}
	}
	for _, word := range []string{"ruid", "rafana"} {
		if strings.Contains(compact(alone.raw), word) {
			t.Errorf("the template speaks of .%s", word)
		}
	}
	if len(alone.Outputs) != 1 || alone.Outputs["DeadLetterQueue"] == nil {
		t.Errorf("outputs: %s", compact(alone.Outputs))
	}
}

func TestOneInstance(t *testing.T) {
	group := druidGroup(t, synthesize(t, nil))
	for key, want := range map[string]string{"MinSize": `"1"`, "MaxSize": `"1"`, "AutoScalingGroupName": `"salesburst-druid"`} {
		if got := compact(group.Properties[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if got, want := compact(group.CreationPolicy), `{"ResourceSignal":{"Count":1,"Timeout":"PT30M"}}`; got != want {
		t.Errorf("the first deploy waits for %s, want %s", got, want)
	}
	update := at(group.UpdatePolicy, "AutoScalingRollingUpdate").(map[string]any)
	for key, want := range map[string]string{"MinInstancesInService": "0", "MaxBatchSize": "1", "WaitOnResourceSignals": "true", "PauseTime": `"PT30M"`} {
		if got := compact(update[key]); got != want {
			t.Errorf("at an update %s is %s, want %s", key, got, want)
		}
	}
	if !slices.ContainsFunc(group.DependsOn, func(id string) bool { return strings.HasPrefix(id, "DruidRoleDefaultPolicy") }) {
		t.Errorf("the instance may start before it has its rights: it waits for %v", group.DependsOn)
	}
}

// The instance can attach its volume, because both are in one zone.
func TestZones(t *testing.T) {
	for _, context := range []map[string]any{nil, {"druidZone": "2"}, {"privateSubnets": "true"}, elsewhere} {
		t.Run(fmt.Sprint(context), func(t *testing.T) {
			tpl := synthesize(t, context)
			subnets := druidGroup(t, tpl).Properties["VPCZoneIdentifier"].([]any)
			if len(subnets) != 1 {
				t.Fatalf("the instance may be in %d subnets, want 1", len(subnets))
			}
			home := tpl.Resources[at(subnets[0], "Ref").(string)]
			_, volume := tpl.one(t, "AWS::EC2::Volume")
			zone := compact(volume.Properties["AvailabilityZone"])
			if there := compact(home.Properties["AvailabilityZone"]); there != zone {
				t.Errorf("the volume is in %s, the instance in %s", zone, there)
			}
			want := fmt.Sprintf(`{"Fn::Select":[%d,{"Fn::GetAZs":""}]}`, map[bool]int{true: 1}[context["druidZone"] != nil])
			if zone != want {
				t.Errorf("the zone is %s, want %s", zone, want)
			}
		})
	}
}

func TestDataVolume(t *testing.T) {
	id, volume := synthesize(t, unusual).one(t, "AWS::EC2::Volume")
	for key, want := range map[string]string{"Encrypted": "true", "VolumeType": `"gp3"`, "Size": "75", "SnapshotId": "null"} {
		if got := compact(volume.Properties[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if volume.DeletionPolicy != "Retain" || volume.UpdateReplacePolicy != "Retain" {
		t.Errorf("when it goes it is %q, when it is replaced %q; want Retain", volume.DeletionPolicy, volume.UpdateReplacePolicy)
	}
	usual, _ := synthesize(t, nil).one(t, "AWS::EC2::Volume")
	if id != usual {
		t.Errorf("where it is larger it is %s, and not %s", id, usual)
	}
	// CloudFormation refuses to make a volume into a copy of a snapshot, or to move it; it may
	// make another one.
	for key, value := range map[string]string{"druidSnapshot": "snap-0123456789abcdef0", "druidZone": "2"} {
		other, copied := synthesize(t, map[string]any{key: value}).one(t, "AWS::EC2::Volume")
		if other == usual {
			t.Errorf("with another %s it is still %s", key, usual)
		}
		if key == "druidSnapshot" && copied.Properties["SnapshotId"] != value {
			t.Errorf("it is made from %v, want %s", copied.Properties["SnapshotId"], value)
		}
	}
}

func TestSnapshots(t *testing.T) {
	tpl := synthesize(t, nil)
	_, policy := tpl.one(t, "AWS::DLM::LifecyclePolicy")
	_, volume := tpl.one(t, "AWS::EC2::Volume")
	details := policy.Properties["PolicyDetails"]
	tag := compact(list(at(details, "TargetTags"))[0])
	if !strings.Contains(compact(volume.Properties["Tags"]), tag) {
		t.Errorf("they are made of what is tagged %s, which the volume is not", tag)
	}
	want := `{"CreateRule":{"Interval":24,"IntervalUnit":"HOURS","Times":["09:00"]},"Name":"Daily","RetainRule":{"Count":7},"TagsToAdd":[{"Key":"project","Value":"salesburst"}]}`
	if got := compact(list(at(details, "Schedules"))[0]); got != want {
		t.Errorf("they are made by %s, want %s", got, want)
	}
	if policy.Properties["State"] != "ENABLED" || !regexp.MustCompile(`^[0-9A-Za-z _-]+$`).MatchString(policy.Properties["Description"].(string)) {
		t.Errorf("DLM refuses %s, or does nothing", compact(policy.Properties))
	}
	same(t, tpl.rights(t, "SnapshotsRole"), []string{
		"Allow ec2:CreateSnapshot on arn:aws:ec2:us-east-1:123456789012:volume/<DruidData1> arn:aws:ec2:us-east-1::snapshot/*",
		"Allow ec2:CreateTags on arn:aws:ec2:us-east-1::snapshot/*",
		`Allow ec2:DeleteSnapshot on arn:aws:ec2:us-east-1::snapshot/* if {"StringEquals":{"aws:ResourceTag/project":"salesburst"}}`,
		"Allow ec2:DescribeInstances ec2:DescribeSnapshots ec2:DescribeVolumes on *",
	})
}

// same compares line by line.
func same(t *testing.T, got, want []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("not wanted: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

// The instance has its two secrets, its files, its volume, its metric, its signal and the way
// in through Session Manager.
func TestDruidMayDoLittle(t *testing.T) {
	tpl := synthesize(t, nil)
	file := regexp.MustCompile(`[0-9a-f]{64}\.zip`).FindString(userData(t, tpl))
	same(t, tpl.rights(t, "DruidRole"), []string{
		"Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:us-east-1:123456789012:secret:salesburst/consumer-?????? <GatewayPassword>",
		"Allow s3:GetObject on arn:aws:s3:::cdk-hnb659fds-assets-123456789012-us-east-1/" + file,
		"Allow ec2:AttachVolume on arn:aws:ec2:us-east-1:123456789012:volume/<DruidData1>",
		`Allow ec2:AttachVolume on arn:aws:ec2:us-east-1:123456789012:instance/* if {"StringEquals":{"aws:ResourceTag/aws:autoscaling:groupName":"salesburst-druid"}}`,
		"Allow ec2:DescribeVolumes on *",
		`Allow cloudwatch:PutMetricData on * if {"StringEquals":{"cloudwatch:namespace":"salesburst"}}`,
		"Allow ssm:UpdateInstanceInformation ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel on *",
		"Allow cloudformation:SignalResource on STACK",
	})
	_, profile := tpl.one(t, "AWS::IAM::InstanceProfile")
	if got := resolved(list(profile.Properties["Roles"])[0]); got != "<DruidRole>" {
		t.Errorf("the instance is %s", got)
	}
	same(t, tpl.rights(t, "DruidImageRole"), []string{
		"Allow logs:CreateLogStream logs:PutLogEvents on <DruidImageLog.Arn>",
		"Allow ec2:DescribeImages on *",
	})
}

func TestLaunch(t *testing.T) {
	tpl := synthesize(t, unusual)
	l := launch(t, tpl)
	for key, want := range map[string]string{
		"MetadataOptions":     `{"HttpPutResponseHopLimit":1,"HttpTokens":"required"}`,
		"BlockDeviceMappings": `[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":true,"Encrypted":true,"VolumeSize":16,"VolumeType":"gp3"}}]`,
		"InstanceType":        `"r7i.xlarge"`,
		"KeyName":             "null",
	} {
		if got := compact(l[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if got := compact(at(list(l["NetworkInterfaces"])[0], "AssociatePublicIpAddress")); got != "true" {
		t.Errorf("public address: %s, want true", got)
	}
}

// A name of an image is of one image for ever: no "latest" moves the instance.
func TestImageIsPinned(t *testing.T) {
	tpl := synthesize(t, unusual)
	if got := resolved(launch(t, tpl)["ImageId"]); got != "<DruidImage.Images.0.ImageId>" {
		t.Errorf("the image is %s", got)
	}
	_, found := tpl.one(t, "Custom::Image")
	want := `{"action":"DescribeImages","outputPaths":["Images.0.ImageId"],"parameters":{"Filters":[{"Name":"name","Values":["al2023-ami-2023.12.20260831.0-kernel-6.18-x86_64"]}],` +
		`"IncludeDeprecated":true,"Owners":["amazon"]},"physicalResourceId":{"id":"al2023-ami-2023.12.20260831.0-kernel-6.18-x86_64"},"service":"EC2"}`
	for _, when := range []string{"Create", "Update"} {
		if got := found.Properties[when]; got != want {
			t.Errorf("%s asks for %v, want %s", when, got, want)
		}
	}
	if strings.Contains(compact(tpl.raw), "ami-amazon-linux-latest") {
		t.Error("an image is taken that is another one some day")
	}
}

func TestGatewayPassword(t *testing.T) {
	_, password := synthesize(t, nil).one(t, "AWS::SecretsManager::Secret")
	// Without a template for JSON the secret is the password itself, as bin/gateway-password reads it.
	if got, want := compact(password.Properties["GenerateSecretString"]), `{"ExcludePunctuation":true,"PasswordLength":32}`; got != want {
		t.Errorf("it is made by %s, want %s", got, want)
	}
	if password.Properties["Name"] != "salesburst/gateway" {
		t.Errorf("its name is %v", password.Properties["Name"])
	}
}

// userData is the script with which the instance begins.
func userData(t *testing.T, tpl template) string {
	t.Helper()
	return resolved(launch(t, tpl)["UserData"])
}

func TestUserData(t *testing.T) {
	tpl := synthesize(t, unusual)
	script := userData(t, tpl)
	group, _ := tpl.one(t, "AWS::AutoScaling::AutoScalingGroup")
	for _, line := range []string{
		"export AWS_REGION='us-east-1'",
		"export TOPIC='tv.sales_1'",
		"export DATA_VOLUME='<DruidData1>'",
		"export KAFKA_SECRET_ARN='arn:aws:secretsmanager:us-east-1:123456789012:secret:kafka/reader'",
		"export GATEWAY_SECRET_ARN='<GatewayPassword>'",
		"export RETENTION='P1Y'",
		"export STACK_NAME='Salesburst'",
		"export STACK_RESOURCE='" + group + "'",
	} {
		if !strings.Contains(script, "\n"+line+"\n") {
			t.Errorf("the script lacks the line %s", line)
		}
	}
	if n := strings.Count(script, "\nexport "); n != 8 {
		t.Errorf("the script sets %d variables, want 8", n)
	}
	// A larger volume brings a new instance, which grows the file system.
	if smaller := userData(t, synthesize(t, nil)); !strings.Contains(script, " 75 GB") || !strings.Contains(smaller, " 50 GB") {
		t.Error("the script does not change with the size of the volume")
	}
}

func TestUserDataIsSound(t *testing.T) {
	if testing.Short() {
		t.Skip("runs shellcheck")
	}
	file := filepath.Join(t.TempDir(), "user-data")
	if err := os.WriteFile(file, []byte(userData(t, synthesize(t, nil))), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, ".", "shellcheck", file)
}

// boot runs the user data as the instance would, in a folder of its own and with stand-ins
// for the commands of AWS. It returns what was signalled and what the archive's bootstrap.sh
// saw: its folder and its variables.
func boot(t *testing.T, aws string) (signalled, saw string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"archive.zip": archived(t, map[string]string{
			"bootstrap.sh": "#!/bin/bash\nbin/helper && { pwd; env; } >" + dir + "/saw\n", "bin/helper": "#!/bin/bash\n",
		}),
		"aws":        "#!/bin/bash\n" + strings.ReplaceAll(aws, "ARCHIVE", dir+"/archive.zip"),
		"cfn-signal": "#!/bin/bash\nprintf '%s\\n' \"$@\" >" + dir + "/signalled\n",
		"sleep":      "#!/bin/bash\n",
		"user-data":  strings.ReplaceAll(userData(t, synthesize(t, nil)), "/opt/salesburst", dir+"/salesburst"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "user-data"))
	cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	t.Logf("it said: %s", out)
	content := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(dir, name)) // empty where it is not there
		return strings.ReplaceAll(string(b), dir, "DIR")
	}
	return content("signalled"), content("saw"), err
}

// archived is a ZIP archive of files. As one that Python unpacks, it makes nothing executable.
func archived(t *testing.T, files map[string]string) string {
	t.Helper()
	var b strings.Builder
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUserDataHandsOver(t *testing.T) {
	// Rights that are not known everywhere yet: the first attempts are refused.
	signalled, saw, err := boot(t, `[[ $* == *" s3://cdk-hnb659fds-assets-123456789012-us-east-1/"* ]] || exit 2
echo >>"$0.log"; [ "$(wc -l <"$0.log")" -ge 3 ] || { echo "fatal error: Forbidden" >&2; exit 1; }
cp ARCHIVE "${!#}"`)
	if err != nil || signalled != "" {
		t.Fatalf("error %v, signalled %s", err, signalled)
	}
	for _, line := range []string{"DIR/salesburst", "TOPIC=ecommerce-topic-1", "DATA_VOLUME=<DruidData1>", "RETENTION=P90D", "STACK_NAME=Salesburst", "AWS_REGION=us-east-1"} {
		if !strings.Contains("\n"+saw, "\n"+line+"\n") {
			t.Errorf("bootstrap.sh saw %s, want %s too", saw, line)
		}
	}
}

// A deploy fails with a reason where the instance cannot even fetch its files.
func TestUserDataTellsWhy(t *testing.T) {
	for name, c := range map[string]struct{ aws, why string }{
		"no rights":  {`echo "fatal error: An error occurred (403)" >&2; exit 1`, "fatal error: An error occurred (403)"},
		"no archive": {`echo "no zip" >"${!#}"`, "File is not a zip file"},
	} {
		t.Run(name, func(t *testing.T) {
			signalled, saw, err := boot(t, c.aws)
			if err == nil || saw != "" {
				t.Errorf("error %v, bootstrap.sh saw %s", err, saw)
			}
			group, _ := synthesize(t, nil).one(t, "AWS::AutoScaling::AutoScalingGroup")
			got := strings.Split(strings.TrimSpace(signalled), "\n")
			want := []string{"--success", "false", "--reason", "", "--stack", "Salesburst", "--resource", group, "--region", "us-east-1"}
			if len(got) != len(want) {
				t.Fatalf("signalled %q", got)
			}
			if reason := got[3]; !strings.HasPrefix(reason, "druid-ec2 cannot be fetched from s3://cdk-hnb659fds-assets-") || !strings.HasSuffix(reason, c.why) {
				t.Errorf("the reason is %s", reason)
			}
			got[3] = ""
			if !slices.Equal(got, want) {
				t.Errorf("signalled %q, want %q", got, want)
			}
		})
	}
}

// The outputs are names, and commands that a shell understands.
func TestOutputs(t *testing.T) {
	const standIns = "aws() { case $1 in autoscaling) echo i-0abc;; ec2) echo 203.0.113.9;; *) echo aws $*;; esac; }\n"
	forward := "aws ssm start-session --region us-east-1 --target i-0abc --document-name AWS-StartPortForwardingSession --parameters "
	for name, c := range map[string]struct {
		context             map[string]any
		output, field, want string
	}{
		"console":                   {nil, "DruidConsole", "InService", forward + "portNumber=8888,localPortNumber=8888"},
		"closed gateway":            {nil, "DruidGateway", "InService", forward + "portNumber=443,localPortNumber=8443"},
		"gateway in public":         {map[string]any{"grafanaCidr": "203.0.113.0/24"}, "DruidGateway", "PublicIpAddress", "https://203.0.113.9"},
		"gateway in private":        {elsewhere, "DruidGateway", "PrivateIpAddress", "https://203.0.113.9"},
		"closed gateway in private": {map[string]any{"privateSubnets": "true"}, "DruidGateway", "InService", forward + "portNumber=443,localPortNumber=8443"},
	} {
		t.Run(name, func(t *testing.T) {
			line := resolved(at(synthesize(t, c.context).Outputs[c.output], "Value"))
			if !strings.Contains(line, c.field) || strings.Contains(line, "\n") {
				t.Errorf("%s: want one line with %s", line, c.field)
			}
			if got := strings.TrimSpace(command(t, ".", "bash", "-c", standIns+line)); got != c.want {
				t.Errorf("%s does %s, want %s", line, got, c.want)
			}
		})
	}
	outputs := synthesize(t, nil).Outputs
	for name, want := range map[string]string{"GatewayPasswordName": "salesburst/gateway", "DruidDataVolume": "<DruidData1>"} {
		if got := resolved(at(outputs[name], "Value")); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
