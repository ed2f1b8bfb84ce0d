package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/contract"
)

// log writes JSON lines with the names that Lambda's own log lines have.
type log struct {
	handler slog.Handler
	now     func() time.Time
}

func newLog(w io.Writer, f contract.Function, now func() time.Time) *log {
	h := slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr})
	return &log{h.WithAttrs([]slog.Attr{slog.String("function", f.Name)}), now}
}

// burst writes the one line of an invocation.
func (l *log) burst(ctx context.Context, r Report, err error) {
	attrs := reportAttrs(r)
	if err == nil {
		message := "burst published"
		switch {
		case r.Skipped:
			message = "burst skipped: it was published before"
		case r.Expected == 0:
			message = "burst without events: nothing is sold in this time"
		}
		l.write(ctx, slog.LevelInfo, message, attrs...)
		return
	}
	message, cause := "trigger refused", err
	switch e := err.(type) { //nolint:errorlint // it is what invoke has made
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

// missingTruth tells that the topic of truth is missing, and what to do.
func (l *log) missingTruth(ctx context.Context, message string, err error) {
	l.write(ctx, slog.LevelWarn, message, slog.String("error", err.Error()))
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
func reportAttrs(r Report) (attrs []slog.Attr) {
	if r.BurstID == "" {
		return nil // no burst was planned
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // a Report always has a JSON form
	}
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token() // the opening brace
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		_ = d.Decode(&value)
		if name == "function" || name == "no_truth" {
			continue // every line has the one, and the other has a line of its own
		}
		attrs = append(attrs, slog.Any(name.(string), value))
	}
	return attrs
}

// writeMetrics writes one line of CloudWatch's embedded metric format: CloudWatch makes the
// metrics of it when it stands in the log.
func (h *Handler) writeMetrics(r Report, err error) {
	type directive struct {
		Namespace  string
		Dimensions [1][1]string
		Metrics    []contract.Metric
	}
	type header struct {
		Timestamp         int64 // milliseconds since 1970
		CloudWatchMetrics [1]directive
	}
	about := directive{Namespace: contract.MetricsNamespace, Dimensions: [1][1]string{{contract.FunctionDimension}}}
	line := map[string]any{contract.FunctionDimension: r.Function}
	add := func(m contract.Metric, value any) {
		about.Metrics = append(about.Metrics, m)
		line[m.Name] = value
	}
	one := func(m contract.Metric, happened bool) {
		if happened {
			add(m, 1)
		} else {
			add(m, 0)
		}
	}
	one(contract.Bursts, err == nil && !r.Skipped)
	one(contract.Skipped, err == nil && r.Skipped)
	one(contract.Errors, err != nil)
	add(contract.Events, r.Events)
	add(contract.InDoubt, r.InDoubt)
	add(contract.Failed, r.Failed)
	add(contract.Revenue, r.Revenue)
	add(contract.Bytes, r.Bytes)
	add(contract.Retries, r.Retries)
	if r.Truth != nil {
		add(contract.Truth, *r.Truth)
	}
	if r.Milliseconds > 0 || r.Events > 0 {
		add(contract.Latency, r.Milliseconds)
	}
	line["_aws"] = header{h.cfg.Now().UnixMilli(), [1]directive{about}}
	text, err := json.Marshal(line)
	if err != nil {
		panic(err) // metrics always have a JSON form
	}
	// As for the log: metrics that cannot be written fail no burst.
	_, _ = h.cfg.Metrics.Write(append(text, '\n'))
}
