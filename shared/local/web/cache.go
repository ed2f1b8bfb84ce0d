package web

import (
	"context"
	"sync"
	"time"

	"salesburst/shared/question"
)

// Source answers questions: the table of this process, or Druid. Values are as in
// Druid's JSON.
type Source interface {
	Ask(ctx context.Context, a question.Asked) (columns []string, rows [][]any, err error)
}

// cache has the answers to what readers of a dashboard ask in one second, who share them.
type cache struct {
	mu      sync.Mutex
	seconds map[string]*second // the latest, by the dashboard's UID
}

type second struct {
	at      time.Time
	answers map[string]*answer // by query
}

// answer is a query's, which the first who needs it asks for.
type answer struct {
	once    sync.Once
	columns []string
	rows    [][]any
	err     error
}

func (c *cache) ask(
	ctx context.Context, s Source, dashboard string, asked question.Asked,
) (columns []string, rows [][]any, err error) {
	a := c.find(dashboard, asked.To, asked.SQL())
	a.once.Do(func() {
		// Another reader may wait for it who stays longer than this one.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		a.columns, a.rows, a.err = s.Ask(ctx, asked)
	})
	return a.columns, a.rows, a.err
}

func (c *cache) find(dashboard string, at time.Time, sql string) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seconds == nil {
		c.seconds = make(map[string]*second)
	}
	s := c.seconds[dashboard]
	if s == nil || at.After(s.at) {
		s = &second{at, make(map[string]*answer)}
		c.seconds[dashboard] = s
	}
	a := s.answers[sql]
	if a == nil {
		a = new(answer)
		s.answers[sql] = a
	}
	return a
}
