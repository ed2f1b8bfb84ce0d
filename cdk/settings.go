package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"salesburst/shared/contract"
)

// settings are the user's choices: the context of the app, from cdk.json and from
// `cdk deploy -c key=value`. cdk.json lists every key with its default.
type settings struct {
	producerSecret        string // name in Secrets Manager
	topic                 string
	delivery              string
	scenario              string
	onlineEventsPerMinute int
	storeEventsPerMinute  int
	memory                int // MB, of a function
	logDays               int
	tracing               bool
	alarmEmail            string // empty: none
	spikeConcurrency      int    // shards at the same time

	druid          bool   // false: the producers alone
	consumerSecret string // name in Secrets Manager
	druidInstance  string // type in EC2
	druidImage     string // name in EC2
	druidVolume    int    // GB of data; it can grow, not shrink
	druidSnapshot  string // the data volume begins as its copy, and is that one as long as this stays; empty: it begins empty
	druidZone      int    // 1 or 2, of the network's, because not each zone has each type; the data volume of another zone is another one
	druidRetention string // period of ISO 8601 for which Druid keeps the events
	privateSubnets bool
	grafanaCidr    string // who reaches the gateway; empty: nobody
}

// setting is one key: how its value is understood, and what is allowed.
type setting struct {
	fallback any
	allowed  string
	set      func(s *settings, v any) bool
}

// catalogue of the keys.
var catalogue = map[string]setting{
	"producerSecret": {"salesburst/producer", secrets,
		text(func(s *settings) *string { return &s.producerSecret }, secretName)},
	"topic": {contract.DefaultTopic, "the name of a topic: 1 to 249 characters of A-Z a-z 0-9 . _ -",
		text(func(s *settings) *string { return &s.topic }, made(249, nameChars))},
	"delivery": {contract.DeliveryExactlyOnce, strings.Join(contract.Deliveries(), ", "),
		text(func(s *settings) *string { return &s.delivery }, func(v string) bool { return slices.Contains(contract.Deliveries(), v) })},
	"scenario": {"", "empty, or a scenario: a word of a-z and -",
		text(func(s *settings) *string { return &s.scenario }, func(v string) bool { return v == "" || made(40, "abcdefghijklmnopqrstuvwxyz-")(v) })},
	"onlineEventsPerMinute": {contract.Online.EventsPerMinute, events, number(func(s *settings) *int { return &s.onlineEventsPerMinute }, between(1, contract.MaxEventsPerMinute))},
	"storeEventsPerMinute":  {contract.Store.EventsPerMinute, events, number(func(s *settings) *int { return &s.storeEventsPerMinute }, between(1, contract.MaxEventsPerMinute))},
	"memory":                {512, "whole MB, 128 to 10240", number(func(s *settings) *int { return &s.memory }, between(128, 10240))},
	"logDays": {14, "one of " + strings.Trim(fmt.Sprint(retentions), "[]"),
		number(func(s *settings) *int { return &s.logDays }, func(n int) bool { return slices.Contains(retentions, n) })},
	"tracing":          {false, "true or false", boolean(func(s *settings) *bool { return &s.tracing })},
	"alarmEmail":       {"", "empty, or an address such as you@example.com", text(func(s *settings) *string { return &s.alarmEmail }, address)},
	"spikeConcurrency": {200, "a whole number, 1 to 1000", number(func(s *settings) *int { return &s.spikeConcurrency }, between(1, 1000))},

	"druid": {true, "true or false", boolean(func(s *settings) *bool { return &s.druid })},
	"consumerSecret": {"salesburst/consumer", secrets,
		text(func(s *settings) *string { return &s.consumerSecret }, secretName)},
	"druidInstance": {"m7i-flex.large", "a type of the families m6i m6a m7i m7i-flex m7a r6i r6a r7i r7a (x86_64, 8 GiB or more), in large, xlarge, 2xlarge, 4xlarge or 8xlarge",
		text(func(s *settings) *string { return &s.druidInstance }, regexp.MustCompile(`^([mr][67][ia]|m7i-flex)\.(large|[248]?xlarge)$`).MatchString)},
	// The newest release that was known when this was written. Newer ones bring repairs:
	// aws ec2 describe-images --owners amazon --filters 'Name=name,Values=al2023-ami-2023.*-kernel-6.1-x86_64' --query 'sort_by(Images,&CreationDate)[-1].Name'
	"druidImage": {"al2023-ami-2023.12.20260930.0-kernel-6.1-x86_64", "the name of an image of Amazon Linux 2023 for x86_64, such as al2023-ami-2023.12.20260930.0-kernel-6.1-x86_64",
		text(func(s *settings) *string { return &s.druidImage }, regexp.MustCompile(`^al2023-ami-2023\.\d+\.\d{8}\.\d+-kernel-6\.\d+-x86_64$`).MatchString)},
	"druidVolume": {50, "whole GB, 20 to 16384", number(func(s *settings) *int { return &s.druidVolume }, between(20, 16384))},
	"druidSnapshot": {"", "empty, or the id of a snapshot: snap-…",
		text(func(s *settings) *string { return &s.druidSnapshot }, regexp.MustCompile(`^(snap-[0-9a-f]{8,17})?$`).MatchString)},
	"druidZone": {1, "1 or 2", number(func(s *settings) *int { return &s.druidZone }, between(1, 2))},
	"druidRetention": {"P90D", "a period of ISO 8601 of up to four digits: P90D, P12W, P6M or P1Y",
		text(func(s *settings) *string { return &s.druidRetention }, regexp.MustCompile(`^P[1-9][0-9]{0,3}[DWMY]$`).MatchString)},
	"privateSubnets": {false, "true or false", boolean(func(s *settings) *bool { return &s.privateSubnets })},
	"grafanaCidr": {"", "empty, or a range of 1 to 65536 IPv4 addresses that is written from its first one, such as 203.0.113.7/32 or 203.0.113.0/24",
		text(func(s *settings) *string { return &s.grafanaCidr }, addressRange)},
}

