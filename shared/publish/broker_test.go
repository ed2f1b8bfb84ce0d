package publish_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

const (
	partitions = 6
	user       = "key"
	password   = "correct horse"
)

// key names the burst of a test that has only one.
var key = publish.Key{Series: "test", Number: 29_847_000}

// broker is a Kafka cluster with TLS and SASL, as in the cloud, and a topic in it.
type broker struct {
	*kfake.Cluster // nil: a real one
	addrs          []string
	client         *tls.Config
	user, password string
	topic          string
}

func startBroker(t testing.TB, opts ...kfake.Opt) *broker {
	t.Helper()
	const topic = "sales"
	server, client := certificates(t)
	opts = append([]kfake.Opt{
		kfake.TLS(server),
		kfake.EnableSASL(),
		kfake.Superuser("PLAIN", user, password),
		kfake.SeedTopics(partitions, topic),
		kfake.NumBrokers(2),
	}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &broker{Cluster: c, addrs: c.ListenAddrs(), client: client, user: user, password: password, topic: topic}
}

func (b *broker) config(d publish.Delivery) publish.Config {
	return publish.Config{
		Brokers:     b.addrs,
		Topic:       b.topic,
		Credentials: &publish.Credentials{Username: b.user, Password: b.password},
		TLS:         b.client,
		Delivery:    d,
	}
}

func (b *broker) publisher(t testing.TB, d publish.Delivery) *publish.Publisher {
	t.Helper()
	return newPublisher(t, b.config(d))
}

func newPublisher(t testing.TB, cfg publish.Config) *publish.Publisher {
	t.Helper()
	p, err := publish.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// levels are the promises, with the names that DELIVERY has for them.
var levels = map[string]publish.Delivery{
	"idempotent": publish.Idempotent, "transactional": publish.Transactional, "exactly-once": publish.ExactlyOnce,
}

// atEachLevel runs a test at each of them.
func atEachLevel(t *testing.T, test func(t *testing.T, d publish.Delivery)) {
	for name, d := range levels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// dial returns a client that is not ours.
func (b *broker) dial(t testing.TB, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.addrs...),
		kgo.DialTLSConfig(b.client.Clone()),
		kgo.SASL(plain.Auth{User: b.user, Pass: b.password}.AsMechanism()),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// stored is what a reader that is not ours finds in the topic.
type stored struct {
	sales   []sale.Sale
	records []*kgo.Record
}

// read returns what a reader sees who waits for transactions to end.
func (b *broker) read(t testing.TB) stored { return b.readAs(t, kgo.ReadCommitted()) }

// readUncommitted returns what is in the topic, aborted or not.
func (b *broker) readUncommitted(t testing.TB) stored { return b.readAs(t, kgo.ReadUncommitted()) }

// readAs reads the topic from its start to its present end.
func (b *broker) readAs(t testing.TB, level kgo.IsolationLevel) stored {
	t.Helper()
	client := b.dial(t, kgo.ConsumeTopics(b.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(level), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	ends := b.ends(t, client, level)
	var got stored
	for len(ends) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("reading back, %d until now, not to the ends %v: %v", len(got.records), ends, err)
		}
		for r := range fetches.RecordsAll() {
			if r.Offset >= ends[r.Partition]-1 {
				delete(ends, r.Partition)
			}
			if r.Attrs.IsControl() {
				continue
			}
			var s sale.Sale
			if err := json.Unmarshal(r.Value, &s); err != nil {
				t.Fatalf("record %s: %v", r.Value, err)
			}
			got.records = append(got.records, r)
			got.sales = append(got.sales, s)
		}
	}
	return got
}

// ends returns where the partitions end that are not empty. A reader who waits for
// transactions does not get beyond the first open one.
func (b *broker) ends(t testing.TB, client *kgo.Client, level kgo.IsolationLevel) map[int32]int64 {
	t.Helper()
	ends := make(map[int32]int64)
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = b.topic
	for p := range int32(partitions) {
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Partition, part.Timestamp = p, -1
		topic.Partitions = append(topic.Partitions, part)
	}
	req := kmsg.NewPtrListOffsetsRequest()
	if level == kgo.ReadCommitted() {
		req.IsolationLevel = 1
	}
	req.Topics = append(req.Topics, topic)
	for _, shard := range client.RequestSharded(t.Context(), req) {
		if shard.Err != nil {
			t.Fatal(shard.Err)
		}
		for _, topic := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range topic.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					t.Fatal(err)
				}
				if p.Offset > 0 {
					ends[p.Partition] = p.Offset
				}
			}
		}
	}
	return ends
}

// expectOnce fails unless the sales 0…n−1 are stored once each, each customer's in
// their order.
func (s stored) expectOnce(t testing.TB, n int) {
	t.Helper()
	seen := make([]int, n)
	last := make(map[sale.CustomerID]uint32)
	for i, v := range s.sales {
		seq := v.TransactionID.Sequence
		if int(seq) >= n {
			t.Fatalf("sale %d was never sent", seq)
		}
		seen[seq]++
		if before, ok := last[v.CustomerID]; ok && before >= seq {
			t.Fatalf("%s: sale %d stands behind sale %d", v.CustomerID, seq, before)
		}
		last[v.CustomerID] = seq
		if r := s.records[i]; string(r.Key) != v.CustomerID.String() || r.Timestamp.UnixMilli() != int64(v.Timestamp) {
			t.Fatalf("sale %d has key %s and time %v", seq, r.Key, r.Timestamp)
		}
	}
	missing, doubled := 0, 0
	for _, times := range seen {
		switch {
		case times == 0:
			missing++
		case times > 1:
			doubled++
		}
	}
	if missing > 0 || doubled > 0 {
		t.Fatalf("of %d sales %d are missing and %d doubled", n, missing, doubled)
	}
}

// stream is a burst of simple sales.
type stream int

func (n stream) Len() int { return int(n) }

func (n stream) At(i int, s *sale.Sale) {
	*s = sale.Sale{
		TransactionID: sale.TransactionID{Burst: burstID, Sequence: uint32(i)},
		CustomerID:    sale.CustomerID(uint32(i) * 2654435761 % 250_000),
		ProductName:   productName,
		Price:         sale.Cents(10_000 + i%50_000),
		TotalAmount:   sale.Cents(10_000 + i%50_000),
		Quantity:      1,
		Status:        sale.Status(i % 2),
		Timestamp:     sale.Time(1_790_000_000_000 + int64(i)*60_000/int64(n)),
		UserAgent:     userAgent,
	}
}

func (n stream) revenue() (total sale.Cents) {
	var s sale.Sale
	for i := range int(n) {
		n.At(i, &s)
		total += s.Revenue()
	}
	return total
}

var (
	burstID     = sale.BurstID([]byte("abcdefghij23"))
	productName = sale.NewText(`Samsung - 65" Class QN90B Neo QLED 4K Smart Tizen TV`)
	userAgent   = sale.NewText("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
)

func certificates(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test broker"},
		NotBefore:    time.Unix(0, 0), NotAfter: time.Now().Add(24 * 365 * 100 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
