package app_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/app"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/publish"
)

// What fails before anything is sent returns a NotPublished, one line in the log that
// says what to do, and an error in the metrics.
func TestNothingIsPublished(t *testing.T) {
	for name, c := range map[string]struct {
		set     func(*lambda)
		change  func(*app.Config)
		left    time.Duration
		kind    error
		says    string
		fetches int32
		logins  int32 // that the broker saw; 0: any number
	}{
		"wrong credentials": {
			set:  func(l *lambda) { l.secret.Store(l.broker.secretText(firstKey, "wrong")) },
			left: 15 * time.Second, kind: publish.ErrAuth, says: "check api_key and api_secret", fetches: 2, logins: 1,
		},
		"wrong credentials twice": {
			set: func(l *lambda) {
				l.broker.revoked.Store(firstKey)
				l.broker.ControlKey(int16(kmsg.SASLHandshake), func(kmsg.Request) (kmsg.Response, error, bool) {
					l.secret.Store(l.broker.secretText(secondKey, "wrong"))
					return nil, nil, false
				})
			},
			left: 15 * time.Second, kind: publish.ErrAuth, says: "check api_key and api_secret", fetches: 2, logins: 2,
		},
		"unknown topic": {
			set:    func(*lambda) {},
			change: func(cfg *app.Config) { cfg.Settings.Topic = "no-such-topic" },
			left:   15 * time.Second, kind: publish.ErrUnknownTopic, says: "create the topic, correct TOPIC", fetches: 1,
		},
		"nobody listens": {
			set: func(l *lambda) {
				l.secret.Store(`{"bootstrap_servers":"127.0.0.1:1","api_key":"k","api_secret":"s"}`)
			},
			left: contract.DeadlineMargin + time.Second, kind: publish.ErrRetryable, says: "check bootstrap_servers", fetches: 1,
		},
		"untrusted certificate": {
			set:    func(*lambda) {},
			change: func(cfg *app.Config) { cfg.Broker.TLS = &tls.Config{} },
			left:   15 * time.Second, kind: publish.ErrInvalid, says: "publicly trusted certificate", fetches: 1,
		},
		"secret denied": {
			set:  func(l *lambda) { l.denied = credentials.ErrDenied },
			left: 15 * time.Second, kind: credentials.ErrDenied, says: "access denied", fetches: 1,
		},
		"secret malformed": {
			set:  func(l *lambda) { l.secret.Store(`{"user":"` + firstKey + `"}`) },
			left: 15 * time.Second, kind: credentials.ErrMalformed, says: credentials.Shape, fetches: 1,
		},
		"too late": {
			set:  func(*lambda) {},
			left: contract.DeadlineMargin - 100*time.Millisecond, kind: app.ErrTooLate, says: "raise the function's timeout", fetches: 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*app.Config)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			l := start(t, changes...)
			c.set(l)
			begin := time.Now()
			_, err := l.invoke(t, slot, c.left)
			var not *app.NotPublished
			if !errors.As(err, &not) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want a NotPublished of kind %v that says %q", err, c.kind, c.says)
			}
			if not.Report.BurstID == "" || not.Report.Expected == 0 || not.Report.Events != 0 {
				t.Errorf("report %+v", not.Report)
			}
			if took := time.Since(begin); took > c.left {
				t.Errorf("it took %v of %v", took, c.left)
			}
			if l.fetches.Load() != c.fetches {
				t.Errorf("the secret was fetched %d times, want %d", l.fetches.Load(), c.fetches)
			}
			if n := l.broker.logins.Load(); c.logins != 0 && n != c.logins {
				t.Errorf("the broker saw %d logins, want %d", n, c.logins)
			}
			logged, metrics := l.lines(t).expectOne(t, "ERROR", "burst not published")
			if says := fmt.Sprint(logged["error"], logged["advice"]); !strings.Contains(says, c.says) {
				t.Errorf("logged %v, want %q", logged, c.says)
			}
			expectMetrics(t, metrics, map[string]float64{"Bursts": 0, "Errors": 1, "Events": 0})
			if n := len(l.broker.readAll(t)); n != 0 {
				t.Errorf("%d events are stored", n)
			}
		})
	}
}

// unreadable are credentials that were read once, and cannot be read again.
type unreadable struct{ credentials.Static }

func (unreadable) Refresh(context.Context) (credentials.Credentials, error) {
	return credentials.Credentials{}, credentials.ErrDenied
}

