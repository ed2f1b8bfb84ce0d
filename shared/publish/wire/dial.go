package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
)

// Credentials are for SASL PLAIN.
type Credentials struct {
	Username, Password string
}

// String hides the password: credentials are never printed.
func (c Credentials) String() string { return "[redacted]" }

// GoString hides the password in %#v too.
func (c Credentials) GoString() string { return "[redacted]" }

// dial opens a connection that is ready for requests: TCP, TLS and SASL.
func (c *Conn) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if refusal := c.refusal.Load(); refusal != nil {
		return nil, *refusal // kafka-go would try the next broker
	}
	raw, err := c.cfg.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	nc, err := c.track(raw)
	if err != nil {
		return nil, err
	}
	if c.cfg.TLS != nil {
		encrypted := tls.Client(nc, forServer(c.cfg.TLS, address))
		if err := encrypted.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, fmt.Errorf("TLS with %s: %w", address, err)
		}
		nc = encrypted
	}
	if c.cfg.Credentials != nil {
		if err := c.login(ctx, nc, *c.cfg.Credentials); err != nil {
			nc.Close()
			err = fmt.Errorf("SASL with %s: %w", address, err)
			if errors.Is(err, kafka.SASLAuthenticationFailed) {
				c.refusal.Store(&err)
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
func (c *Conn) login(ctx context.Context, nc net.Conn, as Credentials) error {
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
	answer, err = conn.RoundTrip(&saslauthenticate.Request{AuthBytes: []byte("\x00" + as.Username + "\x00" + as.Password)})
	if err != nil {
		return c.cfg.Logins.lost(c, err)
	}
	res := answer.(*saslauthenticate.Response)
	if err := failed(res.ErrorCode); err != nil {
		return fmt.Errorf("%w: %s", err, res.ErrorMessage)
	}
	c.cfg.Logins.losses.Store(0)
	return nil
}

// Logins counts the connections that were lost during the SASL exchange since the
// last one that was accepted, at most one per Conn. Some brokers answer a wrong password
// by closing the connection; so does every broker, proxy or network in trouble.
type Logins struct {
	losses atomic.Int32
}

// refusalsInARow is how many lost exchanges are taken for a refusal: with the pauses
// between them, three quarters of a second of nothing else.
const refusalsInARow = 5

var errHungUp = errors.New("the connection was closed when the credentials were sent")

// lost counts err where it is a connection that was closed.
func (h *Logins) lost(c *Conn, err error) error {
	if !hungUp(err) {
		return err
	}
	if c.lostLogin.CompareAndSwap(false, true) {
		h.losses.Add(1)
	}
	if n := h.losses.Load(); n >= refusalsInARow {
		return fmt.Errorf("%w %d times in a row: %w", errHungUp, n, kafka.SASLAuthenticationFailed)
	}
	return fmt.Errorf("%w: %w", errHungUp, err)
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
