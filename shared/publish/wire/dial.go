package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
)

// Config says where to connect, and how.
type Config struct {
	Brokers     []string     // host:port
	Topic       string       // whose partitions are written to
	Beside      string       // another topic that is written to; empty: none
	TLS         *tls.Config  // nil: plain text
	Credentials *Credentials // nil: no SASL
	Logins      *Logins      // of all connections with these credentials
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)
}

// topics are those that are written to.
func (c *Config) topics() []string {
	if c.Beside == "" {
		return []string{c.Topic}
	}
	return []string{c.Topic, c.Beside}
}

// Credentials are for SASL PLAIN.
type Credentials struct {
	Username, Password string
}

// String hides the password: credentials are never printed.
func (c Credentials) String() string { return "[redacted]" }

// GoString hides the password in %#v too.
func (c Credentials) GoString() string { return "[redacted]" }

// connectTimeout is for TCP, TLS and SASL of one connection.
const connectTimeout = 5 * time.Second

const clientID = "salesburst"

// dialer makes connections, and closes them together.
type dialer struct {
	cfg       Config
	lostLogin atomic.Bool           // a SASL exchange was cut short
	refusal   atomic.Pointer[error] // of the credentials

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

func newDialer(cfg Config) *dialer {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	return &dialer{cfg: cfg, conns: make(map[net.Conn]struct{})}
}

// dial opens a connection that is ready for requests: TCP, TLS and SASL.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if refusal := d.refusal.Load(); refusal != nil {
		return nil, *refusal // kafka-go would try the next broker
	}
	if d.isClosed() { // kafka-go has begun before, and comes here on a busy machine long after
		return nil, errClosed
	}
	raw, err := d.cfg.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	nc, err := d.track(raw)
	if err != nil {
		return nil, err
	}
	if d.cfg.TLS != nil {
		encrypted := tls.Client(nc, forServer(d.cfg.TLS, address))
		if err := encrypted.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, fmt.Errorf("TLS with %s: %w", address, err)
		}
		nc = encrypted
	}
	if d.cfg.Credentials != nil {
		if err := d.login(ctx, nc, *d.cfg.Credentials); err != nil {
			nc.Close()
			err = fmt.Errorf("SASL with %s: %w", address, err)
			if errors.Is(err, kafka.SASLAuthenticationFailed) {
				d.refusal.Store(&err)
			}
			return nil, err
		}
	}
	return nc, nil
}

func forServer(cfg *tls.Config, address string) *tls.Config {
	if cfg.ServerName != "" {
		return cfg
	}
	cfg = cfg.Clone()
	cfg.ServerName, _, _ = net.SplitHostPort(address)
	return cfg
}

// login is the SASL PLAIN exchange of one connection.
func (d *dialer) login(ctx context.Context, nc net.Conn, as Credentials) error {
	stop := context.AfterFunc(ctx, func() { nc.Close() }) // ends a read that waits
	defer stop()
	conn := protocol.NewConn(nc, clientID)
	conn.SetVersions(map[protocol.ApiKey]int16{protocol.SaslHandshake: 1, protocol.SaslAuthenticate: 1})
	answer, err := conn.RoundTrip(&saslhandshake.Request{Mechanism: "PLAIN"})
	if err != nil {
		return err // before any credentials: no word about them
	}
	if err := failed(answer.(*saslhandshake.Response).ErrorCode); err != nil {
		return err
	}
	answer, err = conn.RoundTrip(&saslauthenticate.Request{
		AuthBytes: []byte("\x00" + as.Username + "\x00" + as.Password),
	})
	if err != nil {
		return d.cfg.Logins.lost(&d.lostLogin, err)
	}
	res := answer.(*saslauthenticate.Response)
	if err := failed(res.ErrorCode); err != nil {
		return fmt.Errorf("%w: %s", err, res.ErrorMessage)
	}
	d.cfg.Logins.losses.Store(0)
	return nil
}

var errClosed = errors.New("the connection was given up")

func (d *dialer) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

func (d *dialer) track(nc net.Conn) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		nc.Close()
		return nil, errClosed
	}
	d.conns[nc] = struct{}{}
	return &tracked{Conn: nc, of: d}, nil
}

type tracked struct {
	net.Conn
	of *dialer
}

func (t *tracked) Close() error {
	t.of.mu.Lock()
	delete(t.of.conns, t.Conn)
	t.of.mu.Unlock()
	return t.Conn.Close()
}

// close closes every connection at once; a write under way fails. No more are made.
func (d *dialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for nc := range d.conns {
		nc.Close()
	}
	clear(d.conns)
}
