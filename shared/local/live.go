package local

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"salesburst/shared/sale"
	"salesburst/shared/spec"
)

// live is what the readers of the page look at: one view a second for all of them,
// taken only while there are any.
type live struct {
	store   *store
	clock   *clock
	history time.Duration // of the chart of orders
	began   time.Time     // of the first slot that is published
	charts  []chart
	fail    func(error) // is told of errors

	mu      sync.Mutex
	readers int
	woken   chan struct{} // has a value when the first reader comes
	frame   *frame
	changed chan struct{} // closed, and made anew, when frame changes
	loading progress
}

// progress of the history.
type progress struct{ Done, Total int }

func newLive(s *store, c *clock, history time.Duration, fail func(error)) *live {
	return &live{
		store: s, clock: c, history: max(history, time.Hour), began: c.Now(), charts: allCharts(), fail: fail,
		woken: make(chan struct{}, 1), changed: make(chan struct{}),
	}
}

func (l *live) setLoading(p progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loading = p
}

// settle is the time that a burst takes from its slot's end until it is stored.
const settle = 2 * time.Second

// edge is the time up to which the page shows sales: a slot ago, as a slot is
// published when it has passed. So there is always something new in the next second.
func (l *live) edge() time.Time {
	return l.clock.Now().Add(-spec.Slot - time.Duration(float64(settle)*l.clock.pace())).Truncate(time.Second)
}

// since is the begin of what the page looks back on in seconds.
func (l *live) since() time.Time { return l.edge().Add(-recent - 2*time.Minute) }

// run takes the views until ctx ends. Where a view takes long, for there are millions
// of sales, they are taken less often and leave the machine its air.
func (l *live) run(ctx context.Context) {
	wait := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.woken:
		case <-time.After(wait):
		}
		l.mu.Lock()
		readers, loading := l.readers, l.loading
		l.mu.Unlock()
		start := time.Now()
		if readers > 0 {
			v, err := l.store.View(ctx, l.edge(), l.history)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				l.fail(err)
			default:
				l.publish(&frame{view: v, loading: loading, pace: l.clock.pace(), began: l.began, charts: l.charts})
			}
		}
		took := time.Since(start)
		// A second after the beginning, and at the same place in it.
		wait = max(time.Until(time.Now().Truncate(time.Second).Add(time.Second)), 3*took)
	}
}

func (l *live) publish(f *frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frame = f
	close(l.changed)
	l.changed = make(chan struct{})
}

// next returns the first frame after the given one.
func (l *live) next(ctx context.Context, after *frame) *frame {
	for {
		l.mu.Lock()
		f, changed := l.frame, l.changed
		l.mu.Unlock()
		if f != nil && f != after {
			return f
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *live) join() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers++
	if l.readers == 1 {
		l.frame = nil // it is old
	}
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

func (l *live) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers--
}

// frame is a view, and its drawings in the widths that were asked for.
type frame struct {
	view    view
	loading progress
	pace    float64
	began   time.Time
	charts  []chart

	mu       sync.Mutex
	drawings map[drawingKey][]byte
}

type drawingKey struct {
	name  string
	width int
}

func (f *frame) drawing(c chart, width int) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := drawingKey{c.name, width}
	if svg, ok := f.drawings[key]; ok {
		return svg, nil
	}
	svg, err := c.draw(&f.view, width)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.name, err)
	}
	if f.drawings == nil {
		f.drawings = make(map[drawingKey][]byte)
	}
	f.drawings[key] = svg
	return svg, nil
}

// update is a frame as the page gets it, all texts ready to be shown.
type update struct {
	Time    string             `json:"time"` // of the edge, UTC
	Date    string             `json:"date"`
	Mode    string             `json:"mode"`
	Loading *loading           `json:"loading,omitempty"`
	Empty   string             `json:"empty,omitempty"` // what to say where there are no sales yet
	Figures map[string]string  `json:"figures"`
	Charts  map[string]drawing `json:"charts"` // those that changed
	Latest  []saleText         `json:"latest"`
}

type loading struct {
	Percent int    `json:"percent"`
	Text    string `json:"text"`
}

