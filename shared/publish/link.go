package publish

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// idleLimit is the age at which idle connections are not trusted any more: brokers
// and load balancers drop them silently, and a frozen process does not notice.
const idleLimit = 20 * time.Second

// link is a set of connections that live and die together. Once cut, it sends
// nothing, not even what kafka-go has in its hands, and opens nothing more.
type link struct {
	cfg       Config
	transport *kafka.Transport
	client    *kafka.Client
	end       context.CancelFunc // of all that kafka-go does by itself
	used      time.Time          // wall clock, which goes on while the process is frozen
	openings  *openings          // nil: not begun
	capable   map[int]bool       // brokers that are new enough for the ledger; of one goroutine at a time

	sasl      *saslHealth
	lostLogin atomic.Bool           // a SASL exchange of this link was cut short
	refusal   atomic.Pointer[error] // of the credentials

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	dead  bool
}

const clientID = "salesburst"

func newLink(cfg Config, sasl *saslHealth) *link {
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	ctx, end := context.WithCancel(context.Background())
	l := &link{cfg: cfg, end: end, sasl: sasl, capable: make(map[int]bool), conns: make(map[net.Conn]struct{})}
	l.transport = &kafka.Transport{
		ClientID:       clientID,
		DialTimeout:    connectTimeout,
		IdleTimeout:    idleLimit,
		MetadataTopics: []string{cfg.Topic},
		Dial:           l.dial,
		Context:        ctx, // without it, a request on a link that was cut makes kafka-go dial for ever
	}
	l.client = &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: requestTimeout, Transport: l.transport}
	return l
}

var errCut = errors.New("the connection was given up")

func (l *link) track(c net.Conn) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		c.Close()
		return nil, errCut
	}
	l.conns[c] = struct{}{}
	return &tracked{Conn: c, link: l}, nil
}

type tracked struct {
	net.Conn
	link *link
}

func (t *tracked) Close() error {
	t.link.mu.Lock()
	delete(t.link.conns, t.Conn)
	t.link.mu.Unlock()
	return t.Conn.Close()
}

// cut closes every connection at once; a write under way fails.
func (l *link) cut() {
	l.mu.Lock()
	l.dead = true
	for c := range l.conns {
		c.Close()
	}
	clear(l.conns)
	l.mu.Unlock()
	l.end()
	l.transport.CloseIdleConnections()
}

// routes tells each partition's leader; a negative one is not there at the moment.
type routes []int

// connect returns the number of partitions of the topic, over a link that works. It
// tries again until ctx ends where trying again can help.
func (p *Publisher) connect(ctx context.Context) (routes, error) {
	if p.link != nil && time.Now().Round(0).Sub(p.link.used) > idleLimit {
		p.cut()
	}
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		r, err := p.route(ctx)
		if err == nil || !errors.Is(err, ErrRetryable) {
			return r, err
		}
		if sleep(ctx, backoff) != nil {
			return nil, fmt.Errorf("connecting to %v: %w", p.cfg.Brokers, err)
		}
	}
}

// route asks once who leads the partitions, over a new link if there is none.
func (p *Publisher) route(ctx context.Context) (routes, error) {
	if p.link == nil {
		p.link = newLink(p.cfg, &p.sasl)
	}
	l := p.link
	l.used = time.Now().Round(0)
	r, err := l.route(ctx, p.cfg.Topic)
	if err != nil {
		p.cut()
	}
	return r, err
}

