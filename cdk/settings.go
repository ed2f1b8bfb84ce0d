package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market"
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
	market                string // path of a file that changes figures of the market; empty: none
	figures               []byte // what is in it
	incidents             string // path of a file with what goes wrong; empty: nothing
	plan                  []byte // what is in it
	labels                bool   // false: events do not say which scenario touched them
	truth                 bool   // false: what incidents did is not published

	druid          bool   // false: the producers alone
	consumerSecret string // name in Secrets Manager
	druidInstance  string // type in EC2
	druidImage     string // name in EC2
	druidVolume    int    // GB of data; it can grow, not shrink
	druidSnapshot  string // the data volume begins as its copy, for as long as this stays; empty: empty
	druidZone      int    // 1 or 2, not each has each type; the data volume of another is another one
	druidRetention string // period of ISO 8601 for which Druid keeps the events
	privateSubnets bool
	grafanaCidr    string // who reaches the gateway; empty: nobody
}

// setting is one key: its default, what is allowed, and how a value is put into its field.
type setting struct {
	fallback any
	allowed  string
	set      func(v any) bool // false: not allowed
}

// catalogue has the keys, whose values it puts into s.
func (s *settings) catalogue() map[string]setting {
	return map[string]setting{
		"producerSecret": secret(&s.producerSecret, "salesburst/producer"),
		"topic": text(&s.topic, contract.DefaultTopic,
			"the name of a topic: 1 to 249 characters of A-Z a-z 0-9 . _ -", like(contract.TopicPattern)),
		"delivery": text(&s.delivery, contract.DeliveryExactlyOnce, strings.Join(contract.Deliveries(), ", "),
			func(v string) bool { return slices.Contains(contract.Deliveries(), v) }),
		"scenario": text(&s.scenario, "", "empty, or a scenario: a word of a-z and -",
			like(`[a-z-]{0,40}`)),
		"onlineEventsPerMinute": events(&s.onlineEventsPerMinute, contract.Online),
		"storeEventsPerMinute":  events(&s.storeEventsPerMinute, contract.Store),
		"memory":                between(&s.memory, 512, "whole MB", 128, 10240),
		"logDays": number(&s.logDays, 14, "one of "+strings.Trim(fmt.Sprint(retentions), "[]"),
			func(n int) bool { return slices.Contains(retentions, n) }),
		"tracing":               boolean(&s.tracing, false),
		"alarmEmail":            text(&s.alarmEmail, "", "empty, or an address such as you@example.com", address),
		"market":                text(&s.market, "", marketAllowed, func(string) bool { return true }),
		contract.FieldIncidents: text(&s.incidents, "", incidentsAllowed, func(string) bool { return true }),
		"labels":                boolean(&s.labels, true),
		"truth":                 boolean(&s.truth, true),
		"spikeConcurrency":      between(&s.spikeConcurrency, 200, "a whole number", 1, 1000),

		"druid":          boolean(&s.druid, true),
		"consumerSecret": secret(&s.consumerSecret, "salesburst/consumer"),
		"druidInstance": text(&s.druidInstance, "m7i-flex.large", "a type of the families m6i m6a m7i m7i-flex m7a "+
			"r6i r6a r7i r7a (x86_64, 8 GiB or more), in large, xlarge, 2xlarge, 4xlarge or 8xlarge",
			like(`([mr][67][ia]|m7i-flex)\.(large|[248]?xlarge)`)),
		"druidImage": text(&s.druidImage, newestImage,
			"the name of an image of Amazon Linux 2023 for x86_64, such as "+newestImage,
			like(`al2023-ami-2023\.\d+\.\d{8}\.\d+-kernel-6\.\d+-x86_64`)),
		"druidVolume": between(&s.druidVolume, 50, "whole GB", 20, 16384),
		"druidSnapshot": text(&s.druidSnapshot, "", "empty, or the id of a snapshot: snap-…",
			like(`(snap-[0-9a-f]{8,17})?`)),
		"druidZone": number(&s.druidZone, 1, "1 or 2", func(n int) bool { return n == 1 || n == 2 }),
		"druidRetention": text(&s.druidRetention, "P90D",
			"a period of ISO 8601 of up to four digits: P90D, P12W, P6M or P1Y", like(`P[1-9][0-9]{0,3}[DWMY]`)),
		"privateSubnets": boolean(&s.privateSubnets, false),
		"grafanaCidr": text(&s.grafanaCidr, "", "empty, or a range of 1 to 65536 IPv4 addresses that is written "+
			"from its first one, such as 203.0.113.7/32 or 203.0.113.0/24", addressRange),
	}
}

// newestImage is the newest release that was known when this was written. Newer ones bring repairs:
//
//	aws ec2 describe-images --owners amazon --query 'sort_by(Images,&CreationDate)[-1].Name' \
//	  --filters 'Name=name,Values=al2023-ami-2023.*-kernel-6.1-x86_64'
const newestImage = "al2023-ami-2023.12.20260930.0-kernel-6.1-x86_64"

// retentions are those that CloudWatch Logs knows, up to a year.
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365}

