// Package columnstore is the sales in memory, asked what Druid is asked.
//
// Every field of the event is a column with the name and the type that it has in Druid
// (druid-ec2/spec/supervisor.json). [Table.Ask] answers a panel's question: it groups the
// sales in one pass over the columns in Go (groups.go, worker.go), and SQLite makes the
// answer of a few thousand groups at most (grouped.go). [Table.Query] answers any SQL, with
// SQLite looking at each row (rows.go) and the functions that it lacks (functions.go).
//
// A million sales take about 110 MB.
package columnstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"salesburst/shared/question"
)

// Table holds sales. It is safe for concurrent use.
type Table struct {
	name  string
	now   func() time.Time
	db    *sql.DB
	conns chan *sql.Conn // idle ones

	mu      sync.RWMutex
	chunks  []*chunk
	strings [wordColumns]dictionary
	bursts  bursts
	least   [countColumns]int32
	most    [countColumns]int32
	oldest  int64 // milliseconds since 1970: what is older is forgotten
	groups  map[int64]*groups
	lastKey int64
}

// Names of the modules and tables in SQLite.
const (
	rowsModule   = "sales_rows"
	groupsModule = "sales_groups"
)

// Open makes an empty table that queries know by name. now is their CURRENT_TIMESTAMP.
func Open(name string, now func() time.Time) (_ *Table, err error) {
	t := &Table{name: name, now: now, groups: make(map[int64]*groups)}
	d := new(sqlite.Driver)
	for module, m := range map[string]*module{rowsModule: {t, openRows}, groupsModule: {t, openGroups}} {
		if err := d.RegisterModule(module, m); err != nil {
			return nil, fmt.Errorf("opening the table: %w", err)
		}
	}
	if err := registerFunctions(d); err != nil {
		return nil, fmt.Errorf("opening the table: %w", err)
	}
	t.db = sql.OpenDB(connector{d})
	defer func() {
		if err != nil {
			t.Close()
			err = fmt.Errorf("opening the table: %w", err)
		}
	}()
	n := max(2, runtime.GOMAXPROCS(0))
	t.conns = make(chan *sql.Conn, n)
	for range n {
		c, err := t.db.Conn(context.Background())
		if err != nil {
			return nil, err
		}
		t.conns <- c
		for table, module := range map[string]string{name: rowsModule, groupsModule: groupsModule} {
			create := "CREATE VIRTUAL TABLE " + question.QuoteName(table) + " USING " + module
			if _, err := c.ExecContext(context.Background(), create); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

type connector struct{ d *sqlite.Driver }

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.d.Open(":memory:") }
func (c connector) Driver() driver.Driver                        { return c.d }

// Close forgets the sales.
func (t *Table) Close() error { return t.db.Close() }

// Ask answers a question as Druid answers its SQL. The values are int64, float64, string
// (times too, as in 2026-11-24T10:00:00.000Z), bool or nil.
func (t *Table) Ask(ctx context.Context, a question.Asked) (columns []string, rows [][]any, err error) {
	return t.run(ctx, func() (query string, key int64) {
		g, err := newGrouping(t.snapshot(), a)
		if err != nil {
			return a.SQL(), 0
		}
		key = t.keep(g.run())
		names := a.Columns()
		for i, name := range names {
			names[i] = fmt.Sprintf("c%d AS %s", i, question.QuoteName(name))
		}
		const grouped = "WITH grouped AS (SELECT %s FROM %s WHERE key = %d)\n"
		return fmt.Sprintf(grouped, strings.Join(names, ", "), groupsModule, key) + a.Outer(), key
	})
}

// Query runs any SQL as Druid would. SQLite looks at every sale for it, about a million a
// second.
func (t *Table) Query(ctx context.Context, query string) (columns []string, rows [][]any, err error) {
	return t.run(ctx, func() (string, int64) { return query, 0 })
}

// run runs a query when there is a connection for it, which plan waits for too, and releases
// the groups that it has read.
func (t *Table) run(
	ctx context.Context, plan func() (query string, key int64),
) (columns []string, rows [][]any, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("asking the local table: %w", err)
		}
	}()
	var c *sql.Conn
	select {
	case c = <-t.conns:
		defer func() { t.conns <- c }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	query, key := plan()
	defer t.release(key)
	if query, err = t.translate(query); err != nil {
		return nil, nil, err
	}
	return read(ctx, c, query)
}

func read(ctx context.Context, c *sql.Conn, query string) (columns []string, out [][]any, err error) {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		line := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range line {
			into[i] = &line[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		out = append(out, line)
	}
	return columns, out, rows.Err()
}

// Len is how many sales there are.
func (t *Table) Len() (n int) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, c := range t.chunks {
		n += c.n
	}
	return n
}

// Oldest is the time of the oldest sale; ok is false where there is none.
func (t *Table) Oldest() (at time.Time, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var oldest int64
	for i, c := range t.chunks {
		if i == 0 || c.min < oldest {
			oldest = c.min
		}
	}
	return time.UnixMilli(max(oldest, t.oldest)).UTC(), len(t.chunks) > 0
}

// Forget drops the sales before a time.
func (t *Table) Forget(before time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.oldest = max(t.oldest, before.UnixMilli())
	kept := make([]*chunk, 0, len(t.chunks)) // readers may hold the old slice
	for _, c := range t.chunks {
		if c.max >= t.oldest {
			kept = append(kept, c)
		}
	}
	t.chunks = kept
}
