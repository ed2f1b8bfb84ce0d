package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// table is a topic with Druid's table of the same name, and the truth about both.
type table struct {
	*bench
	name      string
	publisher *publish.Publisher

	taken    []*taken // bursts, of each the sales that were published
	current  *burst.Burst
	reading  bool            // a supervisor runs
	tasks    map[string]bool // of this table that were seen; true: of an earlier supervisor
	rows     atomic.Int64    // given to the publisher
	from, to time.Time       // all of it is stamped in here
}

// taken is the beginning of a burst.
type taken struct {
	id    string
	sales int
}

// newTable makes a topic that Druid may read.
func (b *bench) newTable(ctx context.Context, purpose string) (*table, error) {
	t := &table{bench: b, name: b.prefix + "-" + purpose, tasks: make(map[string]bool)}
	err := b.admin.CreateTopic(ctx, t.name, contract.Partitions, 1, contract.TimestampType, contract.OfArrival)
	if err != nil {
		return nil, err
	}
	if err := b.admin.AllowDruid(ctx, t.name); err != nil {
		return nil, err
	}
	t.publisher, err = publish.New(publish.Config{
		Brokers: b.druid.Kafka.Addresses, Topic: t.name, TLS: b.druid.Kafka.TLS(),
		Credentials: &publish.Credentials{Username: string(devenv.Admin), Password: b.druid.Kafka.Users[devenv.Admin]},
	})
	b.tables = append(b.tables, t)
	return t, err
}

// publishTimeout is for a burst of any size on a machine of any speed.
const publishTimeout = time.Hour

// publish brings sales to Kafka.
func (t *table) publish(ctx context.Context, stream publish.Stream) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	_, err := t.publisher.Publish(ctx, publish.Key{}, stream)
	return err
}

// newBurst begins another burst of the market.
func (t *table) newBurst(events int, at time.Time, over time.Duration) (err error) {
	t.current, err = burst.New(t.market, burst.Request{
		Channel: contract.ChannelOnline, Origin: fmt.Sprintf("%s-%d", t.name, len(t.taken)),
		At: at.Truncate(time.Millisecond), Over: over, Events: events,
	})
	if err == nil {
		t.taken = append(t.taken, &taken{id: t.current.ID().String()})
	}
	return err
}

func (t *table) covers(from, to time.Time) {
	if t.from.IsZero() || from.Before(t.from) {
		t.from = from
	}
	if to.After(t.to) {
		t.to = to
	}
}

// fill publishes a burst whose sales are spread over the hour before a time.
func (t *table) fill(ctx context.Context, events int, at time.Time) error {
	if err := t.newBurst(events, at, time.Hour); err != nil {
		return err
	}
	t.say("publishing %d events to Kafka", events)
	t.rows.Add(int64(events))
	if err := t.publish(ctx, t.current); err != nil {
		return err
	}
	t.taken[len(t.taken)-1].sales = events
	t.covers(at.Add(-time.Hour), at)
	t.current = nil
	return nil
}

// liveBurst is how many sales a burst of the live traffic has; then comes the next one.
const liveBurst = 100_000

// next takes up to so many sales of the live traffic, each stamped with its time.
func (t *table) next(events int, due func(i int) time.Time) (publish.Stream, error) {
	if t.current == nil || t.taken[len(t.taken)-1].sales == liveBurst {
		if err := t.newBurst(liveBurst, time.Now(), time.Minute); err != nil {
			return nil, err
		}
	}
	now := t.taken[len(t.taken)-1]
	cut := stretch{burst: t.current, from: now.sales, events: min(events, liveBurst-now.sales), due: due}
	now.sales += cut.events
	t.rows.Add(int64(cut.events))
	t.covers(due(0), due(cut.events).Add(time.Millisecond))
	return cut, nil
}

// stretch is a part of a burst that happens now; it implements publish.Stream.
type stretch struct {
	burst        *burst.Burst
	from, events int
	due          func(i int) time.Time
}

func (s stretch) Len() int { return s.events }

func (s stretch) At(i int, sale *sale.Sale) {
	s.burst.At(s.from+i, sale)
	sale.Timestamp = stamp(s.due(i))
}

func stamp(t time.Time) sale.Time { return sale.TimeOf(t) }

