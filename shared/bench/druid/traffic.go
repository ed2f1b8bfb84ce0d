package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// cutEvery is how often sales are cut and published at most.
const cutEvery = 50 * time.Millisecond

// traffic is a steady stream of sales into a table, and a watcher who sees them arrive.
type traffic struct {
	*table
	rate  int       // sales a second
	start time.Time // when sale 0 is due

	stop   chan struct{} // closed: no more sales
	failed chan error    // closed: all is shown

	mu     sync.Mutex
	sent   int             // sales given to the publisher
	ended  bool            // nothing is sent any more
	shown  []time.Duration // of each sale that was shown, from when it was due
	ages   []age           // of each answer
	silent int             // questions without an answer
	dips   int             // answers that counted less than an earlier one
}

// age of the newest sale in an answer.
type age struct {
	at  time.Time
	age time.Duration
}

// begin begins traffic.
func (t *table) begin(ctx context.Context, rate int) *traffic {
	tr := &traffic{table: t, rate: rate, start: time.Now().Truncate(time.Millisecond).Add(2 * time.Millisecond),
		stop: make(chan struct{}), failed: make(chan error, 1)}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	var first sync.Once // the others fail because of it
	for _, work := range []func(context.Context) error{tr.send, tr.watch, tr.guard} {
		done.Go(func() {
			if err := work(ctx); err != nil {
				first.Do(func() { tr.failed <- err; cancel() })
			}
		})
	}
	go func() { done.Wait(); cancel(); close(tr.failed) }()
	return tr
}

// finish ends the traffic and waits until all of it is shown.
func (tr *traffic) finish() error {
	close(tr.stop)
	return <-tr.failed // nil where it is closed
}

// run lets time pass, unless the traffic fails, and tells how it goes.
func (tr *traffic) run(ctx context.Context, d time.Duration) error {
	const every = 15 * time.Second
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		from := time.Now()
		if err := tr.wait(ctx, min(left, every)); err != nil {
			return err
		}
		if left > every {
			h, _ := tr.handedOff(ctx) // it is asked again later
			tr.say("%d events/s, %.0f s left, %d hand-offs; in the last %v %v", tr.rate, time.Until(end).Seconds(),
				h.segments, every, tr.figures(from, time.Now()))
		}
	}
}

