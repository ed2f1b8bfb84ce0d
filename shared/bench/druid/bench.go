package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"salesburst/dataset"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/market"
)

// bench has what the phases share.
type bench struct {
	options options
	out     io.Writer // figures
	druid   *devenv.Druid
	admin   kafkaadmin.Admin
	market  *market.Market
	prefix  string // of the topics
	start   time.Time

	tables  []*table         // all
	live    *table           // beside a backlog and a merge; nil: not yet there
	large   *table           // the backlog, and what the queries are asked over; nil: not yet there
	curves  []curve          // for the chart
	printed bool             // the head of the table of freshness
	most    map[string]int64 // memory that each server took of its own, in bytes
}

func newBench(d *devenv.Druid, o options, out io.Writer) (*bench, error) {
	m, err := market.New(dataset.Default())
	if err != nil {
		return nil, err
	}
	admin, err := kafkaadmin.Dial(d.Kafka)
	if err != nil {
		return nil, err
	}
	return &bench{
		options: o, out: out, druid: d, admin: admin, market: m, start: time.Now(),
		prefix: "bench-" + strings.ToLower(rand.Text()[:6]), most: make(map[string]int64),
	}, nil
}

// close leaves nothing behind that would go on to work, on servers that others use too.
func (b *bench) close() (err error) {
	for _, t := range b.tables {
		if t.reading {
			err = errors.Join(err, b.druid.EndIngest(context.Background(), t.name))
		}
		t.publisher.Close()
	}
	b.admin.Close()
	return err
}

// say writes a line of progress.
func (b *bench) say(format string, args ...any) {
	past := time.Since(b.start).Round(time.Second)
	fmt.Fprintf(os.Stderr, "%3d:%02d  %s\n", past/time.Minute, past%time.Minute/time.Second,
		fmt.Sprintf(format, args...))
}

// newLive makes a table into which sales can flow: the first one of it is queryable.
func (b *bench) newLive(ctx context.Context, purpose string, handOff time.Duration) (*table, error) {
	t, err := b.newTable(ctx, purpose)
	if err != nil {
		return nil, err
	}
	if err := t.ingest(ctx, handOff); err != nil {
		return nil, err
	}
	posted := time.Now()
	first, err := t.next(1, func(int) time.Time { return posted })
	if err == nil {
		err = t.publish(ctx, first)
	}
	if err == nil {
		err = t.await(ctx, "the first sale of "+t.name+" is queryable", func() (int, bool, error) {
			n, err := t.count(ctx)
			return n, n == 1, err
		})
	}
	if err == nil {
		b.say("the first sale is queryable %.0f s after the supervisor was posted", time.Since(posted).Seconds())
	}
	return t, err
}
