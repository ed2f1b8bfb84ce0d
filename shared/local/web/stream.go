package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/local/render"
	"salesburst/shared/question"
)

// stream is the way to one reader.
type stream struct {
	live *Live
	view view
	w    http.ResponseWriter
	out  *http.ResponseController
	sent map[string]panelBody
	told time.Time // when what the variables can be was sent last

	planned panelBody // the incidents that were sent last
}

// events streams a dashboard's updates as server-sent events. The query says what the
// reader has chosen; see readView.
func events(l *Live, d dashboards.Dashboard) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := readView(d, r.URL.Query())
		if err != nil {
			writeError(w, http.StatusBadRequest, "InvalidView", err.Error())
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		s := &stream{live: l, view: v, w: w, out: http.NewResponseController(w), sent: make(map[string]panelBody)}
		s.run(r.Context())
	}
}

// run keeps the reader up to date until ctx ends.
func (s *stream) run(ctx context.Context) {
	for ctx.Err() == nil {
		start := time.Now()
		if err := s.round(ctx, start); errors.Is(err, errGone) {
			return
		} else if err != nil && ctx.Err() == nil {
			s.live.Fail(err)
		}
		// A second after the beginning, and at the same place in it. Where a round takes
		// long, for there are millions of sales, the machine is left its air.
		next := time.Until(time.Now().Truncate(time.Second).Add(time.Second))
		select {
		case <-ctx.Done():
		case <-time.After(max(next, s.live.Pause, 2*time.Since(start))):
		}
	}
}

// valuesEvery is how often a reader is told what the variables can be.
const valuesEvery = 10 * time.Second

// round brings the reader up to date, one row of panels after the other.
func (s *stream) round(ctx context.Context, start time.Time) error {
	c, err := s.live.choice(ctx, s.view)
	if err != nil {
		return err
	}
	if err := s.send(update{Head: s.head(c), Incidents: s.incidents()}); err != nil {
		return err
	}
	d := s.view.dashboard
	for i, row := range d.Rows {
		if err := s.send(update{Panels: s.changed(s.draw(ctx, c, row.Panels))}); err != nil {
			return err
		}
		if i == 0 && start.Sub(s.told) > valuesEvery {
			s.told = start
			values, err := s.live.values(ctx, d)
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

// incidents are those that are planned, where the reader has others.
func (s *stream) incidents() *panelBody {
	if s.live.Incidents == nil {
		return nil
	}
	now := s.live.planned()
	if now == s.planned {
		return nil
	}
	s.planned = now
	return &now
}

func (s *stream) head(c question.Choice) *head {
	h := &head{Time: c.To.Format("15:04:05"), Date: c.To.Format("Monday, 2 January 2006"), Mode: "live",
		Range: c.From.Format("2 Jan 15:04:05") + " to " + c.To.Format("15:04:05"), Loading: s.live.loading()}
	if s.live.Notice != nil {
		h.Notice = s.live.Notice()
	}
	if pace := s.live.Clock.Pace(); pace > 1 {
		h.Mode = "replay ×" + strconv.FormatFloat(pace, 'g', -1, 64)
	}
	return h
}

// panelsAtOnce is how many panels of a reader are asked for at the same time.
const panelsAtOnce = 2

// draw draws panels, in any order.
func (s *stream) draw(ctx context.Context, c question.Choice, panels []dashboards.Panel) map[string]panelBody {
	var mu sync.Mutex
	out := make(map[string]panelBody)
	var wg sync.WaitGroup
	free := make(chan struct{}, panelsAtOnce)
	for _, p := range panels {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			b := s.body(ctx, c, p)
			mu.Lock()
			defer mu.Unlock()
			out[strconv.Itoa(p.ID)] = b
		})
	}
	wg.Wait()
	return out
}

func (s *stream) body(ctx context.Context, c question.Choice, p dashboards.Panel) (b panelBody) {
	f, err := s.live.frame(ctx, s.view.dashboard, p, c)
	if err != nil {
		if ctx.Err() == nil {
			s.live.Fail(err)
		}
		return panelBody{`<p class="none">cannot be drawn now</p>`, p.Title + ": cannot be drawn now"}
	}
	place, ok := s.view.sizes[p.ID]
	if !ok {
		place = size{600, p.Height * render.UnitHeight}
	}
	b.HTML, b.Label = render.Body(p, f, c.From, c.To, place.width, place.height)
	return b
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

// errGone is a reader who has left.
var errGone = errors.New("the reader has left")

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
	if s.out.Flush() != nil {
		return errGone
	}
	return nil
}
