package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/market"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

func TestReportIsWhatIsStored(t *testing.T) {
	spike := 20_000
	if testing.Short() {
		spike = 7_000
	}
	for name, c := range map[string]struct {
		payload string
		events  int // 0: as many as the market asks for
		from    string
		to      string
		trigger string
	}{
		"schedule":    {slot, 0, "2026-11-20T19:59:00.000Z", "2026-11-20T20:00:00.000Z", "schedule"},
		"person":      {``, 0, "2026-11-20T19:59:02.000Z", "2026-11-20T20:00:02.000Z", "manual"},
		"one event":   {`{"events":1}`, 1, "2026-11-20T19:59:02.000Z", "2026-11-20T20:00:02.000Z", "manual"},
		"a spike":     {fmt.Sprintf(`{"events":%d,"over":"5m"}`, spike), spike, "2026-11-20T19:55:02.000Z", "2026-11-20T20:00:02.000Z", "manual"},
		"in the past": {`{"events":500,"at":"2026-11-15T18:00:00Z"}`, 500, "2026-11-15T17:59:00.000Z", "2026-11-15T18:00:00.000Z", "manual"},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t)
			r := l.mustInvoke(t, c.payload)
			if r.Function != "online" || r.Trigger != c.trigger || r.Scenario != "" || r.CoversFrom.String() != c.from || r.CoversTo.String() != c.to {
				t.Errorf("report %+v", r)
			}
			if r.Expected == 0 || c.events != 0 && r.Expected != c.events || r.Bytes == 0 || r.Requests == 0 {
				t.Errorf("report %+v, want %d events", r, c.events)
			}
			all := l.broker.readAll(t)
			if len(all) != r.Events {
				t.Errorf("%d events are stored, %d reported", len(all), r.Events)
			}
			all.of(r.BurstID).expect(t, r)

			logged, metrics := l.lines(t).expectOne(t, "INFO", "burst published")
			if logged["burst_id"] != r.BurstID || logged["events"] != float64(r.Events) || fmt.Sprintf("%.2f", logged["revenue"]) != r.Revenue.String() {
				t.Errorf("logged %v for %+v", logged, r)
			}
			expectMetrics(t, metrics, map[string]float64{
				"Bursts": 1, "Errors": 0, "Events": float64(r.Events), "Bytes": float64(r.Bytes), "Failed": float64(r.Failed),
				"Retries": float64(r.Retries), "InDoubt": 0, "Latency": float64(r.Milliseconds),
			})
			if fmt.Sprintf("%.2f", metrics["Revenue"]) != r.Revenue.String() {
				t.Errorf("metrics %v for revenue %v", metrics, r.Revenue)
			}
		})
	}
}

func TestTheSameSlotIsTheSameBytes(t *testing.T) {
	l := start(t, atMostIdempotent)
	first := l.mustInvoke(t, slot)
	second := l.mustInvoke(t, slot)
	if first.BurstID != second.BurstID {
		t.Errorf("bursts %s and %s", first.BurstID, second.BurstID)
	}
	a, b := l.broker.readAll(t).of(first.BurstID).twice(t)
	a.expect(t, first)
	expectSame(t, a, b)
}

// atMostIdempotent lets a repeated burst be stored again.
func atMostIdempotent(cfg *app.Config) { cfg.Settings.Delivery = contract.DeliveryIdempotent }

func TestARepeatedBurstIsSkipped(t *testing.T) {
	l := start(t)
	for _, payload := range []string{slot, `{"events":500,"id":"again","at":"2026-11-20T10:00:00Z"}`,
		`{"events":500,"id":"again","at":"2026-11-20T10:00:00Z","shard":1,"of":3}`} {
		first := l.mustInvoke(t, payload)
		second := l.mustInvoke(t, payload)
		if first.Skipped || !second.Skipped || second.Events != 0 || second.BurstID != first.BurstID || second.Expected != first.Expected {
			t.Errorf("%s: reports %+v and %+v", payload, first, second)
		}
	}
	got := l.lines(t)
	if last := got.logged[len(got.logged)-1]; last["skipped"] != true {
		t.Errorf("logged %v", last)
	}
	expectMetrics(t, got.metrics[len(got.metrics)-1], map[string]float64{"Bursts": 0, "Skipped": 1, "Errors": 0, "Events": 0})
}

