package publish_test

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// Without the ledger, a burst whose process was killed stands in the topic in part, and
// its retry stores that part again.
func TestKilledAndRetriedWithoutTheLedger(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	b := realBroker(t)
	const n = 40_000
	a := b.attempt(publish.Idempotent, 1, n)
	a.StallAt = 30_000
	killed := a.start(t)
	killed.line(t, "stalled")
	time.Sleep(time.Second) // what was generated before arrives
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()
	if _, err := b.publisher(t, publish.Idempotent).Publish(t.Context(), a.Key, stream(n)); err != nil {
		t.Fatal(err)
	}
	if got := len(b.read(t)); got <= n {
		t.Errorf("%d sales: the killed attempt left nothing, so the tests of the ledger show nothing", got)
	}
}

// With it, whatever the moment of the kill, each sale is there once.
func TestKilledAtFiftyPointsAndRetried(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	b := realBroker(t)
	const n, points = 2_000, 50
	const whole = 3 // attempts that are left alone, to know how long one takes
	took := time.Minute
	for i := range whole {
		a := b.attempt(publish.ExactlyOnce, int64(i), n)
		a.From = i * n
		start := time.Now()
		r := a.start(t)
		r.line(t, "published")
		took = min(took, time.Since(start))
		if err := r.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	p := b.publisher(t, publish.ExactlyOnce)
	before, skipped := 0, 0
	for i := whole; i < whole+points; i++ {
		a := b.attempt(publish.ExactlyOnce, int64(i), n)
		a.From = i * n
		r := a.start(t)
		time.Sleep(time.Duration(random.Int64N(int64(took))))
		_ = r.Process.Kill()
		if r.Wait() != nil {
			before++
		}
		res, err := p.Publish(t.Context(), a.Key, shifted{stream(n), a.From})
		if err != nil {
			t.Fatalf("point %d: %v", i-whole, err)
		}
		if res.Skipped {
			skipped++
		}
	}
	t.Logf("%d of %d attempts were killed on their way, %d had committed by then", before, points, skipped)
	if skipped == before {
		t.Error("no attempt was killed before its commit: the test shows nothing")
	}
	b.read(t).expect(t, bursts{n, whole + points})
}

// bursts are those of shifted{stream(each), …}, one after the other.
type bursts struct{ each, n int }

func (b bursts) Len() int { return b.each * b.n }

func (b bursts) At(i int, into *sale.Sale) {
	shifted{stream(b.each), i / b.each * b.each}.At(i%b.each, into)
}

// An attempt that was frozen, as Lambda freezes a process, and thawed when another had
// published the burst, is fenced: it ends with an error and stores nothing.
func TestFrozenWhileAnotherPublished(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	b := realBroker(t)
	const n = 40_000
	a := b.attempt(publish.ExactlyOnce, 1, n)
	a.StallAt = 30_000
	frozen := a.start(t)
	frozen.line(t, "stalled")
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), a.Key, stream(n)); err != nil {
		t.Fatal(err)
	}
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	frozen.reply()
	frozen.line(t, "failed")
	if err := frozen.Wait(); err == nil {
		t.Error("the frozen attempt ended well")
	}
	b.read(t).expectOnce(t, n)
}

// An attempt that slept beyond its deadline and the transaction's timeout stores nothing
// when it wakes, readers do not wait for it, and the next one makes the burst whole.
func TestFrozenBeyondTheTimeout(t *testing.T) {
	t.Parallel() // it waits for brokers most of the time
	b := realBroker(t)
	const n = 40_000
	a := b.attempt(publish.ExactlyOnce, 1, n)
	a.StallAt, a.Timeout = 30_000, 3*time.Second
	frozen := a.start(t)
	frozen.line(t, "stalled")
	time.Sleep(500 * time.Millisecond)
	if err := frozen.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if got := len(b.read(t)); got != 0 { // waits until the broker has ended the transaction
		t.Errorf("%d sales of a burst that was not committed", got)
	}
	if err := frozen.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	frozen.reply()
	frozen.line(t, "failed")
	_ = frozen.Wait()
	if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), a.Key, stream(n)); err != nil {
		t.Fatal(err)
	}
	b.read(t).expectOnce(t, n)
}