const secrets = "the name of a secret: 1 to 512 characters of A-Z a-z 0-9 / _ + = . @ -"

var events = fmt.Sprintf("a whole number, 1 to %d", contract.MaxEventsPerMinute)

// retentions are those that CloudWatch Logs knows, up to a year.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365}

const nameChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// readSettings understands a context. Its error is one line that names the key, the
// value and what is allowed.
func readSettings(context map[string]any) (settings, error) {
	var s settings
	for _, key := range slices.Sorted(maps.Keys(context)) {
		if _, known := catalogue[key]; !known && !foreign(key) {
			return s, fmt.Errorf("context key %q (value %s) is unknown; known are %s", key, show(context[key]),
				strings.Join(slices.Sorted(maps.Keys(catalogue)), ", "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(catalogue)) {
		v, given := context[key]
		if !given {
			v = catalogue[key].fallback
		}
		if !catalogue[key].set(&s, v) {
			return s, fmt.Errorf("context key %q is %s; allowed is %s", key, show(v), catalogue[key].allowed)
		}
	}
	return s, s.contradiction()
}

// contradiction is an error where two choices exclude each other.
func (s settings) contradiction() error {
	switch {
	case !s.druid && s.privateSubnets:
		return errors.New(`context key "privateSubnets" is true; allowed is false where druid is false: nothing is in the subnets then`)
	case !s.druid && s.grafanaCidr != "":
		return fmt.Errorf(`context key "grafanaCidr" is %q; allowed is empty where druid is false: there is nothing to reach then`, s.grafanaCidr)
	case s.privateSubnets && s.grafanaCidr != "" && !netip.MustParsePrefix(s.grafanaCidr).Addr().IsPrivate():
		return fmt.Errorf(`context key "grafanaCidr" is %q; allowed is a private range, such as 10.1.0.0/24, where privateSubnets is true: nobody else reaches them`, s.grafanaCidr)
	}
	return nil
}

// foreign tells whether a key belongs to the CDK itself: its flags, and what it looked up.
func foreign(key string) bool {
	for _, prefix := range []string{"aws:", "@aws-cdk/", "aws-cdk:", "cdk-", "ami:", "vpc-provider:", "availability-zones:", "ssm:", "acknowledged-issue-numbers", "tree"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// text, number and boolean set a field; what came from the command line is text always.
func text(field func(*settings) *string, ok func(string) bool) func(*settings, any) bool {
	return func(s *settings, v any) bool {
		given, is := v.(string)
		*field(s) = given
		return is && ok(given)
	}
}

func number(field func(*settings) *int, ok func(int) bool) func(*settings, any) bool {
	return func(s *settings, v any) bool {
		n := 0
		switch v := v.(type) {
		case int:
			n = v
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > 1<<31 {
				return false
			}
			n = int(v)
		case string:
			var err error
			if n, err = strconv.Atoi(v); err != nil {
				return false
			}
		default:
			return false
		}
		*field(s) = n
		return ok(n)
	}
}

func boolean(field func(*settings) *bool) func(*settings, any) bool {
	return func(s *settings, v any) bool {
		switch v {
		case true, "true":
			*field(s) = true
		case false, "false":
			*field(s) = false
		default:
			return false
		}
		return true
	}
}

func between(low, high int) func(int) bool { return func(n int) bool { return n >= low && n <= high } }

func made(longest int, chars string) func(string) bool {
	return func(v string) bool { return v != "" && len(v) <= longest && strings.Trim(v, chars) == "" }
}

// secretName leaves names out that end as the random part of an ARN does: Secrets Manager
// confuses them.
func secretName(v string) bool {
	if !made(512, nameChars+"/+=@")(v) {
		return false
	}
	i := strings.LastIndexByte(v, '-')
	return i < 0 || len(v)-i-1 != 6
}

// addressRange allows nothing wider than a large office or a network of one's own has.
func addressRange(v string) bool {
	if v == "" {
		return true
	}
	p, err := netip.ParsePrefix(v)
	return err == nil && p.Addr().Is4() && p == p.Masked() && p.Bits() >= 16
}

func address(v string) bool {
	name, domain, ok := strings.Cut(v, "@")
	return v == "" || ok && name != "" && strings.Contains(domain, ".") && !strings.ContainsAny(v, " ,;<>")
}
