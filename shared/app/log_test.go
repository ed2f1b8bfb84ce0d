package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/contract"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// planned is the report of a burst of which nothing was sent yet.
var planned = Report{
	BurstID: "k3m9zq7ta2bf", Function: "online", Trigger: TriggerSchedule,
	CoversFrom: sale.TimeOf(slot.Add(-time.Minute)), CoversTo: sale.TimeOf(slot), Expected: 600,
}

// The one line of an invocation, from its first to its last byte.
func TestLogLine(t *testing.T) {
	const (
		begin = `{"timestamp":"2026-11-24T10:00:30.5Z",`
		times = `"covers_from":"2026-11-24T09:59:00.000Z","covers_to":"2026-11-24T10:00:00.000Z",`
		none  = `"expected":600,"events":0,"completed":0,"failed":0,"revenue":0.00,"bytes":0,` +
			`"partitions":0,"requests":0,"retries":0,"milliseconds":0,`
		end = `"requestId":"request-1"}` + "\n"
	)
	inLambda := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	burst := func(change func(*Report), err error) func(context.Context, *log) {
		r := planned
		change(&r)
		return func(ctx context.Context, l *log) { l.burst(ctx, r, err) }
	}
	same := func(*Report) {}
	order := json.RawMessage(`{"id":"x"}`)
	const id = `"function":"online","burst_id":"k3m9zq7ta2bf","trigger":"schedule",`
	for name, c := range map[string]struct {
		ctx   context.Context
		write func(context.Context, *log)
		want  string
	}{
		"published": {inLambda, burst(func(r *Report) {
			r.Events, r.Completed, r.Failed, r.Revenue, r.Bytes = 600, 500, 100, 12345678, 50000
			r.Partitions, r.Requests, r.Retries, r.Milliseconds = 6, 2, 1, 40
		}, nil), begin + `"level":"INFO","message":"burst published",` + id + `"skipped":false,` + times +
			`"expected":600,"events":600,"completed":500,"failed":100,"revenue":123456.78,"bytes":50000,` +
			`"partitions":6,"requests":2,"retries":1,"milliseconds":40,` + end},
		"skipped": {inLambda, burst(func(r *Report) { r.Skipped = true }, nil),
			begin + `"level":"INFO","message":"burst skipped: it was published before",` + id + `"skipped":true,` + times + none + end},
		"not published": {inLambda, burst(same, &NotPublished{Order: order, Err: ErrTooLate}),
			begin + `"level":"ERROR","message":"burst not published",` + id + `"skipped":false,` + times + none +
				`"order":{"id":"x"},"error":"too little time is left","advice":"raise the function's timeout",` + end},
		"published in part, nothing to advise": {inLambda, burst(same, &PartlyPublished{Order: order, Err: errors.New("broken")}),
			begin + `"level":"ERROR","message":"burst published in part",` + id + `"skipped":false,` + times + none +
				`"order":{"id":"x"},"error":"broken",` + end},
		"refused": {inLambda, func(ctx context.Context, l *log) {
			l.burst(ctx, Report{Function: "online"}, refuse("events", "0", "a whole number"))
		}, begin + `"level":"ERROR","message":"trigger refused","function":"online","error":"events 0: allowed is a whole number",` + end},
		"no start": {context.Background(), func(ctx context.Context, l *log) { l.failedStart(ctx, errors.New("TOPIC is wrong")) },
			begin + `"level":"ERROR","message":"the function cannot start","function":"online","error":"TOPIC is wrong"}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c.write(c.ctx, newLog(&out, contract.Online, func() time.Time { return now }))
			if out.String() != c.want {
				t.Errorf("got  %swant %s", out.String(), c.want)
			}
		})
	}
}

// What CloudWatch counts of an invocation. A latency stands only where something was tried.
func TestMetricsLine(t *testing.T) {
	const latency = `{"Name":"Latency","Unit":"Milliseconds"}`
	const header = `,"_aws":{"Timestamp":1795514430500,"CloudWatchMetrics":[{"Namespace":"salesburst","Dimensions":[["Function"]],"Metrics":[` +
		`{"Name":"Bursts","Unit":"Count"},{"Name":"Skipped","Unit":"Count"},{"Name":"Errors","Unit":"Count"},` +
		`{"Name":"Events","Unit":"Count"},{"Name":"InDoubt","Unit":"Count"},{"Name":"Failed","Unit":"Count"},` +
		`{"Name":"Revenue","Unit":"None"},{"Name":"Bytes","Unit":"Bytes"},{"Name":"Retries","Unit":"Count"},` + latency + "]}]}}\n"
	for name, c := range map[string]struct {
		report Report
		err    error
		want   string
	}{
		"published": {Report{Events: 5, Failed: 2, Revenue: 1234, Bytes: 900, Retries: 3, Milliseconds: 1}, nil,
			`{"Bursts":1,"Bytes":900,"Errors":0,"Events":5,"Failed":2,"Function":"online","InDoubt":0,"Latency":1,"Retries":3,"Revenue":12.34,"Skipped":0`},
		"in less than a millisecond": {Report{Events: 1, Bytes: 90}, nil,
			`{"Bursts":1,"Bytes":90,"Errors":0,"Events":1,"Failed":0,"Function":"online","InDoubt":0,"Latency":0,"Retries":0,"Revenue":0.00,"Skipped":0`},
		"quiet minute": {Report{}, nil,
			`{"Bursts":1,"Bytes":0,"Errors":0,"Events":0,"Failed":0,"Function":"online","InDoubt":0,"Retries":0,"Revenue":0.00,"Skipped":0`},
		"skipped": {Report{Skipped: true, Milliseconds: 7}, nil,
			`{"Bursts":0,"Bytes":0,"Errors":0,"Events":0,"Failed":0,"Function":"online","InDoubt":0,"Latency":7,"Retries":0,"Revenue":0.00,"Skipped":1`},
		"in doubt": {Report{InDoubt: 4, Milliseconds: 1}, publish.ErrPartial,
			`{"Bursts":0,"Bytes":0,"Errors":1,"Events":0,"Failed":0,"Function":"online","InDoubt":4,"Latency":1,"Retries":0,"Revenue":0.00,"Skipped":0`},
		"refused": {Report{}, refuse("a", "b", "c"),
			`{"Bursts":0,"Bytes":0,"Errors":1,"Events":0,"Failed":0,"Function":"online","InDoubt":0,"Retries":0,"Revenue":0.00,"Skipped":0`},
		"an error is no skip": {Report{Skipped: true}, publish.ErrFenced,
			`{"Bursts":0,"Bytes":0,"Errors":1,"Events":0,"Failed":0,"Function":"online","InDoubt":0,"Retries":0,"Revenue":0.00,"Skipped":0`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			h := &Handler{cfg: Config{Now: func() time.Time { return now }, Metrics: &out}}
			c.report.Function = "online"
			h.writeMetrics(c.report, c.err)
			want := c.want + header
			if !strings.Contains(c.want, "Latency") {
				want = strings.Replace(want, ","+latency, "", 1)
			}
			if out.String() != want {
				t.Errorf("got  %swant %s", out.String(), want)
			}
		})
	}
}
