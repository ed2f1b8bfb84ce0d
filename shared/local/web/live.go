package web

import (
	"context"
	"fmt"
	"sync"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/local/emulator"
	"salesburst/shared/question"
)

// Live answers what the dashboards' panels ask. It is safe for concurrent use, by as many
// readers as there are; its fields are set before the first one.
type Live struct {
	Source Source
	Topic  string // whose events are shown
	Clock  *emulator.Clock
	Pause  time.Duration // between two rounds of a reader, at least
	Fail   func(error)   // gets the errors of panels, which readers are not shown
	Notice func() string // what readers are told below the panels, if anything; may be nil
	End    time.Time     // of what is shown; zero: the present

	Currency string // of the amounts, in ISO 4217

	Incidents *emulator.Incidents // what goes wrong, which readers of a page are told; nil: none of it
	Truth     *Truth              // likewise

	cache cache

	mu          sync.Mutex
	done, total int // minutes of the history
}

// SetLoading tells readers how many minutes of the history are published, of how many.
func (l *Live) SetLoading(done, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done, l.total = done, total
}

func (l *Live) loading() *loading {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done >= l.total {
		return nil
	}
	return &loading{100 * l.done / l.total, fmt.Sprintf("Publishing the history: %d of %d minutes", l.done, l.total)}
}

// settle is the time that a burst takes from its slot's end until it is stored.
const settle = 2 * time.Second

// viewEnd is the end of what a dashboard shows. That of the sales is a slot ago, as a slot is
// published when it has passed: so there is always something new in the next second. The
// pipeline's is now, for it shows how late everything is.
func (l *Live) viewEnd(d dashboards.Dashboard) time.Time {
	if !l.End.IsZero() {
		return l.End
	}
	now := l.Clock.Now()
	if d.Delay > 0 {
		now = now.Add(-d.Delay - time.Duration(float64(settle)*l.Clock.Pace()))
	}
	return now.Truncate(time.Second)
}

// choice is what the panels are asked for at a moment.
func (l *Live) choice(ctx context.Context, v view) (question.Choice, error) {
	c := question.Choice{To: l.viewEnd(v.dashboard), Selected: v.selected, Table: l.Topic}
	c.From = c.To.Add(-v.length)
	if v.length > 0 {
		return c, nil
	}
	c.From = c.To.Add(-time.Hour)
	rows, err := l.always(ctx, question.Question{
		Measures: []question.Measure{{Name: "oldest", Kind: question.Min, Column: "__time"}},
	})
	if err != nil || len(rows) == 0 {
		return c, err
	}
	if text, ok := rows[0][0].(string); ok {
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.Before(c.To) {
			c.From = at.Truncate(time.Second)
		}
	}
	return c, nil
}

// values are what each variable of a dashboard can be.
func (l *Live) values(ctx context.Context, d dashboards.Dashboard) (map[string][]string, error) {
	all := make(map[string][]string)
	for _, v := range d.Variables {
		q := question.Question{Dimensions: []string{v.Column}, Order: v.Column, Limit: maxSelected}
		rows, err := l.always(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if text, ok := row[0].(string); ok && text != "" {
				all[v.Name] = append(all[v.Name], text)
			}
		}
	}
	return all, nil
}

// always asks about all that is kept.
func (l *Live) always(ctx context.Context, q question.Question) ([][]any, error) {
	q.Span = question.Always
	_, rows, err := l.Source.Ask(ctx, question.Asked{Question: q, Choice: question.Choice{Table: l.Topic}})
	return rows, err
}

// frame is what a panel shows.
func (l *Live) frame(
	ctx context.Context, d dashboards.Dashboard, p dashboards.Panel, c question.Choice,
) (f dashboards.Frame, err error) {
	columns, rows, err := l.cache.ask(ctx, l.Source, d.UID, p.Ask(c))
	if err == nil {
		f, err = dashboards.FrameOf(p, columns, rows)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", p.Title, err)
	}
	return f, nil
}