// ingest lets Druid read the topic, and hand over as often as said.
func (t *table) ingest(ctx context.Context, handOff time.Duration) error {
	t.reading = true
	for id := range t.tasks { // they stay for a while to see that all is handed off
		t.tasks[id] = true
	}
	return t.druid.Ingest(ctx, t.name, map[string]any{"ioConfig.taskDuration": fmt.Sprintf("PT%.0fS",
		handOff.Seconds())})
}

// asDeployed is the time between hand-offs in spec/supervisor.json.
const asDeployed = time.Hour

// count is how many rows an answer of Druid has. Before the first one there is no table.
func (t *table) count(ctx context.Context) (int, error) {
	rows, err := t.druid.Query(ctx, `SELECT COUNT(*) AS n FROM "`+t.name+`"`)
	if err != nil {
		return 0, err
	}
	n, err := whole(rows, "n")
	if err == nil && n > t.published() {
		err = t.wrongCount("counts", n)
	}
	return n, err
}

func (t *table) published() int { return int(t.rows.Load()) }

func (t *table) wrongCount(what string, n int) error {
	return &wrong{fmt.Sprintf("Druid %s %d rows of %s, and %d were published", what, n, t.name, t.published())}
}

// wrong is a count that can not be.
type wrong struct{ what string }

func (w *wrong) Error() string { return w.what }

// whole reads a figure of an answer of one row; NULL is 0.
func whole(rows []devenv.Row, column string) (int, error) {
	if len(rows) != 1 {
		return 0, fmt.Errorf("want an answer of one row with %s, not %v", column, rows)
	}
	switch n := rows[0][column].(type) {
	case nil:
		return 0, nil
	case json.Number:
		i, err := n.Int64()
		return int(i), err
	}
	return 0, fmt.Errorf("%s is %v", column, rows[0][column])
}

