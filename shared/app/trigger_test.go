package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
)

var (
	now   = time.Date(2026, 11, 24, 10, 0, 30, 500_000_000, time.UTC)
	slot  = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	where = circumstances{
		channel:   contract.ChannelOnline,
		mean:      600,
		scenario:  "flash-sale",
		now:       now,
		requestID: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
	}
)

const schedule = "arn:aws:scheduler:eu-central-1:123456789012:schedule/salesburst/online"

func TestScheduledTrigger(t *testing.T) {
	want := trigger{TriggerSchedule, burst.Order{
		Channel: contract.ChannelOnline, Origin: schedule, At: slot, Over: time.Minute, Mean: 600, Scenario: "flash-sale",
	}}
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
			if err != nil || got != want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestManualTrigger(t *testing.T) {
	order := func(change func(*burst.Order)) burst.Order {
		o := burst.Order{Channel: contract.ChannelOnline, Origin: where.requestID, At: now.Truncate(time.Second), Over: time.Minute, Mean: 600}
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		payload string
		want    burst.Order
	}{
		"nothing":      {``, order(func(*burst.Order) {})},
		"white space":  {" \n", order(func(*burst.Order) {})},
		"null":         {`null`, order(func(*burst.Order) {})},
		"empty object": {`{}`, order(func(*burst.Order) {})},
		"everything": {`{"events":50000,"scenario":"flash-sale","brand":"Samsung","product":"A \"TV\"","city":"Chicago",
			"payment_method":"PayPal","at":"2026-11-20T10:00:00Z","over":"5m","id":"bf-rehearsal"}`, burst.Order{
			Channel: contract.ChannelOnline, Origin: "bf-rehearsal", At: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Over: 5 * time.Minute,
			Events: 50_000, Mean: 600, Scenario: "flash-sale", Brand: "Samsung", Product: `A "TV"`, City: "Chicago", PaymentMethod: "PayPal"}},
		"one event":       {`{"events":1}`, order(func(o *burst.Order) { o.Events = 1 })},
		"most events":     {`{"events":10000000}`, order(func(o *burst.Order) { o.Events = contract.MaxEvents })},
		"empty text":      {`{"scenario":""}`, order(func(*burst.Order) {})},
		"clock is behind": {`{"at":"2026-11-24T10:00:40.5Z"}`, order(func(o *burst.Order) { o.At = now.Add(contract.ClockTolerance) })},
		"until now":       {`{"at":"2026-11-24T10:00:30.5Z"}`, order(func(o *burst.Order) { o.At = now })},
		"longest":         {`{"over":"24h"}`, order(func(o *burst.Order) { o.Over = contract.MaxOver })},
		"shortest":        {`{"over":"1000ms"}`, order(func(o *burst.Order) { o.Over = contract.MinOver })},
		"longest id":      {`{"id":"` + strings.Repeat("a", contract.MaxIDLength) + `"}`, order(func(o *burst.Order) { o.Origin = strings.Repeat("a", contract.MaxIDLength) })},
		"escaped name":    {`{"\u0065vents":7}`, order(func(o *burst.Order) { o.Events = 7 })},
		"id of a request": {`{"id":"c6af9ac6.7b61_11e6-9a41"}`, order(func(o *burst.Order) { o.Origin = "c6af9ac6.7b61_11e6-9a41" })},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTrigger([]byte(c.payload), where)
			if want := (trigger{TriggerManual, c.want}); err != nil || got != want {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
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
		if again, err := parseTrigger([]byte(`{"events":5}`), traced); err != nil || again != first {
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
		"broken JSON":       {`{"events":`, "payload", `as in {"events":50000}`},
		"text":              {`"events"`, "payload", "one JSON object"},
		"list":              {`[1]`, "payload", "one JSON object"},
		"number":            {`1`, "payload", "one JSON object"},
		"trailing data":     {`{} {}`, "payload", "one JSON object"},
		"not UTF-8":         {"{\"brand\":\"\xff\"}", "payload", "UTF-8"},
		"unknown field":     {`{"event":1}`, `"event"`, "events, scenario, brand, product, city, payment_method, at, over, id"},
		"other case":        {`{"Events":1}`, `"Events"`, "events, scenario"},
		"doubled":           {`{"events":1,"events":2}`, `"events"`, "each field once"},
		"doubled, escaped":  {`{"events":1,"\u0065vents":2}`, `"events"`, "each field once"},
		"no events":         {`{"events":0}`, "events", "a whole number from 1 to 10000000"},
		"negative":          {`{"events":-1}`, "events", "a whole number"},
		"too many":          {`{"events":10000001}`, "events", "a whole number from 1 to 10000000"},
		"huge":              {`{"events":` + strings.Repeat("9", 400) + `}`, "events", "a whole number"},
		"fraction":          {`{"events":1.5}`, "events", "a whole number"},
		"exponent":          {`{"events":1e3}`, "events", "a whole number"},
		"events as text":    {`{"events":"10"}`, "events", "a whole number"},
		"null events":       {`{"events":null}`, "events", "a whole number"},
		"brand as number":   {`{"brand":7}`, "brand", "a text in quotes"},
		"null city":         {`{"city":null}`, "city", "a text in quotes"},
		"list of products":  {`{"product":["a"]}`, "product", "a text in quotes"},
		"scenario object":   {`{"scenario":{}}`, "scenario", "a text in quotes"},
		"payment true":      {`{"payment_method":true}`, "payment_method", "a text in quotes"},
		"no time":           {`{"at":"yesterday"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"no zone":           {`{"at":"2026-11-24T10:00:00"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"no such day":       {`{"at":"2026-02-30T10:00:00Z"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"one digit hour":    {`{"at":"2026-11-24T1:00:00Z"}`, "at", "as in 2026-11-24T10:00:00Z"},
		"before 2000":       {`{"at":"1999-12-31T23:59:59Z"}`, "at", "since the year 2000"},
		"seconds since":     {`{"at":1795514400}`, "at", "a text in quotes"},
		"in the future":     {`{"at":"2026-11-24T10:00:40.501Z"}`, "at", "a time that has passed, or comes in 10s at most; by this machine's clock it is now 2026-11-24T10:00:30.500Z"},
		"no duration":       {`{"over":"5 minutes"}`, "over", "as in 30s, 5m, 1h30m"},
		"number of minutes": {`{"over":5}`, "over", "a text in quotes"},
		"too short":         {`{"over":"999ms"}`, "over", "from 1s to 24h0m0s"},
		"negative duration": {`{"over":"-5m"}`, "over", "from 1s"},
		"too long":          {`{"over":"24h0m1s"}`, "over", "from 1s to 24h0m0s"},
		"empty id":          {`{"id":""}`, "id", "1 to 64 characters"},
		"id too long":       {`{"id":"` + strings.Repeat("a", 65) + `"}`, "id", "1 to 64 characters"},
		"id with a slash":   {`{"id":"a/b"}`, "id", "A-Z a-z 0-9 . _ -"},
		"id with a newline": {`{"id":"a\n"}`, "id", "A-Z a-z 0-9 . _ -"},

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
		"ARN too long":         {scheduled("2026-11-24T10:00:00Z", schedule+strings.Repeat("x", 1600)), "schedule_arn", "arn:aws:scheduler:"},
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
		if o.Events < 0 || o.Events > contract.MaxEvents || o.Over < contract.MinOver || o.Over > contract.MaxOver || o.At.Before(earliest) ||
			o.Origin == "" || o.Mean != 600 || o.Channel != contract.ChannelOnline {
			t.Errorf("accepted %+v", got)
		}
		switch got.kind {
		case TriggerManual:
			if o.At.After(now.Add(contract.ClockTolerance)) || len(o.Origin) > contract.MaxIDLength {
				t.Errorf("accepted %+v", got)
			}
			if again, err := parseTrigger(got.again(), where); err != nil || again != got {
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
		if again, err := parseTrigger(payload, where); err != nil || again != got {
			t.Errorf("the second time %+v, %v; first %+v", again, err, got)
		}
	})
}
