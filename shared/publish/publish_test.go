package publish_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/publish"
)

func TestPublish(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		for name, n := range map[string]stream{"nothing": 0, "one": 1, "a minute": 600, "many chunks": 25_000} {
			t.Run(name, func(t *testing.T) {
				withEachBroker(t, func(t *testing.T, b *broker) {
					res, err := b.publisher(t, d).Publish(t.Context(), b.key, n)
					if err != nil {
						t.Fatal(err)
					}
					b.read(t).expectOnce(t, int(n))
					if of := b.besides(t); of != int(n) {
						t.Errorf("the records beside the burst are of %d sales", of)
					}
					if res.Events != int(n) || res.InDoubt != 0 || res.Retries != 0 && !b.mayRetry(d) || res.Skipped {
						t.Errorf("result %+v", res)
					}
					if want := n.revenue(); res.Revenue != want {
						t.Errorf("revenue %v, want %v", res.Revenue, want)
					}
					if want := int(n) - int(n)/2; res.Completed != want {
						t.Errorf("%d completed, want %d", res.Completed, want)
					}
				})
			})
		}
	})
}

func TestSmallBurstTakesOneRequestPerLeader(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		withEachBroker(t, func(t *testing.T, b *broker) {
			b.spread(t)
			beside := besides(b.key, stream(600))
			if d == publish.Idempotent { // it has requests of its own
				beside = nil
			}
			res, err := b.publisher(t, d).Publisher.Publish(t.Context(), b.key, stream(600), beside...)
			if err != nil {
				t.Fatal(err)
			}
			want := b.leaders(t)
			if b.mayRetry(d) {
				want += res.Retries // each in a request of its own, at most
			}
			if res.Requests > want || res.Retries == 0 && res.Requests != want || res.Partitions != partitions {
				t.Errorf("%d requests to %d leaders for %d partitions", res.Requests, want, res.Partitions)
			}
		})
	})
}

func TestConnectionsAreKeptBetweenBursts(t *testing.T) {
	b := startBroker(t)
	cfg := b.config(publish.Idempotent)
	var dials atomic.Int32
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	p, err := publish.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := range 5 {
		if _, err := p.Publish(t.Context(), b.key, stream(100)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			// One to the broker that is asked first, one to each leader; its metadata has one more.
			if n := int(dials.Swap(0)); n > 2+b.leaders(t) {
				t.Errorf("the first burst opens %d connections for %d leaders", n, b.leaders(t))
			}
		}
	}
	if dials.Load() != 0 {
		t.Errorf("%d connections were opened after the first burst", dials.Load())
	}
}

func TestErrors(t *testing.T) {
	t.Parallel() // it waits most of the time
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		for name, c := range map[string]struct {
			change func(*publish.Config)
			kind   error
		}{
			"wrong password":    {func(c *publish.Config) { c.Credentials.Password = "wrong" }, publish.ErrAuth},
			"unknown user":      {func(c *publish.Config) { c.Credentials.Username = "nobody" }, publish.ErrAuth},
			"unknown topic":     {func(c *publish.Config) { c.Topic = "no-such-topic" }, publish.ErrUnknownTopic},
			"nobody listens":    {func(c *publish.Config) { c.Brokers = []string{"127.0.0.1:1"} }, publish.ErrRetryable},
			"other certificate": {func(c *publish.Config) { c.TLS = &tls.Config{} }, publish.ErrInvalid},
			"no TLS":            {func(c *publish.Config) { c.TLS = nil }, publish.ErrRetryable},
		} {
			t.Run(name, func(t *testing.T) {
				waitingWithEachBroker(t, func(t *testing.T, b *broker) {
					cfg := b.config(d)
					c.change(&cfg)
					if cfg.Topic != b.Topic && b.Cluster == nil { // Kafka tells only those of a topic's absence who may see it
						cfg.Credentials = &publish.Credentials{Username: string(devenv.Admin), Password: devenv.Shared(t).Users[devenv.Admin]}
					}
					p, err := publish.New(cfg)
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
					limit := time.Minute
					if c.kind == publish.ErrRetryable {
						limit = 2 * time.Second // it tries until then
					}
					ctx, cancel := context.WithTimeout(t.Context(), limit)
					defer cancel()
					res, err := p.Publish(ctx, b.key, stream(600))
					if !errors.Is(err, c.kind) {
						t.Errorf("error %v, want %v", err, c.kind)
					}
					if res.Events != 0 || errors.Is(err, publish.ErrPartial) {
						t.Errorf("nothing can have been published, but %+v, %v", res, err)
					}
					if err != nil && (strings.Contains(err.Error(), cfg.Credentials.Password) || strings.Contains(err.Error(), "wrong")) {
						t.Errorf("the password is in the error: %v", err)
					}
				})
			})
		}
	})
}

