package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/segmentio/kafka-go"
)

// ahead are the connections to leaders that are made ahead of their use. It is of one goroutine
// but for await.
type ahead struct {
	ctx      context.Context
	connect  func(ctx context.Context, partition int) error // to the partition's leader
	leaders  map[int]*opening
	finished bool // no more are made
	requests sync.WaitGroup
}

// opening is a connection on its way to a leader.
type opening struct {
	partition int           // one that it leads
	done      chan struct{} // closed when it is there, or when err says why not
	err       error         // nil where it ended with the burst
}

// startAhead connects to the leaders of partitions; a negative one is none.
func startAhead(ctx context.Context, leaders []int, connect func(ctx context.Context, partition int) error) *ahead {
	a := &ahead{ctx: ctx, connect: connect, leaders: make(map[int]*opening)}
	for partition, leader := range leaders {
		if leader < 0 || a.leaders[leader] != nil {
			continue
		}
		o := &opening{partition: partition, done: make(chan struct{})}
		a.leaders[leader] = o
		a.requests.Go(func() {
			defer close(o.done)
			if err := connect(ctx, partition); err != nil && ctx.Err() == nil {
				o.err = ofConnection(leader, err)
			}
		})
	}
	return a
}

// another makes a second connection to a leader, once.
func (a *ahead) another(leader int) {
	if a == nil || a.finished || a.leaders[leader] == nil {
		return
	}
	a.finished = true
	partition := a.leaders[leader].partition
	a.requests.Go(func() { _ = a.connect(a.ctx, partition) }) // what is wrong shows with the first one
}

// finish waits until nothing is on its way any more.
func (a *ahead) finish() {
	a.requests.Wait()
	a.finished = true
}

// await waits for the connection to a leader, if there is one on its way: kafka-go would
// make another, which is there later.
func (a *ahead) await(ctx context.Context, leader int) error {
	if a == nil || a.leaders[leader] == nil {
		return nil
	}
	o := a.leaders[leader]
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ofConnection is the error of a connection that was not made. A code in it, but for those
// about the credentials, is no broker's word about the request that waits for the connection.
func ofConnection(broker int, err error) error {
	var code kafka.Error
	if errors.As(err, &code) {
		switch code {
		case kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
		default:
			//nolint:errorlint // it is not to be taken for an answer to the request
			return fmt.Errorf("connecting to broker %d: %v", broker, err)
		}
	}
	return fmt.Errorf("connecting to broker %d: %w", broker, err)
}
