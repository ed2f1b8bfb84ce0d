package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Each leader gets one connection, by the first partition that it leads; where there is no leader
// there is none.
func TestAheadConnectsOncePerLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := make(chan int, 10)
		a := startAhead(t.Context(), []int{-1, 2, 0, 2, -1, 0}, func(_ context.Context, partition int) error {
			made <- partition
			return nil
		})
		a.finish()
		close(made)
		var partitions []int
		for p := range made {
			partitions = append(partitions, p)
		}
		slices.Sort(partitions)
		if !slices.Equal(partitions, []int{1, 2}) {
			t.Errorf("connected to the leaders of partitions %v, want 1 and 2", partitions)
		}
	})
}

// Who waits for a connection waits until it is there and is told what came of it; nobody waits for one
// that is not on its way.
func TestAwaitAConnection(t *testing.T) {
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		fails, want error
	}{"made": {nil, nil}, "not made": {refused, refused}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			a := startAhead(t.Context(), []int{3}, func(context.Context, int) error {
				time.Sleep(time.Minute)
				return c.fails
			})
			err := a.await(t.Context(), 3)
			if took := time.Since(start); !errors.Is(err, c.want) || took != time.Minute {
				t.Errorf("%s: error %v after %v", name, err, took)
			}
			if err != nil && !strings.Contains(err.Error(), "broker 3") {
				t.Errorf("%s: error %v does not name the broker", name, err)
			}
			for what, a := range map[string]*ahead{"another's": a, "none": nil} {
				if err := a.await(t.Context(), 4); err != nil {
					t.Errorf("%s: error %v for a connection that is not made", what, err)
				}
			}
		})
	}
}

// The wait for a connection ends with the request. A connection that was given up with the burst is
// no error of its broker.
func TestAwaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		burst, end := context.WithCancel(t.Context())
		a := startAhead(burst, []int{3}, func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		})
		request, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.await(request, 3); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the request", err)
		}
		end()
		a.finish()
		if err := a.await(t.Context(), 3); err != nil {
			t.Errorf("error %v of a connection that was given up", err)
		}
	})
}

// A second connection is made to one leader, once, and to none that there is no first one to. What
// is made is waited for, and then nothing more.
func TestAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := make(chan int, 10)
		start := func() *ahead {
			a := startAhead(t.Context(), []int{0, 1}, func(_ context.Context, partition int) error {
				time.Sleep(time.Minute)
				made <- partition
				return nil
			})
			synctest.Wait()
			return a
		}
		(*ahead)(nil).another(0)
		a := start()
		a.another(7)
		a.another(1)
		a.another(0)
		a.another(1)
		a.finish()
		var partitions []int
		for len(made) > 0 {
			partitions = append(partitions, <-made)
		}
		slices.Sort(partitions)
		if !slices.Equal(partitions, []int{0, 1, 1}) {
			t.Errorf("connections to the leaders of partitions %v, want a second one of 1", partitions)
		}
		a = start()
		a.finish()
		a.another(0)
		time.Sleep(time.Hour)
		if n := len(made); n != 2 {
			t.Errorf("%d connections, want 2 and none after the end", n)
		}
	})
}

// A broker's code about the credentials is one; its other codes, while the connection was made, are no
// answer to what is asked later.
func TestErrorOfAConnection(t *testing.T) {
	for code, kept := range map[kafka.Error]bool{
		kafka.SASLAuthenticationFailed: true, kafka.UnsupportedSASLMechanism: true, kafka.IllegalSASLState: true,
		kafka.NotLeaderForPartition: false, kafka.UnsupportedVersion: false,
	} {
		err := ofConnection(5, fmt.Errorf("dialing: %w", code))
		if errors.Is(err, code) != kept || !strings.HasPrefix(err.Error(), "connecting to broker 5: dialing: ") {
			t.Errorf("%v, which is %d: %v", err, int(code), errors.Is(err, code))
		}
	}
	cut := errors.New("cut")
	if err := ofConnection(5, cut); !errors.Is(err, cut) || !strings.Contains(err.Error(), "broker 5") {
		t.Errorf("error %v", err)
	}
}