// A topic that is missing, or that the key may not see, is one and the same to Kafka:
// the error has to say both.
func TestForeignTopic(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		cfg := realBroker(t).config(d)
		cfg.Topic = "somebody-elses"
		_, err := newPublisher(t, cfg).Publish(t.Context(), publish.Key{Series: "foreign"}, stream(10))
		if !errors.Is(err, publish.ErrAuth) || !strings.Contains(fmt.Sprint(err), "does not exist") {
			t.Errorf("error %v", err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]publish.Config{
		"no broker": {Topic: "t"},
		"no port":   {Topic: "t", Brokers: []string{"host"}},
		"no topic":  {Brokers: []string{"host:9092"}},
	} {
		if _, err := publish.New(cfg); !errors.Is(err, publish.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a broker answers that may pass, the burst is stored once.
func TestRetriedErrors(t *testing.T) {
	n := 15_000
	if testing.Short() {
		n = 7_000
	}
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		for name, code := range map[string]*kerr.Error{
			"leader moved":        kerr.NotLeaderForPartition,
			"leader unknown":      kerr.LeaderNotAvailable,
			"too few replicas":    kerr.NotEnoughReplicas,
			"timed out":           kerr.RequestTimedOut,
			"stored, not by all":  kerr.NotEnoughReplicasAfterAppend,
			"topic not yet known": kerr.UnknownTopicOrPartition,
		} {
			t.Run(name, func(t *testing.T) {
				inVirtualTime(t, func(t *testing.T, b *broker) {
					var times atomic.Int32
					b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
						b.KeepControl()
						if times.Add(1) > 3 {
							return nil, nil, false
						}
						return kafkatest.ProduceResponse(req.(*kmsg.ProduceRequest), code.Code), nil, true
					})
					res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n))
					if err != nil {
						t.Fatal(err)
					}
					b.read(t).expectOnce(t, n)
					if res.Retries == 0 {
						t.Error("no batch was sent again")
					}
				})
			})
		}
	})
}

// Where the time is over, the error says what kept the burst from being stored, and that it was the time.
func TestTimeIsOverForAReason(t *testing.T) { inVirtualTime(t, testTimeIsOverForAReason) }

func testTimeIsOverForAReason(t *testing.T, b *broker) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var times atomic.Int32
	b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		if times.Add(1) == 3 {
			time.AfterFunc(500*time.Millisecond, cancel)
		}
		return kafkatest.ProduceResponse(req.(*kmsg.ProduceRequest), kerr.NotEnoughReplicas.Code), nil, true
	})
	_, err := b.publisher(t, publish.ExactlyOnce).Publish(ctx, b.key, stream(300))
	if !errors.Is(err, publish.ErrRetryable) || !errors.Is(err, context.Canceled) || !errors.Is(err, kafka.NotEnoughReplicas) {
		t.Errorf("error %v, want that there are not enough replicas", err)
	}
}

func TestLostAcknowledgementStoresNothingTwice(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		withEachBroker(t, func(t *testing.T, b *broker) {
			res, err := newPublisher(t, lossy(b.config(d), 40_000)).Publish(t.Context(), b.key, stream(25_000))
			if err != nil {
				t.Fatal(err)
			}
			if res.Retries == 0 {
				t.Fatal("no acknowledgement was lost: the test shows nothing")
			}
			b.read(t).expectOnce(t, 25_000)
		})
	})
}

