package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"salesburst/shared/spec"
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
}

// setting is one key: how its value is understood, and what is allowed.
type setting struct {
	fallback any
	allowed  string
	set      func(s *settings, v any) bool
}

// catalogue of the keys.
var catalogue = map[string]setting{
	"producerSecret": {"salesburst/producer", "the name of a secret: 1 to 512 characters of A-Z a-z 0-9 / _ + = . @ -",
		text(func(s *settings) *string { return &s.producerSecret }, secretName)},
	"topic": {spec.DefaultTopic, "the name of a topic: 1 to 249 characters of A-Z a-z 0-9 . _ -",
		text(func(s *settings) *string { return &s.topic }, made(249, nameChars))},
	"delivery": {spec.DeliveryExactlyOnce, strings.Join(spec.Deliveries(), ", "),
		text(func(s *settings) *string { return &s.delivery }, func(v string) bool { return slices.Contains(spec.Deliveries(), v) })},
	"scenario": {"", "empty, or a scenario: a word of a-z and -",
		text(func(s *settings) *string { return &s.scenario }, func(v string) bool { return v == "" || made(40, "abcdefghijklmnopqrstuvwxyz-")(v) })},
	"onlineEventsPerMinute": {spec.Online.EventsPerMinute, events, number(func(s *settings) *int { return &s.onlineEventsPerMinute }, between(1, spec.MaxEventsPerMinute))},
	"storeEventsPerMinute":  {spec.Store.EventsPerMinute, events, number(func(s *settings) *int { return &s.storeEventsPerMinute }, between(1, spec.MaxEventsPerMinute))},
	"memory":                {512, "whole MB, 128 to 10240", number(func(s *settings) *int { return &s.memory }, between(128, 10240))},
	"logDays": {14, "one of " + strings.Trim(fmt.Sprint(retentions), "[]"),
		number(func(s *settings) *int { return &s.logDays }, func(n int) bool { return slices.Contains(retentions, n) })},
	"tracing":          {false, "true or false", boolean(func(s *settings) *bool { return &s.tracing })},
	"alarmEmail":       {"", "empty, or an address such as you@example.com", text(func(s *settings) *string { return &s.alarmEmail }, address)},
	"spikeConcurrency": {200, "a whole number, 1 to 1000", number(func(s *settings) *int { return &s.spikeConcurrency }, between(1, 1000))},
}

var events = fmt.Sprintf("a whole number, 1 to %d", spec.MaxEventsPerMinute)

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
	return s, nil
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

func address(v string) bool {
	name, domain, ok := strings.Cut(v, "@")
	return v == "" || ok && name != "" && strings.Contains(domain, ".") && !strings.ContainsAny(v, " ,;<>")
}
