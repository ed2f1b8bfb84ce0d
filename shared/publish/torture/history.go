package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// history is what has happened, with times since the start.
type history struct {
	mu     sync.Mutex
	start  time.Time
	bursts []*burst
	faults []happened
}

// happened is a fault with its times.
type happened struct {
	fault
	from, to time.Duration
	err      error // what could not be done
}

// burst is one with its attempts.
type burst struct {
	number   int // in the history
	plan     plan
	outcomes []*outcome // in the order in which they were begun
}

// outcome is how an attempt ended.
type outcome struct {
	number   int // of the attempt at its burst, from 1; its sales bear it
	attempt  attempt
	from, to time.Duration
	over     bool
	said
}

// said is what an attempt says at its end. A process that was killed says nothing.
type said struct {
	Fate            fate
	Events, InDoubt int
	Error           string `json:",omitempty"`
	Fenced          bool   `json:",omitempty"`
	TooOld          bool   `json:",omitempty"` // the ledger does not reach back to the burst
	Odd             bool   `json:",omitempty"` // the error is of a kind that says not to try again
}

// fate of an attempt.
type fate string

// The fates.
const (
	published fate = "published"
	skipped   fate = "skipped"
	failed    fate = "failed"
	silent    fate = "silent"
)

// there tells whether it was said that the burst is in Kafka.
func (s said) there() bool { return s.Fate == published || s.Fate == skipped }

// nothing tells whether it was said that nothing of this attempt is in Kafka.
func (s said) nothing() bool {
	return s.Fate == skipped || s.Fate == failed && s.Events == 0 && s.InDoubt == 0
}

func (h *history) now() time.Duration { return time.Since(h.start) }

// burst begins one.
func (h *history) burst(p plan) *burst {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := &burst{number: len(h.bursts), plan: p}
	h.bursts = append(h.bursts, b)
	return b
}

// attempt begins one.
func (h *history) attempt(b *burst, a attempt) *outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := &outcome{number: len(b.outcomes) + 1, attempt: a, from: h.now()}
	b.outcomes = append(b.outcomes, o)
	return o
}

// end ends an attempt.
func (h *history) end(o *outcome, s said) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o.said, o.to, o.over = s, h.now(), true
}

// there tells whether an attempt at a burst has said that it is in Kafka.
func (h *history) there(b *burst) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(b.outcomes, func(o *outcome) bool { return o.there() })
}

// ledgerReach is how far back a ledger reaches, in numbers of its series; see package publish.
const ledgerReach = 256 * idsPerSeries

const idsPerSeries = 60

// forgotten reports whether the last attempt at a burst was refused as too old, and the burst is: an
// hour has more of them than the ledger of a series that is written to all the time reaches back.
func (h *history) forgotten(b *burst) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(b.outcomes); n == 0 || !b.outcomes[n-1].TooOld {
		return false
	}
	return slices.ContainsFunc(h.bursts, func(o *burst) bool {
		ahead := o.plan.key.Number - b.plan.key.Number
		return o.plan.key.Series == b.plan.key.Series && ahead%idsPerSeries == 0 && ahead > ledgerReach
	})
}

// letters leaves numbers out, so that errors are the same that differ in those alone.
func letters(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// all are the bursts.
func (h *history) all() []*burst {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bursts)
}

// oddities are errors that say not to try again, which bursts of faults should not bring,
// with how often they came.
func (h *history) oddities() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	odd := make(map[string]int)
	for _, b := range h.bursts {
		for _, o := range b.outcomes {
			if o.Odd {
				odd[strings.Map(letters, o.Error)]++
			}
		}
	}
	return odd
}

// fault notes one that was made good.
func (h *history) fault(f fault, from, to time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, happened{f, from, to, err})
}

// counts are what a line of progress tells.
type counts struct {
	bursts, there, attempts, retries   int
	published, skipped, failed, silent int
	fenced, doubtful, odd, faultsCut   int
	faults                             map[kind]int
}

