package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// network is where Druid's instance lives. Its zones are the first two of whatever region
// the stack goes to; CloudFormation finds them, so that the app needs no account to be made.
type network struct {
	vpc           awsec2.Vpc
	home          awsec2.ISubnet // of the instance
	public        bool           // home has a way to the internet of its own
	securityGroup awsec2.SecurityGroup
	log           awslogs.LogGroup // of the flows
}

func newNetwork(scope constructs.Construct, s settings) *network {
	n := &network{public: !s.privateSubnets,
		log: awslogs.NewLogGroup(scope, jsii.String("FlowLog"), &awslogs.LogGroupProps{
			LogGroupName:  jsii.String("/salesburst/flows"),
			Retention:     retention(s.logDays),
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		})}
	n.vpc = n.newVPC(scope)
	kind := awsec2.SubnetType_PUBLIC
	if !n.public {
		kind = awsec2.SubnetType_PRIVATE_WITH_EGRESS
	}
	n.home = (*n.vpc.SelectSubnets(&awsec2.SubnetSelection{SubnetType: kind}).Subnets)[s.druidZone-1]
	n.securityGroup = n.newSecurityGroup(scope, s)
	return n
}

// newVPC has public subnets, and private ones where they are wanted. The sizes are given so
// that the public ones stay where they are when the private ones come or go.
//
// Private subnets need the NAT gateway, since Kafka and Druid's release are out in the
// internet; all else, Systems Manager too, can take the same way. An endpoint of its own for
// a service costs $7.30 a month and zone, as much as 160 GB through the NAT gateway at $0.045
// a GB, and secrets, metrics and sessions are megabytes: none pays. S3's costs nothing, and
// Amazon Linux's packages come from there.
func (n *network) newVPC(scope constructs.Construct) awsec2.Vpc {
	subnets := []*awsec2.SubnetConfiguration{{
		Name: jsii.String("Public"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: jsii.Number(24),
		MapPublicIpOnLaunch: jsii.Bool(false), // the instance asks for its address
	}}
	gateways := 0.0
	var endpoints map[string]*awsec2.GatewayVpcEndpointOptions
	if !n.public {
		subnets = append(subnets, &awsec2.SubnetConfiguration{
			Name: jsii.String("Private"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS, CidrMask: jsii.Number(24),
		})
		gateways = 1
		endpoints = map[string]*awsec2.GatewayVpcEndpointOptions{
			"S3": {Service: awsec2.GatewayVpcEndpointAwsService_S3()},
		}
	}
	return awsec2.NewVpc(scope, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:                  awsec2.IpAddresses_Cidr(jsii.String("10.0.0.0/16")),
		MaxAzs:                       jsii.Number(2),
		SubnetConfiguration:          &subnets,
		NatGateways:                  jsii.Number(gateways),
		GatewayEndpoints:             &endpoints,
		RestrictDefaultSecurityGroup: jsii.Bool(true), // nobody is to be let in by having forgotten to choose
		FlowLogs: &map[string]*awsec2.FlowLogOptions{
			"Flows": {Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(n.log, nil),
				TrafficType: awsec2.FlowLogTrafficType_ALL},
		},
	})
}

// newSecurityGroup lets nobody in but Grafana, where that is wanted. Everything may go out: Kafka's
// address and port are in a secret.
func (n *network) newSecurityGroup(scope constructs.Construct, s settings) awsec2.SecurityGroup {
	door := awsec2.NewSecurityGroup(scope, jsii.String("DruidDoor"), &awsec2.SecurityGroupProps{
		Vpc: n.vpc, Description: jsii.String("Who reaches the instance of Druid"), AllowAllOutbound: jsii.Bool(true),
	})
	if s.grafanaCidr != "" {
		door.AddIngressRule(awsec2.Peer_Ipv4(jsii.String(s.grafanaCidr)), awsec2.Port_Tcp(jsii.Number(443)),
			jsii.String("Grafana to the gateway"), nil)
	}
	return door
}