// Of credentials that are refused and cannot be read again both is said.
func TestRefusedCredentialsCannotBeReadAgain(t *testing.T) {
	var cfg app.Config
	l := start(t, func(c *app.Config) { cfg = *c })
	wrong, err := credentials.Parse(l.broker.secretText(firstKey, "wrong"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = unreadable{credentials.Static(wrong)}
	if l.Handler, err = app.New(cfg); err != nil {
		t.Fatal(err)
	}
	_, err = l.invoke(t, slot, 15*time.Second)
	if !errors.Is(err, publish.ErrAuth) || !errors.Is(err, credentials.ErrDenied) || !strings.Contains(err.Error(), "; getting the credentials again: ") {
		t.Errorf("error %v", err)
	}
}

// A burst that fails halfway is not begun again in the same invocation, and its error
// says how far it came.
func TestPartlyPublished(t *testing.T) {
	const tooShort = contract.DeadlineMargin + 10*time.Second
	for name, c := range map[string]struct {
		good    int32 // requests that are answered
		refused bool  // the others; or nothing is heard any more
		left    time.Duration
		kind    error
		says    string
	}{
		"deadline":                 {2, false, tooShort, context.DeadlineExceeded, "raise the function's timeout"},
		"no answer at all":         {0, false, tooShort, context.DeadlineExceeded, "raise the function's timeout"},
		"right to write withdrawn": {2, true, 15 * time.Second, publish.ErrAuth, "check api_key and api_secret"},
	} {
		attempt := func(t *testing.T) {
			b := startBroker(t, kafkatest.StartVirtual)
			var silent atomic.Bool
			l := startWith(t, b, atMostIdempotent, func(cfg *app.Config) {
				cfg.Broker.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := b.Dialer(ctx, network, address)
					return &silentConn{Conn: conn, silent: &silent, closed: make(chan struct{})}, err
				}
			})
			var requests atomic.Int32
			b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				switch {
				case requests.Add(1) <= c.good:
				case c.refused:
					return kafkatest.ProduceResponse(req.(*kmsg.ProduceRequest), kerr.TopicAuthorizationFailed.Code), nil, true
				default:
					silent.Store(true)
				}
				return nil, nil, false
			})
			begin := time.Now()
			_, err := l.invoke(t, `{"events":100000,"id":"half"}`, c.left)
			var partly *app.PartlyPublished
			if !errors.As(err, &partly) || !errors.Is(err, c.kind) || !errors.Is(err, publish.ErrPartial) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want a PartlyPublished of kind %v that says %q", err, c.kind, c.says)
			}
			if took := time.Since(begin); took > c.left {
				t.Errorf("it took %v of %v: no time was left for the report", took, c.left)
			}
			r := partly.Report
			text, _ := json.Marshal(r)
			if r.Expected != 100_000 || (r.Events > 0) != (c.good > 0) || r.Events+r.InDoubt == 0 || r.Events >= r.Expected || !strings.Contains(err.Error(), string(text)) {
				t.Errorf("report %+v in %v", r, err)
			}
			if n := len(b.Records(t)); n < r.Events || n > r.Events+r.InDoubt {
				t.Errorf("%d events are stored; the report is %+v", n, r)
			}
			if l.fetches.Load() != 1 {
				t.Errorf("the secret was fetched %d times, want once", l.fetches.Load())
			}
			logged, metrics := l.lines(t).expectOne(t, "ERROR", "burst published in part")
			if logged["events"] != float64(r.Events) || logged["advice"] == nil {
				t.Errorf("logged %v", logged)
			}
			expectMetrics(t, metrics, map[string]float64{"Bursts": 0, "Errors": 1, "Events": float64(r.Events), "InDoubt": float64(r.InDoubt)})
		}
		t.Run(name, func(t *testing.T) { synctest.Test(t, attempt) })
	}
}

// silentConn is a connection over which nothing is heard any more when it is silent.
type silentConn struct {
	net.Conn
	silent *atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (c *silentConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.silent.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *silentConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func TestInvalidTrigger(t *testing.T) {
	for name, c := range map[string]struct {
		payload, field string
		byBurst        bool
	}{
		"unknown field":    {`{"event":5}`, `"event"`, false},
		"unknown brand":    {`{"brand":"Nobody's"}`, "brand", true},
		"unknown city":     {`{"city":"Atlantis"}`, "city", true},
		"unknown scenario": {`{"scenario":"no-such"}`, "scenario", true},
		"in the future":    {`{"at":"2026-11-20T20:00:13Z"}`, "at", false},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t)
			_, err := l.invoke(t, c.payload, 15*time.Second)
			inv, ok := err.(*app.InvalidTrigger) // not wrapped: its name is what Lambda reports
			if !ok || inv.Field != c.field || inv.Allowed == "" {
				t.Fatalf("error %#v, want an InvalidTrigger about %s", err, c.field)
			}
			var by *burst.Invalid
			if errors.As(err, &by) != c.byBurst {
				t.Errorf("the burst refused: %v, want %v", !c.byBurst, c.byBurst)
			}
			logged, metrics := l.lines(t).expectOne(t, "ERROR", "trigger refused")
			if logged["error"] != err.Error() {
				t.Errorf("logged %v", logged)
			}
			expectMetrics(t, metrics, map[string]float64{"Bursts": 0, "Errors": 1, "Events": 0})
			if l.fetches.Load() != 0 || l.dials.Load() != 0 {
				t.Errorf("%d fetches and %d connections for nothing", l.fetches.Load(), l.dials.Load())
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := app.New(app.Config{Settings: app.Settings{Topic: "?", EventsPerMinute: -1, Delivery: "twice"}})
	for _, variable := range []string{contract.EnvTopic, contract.EnvEventsPerMinute, contract.EnvDelivery} {
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("error %v, want one that names %s", err, variable)
		}
	}
	var setting *app.InvalidSetting
	if !errors.As(err, &setting) {
		t.Errorf("error %#v", err)
	}
}
