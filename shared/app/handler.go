package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// Credentials is where a Handler gets the way to the broker from: Secrets Manager in
// the cloud ([credentials.Source]), fixed ones on this machine ([credentials.Static]).
type Credentials interface {
	Get(ctx context.Context) (credentials.Credentials, error)     // may be cached
	Refresh(ctx context.Context) (credentials.Credentials, error) // what holds now
}

// Config is all that a Handler depends on. Every field is required unless it says
// otherwise.
type Config struct {
	Function contract.Function
	Settings Settings // of which SecretARN, Market and Incidents are not looked at: what follows stands for them
	Market   *market.Market
	// the plan of a scheduled burst by the end of its time, the same for each attempt at it: the burst's
	// name does not contain it; nil: nothing goes wrong
	Incidents   func(end time.Time) *incidents.Plan
	Twin        bool // publish scheduled bursts without them too, to the topic of twins
	Credentials Credentials
	Broker      publish.Config   // TLS and Dial only; the rest comes from Settings and Credentials
	Now         func() time.Time // wall clock, which decides when a burst's time has come
	Log         io.Writer        // takes one JSON line per burst
	Metrics     io.Writer        // takes one line of embedded metric format per burst
	// gets what incidents did to a burst that was published; nil: nobody wants to know
	Truth func([]sale.Truth)
}

// Handler turns triggers into bursts. It is a lambda.Handler, keeps its connections
// between invocations, and is safe for concurrent use: bursts go one after the other.
type Handler struct {
	cfg Config
	log *log

	mu         sync.Mutex                    // never held while a burst is published
	publishers map[string]*publish.Publisher // by topic; of those that a burst was for
	using      credentials.Credentials       // of the publishers

	noTruth sync.Once // was told that the topic of truth is missing
}

// New checks cfg and makes a Handler. It connects to nothing. Its error is an
// *InvalidSetting for each setting that is wrong.
func New(cfg Config) (*Handler, error) {
	if err := cfg.Settings.check(); err != nil {
		return nil, err
	}
	return &Handler{cfg: cfg, log: newLog(cfg.Log, cfg.Function, cfg.Now)}, nil
}

// Close ends the connections to the broker, when the burst that still uses them has ended.
// Nobody else waits for that: the next burst has connections of its own.
func (h *Handler) Close() {
	h.mu.Lock()
	all := h.publishers
	h.publishers = nil
	h.mu.Unlock()
	for _, p := range all {
		p.Close()
	}
}

// Invoke publishes the burst that the payload asks for and returns its [Report] as
// JSON. The error is an *InvalidTrigger, a *NotPublished or a *PartlyPublished. All
// of them are in the log and in the metrics when it returns.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	report, err := h.invoke(ctx, payload)
	h.log.burst(ctx, report, err)
	h.writeMetrics(report, err)
	if err != nil {
		return nil, err
	}
	return json.Marshal(report)
}

func (h *Handler) invoke(ctx context.Context, payload []byte) (Report, error) {
	report := Report{Function: h.cfg.Function.Name}
	t, err := parseTrigger(payload, h.triggerDefaults(ctx))
	if err != nil {
		return report, err
	}
	b, err := burst.New(h.cfg.Market, t.order)
	if err != nil {
		return report, unplanned(report, t, err)
	}
	report.plan(t, b)
	twin, truth := t.twin && b.Twin().Len() > 0, h.truth(b, t.order.At)
	if report.Expected == 0 && len(truth) == 0 && !twin {
		h.tell(b)
		return report, nil // a quiet minute; nothing to connect for
	}
	ctx, cancel, err := publishingDeadline(ctx)
	if err != nil {
		return report, failure(report, t, err)
	}
	defer cancel()
	if err := h.await(ctx, t.order.At); err != nil {
		return report, failure(report, t, err)
	}
	topic, key := h.cfg.Settings.Topic, t.key(h.cfg.Function)
	var res publish.Result // of a burst of which nothing is left, nor its truth wanted
	if report.Expected > 0 || len(truth) > 0 {
		res, err = h.publish(ctx, topic, key, b, truth...)
		report.take(res)
	}
	if len(truth) > 0 {
		report.Truth = &res.Beside
	}
	if res.NoBeside != nil {
		report.NoTruth = noTruth(topic)
		h.noTruth.Do(func() { h.log.missingTruth(ctx, report.NoTruth, res.NoBeside) })
	}
	if err == nil && !res.Skipped {
		h.tell(b)
	}
	if err == nil && twin {
		var res publish.Result
		if res, err = h.publish(ctx, topic+contract.TwinSuffix, key, b.Twin()); err != nil {
			err = fmt.Errorf("the twin: %w", err)
		}
		report.Twin = &res.Events
	}
	return report, failure(report, t, err)
}

