package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// silence is how long the brokers may have nothing to say before reading has failed.
const silence = time.Minute

// Read gives out all records of a topic that one sees who waits for transactions to end.
// Wait is how long they may take for that.
func (c *Cluster) Read(ctx context.Context, topic string, wait time.Duration, each func(*kgo.Record) error) error {
	ended, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ends, err := c.AwaitEnded(ended, topic)
	if err != nil {
		return err
	}
	client, err := c.dial(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	left := make(map[int32]int64)
	for p, end := range ends {
		if end > 0 {
			left[int32(p)] = end
		}
	}
	for len(left) > 0 {
		ctx, cancel := context.WithTimeout(ctx, silence)
		fetches := client.PollFetches(ctx)
		cancel()
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("reading topic %s, not yet to the ends %v: %w", topic, left, err)
		}
		for r := range fetches.RecordsAll() {
			if end, ok := left[r.Partition]; ok && r.Offset >= end-1 {
				delete(left, r.Partition)
			}
			if r.Attrs.IsControl() {
				continue
			}
			if err := each(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadEach reads a topic as often as there are brokers, and each time another one leads all
// of it: so that what each of them has is seen. Each is given the broker too.
func (c *Cluster) ReadEach(ctx context.Context, topic string, wait time.Duration,
	each func(broker int, r *kgo.Record) error) error {
	for first := 1; first <= c.Brokers(); first++ {
		order := make([]int, c.Brokers())
		for i := range order {
			order[i] = (first-1+i)%c.Brokers() + 1
		}
		lead, cancel := context.WithTimeout(ctx, 3*time.Minute)
		err := c.Lead(lead, topic, order...)
		if err == nil {
			err = c.AwaitSettled(lead, topic)
		}
		cancel()
		if err == nil {
			err = c.Read(ctx, topic, wait, func(r *kgo.Record) error { return each(first, r) })
		}
		if err != nil {
			return fmt.Errorf("broker %d leads: %w", first, err)
		}
	}
	return nil
}
