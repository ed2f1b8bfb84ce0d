package publish

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"salesburst/shared/publish/wire"
)

// Where there is no broker any more, what was to be done is not done.
func TestRetryWithoutABroker(t *testing.T) {
	s := &session{cfg: Config{Brokers: []string{"127.0.0.1:1"}, Topic: "sales"}}
	defer s.close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := s.retry(ctx, "committing", func(context.Context, *wire.Conn) error {
		t.Error("it was done without a broker")
		return nil
	})
	if !errors.Is(err, ErrRetryable) || !strings.HasPrefix(err.Error(), "committing: ") {
		t.Errorf("error %v, want that committing can be tried again", err)
	}
}

// What a broker says leaves the connections as they are, and nothing is tried when the time is over.
func TestRetryAsLongAsThereIsTime(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "sales"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	s := &session{cfg: Config{Brokers: broker.ListenAddrs(), Topic: "sales"}}
	defer s.close()
	for name, said := range map[string]error{"a broker's word": kafka.GroupCoordinatorNotAvailable, "a lost connection": errors.New("cut")} {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		conns := make(map[*wire.Conn]bool)
		err := s.retry(ctx, "asking", func(context.Context, *wire.Conn) error {
			if ctx.Err() != nil {
				t.Errorf("%s: asked again when the time was over", name)
				return kafka.TopicAuthorizationFailed // it ends at least
			}
			conns[s.conn] = true
			return said
		})
		cancel()
		if !errors.Is(err, ErrRetryable) {
			t.Errorf("%s: error %v", name, err)
		}
		if lost := name == "a lost connection"; lost != (len(conns) > 1) {
			t.Errorf("%s: over %d connections", name, len(conns))
		}
	}
}

// Connections are kept as long as they work and are not idle for long; after a failure there are none.
func TestConnectionsAreKeptWhileTheyWork(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "sales"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	s := &session{cfg: Config{Brokers: broker.ListenAddrs(), Topic: "sales"}}
	defer s.close()
	connect := func() *wire.Conn {
		leaders, err := s.connect(t.Context())
		if err != nil || len(leaders.topic) != 1 || time.Since(s.used) > wire.IdleLimit {
			t.Errorf("leaders %v, error %v, idle for %v", leaders, err, time.Since(s.used))
		}
		return s.conn
	}
	first := connect()
	if again := connect(); again != first || s.open() != first {
		t.Error("connections that work are made anew")
	}
	s.used = s.used.Add(-wire.IdleLimit - time.Second)
	if connect() == first {
		t.Error("idle connections are used")
	}
	s.close()
	s.cfg.Topic = "no such topic"
	if _, err := s.connect(t.Context()); !errors.Is(err, ErrUnknownTopic) || s.conn != nil {
		t.Errorf("connections %v, error %v", s.conn, err)
	}
}

// Connections that were just opened are not taken for idle ones.
func TestNewConnectionsAreInUse(t *testing.T) {
	s := &session{cfg: Config{Brokers: []string{"127.0.0.1:1"}, Topic: "sales"}}
	defer s.close()
	s.open()
	if idle := time.Since(s.used); idle > wire.IdleLimit {
		t.Errorf("idle for %v", idle)
	}
}

// What a caller's TLS configuration says is kept, and connections resume the session that the first
// of them has agreed on, without a cache in what is the caller's.
func TestTLSIsTheCallersOwn(t *testing.T) {
	mine := tls.NewLRUClientSessionCache(1)
	for _, own := range []tls.ClientSessionCache{nil, mine} {
		given := &tls.Config{ServerName: "kafka", ClientSessionCache: own}
		c, err := Config{Brokers: []string{"kafka:9092"}, Topic: "sales", TLS: given}.check()
		if err != nil {
			t.Fatal(err)
		}
		if c.TLS == given || given.ClientSessionCache != own || c.TLS.ServerName != "kafka" {
			t.Errorf("%+v became %+v", given, c.TLS)
		}
		if c.TLS.ClientSessionCache == nil || own != nil && c.TLS.ClientSessionCache != own {
			t.Errorf("the cache is %v, given was %v", c.TLS.ClientSessionCache, own)
		}
	}
	if c, err := (Config{Brokers: []string{"kafka:9092"}, Topic: "sales"}).check(); err != nil || c.TLS != nil {
		t.Errorf("without TLS: %+v, %v", c.TLS, err)
	}
}