// lossy makes connections that break when the answer comes to what was written after
// so many bytes: the broker has stored the batch then, and we do not know.
func lossy(cfg publish.Config, after int64) publish.Config {
	var breaks atomic.Int32
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &lossyConn{Conn: c, limit: after, breaks: &breaks}, nil
	}
	return cfg
}

type lossyConn struct {
	net.Conn
	limit   int64
	written atomic.Int64
	breaks  *atomic.Int32
}

func (c *lossyConn) Write(b []byte) (int, error) {
	c.written.Add(int64(len(b)))
	return c.Conn.Write(b)
}

func (c *lossyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.written.Load() > c.limit && c.breaks.Add(1) <= 4 {
		c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func TestTooLargeIsSplit(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		withEachBrokerTaking(t, "20000", func(t *testing.T, b *broker) {
			res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(6_000))
			if err != nil {
				t.Fatal(err)
			}
			b.read(t).expectOnce(t, 6_000)
			if want := stream(6_000).revenue(); res.Revenue != want {
				t.Errorf("revenue %v, want %v", res.Revenue, want)
			}
		})
	})
}

func TestRecordTooLarge(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		withEachBrokerTaking(t, "100", func(t *testing.T, b *broker) {
			_, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(100))
			if !errors.Is(err, publish.ErrTooLarge) {
				t.Errorf("error %v", err)
			}
		})
	})
}

func TestFinalErrors(t *testing.T) {
	for name, c := range map[string]struct {
		code *kerr.Error
		kind error
	}{
		"no right to write": {kerr.TopicAuthorizationFailed, publish.ErrAuth},
		"fenced":            {kerr.InvalidProducerEpoch, publish.ErrFenced},
		"sequence broken":   {kerr.OutOfOrderSequenceNumber, publish.ErrFenced},
	} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t)
			var times atomic.Int32
			b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				if times.Add(1) <= 2 {
					return nil, nil, false
				}
				return kafkatest.ProduceResponse(req.(*kmsg.ProduceRequest), c.code.Code), nil, true
			})
			res, err := b.publisher(t, publish.Idempotent).Publish(t.Context(), b.key, stream(25_000))
			if !errors.Is(err, c.kind) || !errors.Is(err, publish.ErrPartial) {
				t.Errorf("error %v, want %v and ErrPartial", err, c.kind)
			}
			if got := len(b.read(t)); got < res.Events || got > res.Events+res.InDoubt {
				t.Errorf("%d events are stored; the result says %d and %d in doubt", got, res.Events, res.InDoubt)
			}
		})
	}
}

func TestNothingIsSentAfterTheDeadline(t *testing.T) {
	t.Parallel() // it waits most of the time; in virtual time a broker that sleeps does not end
	b := startBroker(t)
	b.SleepControl(func() {})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var times atomic.Int32
	var ended atomic.Pointer[time.Time]
	b.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		switch n := times.Add(1); {
		case n == 3:
			time.AfterFunc(500*time.Millisecond, func() {
				now := time.Now()
				ended.Store(&now)
				cancel()
			})
			fallthrough
		case n > 3:
			b.SleepControl(func() { time.Sleep(time.Second) })
		}
		return nil, nil, false
	})
	res, err := b.publisher(t, publish.Idempotent).Publish(ctx, b.key, stream(200_000))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, publish.ErrPartial) {
		t.Fatalf("error %v", err)
	}
	// All twenty requests or so would take as many seconds; a busy machine is given five.
	if late := time.Since(*ended.Load()); late > 5*time.Second {
		t.Errorf("returned %v after the end", late)
	}
	time.Sleep(1500 * time.Millisecond) // what the broker holds in its hands now is what was sent before
	before := len(b.read(t))
	time.Sleep(500 * time.Millisecond)
	if after := len(b.read(t)); after != before {
		t.Errorf("%d events arrived after the return", after-before)
	}
	if before < res.Events || before > res.Events+res.InDoubt {
		t.Errorf("%d events are stored; the result says %d and %d in doubt", before, res.Events, res.InDoubt)
	}
}
