// Package kafkatest is a Kafka broker for tests and what a reader who is not ours finds
// in it. It is used by tests only.
package kafkatest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/contract"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/devenv/tlscert"
	"salesburst/shared/sale"
)

// Broker is a Kafka cluster with TLS and SASL PLAIN, as in the cloud, and a topic in it.
type Broker struct {
	*kfake.Cluster // nil: a real one

	Addrs          []string
	TLS            *tls.Config                                                          // of its clients; nil: none
	Dialer         func(ctx context.Context, network, address string) (net.Conn, error) // nil: the usual
	CA             []byte                                                               // PEM, what they trust
	User, Password string
	Topic          string
	Beside         string // the topic of what is beside the bursts

	admin *login // nil: User may do everything
}

type login struct{ user, password string }

// Partitions is how many the topic has, and BesidePartitions how many the one beside it has.
const (
	Partitions       = 6
	BesidePartitions = 2
)

// Start starts a fake cluster of two brokers that ends with the test.
func Start(t testing.TB, opts ...kfake.Opt) *Broker {
	t.Helper()
	cert, err := tlscert.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	server, client := cert.Server(), cert.Client()
	for _, side := range []*tls.Config{server, client} {
		side.CurvePreferences = []tls.CurveID{tls.X25519} // the cheapest: tests connect thousands of times
	}
	b := &Broker{TLS: client, CA: cert.CA, User: "key", Password: "correct horse", Topic: "sales-1",
		Beside: "sales-1" + contract.TruthSuffix}
	opts = append([]kfake.Opt{
		kfake.TLS(server),
		kfake.EnableSASL(),
		kfake.Superuser("PLAIN", b.User, b.Password),
		kfake.SeedTopics(Partitions, b.Topic),
		kfake.SeedTopics(BesidePartitions, b.Beside),
		kfake.NumBrokers(2),
	}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b.Cluster, b.Addrs = c, c.ListenAddrs()
	return b
}

// StartVirtual is Start in a bubble of testing/synctest: the cluster has a network of its own, which
// Dialer reaches.
func StartVirtual(t testing.TB, opts ...kfake.Opt) *Broker {
	t.Helper()
	var network kfake.VirtualNetwork
	opts = append([]kfake.Opt{kfake.ListenFn(network.Listen), kfake.Ports(9092, 9093)}, opts...)
	b := Start(t, opts...)
	b.Dialer = network.DialContext
	return b
}

// Dial returns a client that is not ours.
func (b *Broker) Dial(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	// The loop of its metrics does not end with a client: a virtual clock would stand still.
	opts = append([]kgo.Opt{kgo.SeedBrokers(b.Addrs...), kgo.DisableClientMetrics()}, opts...)
	switch {
	case b.Dialer != nil:
		opts = append(opts, kgo.Dialer(b.dial))
	case b.TLS != nil:
		opts = append(opts, kgo.DialTLSConfig(b.TLS.Clone()))
	}
	if b.User != "" {
		opts = append(opts, kgo.SASL(plain.Auth{User: b.User, Pass: b.Password}.AsMechanism()))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// dial is Dialer with TLS, where the broker has that.
func (b *Broker) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := b.Dialer(ctx, network, address)
	if err != nil || b.TLS == nil {
		return c, err
	}
	cfg := b.TLS.Clone()
	cfg.ServerName, _, _ = net.SplitHostPort(address)
	return tls.Client(c, cfg), nil
}

// Event is a record in the topic.
type Event struct {
	*kgo.Record
	Sale sale.Sale
}

// Read returns what a reader sees who waits for transactions to end, from the topic's
// start to its present end, once all transactions in it have ended.
func (b *Broker) Read(t testing.TB) []Event {
	t.Helper()
	records := b.Records(t)
	all := make([]Event, len(records))
	for i, r := range records {
		all[i].Record = r
		if err := json.Unmarshal(r.Value, &all[i].Sale); err != nil {
			t.Fatalf("record %s: %v", r.Value, err)
		}
	}
	return all
}

// Records is Read for those who look at the bytes.
func (b *Broker) Records(t testing.TB) []*kgo.Record {
	t.Helper()
	return b.read(t, kgo.ReadCommitted())
}

// RecordsBeside is Records of the topic beside the bursts, which User need not read.
func (b *Broker) RecordsBeside(t testing.TB) []*kgo.Record {
	t.Helper()
	beside := b.asAdmin()
	beside.Topic = b.Beside
	return beside.Records(t)
}

// asAdmin is the broker for who may do everything.
func (b *Broker) asAdmin() *Broker {
	admin := *b
	if b.admin != nil {
		admin.User, admin.Password = b.admin.user, b.admin.password
	}
	return &admin
}

// RecordsUncommitted returns what is in the topic, aborted or not.
func (b *Broker) RecordsUncommitted(t testing.TB) []*kgo.Record {
	t.Helper()
	return b.read(t, kgo.ReadUncommitted())
}

// silence is how long a broker may have nothing to say before reading it has failed. There is
// no limit to how long it may take in all: that depends on the machine.
const silence = 3 * time.Minute

func (b *Broker) read(t testing.TB, level kgo.IsolationLevel) []*kgo.Record {
	t.Helper()
	client := b.Dial(t, kgo.ConsumeTopics(b.Topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(level), kgo.KeepControlRecords(), kgo.WithDecompressor(decompressor{}),
		kgo.FetchMaxWait(100*time.Millisecond))
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), silence)
	defer cancel()
	ends := b.ends(t, client, level)
	// A broker answers a commit before readers see it.
	for pause := 20 * time.Millisecond; level == kgo.ReadCommitted() &&
		!maps.Equal(ends, b.ends(t, client, kgo.ReadUncommitted())); pause = min(2*pause, time.Second) {
		if sleep(ctx, pause) != nil {
			t.Fatalf("a transaction in topic %s stays open", b.Topic)
		}
		ends = b.ends(t, client, level)
	}
	var got []*kgo.Record
	for len(ends) > 0 {
		ctx, cancel := context.WithTimeout(t.Context(), silence)
		fetches := client.PollFetches(ctx)
		cancel()
		if err := fetches.Err(); err != nil {
			t.Fatalf("reading back, %d until now, not to the ends %v: %v", len(got), ends, err)
		}
		for r := range fetches.RecordsAll() {
			if r.Offset >= ends[r.Partition]-1 {
				delete(ends, r.Partition)
			}
			if r.Attrs.IsControl() {
				continue
			}
			got = append(got, r)
		}
	}
	return got
}

// decompressor does without the finalizers of franz-go's own, which end a test that has
// a virtual clock.
type decompressor struct{}

// Decompress implements kgo.Decompressor.
func (decompressor) Decompress(src []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	switch codec {
	case kgo.CodecNone:
		return src, nil
	case kgo.CodecZstd:
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return d.DecodeAll(src, nil)
	}
	return nil, fmt.Errorf("codec %v: want zstd or none", codec)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ends returns where the partitions end that are not empty. A reader who waits for
// transactions does not get beyond the first open one.
func (b *Broker) ends(t testing.TB, client *kgo.Client, level kgo.IsolationLevel) map[int32]int64 {
	t.Helper()
	ends, err := kafkaadmin.New(client).Ends(t.Context(), b.Topic, level == kgo.ReadCommitted())
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(ends, func(_ int32, end int64) bool { return end == 0 })
	return ends
}

// ProduceResponse answers all of a produce request with one code.
func ProduceResponse(req *kmsg.ProduceRequest, code int16) *kmsg.ProduceResponse {
	resp := req.ResponseKind().(*kmsg.ProduceResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, code
			rt.Partitions = append(rt.Partitions, rp)
		}
		resp.Topics = append(resp.Topics, rt)
	}
	return resp
}