// What is deployed between an order and its retry changes what the burst would be, and not
// that it is there.
func TestARepeatedBurstIsSkippedByAnotherDeployment(t *testing.T) {
	for name, payload := range map[string]string{
		"schedule": slot,
		"demand":   `{"id":"again","at":"2026-11-20T10:00:00Z"}`,
		"events":   `{"events":500,"id":"again","at":"2026-11-20T10:00:00Z","brand":"samsung"}`,
		"shard":    `{"events":500,"id":"again","at":"2026-11-20T10:00:00Z","shard":1,"of":3}`,
	} {
		t.Run(name, func(t *testing.T) {
			var cfg app.Config
			l := start(t, func(c *app.Config) { cfg = *c })
			first := l.mustInvoke(t, payload)

			fewer := *dataset.Default()
			fewer.Products = fewer.Products[:len(fewer.Products)/2]
			fewer.Hash[0]++
			m, err := market.New(&fewer)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Market, cfg.Settings.EventsPerMinute = m, 1200
			if l.Handler, err = app.New(cfg); err != nil {
				t.Fatal(err)
			}
			second := l.mustInvoke(t, payload)
			if first.Skipped || !second.Skipped || second.BurstID == first.BurstID {
				t.Errorf("reports %+v and %+v", first, second)
			}
			if n := len(l.broker.readAll(t)); n != first.Events {
				t.Errorf("%d events are stored, want %d", n, first.Events)
			}
		})
	}
}

// Shards of one order, cut in two ways, are two bursts: no event has the name of another.
func TestShardsOfTwoSizes(t *testing.T) {
	l := start(t)
	for _, of := range []int{2, 5} {
		for shard := range of {
			if r := l.mustInvoke(t, fmt.Sprintf(`{"events":1000,"id":"spike","at":"2026-11-20T10:00:00Z","shard":%d,"of":%d}`, shard, of)); r.Skipped {
				t.Errorf("shard %d of %d is skipped", shard, of)
			}
		}
	}
	seen := make(map[sale.TransactionID]bool)
	for _, e := range l.broker.readAll(t) {
		if seen[e.Sale.TransactionID] {
			t.Fatalf("sale %v is there twice", e.Sale.TransactionID)
		}
		seen[e.Sale.TransactionID] = true
	}
	if len(seen) != 2000 {
		t.Errorf("%d sales are there, want 2000", len(seen))
	}
}

// Who closes the connections waits for the burst that uses them, and nobody waits with him.
func TestNobodyWaitsForAClose(t *testing.T) {
	l := start(t, atMostIdempotent)
	stuck, release := make(chan struct{}), make(chan struct{})
	var asked atomic.Bool
	l.broker.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		l.broker.KeepControl()
		if !asked.Swap(true) {
			l.broker.SleepControl(func() { close(stuck); <-release })
		}
		return nil, nil, false
	})
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := l.invoke(t, `{"events":100,"id":"slow"}`, 15*time.Second); err != nil {
			t.Error(err)
		}
	})
	<-stuck
	all.Go(l.Close)
	time.Sleep(100 * time.Millisecond) // in which it begins
	if _, err := l.invoke(t, `{"events":100,"id":"quick"}`, contract.DeadlineMargin+3*time.Second); err != nil {
		t.Error(err)
	}
	close(release)
	all.Wait()
}

// The shards of a spike are one burst, and nothing of it twice, however often and by
// whom they are asked for.
func TestShards(t *testing.T) {
	l := start(t)
	var id string
	for range 2 {
		for shard := range 4 {
			r := l.mustInvoke(t, fmt.Sprintf(`{"events":10001,"id":"spike","at":"2026-11-20T10:00:00Z","shard":%d,"of":4}`, shard))
			if r.Of != 4 || r.Shard == nil || *r.Shard != shard || r.Expected < 2500 || r.Expected > 2501 {
				t.Errorf("shard %d: report %+v", shard, r)
			}
			id = r.BurstID
		}
	}
	all := l.broker.readAll(t).of(id)
	if len(all) != 10_001 {
		t.Fatalf("%d events are stored, want 10001", len(all))
	}
	for i, e := range all {
		if int(e.Sale.TransactionID.Sequence) != i {
			t.Fatalf("at place %d stands sale %v", i, e.Sale.TransactionID)
		}
	}
}

