package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
)

var (
	now   = time.Date(2026, 11, 24, 10, 0, 30, 500_000_000, time.UTC)
	slot  = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	where = triggerDefaults{
		channel:   contract.ChannelOnline,
		mean:      600,
		scenario:  "flash-sale",
		now:       now,
		requestID: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
	}
)

const schedule = "arn:aws:scheduler:eu-central-1:123456789012:schedule/salesburst/online"

// longestARN has as many characters as EventBridge Scheduler lets an ARN have.
var longestARN = schedule + strings.Repeat("x", 1600-len(schedule))

func TestScheduledTrigger(t *testing.T) {
	want := trigger{TriggerSchedule, burst.Request{
		Channel: contract.ChannelOnline, Origin: schedule, At: slot, Over: time.Minute, Mean: 600, Follows: true, Scenario: "flash-sale",
	}, false}
	for name, c := range map[string]struct {
		time string
		at   time.Time
	}{
		"on the minute":     {"2026-11-24T10:00:00Z", slot},
		"with seconds":      {"2026-11-24T10:00:59Z", slot},
		"with milliseconds": {"2026-11-24T10:00:00.123Z", slot},
		"other zone":        {"2026-11-24T11:00:00+01:00", slot},
		"nearly over":       {"2026-11-24T10:00:40Z", slot},
		"long ago":          {"2024-02-29T10:00:00Z", time.Date(2024, 2, 29, 10, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTrigger([]byte(`{"scheduled_time":"`+c.time+`","schedule_arn":"`+schedule+`"}`), where)
			want := want
			want.order.At = c.at
			if err != nil || !same(got, want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
	t.Run("longest ARN", func(t *testing.T) {
		got, err := parseTrigger([]byte(`{"scheduled_time":"2026-11-24T10:00:00Z","schedule_arn":"`+longestARN+`"}`), where)
		if err != nil || got.order.Origin != longestARN {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// same reports whether two triggers ask for the same, whatever the text of their incidents.
func same(a, b trigger) bool {
	if a.order.Incidents != nil && b.order.Incidents != nil {
		a.order.Incidents, b.order.Incidents = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// shard is the payload that asks for a shard; its values are as they stand in JSON.
func shard(events, shard, of string) string {
	return `{"events":` + events + `,"id":"bf","at":"2026-11-24T10:00:00Z","shard":` + shard + `,"of":` + of + `}`
}

func TestManualTrigger(t *testing.T) {
	order := func(change func(*burst.Request)) burst.Request {
		o := burst.Request{Channel: contract.ChannelOnline, Origin: where.requestID, At: now.Truncate(time.Second), Over: time.Minute, Mean: 600}
		change(&o)
		return o
	}
	spike := func(events, shard, of int) burst.Request {
		return order(func(o *burst.Request) { o.Origin, o.At, o.Events, o.Shard, o.Of = "bf", slot, events, shard, of })
	}
	for name, c := range map[string]struct {
		payload string
		want    burst.Request
	}{
		"nothing":      {``, order(func(*burst.Request) {})},
		"white space":  {" \n", order(func(*burst.Request) {})},
		"null":         {`null`, order(func(*burst.Request) {})},
		"empty object": {`{}`, order(func(*burst.Request) {})},
		"everything": {`{"events":50000,"scenario":"flash-sale","brand":"Samsung","product":"A \"TV\"","city":"Chicago",
			"payment_method":"PayPal","at":"2026-11-20T10:00:00Z","over":"5m","id":"bf-rehearsal"}`, burst.Request{
			Channel: contract.ChannelOnline, Origin: "bf-rehearsal", At: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Over: 5 * time.Minute,
			Events: 50_000, Mean: 600, Scenario: "flash-sale", Brand: "Samsung", Product: `A "TV"`, City: "Chicago", PaymentMethod: "PayPal"}},
		"one event":       {`{"events":1}`, order(func(o *burst.Request) { o.Events = 1 })},
		"most events":     {`{"events":10000000}`, order(func(o *burst.Request) { o.Events = contract.MaxEvents })},
		"empty text":      {`{"scenario":""}`, order(func(*burst.Request) {})},
		"clock is behind": {`{"at":"2026-11-24T10:00:40.5Z"}`, order(func(o *burst.Request) { o.At = now.Add(contract.ClockTolerance) })},
		"until now":       {`{"at":"2026-11-24T10:00:30.5Z"}`, order(func(o *burst.Request) { o.At = now })},
		"longest":         {`{"over":"24h"}`, order(func(o *burst.Request) { o.Over = contract.MaxOver })},
		"shortest":        {`{"over":"1000ms"}`, order(func(o *burst.Request) { o.Over = contract.MinOver })},
		"longest id":      {`{"id":"` + strings.Repeat("a", contract.MaxIDLength) + `"}`, order(func(o *burst.Request) { o.Origin = strings.Repeat("a", contract.MaxIDLength) })},
		"escaped name":    {`{"\u0065vents":7}`, order(func(o *burst.Request) { o.Events = 7 })},
		"first of shards": {shard("1", "0", "3"), spike(1, 0, 3)},
		"last of shards":  {shard("30000000", "2", "3"), spike(30_000_000, 2, 3)},
		"one shard":       {shard("10000000", "0", "1"), spike(10_000_000, 0, 1)},
		"most shards":     {shard("100000000", "9999", "10000"), spike(contract.MaxSpike, 9999, contract.MaxShards)},
		"stages": {`{"stages":[{"over":"2m","per_second":500},{"to":20000,"over":"1m0s"},{"over":"1h1m30s","per_second":0},{"over":"1m","to":0}],"id":"ramp-1"}`,
			order(func(o *burst.Request) {
				o.Origin, o.Over, o.Events = "ramp-1", 65*time.Minute+30*time.Second, 120*500+60*20500/2
				o.Stages = []burst.Stage{{Over: 2 * time.Minute, Rate: 500}, {Over: time.Minute, Rate: 20000, Ramp: true}, {Over: 61*time.Minute + 30*time.Second},
					{Over: time.Minute, Ramp: true}}
			})},
		"shard of stages": {`{"stages":[{"over":"1s","per_second":30000000}],"id":"bf","at":"2026-11-24T10:00:00Z","shard":1,"of":3}`,
			order(func(o *burst.Request) {
				o.Origin, o.At, o.Over, o.Events, o.Shard, o.Of = "bf", slot, time.Second, 30_000_000, 1, 3
				o.Stages = []burst.Stage{{Over: time.Second, Rate: 30_000_000}}
			})},
		"id of a request": {`{"id":"c6af9ac6.7b61_11e6-9a41"}`, order(func(o *burst.Request) { o.Origin = "c6af9ac6.7b61_11e6-9a41" })},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTrigger([]byte(c.payload), where)
			if want := (trigger{TriggerManual, c.want, false}); err != nil || !same(got, want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
			if o, err := parseObject([]byte(c.payload)); err == nil && len(o) > 0 {
				o[contract.FieldTwin] = []byte("true")
				payload, err := json.Marshal(o)
				if got, again := parseTrigger(payload, where); err != nil || again != nil || !same(got, trigger{TriggerManual, c.want, true}) {
					t.Errorf("with its twin: got %+v, %v", got, again)
				}
			}
		})
	}
}

// A retry of an asynchronous invocation has the same trace id, and so the same time.
func TestManualTriggerIsDatedByItsTrace(t *testing.T) {
	root := func(at time.Time) string {
		return "Root=1-" + inHex(at.Unix()) + "-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	}
	traced := slot.Add(-7 * time.Minute)
	for name, c := range map[string]struct {
		trace string
		want  time.Time
	}{
		"none":            {"", now.Truncate(time.Second)},
		"first request":   {root(traced), traced},
		"root not first":  {"Self=1-00000000-x;" + root(traced), traced},
		"a day old":       {root(slot.AddDate(0, 0, -1).Add(time.Minute)), slot.AddDate(0, 0, -1).Add(time.Minute)},
		"too old":         {root(slot.AddDate(0, 0, -1)), now.Truncate(time.Second)},
		"clock is behind": {root(now.Add(contract.ClockTolerance).Truncate(time.Second)), now.Add(contract.ClockTolerance).Truncate(time.Second)},
		"no number":       {"Root=1-5759zzzz-bd862e3fe1be46a994272793", now.Truncate(time.Second)},
		"too short":       {"Root=1-5759", now.Truncate(time.Second)},
		"nothing more":    {"Root=1-" + inHex(traced.Unix()) + "-", traced},
		"too long":        {"Root=1-" + inHex(traced.Unix()) + "0-bd862e3fe1be46a994272793", now.Truncate(time.Second)},
		"no root":         {inHex(traced.Unix()) + "-bd862e3fe1be46a994272793", now.Truncate(time.Second)},
		"other version":   {"Root=2-" + inHex(traced.Unix()) + "-bd862e3fe1be46a994272793", now.Truncate(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			where := where
			where.traceID = c.trace
			got, err := parseTrigger(nil, where)
			if err != nil || !got.order.At.Equal(c.want) {
				t.Errorf("dated %v, %v; want %v", got.order.At, err, c.want)
			}
		})
	}
	for age, want := range map[time.Duration]time.Time{maxTraceAge: slot.Add(-maxTraceAge), maxTraceAge + time.Second: slot} {
		later := where
		later.now, later.traceID = slot, root(slot.Add(-age))
		if got, err := parseTrigger(nil, later); err != nil || !got.order.At.Equal(want) {
			t.Errorf("%v after its first request: dated %v, %v; want %v", age, got.order.At, err, want)
		}
	}
	future := where
	future.traceID = root(slot.Add(time.Minute))
	var inv *InvalidTrigger
	if _, err := parseTrigger(nil, future); !errors.As(err, &inv) || inv.Field != contract.FieldAt || !strings.Contains(err.Error(), "2026-11-24T10:01:00Z") {
		t.Errorf("a trace of the future: %v", err)
	}
	if got, err := parseTrigger([]byte(`{"at":"2026-11-24T10:00:00Z"}`), future); err != nil || !got.order.At.Equal(slot) {
		t.Errorf("a trace of the future and a time that is given: %+v, %v", got, err)
	}
}

// The clocks of two attempts differ, and one is behind the first request: the burst is the same.
func TestRetryByAnotherClockIsTheSameBurst(t *testing.T) {
	traced := where
	traced.traceID = "Root=1-" + inHex(now.Unix()) + "-bd862e3fe1be46a994272793"
	first, err := parseTrigger([]byte(`{"events":5}`), traced)
	if err != nil {
		t.Fatal(err)
	}
	for _, behind := range []time.Duration{501 * time.Millisecond, time.Second, 9 * time.Second} {
		traced.now = now.Add(-behind)
		if again, err := parseTrigger([]byte(`{"events":5}`), traced); err != nil || !same(again, first) {
			t.Errorf("%v behind: %+v, %v; want %+v", behind, again, err, first)
		}
	}
}

func inHex(n int64) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 8)
	for i := range b {
		b[7-i] = digits[n>>(4*i)&15]
	}
	return string(b)
}

func TestTriggerRefuses(t *testing.T) {
	scheduled := func(time, arn string) string {
		return `{"scheduled_time":"` + time + `","schedule_arn":"` + arn + `"}`
	}
	for name, c := range map[string]struct{ payload, field, allowed string }{
		"broken JSON":         {`{"events":`, "payload", `as in {"events":50000}`},
		"text":                {`"events"`, "payload", "one JSON object"},
		"list":                {`[1]`, "payload", "one JSON object"},
		"number":              {`1`, "payload", "one JSON object"},
		"trailing data":       {`{} {}`, "payload", "one JSON object"},
		"not UTF-8":           {"{\"brand\":\"\xff\"}", "payload", "UTF-8"},
		"unknown field":       {`{"event":1}`, `"event"`, "events, stages, scenario, brand, product, city, payment_method, incidents, twin, at, over, id"},
		"other case":          {`{"Events":1}`, `"Events"`, "events, stages, scenario"},
		"duplicated":          {`{"events":1,"events":2}`, `"events"`, "each field once"},
		"duplicated, escaped": {`{"events":1,"\u0065vents":2}`, `"events"`, "each field once"},
		"no events":           {`{"events":0}`, "events", "a whole number from 1 to 10000000, or no such field for as many as the market asks for"},
		"no events in a time": {`{"events":0,"over":"2m"}`, "events", "a whole number"},
		"negative":            {`{"events":-1}`, "events", "a whole number"},
		"too many":            {`{"events":10000001}`, "events", "a whole number from 1 to 10000000"},
		"huge":                {`{"events":` + strings.Repeat("9", 400) + `}`, "events", "a whole number"},
		"fraction":            {`{"events":1.5}`, "events", "a whole number"},
		"exponent":            {`{"events":1e3}`, "events", "a whole number"},
		"events as text":      {`{"events":"10"}`, "events", "a whole number"},
		"null events":         {`{"events":null}`, "events", "a whole number"},
		"brand as number":     {`{"brand":7}`, "brand", "a text in quotes"},
		"null city":           {`{"city":null}`, "city", "a text in quotes"},
		"list of products":    {`{"product":["a"]}`, "product", "a text in quotes"},
		"number of twins":     {`{"twin":2}`, "twin", "true, false"},
		"null twin":           {`{"twin":null}`, "twin", "true, false"},
		"incidents as text":   {`{"incidents":"all"}`, "incidents", "a list of 0 to 100 values"},
		"unknown incident":    {`{"incidents":[{"scenario":"rain"}]}`, "incidents[0].scenario", "flash-sale"},
		"scenario object":     {`{"scenario":{}}`, "scenario", "a text in quotes"},
		"payment true":        {`{"payment_method":true}`, "payment_method", "a text in quotes"},
		"no time":             {`{"at":"yesterday"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"no zone":             {`{"at":"2026-11-24T10:00:00"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"no such day":         {`{"at":"2026-02-30T10:00:00Z"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"one digit hour":      {`{"at":"2026-11-24T1:00:00Z"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"before 2000":         {`{"at":"1999-12-31T23:59:59Z"}`, "at", "since the year 2000"},
		"seconds since":       {`{"at":1795514400}`, "at", "a text in quotes"},
		"in the future":       {`{"at":"2026-11-24T10:00:40.501Z"}`, "at", "a time that has passed, or comes in 10s at most; by this machine's clock it is now 2026-11-24T10:00:30.500Z"},
		"no duration":         {`{"over":"5 minutes"}`, "over", "as in 30s, 5m, 1h30m"},
		"number of minutes":   {`{"over":5}`, "over", "a text in quotes"},
		"too short":           {`{"over":"999ms"}`, "over", "from 1s to 24h0m0s"},
		"negative duration":   {`{"over":"-5m"}`, "over", "from 1s"},
		"too long":            {`{"over":"24h0m1s"}`, "over", "from 1s to 24h0m0s"},
		"number as id":        {`{"id":7}`, "id", "a text in quotes"},
		"empty id":            {`{"id":""}`, "id", "1 to 64 characters"},
		"id too long":         {`{"id":"` + strings.Repeat("a", 65) + `"}`, "id", "1 to 64 characters"},
		"id with a slash":     {`{"id":"a/b"}`, "id", "A-Z a-z 0-9 . _ -"},
		"id with a newline":   {`{"id":"a\n"}`, "id", "A-Z a-z 0-9 . _ -"},

		"shard below":       {shard("9", "-1", "3"), "shard", "a whole number from 0 to 2"},
		"shard above":       {shard("9", "3", "3"), "shard", "a whole number from 0 to 2"},
		"shard as text":     {shard("9", `"0"`, "3"), "shard", "a whole number from 0 to 2"},
		"of no shards":      {shard("9", "0", "0"), "of", "a whole number from 1 to 10000"},
		"of too many":       {shard("9", "0", "10001"), "of", "a whole number from 1 to 10000"},
		"too many in all":   {shard("100000001", "0", "10000"), "events", "a whole number from 1 to 100000000, all shards together"},
		"too many in three": {shard("30000001", "0", "3"), "events", "a whole number from 1 to 30000000, all shards together"},
		"shard, not of":     {`{"events":9,"id":"bf","at":"2026-11-24T10:00:00Z","shard":1}`, "of", "all of shard, of, events (or stages), at and id where a shard"},
		"of, not shard":     {`{"events":9,"id":"bf","at":"2026-11-24T10:00:00Z","of":3}`, "shard", "all of shard, of, events (or stages), at and id where a shard"},
		"shard, no events":  {`{"id":"bf","at":"2026-11-24T10:00:00Z","shard":1,"of":3}`, "events", "all of shard"},
		"shard, no time":    {`{"events":9,"id":"bf","shard":1,"of":3}`, "at", "all of shard"},
		"shard, no id":      {`{"events":9,"at":"2026-11-24T10:00:00Z","shard":1,"of":3}`, "id", "all of shard"},

		"stages as text":        {`{"stages":"2m"}`, "stages", `a list, as in [{"over":"2m","per_second":500},{"over":"30s","to":0}]`},
		"null stages":           {`{"stages":null}`, "stages", "a list"},
		"no stages":             {`{"stages":[]}`, "stages", "a list of 1 to 100 stages"},
		"too many stages":       {`{"stages":[` + strings.Repeat(`{"over":"1s","to":1},`, 100) + `{"over":"1s","to":1}]}`, "stages", "a list of 1 to 100 stages"},
		"stages and events":     {`{"stages":[{"over":"2m","per_second":5}],"events":600}`, "events", "no such field there"},
		"stages and over":       {`{"stages":[{"over":"2m","per_second":5}],"over":"2m"}`, "over", "no such field there"},
		"stage as number":       {`{"stages":[{"over":"2m","per_second":5},5]}`, "stages[1]", "an object with over, and one of per_second, a step, and to, a ramp"},
		"null stage":            {`{"stages":[null]}`, "stages[0]", "an object with over"},
		"empty stage":           {`{"stages":[{}]}`, "stages[0]", "over, and one of"},
		"stage without time":    {`{"stages":[{"per_second":5}]}`, "stages[0]", "over, and one of"},
		"stage without rate":    {`{"stages":[{"over":"2m"}]}`, "stages[0]", "over, and one of per_second, a step, and to, a ramp"},
		"step and ramp":         {`{"stages":[{"over":"2m","per_second":5,"to":5}]}`, "stages[0]", "one of"},
		"unknown in a stage":    {`{"stages":[{"over":"2m","rate":5}]}`, `stages[0]."rate"`, "over, and one of"},
		"twice in a stage":      {`{"stages":[{"over":"2m","to":5,"to":6}]}`, `stages[0]."to"`, "each field once"},
		"stage of a fraction":   {`{"stages":[{"over":"1.5m","per_second":5}]}`, "stages[0].over", "whole hours, minutes and seconds, as in 30s, 5m, 1h30m"},
		"stage in milliseconds": {`{"stages":[{"over":"5m","to":5},{"over":"1000ms","per_second":5}]}`, "stages[1].over", "whole hours"},
		"stage without a unit":  {`{"stages":[{"over":"","per_second":5}]}`, "stages[0].over", "whole hours"},
		"stage in reverse":      {`{"stages":[{"over":"5s3m","per_second":5}]}`, "stages[0].over", "whole hours"},
		"number of a stage":     {`{"stages":[{"over":5,"per_second":5}]}`, "stages[0].over", "a text in quotes"},
		"stage of no time":      {`{"stages":[{"over":"0s","per_second":5}]}`, "stages[0].over", "whole seconds, from 1s on"},
		"stage for too long":    {`{"stages":[{"over":"99999h","per_second":5}]}`, "stages[0].over", "24h0m0s at most"},
		"stages for too long":   {`{"stages":[{"over":"23h","to":5},{"over":"61m","to":5}]}`, "stages[1].over", "1h0m0s at most"},
		"negative rate":         {`{"stages":[{"over":"2m","per_second":-1}]}`, "stages[0].per_second", "a whole number from 0 to 100000000"},
		"rate of a fraction":    {`{"stages":[{"over":"2m","to":1.5}]}`, "stages[0].to", "a whole number from 0 to 100000000"},
		"rate as text":          {`{"stages":[{"over":"2m","to":"5"}]}`, "stages[0].to", "a whole number"},
		"null rate":             {`{"stages":[{"over":"2m","per_second":null}]}`, "stages[0].per_second", "a whole number"},
		"too many in stages":    {`{"stages":[{"over":"2m","to":5},{"over":"1h","per_second":50000}]}`, "stages[1].per_second", "all stages together have up to 100000000"},
		"nothing in stages":     {`{"stages":[{"over":"2m","to":0}]}`, "stages", "a rate above 0 in one of them"},
		"shard of stages now":   {`{"stages":[{"over":"2m","to":5}],"id":"bf","shard":1,"of":3}`, "at", "all of shard"},
		"shard of no stages":    {`{"stages":[],"id":"bf","at":"2026-11-24T10:00:00Z","shard":1,"of":3}`, "stages", "a list of 1 to 100"},

		"no schedule":          {`{"scheduled_time":"2026-11-24T10:00:00Z"}`, "schedule_arn", "both of scheduled_time, schedule_arn"},
		"no scheduled time":    {`{"schedule_arn":"` + schedule + `"}`, "scheduled_time", "both of"},
		"mixture":              {`{"scheduled_time":"2026-11-24T10:00:00Z","schedule_arn":"` + schedule + `","events":5}`, `"events"`, "exactly scheduled_time, schedule_arn from a schedule"},
		"schedule and unknown": {`{"scheduled_time":"2026-11-24T10:00:00Z","schedule_arn":"` + schedule + `","x":5}`, `"x"`, "exactly"},
		"placeholder left":     {scheduled("<aws.scheduler.scheduled-time>", schedule), "scheduled_time", "a time since"},
		"scheduled before":     {scheduled("1970-01-01T00:00:00Z", schedule), "scheduled_time", "a time since"},
		"slot to come":         {scheduled("2026-11-24T10:01:00Z", schedule), "scheduled_time", "comes in 10s at most; by this machine's clock it is now 2026-11-24T10:00:30.500Z"},
		"wrong century":        {scheduled("2062-11-24T10:00:00Z", schedule), "scheduled_time", "it is now"},
		"null schedule":        {`{"scheduled_time":"2026-11-24T10:00:00Z","schedule_arn":null}`, "schedule_arn", "a text in quotes"},
		"other ARN":            {scheduled("2026-11-24T10:00:00Z", "arn:aws:events:eu-central-1:123456789012:rule/x"), "schedule_arn", "arn:aws:scheduler:"},
		"ARN of no schedule":   {scheduled("2026-11-24T10:00:00Z", "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/x"), "schedule_arn", "arn:aws:scheduler:"},
		"ARN too long":         {scheduled("2026-11-24T10:00:00Z", longestARN+"x"), "schedule_arn", "arn:aws:scheduler:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseTrigger([]byte(c.payload), where)
			var inv *InvalidTrigger
			if !errors.As(err, &inv) {
				t.Fatalf("error %v", err)
			}
			if inv.Field != c.field || !strings.Contains(inv.Allowed, c.allowed) {
				t.Errorf("%v; want one about %s that allows %q", err, c.field, c.allowed)
			}
			if len(err.Error()) > 500 {
				t.Errorf("a message of %d bytes", len(err.Error()))
			}
		})
	}
}

// A value is written as it was given, but for one that would fill the log.
func TestLongValuesAreShortened(t *testing.T) {
	for name, c := range map[string]struct{ value, want string }{
		"short":            {"a", "a"},
		"100 bytes":        {strings.Repeat("a", 100), strings.Repeat("a", 100)},
		"101 bytes":        {strings.Repeat("a", 101), strings.Repeat("a", 100) + "…"},
		"cut in a letter":  {strings.Repeat("a", 99) + "ü", strings.Repeat("a", 99) + "\ufffd…"},
		"no UTF-8":         {"a\xff", "a\ufffd"},
		"no UTF-8, longer": {"\xff" + strings.Repeat("a", 100), "\ufffd" + strings.Repeat("a", 99) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			const allowed = `: allowed is one JSON object in UTF-8, as in {"events":50000}`
			if _, err := parseTrigger([]byte(c.value), where); err == nil || err.Error() != "payload "+c.want+allowed {
				t.Errorf("got %v, want one about %s", err, c.want)
			}
		})
	}
}

// What the market does not have is the payload's fault; another error of a plan may pass.
func TestWhatCannotBePlanned(t *testing.T) {
	asked := manual(func(*burst.Request) {})
	unknown := &burst.Invalid{Field: "brand", Value: `"Nobody's"`, Allowed: "Samsung"}
	err := unplanned(planned, asked, fmt.Errorf("planning: %w", unknown))
	if inv, ok := err.(*InvalidTrigger); !ok || inv.Error() != `brand "Nobody's": allowed is Samsung` || !errors.Is(err, error(unknown)) {
		t.Errorf("what the market does not have: %#v", err)
	}
	broken := errors.New("broken")
	if _, ok := unplanned(planned, asked, broken).(*NotPublished); !ok {
		t.Errorf("another error: %#v", unplanned(planned, asked, broken))
	}
}

func TestTriggerNeedsAName(t *testing.T) {
	nowhere := where
	nowhere.requestID = ""
	if _, err := parseTrigger(nil, nowhere); err == nil {
		t.Error("a burst without a name was accepted")
	}
	if _, err := parseTrigger([]byte(`{"id":"x"}`), nowhere); err != nil {
		t.Error(err)
	}
}

func FuzzTrigger(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `{"events":5}`, `{"events":1e3}`, `{"at":"2026-11-24T10:00:00Z","over":"5m","id":"a.b"}`,
		`{"scheduled_time":"2026-11-24T10:00:00Z","schedule_arn":"` + schedule + `"}`, `{"id":"\u0000"}`, `{"brand":"\ud800"}`,
		`{"stages":[{"over":"2m","per_second":500},{"over":"1m","to":20000},{"over":"30s","to":0}],"id":"ramp-1","at":"2026-11-24T10:00:00Z","shard":1,"of":3}`,
		`{"stages":[{"over":"1h2m3s","to":1}],"incidents":[{"scenario":"price-error"}]}`,
	} {
		f.Add([]byte(seed), "Root=1-5759e988-bd862e3fe1be46a994272793")
	}
	f.Fuzz(func(t *testing.T, payload []byte, trace string) {
		where := where
		where.traceID = trace
		got, err := parseTrigger(payload, where)
		if err != nil {
			var inv *InvalidTrigger
			if !errors.As(err, &inv) || inv.Field == "" || inv.Allowed == "" {
				t.Errorf("refused with %#v", err)
			}
			return
		}
		o := got.order
		most := min(contract.MaxEvents*max(o.Of, 1), contract.MaxSpike)
		if len(o.Stages) > 0 { // the burst refuses what is too much for its shards
			most = contract.MaxSpike
			if over, events, err := burst.Sum(o.Stages); err != nil || over != o.Over || events != o.Events {
				t.Errorf("accepted %+v, error %v", got, err)
			}
		}
		if o.Events < 0 || o.Events > most || o.Over < contract.MinOver || o.Over > contract.MaxOver || o.At.Before(earliest) ||
			o.Origin == "" || o.Mean != 600 || o.Channel != contract.ChannelOnline {
			t.Errorf("accepted %+v", got)
		}
		switch got.kind {
		case TriggerManual:
			if o.At.After(now.Add(contract.ClockTolerance)) || len(o.Origin) > contract.MaxIDLength {
				t.Errorf("accepted %+v", got)
			}
			if again, err := parseTrigger(got.again(), where); err != nil || !same(again, got) {
				t.Errorf("%s is %+v, %v; want %+v", got.again(), again, err, got)
			}
		case TriggerSchedule:
			if o.At.After(now.Add(contract.ClockTolerance)) {
				t.Errorf("accepted %+v", got)
			}
			if o.Over != contract.Slot || o.Events != 0 || !o.At.Equal(o.At.Truncate(contract.Slot)) || len(o.Origin) > maxARN {
				t.Errorf("accepted %+v", got)
			}
		}
		if again, err := parseTrigger(payload, where); err != nil || !same(again, got) {
			t.Errorf("the second time %+v, %v; first %+v", again, err, got)
		}
	})
}