func (tr *traffic) wait(ctx context.Context, d time.Duration) error {
	select {
	case err, ok := <-tr.failed:
		if !ok {
			err = errors.New("the traffic has ended")
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// due is when a sale is due.
func (tr *traffic) due(i int) time.Time {
	return tr.start.Add(time.Duration(i) * time.Second / time.Duration(tr.rate))
}

// dueBefore is how many sales are due before a time.
func (tr *traffic) dueBefore(t time.Time) int {
	if !t.After(tr.start) {
		return 0
	}
	return int((t.Sub(tr.start)*time.Duration(tr.rate) + time.Second - 1) / time.Second)
}

// send publishes what is due.
func (tr *traffic) send(ctx context.Context) error {
	defer func() {
		tr.mu.Lock()
		tr.ended = true
		tr.mu.Unlock()
	}()
	for sent := 0; ; {
		cut := time.Now()
		for n := tr.dueBefore(cut); sent < n; {
			from := sent
			stream, err := tr.next(n-sent, func(i int) time.Time { return tr.due(from + i) })
			if err != nil {
				return err
			}
			sent += stream.Len()
			tr.mu.Lock()
			tr.sent = sent
			tr.mu.Unlock()
			if err := tr.publish(ctx, stream); err != nil {
				return err
			}
		}
		next := cut.Add(cutEvery)
		if due := tr.due(sent); due.After(next) {
			next = due
		}
		select {
		case <-tr.stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Until(next)):
		}
	}
}

// settled is how old a sale is before the watcher does not count it again and again.
const settled = 10 * time.Second

// watch asks until all is shown.
func (tr *traffic) watch(ctx context.Context) error {
	moved := time.Now()
	var failure error
	for base := 0; ; {
		asked := time.Now()
		// All sales before this one were shown, and those due in its millisecond are the first that are counted.
		base = tr.base(base, asked)
		rows, err := tr.druid.Query(ctx, fmt.Sprintf(`SELECT COUNT(*) AS n, TIMESTAMP_TO_MILLIS(MAX(__time)) AS newest
			FROM "%s" WHERE __time >= MILLIS_TO_TIMESTAMP(%d)`,
			tr.name, stamp(tr.due(base))))
		answered := time.Now()
		n, newest := 0, 0
		if err == nil {
			var e error
			n, err = whole(rows, "n")
			newest, e = whole(rows, "newest")
			err = errors.Join(err, e)
		}
		over, progress, err := tr.take(base+n, time.UnixMilli(int64(newest)), answered, err)
		if w := (*wrong)(nil); over || errors.As(err, &w) || ctx.Err() != nil {
			return err
		}
		if err != nil {
			failure = err
		}
		if progress {
			moved, failure = answered, nil
		}
		if answered.Sub(moved) > patience {
			return errors.Join(fmt.Errorf("no sale has become queryable for %v; the supervisor: %s", patience,
				tr.status(ctx)), failure)
		}
		if err := sleep(ctx, time.Until(asked.Add(tr.options.poll))); err != nil {
			return err
		}
	}
}

// guard counts the whole table from time to time: rows that are handed over between the
// servers must not be seen twice, nor vanish meanwhile.
func (tr *traffic) guard(ctx context.Context) error {
	for most := 0; ; {
		n, err := tr.count(ctx)
		if w := (*wrong)(nil); errors.As(err, &w) {
			return err
		}
		tr.mu.Lock()
		if err == nil && n < most {
			tr.dips++
		}
		over := tr.ended && len(tr.shown) == tr.sent
		tr.mu.Unlock()
		most = max(most, n)
		if over || ctx.Err() != nil {
			return nil
		}
		if err := sleep(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

// base is the first sale that is still counted.
func (tr *traffic) base(last int, now time.Time) int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	base := max(last, min(len(tr.shown), tr.dueBefore(now.Add(-settled))))
	for base > 0 && stamp(tr.due(base-1)) == stamp(tr.due(base)) {
		base--
	}
	return base
}

// take takes an answer in: how many sales it shows.
func (tr *traffic) take(n int, newest, answered time.Time, err error) (over, progress bool, _ error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	switch {
	case err != nil:
		tr.silent++
		return false, false, err
	case n > tr.sent:
		return false, false, &wrong{fmt.Sprintf("an answer of Druid counts %d sales, and %d were sent", n, tr.sent)}
	case n < len(tr.shown):
		tr.dips++
	}
	for i := len(tr.shown); i < n; i++ {
		progress = true
		tr.shown = append(tr.shown, answered.Sub(tr.due(i)))
	}
	if n > 0 && !tr.ended {
		tr.ages = append(tr.ages, age{answered, answered.Sub(newest)})
	}
	return tr.ended && len(tr.shown) == tr.sent, progress || tr.sent == len(tr.shown), nil
}

// figures are those of a time of the traffic.
type figures struct {
	events, answers int
	shown, ages     quantiles
}

type quantiles struct{ p50, p99, worst time.Duration }

func (f figures) String() string {
	if f.events == 0 {
		return "nothing of what was due then is queryable yet"
	}
	return fmt.Sprintf("ingest-to-query latency p50 %.2f s, p99 %.2f s, worst %.2f s", f.shown.p50.Seconds(),
		f.shown.p99.Seconds(), f.shown.worst.Seconds())
}

// figures are those of the sales that were due, and of the answers that came, in a time.
func (tr *traffic) figures(from, to time.Time) (f figures) {
	tr.mu.Lock()
	shown, answers := tr.shown, tr.ages // only what is behind their ends will be written
	tr.mu.Unlock()
	if first, end := tr.dueBefore(from), min(tr.dueBefore(to), len(shown)); first < end {
		f.events, f.shown = end-first, quantilesOf(shown[first:end])
	}
	var ages []time.Duration
	for _, a := range answers {
		if !a.at.Before(from) && a.at.Before(to) {
			ages = append(ages, a.age)
		}
	}
	f.answers, f.ages = len(ages), quantilesOf(ages)
	return f
}

func quantilesOf(of []time.Duration) (q quantiles) {
	if len(of) == 0 {
		return q
	}
	sorted := slices.Sorted(slices.Values(of))
	at := func(percent int) time.Duration { return sorted[(len(sorted)*percent+99)/100-1] }
	return quantiles{at(50), at(99), at(100)}
}