// readSettings understands a context. Its error is one line that names the key, the
// value and what is allowed.
func readSettings(context map[string]any) (settings, error) {
	var s settings
	catalogue := s.catalogue()
	keys := slices.Sorted(maps.Keys(catalogue))
	for _, key := range slices.Sorted(maps.Keys(context)) {
		if _, known := catalogue[key]; !known && !foreign(key) {
			return s, fmt.Errorf("context key %q (value %s) is unknown; known are %s",
				key, show(context[key]), strings.Join(keys, ", "))
		}
	}
	for _, key := range keys {
		v, given := context[key]
		if !given {
			v = catalogue[key].fallback
		}
		if !catalogue[key].set(v) {
			return s, refused(key, v, catalogue[key].allowed)
		}
	}
	if err := s.contradiction(); err != nil {
		return s, err
	}
	return s, s.readFiles()
}

// contradiction is an error where two choices exclude each other.
func (s settings) contradiction() error {
	switch cidr := s.grafanaCidr; {
	case !s.druid && s.privateSubnets:
		return refused("privateSubnets", true, "false where druid is false: nothing is in the subnets then")
	case !s.druid && cidr != "":
		return refused("grafanaCidr", cidr, "empty where druid is false: there is nothing to reach then")
	case s.privateSubnets && cidr != "" && !netip.MustParsePrefix(cidr).Addr().IsPrivate():
		return refused("grafanaCidr", cidr,
			"a private range, such as 10.1.0.0/24, where privateSubnets is true: nobody else reaches them")
	}
	return nil
}

const (
	marketAllowed    = "empty, or the path of a file that changes figures of the market"
	incidentsAllowed = "empty, or the path of a file with what goes wrong"
)

// readFiles reads the files of the keys market and incidents, and refuses what the functions would not
// start with.
func (s *settings) readFiles() error {
	var err error
	read := func(key, path, allowed string, check func(text []byte) error) (text []byte, err error) {
		if path == "" {
			return nil, nil
		}
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("context key %q is %s: %w; allowed is %s", key, show(path), err, allowed)
		}
		if err = check(text); err != nil {
			return nil, fmt.Errorf("context key %q is %s: %w", key, show(path), err)
		}
		return text, nil
	}
	if s.figures, err = read("market", s.market, marketAllowed, func(text []byte) error {
		_, err := market.NewFrom(dataset.Default(), text)
		return err
	}); err != nil {
		return err
	}
	s.plan, err = read(contract.FieldIncidents, s.incidents, incidentsAllowed, func(text []byte) error {
		m, err := market.NewFrom(dataset.Default(), s.figures)
		if err == nil {
			_, err = m.ReadIncidents(text)
		}
		return err
	})
	return err
}

func refused(key string, v any, allowed string) error {
	return fmt.Errorf("context key %q is %s; allowed is %s", key, show(v), allowed)
}

// foreign tells whether a key belongs to the CDK itself: its flags, and what it looked up.
func foreign(key string) bool {
	return slices.ContainsFunc([]string{"aws:", "@aws-cdk/", "aws-cdk:", "cdk-", "ami:", "vpc-provider:",
		"availability-zones:", "ssm:", "acknowledged-issue-numbers", "tree",
	}, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// text, number and boolean are settings of a type; what came from the command line is text always.
func text(field *string, fallback, allowed string, ok func(string) bool) setting {
	return setting{fallback, allowed, func(v any) (is bool) {
		*field, is = v.(string)
		return is && ok(*field)
	}}
}

func number(field *int, fallback int, allowed string, ok func(int) bool) setting {
	return setting{fallback, allowed, func(v any) bool {
		switch v := v.(type) {
		case int:
			*field = v
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > 1<<31 {
				return false
			}
			*field = int(v)
		case string:
			var err error
			if *field, err = strconv.Atoi(v); err != nil {
				return false
			}
		default:
			return false
		}
		return ok(*field)
	}}
}

func boolean(field *bool, fallback bool) setting {
	return setting{fallback, "true or false", func(v any) bool {
		*field = v == true || v == "true"
		return *field || v == false || v == "false"
	}}
}

func between(field *int, fallback int, unit string, low, high int) setting {
	return number(field, fallback, fmt.Sprintf("%s, %d to %d", unit, low, high),
		func(n int) bool { return n >= low && n <= high })
}

func events(field *int, f contract.Function) setting {
	return between(field, f.EventsPerMinute, "a whole number", 1, contract.MaxEventsPerMinute)
}

// secret leaves names out that end as the random part of an ARN does: Secrets Manager
// confuses them.
func secret(field *string, fallback string) setting {
	name := like(`[A-Za-z0-9/_+=.@-]{1,512}`)
	return text(field, fallback, "the name of a secret: 1 to 512 characters of A-Z a-z 0-9 / _ + = . @ -",
		func(v string) bool { i := strings.LastIndexByte(v, '-'); return name(v) && (i < 0 || len(v)-i != 7) })
}

func like(pattern string) func(string) bool {
	return regexp.MustCompile("^(" + pattern + ")$").MatchString
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
