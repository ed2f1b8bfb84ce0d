package local

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"salesburst/shared/sale"
)

// schema: one row per event, and sums, so that the page reads about as much in a spike
// of a million as in a quiet minute. Money is in whole cents.
const schema = `
CREATE TABLE sales (
	at       INTEGER NOT NULL, -- milliseconds since 1970
	id       TEXT    NOT NULL, -- transaction_id
	product  TEXT    NOT NULL,
	brand    TEXT    NOT NULL,
	city     TEXT    NOT NULL,
	state    TEXT    NOT NULL,
	channel  TEXT    NOT NULL, -- order_type
	status   TEXT    NOT NULL,
	reason   TEXT    NOT NULL, -- failure_reason
	scenario TEXT    NOT NULL,
	quantity INTEGER NOT NULL,
	amount   INTEGER NOT NULL  -- total_amount
);
CREATE INDEX sales_at ON sales (at);
CREATE TABLE minutes (
	at        INTEGER PRIMARY KEY, -- of the minute's begin
	completed INTEGER NOT NULL,
	failed    INTEGER NOT NULL
);
CREATE TABLE seconds ( -- only those that the page still looks back on
	kind      TEXT    NOT NULL, -- all, brand, city or reason
	at        INTEGER NOT NULL, -- of the second's begin
	name      TEXT    NOT NULL, -- of the brand, the city, the reason
	completed INTEGER NOT NULL,
	failed    INTEGER NOT NULL,
	revenue   INTEGER NOT NULL, -- of the completed ones
	PRIMARY KEY (kind, at, name)
) WITHOUT ROWID;`

const rowsPerInsert = 64

var (
	insertOne  = insertSales(1)
	insertMany = insertSales(rowsPerInsert)
)

const saleColumns = 12

func insertSales(rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", saleColumns), ",") + ")"
	return "INSERT INTO sales VALUES " + strings.TrimSuffix(strings.Repeat(one+",", rows), ",")
}

const (
	insertMinute = `INSERT INTO minutes VALUES (?, ?, ?)
	ON CONFLICT DO UPDATE SET completed = completed + excluded.completed, failed = failed + excluded.failed`
	insertSecond = `INSERT INTO seconds VALUES (?, ?, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET completed = completed + excluded.completed, failed = failed + excluded.failed, revenue = revenue + excluded.revenue`
)

// store keeps the sales that came back in SQLite. One goroutine may add while others
// read.
type store struct {
	dir   string
	write *sql.DB // one connection
	read  *sql.DB
	one   *sql.Stmt
	many  *sql.Stmt
	args  []any

	minute, second *sql.Stmt
}

// openStore makes an empty store in a new folder below the system's temporary one.
// Close removes it: what is worth keeping is in Kafka.
func openStore() (_ *store, err error) {
	dir, err := os.MkdirTemp("", "salesburst-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the sales: %w", err)
	}
	s := &store{dir: dir, args: make([]any, 0, saleColumns*rowsPerInsert)}
	defer func() {
		if err != nil {
			s.Close()
			err = fmt.Errorf("opening the store of the sales: %w", err)
		}
	}()
	// Nothing outlives the process, so nothing waits for the disk.
	name := "file:" + filepath.ToSlash(filepath.Join(dir, "sales.db")) +
		"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=temp_store(memory)&_pragma=cache_size(-32768)&_pragma=busy_timeout(5000)"
	if s.write, err = sql.Open("sqlite", name); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if _, err = s.write.Exec(schema); err != nil {
		return nil, err
	}
	for query, stmt := range map[string]**sql.Stmt{insertOne: &s.one, insertMany: &s.many, insertMinute: &s.minute, insertSecond: &s.second} {
		if *stmt, err = s.write.Prepare(query); err != nil {
			return nil, err
		}
	}
	s.read, err = sql.Open("sqlite", name+"&_pragma=query_only(true)")
	return s, err
}

// Close forgets the sales.
func (s *store) Close() error {
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			db.Close()
		}
	}
	return os.RemoveAll(s.dir)
}

