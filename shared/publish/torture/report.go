package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// report tells a person how a run goes: a line every so often, and on a terminal a bar
// below them.
type report struct {
	w       io.Writer
	history *history
	end     chan struct{}
	all     sync.WaitGroup
}

// every so often there is a line.
const every = 30 * time.Second

func newReport(w io.Writer, h *history, length time.Duration) *report {
	r := &report{w: w, history: h, end: make(chan struct{})}
	var bar *progressbar.ProgressBar // nil: none is drawn
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		bar = progressbar.NewOptions(int(length.Seconds()),
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription("torture"),
			progressbar.OptionSetWidth(40),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionClearOnFinish(),
		)
	}
	r.all.Go(func() { r.tell(bar) })
	return r
}

func (r *report) tell(bar *progressbar.ProgressBar) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	next := every
	for {
		select {
		case <-r.end:
			if bar != nil {
				_ = bar.Clear() // what cannot be drawn is not needed
			}
			return
		case <-second.C:
		}
		now := r.history.now()
		if now >= next {
			next += every
			if bar != nil {
				_ = bar.Clear()
			}
			r.line()
		}
		if bar != nil {
			_ = bar.Set(min(int(now.Seconds()), bar.GetMax()))
		}
	}
}

func (r *report) line() {
	fmt.Fprintf(r.w, "%v: %v\n", r.history.now().Round(time.Second), r.history.counts())
}

// stop ends the lines.
func (r *report) stop() {
	close(r.end)
	r.all.Wait()
	r.line()
}

// summary tells what came of it.
func (r *report) summary(violations []violation) {
	for text, n := range r.history.oddities() {
		fmt.Fprintf(r.w, "odd, %d times: %s\n", n, text)
	}
	var told []*burst
	for _, v := range violations {
		if v.burst == nil {
			fmt.Fprintln(r.w, "VIOLATION:", v.what)
			continue
		}
		key := v.burst.plan.key
		fmt.Fprintf(r.w, "VIOLATION: burst %d, %s/%d: %s\n", v.burst.number, key.Series, key.Number, v.what)
		if !slices.Contains(told, v.burst) {
			told = append(told, v.burst)
		}
	}
	for _, b := range told {
		r.history.write(r.w, b)
	}
	r.line()
	bursts, lost := len(r.history.all()), 0
	for _, b := range r.history.all() {
		if !r.history.there(b) && r.history.forgotten(b) {
			lost++
		}
	}
	if len(violations) == 0 {
		fmt.Fprintf(r.w, "each of %d bursts is there once, at each broker", bursts-lost)
		if lost > 0 {
			fmt.Fprintf(r.w, "; %d more were given up, and are beyond the reach of their ledger now", lost)
		}
		fmt.Fprintln(r.w)
	} else {
		fmt.Fprintf(r.w, "%d of %d bursts are not as they were said to be\n", len(told), bursts)
	}
}
