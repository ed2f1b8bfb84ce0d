package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestNetwork(t *testing.T) {
	tpl := synthesize(t, nil)
	subnets := tpl.of(t, "AWS::EC2::Subnet")
	if len(subnets) != 2 {
		t.Errorf("%d subnets, want one in each of two zones", len(subnets))
	}
	for id, s := range subnets {
		if s.Properties["MapPublicIpOnLaunch"] != false {
			t.Errorf("what starts in %s is public without having asked for it", id)
		}
	}
	for _, kind := range []string{"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::VPCEndpoint"} {
		if n := tpl.count(kind); n != 0 {
			t.Errorf("%d of %s, want none", n, kind)
		}
	}
}

// Public subnets stay where they are when private ones come: CloudFormation could not move
// them while the instance is in them.
func TestPrivateSubnets(t *testing.T) {
	public, private := synthesize(t, nil), synthesize(t, map[string]any{"privateSubnets": "true"})
	for id, s := range public.of(t, "AWS::EC2::Subnet") {
		if there := private.Resources[id].Properties["CidrBlock"]; there != s.Properties["CidrBlock"] {
			t.Errorf("%s moves from %v to %v", id, s.Properties["CidrBlock"], there)
		}
	}
	nat, _ := private.one(t, "AWS::EC2::NatGateway")
	_, endpoint := private.one(t, "AWS::EC2::VPCEndpoint")
	if endpoint.Properties["VpcEndpointType"] != "Gateway" || resolved(endpoint.Properties["ServiceName"]) != "com.amazonaws.us-east-1.s3" {
		t.Errorf("the endpoint is %s for %s", endpoint.Properties["VpcEndpointType"], resolved(endpoint.Properties["ServiceName"]))
	}
	home := at(druidGroup(t, private).Properties["VPCZoneIdentifier"].([]any)[0], "Ref").(string)
	if !strings.HasPrefix(home, "VpcPrivateSubnet1") {
		t.Errorf("the instance is in %s", home)
	}
	// It needs the way out from its first second on.
	waits := false
	for id, r := range private.of(t, "AWS::EC2::Route") {
		if strings.HasPrefix(id, "VpcPrivateSubnet1") && at(r.Properties, "NatGatewayId", "Ref") == nat {
			for _, other := range druidGroup(t, private).DependsOn {
				waits = waits || other == id
			}
		}
	}
	if !waits {
		t.Error("the instance does not wait for its way through the NAT gateway")
	}
	if got := resolved(launch(t, private)["NetworkInterfaces"]); !strings.Contains(got, `"AssociatePublicIpAddress":false`) {
		t.Errorf("the instance's network is %s", got)
	}
}

// asSecurityGroups want the text of a description: an apostrophe would fail the deploy.
var asSecurityGroups = regexp.MustCompile(`^[a-zA-Z0-9. _:/()#,@\[\]+=&;{}!$*-]{1,255}$`)

func TestDoor(t *testing.T) {
	for name, c := range map[string]struct {
		context map[string]any
		want    string
	}{
		"closed":                   {nil, "null"},
		"closed, private":          {map[string]any{"privateSubnets": "true"}, "null"},
		"open to Grafana":          {map[string]any{"grafanaCidr": "203.0.113.0/24"}, `[{"CidrIp":"203.0.113.0/24","Description":"Grafana to the gateway","FromPort":443,"IpProtocol":"tcp","ToPort":443}]`},
		"open to Grafana, private": {elsewhere, `[{"CidrIp":"10.1.0.0/24","Description":"Grafana to the gateway","FromPort":443,"IpProtocol":"tcp","ToPort":443}]`},
	} {
		t.Run(name, func(t *testing.T) {
			tpl := synthesize(t, c.context)
			id, door := tpl.one(t, "AWS::EC2::SecurityGroup")
			if got := compact(door.Properties["SecurityGroupIngress"]); got != c.want {
				t.Errorf("let in are %s, want %s", got, c.want)
			}
			if n := tpl.count("AWS::EC2::SecurityGroupIngress"); n != 0 {
				t.Errorf("%d more rules let in", n)
			}
			if d := door.Properties["GroupDescription"].(string); !asSecurityGroups.MatchString(d) {
				t.Errorf("EC2 refuses the description %q", d)
			}
			if got := compact(at(launch(t, tpl)["NetworkInterfaces"].([]any)[0], "Groups")); got != `[{"Fn::GetAtt":["`+id+`","GroupId"]}]` {
				t.Errorf("the instance's groups are %s", got)
			}
			_, closed := tpl.one(t, "Custom::VpcRestrictDefaultSG")
			if got := resolved(closed.Properties["DefaultSecurityGroupId"]); got != "<Vpc.DefaultSecurityGroup>" {
				t.Errorf("closed is %s, want the default group", got)
			}
		})
	}
}

func TestFlowsAreLogged(t *testing.T) {
	tpl := synthesize(t, unusual)
	_, flows := tpl.one(t, "AWS::EC2::FlowLog")
	for key, want := range map[string]string{"ResourceId": "<Vpc>", "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "<FlowLog>"} {
		if got := resolved(flows.Properties[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	for id, log := range tpl.of(t, "AWS::Logs::LogGroup") {
		if strings.HasPrefix(id, "FlowLog") && compact(log.Properties["RetentionInDays"]) != "60" {
			t.Errorf("they are kept for %s days", compact(log.Properties["RetentionInDays"]))
		}
	}
}