// Add stores rows in one transaction. Sums per second are made from since on.
func (s *store) Add(ctx context.Context, rows []row, since time.Time) (err error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("storing %d sales: %w", len(rows), err)
	}
	defer func() {
		if err != nil {
			tx.Rollback()
			err = fmt.Errorf("storing %d sales: %w", len(rows), err)
		}
	}()
	if err = s.addSales(tx, rows); err != nil {
		return err
	}
	minute, second := tx.Stmt(s.minute), tx.Stmt(s.second)
	minutes, seconds := sums(rows, since)
	for at, c := range minutes {
		if _, err = minute.Exec(at, c.completed, c.failed); err != nil {
			return err
		}
	}
	for k, c := range seconds {
		if _, err = second.Exec(k.kind, k.at, k.name, c.completed, c.failed, int64(c.revenue)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *store) addSales(tx *sql.Tx, rows []row) error {
	many, one := tx.Stmt(s.many), tx.Stmt(s.one)
	for ; len(rows) >= rowsPerInsert; rows = rows[rowsPerInsert:] {
		s.args = s.args[:0]
		for i := range rows[:rowsPerInsert] {
			s.args = rows[i].appendTo(s.args)
		}
		if _, err := many.Exec(s.args...); err != nil {
			return err
		}
	}
	for i := range rows {
		if _, err := one.Exec(rows[i].appendTo(s.args[:0])...); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) appendTo(args []any) []any {
	return append(args, r.At, r.ID.String(), r.Product, r.Brand, r.City, r.State, r.Channel, r.Status, r.Reason,
		r.Scenario, r.Quantity, int64(r.Amount))
}

// Kinds of sums per second.
const (
	kindAll    = "all"
	kindBrand  = "brand"
	kindCity   = "city"
	kindReason = "reason"
)

type (
	secondKey struct {
		kind, name string
		at         int64
	}
	count struct {
		completed, failed int64
		revenue           sale.Cents
	}
)

// sums adds rows up, those per second from since on.
func sums(rows []row, since time.Time) (minutes map[int64]count, seconds map[secondKey]count) {
	minutes, seconds = make(map[int64]count), make(map[secondKey]count)
	from, completed := since.UnixMilli(), sale.Completed.String()
	for i := range rows {
		r := &rows[i]
		one := count{failed: 1}
		if r.Status == completed {
			one = count{completed: 1, revenue: r.Amount}
		}
		add(minutes, begin(r.At, time.Minute), one)
		if r.At < from {
			continue
		}
		at := begin(r.At, time.Second)
		add(seconds, secondKey{kindAll, "", at}, one)
		if one.failed > 0 {
			add(seconds, secondKey{kindReason, r.why(), at}, one)
			continue
		}
		add(seconds, secondKey{kindBrand, r.Brand, at}, one)
		add(seconds, secondKey{kindCity, r.where(), at}, one)
	}
	return minutes, seconds
}

func add[K comparable](sums map[K]count, key K, c count) {
	sum := sums[key]
	sums[key] = count{sum.completed + c.completed, sum.failed + c.failed, sum.revenue + c.revenue}
}

// begin cuts at, in milliseconds, down to a multiple of d.
func begin(at int64, d time.Duration) int64 { return at - at%d.Milliseconds() }

func (r *row) where() string {
	if r.State == "" {
		return r.City
	}
	return r.City + ", " + r.State
}

func (r *row) why() string {
	if r.Reason == "" {
		return r.Status
	}
	return r.Reason
}

// Forget drops what is older than the given times.
func (s *store) Forget(ctx context.Context, sales, seconds time.Time) error {
	for query, before := range map[string]time.Time{
		"DELETE FROM sales WHERE at < ?":   sales,
		"DELETE FROM minutes WHERE at < ?": sales,
		"DELETE FROM seconds WHERE at < ?": seconds,
	} {
		if _, err := s.write.ExecContext(ctx, query, before.UnixMilli()); err != nil {
			return fmt.Errorf("forgetting old sales: %w", err)
		}
	}
	return nil
}