type drawing struct {
	SVG   string `json:"svg"`
	Label string `json:"label"`
}

type saleText struct {
	ID       string `json:"id"`
	Time     string `json:"time"`
	Product  string `json:"product"`
	Place    string `json:"place"`
	Channel  string `json:"channel"`
	Amount   string `json:"amount"`
	Outcome  string `json:"outcome"`
	OK       bool   `json:"ok"`
	Scenario string `json:"scenario,omitempty"`
}

func (f *frame) update() update {
	v := &f.view
	u := update{
		Time:    v.Edge.Format("15:04:05"),
		Date:    v.Edge.Format("Monday, 2 January 2006"),
		Mode:    "live",
		Figures: figures(v),
		Charts:  make(map[string]drawing),
		Latest:  make([]saleText, 0, len(v.Latest)),
	}
	if f.pace > 1 {
		u.Mode = "replay ×" + strconv.FormatFloat(f.pace, 'g', -1, 64)
	}
	if f.loading.Done < f.loading.Total {
		u.Loading = &loading{100 * f.loading.Done / f.loading.Total,
			fmt.Sprintf("Publishing the history: %d of %d minutes", f.loading.Done, f.loading.Total)}
	}
	if len(v.Latest) == 0 {
		u.Empty = "No sales yet."
		if u.Loading == nil {
			u.Empty += " The next burst comes at the full minute; or make a spike of your own."
		}
	}
	for _, l := range v.Latest {
		u.Latest = append(u.Latest, l.text())
	}
	return u
}

func (l latestSale) text() saleText {
	t := saleText{
		ID: l.ID, Time: l.At.Format("15:04:05"), Product: l.Product, Place: l.City, Channel: "Online",
		Amount: fullDollars(l.Amount), Outcome: "Completed", OK: l.Status == sale.Completed.String(), Scenario: l.Scenario,
	}
	if l.Quantity > 1 {
		t.Product = fmt.Sprintf("%d × %s", l.Quantity, l.Product)
	}
	if l.State != "" {
		t.Place += ", " + l.State
	}
	if l.Channel != string(spec.ChannelOnline) {
		t.Channel = "In store"
	}
	if !t.OK {
		t.Outcome = l.Reason
		if t.Outcome == "" {
			t.Outcome = l.Status
		}
	}
	return t
}

func figures(v *view) map[string]string {
	h := v.Headline
	all := h.Completed + h.Failed
	f := map[string]string{
		"revenue": wholeDollars(h.Revenue),
		"orders":  groupDigits(strconv.FormatInt(all, 10)),
		"failed":  "–",
		"average": "–",
		"rate":    strconv.FormatFloat(float64(h.LastTen)/10, 'f', 1, 64),
	}
	if h.LastTen >= 1000 {
		f["rate"] = groupDigits(strconv.FormatInt(h.LastTen/10, 10))
	}
	if all > 0 {
		f["failed"] = strconv.FormatFloat(100*float64(h.Failed)/float64(all), 'f', 1, 64) + " %"
	}
	if h.Completed > 0 {
		f["average"] = wholeDollars(h.Average())
	}
	return f
}

// ServeHTTP streams the updates as server-sent events. The query has the width of each
// chart's place in CSS pixels.
func (l *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	widths := make(map[string]int)
	for _, c := range l.charts {
		width, err := strconv.Atoi(r.URL.Query().Get(c.name))
		if err != nil {
			width = 600
		}
		widths[c.name] = min(max(width, minWidth), maxWidth)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	l.join()
	defer l.leave()
	sent := make(map[string]drawing)
	var f *frame
	for {
		if f = l.next(r.Context(), f); f == nil {
			return
		}
		u := f.update()
		for _, c := range l.charts {
			svg, err := f.drawing(c, widths[c.name])
			if err != nil {
				l.fail(err)
				continue
			}
			d := drawing{string(svg), c.label(&f.view)}
			if len(f.view.Latest) == 0 {
				d.SVG = ""
			}
			if before, was := sent[c.name]; !was || before != d {
				sent[c.name], u.Charts[c.name] = d, d
			}
		}
		text, err := json.Marshal(u)
		if err != nil {
			panic(err) // an update always has a JSON form
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
}
