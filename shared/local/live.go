package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/local/render"
	"salesburst/shared/question"
)

// source answers questions: the table of this process, or Druid.
type source interface {
	Ask(ctx context.Context, a question.Asked) (columns []string, rows [][]any, err error)
}

// live draws the dashboards for the readers of the page.
type live struct {
	source source
	topic  string
	clock  *clock
	least  time.Duration // between two rounds
	fail   func(error)   // is told of errors
	end    time.Time     // of what is shown; zero: the present

	mu      sync.Mutex
	loading progress
	caches  map[string]*queryCache // by the dashboard's UID
}

// queryCache is the answers to what readers of a dashboard ask in one second, who share them.
type queryCache struct {
	at      time.Time
	answers map[string]*answer // by query
}

// progress of the history.
type progress struct{ Done, Total int }

func newLive(s source, topic string, c *clock, least time.Duration, fail func(error)) *live {
	return &live{source: s, topic: topic, clock: c, least: least, fail: fail, caches: make(map[string]*queryCache)}
}

func (l *live) setLoading(p progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loading = p
}

// settle is the time that a burst takes from its slot's end until it is stored.
const settle = 2 * time.Second

// viewEnd is the end of what a dashboard shows. That of the sales is a slot ago, as a slot is
// published when it has passed: so there is always something new in the next second. The
// pipeline's is now, for it shows how late everything is.
func (l *live) viewEnd(d dashboards.Dashboard) time.Time {
	if !l.end.IsZero() {
		return l.end
	}
	now := l.clock.Now()
	if d.Delay > 0 {
		now = now.Add(-d.Delay - time.Duration(float64(settle)*l.clock.pace()))
	}
	return now.Truncate(time.Second)
}

// Range is a time range that can be chosen.
type Range struct {
	Name, Label string
	Length      time.Duration // 0: everything
}

func ranges() []Range {
	return []Range{
		{"5m", "last 5 minutes", 5 * time.Minute}, {"15m", "last 15 minutes", 15 * time.Minute}, {"1h", "last hour", time.Hour},
		{"6h", "last 6 hours", 6 * time.Hour}, {"all", "everything", 0},
	}
}

// view is what one reader looks at.
type view struct {
	dashboard dashboards.Dashboard
	length    time.Duration // of the time range; 0: everything
	selected  map[string][]string
	sizes     map[int]size // of the panels' places, in CSS pixels
}

type size struct{ width, height int }

// Limits of what a reader may ask for.
const (
	minSide, maxSide = 80, 4000
	maxSelected      = 500
	maxValue         = 200 // letters
)

// readView reads what a reader has chosen from a URL's query.
func readView(d dashboards.Dashboard, query url.Values) (view, error) {
	v := view{dashboard: d, length: d.Lookback, selected: make(map[string][]string), sizes: make(map[int]size)}
	if name := query.Get("range"); name != "" {
		i := slices.IndexFunc(ranges(), func(r Range) bool { return r.Name == name })
		if i < 0 {
			return v, fmt.Errorf("range %q is not one of 5m, 15m, 1h, 6h, all", name)
		}
		v.length = ranges()[i].Length
	}
	for _, variable := range d.Variables {
		values := query[variable.Name]
		if len(values) > maxSelected || slices.ContainsFunc(values, func(s string) bool { return len(s) > maxValue }) {
			return v, fmt.Errorf("%s: that is too much", variable.Name)
		}
		v.selected[variable.Name] = values
	}
	for _, text := range query["size"] {
		var id int
		var s size
		if n, err := fmt.Sscanf(text, "%d:%dx%d", &id, &s.width, &s.height); n != 3 || err != nil {
			return v, fmt.Errorf("size %q is not panel:widthxheight", text)
		}
		v.sizes[id] = size{min(max(s.width, minSide), maxSide), min(max(s.height, minSide), maxSide)}
	}
	return v, nil
}

