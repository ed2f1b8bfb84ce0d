package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/rawproduce"
)

// ahead are the connections that are made ahead of their use.
type ahead struct {
	ctx      context.Context
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

// Ahead has connections made to the leaders of the topic's partitions, so that they are there
// when the first batches are; once, later calls do nothing. A negative leader is none. The function
// that it returns waits until that has ended, by ctx at the latest.
func (c *Conn) Ahead(ctx context.Context, leaders []int) (wait func()) {
	if c.ahead != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	all := &ahead{ctx: ctx, leaders: make(map[int]*opening)}
	c.ahead = all
	for partition, leader := range leaders {
		if leader < 0 || all.leaders[leader] != nil {
			continue
		}
		o := &opening{partition: partition, done: make(chan struct{})}
		all.leaders[leader] = o
		all.requests.Go(func() {
			defer close(o.done)
			if err := c.connect(ctx, partition); err != nil && ctx.Err() == nil {
				o.err = ofConnection(leader, err)
			}
		})
	}
	return func() { cancel(); all.requests.Wait(); all.finished = true }
}

// ofConnection is the error of a connection that was not made. A code in it, but for those
// about the credentials, is no broker's word about the request that waits for the connection.
func ofConnection(broker int, err error) error {
	var code kafka.Error
	if errors.As(err, &code) {
		switch code {
		case kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
		default:
			return fmt.Errorf("connecting to broker %d: %v", broker, err)
		}
	}
	return fmt.Errorf("connecting to broker %d: %w", broker, err)
}

// Another has a second connection made to a broker that leads partitions, for what it
// is asked besides.
func (c *Conn) Another(broker int) {
	all := c.ahead
	if all == nil || all.finished || all.leaders[broker] == nil {
		return
	}
	all.finished = true
	partition := all.leaders[broker].partition
	all.requests.Go(func() { _ = c.connect(all.ctx, partition) }) // what is wrong shows with the first one
}

// connect makes a connection to a partition's leader. It gives kafka-go a request for it
// that cannot be written for want of records, when the connection is there; kafka-go keeps
// the connection then.
func (c *Conn) connect(ctx context.Context, partition int) error {
	_, err := c.transport.RoundTrip(ctx, c.client.Addr, &rawproduce.Request{
		Acks: int16(kafka.RequireAll),
		Topics: []rawproduce.RequestTopic{{
			Topic: c.cfg.Topic, Partitions: []rawproduce.RequestPartition{{Partition: int32(partition)}},
		}},
	})
	if errors.Is(err, protocol.ErrNoRecord) {
		return nil
	}
	return err
}

// await waits for the connection to a broker, if there is one on its way: kafka-go would
// make another, which is there later.
func (c *Conn) await(ctx context.Context, broker int) error {
	if c.ahead == nil || c.ahead.leaders[broker] == nil {
		return nil
	}
	o := c.ahead.leaders[broker]
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
