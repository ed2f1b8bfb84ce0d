package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	kplain "github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/tlscert"
	"salesburst/shared/market"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// envRun carries the setup of a producer's process.
const envRun = "SALESBURST_BENCH_RUN"

// patience is for a busy machine: a benchmark that is slow has not failed.
const patience = 15 * time.Minute

// The producers.
const (
	ours   = "salesburst, exactly once"
	franz  = "franz-go"
	writer = "kafka-go Writer"
	java   = "Java ProducerPerformance"
	reader = "reader" // of what they wrote
)

// producers with how they are run. All but Java's, which sends lines of a file without
// keys, generate the same burst of the market.
var producers = []struct {
	name string
	run  func(context.Context, setup, *burst.Burst) error
}{
	{ours, runOurs},
	{franz, runFranz},
	{writer, runWriter},
	{java, nil},
}

// setup of a producer's process.
type setup struct {
	Producer              string
	Events                int
	Brokers               []string
	Via                   string // address of a proxy before the broker; empty: none
	CA                    []byte
	User, Password, Topic string
	Delivery              publish.Delivery
}

// said is what the process reports.
type said struct {
	Allocations uint64
}

func child(text string) error {
	var s setup
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	if s.Producer == reader {
		n, err := countStored(context.Background(), s)
		fmt.Println(n)
		return err
	}
	b, err := s.burst()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, p := range producers {
		if p.name != s.Producer {
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := p.run(ctx, s, b); err != nil {
			return err
		}
		runtime.ReadMemStats(&after)
		return json.NewEncoder(os.Stdout).Encode(said{after.Mallocs - before.Mallocs})
	}
	return fmt.Errorf("no producer %s", s.Producer)
}

// burst is the same at each call.
func (s setup) burst() (*burst.Burst, error) {
	m, err := market.New(dataset.Default())
	if err != nil {
		return nil, err
	}
	return burst.New(m, burst.Request{
		Channel: contract.ChannelOnline, Origin: "bench", At: time.Now().Truncate(time.Hour), Over: time.Minute,
		Events: s.Events,
	})
}

func (s setup) tls() *tls.Config { return tlscert.Trust(s.CA) }

func runOurs(ctx context.Context, s setup, b *burst.Burst) error {
	cfg := publish.Config{
		Brokers: s.Brokers, Topic: s.Topic, TLS: s.tls(), Delivery: s.Delivery,
		Credentials: &publish.Credentials{Username: s.User, Password: s.Password},
	}
	if s.Via != "" {
		cfg.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Via)
		}
	}
	p, err := publish.New(cfg)
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.Publish(ctx, publish.Key{Series: s.Topic}, b)
	return err
}

// client is franz-go's, tuned for bulk: large batches, the cheapest zstd, as many records
// waiting as fill them.
func (s setup) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(opts,
		kgo.SeedBrokers(s.Brokers...),
		kgo.DialTLSConfig(s.tls()),
		kgo.SASL(plain.Auth{User: s.User, Pass: s.Password}.AsMechanism()),
		kgo.DefaultProduceTopic(s.Topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.ZstdCompression().WithLevel(1)),
		kgo.ProducerBatchMaxBytes(1_000_000),
		kgo.MaxBufferedRecords(200_000),
		kgo.ProducerLinger(20*time.Millisecond),
	)...)
}

func runFranz(ctx context.Context, s setup, b *burst.Burst) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	defer client.Close()
	var failed atomic.Pointer[error]
	var event sale.Sale
	for i := range b.Len() {
		b.At(i, &event)
		client.Produce(ctx, &kgo.Record{
			Key: event.CustomerID.Append(nil), Value: event.AppendJSON(make([]byte, 0, 900)),
			Timestamp: time.UnixMilli(int64(event.Timestamp)),
		}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// runWriter has one caller for each processor, each with its own stretches of the burst,
// and batches as large as the topic takes.
func runWriter(ctx context.Context, s setup, b *burst.Burst) error {
	w := &kafka.Writer{
		Addr: kafka.TCP(s.Brokers...), Topic: s.Topic, Balancer: kafka.Murmur2Balancer{}, Compression: kafka.Zstd,
		RequiredAcks: kafka.RequireAll, BatchSize: 20_000, BatchBytes: 4 << 20, BatchTimeout: 20 * time.Millisecond,
		Transport: &kafka.Transport{TLS: s.tls(), SASL: kplain.Mechanism{Username: s.User, Password: s.Password}},
	}
	const stretch = 20_000
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, 2*runtime.GOMAXPROCS(0))
	for range cap(errs) {
		wg.Go(func() {
			messages := make([]kafka.Message, 0, stretch)
			var event sale.Sale
			for {
				from := int(next.Add(stretch)) - stretch
				if from >= b.Len() {
					return
				}
				messages = messages[:0]
				for i := from; i < min(from+stretch, b.Len()); i++ {
					b.At(i, &event)
					messages = append(messages, kafka.Message{
						Key: event.CustomerID.Append(nil), Value: event.AppendJSON(make([]byte, 0, 900)),
						Time: time.UnixMilli(int64(event.Timestamp)),
					})
				}
				if err := w.WriteMessages(ctx, messages...); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	return w.Close()
}