// await asks again and again until it is answered with true. It gives up where for all of
// the patience there was neither a true nor a move, or where a count is wrong.
func (t *table) await(ctx context.Context, what string, ask func() (moved int, done bool, err error)) error {
	last, since := -1, time.Now()
	for {
		moved, done, err := ask()
		if w := (*wrong)(nil); errors.As(err, &w) || err == nil && done {
			return err
		}
		if err == nil && moved != last {
			last, since = moved, time.Now()
		}
		if time.Since(since) > patience {
			return errors.Join(fmt.Errorf("waiting until %s: nothing has moved for %v, at %d; the supervisor: %s", what,
				patience, last, t.status(ctx)), err)
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

func (t *table) status(ctx context.Context) string {
	text, err := t.druid.Call(ctx, "GET", t.supervisor()+"/status", "")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (t *table) supervisor() string {
	return t.druid.URLs["coordinator"] + "/druid/indexer/v1/supervisor/" + t.name
}

// processed is how many rows the supervisor's tasks have taken in. It costs Druid nothing,
// as a count would.
func (t *table) processed(ctx context.Context) (n int, err error) {
	text, err := t.druid.Call(ctx, "GET", t.supervisor()+"/stats", "")
	if err != nil {
		return 0, err
	}
	var groups map[string]map[string]struct {
		Totals struct{ BuildSegments struct{ Processed float64 } }
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		return 0, fmt.Errorf("the supervisor's statistics: %w: %s", err, text)
	}
	for _, tasks := range groups {
		for id, task := range tasks {
			if !t.tasks[id] {
				t.tasks[id] = false
				n += int(task.Totals.BuildSegments.Processed)
			}
		}
	}
	return n, nil
}

// catchUp waits until Druid has all that is in the topic, and tells at how many rows a
// second they came in, from the first that were seen to the last; 0 where all were there
// at once.
func (t *table) catchUp(ctx context.Context) (rate float64, err error) {
	var first, last struct {
		at   time.Time
		rows int
	}
	told := time.Now()
	err = t.await(ctx, "the backlog of "+t.name+" is caught up", func() (int, bool, error) {
		n, err := t.processed(ctx)
		if err == nil && n > 0 && n != last.rows {
			restarted := n < last.rows
			last.at, last.rows = time.Now(), n
			if first.rows == 0 || restarted {
				first = last
			}
			if time.Since(told) > 10*time.Second {
				told = time.Now()
				t.say("%d rows are caught up", n)
			}
			return n, false, nil
		}
		n, err = t.count(ctx) // nothing moves: that is the end, or not yet the beginning
		return n, n == t.published(), err
	})
	if seconds := last.at.Sub(first.at).Seconds(); seconds > 0 {
		rate = float64(last.rows-first.rows) / seconds
	}
	return rate, err
}

// handedOff is what is published and served by the historical.
type handedOff struct {
	segments, rows int
}

func (t *table) handedOff(ctx context.Context) (h handedOff, err error) {
	rows, err := t.druid.Query(ctx, `SELECT COUNT(*) AS segments, SUM(s.num_rows) AS num_rows FROM sys.segments AS s
		JOIN sys.server_segments AS served ON served.segment_id = s.segment_id
		JOIN sys.servers AS servers ON servers.server = served.server
		WHERE s.datasource = '`+t.name+`' AND s.is_published = 1 AND servers.server_type = 'historical'`)
	if err != nil || len(rows) == 0 { // where there is nothing to add up there is no row
		return h, err
	}
	for column, n := range map[string]*int{"segments": &h.segments, "num_rows": &h.rows} {
		var e error
		*n, e = whole(rows, column)
		err = errors.Join(err, e)
	}
	return h, err
}

// end ends the ingestion and waits until all is handed off.
func (t *table) end(ctx context.Context) (h handedOff, err error) {
	if err := t.druid.EndIngest(ctx, t.name); err != nil {
		return h, err
	}
	t.reading = false
	err = t.await(ctx, t.name+" is handed off", func() (int, bool, error) {
		h, err = t.handedOff(ctx)
		if err == nil && h.rows > t.published() {
			err = t.wrongCount("has handed off", h.rows)
		}
		return h.rows, h.rows == t.published(), err
	})
	return h, err
}

// piece is the time that one query of verify looks at: a day's rows at once might take
// longer than a query may.
const piece = 5 * time.Minute

// verify compares each burst with what was published: the number of its rows, and the
// sum of their sequences, which a sale that is lost and another one that is duplicated change.
func (t *table) verify(ctx context.Context) error {
	type sums struct{ rows, sequences int }
	got := make(map[string]sums)
	for from := t.from.Truncate(piece); from.Before(t.to); from = from.Add(piece) {
		var rows []devenv.Row
		if err := t.await(ctx, "Druid answers", func() (_ int, _ bool, err error) {
			rows, err = t.druid.QueryWith(ctx, fmt.Sprintf(`
				SELECT SUBSTRING(transaction_id, 1, 12) AS burst, COUNT(*) AS n,
				SUM(CAST(SUBSTRING(transaction_id, 14) AS BIGINT)) AS sequences
				FROM "%s" WHERE __time >= MILLIS_TO_TIMESTAMP(%d) AND __time < MILLIS_TO_TIMESTAMP(%d) GROUP BY 1`,
				t.name, from.UnixMilli(), from.Add(piece).UnixMilli()), longest)
			return 0, err == nil, err
		}); err != nil {
			return err
		}
		for _, row := range rows {
			n, err := whole([]devenv.Row{row}, "n")
			sequences, err2 := whole([]devenv.Row{row}, "sequences")
			if err := errors.Join(err, err2); err != nil {
				return err
			}
			id := fmt.Sprint(row["burst"])
			got[id] = sums{got[id].rows + n, got[id].sequences + sequences}
		}
	}
	var differ []string
	for _, b := range t.taken {
		if want := (sums{b.sales, b.sales * (b.sales - 1) / 2}); got[b.id] != want {
			differ = append(differ, fmt.Sprintf("burst %s: %d rows whose sequences add up to %d, want %d and %d",
				b.id, got[b.id].rows, got[b.id].sequences, want.rows, want.sequences))
		}
		delete(got, b.id)
	}
	if len(differ) > 0 || len(got) > 0 {
		return &wrong{fmt.Sprintf("Druid does not hold what was published to %s: %s; bursts of nobody: %v", t.name,
			strings.Join(differ, "; "), got)}
	}
	n, err := t.count(ctx)
	if err == nil && n != t.published() {
		err = t.wrongCount("counts", n)
	}
	return err
}

// longest lets a query take as long as any may.
var longest = map[string]any{"timeout": 60_000}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
