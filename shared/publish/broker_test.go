package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

const partitions = kafkatest.Partitions

// broker is one with the name of the only burst that a test has in it.
type broker struct {
	*kafkatest.Broker
	key   publish.Key
	parts *atomic.Bool // of bursts may be there: some are published without a transaction
}

func newBroker(b *kafkatest.Broker) *broker {
	return &broker{b, publish.Key{Series: b.Topic, Number: 29_847_000}, new(atomic.Bool)}
}

func startBroker(t testing.TB, opts ...kfake.Opt) *broker {
	t.Helper()
	return newBroker(kafkatest.Start(t, opts...))
}

// inVirtualTime runs a test with a fake broker by a virtual clock, so that what waits there takes no time.
func inVirtualTime(t *testing.T, test func(t *testing.T, b *broker), opts ...kfake.Opt) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBroker(kafkatest.StartVirtual(t, opts...))
		test(t, b)
		b.Close()
	})
}

// realBroker is a topic in the Kafka that the tests share.
func realBroker(t testing.TB, configs ...string) *broker {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real Kafka, which takes a while to start")
	}
	return inCluster(t, devenv.Shared(t), configs...)
}

// ownKafka is a cluster that this test may ill-treat.
func ownKafka(t *testing.T, cfg devenv.KafkaConfig) *devenv.Kafka {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real Kafka of its own, which takes a while to start")
	}
	k, err := devenv.StartKafka(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Stop(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func inCluster(t testing.TB, k *devenv.Kafka, configs ...string) *broker {
	t.Helper()
	return newBroker(kafkatest.NewTopic(t, k, configs...))
}

// withEachBroker runs a test with the fake broker and with real Kafka: what holds, holds
// with both.
func withEachBroker(t *testing.T, test func(t *testing.T, b *broker)) {
	withEachBrokerTaking(t, "1048588", test) // Kafka's default
}

// withEachBrokerTaking does so with brokers that refuse batches of more bytes than that.
func withEachBrokerTaking(t *testing.T, batchBytes string, test func(t *testing.T, b *broker)) {
	t.Run("fake", func(t *testing.T) {
		t.Parallel()
		test(t, startBroker(t, kfake.BrokerConfigs(map[string]string{"message.max.bytes": batchBytes})))
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		test(t, realBroker(t, "max.message.bytes", batchBytes))
	})
}

// waitingWithEachBroker runs a test so that waits most of the time: with the fake broker by a virtual clock.
func waitingWithEachBroker(t *testing.T, test func(t *testing.T, b *broker)) {
	t.Run("fake", func(t *testing.T) { t.Parallel(); inVirtualTime(t, test) })
	t.Run("real", func(t *testing.T) { t.Parallel(); test(t, realBroker(t)) })
}

// mayRetry tells whether a batch may have to be sent again although nothing is wrong: a real
// broker that is busy asks for it until it has heard of the transaction.
func (b *broker) mayRetry(d publish.Delivery) bool {
	return b.Cluster == nil && d != publish.Idempotent
}

func (b *broker) config(d publish.Delivery) publish.Config {
	if d == publish.Idempotent {
		b.parts.Store(true)
	}
	return publish.Config{
		Brokers:     b.Addrs,
		Topic:       b.Topic,
		Beside:      b.Beside,
		Credentials: &publish.Credentials{Username: b.User, Password: b.Password},
		TLS:         b.TLS,
		Dial:        b.Dialer,
		Delivery:    d,
	}
}

func (b *broker) publisher(t testing.TB, d publish.Delivery) publisher {
	t.Helper()
	return newPublisher(t, b.config(d))
}

// publisher is one that writes beside each burst what readers of both topics have to find together.
type publisher struct{ *publish.Publisher }

func newPublisher(t testing.TB, cfg publish.Config) publisher {
	t.Helper()
	p, err := publish.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return publisher{p}
}

func (p publisher) Publish(ctx context.Context, key publish.Key, s publish.Stream) (publish.Result, error) {
	res, err := p.Publisher.Publish(ctx, key, s, besides(key, s)...)
	if err == nil && res.NoBeside == nil && !res.Skipped && res.Beside != len(besides(key, s)) {
		err = fmt.Errorf("%d records are beside the burst", res.Beside)
	}
	return res, err
}

// besides are two records beside a burst, each with a half of the number of its sales.
func besides(key publish.Key, s publish.Stream) (all []publish.Record) {
	n := s.Len()
	for i, sales := range []int{n / 2, n - n/2} {
		all = append(all, publish.Record{
			Key: fmt.Appendf(nil, "%v %d", key, i), Value: fmt.Append(nil, sales), Time: time.UnixMilli(1_790_000_000_000),
		})
	}
	return all
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

// spread lets both fake brokers lead partitions of the topic: where all are led by one, records of the
// topic beside it may need a request to the other.
func (b *broker) spread(t testing.TB) {
	t.Helper()
	if b.Cluster == nil {
		return
	}
	for p := range int32(partitions) {
		if err := b.MoveTopicPartition(b.Topic, p, p%2); err != nil {
			t.Fatal(err)
		}
	}
}

// leaders is how many brokers lead partitions of the topic.
func (b *broker) leaders(t testing.TB) int {
	t.Helper()
	different := make(map[int32]bool)
	for _, leader := range b.Leaders(t) {
		different[leader] = true
	}
	return len(different)
}

// stored is what a reader finds in the topic.
type stored []*kgo.Record

// read returns it, and fails where the topic beside it has anything else than what belongs to those bursts.
func (b *broker) read(t testing.TB) stored {
	t.Helper()
	before := b.besides(t)
	for {
		got := b.Records(t)
		beside := b.besides(t)
		if beside == before {
			if len(got) != beside && !b.parts.Load() {
				t.Errorf("%d sales are there, and the records beside them are of %d", len(got), beside)
			}
			return got
		}
		before = beside
	}
}

// besides sums up what the records beside the bursts say.
func (b *broker) besides(t testing.TB) (sales int) {
	t.Helper()
	for _, r := range b.RecordsBeside(t) {
		n, err := strconv.Atoi(string(r.Value))
		if err != nil || r.Timestamp.UnixMilli() != 1_790_000_000_000 {
			t.Errorf("beside the bursts is %q at %v", r.Value, r.Timestamp)
		}
		sales += n
	}
	return sales
}

func (s stored) expectOnce(t testing.TB, n int) { t.Helper(); s.expect(t, stream(n)) }

// expect fails unless the sales of a burst are stored once each, byte for byte, and each
// customer's in their order.
func (s stored) expect(t testing.TB, burst publish.Stream) {
	t.Helper()
	n := burst.Len()
	seen := make([]int, n)
	last := make(map[sale.CustomerID]int)
	var want []byte
	var v sale.Sale
	for _, r := range s {
		seq := sequence(t, r)
		if seq >= n {
			t.Fatalf("sale %d was never sent", seq)
		}
		seen[seq]++
		burst.At(seq, &v)
		if want = v.AppendJSON(want[:0]); !bytes.Equal(r.Value, want) {
			t.Fatalf("sale %d is stored as\n%s\nwant\n%s", seq, r.Value, want)
		}
		if before, ok := last[v.CustomerID]; ok && before >= seq {
			t.Fatalf("%s: sale %d stands behind sale %d", v.CustomerID, seq, before)
		}
		last[v.CustomerID] = seq
		if string(r.Key) != v.CustomerID.String() || r.Timestamp.UnixMilli() != int64(v.Timestamp) {
			t.Fatalf("sale %d has key %s and time %v", seq, r.Key, r.Timestamp)
		}
	}
	missing, duplicated := 0, 0
	for _, times := range seen {
		switch {
		case times == 0:
			missing++
		case times > 1:
			duplicated++
		}
	}
	if missing > 0 || duplicated > 0 {
		t.Fatalf("of %d sales %d are missing and %d duplicated", n, missing, duplicated)
	}
}

// sequence is the number of a sale in its burst: the end of the first field.
func sequence(t testing.TB, r *kgo.Record) int {
	t.Helper()
	value, ok := bytes.CutPrefix(r.Value, []byte(`{"transaction_id":"`))
	id, _, _ := bytes.Cut(value, []byte(`"`))
	_, number, _ := bytes.Cut(id, []byte("-"))
	n, err := strconv.Atoi(string(number))
	if !ok || err != nil {
		t.Fatalf("%.60s: no sale begins so", r.Value)
	}
	return n
}

// stream is a burst of simple sales.
type stream int

func (n stream) Len() int { return int(n) }

func (n stream) At(i int, s *sale.Sale) {
	*s = sale.Sale{
		TransactionID: sale.TransactionID{Burst: burstID, Sequence: uint32(i)},
		OrderID:       sale.TransactionID{Burst: burstID, Sequence: uint32(i)},
		Attempt:       1,
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

// stalling is a stream that stalls when a sale is asked for, the first time: an attempt that
// begins anew asks for it again.
type stalling struct {
	publish.Stream
	at    int
	stall func()
}

func stallOnce(s publish.Stream, at int, stall func()) stalling {
	return stalling{s, at, sync.OnceFunc(stall)}
}

func (s stalling) At(i int, into *sale.Sale) {
	if i == s.at {
		s.stall()
	}
	s.Stream.At(i, into)
}

// shifted is a stream whose sales are numbered from another number on.
type shifted struct {
	stream
	from int
}

func (s shifted) At(i int, into *sale.Sale) {
	s.stream.At(i, into)
	into.TransactionID.Sequence += uint32(s.from)
}

// atTime is a stream of one moment.
type atTime struct {
	stream
	time time.Time
}

func (s atTime) At(i int, into *sale.Sale) {
	s.stream.At(i, into)
	into.Timestamp = sale.Time(s.time.UnixMilli())
}

// ledgerOf is the name of the consumer group that is a burst's ledger.
func ledgerOf(k publish.Key) string {
	return fmt.Sprintf("salesburst-%s-%02d", k.Series, k.Number%60)
}
