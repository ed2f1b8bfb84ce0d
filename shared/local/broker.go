package local

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/devenv/tlscert"
)

// cluster says how to reach Kafka.
type cluster struct {
	servers  []string // host:port
	topic    string
	username string // empty: no SASL
	password credentials.Secret
	tls      *tls.Config // nil: plain text
}

// existing is the cluster that the options name.
func existing(o options) *cluster {
	c := &cluster{servers: o.brokers, topic: o.topic, username: o.username, password: o.password}
	if c.username != "" {
		c.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return c
}

// startBroker starts a broker inside this process, on a free port of the loopback
// interface. It speaks TLS and SASL PLAIN as the one in the cloud does, with a
// certificate and a password that exist only now, so that the functions go the same
// way here as there.
func startBroker(topic string, more ...string) (*cluster, io.Closer, error) {
	cert, err := tlscert.NewCertificate()
	if err != nil {
		return nil, nil, err
	}
	c := &cluster{topic: topic, username: "local", password: credentials.New(rand.Text()), tls: cert.Client()}
	b, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.TLS(cert.Server()),
		kfake.EnableSASL(),
		kfake.Superuser("PLAIN", c.username, c.password.Reveal()),
		kfake.SeedTopics(contract.Partitions, append(more, topic)...),
	)
	if err != nil {
		return nil, nil, fmt.Errorf("starting the broker: %w", err)
	}
	c.servers = b.ListenAddrs()
	return c, closer(b.Close), nil
}

type closer func()

func (c closer) Close() error { c(); return nil }

// credentials are what the functions find in Secrets Manager in the cloud.
func (c *cluster) credentials() credentials.Static {
	s := credentials.Static{BootstrapServers: c.servers}
	if c.username != "" {
		s.APIKey, s.APISecret = credentials.New(c.username), c.password
	}
	return s
}

// client makes a client; it connects when it is first used.
func (c *cluster) client(opts ...kgo.Opt) (*kgo.Client, error) {
	opts = append(opts, kgo.SeedBrokers(c.servers...), kgo.ClientID("salesburst-local"))
	if c.tls != nil {
		opts = append(opts, kgo.DialTLSConfig(c.tls.Clone()))
	}
	if c.username != "" {
		opts = append(opts, kgo.SASL(plain.Auth{User: c.username, Pass: c.password.Reveal()}.AsMechanism()))
	}
	return kgo.NewClient(opts...)
}

// connectTimeout is how long the first answer of a broker may take.
const connectTimeout = 10 * time.Second

// ends asks for the end of each partition as readers of committed records see it. It
// is also the check that the cluster can be used: its errors tell a person what to do.
func (c *cluster) ends(ctx context.Context) (map[int32]int64, error) {
	client, err := c.client(kgo.RequestRetries(2), kgo.RetryTimeout(connectTimeout))
	if err != nil {
		return nil, fmt.Errorf("-brokers: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	ends, err := kafkaadmin.New(client).Ends(ctx, c.topic, true)
	if err != nil {
		return nil, c.advise(err)
	}
	return ends, nil
}

// orInterrupted leaves out what only happened because ctx has ended.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// advise says what a person can do about err.
func (c *cluster) advise(err error) error {
	servers := strings.Join(c.servers, ",")
	var unverified *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Errorf("%s refuses the credentials; check %s and %s", servers, EnvUsername, EnvPassword)
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("there is no topic %s on %s; create it with %d partitions, or name another with -topic",
			c.topic, servers, contract.Partitions)
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return fmt.Errorf("%s does not let %s see the topic %s; grant it READ, WRITE and DESCRIBE, or name another "+
			"with -topic", servers, c.username, c.topic)
	case errors.Is(err, kerr.InvalidTopicException):
		return fmt.Errorf("%s is no name for a topic; give another with -topic", c.topic)
	case errors.As(err, &unverified):
		return fmt.Errorf("the certificate of %s is not trusted on this machine: %w", servers, unverified.Err)
	case errors.As(err, &noTLS):
		return fmt.Errorf("%s does not speak TLS; unset %s for a broker without credentials", servers, EnvUsername)
	case errors.Is(err, io.EOF) && c.username == "":
		return fmt.Errorf("%s hangs up; if it asks for credentials, set %s and %s", servers, EnvUsername, EnvPassword)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s hangs up at the login; check %s and %s", servers, EnvUsername, EnvPassword)
	}
	if c.tls != nil {
		return fmt.Errorf("no answer from %s; check -brokers, that the broker runs, and that it speaks TLS, as it "+
			"must where %s is set (%w)",
			servers, EnvUsername, shortest(err))
	}
	return fmt.Errorf("no answer from %s; check -brokers and that the broker runs (%w)", servers, shortest(err))
}

// shortest leaves out of a network error what only repeats it.
func shortest(err error) error {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return dns
	case errors.As(err, &op):
		return op
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("nothing within %v", connectTimeout)
	}
	return err
}
