package publish_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// What is held up on its way when Publish returns does not arrive afterwards.
func TestNothingIsOnItsWayAfterTheReturn(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		inVirtualTime(t, func(t *testing.T, b *broker) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			giveUp := func() { time.AfterFunc(time.Second, cancel) } // others are held up by then
			w := &heldUp{to: b.dialer(), goOn: make(chan struct{}), first: sync.OnceFunc(giveUp)}
			cfg := b.config(d)
			cfg.Dial = w.dial
			_, err := newPublisher(t, cfg).Publish(ctx, b.key, stream(25_000))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			w.returned.Store(true)
			if w.held.Load() == 0 {
				t.Fatal("nothing was held up: the test shows nothing")
			}
			close(w.goOn)
			w.writes.Wait()
			if n := w.late.Load(); n != 0 {
				t.Errorf("%d bytes are sent after the return", n)
			}
			if n := w.dials.Load(); n != 0 {
				t.Errorf("%d connections are made after the return", n)
			}
		})
	})
}

// heldUp is a network in which batches wait for a sign.
type heldUp struct {
	to       dialer
	goOn     chan struct{}
	first    func() // when something is held up
	held     atomic.Int32
	writes   sync.WaitGroup
	returned atomic.Bool
	late     atomic.Int64 // bytes
	dials    atomic.Int32 // late ones
}

func (h *heldUp) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if h.returned.Load() {
		h.dials.Add(1)
	}
	c, err := h.to(ctx, network, address)
	return &heldUpConn{c, h}, err
}

type heldUpConn struct {
	net.Conn
	h *heldUp
}

func (c *heldUpConn) Write(b []byte) (int, error) {
	const batch = 5000 // bytes that nothing else has
	if len(b) > batch {
		c.h.writes.Add(1)
		defer c.h.writes.Done()
		c.h.held.Add(1)
		c.h.first()
		<-c.h.goOn
	}
	n, err := c.Conn.Write(b)
	if c.h.returned.Load() {
		c.h.late.Add(int64(n))
	}
	return n, err
}

// The first chunk is done after the others, and sent before them all the same.
func TestChunksThatAreDoneEarlyWait(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Cleanup(func() { runtime.GOMAXPROCS(1) })
		runtime.GOMAXPROCS(2)
	}
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		const n = 15_000
		b := startBroker(t)
		others := &counting{Stream: loyal{stream(n)}}
		slow := stallOnce(others, 0, func() {
			for before := int32(-1); ; { // until the others have nothing left that they may do
				made := others.made.Load()
				if made > 0 && made == before {
					return
				}
				before = made
				time.Sleep(100 * time.Millisecond)
			}
		})
		if _, err := b.publisher(t, d).Publish(t.Context(), b.key, slow); err != nil {
			t.Fatal(err)
		}
		b.read(t).expect(t, loyal{stream(n)})
	})
}

// loyal is a stream of few customers, who are in each chunk.
type loyal struct{ stream }

func (l loyal) At(i int, into *sale.Sale) {
	l.stream.At(i, into)
	into.CustomerID = sale.CustomerID(i % 100)
}

// counting is a stream that counts the sales that are made.
type counting struct {
	publish.Stream
	made atomic.Int32
}

func (c *counting) At(i int, into *sale.Sale) { c.made.Add(1); c.Stream.At(i, into) }

// The coordinator of the transaction, and that of the ledger, are others in the middle of a burst.
func TestCoordinatorMovesMidBurst(t *testing.T) {
	for _, name := range []string{"transactional", "exactly-once"} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t)
			var id atomic.Value // of the transaction
			b.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				id.Store(*req.(*kmsg.InitProducerIDRequest).TransactionalID)
				return nil, nil, false
			})
			var refused atomic.Int32
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			move := func() {
				key := id.Load().(string)
				before := b.CoordinatorFor(key)
				for b.CoordinatorFor(key) == before {
					b.RehashCoordinators()
				}
				b.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
					b.KeepControl()
					if b.CurrentNode() == before {
						refused.Add(1)
					}
					return nil, nil, false
				})
			}
			const n = 25_000
			if _, err := b.publisher(t, levels[name]).Publish(ctx, b.key, stallOnce(stream(n), n-1, move)); err != nil {
				t.Fatal(err)
			}
			if name == "transactional" && refused.Load() == 0 {
				t.Error("the old coordinator was not asked: the test shows nothing")
			}
			b.read(t).expectOnce(t, n)
		})
	}
}

// Readers need not wait for what was given up: it is taken back before Publish returns.
func TestWhatIsGivenUpIsTakenBack(t *testing.T) {
	for _, name := range []string{"transactional", "exactly-once"} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stored sync.Once
			arrived := make(chan struct{})
			b.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				stored.Do(func() { close(arrived) })
				return nil, nil, false
			})
			_, err := b.publisher(t, levels[name]).Publish(ctx, b.key, stallOnce(stream(40_000), 39_999, func() { <-arrived; cancel() }))
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			open, err := b.Admin(t).ListTransactions(t.Context(), nil, []string{"Ongoing"})
			if err != nil {
				t.Fatal(err)
			}
			if len(open) != 0 {
				t.Errorf("transactions %v are open", open)
			}
		})
	}
}

// A broker that asks for a pause gets it.
func TestThrottledBrokerIsLeftAlone(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		inVirtualTime(t, func(t *testing.T, b *broker) {
			const pause = 700 * time.Millisecond
			var asked atomic.Int32 // pauses
			var mu sync.Mutex
			until := make(map[int32]time.Time) // by broker
			b.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				mu.Lock()
				defer mu.Unlock()
				node := b.CurrentNode()
				if early := time.Until(until[node]); early > 0 {
					t.Errorf("broker %d gets a request %v before its pause is over", node, early)
				}
				if asked.Add(1) > 4 {
					return nil, nil, false
				}
				res := kafkatest.ProduceResponse(req.(*kmsg.ProduceRequest), kerr.NotEnoughReplicas.Code)
				res.ThrottleMillis = int32(pause.Milliseconds())
				until[node] = time.Now().Add(pause)
				return res, nil, true
			})
			if _, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(15_000)); err != nil {
				t.Fatal(err)
			}
			if asked.Load() <= 4 {
				t.Error("no broker was asked after its pause: the test shows nothing")
			}
			b.read(t).expectOnce(t, 15_000)
		})
	})
}