func (h *history) counts() counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := counts{bursts: len(h.bursts), faults: make(map[kind]int)}
	for _, b := range h.bursts {
		isThere := false
		for i, o := range b.outcomes {
			c.attempts++
			if i > 0 {
				c.retries++
			}
			isThere = isThere || o.there()
			switch o.Fate {
			case published:
				c.published++
			case skipped:
				c.skipped++
			case failed:
				c.failed++
			case silent:
				c.silent++
			}
			if o.Fenced {
				c.fenced++
			}
			if o.InDoubt > 0 {
				c.doubtful++
			}
			if o.Odd {
				c.odd++
			}
		}
		if isThere {
			c.there++
		}
	}
	for _, f := range h.faults {
		c.faults[f.kind]++
		if f.err != nil {
			c.faultsCut++
		}
	}
	return c
}

func (c counts) String() string {
	return fmt.Sprintf("%d bursts, %d of them there; %d attempts, %d of them retries: ", c.bursts, c.there, c.attempts,
		c.retries) +
		fmt.Sprintf("%d published, %d skipped, %d failed (%d fenced, %d in doubt), %d killed; ",
			c.published, c.skipped, c.failed, c.fenced, c.doubtful, c.silent) +
		"faults: " + c.kinds()
}

// kinds are the faults' counts.
func (c counts) kinds() string {
	var parts []string
	for _, k := range []kind{freeze, kill, restart, killAll, past, cut, cutOne, refuse, delay, swallow, oneHole, move} {
		parts = append(parts, fmt.Sprintf("%s %d", k, c.faults[k]))
	}
	text := strings.Join(parts, ", ")
	if c.faultsCut > 0 {
		text += fmt.Sprintf(" (%d of them failed or were cut short)", c.faultsCut)
	}
	return text
}

// around is how long before and after a burst's attempts faults are told.
const around = 10 * time.Second

// write tells all about a burst.
func (h *history) write(w io.Writer, b *burst) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(w, "burst %d: %v\n", b.number, b.plan)
	if len(b.outcomes) == 0 {
		return
	}
	for _, o := range b.outcomes {
		fmt.Fprintf(w, "  %8.3fs to %8.3fs  attempt %d (%v): %s\n", o.from.Seconds(), o.to.Seconds(), o.number,
			o.attempt, o.said)
	}
	near := func(from, to time.Duration) bool {
		return slices.ContainsFunc(b.outcomes,
			func(o *outcome) bool { return from < o.to+around && to > o.from-around })
	}
	for _, other := range h.bursts {
		if !other.sharesLedger(b) {
			continue
		}
		for _, o := range other.outcomes {
			if near(o.from, o.to) {
				fmt.Fprintf(w, "  %8.3fs to %8.3fs  in the same ledger: burst %d, number %d, attempt %d (%v): %s\n",
					o.from.Seconds(), o.to.Seconds(), other.number, other.plan.key.Number, o.number, o.attempt, o.said)
			}
		}
	}
	for _, f := range h.faults {
		if !near(f.from, f.to) {
			continue
		}
		fmt.Fprintf(w, "  %8.3fs to %8.3fs  fault: %v", f.from.Seconds(), f.to.Seconds(), f.fault)
		if f.err != nil {
			fmt.Fprintf(w, ": %v", f.err)
		}
		fmt.Fprintln(w)
	}
}

// ledgers is how many a series has, as package publish says.
const ledgers = 60

func (b *burst) sharesLedger(with *burst) bool {
	x, y := b.plan.key, with.plan.key
	return b != with && x.Series == y.Series && x.Number%ledgers == y.Number%ledgers
}

func (s said) String() string {
	text := string(s.Fate)
	if s.Fate == "" {
		text = "still under way"
	}
	if s.Events > 0 || s.InDoubt > 0 {
		text += fmt.Sprintf(", %d events, %d in doubt", s.Events, s.InDoubt)
	}
	if s.Error != "" {
		text += ": " + s.Error
	}
	return text
}
