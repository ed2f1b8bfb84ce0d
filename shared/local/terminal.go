package local

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"salesburst/dashboards"
	"salesburst/shared/local/render"
)

// terminal is where the program talks to a person: lines, and a bar that is drawn in
// place if it is a terminal and written as a few lines if not.
type terminal struct {
	w           io.Writer
	interactive bool

	mu  sync.Mutex
	bar *progressbar.ProgressBar // nil: none is drawn
}

func newTerminal(w io.Writer) *terminal {
	f, ok := w.(*os.File)
	return &terminal{w: w, interactive: ok && term.IsTerminal(int(f.Fd()))}
}

func (t *terminal) line(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.bar.Clear() // it is drawn again at its next step
	}
	fmt.Fprintf(t.w, format+"\n", args...)
}

func (t *terminal) problem(err error) { t.line("%v", err) }

// progressLine is a bar in work.
type progressLine struct {
	t     *terminal
	name  string
	total int
	told  int // per cent, where it is written as lines
}

// progress begins a bar of total steps, which are units.
func (t *terminal) progress(name string, total int, units string) *progressLine {
	if t.interactive {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(t.w),
			progressbar.OptionSetDescription(name),
			progressbar.OptionSetWidth(40),
			progressbar.OptionShowCount(),
			progressbar.OptionSetItsString(units),
			progressbar.OptionThrottle(65*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return &progressLine{t: t, name: name, total: total}
}

// set is called by one goroutine at a time.
func (p *progressLine) set(done int) {
	if p.t.interactive {
		p.t.mu.Lock()
		defer p.t.mu.Unlock()
		_ = p.t.bar.Set(done) // what cannot be drawn is not needed
		return
	}
	if percent := 100 * done / p.total; percent >= p.told+25 {
		p.told = percent - percent%25
		p.t.line("%s: %d %%", p.name, p.told)
	}
}

func (p *progressLine) end() {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	if p.t.bar != nil {
		p.t.bar.Clear()
		p.t.bar = nil
	}
}

// counted writes 12,345.
func counted[N int | int64](n N) string {
	return render.Value(float64(n), dashboards.Count, 0)
}
