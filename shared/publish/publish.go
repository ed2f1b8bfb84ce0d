package publish

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"salesburst/shared/sale"
)

// Stream is a sequence of sales of known length that can be read at any place,
// by several goroutines at once.
type Stream interface {
	Len() int
	At(i int, s *sale.Sale) // writes all fields of sale i into s
}

// Credentials are what a broker asks for by SASL PLAIN.
type Credentials struct {
	Username, Password string
}

// Config says where the sales go.
type Config struct {
	Brokers     []string // host:port, at least one
	Topic       string
	Credentials *Credentials                                                         // nil: no SASL
	TLS         *tls.Config                                                          // nil: plain text
	Dial        func(ctx context.Context, network, address string) (net.Conn, error) // nil: the net package's
}

// Publisher brings bursts to one topic.
type Publisher struct{ cfg Config }

// New returns a Publisher; it connects when it is first used.
func New(cfg Config) (*Publisher, error) { return &Publisher{cfg}, nil }

// Result says what is in Kafka, after an error too.
type Result struct {
	Events     int        // acknowledged
	Bytes      int64      // of compressed record batches acknowledged
	Partitions int        // that took at least one event
	Revenue    sale.Cents // of the completed sales among Events
	Completed  int        // completed sales among Events
	Requests   int        // produce requests
	Retries    int        // of them, sent again
	Duration   time.Duration
}

// Publish brings all of stream to Kafka, or returns an error and what was
// acknowledged until then. Nothing is sent after it has returned.
func (p *Publisher) Publish(ctx context.Context, stream Stream) (Result, error) {
	return Result{}, errors.New("not yet")
}

// Close ends the connections. The Publisher can be used again afterwards.
func (p *Publisher) Close() {}

// The kinds of errors; see [errors.Is].
var (
	ErrAuth         = errors.New("credentials refused")
	ErrUnknownTopic = errors.New("unknown topic")
	ErrTooLarge     = errors.New("too large")
	ErrRetryable    = errors.New("not reachable in time")
	ErrFenced       = errors.New("fenced")
	ErrPartial      = errors.New("part of the burst was not acknowledged")
	ErrInvalid      = errors.New("invalid configuration")
)
