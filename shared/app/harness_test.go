package app_test

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/shared/app"
	"salesburst/shared/sale"
)

const (
	topic      = "sales-1"
	partitions = 6
)

// keys are the API keys that the broker knows; one can be revoked. None of their
// texts may ever be printed.
var keys = map[string]string{
	"KEYONE7QXTV2": "first+secret/4uPz",
	"KEYTWO3MBWD8": "second+secret/9kRa",
}

const (
	firstKey  = "KEYONE7QXTV2"
	secondKey = "KEYTWO3MBWD8"
	readerKey = "READER"
)

// broker is a fake Kafka cluster with TLS and SASL, as in the cloud.
type broker struct {
	*kfake.Cluster
	client  *tls.Config
	ca      []byte       // PEM
	revoked atomic.Value // string, an API key that is refused
	logins  atomic.Int32 // tried
}

func startBroker(t testing.TB) *broker {
	t.Helper()
	server, client, ca := certificates(t)
	c, err := kfake.NewCluster(
		kfake.TLS(server),
		kfake.EnableSASL(),
		kfake.Superuser("PLAIN", firstKey, keys[firstKey]),
		kfake.Superuser("PLAIN", secondKey, keys[secondKey]),
		kfake.Superuser("PLAIN", readerKey, readerKey),
		kfake.SeedTopics(partitions, topic),
		kfake.NumBrokers(2),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := &broker{Cluster: c, client: client, ca: ca}
	b.revoked.Store("")
	b.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		b.logins.Add(1)
		_, login, _ := strings.Cut(string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes), "\x00")
		user, _, _ := strings.Cut(login, "\x00")
		if user == b.revoked.Load() {
			return nil, errors.New("revoked"), true
		}
		return nil, nil, false
	})
	return b
}

// secretText is what Secrets Manager holds.
func (b *broker) secretText(key, secret string) string {
	text, err := json.Marshal(map[string]string{
		"bootstrap_servers": strings.Join(b.ListenAddrs(), ","), "api_key": key, "api_secret": secret,
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// event is a record as a reader that is not ours finds it in the topic.
type event struct {
	*kgo.Record
	sale sale.Sale
}

type stored []event

// readAll reads the topic from its start to its present end.
func (b *broker) readAll(t testing.TB) stored {
	t.Helper()
	var want int
	for p := range partitions {
		if info := b.PartitionInfo(topic, int32(p)); info != nil {
			want += int(info.HighWatermark)
		}
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(b.ListenAddrs()...),
		kgo.DialTLSConfig(b.client.Clone()),
		kgo.SASL(plain.Auth{User: readerKey, Pass: readerKey}.AsMechanism()),
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
	got := make(stored, 0, want)
	for len(got) < want {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("reading back, %d of %d: %v", len(got), want, err)
		}
		for r := range fetches.RecordsAll() {
			e := event{Record: r}
			if err := json.Unmarshal(r.Value, &e.sale); err != nil {
				t.Fatalf("record %s: %v", r.Value, err)
			}
			got = append(got, e)
		}
	}
	return got
}

// of returns the events of one burst in their order.
func (s stored) of(burstID string) stored {
	var of stored
	for _, e := range s {
		if e.sale.TransactionID.Burst.String() == burstID {
			of = append(of, e)
		}
	}
	slices.SortStableFunc(of, func(a, b event) int {
		return cmp.Compare(a.sale.TransactionID.Sequence, b.sale.TransactionID.Sequence)
	})
	return of
}

// expect fails unless s is, without gaps and doubles, what the report says.
func (s stored) expect(t testing.TB, r app.Report) {
	t.Helper()
	if len(s) != r.Events || r.Events != r.Expected || r.InDoubt != 0 {
		t.Fatalf("%d events are stored; the report is %+v", len(s), r)
	}
	var revenue sale.Cents
	var completed int
	used := make(map[int32]bool)
	for i, e := range s {
		if int(e.sale.TransactionID.Sequence) != i {
			t.Fatalf("at place %d stands sale %v", i, e.sale.TransactionID)
		}
		if e.sale.Timestamp < r.CoversFrom || e.sale.Timestamp >= r.CoversTo {
			t.Fatalf("sale %d is dated %v, outside %v to %v", i, e.sale.Timestamp, r.CoversFrom, r.CoversTo)
		}
		if string(e.Key) != e.sale.CustomerID.String() || e.Timestamp.UnixMilli() != int64(e.sale.Timestamp) {
			t.Fatalf("sale %d has key %s and time %v", i, e.Key, e.Timestamp)
		}
		if e.sale.Status == sale.Completed {
			completed++
		}
		revenue += e.sale.Revenue()
		used[e.Partition] = true
	}
	if revenue != r.Revenue || completed != r.Completed || len(s)-completed != r.Failed || len(used) != r.Partitions {
		t.Errorf("stored: revenue %v, %d completed, %d partitions; the report is %+v", revenue, completed, len(used), r)
	}
}

// expectSame fails unless two stored attempts are the same bytes in the same places.
func expectSame(t testing.TB, a, b stored) {
	t.Helper()
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("one attempt stored %d events, the other %d", len(a), len(b))
	}
	for i := range a {
		if string(a[i].Key) != string(b[i].Key) || string(a[i].Value) != string(b[i].Value) ||
			a[i].Partition != b[i].Partition || !a[i].Timestamp.Equal(b[i].Timestamp) {
			t.Fatalf("event %d differs\n%s\n%s", i, a[i].Value, b[i].Value)
		}
	}
}

// twice splits what two attempts at one burst stored.
func (s stored) twice(t testing.TB) (first, second stored) {
	t.Helper()
	if len(s)%2 != 0 {
		t.Fatalf("%d events are stored, which is not twice a burst", len(s))
	}
	for i := 0; i < len(s); i += 2 {
		first, second = append(first, s[i]), append(second, s[i+1])
	}
	return first, second
}

// expectNothingSecret fails where a key or a secret is in the output.
func expectNothingSecret(t testing.TB, output string) {
	t.Helper()
	for key, secret := range keys {
		for _, text := range []string{key, secret, jsonText(secret)} {
			if strings.Contains(output, text) {
				t.Errorf("%s is in the output\n%s", text, output)
			}
		}
	}
}

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return strings.Trim(string(b), `"`)
}

func certificates(t testing.TB) (server, client *tls.Config, ca []byte) {
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
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ca
}
