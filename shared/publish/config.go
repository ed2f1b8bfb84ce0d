package publish

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"salesburst/shared/publish/wire"
)

// Credentials are a Username and a Password, for SASL PLAIN; they print as [redacted].
type Credentials = wire.Credentials

// Config says where the sales go.
type Config struct {
	Brokers     []string     // host:port, at least one
	Topic       string       // must exist
	Beside      string       // the topic of what Publish is given beside a burst; empty: none
	Credentials *Credentials // nil: no SASL
	TLS         *tls.Config  // nil: plain text

	// Delivery is what is promised; the zero value is Idempotent.
	Delivery Delivery

	// Dial opens connections; nil means the net package's dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	oldBrokers bool // are asked for the ledger all the same; its own tests do
}

// Delivery is a promise of Publish; each is more than the one before.
type Delivery int

// The promises.
const (
	Idempotent    Delivery = iota // retries inside a call store nothing twice
	Transactional                 // a burst is seen whole or not at all, and an overlapping attempt is fenced
	ExactlyOnce                   // and a burst that is there is skipped by every later attempt
)

// check returns a Config that can be used.
func (c Config) check() (Config, error) {
	if len(c.Brokers) == 0 {
		return c, fmt.Errorf("%w: no broker is given, want host:port", ErrInvalid)
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return c, fmt.Errorf("%w: broker %q: want host:port", ErrInvalid, b)
		}
	}
	if c.Topic == "" {
		return c, fmt.Errorf("%w: no topic is given", ErrInvalid)
	}
	if c.Topic == c.Beside {
		return c, fmt.Errorf("%w: topic %s is given for the bursts and for what is beside them", ErrInvalid, c.Topic)
	}
	if c.TLS != nil {
		c.TLS = c.TLS.Clone()
		if c.TLS.ClientSessionCache == nil {
			c.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(16)
		}
	}
	return c, nil
}
