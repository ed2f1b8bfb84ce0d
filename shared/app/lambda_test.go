package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/market"
	"salesburst/shared/publish"
)

const (
	schedule = "arn:aws:scheduler:eu-central-1:123456789012:schedule/salesburst/online"
	slot     = `{"scheduled_time":"2026-11-20T20:00:00Z","schedule_arn":"` + schedule + `"}`
)

var clock = time.Date(2026, 11, 20, 20, 0, 2, 0, time.UTC)

// lambda is a function with its broker, its secret and its log.
type lambda struct {
	*app.Handler
	broker  *broker
	secret  atomic.Value // string: what Secrets Manager holds
	denied  error        // or what it says instead
	fetches atomic.Int32
	dials   atomic.Int32
	out     *lambdatest.Output
	calls   atomic.Int32
}

func start(t *testing.T, changes ...func(*app.Config)) *lambda {
	t.Helper()
	return startWith(t, startBroker(t, kafkatest.Start), changes...)
}

func startWith(t *testing.T, b *broker, changes ...func(*app.Config)) *lambda {
	t.Helper()
	l := &lambda{broker: b, out: new(lambdatest.Output)}
	dial := (&net.Dialer{}).DialContext
	if b.Dialer != nil {
		dial = b.Dialer
	}
	l.secret.Store(l.broker.secretText(firstKey, keys[firstKey]))
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	cfg := app.Config{
		Function: contract.Online,
		Settings: app.Settings{Topic: topic, EventsPerMinute: 600, Delivery: contract.DeliveryExactlyOnce},
		Market:   m,
		Credentials: credentials.NewSource("test", func(context.Context) (string, error) {
			l.fetches.Add(1)
			return l.secret.Load().(string), l.denied
		}, time.Now),
		Broker: publish.Config{TLS: l.broker.TLS, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			l.dials.Add(1)
			return dial(ctx, network, address)
		}},
		Now:     func() time.Time { return clock },
		Log:     l.out,
		Metrics: l.out,
	}
	for _, change := range changes {
		change(&cfg)
	}
	if l.Handler, err = app.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		expectNothingSecret(t, l.out.String())
	})
	return l
}

// invoke asks as Lambda does, with so much time left.
func (l *lambda) invoke(t *testing.T, payload string, left time.Duration) (r app.Report, err error) {
	t.Helper()
	id := fmt.Sprintf("request-%d", l.calls.Add(1))
	ctx, cancel := context.WithTimeout(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: id}), left)
	defer cancel()
	answer, err := l.Invoke(ctx, []byte(payload))
	if err != nil {
		expectNothingSecret(t, err.Error())
		return r, err
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatalf("answer %s: %v", answer, err)
	}
	return r, nil
}

func (l *lambda) mustInvoke(t *testing.T, payload string) app.Report {
	t.Helper()
	r, err := l.invoke(t, payload, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type lines struct{ logged, metrics []map[string]any }

// lines returns all that has been written, one JSON object a line.
func (l *lambda) lines(t *testing.T) (got lines) {
	t.Helper()
	text := l.out.String()
	expectNothingSecret(t, text)
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("line %s: %v", line, err)
		}
		if _, ok := fields["_aws"]; ok {
			got.metrics = append(got.metrics, fields)
		} else {
			got.logged = append(got.logged, fields)
		}
	}
	return got
}

// expectOne fails unless one line was logged and one with metrics written.
func (g lines) expectOne(t *testing.T, level, message string) (logged, metrics map[string]any) {
	t.Helper()
	if len(g.logged) != 1 || len(g.metrics) != 1 {
		t.Fatalf("%d lines and %d of metrics are written, want one of each: %v", len(g.logged), len(g.metrics), g)
	}
	logged, metrics = g.logged[0], g.metrics[0]
	if logged["level"] != level || logged["message"] != message || logged["function"] != "online" || logged["requestId"] != "request-1" {
		t.Errorf("logged %v, want %s %q", logged, level, message)
	}
	return logged, metrics
}

// expectMetrics checks the line against the embedded metric format: every metric that
// is declared has a number beside it.
func expectMetrics(t *testing.T, line map[string]any, want map[string]float64) {
	t.Helper()
	var header struct {
		Timestamp         int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	}
	text, _ := json.Marshal(line["_aws"])
	if err := json.Unmarshal(text, &header); err != nil || len(header.CloudWatchMetrics) != 1 {
		t.Fatalf("header %s: %v", text, err)
	}
	d := header.CloudWatchMetrics[0]
	if header.Timestamp != clock.UnixMilli() || d.Namespace != "salesburst" || fmt.Sprint(d.Dimensions) != "[[Function]]" || line["Function"] != "online" {
		t.Errorf("header %s, function %v", text, line["Function"])
	}
	units := map[string]string{"Latency": "Milliseconds", "Bytes": "Bytes", "Revenue": "None"}
	declared := make(map[string]bool)
	for _, m := range d.Metrics {
		declared[m.Name] = true
		if unit := units[m.Name]; unit != "" && m.Unit != unit || unit == "" && m.Unit != "Count" {
			t.Errorf("%s is in %s", m.Name, m.Unit)
		}
		if _, ok := line[m.Name].(float64); !ok {
			t.Errorf("%s is declared and is %v", m.Name, line[m.Name])
		}
	}
	if len(line) != len(declared)+2 {
		t.Errorf("%d fields for %d metrics, the header and the dimension: %v", len(line), len(declared), line)
	}
	for name, value := range want {
		if !declared[name] || line[name] != value {
			t.Errorf("%s is %v (declared: %v), want %v", name, line[name], declared[name], value)
		}
	}
}
