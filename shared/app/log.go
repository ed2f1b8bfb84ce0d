package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/sale"
	"salesburst/shared/spec"
)

// log writes JSON lines with the names that Lambda's own log lines have.
type log struct {
	handler slog.Handler
	now     func() time.Time
}

func newLog(w io.Writer, f spec.Function, now func() time.Time) *log {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr})
	return &log{h.WithAttrs([]slog.Attr{slog.String("function", f.Name)}), now}
}

// burst writes the one line of an invocation.
func (l *log) burst(ctx context.Context, r Report, err error) {
	attrs := reportAttrs(r)
	if err == nil {
		message := "burst published"
		if r.Skipped {
			message = "burst skipped: it was published before"
		}
		l.write(ctx, slog.LevelInfo, message, attrs...)
		return
	}
	message, cause := "trigger refused", err
	switch e := err.(type) {
	case *NotPublished:
		message, cause = "burst not published", e.Err
		attrs = append(attrs, slog.Any("order", e.Order))
	case *PartlyPublished:
		message, cause = "burst published in part", e.Err
		attrs = append(attrs, slog.Any("order", e.Order))
	}
	attrs = append(attrs, slog.String("error", cause.Error()))
	if a := advice(cause); a != "" {
		attrs = append(attrs, slog.String("advice", a))
	}
	l.write(ctx, slog.LevelError, message, attrs...)
}

func (l *log) failedStart(ctx context.Context, err error) {
	l.write(ctx, slog.LevelError, "the function cannot start", slog.String("error", err.Error()))
}

func (l *log) write(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	r := slog.NewRecord(l.now(), level, message, 0)
	r.AddAttrs(attrs...)
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		r.AddAttrs(slog.String("requestId", lc.AwsRequestID))
	}
	// Nobody could be told of an error here: the log is where errors are told.
	_ = l.handler.Handle(ctx, r)
}

// reportAttrs are the fields of the report under the same names, at the top level,
// where CloudWatch Logs Insights finds them.
func reportAttrs(r Report) []slog.Attr {
	if r.BurstID == "" {
		return nil // no burst was planned
	}
	attrs := []slog.Attr{
		slog.String("burst_id", r.BurstID),
		slog.String("trigger", r.Trigger),
		slog.String("covers_from", r.CoversFrom.String()),
		slog.String("covers_to", r.CoversTo.String()),
		slog.Bool("skipped", r.Skipped),
		slog.Int("expected", r.Expected),
		slog.Int("events", r.Events),
		slog.Int("completed", r.Completed),
		slog.Int("failed", r.Failed),
		slog.Any("revenue", r.Revenue),
		slog.Int64("bytes", r.Bytes),
		slog.Int("partitions", r.Partitions),
		slog.Int("requests", r.Requests),
		slog.Int("retries", r.Retries),
		slog.Int64("milliseconds", r.Milliseconds),
	}
	if r.Scenario != "" {
		attrs = append(attrs, slog.String("scenario", r.Scenario))
	}
	if r.Of > 0 {
		attrs = append(attrs, slog.Int("shard", *r.Shard), slog.Int("of", r.Of))
	}
	if r.InDoubt > 0 {
		attrs = append(attrs, slog.Int("in_doubt", r.InDoubt))
	}
	return attrs
}

// MetricsNamespace is where CloudWatch keeps the metrics; their one dimension is
// Function.
const MetricsNamespace = "salesburst"

// metrics is one line of CloudWatch's embedded metric format: CloudWatch makes the
// metrics of it when it stands in the log.
type metrics struct {
	AWS      metricsHeader `json:"_aws"`
	Function string
	Bursts   int        // published whole: 1 or 0
	Skipped  int        // published by an earlier attempt: 1 or 0
	Errors   int        // invocations that returned an error: 1 or 0
	Events   int        // acknowledged
	InDoubt  int        // events that may or may not be in Kafka
	Failed   int        // sales that failed, a part of Events
	Revenue  sale.Cents // of completed sales, in the events' currency
	Bytes    int64      // of compressed record batches
	Retries  int        // batches sent again
	Latency  *int64     `json:",omitempty"` // milliseconds that publishing took; none where nothing was tried
}

type metricsHeader struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics [1]metricsDirective
}

type metricsDirective struct {
	Namespace  string
	Dimensions [1][1]string
	Metrics    []metric
}

type metric struct{ Name, Unit string }

func (h *Handler) writeMetrics(r Report, err error) {
	m := metrics{
		Function: r.Function,
		Events:   r.Events,
		InDoubt:  r.InDoubt,
		Failed:   r.Failed,
		Revenue:  r.Revenue,
		Bytes:    r.Bytes,
		Retries:  r.Retries,
	}
	names := []metric{
		{"Bursts", "Count"}, {"Skipped", "Count"}, {"Errors", "Count"}, {"Events", "Count"}, {"InDoubt", "Count"}, {"Failed", "Count"},
		{"Revenue", "None"}, {"Bytes", "Bytes"}, {"Retries", "Count"},
	}
	switch {
	case err != nil:
		m.Errors = 1
	case r.Skipped:
		m.Skipped = 1
	default:
		m.Bursts = 1
	}
	if r.Milliseconds > 0 || r.Events > 0 {
		m.Latency = &r.Milliseconds
		names = append(names, metric{"Latency", "Milliseconds"})
	}
	m.AWS = metricsHeader{h.cfg.Now().UnixMilli(), [1]metricsDirective{{
		Namespace:  MetricsNamespace,
		Dimensions: [1][1]string{{"Function"}},
		Metrics:    names,
	}}}
	line, err := json.Marshal(m)
	if err != nil {
		panic(err) // metrics always have a JSON form
	}
	// As for the log: metrics that cannot be written fail no burst.
	_, _ = h.cfg.Metrics.Write(append(line, '\n'))
}