// tell tells what incidents did to a burst.
func (h *Handler) tell(b *burst.Burst) {
	if h.cfg.Truth != nil {
		h.cfg.Truth(b.Truth())
	}
}

// triggerDefaults are what a trigger is understood in.
func (h *Handler) triggerDefaults(ctx context.Context) triggerDefaults {
	c := triggerDefaults{
		channel:    h.cfg.Function.Channel,
		mean:       h.cfg.Settings.EventsPerMinute,
		scenario:   h.cfg.Settings.Scenario,
		incidents:  h.cfg.Incidents,
		unlabelled: h.cfg.Settings.Labels == "false",
		twin:       h.cfg.Twin,
		now:        h.cfg.Now(),
	}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		c.requestID = lc.AwsRequestID
	}
	c.traceID, _ = ctx.Value(traceKey).(string)
	return c
}

// traceKey is where aws-lambda-go keeps the X-Ray trace id of an invocation.
const traceKey = "x-amzn-trace-id"

// ErrTooLate is an invocation whose deadline leaves no time for a burst.
var ErrTooLate = errors.New("too little time is left")

// publishingDeadline keeps contract.DeadlineMargin free for the report. Contexts end by
// the real clock, whatever clock the Handler has.
func publishingDeadline(ctx context.Context) (context.Context, context.CancelFunc, error) {
	deadline, has := ctx.Deadline()
	if !has {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	left := time.Until(deadline)
	if left <= contract.DeadlineMargin {
		return nil, nil, fmt.Errorf("%w: %v until the deadline, and %v of it are kept for the report",
			ErrTooLate, left.Round(time.Millisecond), contract.DeadlineMargin)
	}
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-contract.DeadlineMargin))
	return ctx, cancel, nil
}

// lookAgain is how often await looks at the clock, which may be set right meanwhile.
const lookAgain = 100 * time.Millisecond

// await returns when the clock has reached t, the end of the burst's time: no event is
// published before it happens.
func (h *Handler) await(ctx context.Context, t time.Time) error {
	for {
		left := t.Sub(h.cfg.Now())
		if left <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %v are left until the burst's time is over: %w", ErrTooLate,
				left.Round(time.Millisecond), context.Cause(ctx))
		case <-time.After(min(left, lookAgain)):
		}
	}
}

// publish brings b to Kafka. Where the broker refuses the credentials before anything
// was sent, the secret may have been rotated: it is read anew, and what is new there
// is tried once. After a part was sent no second attempt is made here: without a
// transaction it would be another producer, and the broker would store that part twice.
func (h *Handler) publish(ctx context.Context, topic string, key publish.Key, b *burst.Burst,
	beside ...publish.Record) (publish.Result, error) {
	creds, err := h.cfg.Credentials.Get(ctx)
	if err != nil {
		return publish.Result{}, fmt.Errorf("getting the credentials: %w", err)
	}
	attempt := func(creds credentials.Credentials) (publish.Result, error) {
		p, err := h.publisherFor(creds, topic)
		if err != nil {
			return publish.Result{}, err
		}
		return p.Publish(ctx, key, b, beside...)
	}
	res, err := attempt(creds)
	if !errors.Is(err, publish.ErrAuth) || errors.Is(err, publish.ErrPartial) {
		return res, err
	}
	newer, refreshErr := h.cfg.Credentials.Refresh(ctx)
	if refreshErr != nil {
		return res, fmt.Errorf("%w; getting the credentials again: %w", err, refreshErr)
	}
	if newer.Equal(creds) {
		return res, err
	}
	return attempt(newer)
}

// publisherFor returns the publisher of the last burst for a topic, or a new one where the
// credentials have changed.
func (h *Handler) publisherFor(creds credentials.Credentials, topic string) (*publish.Publisher, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.publishers != nil && !h.using.Equal(creds) {
		for _, old := range h.publishers {
			go old.Close() // waits for a burst that another invocation may still publish with it
		}
		h.publishers = nil
	}
	if p := h.publishers[topic]; p != nil {
		return p, nil
	}
	cfg := h.cfg.Broker
	cfg.Brokers = creds.BootstrapServers
	cfg.Topic = topic
	if topic == h.cfg.Settings.Topic && h.cfg.Settings.Truth != "false" {
		cfg.Beside = topic + contract.TruthSuffix
	}
	cfg.Delivery = deliveries[h.cfg.Settings.Delivery]
	cfg.Credentials = nil
	if key := creds.APIKey.Reveal(); key != "" {
		cfg.Credentials = &publish.Credentials{Username: key, Password: creds.APISecret.Reveal()}
	}
	p, err := publish.New(cfg)
	if err != nil {
		return nil, err
	}
	if h.publishers == nil {
		h.publishers = make(map[string]*publish.Publisher)
	}
	h.publishers[topic], h.using = p, creds
	return p, nil
}
