package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// Report says what became of a burst. It is the function's result, and part of the
// error where the burst failed.
type Report struct {
	BurstID  string `json:"burst_id"` // by the catalogue, market and mean that this function has; see Skipped
	Function string `json:"function"`
	Trigger  string `json:"trigger"`            // schedule or manual
	Scenario string `json:"scenario,omitempty"` // none: normal traffic
	Shard    *int   `json:"shard,omitempty"`    // of Of shards, from 0 on; none: the burst is not sharded
	Of       int    `json:"of,omitempty"`       //
	// an earlier attempt has published the order: nothing was sent. If another catalogue, market or
	// mean was deployed then, the events have the BurstID of that time
	Skipped    bool      `json:"skipped"`
	CoversFrom sale.Time `json:"covers_from"` // inclusive
	CoversTo   sale.Time `json:"covers_to"`   // exclusive
	Expected   int       `json:"expected"`    // events that the burst has
	// the most events in one second of all shards together, without incidents; none: no stages were asked for
	PeakPerSecond int `json:"peak_per_second,omitempty"`

	// What the calendar forecasts, without noise and scenario, in events: of the burst's time, and of
	// the day that it begins in, the date on the East coast by everyone's own clock. None: an exact
	// number of events was asked for.
	Forecast    *int `json:"forecast,omitempty"`
	DayForecast *int `json:"day_forecast,omitempty"`

	Twin         *int       `json:"twin,omitempty"`      // events of the twin, in its topic; none: it was not asked for
	Truth        *int       `json:"truth,omitempty"`     // records of what incidents did; none: there was no incident
	NoTruth      string     `json:"no_truth,omitempty"`  // what to do where their topic is missing
	Events       int        `json:"events"`              // acknowledged by all in-sync replicas and committed
	InDoubt      int        `json:"in_doubt,omitempty"`  // sent without an answer: each may or may not be in Kafka
	Completed    int        `json:"completed"`           // of Events: completed sales
	Failed       int        `json:"failed"`              // of Events: sales that failed
	Malformed    int        `json:"malformed,omitempty"` // of Events: records that incidents have made unreadable
	Repeated     int        `json:"repeated,omitempty"`  // of Expected: records that come the second time, by incidents
	Revenue      sale.Cents `json:"revenue"`             // of the completed sales, in the events' currency
	Bytes        int64      `json:"bytes"`               // of the compressed record batches
	Partitions   int        `json:"partitions"`          // that took at least one event
	Requests     int        `json:"requests"`            // produce requests
	Retries      int        `json:"retries"`             // batches sent again
	Milliseconds int64      `json:"milliseconds"`        // from the first connection to the last acknowledgement
}

func (r *Report) plan(t trigger, b *burst.Burst) {
	r.BurstID = b.ID().String()
	r.Trigger = t.kind
	r.Scenario = t.order.Scenario
	r.CoversFrom = sale.TimeOf(t.order.At.Add(-t.order.Over))
	r.CoversTo = sale.TimeOf(t.order.At)
	r.Expected = b.Len()
	for _, t := range b.Truth() {
		r.Repeated += t.Repeated.Events
	}
	r.PeakPerSecond = burst.Peak(t.order.Stages)
	if t.order.Events == 0 {
		forecast, day := b.Forecast(), b.DayForecast()
		r.Forecast, r.DayForecast = &forecast, &day
	}
	if t.order.Of > 0 {
		r.Shard, r.Of = &t.order.Shard, t.order.Of
	}
}

func (r *Report) take(res publish.Result) {
	r.Skipped = res.Skipped
	r.Events = res.Events
	r.InDoubt = res.InDoubt
	r.Completed = res.Completed
	r.Failed = res.Events - res.Completed - res.Malformed
	r.Malformed = res.Malformed
	r.Revenue = res.Revenue
	r.Bytes = res.Bytes
	r.Partitions = res.Partitions
	r.Requests = res.Requests
	r.Retries = res.Retries
	r.Milliseconds = res.Duration.Milliseconds()
}

// NotPublished is a burst of which nothing is in Kafka. A retry publishes it.
type NotPublished struct {
	Report Report
	Order  json.RawMessage // the payload that asks for exactly this burst again; it ends the error's text
	Err    error
}

func (e *NotPublished) Error() string {
	return fmt.Sprintf("burst %s was not published: %s%s", e.Report.BurstID, withAdvice(e.Err), marked(e.Order))
}

// Unwrap returns what went wrong; see the error kinds of publish and secret.
func (e *NotPublished) Unwrap() error { return e.Err }

// PartlyPublished is a burst of which Report.Events events are in Kafka and
// Report.InDoubt may be. A retry publishes all of it: it repeats the same events with
// the same transaction ids.
type PartlyPublished struct {
	Report Report
	Order  json.RawMessage // as in NotPublished
	Err    error
}

func (e *PartlyPublished) Error() string {
	report, err := json.Marshal(e.Report)
	if err != nil {
		panic(err) // a Report always has a JSON form
	}
	return fmt.Sprintf("burst %s was published in part: %s. Report: %s%s", e.Report.BurstID, withAdvice(e.Err), report,
		marked(e.Order))
}

// Unwrap returns what went wrong; see the error kinds of publish.
func (e *PartlyPublished) Unwrap() error { return e.Err }

// failure gives err the type that says how much of the burst is in Kafka.
func failure(r Report, t trigger, err error) error {
	switch {
	case err == nil:
		return nil
	case r.Events > 0 || r.InDoubt > 0:
		return &PartlyPublished{r, t.again(), err}
	default:
		return &NotPublished{r, t.again(), err}
	}
}

func withAdvice(err error) string {
	if a := advice(err); a != "" {
		return err.Error() + "; " + a
	}
	return err.Error()
}

// advice tells a person what to do next. The errors of a trigger and of the secret
// say so themselves.
func advice(err error) string {
	switch {
	case errors.Is(err, ErrTooLate):
		return "raise the function's timeout"
	case errors.Is(err, publish.ErrAuth):
		return "check api_key and api_secret in the secret, and that the key may write to the topic and use the " +
			"transactional ids and groups that begin with " + contract.Prefix
	case errors.Is(err, publish.ErrUnknownTopic):
		return "create the topic, correct TOPIC, or let the key see the topic"
	case errors.Is(err, publish.ErrUnsupported):
		return "use newer brokers, or set DELIVERY to transactional or idempotent"
	case errors.Is(err, publish.ErrTooLarge):
		return "raise max.message.bytes of the topic"
	case errors.Is(err, publish.ErrInvalid):
		return "check bootstrap_servers in the secret; the brokers must speak SASL_SSL with a publicly trusted " +
			"certificate"
	case errors.Is(err, publish.ErrPartial) && errors.Is(err, context.DeadlineExceeded):
		return "raise the function's timeout, or ask for fewer events in one burst"
	case errors.Is(err, publish.ErrRetryable):
		return "check bootstrap_servers in the secret and the function's way to the brokers; a retry publishes the " +
			"same burst"
	case errors.Is(err, publish.ErrFenced):
		return "another attempt at the same burst took over, or the broker gave this one up; a retry publishes the " +
			"burst or finds it there"
	case errors.Is(err, publish.ErrTooOld):
		return "ask for it with an id of its own, if it is really missing"
	}
	return ""
}