func TestConnectionsAndCredentialsAreKept(t *testing.T) {
	l := start(t, atMostIdempotent)
	l.mustInvoke(t, slot)
	l.dials.Store(0)
	for range 3 {
		l.mustInvoke(t, `{"events":100}`)
	}
	if l.dials.Load() != 0 || l.fetches.Load() != 1 {
		t.Errorf("%d connections after the first burst, and %d fetches of the secret", l.dials.Load(), l.fetches.Load())
	}
}

// conn is a connection that is counted as long as it is open.
type conn struct {
	net.Conn
	open  *atomic.Int32
	close sync.Once
}

func (c *conn) Close() error {
	c.close.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// changing are credentials of which others hold after the first burst.
type changing struct{ all []credentials.Credentials }

func (c *changing) Get(context.Context) (credentials.Credentials, error) {
	first := c.all[0]
	c.all = c.all[min(1, len(c.all)-1):]
	return first, nil
}

func (c *changing) Refresh(context.Context) (credentials.Credentials, error) { return c.all[0], nil }

// Connections that nobody will use are ended.
func TestConnectionsEnd(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *lambda){
		"with the handler":        func(_ *testing.T, l *lambda) { l.Close() },
		"when the secret changes": func(t *testing.T, l *lambda) { l.mustInvoke(t, `{"events":10}`) },
	} {
		t.Run(name, func(t *testing.T) {
			var open [2]atomic.Int32 // before and after
			var after atomic.Int32
			var cfg app.Config
			l := start(t, func(c *app.Config) { cfg = *c })
			cfg.Broker.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				count := &open[after.Load()]
				count.Add(1)
				return &conn{Conn: c, open: count}, nil
			}
			both := new(changing)
			for _, key := range []string{firstKey, secondKey} {
				c, err := credentials.Parse(l.broker.secretText(key, keys[key]))
				if err != nil {
					t.Fatal(err)
				}
				both.all = append(both.all, c)
			}
			cfg.Credentials = both
			var err error
			if l.Handler, err = app.New(cfg); err != nil {
				t.Fatal(err)
			}
			l.mustInvoke(t, `{"events":10}`)
			if open[0].Load() == 0 {
				t.Fatal("no connection is kept")
			}
			after.Store(1)
			end(t, l)
			for wait := time.Now().Add(time.Minute); open[0].Load() > 0; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(wait) {
					t.Fatalf("%d connections are open", open[0].Load())
				}
			}
		})
	}
}

func TestConcurrentInvocations(t *testing.T) {
	l := start(t)
	var all sync.WaitGroup
	reports := make([]app.Report, 4)
	for i := range reports {
		all.Go(func() { reports[i], _ = l.invoke(t, fmt.Sprintf(`{"events":1000,"id":"shard-%d"}`, i), 15*time.Second) })
	}
	all.Wait()
	stored := l.broker.readAll(t)
	for _, r := range reports {
		stored.of(r.BurstID).expect(t, r)
	}
}

// A minute in which nobody buys anything needs no broker.
func TestQuietMinute(t *testing.T) {
	l := start(t, func(cfg *app.Config) { cfg.Settings.EventsPerMinute = 1 })
	l.denied = credentials.ErrDenied
	night := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for minute := range 60 {
		at := night.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339)
		r, err := l.invoke(t, `{"scheduled_time":"`+at+`","schedule_arn":"`+schedule+`"}`, 15*time.Second)
		if err == nil {
			if r.Expected != 0 || r.Events != 0 || r.BurstID == "" || l.dials.Load() != 0 {
				t.Errorf("report %+v", r)
			}
			return
		}
		if !errors.Is(err, credentials.ErrDenied) {
			t.Fatal(err)
		}
	}
	t.Error("every minute of the night had a sale")
}

