/*
Package wire makes the requests that publishing needs, by kafka-go. All that leans on
kafka-go's insides is here, and a test names the version that it was written for.

A [Conn] is a set of connections that live and die together; begin there. Four things are not
as kafka-go has them:

  - A request of a transaction says which broker it is for (requests.go, layout.go). kafka-go
    asks for the coordinator before each of them, a second round trip.
  - OffsetFetch is version 7, which can ask for what is stable (layout.go); kafka-go's ends at 5.
  - TLS and SASL are made here (dial.go). kafka-go makes one error of a broker that says no
    and of a connection that was lost, and only the first is a reason to give up.
  - Connections are made ahead of their use (ahead.go). kafka-go makes one when a request needs it.

Errors are kafka-go's: a [kafka.Error] is the broker's word, or kafka-go's own about what it knows of
the brokers; anything else is a connection's. What they mean for a burst is for the caller to say.
*/
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

// RequestTimeout is for one request; a broker has it for a produce request too.
const RequestTimeout = 10 * time.Second

// connectTimeout is for TCP, TLS and SASL of one connection.
const connectTimeout = 5 * time.Second

// IdleLimit is the age at which idle connections are not trusted any more: brokers
// and load balancers drop them silently, and a frozen process does not notice.
const IdleLimit = 20 * time.Second

// Config says where to connect, and how.
type Config struct {
	Brokers     []string     // host:port
	Topic       string       // whose partitions are written to
	TLS         *tls.Config  // nil: plain text
	Credentials *Credentials // nil: no SASL
	Logins      *Logins      // of all connections with these credentials
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)
}

// Conn is a set of connections that live and die together. Once closed, it sends
// nothing, not even what kafka-go has in its hands, and opens nothing more.
type Conn struct {
	cfg       Config
	transport *kafka.Transport
	client    *kafka.Client
	end       context.CancelFunc // of all that kafka-go does by itself
	ahead     *ahead             // nil: not begun

	lostLogin atomic.Bool           // a SASL exchange of this set was cut short
	refusal   atomic.Pointer[error] // of the credentials

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	closed  bool
	recents map[int]bool // by broker: whether it is recent
}

const clientID = "salesburst"

// Open returns a Conn, which connects when it is used.
func Open(cfg Config) *Conn {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	ctx, end := context.WithCancel(context.Background())
	c := &Conn{cfg: cfg, end: end, recents: make(map[int]bool), conns: make(map[net.Conn]struct{})}
	c.transport = &kafka.Transport{
		ClientID:       clientID,
		DialTimeout:    connectTimeout,
		IdleTimeout:    IdleLimit,
		MetadataTopics: []string{cfg.Topic},
		Dial:           c.dial,
		Context:        ctx, // without it, a request after Close makes kafka-go dial for ever
	}
	c.client = &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: RequestTimeout, Transport: c.transport}
	return c
}

var errClosed = errors.New("the connection was given up")

func (c *Conn) track(nc net.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		nc.Close()
		return nil, errClosed
	}
	c.conns[nc] = struct{}{}
	return &tracked{Conn: nc, of: c}, nil
}

type tracked struct {
	net.Conn
	of *Conn
}

func (t *tracked) Close() error {
	t.of.mu.Lock()
	delete(t.of.conns, t.Conn)
	t.of.mu.Unlock()
	return t.Conn.Close()
}

// Close closes every connection at once; a write under way fails.
func (c *Conn) Close() {
	c.mu.Lock()
	c.closed = true
	for nc := range c.conns {
		nc.Close()
	}
	clear(c.conns)
	c.mu.Unlock()
	c.end()
	c.transport.CloseIdleConnections()
}
