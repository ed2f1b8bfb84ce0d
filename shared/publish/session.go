package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"salesburst/shared/publish/wire"
)

// session is how a publisher reaches the brokers: over one Conn at a time, and another when that
// one was given up.
type session struct {
	cfg    Config
	logins wire.Logins
	conn   *wire.Conn // nil: not connected
	used   time.Time  // wall clock, which goes on while the process is frozen
}

// open returns the connections that there are, or new ones.
func (s *session) open() *wire.Conn {
	if s.conn == nil {
		s.conn = wire.Open(wire.Config{
			Brokers: s.cfg.Brokers, Topic: s.cfg.Topic, Beside: s.cfg.Beside, TLS: s.cfg.TLS, Dial: s.cfg.Dial,
			Credentials: s.cfg.Credentials, Logins: &s.logins,
		})
	}
	s.use()
	return s.conn
}

// use notes that the connections work.
func (s *session) use() { s.used = time.Now().Round(0) }

// close gives the connections up. Nothing is sent over them any more.
func (s *session) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// routes are the brokers that lead the partitions which are written to; a negative one: there is none at the
// moment.
type routes struct {
	topic  []int
	beside []int
	absent error // why nothing can be written beside the topic; nil: it can, or nobody wants to
}

// routes asks for them.
func (s *session) routes(ctx context.Context, c *wire.Conn) (r routes, err error) {
	if r.topic, err = c.Leaders(ctx, s.cfg.Topic); err != nil || s.cfg.Beside == "" {
		return r, err
	}
	r.beside, err = c.Leaders(ctx, s.cfg.Beside)
	if code := kafka.Error(0); errors.As(err, &code) {
		switch code {
		case kafka.UnknownTopicOrPartition, kafka.TopicAuthorizationFailed, kafka.InvalidTopic:
			r.absent, err = err, nil
		}
	}
	return r, err
}

// connect returns the routes, over connections that work. It
// tries again until ctx ends where trying again can help.
func (s *session) connect(ctx context.Context) (r routes, err error) {
	if s.conn != nil && time.Now().Round(0).Sub(s.used) > wire.IdleLimit {
		s.close()
	}
	for tries := 0; ; tries++ {
		if r, err = s.routes(ctx, s.open()); err == nil {
			return r, nil
		}
		s.close()
		if err = kind(err); !errors.Is(err, ErrRetryable) {
			return r, err
		}
		if sleep(ctx, backoff(tries)) != nil {
			return r, fmt.Errorf("connecting to %v: %w", s.cfg.Brokers, err)
		}
	}
}

// retry does what it is given until that succeeds, fails for good, or ctx ends. After
// a failure that is not the broker's own word it goes on over new connections.
func (s *session) retry(ctx context.Context, what string, do func(context.Context, *wire.Conn) error) error {
	for tries := 0; ; tries++ {
		if s.conn == nil {
			if _, err := s.connect(ctx); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
		reqCtx, cancel := context.WithTimeout(ctx, wire.RequestTimeout)
		err := do(reqCtx, s.conn)
		cancel()
		if err == nil {
			return nil
		}
		if err = kind(fmt.Errorf("%s: %w", what, err)); !errors.Is(err, ErrRetryable) {
			return err
		}
		if sleep(ctx, backoff(tries)) != nil {
			return err
		}
		if code := kafka.Error(0); !errors.As(err, &code) {
			s.close()
		}
	}
}

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = time.Second
)

func backoff(tries int) time.Duration {
	return min(minBackoff<<min(tries, 10), maxBackoff)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
