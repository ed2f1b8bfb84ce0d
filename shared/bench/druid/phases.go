package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	druid "salesburst/druid-ec2"
)

// fresh measures freshness at steady rates, hand-offs included.
func (b *bench) fresh(ctx context.Context) error {
	t, err := b.newLive(ctx, "fresh", b.options.handOff)
	if err != nil {
		return err
	}
	before := 0
	for _, rate := range b.options.rates {
		tr := t.begin(ctx, rate)
		if err := tr.run(ctx, b.options.warmUp); err != nil {
			return err
		}
		from := time.Now()
		if err := tr.run(ctx, b.options.duration); err != nil {
			return err
		}
		to := time.Now()
		h, err := t.handedOff(ctx)
		if err != nil {
			return err
		}
		if err := tr.finish(); err != nil {
			return err
		}
		b.report(tr, from, to, fmt.Sprintf(", %d hand-off(s)", h.segments-before), "")
		before = h.segments
	}
	if _, err := t.end(ctx); err != nil {
		return err
	}
	if err := t.verify(ctx); err != nil {
		return err
	}
	b.verified(t)
	return nil
}

// besideRate is the traffic beside a backlog and a merge: what both functions send.
const besideRate = 12

// beside has sales flow into the live table.
func (b *bench) beside(ctx context.Context) (tr *traffic, err error) {
	if b.live == nil {
		if b.live, err = b.newLive(ctx, "live", asDeployed); err != nil {
			return nil, err
		}
	}
	tr = b.live.begin(ctx, besideRate)
	return tr, tr.run(ctx, b.options.warmUp)
}

// backlog measures freshness while another topic's backlog is caught up, and then while
// that is merged and handed off.
func (b *bench) backlog(ctx context.Context) (err error) {
	if b.large, err = b.newTable(ctx, "large"); err != nil {
		return err
	}
	if err := b.large.fill(ctx, b.options.backlog, time.Now()); err != nil {
		return err
	}
	return b.bring(ctx, b.large, true)
}

// merge measures freshness while one task merges its rows and hands them off.
func (b *bench) merge(ctx context.Context) error {
	t, err := b.newTable(ctx, "merge")
	if err != nil {
		return err
	}
	if err := t.fill(ctx, b.options.merge, time.Now()); err != nil {
		return err
	}
	return b.bring(ctx, t, false)
}

// bring lets Druid catch up with a topic and hand it off, beside fresh sales.
func (b *bench) bring(ctx context.Context, t *table, reportBacklog bool) error {
	tr, err := b.beside(ctx)
	if err != nil {
		return err
	}
	from := time.Now()
	if err := t.ingest(ctx, asDeployed); err != nil {
		return err
	}
	rate, err := t.catchUp(ctx)
	if err != nil {
		return err
	}
	caughtUp := time.Now()
	b.say("%d rows are caught up, at %.0f rows/s; they are merged and handed off", t.published(), rate)
	h, err := t.end(ctx)
	if err != nil {
		return err
	}
	to := time.Now()
	if err := tr.finish(); err != nil {
		return err
	}
	if reportBacklog {
		b.report(tr, from, caughtUp, "", "backlog of "+grouped(t.published()))
	}
	b.report(tr, caughtUp, to, "", "merge of "+grouped(t.published()))
	b.reportIngestion(t, rate, to.Sub(caughtUp))
	if err := b.reportDisk(t, h); err != nil {
		return err
	}
	if err := t.verify(ctx); err != nil {
		return err
	}
	b.verified(t)
	return nil
}

// queries measures each question of druid-ec2/sql over many rows that are handed off, as
// if it was asked at the end of the hour in which they are.
func (b *bench) queries(ctx context.Context) (err error) {
	if b.large == nil {
		if b.large, err = b.newTable(ctx, "large"); err != nil {
			return err
		}
		b.large.to = time.Now()
	}
	t := b.large
	if more := b.options.rows - t.published(); more > 0 {
		if err := t.fill(ctx, more, t.to); err != nil {
			return err
		}
		if err := t.ingest(ctx, asDeployed); err != nil {
			return err
		}
		rate, err := t.catchUp(ctx)
		if err != nil {
			return err
		}
		b.say("%d rows are caught up; they are merged and handed off", t.published())
		start := time.Now()
		h, err := t.end(ctx)
		if err != nil {
			return err
		}
		b.reportIngestion(t, rate, time.Since(start))
		if err := b.reportDisk(t, h); err != nil {
			return err
		}
		if err := t.verify(ctx); err != nil {
			return err
		}
		b.verified(t)
	}
	all, err := druid.Queries(t.name)
	if err != nil {
		return err
	}
	b.head(fmt.Sprintf("query over %s rows of an hour", grouped(t.published())), "rows", "median, s", "worst")
	for i, q := range all {
		b.say("query %d of %d, %s", i+1, len(all), q.Name)
		a, err := b.measure(ctx, q, t.to)
		if err != nil {
			return err
		}
		b.reportQuery(a)
	}
	return nil
}

// answer is what became of a query.
type answer struct {
	query         druid.Query
	rows          int
	median, worst time.Duration
	failure       error // there was no answer within the limits that are deployed
}

func (b *bench) measure(ctx context.Context, q druid.Query, at time.Time) (answer, error) {
	a := answer{query: q}
	var took []time.Duration
	for range 1 + b.options.repeat {
		start := time.Now()
		rows, err := b.druid.QueryWith(ctx, q.SQL, map[string]any{
			"useCache": false, "populateCache": false, "timeout": longest["timeout"],
			"sqlCurrentTimestamp": at.UTC().Format(time.RFC3339Nano),
		})
		if ctx.Err() != nil {
			return a, context.Cause(ctx)
		}
		if err != nil {
			a.failure = err
			return a, nil
		}
		a.rows = len(rows)
		took = append(took, time.Since(start))
	}
	took = took[1:]
	slices.Sort(took)
	a.median, a.worst = took[len(took)/2], took[len(took)-1]
	return a, nil
}