func (l *link) route(ctx context.Context, topic string) (routes, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	meta, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, kind(err)
	}
	for _, t := range meta.Topics {
		if t.Name != topic {
			continue
		}
		if t.Error != nil {
			return nil, kind(fmt.Errorf("topic %s: %w", topic, t.Error))
		}
		r := make(routes, len(t.Partitions))
		for _, part := range t.Partitions {
			if part.ID < 0 || part.ID >= len(r) {
				return nil, fmt.Errorf("topic %s: partition %d of %d", topic, part.ID, len(r))
			}
			r[part.ID] = -1
			if part.Error == nil && part.Leader.Host != "" {
				r[part.ID] = part.Leader.ID
			}
		}
		if len(r) > 0 {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%w: topic %s: the brokers do not know it", ErrUnknownTopic, topic)
}

// persist does what it is given until that succeeds, fails for good, or ctx ends. After
// a failure that is not the broker's own word it goes on over new connections.
func (p *Publisher) persist(ctx context.Context, what string, do func(context.Context, *link) error) error {
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		if p.link == nil {
			if _, err := p.connect(ctx); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
		l := p.link
		reqCtx, cancel := context.WithTimeout(ctx, requestTimeout)
		err := do(reqCtx, l)
		cancel()
		if err == nil {
			return nil
		}
		if err = kind(fmt.Errorf("%s: %w", what, err)); !errors.Is(err, ErrRetryable) {
			return err
		}
		if sleep(ctx, backoff) != nil {
			return err
		}
		if code := kafka.Error(0); !errors.As(err, &code) {
			p.cut()
		}
	}
}

// openings are the connections that are made ahead of their use.
type openings struct {
	ctx      context.Context
	topic    string
	leaders  map[int]*opening
	finished bool // no more are made
	requests sync.WaitGroup
}

// opening is a connection on its way to a leader.
type opening struct {
	partition int           // one that it leads
	done      chan struct{} // closed when it is there, or when err says why not
	err       error         // nil where it ended with the burst
}

// open has connections to the leaders made, so that they are there when the first batches
// are. The function that it returns waits until that has ended, by ctx at the latest.
func (p *Publisher) open(ctx context.Context, leaders routes) (wait func()) {
	l := p.link
	if l.openings != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	all := &openings{ctx: ctx, topic: p.cfg.Topic, leaders: make(map[int]*opening)}
	l.openings = all
	for partition, leader := range leaders {
		if leader < 0 || all.leaders[leader] != nil {
			continue
		}
		o := &opening{partition: partition, done: make(chan struct{})}
		all.leaders[leader] = o
		all.requests.Go(func() {
			defer close(o.done)
			err := l.connect(ctx, all.topic, partition)
			if err == nil || ctx.Err() != nil {
				return
			}
			if o.err = kind(err); errors.Is(o.err, ErrRetryable) {
				o.err = fmt.Errorf("%w: broker %d: %v", ErrRetryable, leader, err) // no broker's word about a request
			}
		})
	}
	return func() { cancel(); all.requests.Wait(); all.finished = true }
}

// openAnother has a second connection made to a broker that leads partitions, for what it
// is asked besides.
func (l *link) openAnother(broker int) {
	all := l.openings
	if all == nil || all.finished || all.leaders[broker] == nil {
		return
	}
	all.finished = true
	all.requests.Go(func() { _ = l.connect(all.ctx, all.topic, all.leaders[broker].partition) }) // what is wrong shows with the first one
}

// connect makes a connection to a partition's leader. It gives kafka-go a request for it
// that cannot be written for want of records, when the connection is there; kafka-go keeps
// the connection then.
func (l *link) connect(ctx context.Context, topic string, partition int) error {
	_, err := l.transport.RoundTrip(ctx, l.client.Addr, &rawproduce.Request{
		Acks:   int16(kafka.RequireAll),
		Topics: []rawproduce.RequestTopic{{Topic: topic, Partitions: []rawproduce.RequestPartition{{Partition: int32(partition)}}}},
	})
	if errors.Is(err, protocol.ErrNoRecord) {
		return nil
	}
	return err
}

// opened waits for the connection to a broker, if there is one on its way: kafka-go would
// make another, which is there later.
func (l *link) opened(ctx context.Context, broker int) error {
	if l.openings == nil || l.openings.leaders[broker] == nil {
		return nil
	}
	o := l.openings.leaders[broker]
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kind marks err with the kind that callers branch on.
func kind(err error) error {
	var code kafka.Error
	var cert *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.Is(err, ErrTooOld), errors.Is(err, ErrInvalid), errors.Is(err, ErrUnsupported), errors.Is(err, ErrRetryable):
		return err // has its kind
	case errors.As(err, &code):
		if hint := hints[code]; hint != "" {
			return fmt.Errorf("%w: %w; %s", kindOf(code), err, hint)
		}
		return fmt.Errorf("%w: %w", kindOf(code), err)
	case errors.As(err, &cert), errors.As(err, &unknown):
		return fmt.Errorf("%w: the broker's certificate is not trusted: %w", ErrInvalid, err)
	case errors.As(err, &notTLS):
		return fmt.Errorf("%w: the broker does not speak TLS on this port: %w", ErrInvalid, err)
	default:
		return fmt.Errorf("%w: %w", ErrRetryable, err)
	}
}

// hints say what to do about answers that do not say it themselves.
var hints = map[kafka.Error]string{
	kafka.SASLAuthenticationFailed:           "check the API key and its secret",
	kafka.TopicAuthorizationFailed:           "it does not exist, or the key lacks WRITE and DESCRIBE on it",
	kafka.TransactionalIDAuthorizationFailed: "grant the key WRITE and DESCRIBE on transactional ids that begin with " + namePrefix,
	kafka.GroupAuthorizationFailed:           "grant the key READ on groups that begin with " + namePrefix,
	kafka.InvalidTimestamp:                   "the sales lie further ahead of the broker's clock, or behind it, than the topic allows: compare the clocks",
}

var errRefused = errors.New("the broker refused the request")

func kindOf(code kafka.Error) error {
	switch code {
	case kafka.SASLAuthenticationFailed, kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.TransactionalIDAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
		return ErrAuth
	case kafka.UnknownTopicOrPartition, kafka.InvalidTopic:
		return ErrUnknownTopic
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return ErrTooLarge
	case kafka.OutOfOrderSequenceNumber, kafka.InvalidProducerEpoch, kafka.UnknownProducerId, kafka.ProducerFenced,
		kafka.InvalidTransactionState, kafka.InvalidProducerIDMapping:
		return ErrFenced
	case kafka.ConcurrentTransactions, kafka.ReplicaNotAvailable,
		kafka.BrokerNotAvailable: // kafka-go's own word for a broker that it has not heard of yet
		return ErrRetryable
	}
	if code.Temporary() {
		return ErrRetryable
	}
	return errRefused
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
