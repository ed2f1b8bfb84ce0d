package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/market"
)

// door is passed by whoever goes to the broker, and lets nobody through.
type door struct {
	passed []time.Time
	ctx    context.Context // of the last one
}

func (d *door) Get(ctx context.Context) (credentials.Credentials, error) {
	d.passed, d.ctx = append(d.passed, time.Now()), ctx
	return credentials.Credentials{}, credentials.ErrDenied
}

func (d *door) Refresh(ctx context.Context) (credentials.Credentials, error) { return d.Get(ctx) }

func newWaiting(t *testing.T, now func() time.Time) (*Handler, *door) {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	d := new(door)
	h, err := New(Config{
		Function: contract.Online, Settings: Settings{Topic: "t", EventsPerMinute: 600, Delivery: contract.DeliveryExactlyOnce},
		Market: m, Credentials: d, Now: now, Log: io.Discard, Metrics: io.Discard,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, d
}

func invoked(t *testing.T, trace string, left time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"}), left)
	t.Cleanup(cancel)
	return context.WithValue(ctx, traceKey, trace) //nolint:staticcheck // SA1029: the key is the one of aws-lambda-go
}

// A time that this machine's clock has not reached is waited for, however it came; one
// that is too far away is refused, and nobody goes to the broker before the time has come.
func TestTimesToComeAreWaitedFor(t *testing.T) {
	const payloadOfSlot = `{"scheduled_time":"%s","schedule_arn":"` + schedule + `"}`
	for name, c := range map[string]struct {
		payload, trace string // %s is the time, ahead of the clock
		ahead          time.Duration
		refused        string // the field
	}{
		"slot":               {payload: payloadOfSlot, ahead: 3 * time.Second},
		"slot, at most":      {payload: payloadOfSlot, ahead: contract.ClockTolerance},
		"slot, too far":      {payload: payloadOfSlot, ahead: contract.ClockTolerance + time.Second, refused: contract.FieldScheduledTime},
		"slot of 2062":       {payload: payloadOfSlot, ahead: 36 * 365 * 24 * time.Hour, refused: contract.FieldScheduledTime},
		"at":                 {payload: `{"at":"%s"}`, ahead: 7 * time.Millisecond},
		"at, most":           {payload: `{"at":"%s"}`, ahead: contract.ClockTolerance},
		"at, too far":        {payload: `{"at":"%s"}`, ahead: contract.ClockTolerance + time.Millisecond, refused: contract.FieldAt},
		"first request":      {trace: "Root=1-%08x-bd862e3fe1be46a994272793", ahead: time.Second},
		"first request, far": {trace: "Root=1-%08x-bd862e3fe1be46a994272793", ahead: time.Minute, refused: contract.FieldAt},
		"over":               {payload: `{"at":"%s"}`, ahead: -time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				come := time.Now().Add(24 * time.Hour).Truncate(contract.Slot)
				time.Sleep(time.Until(come) - c.ahead)
				h, d := newWaiting(t, time.Now)
				payload, trace, begin := c.payload, c.trace, time.Now()
				if payload != "" {
					payload = fmt.Sprintf(payload, come.UTC().Format(time.RFC3339Nano))
				}
				if trace != "" {
					trace = fmt.Sprintf(trace, come.Unix())
				}
				_, err := h.Invoke(invoked(t, trace, time.Minute), []byte(payload))
				if c.refused != "" {
					if inv, ok := err.(*InvalidTrigger); !ok || inv.Field != c.refused || len(d.passed) > 0 || time.Since(begin) > 0 {
						t.Fatalf("error %v after %v, and the broker at %v", err, time.Since(begin), d.passed)
					}
					return
				}
				if !errors.Is(err, credentials.ErrDenied) || len(d.passed) != 1 {
					t.Fatalf("error %v, and the broker at %v", err, d.passed)
				}
				if waited := d.passed[0].Sub(begin); waited != max(c.ahead, 0) {
					t.Errorf("it waited for %v, want %v", waited, c.ahead)
				}
			})
		})
	}
}

// The wait ends with the invocation's time, and leaves some for the report.
func TestWaitObeysTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, d := newWaiting(t, time.Now)
		begin := time.Now()
		at := begin.Add(9 * time.Second).UTC().Format(time.RFC3339)
		_, err := h.Invoke(invoked(t, "", 5*time.Second), []byte(`{"at":"`+at+`"}`))
		var not *NotPublished
		if !errors.As(err, &not) || !errors.Is(err, ErrTooLate) || !errors.Is(err, context.DeadlineExceeded) || len(d.passed) > 0 {
			t.Errorf("error %v, and the broker at %v", err, d.passed)
		}
		if took := time.Since(begin); took != 5*time.Second-contract.DeadlineMargin {
			t.Errorf("it took %v", took)
		}
	})
}

// The clock may be set right, or run faster, while one waits.
func TestWaitLooksAtTheClockAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		h, d := newWaiting(t, func() time.Time {
			if time.Since(begin) >= time.Second {
				return time.Now().Add(8 * time.Second)
			}
			return time.Now()
		})
		at := begin.Add(9 * time.Second).UTC().Format(time.RFC3339)
		_, err := h.Invoke(invoked(t, "", time.Minute), []byte(`{"at":"`+at+`"}`))
		if !errors.Is(err, credentials.ErrDenied) || len(d.passed) != 1 || d.passed[0].Sub(begin) != time.Second {
			t.Errorf("error %v, and the broker at %v", err, d.passed)
		}
	})
}

// An invocation that has no more time than its report needs does not begin, and what one has begun
// ends with it.
func TestTimeThatIsLeft(t *testing.T) {
	const late = "too little time is left: %v until the deadline, and 2s of it are kept for the report"
	for name, c := range map[string]struct {
		left time.Duration // 0: no deadline
		says string        // empty: it goes to the broker
	}{
		"less than the report's":        {contract.DeadlineMargin - time.Millisecond, fmt.Sprintf(late, "1.999s")},
		"the report's":                  {contract.DeadlineMargin, fmt.Sprintf(late, "2s")},
		"a millisecond more":            {contract.DeadlineMargin + time.Millisecond, ""},
		"any, and nothing is of Lambda": {0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, d := newWaiting(t, time.Now)
				ctx := t.Context()
				if c.left > 0 {
					ctx = invoked(t, "", c.left)
				}
				_, err := h.Invoke(ctx, []byte(`{"events":5,"id":"x"}`))
				var not *NotPublished
				if !errors.As(err, &not) {
					t.Fatalf("error %v", err)
				}
				if c.says != "" {
					if not.Err.Error() != c.says || !errors.Is(err, ErrTooLate) || d.ctx != nil {
						t.Errorf("got  %v\nwant %s", not.Err, c.says)
					}
					return
				}
				if !errors.Is(err, credentials.ErrDenied) || d.ctx == nil {
					t.Fatalf("error %v", err)
				}
				if !errors.Is(d.ctx.Err(), context.Canceled) {
					t.Errorf("what the invocation began goes on: %v", d.ctx.Err())
				}
			})
		})
	}
}

// A way to the broker that leads nowhere is said before anybody goes it.
func TestImpossibleBroker(t *testing.T) {
	h, _ := newWaiting(t, time.Now)
	h.cfg.Credentials = credentials.Static{BootstrapServers: []string{"nowhere"}}
	_, err := h.Invoke(t.Context(), []byte(`{"events":5,"id":"x"}`))
	const want = `invalid configuration: broker "nowhere": want host:port`
	if not, ok := err.(*NotPublished); !ok || not.Err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