// choice is what the panels are asked for at a moment.
func (l *live) choice(ctx context.Context, v view) (question.Choice, error) {
	c := question.Choice{To: l.viewEnd(v.dashboard), Selected: v.selected, Table: l.topic}
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

// always asks about all that is kept.
func (l *live) always(ctx context.Context, q question.Question) ([][]any, error) {
	q.Span = question.Always
	_, rows, err := l.source.Ask(ctx, question.Asked{Question: q, Choice: question.Choice{Table: l.topic}})
	return rows, err
}

// answer is a query's, which the first who needs it asks for.
type answer struct {
	once    sync.Once
	columns []string
	rows    [][]any
	err     error
}

func (l *live) ask(
	ctx context.Context, d dashboards.Dashboard, p dashboards.Panel, c question.Choice,
) (dashboards.Frame, error) {
	asked := p.Ask(c)
	sql := asked.SQL()
	l.mu.Lock()
	m := l.caches[d.UID]
	if m == nil || c.To.After(m.at) {
		m = &queryCache{c.To, make(map[string]*answer)}
		l.caches[d.UID] = m
	}
	a := m.answers[sql]
	if a == nil {
		a = new(answer)
		m.answers[sql] = a
	}
	l.mu.Unlock()
	a.once.Do(func() {
		// Another reader may wait for it who stays longer than this one.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		a.columns, a.rows, a.err = l.source.Ask(ctx, asked)
	})
	if a.err != nil {
		return dashboards.Frame{}, fmt.Errorf("%s: %w", p.Title, a.err)
	}
	f, err := dashboards.FrameOf(p, a.columns, a.rows)
	if err != nil {
		return f, fmt.Errorf("%s: %w", p.Title, err)
	}
	return f, nil
}

// update is what the page gets: the head, or panels that changed. All texts are ready to
// be shown.
type update struct {
	Head   *head                `json:"head,omitempty"`
	Panels map[string]panelBody `json:"panels,omitempty"` // by id
	Values map[string][]string  `json:"values,omitempty"` // that each variable can have
}

type head struct {
	Time    string   `json:"time"` // of the edge, UTC
	Date    string   `json:"date"`
	Mode    string   `json:"mode"`
	Range   string   `json:"range"` // from when to when
	Loading *loading `json:"loading,omitempty"`
}

type loading struct {
	Percent int    `json:"percent"`
	Text    string `json:"text"`
}

type panelBody struct {
	HTML  string `json:"html"`
	Label string `json:"label"`
}

func (l *live) head(q question.Choice) *head {
	h := &head{Time: q.To.Format("15:04:05"), Date: q.To.Format("Monday, 2 January 2006"), Mode: "live",
		Range: q.From.Format("2 Jan 15:04:05") + " to " + q.To.Format("15:04:05")}
	if pace := l.clock.pace(); pace > 1 {
		h.Mode = "replay ×" + strconv.FormatFloat(pace, 'g', -1, 64)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loading.Done < l.loading.Total {
		h.Loading = &loading{100 * l.loading.Done / l.loading.Total, fmt.Sprintf("Publishing the history: %d of %d minutes", l.loading.Done, l.loading.Total)}
	}
	return h
}

// panelsAtOnce is how many panels of a reader are asked for at the same time.
const panelsAtOnce = 2

// bodies draws panels, in any order.
func (l *live) bodies(ctx context.Context, v view, q question.Choice, panels []dashboards.Panel) map[string]panelBody {
	var mu sync.Mutex
	out := make(map[string]panelBody)
	var wg sync.WaitGroup
	free := make(chan struct{}, panelsAtOnce)
	for _, p := range panels {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			var b panelBody
			f, err := l.ask(ctx, v.dashboard, p, q)
			if err != nil {
				b = panelBody{`<p class="none">cannot be drawn now</p>`, p.Title + ": cannot be drawn now"}
				if ctx.Err() == nil {
					l.fail(err)
				}
			} else {
				s, ok := v.sizes[p.ID]
				if !ok {
					s = size{600, p.Height * render.UnitHeight}
				}
				b.HTML, b.Label = render.Body(p, f, q.From, q.To, s.width, s.height)
			}
			mu.Lock()
			defer mu.Unlock()
			out[strconv.Itoa(p.ID)] = b
		})
	}
	wg.Wait()
	return out
}

// valuesEvery is how often a reader is told what the variables can be.
const valuesEvery = 10 * time.Second

func (l *live) values(ctx context.Context, d dashboards.Dashboard) (map[string][]string, error) {
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

// serve streams a dashboard's updates as server-sent events. The query says what the
// reader has chosen; see readView.
func (l *live) serve(d dashboards.Dashboard) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := readView(d, r.URL.Query())
		if err != nil {
			writeError(w, http.StatusBadRequest, "InvalidView", err.Error())
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		s := &stream{w: w, out: http.NewResponseController(w), sent: make(map[string]panelBody)}
		var told time.Time
		for r.Context().Err() == nil {
			start := time.Now()
			if err := l.round(r.Context(), v, s, start.Sub(told) > valuesEvery); errors.Is(err, errGone) {
				return
			} else if err != nil && r.Context().Err() == nil {
				l.fail(err)
			}
			if start.Sub(told) > valuesEvery {
				told = start
			}
			// A second after the beginning, and at the same place in it. Where a round takes
			// long, for there are millions of sales, the machine is left its air.
			wait := max(time.Until(time.Now().Truncate(time.Second).Add(time.Second)), l.least, 2*time.Since(start))
			select {
			case <-r.Context().Done():
			case <-time.After(wait):
			}
		}
	}
}

// round brings a reader up to date, one row of panels after the other.
func (l *live) round(ctx context.Context, v view, s *stream, withValues bool) error {
	q, err := l.choice(ctx, v)
	if err != nil {
		return err
	}
	if err := s.send(update{Head: l.head(q)}); err != nil {
		return err
	}
	for i, row := range v.dashboard.Rows {
		if err := s.send(update{Panels: s.changed(l.bodies(ctx, v, q, row.Panels))}); err != nil {
			return err
		}
		if i == 0 && withValues && len(v.dashboard.Variables) > 0 {
			values, err := l.values(ctx, v.dashboard)
			if err != nil {
				return err
			}
			if err := s.send(update{Values: values}); err != nil {
				return err
			}
		}
	}
	return nil
}

// errGone is a reader who has left.
var errGone = errors.New("the reader has left")

// stream is the way to one reader.
type stream struct {
	w    http.ResponseWriter
	out  *http.ResponseController
	sent map[string]panelBody
}

// changed leaves what the reader does not have yet.
func (s *stream) changed(bodies map[string]panelBody) map[string]panelBody {
	for id, b := range bodies {
		if before, was := s.sent[id]; was && before == b {
			delete(bodies, id)
			continue
		}
		s.sent[id] = b
	}
	return bodies
}

func (s *stream) send(u update) error {
	if u.Head == nil && len(u.Panels) == 0 && len(u.Values) == 0 {
		return nil
	}
	text, err := json.Marshal(u)
	if err != nil {
		panic(err) // an update always has a JSON form
	}
	if _, err := fmt.Fprintf(s.w, "data: %s\n\n", text); err != nil {
		return errGone
	}
	if err := s.out.Flush(); err != nil {
		return errGone
	}
	return nil
}