// The connections to the leaders are made ahead, once, and are those over which what is asked goes.
func TestAhead(t *testing.T) {
	withBrokers(t, []int32{0, 1, 1}, func(t *testing.T, b *brokers, c *Conn) {
		wait := c.Ahead(t.Context(), []int{-1, 1, 1})
		c.Ahead(t.Context(), []int{0})() // is none
		if err := c.ahead.await(t.Context(), 1); err != nil {
			t.Error(err)
		}
		wait()
		idle()
		if b.dialled("broker-0:9092") != 0 || b.dialled("broker-1:9092") != 1 {
			t.Fatalf("dialled %v, want broker 1, once", b.dials)
		}
		if _, err := c.Produce(t.Context(), 1, "", []Batch{{sales(1), sized("one")}}); err != nil {
			t.Error(err)
		}
		idle()
		if err := c.Commit(t.Context(), 1, member); err != nil {
			t.Error(err)
		}
		if b.dialled("broker-1:9092") != 1 {
			t.Errorf("dialled %v, although broker 1 was there", b.dials)
		}
		if n := len(b.got(kmsg.Produce)); n != 1 {
			t.Errorf("%d produce requests, want that with a batch", n)
		}
	})
}

// Another connection is for what is asked besides.
func TestAnotherForBesides(t *testing.T) {
	withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
		c.Another(1) // before there is a first one: none
		b.answers[kmsg.ApiVersions] = func(_ int, _ kmsg.Request, res kmsg.Response) bool {
			time.Sleep(time.Second) // so that both are on their way
			versions(res.(*kmsg.ApiVersionsResponse))
			return true
		}
		wait := c.Ahead(t.Context(), []int{0, 1})
		c.Another(1)
		time.Sleep(time.Minute)
		wait()
		if b.dialled("broker-0:9092") != 1 || b.dialled("broker-1:9092") != 2 {
			t.Errorf("dialled %v, want a second connection to broker 1", b.dials)
		}
	})
}

// A connection that could not be made ahead is the error of the request that would have gone over it.
func TestAheadInVain(t *testing.T) {
	for name, ask := range map[string]func(ctx context.Context, c *Conn) error{
		"a batch": func(ctx context.Context, c *Conn) error {
			_, err := c.Produce(ctx, 1, "", []Batch{{sales(1), sized("one")}})
			return err
		},
		"a request": func(ctx context.Context, c *Conn) error { return c.Commit(ctx, 1, member) },
	} {
		withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
			if _, err := c.Leaders(t.Context(), "sales"); err != nil { // the seed is there
				t.Fatal(err)
			}
			b.hangUp(kmsg.ApiVersions)
			wait := c.Ahead(t.Context(), []int{0, 1})
			if err := ask(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "connecting to broker 1: ") {
				t.Errorf("%s: error %v", name, err)
			}
			if n := b.dialled("broker-1:9092"); n != 1 {
				t.Errorf("%s: broker 1 is dialled %d times", name, n)
			}
			wait()
		})
	}
}

// What is made ahead ends with the burst.
func TestAheadEndsWithItsBurst(t *testing.T) {
	withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
		if _, err := c.Leaders(t.Context(), "sales"); err != nil { // the seed is there
			t.Fatal(err)
		}
		b.answers[kmsg.ApiVersions] = func(int, kmsg.Request, kmsg.Response) bool {
			time.Sleep(time.Hour)
			return false
		}
		start := time.Now()
		c.Ahead(t.Context(), []int{0, 1})()
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v to give up what is on its way", took)
		}
		for leader, o := range c.ahead.leaders {
			select {
			case <-o.done:
			default:
				t.Errorf("the connection to broker %d is still on its way", leader)
			}
		}
	})
}
