package publish_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

// What a burst that is asked for three times leaves behind is the difference between
// the promises.
func TestRepeatedBurst(t *testing.T) {
	atEachLevel(t, func(t *testing.T, d publish.Delivery) {
		withEachBroker(t, func(t *testing.T, b *broker) { testRepeatedBurst(t, b, d) })
	})
}

func testRepeatedBurst(t *testing.T, b *broker, d publish.Delivery) {
	const n = 2000
	for attempt := range 3 {
		res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n))
		if err != nil {
			t.Fatal(err)
		}
		if want := d == publish.ExactlyOnce && attempt > 0; res.Skipped != want || res.Skipped && res.Events != 0 {
			t.Errorf("attempt %d: %+v", attempt, res)
		}
	}
	got := b.read(t)
	if d != publish.ExactlyOnce {
		if len(got) != 3*n {
			t.Errorf("%d sales are there, want each three times: if this level tells attempts apart, say so in the README", len(got))
		}
		return
	}
	got.expectOnce(t, n)
}

// Attempts that were given up at any moment leave nothing that a reader sees, and one
// more attempt makes the burst whole.
func TestAttemptsGivenUp(t *testing.T) {
	for _, name := range []string{"transactional", "exactly-once"} {
		t.Run(name, func(t *testing.T) {
			withEachBroker(t, func(t *testing.T, b *broker) { testAttemptsGivenUp(t, b, levels[name]) })
		})
	}
}

func testAttemptsGivenUp(t *testing.T, b *broker, d publish.Delivery) {
	const n = 25_000
	random := rand.New(rand.NewPCG(1, 2))
	gaveUp := 0
	for i := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		p := b.publisher(t, d)
		time.AfterFunc(time.Duration(random.IntN(10+12*i))*time.Millisecond, cancel) // none is done in 10 ms
		res, err := p.Publish(ctx, b.key, stream(n))
		p.Close()
		cancel()
		if err != nil {
			gaveUp++
		}
		if err != nil && res.Events > 0 {
			t.Errorf("%d events of an attempt that ended with %v", res.Events, err)
		}
	}
	if gaveUp == 0 {
		t.Fatal("no attempt was given up: the test shows nothing")
	}
	res, err := b.publisher(t, d).Publish(t.Context(), b.key, stream(n))
	if err != nil {
		t.Fatal(err)
	}
	if d == publish.ExactlyOnce || !res.Skipped && gaveUp == 12 {
		b.read(t).expectOnce(t, n)
	}
}

// Of two attempts at the same moment one is fenced, or comes late and is skipped.
func TestAttemptsAtTheSameMoment(t *testing.T) { withEachBroker(t, testAttemptsAtTheSameMoment) }

func testAttemptsAtTheSameMoment(t *testing.T, b *broker) {
	const n = 25_000
	var done, skipped, fenced int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		p := b.publisher(t, publish.ExactlyOnce)
		wg.Go(func() {
			res, err := p.Publish(t.Context(), b.key, stream(n))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && res.Skipped:
				skipped++
			case err == nil:
				done++
			case errors.Is(err, publish.ErrFenced):
				fenced++
			default:
				t.Errorf("attempt: %v", err)
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("%d attempts published, %d were skipped and %d fenced: want exactly one to publish", done, skipped, fenced)
	}
	b.read(t).expectOnce(t, n)
}

// An attempt that gives up when another has taken over leaves that one alone.
func TestGivingUpLeavesTheNextAlone(t *testing.T) { withEachBroker(t, testGivingUpLeavesTheNextAlone) }

func testGivingUpLeavesTheNextAlone(t *testing.T, b *broker) {
	const n = 25_000
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	began, gaveUp := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(gaveUp)
		tp := &tap{request: func(r *tapped) bool {
			if r.key == kmsg.Produce {
				once.Do(func() { close(began) })
			}
			// Nothing tells it that it is fenced.
			return r.key != kmsg.Produce && r.key != kmsg.AddOffsetsToTxn && r.key != kmsg.TxnOffsetCommit
		}}
		_, err := newPublisher(t, tp.through(b, publish.ExactlyOnce)).Publish(ctx, b.key, stream(10))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the first attempt: %v", err)
		}
	}()
	<-began
	res, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stallOnce(stream(n), 20_000, func() {
		time.Sleep(300 * time.Millisecond) // its transaction is under way
		giveUp()
		<-gaveUp
	}))
	if err != nil || res.Events != n {
		t.Errorf("the second attempt: %+v, error %v", res, err)
	}
	b.read(t).expectOnce(t, n)
}

// Attempts at different bursts of one series, and at others beside it, do not disturb each other.
func TestBurstsBesideEachOther(t *testing.T) { withEachBroker(t, testBurstsBesideEachOther) }

func testBurstsBesideEachOther(t *testing.T, b *broker) {
	var wg sync.WaitGroup
	const bursts = 8
	for i := range bursts {
		k := publish.Key{Series: b.Topic, Number: 29_847_000 + int64(i)}
		if i%2 == 1 {
			k = publish.Key{Series: fmt.Sprintf("%s-manual-%d", b.Topic, i)}
		}
		p := b.publisher(t, publish.ExactlyOnce)
		wg.Go(func() {
			if _, err := p.Publish(t.Context(), k, stream(500)); err != nil {
				t.Errorf("burst %v: %v", k, err)
			}
		})
	}
	wg.Wait()
	if got := len(b.read(t)); got != bursts*500 {
		t.Errorf("%d sales of %d bursts of 500", got, bursts)
	}
}

// A late attempt at an old burst is told apart from a duplicated one, whatever came
// between, until nobody can know any more.
func TestLateAttempts(t *testing.T) { withEachBroker(t, testLateAttempts) }

func testLateAttempts(t *testing.T, b *broker) {
	const base = 29_847_000
	p := b.publisher(t, publish.ExactlyOnce)
	try := func(number int64) (skipped bool, err error) {
		res, err := p.Publish(t.Context(), publish.Key{Series: b.Topic, Number: number}, stream(10))
		return res.Skipped, err
	}
	for _, step := range []struct {
		turn    int64 // hours after base: one id
		skipped bool
		err     error
	}{
		{turn: 10}, {turn: 12}, {turn: 11}, {turn: 10, skipped: true}, {turn: 11, skipped: true}, {turn: 3}, {turn: 3, skipped: true},
		{turn: 200}, {turn: 12, skipped: true}, {turn: 13}, {turn: 13, skipped: true}, {turn: 200, skipped: true},
		{turn: 266}, {turn: 10, skipped: true}, {turn: 9, err: publish.ErrTooOld}, {turn: 3, err: publish.ErrTooOld},
	} {
		skipped, err := try(base + 60*step.turn)
		if skipped != step.skipped || !errors.Is(err, step.err) {
			t.Errorf("turn %d: skipped %v, error %v, want %v, %v", step.turn, skipped, err, step.skipped, step.err)
		}
	}
	if got := len(b.read(t)); got != 7*10 {
		t.Errorf("%d sales, want those of 7 bursts of 10", got)
	}
}