// Stores that are shut, at night or on Thanksgiving, have bursts without events, which go well.
func TestStoresAreShut(t *testing.T) {
	for at, day := range map[string]int{"2026-11-20T09:00:00Z": 391634, "2025-11-27T20:00:00Z": 0} {
		l := start(t, func(cfg *app.Config) { cfg.Function, cfg.Settings.EventsPerMinute = contract.Store, 120 })
		l.denied = credentials.ErrDenied // nobody asks
		r := l.mustInvoke(t, `{"at":"`+at+`"}`)
		if r.Expected != 0 || r.Events != 0 || r.Skipped || r.Forecast == nil || *r.Forecast != 0 || r.DayForecast == nil || *r.DayForecast != day {
			t.Errorf("at %s: report %+v with the forecasts %v and %v, want 0 and %d", at, r, *r.Forecast, *r.DayForecast, day)
		}
		written := l.lines(t)
		if len(written.logged) != 1 || written.logged[0]["level"] != "INFO" || written.logged[0]["message"] != "burst without events: nothing is sold in this time" {
			t.Errorf("at %s: logged %v", at, written.logged)
		}
		if m := written.metrics[0]; m["Bursts"] != 1.0 || m["Errors"] != 0.0 || m["Events"] != 0.0 {
			t.Errorf("at %s: metrics %v", at, m)
		}
		if l.dials.Load() != 0 || l.fetches.Load() != 0 {
			t.Errorf("at %s: %d connections and %d looks at the secret for nothing", at, l.dials.Load(), l.fetches.Load())
		}
	}
}

func TestRotatedCredentialsAreReadAgainOnce(t *testing.T) {
	l := start(t)
	l.mustInvoke(t, `{"events":10}`)
	l.broker.revoked.Store(firstKey)
	l.secret.Store(l.broker.secretText(secondKey, keys[secondKey]))
	l.Close() // the connections of the revoked key
	r := l.mustInvoke(t, slot)
	l.broker.readAll(t).of(r.BurstID).expect(t, r)
	l.mustInvoke(t, `{"events":10}`)
	if l.fetches.Load() != 2 {
		t.Errorf("the secret was fetched %d times, want twice", l.fetches.Load())
	}
	if got := l.lines(t); len(got.logged) != 3 || len(got.metrics) != 3 {
		t.Errorf("%d lines for 3 bursts: %v", len(got.logged), got.logged)
	}
}

// A broker on this machine may speak plain text and ask for no credentials.
func TestPlainBroker(t *testing.T) {
	c, err := kfake.NewCluster(kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	l := start(t, func(cfg *app.Config) {
		cfg.Credentials = credentials.Static{BootstrapServers: c.ListenAddrs()}
		cfg.Broker.TLS, cfg.Broker.Credentials = nil, &publish.Credentials{Username: "nobody"} // which are not looked at
	})
	r := l.mustInvoke(t, `{"events":1000}`)
	const marker = 1 // of the transaction's end
	if stored := c.PartitionInfo(topic, 0).HighWatermark; stored != 1000+marker || r.Events != 1000 || r.Partitions != 1 {
		t.Errorf("%d events are stored; the report is %+v", stored, r)
	}
}

func TestReportJSON(t *testing.T) {
	text, err := json.Marshal(app.Report{
		BurstID: "k3m9zq7ta2bf", Function: "online", Trigger: "schedule",
		CoversFrom: sale.TimeOf(clock.Add(-time.Minute)), CoversTo: sale.TimeOf(clock),
		Expected: 600, Events: 600, Completed: 500, Failed: 100, Revenue: 12345678, Bytes: 50000, Partitions: 6, Requests: 2, Milliseconds: 40,
	})
	const want = `{"burst_id":"k3m9zq7ta2bf","function":"online","trigger":"schedule","skipped":false,` +
		`"covers_from":"2026-11-20T19:59:02.000Z","covers_to":"2026-11-20T20:00:02.000Z",` +
		`"expected":600,"events":600,"completed":500,"failed":100,"revenue":123456.78,"bytes":50000,"partitions":6,"requests":2,"retries":0,"milliseconds":40}`
	if err != nil || string(text) != want {
		t.Errorf("got  %s, %v\nwant %s", text, err, want)
	}
}
