package local

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"salesburst/shared/sale"
)

// What the page looks back on.
const (
	recent     = 15 * time.Minute // the headline figures, brands, cities, failures
	closeUp    = 3 * time.Minute  // revenue per second
	listed     = 12               // latest sales
	topBrands  = 8
	topCities  = 8
	topReasons = 8
	maxPoints  = 360 // of the chart of orders per minute
)

// view is what the page shows at one moment: the sales before Edge.
type view struct {
	Edge time.Time // exclusive, a whole second

	Headline headline      // over recent
	Seconds  []sale.Cents  // revenue of each second of closeUp, up to Edge
	Minutes  []minutePoint // of the history, oldest first, up to the last whole minute
	Brands   []ranked      // by revenue
	Cities   []ranked      // by revenue
	Reasons  []ranked      // by failed transactions
	Latest   []latestSale  // newest first
}

type headline struct {
	Revenue   sale.Cents // of completed sales
	Completed int64
	Failed    int64
	LastTen   int64 // events of the last ten seconds
}

// Average is the mean amount of a completed order, to the cent below.
func (h headline) Average() sale.Cents {
	if h.Completed == 0 {
		return 0
	}
	return h.Revenue / sale.Cents(h.Completed)
}

// minutePoint is the mean of Span minutes.
type minutePoint struct {
	At        time.Time // begin
	Completed float64   // per minute
	Failed    float64   // per minute
}

type ranked struct {
	Name    string
	Revenue sale.Cents
	Count   int64
}

type latestSale struct {
	At       time.Time
	ID       string
	Product  string
	City     string
	State    string
	Channel  string
	Status   string
	Reason   string
	Scenario string
	Quantity int64
	Amount   sale.Cents
}

const (
	queryHeadline = `
SELECT COALESCE(SUM(revenue), 0), COALESCE(SUM(completed), 0), COALESCE(SUM(failed), 0),
       COALESCE(SUM(completed + failed) FILTER (WHERE at >= ?), 0)
FROM seconds WHERE kind = 'all' AND at >= ? AND at < ?`

	querySeconds = `
SELECT (at - ?1) / 1000, revenue
FROM seconds WHERE kind = 'all' AND at >= ?1 AND at < ?2`

	queryMinutes = `
SELECT (at - ?1) / ?3, SUM(completed), SUM(failed)
FROM minutes WHERE at >= ?1 AND at < ?2
GROUP BY 1`

	queryByRevenue = `
SELECT name, SUM(revenue), SUM(completed)
FROM seconds WHERE kind = ? AND at >= ? AND at < ?
GROUP BY name ORDER BY 2 DESC, 1 LIMIT ?`

	queryByFailures = `
SELECT name, 0, SUM(failed)
FROM seconds WHERE kind = ? AND at >= ? AND at < ?
GROUP BY name ORDER BY 3 DESC, 1 LIMIT ?`

	queryLatest = `
SELECT at, id, product, city, state, channel, status, reason, scenario, quantity, amount
FROM sales WHERE at < ? ORDER BY at DESC, id DESC LIMIT ?`
)

// View reads all that the page shows, consistently, of the sales before edge; the
// orders per minute go back by history.
func (s *store) View(ctx context.Context, edge time.Time, history time.Duration) (v view, err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return v, fmt.Errorf("reading the sales: %w", err)
	}
	defer tx.Rollback()
	edge = edge.Truncate(time.Second)
	v.Edge = edge
	for _, read := range []func(context.Context, *sql.Tx, *view) error{
		readHeadline, readSeconds,
		func(ctx context.Context, tx *sql.Tx, v *view) error { return readMinutes(ctx, tx, v, history) },
		rank(queryByRevenue, kindBrand, topBrands, func(v *view) *[]ranked { return &v.Brands }),
		rank(queryByRevenue, kindCity, topCities, func(v *view) *[]ranked { return &v.Cities }),
		rank(queryByFailures, kindReason, topReasons, func(v *view) *[]ranked { return &v.Reasons }),
		readLatest,
	} {
		if err := read(ctx, tx, &v); err != nil {
			return v, fmt.Errorf("reading the sales: %w", err)
		}
	}
	return v, nil
}

func readHeadline(ctx context.Context, tx *sql.Tx, v *view) error {
	h := &v.Headline
	return tx.QueryRowContext(ctx, queryHeadline, v.Edge.Add(-10*time.Second).UnixMilli(), v.Edge.Add(-recent).UnixMilli(), v.Edge.UnixMilli()).
		Scan(&h.Revenue, &h.Completed, &h.Failed, &h.LastTen)
}

func readSeconds(ctx context.Context, tx *sql.Tx, v *view) error {
	v.Seconds = make([]sale.Cents, closeUp/time.Second)
	var second int
	var revenue sale.Cents
	return each(ctx, tx, querySeconds, []any{v.Edge.Add(-closeUp).UnixMilli(), v.Edge.UnixMilli()}, []any{&second, &revenue}, func() {
		v.Seconds[second] = revenue
	})
}

// readMinutes joins so many minutes in a point that there are at most maxPoints.
func readMinutes(ctx context.Context, tx *sql.Tx, v *view, history time.Duration) error {
	const minute = time.Minute
	to := v.Edge.Truncate(minute)
	span := (history + maxPoints*minute - 1) / (maxPoints * minute) * minute
	points := history / span
	from := to.Add(-points * span)
	v.Minutes = make([]minutePoint, points)
	for i := range v.Minutes {
		v.Minutes[i].At = from.Add(time.Duration(i) * span)
	}
	var i int
	var completed, failed float64
	perMinute := float64(span / minute)
	first := len(v.Minutes) // with sales: the chart begins there
	err := each(ctx, tx, queryMinutes, []any{from.UnixMilli(), to.UnixMilli(), span.Milliseconds()}, []any{&i, &completed, &failed}, func() {
		v.Minutes[i].Completed = completed / perMinute
		v.Minutes[i].Failed = failed / perMinute
		first = min(first, i)
	})
	v.Minutes = v.Minutes[first:]
	return err
}

func rank(query, kind string, most int, into func(*view) *[]ranked) func(context.Context, *sql.Tx, *view) error {
	return func(ctx context.Context, tx *sql.Tx, v *view) error {
		var r ranked
		list := into(v)
		return each(ctx, tx, query, []any{kind, v.Edge.Add(-recent).UnixMilli(), v.Edge.UnixMilli(), most}, []any{&r.Name, &r.Revenue, &r.Count}, func() {
			*list = append(*list, r)
		})
	}
}

func readLatest(ctx context.Context, tx *sql.Tx, v *view) error {
	var l latestSale
	var at int64
	dest := []any{&at, &l.ID, &l.Product, &l.City, &l.State, &l.Channel, &l.Status, &l.Reason, &l.Scenario, &l.Quantity, &l.Amount}
	return each(ctx, tx, queryLatest, []any{v.Edge.UnixMilli(), listed}, dest, func() {
		l.At = time.UnixMilli(at).UTC()
		v.Latest = append(v.Latest, l)
	})
}

// each calls do for every row of the query, after it was scanned into dest.
func each(ctx context.Context, tx *sql.Tx, query string, args, dest []any, do func()) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		do()
	}
	return rows.Err()
}
