package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// What a plan adds to a report: the same for all that is asked alike.
func TestReportOfAPlan(t *testing.T) {
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	number := func(n int) *int { return &n }
	tuesday := number(1_943_581)
	for name, c := range map[string]struct {
		change func(*burst.Request)
		want   Report
	}{
		"whole":       {func(*burst.Request) {}, Report{Expected: 50}},
		"scenario":    {func(o *burst.Request) { o.Scenario = "flash-sale" }, Report{Expected: 50, Scenario: "flash-sale"}},
		"first shard": {func(o *burst.Request) { o.Of = 2 }, Report{Expected: 25, Shard: number(0), Of: 2}},
		"last shard":  {func(o *burst.Request) { o.Shard, o.Of = 4, 5 }, Report{Expected: 10, Shard: number(4), Of: 5}},
		"demand":      {func(o *burst.Request) { o.Events = 0 }, Report{Expected: 516, Forecast: number(504), DayForecast: tuesday}},
		"demand in a scenario": {func(o *burst.Request) { o.Events, o.Scenario = 0, "flash-sale" },
			Report{Expected: 1667, Forecast: number(504), DayForecast: tuesday, Scenario: "flash-sale"}},
		"stores that are shut": {func(o *burst.Request) {
			o.Events, o.Channel, o.Mean, o.At = 0, contract.ChannelStore, 120, time.Date(2026, 11, 26, 20, 0, 0, 0, time.UTC)
		}, Report{Forecast: number(0), DayForecast: number(0)}},
		"stages": {func(o *burst.Request) {
			o.Stages, o.Events, o.Of = []burst.Stage{{Over: 40 * time.Second, Rate: 10, Ramp: true}, {Over: 20 * time.Second, Rate: 4}}, 280, 4
		}, Report{Expected: 70, PeakPerSecond: 10, Shard: number(0), Of: 4}},
		"only shard": {func(o *burst.Request) { o.Of = 1 }, Report{Expected: 50, Shard: number(0), Of: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			asked := manual(c.change)
			b, err := burst.New(m, asked.order)
			if err != nil {
				t.Fatal(err)
			}
			c.want.BurstID, c.want.Function, c.want.Trigger = b.ID().String(), "online", "manual"
			c.want.CoversFrom, c.want.CoversTo = sale.TimeOf(asked.order.At.Add(-time.Minute)), sale.TimeOf(asked.order.At)
			got := Report{Function: "online"}
			got.plan(asked, b)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %s\nwant %s", inJSON(t, got), inJSON(t, c.want))
			}
		})
	}
}

func TestReportOfAResult(t *testing.T) {
	got := planned
	got.take(publish.Result{
		Skipped: true, Events: 7, InDoubt: 2, Bytes: 900, Partitions: 6, Completed: 4, Revenue: 1234, Requests: 3, Retries: 5,
		Duration: 1999*time.Millisecond + 999*time.Microsecond,
	})
	const want = `{"burst_id":"k3m9zq7ta2bf","function":"online","trigger":"schedule","skipped":true,` +
		`"covers_from":"2026-11-24T09:59:00.000Z","covers_to":"2026-11-24T10:00:00.000Z","expected":600,"events":7,"in_doubt":2,` +
		`"completed":4,"failed":3,"revenue":12.34,"bytes":900,"partitions":6,"requests":3,"retries":5,"milliseconds":1999}`
	if text := inJSON(t, got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the calendar forecasts stands beside what was sold, also where it is nothing.
func TestReportOfAForecast(t *testing.T) {
	for forecast, want := range map[int]string{
		0:   `"expected":600,"forecast":0,"day_forecast":0,"events":0,`,
		620: `"expected":600,"forecast":620,"day_forecast":620,"events":0,`,
	} {
		r := planned
		r.Forecast, r.DayForecast = &forecast, &forecast
		if text := inJSON(t, r); !strings.Contains(text, want) {
			t.Errorf("%s, want %s in it", text, want)
		}
	}
}

// The sentence that a person finds in the console says how much of the burst is in Kafka, what to do,
// and at its end how to ask again.
func TestSentenceOfAFailure(t *testing.T) {
	broken := errors.New("broken")
	const order = `. Order: {"id":"bf","at":"2026-11-24T10:00:00Z","over":"1m0s","events":50}`
	const reported = `burst b was published in part: broken. Report: {"burst_id":"b","function":"","trigger":"","skipped":false,` +
		`"covers_from":"1970-01-01T00:00:00.000Z","covers_to":"1970-01-01T00:00:00.000Z","expected":0,%s,` +
		`"completed":0,"failed":0,"revenue":0.00,"bytes":0,"partitions":0,"requests":0,"retries":0,"milliseconds":0}`
	for name, c := range map[string]struct {
		report Report
		err    error
		want   string
	}{
		"nothing is there":        {Report{}, broken, "burst b was not published: broken"},
		"nothing, with an advice": {Report{}, ErrTooLate, "burst b was not published: too little time is left; raise the function's timeout"},
		"one event is there":      {Report{Events: 1}, broken, fmt.Sprintf(reported, `"events":1`)},
		"one event may be there":  {Report{InDoubt: 1}, broken, fmt.Sprintf(reported, `"events":0,"in_doubt":1`)},
	} {
		t.Run(name, func(t *testing.T) {
			c.report.BurstID = "b"
			err := failure(c.report, manual(func(*burst.Request) {}), c.err)
			if err == nil || err.Error() != c.want+order || !errors.Is(err, c.err) {
				t.Errorf("got  %v\nwant %s", err, c.want+order)
			}
		})
	}
	if err := failure(Report{Events: 1}, manual(func(*burst.Request) {}), nil); err != nil {
		t.Errorf("a burst that went well has the error %v", err)
	}
}

// An error of two kinds has the advice for the one that a person can do more about.
func TestAdvice(t *testing.T) {
	for name, c := range map[string]struct {
		kinds []error
		want  string // the begin of it; empty: none
	}{
		"deadline before all was sent":     {[]error{publish.ErrPartial, publish.ErrRetryable, context.DeadlineExceeded}, "raise the function's timeout, or ask for fewer"},
		"deadline before any was sent":     {[]error{publish.ErrRetryable, context.DeadlineExceeded}, "check bootstrap_servers in the secret and the function's way"},
		"brokers gone after a part":        {[]error{publish.ErrPartial, publish.ErrRetryable}, "check bootstrap_servers in the secret and the function's way"},
		"right to write gone after a part": {[]error{publish.ErrPartial, publish.ErrAuth}, "check api_key and api_secret"},
		"no answer":                        {[]error{publish.ErrRetryable}, "check bootstrap_servers in the secret and the function's way"},
		"another attempt":                  {[]error{publish.ErrFenced}, "another attempt at the same burst took over"},
		"too old":                          {[]error{publish.ErrTooOld}, "ask for it with an id of its own"},
		"old brokers":                      {[]error{publish.ErrUnsupported}, "use newer brokers"},
		"large record":                     {[]error{publish.ErrTooLarge}, "raise max.message.bytes"},
		"the broker's word":                {[]error{errors.New("refused")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := advice(errors.Join(c.kinds...))
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("advice %q, want %q", got, c.want)
			}
		})
	}
}
