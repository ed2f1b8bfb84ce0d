package publish

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

// dial opens a connection that is ready for requests: TCP, TLS and SASL. kafka-go could do
// the last two itself, but makes one error of a broker that says no and of a connection
// that was lost, and only the first is a reason to give up.
func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if refusal := l.refusal.Load(); refusal != nil {
		return nil, *refusal // kafka-go would try the next broker
	}
	raw, err := l.cfg.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c, err := l.track(raw)
	if err != nil {
		return nil, err
	}
	if l.cfg.TLS != nil {
		encrypted := tls.Client(c, forServer(l.cfg.TLS, address))
		if err := encrypted.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, fmt.Errorf("TLS with %s: %w", address, err)
		}
		c = encrypted
	}
	if l.cfg.Credentials != nil {
		if err := l.login(ctx, c, *l.cfg.Credentials); err != nil {
			c.Close()
			err = fmt.Errorf("SASL with %s: %w", address, err)
			if errors.Is(err, kafka.SASLAuthenticationFailed) {
				l.refusal.Store(&err)
			}
			return nil, err
		}
	}
	return c, nil
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
func (l *link) login(ctx context.Context, c net.Conn, as Credentials) error {
	stop := context.AfterFunc(ctx, func() { c.Close() }) // ends a read that waits
	defer stop()
	conn := protocol.NewConn(c, clientID)
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
		return l.sasl.lost(l, err)
	}
	res := answer.(*saslauthenticate.Response)
	if err := failed(res.ErrorCode); err != nil {
		return fmt.Errorf("%w: %s", err, res.ErrorMessage)
	}
	l.sasl.losses.Store(0)
	return nil
}

// saslHealth counts the connections that were lost during the SASL exchange since the
// last one that was accepted, at most one per link. Some brokers answer a wrong password
// by closing the connection; so does every broker, proxy or network in trouble.
type saslHealth struct {
	losses atomic.Int32
}

// refusalsInARow is how many lost exchanges are taken for a refusal: with the pauses
// between them, three quarters of a second of nothing else.
const refusalsInARow = 5

var errHungUp = errors.New("the connection was closed when the credentials were sent")

// lost counts err where it is a connection that was closed.
func (h *saslHealth) lost(l *link, err error) error {
	if !hungUp(err) {
		return err
	}
	if l.lostLogin.CompareAndSwap(false, true) {
		h.losses.Add(1)
	}
	if n := h.losses.Load(); n >= refusalsInARow {
		return fmt.Errorf("%w %d times in a row: %w", errHungUp, n, kafka.SASLAuthenticationFailed)
	}
	return fmt.Errorf("%w: %w", errHungUp, err)
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
