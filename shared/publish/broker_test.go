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

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

const (
	topic      = "sales"
	partitions = 6
	user       = "key"
	password   = "correct horse"
)

// broker is a fake Kafka cluster with TLS and SASL, as in the cloud.
type broker struct {
	*kfake.Cluster
	client *tls.Config
}

func startBroker(t testing.TB, opts ...kfake.Opt) *broker {
	t.Helper()
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
	return &broker{c, client}
}

func (b *broker) config() publish.Config {
	return publish.Config{
		Brokers:     b.ListenAddrs(),
		Topic:       topic,
		Credentials: &publish.Credentials{Username: user, Password: password},
		TLS:         b.client,
	}
}

func (b *broker) publisher(t testing.TB) *publish.Publisher {
	t.Helper()
	p, err := publish.New(b.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// stored is what a reader that is not ours finds in the topic.
type stored struct {
	sales   []sale.Sale
	records []*kgo.Record
}

// readAll reads the topic from its start to its present end.
func (b *broker) readAll(t testing.TB) stored {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(b.ListenAddrs()...),
		kgo.DialTLSConfig(b.client.Clone()),
		kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var want int64
	for p := range partitions {
		if info := b.PartitionInfo(topic, int32(p)); info != nil {
			want += info.HighWatermark
		}
	}
	var got stored
	for int64(len(got.records)) < want {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("reading back, %d of %d: %v", len(got.records), want, err)
		}
		for r := range fetches.RecordsAll() {
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
