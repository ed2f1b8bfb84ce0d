package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"salesburst/shared/publish"
)

// schedule is all that happens in a run: what is done to brokers and connections, and which
// attempts are made at which bursts. It comes from its seed alone.
type schedule struct {
	seed   uint64
	length time.Duration
	faults [lanes][]fault
	plans  []plan
}

// A lane has one fault at a time; those of different lanes meet.
const (
	processes = iota
	network
	leaders
	lanes
)

// kind of a fault.
type kind string

// The kinds.
const (
	freeze  kind = "freeze"      // a broker, and thaw it
	kill    kind = "kill"        // a broker, and start it again
	restart kind = "restart"     // a broker, in good order
	killAll kind = "kill all"    // brokers
	past    kind = "past"        // a broker is thawed when another has taken over its ledgers
	cut     kind = "cut"         // all connections to a broker
	cutOne  kind = "cut one"     // connection
	refuse  kind = "refuse"      // connections to a broker
	delay   kind = "delay"       // what goes to and from a broker
	swallow kind = "swallow"     // what goes to or from a broker
	oneHole kind = "swallow one" // the same on one connection
	move    kind = "move"        // leadership of a topic
)

// fault is one thing that goes wrong.
type fault struct {
	kind   kind
	gap    time.Duration // after the fault before it in its lane has ended
	length time.Duration // until it is made good
	broker int           // 1 to 3
	delay  time.Duration
	ways   int    // directions, as package proxy numbers them
	pick   int    // which connection
	topic  string // of a move; empty: the bursts'
	order  []int  // in which brokers come to lead it
}

// takes is how long it takes about, with what a cluster needs to recover.
func (f fault) takes() time.Duration {
	switch f.kind {
	case past:
		return 20 * time.Second
	case freeze, kill, restart, killAll:
		return f.length + 5*time.Second
	}
	return f.length
}

func (f fault) String() string {
	text := string(f.kind)
	switch f.kind {
	case killAll:
	case past:
		return fmt.Sprintf("%s broker %d, retries wait %v", text, f.broker, f.delay)
	case move:
		return fmt.Sprintf("%s %s to broker %d", text, f.topicName("the topic"), f.order[0])
	default:
		text += fmt.Sprintf(" broker %d", f.broker)
	}
	if f.delay > 0 {
		text += fmt.Sprintf(" by %v", f.delay)
	}
	if f.length > 0 {
		text += fmt.Sprintf(" for %v", f.length)
	}
	return text
}

func (f fault) topicName(ours string) string {
	if f.topic == "" {
		return ours
	}
	return f.topic
}

// plan is what is done with one burst.
type plan struct {
	at       time.Duration // since the start, of its first attempt
	key      publish.Key
	events   int
	shift    time.Duration // how far off the clock is by which its events are dated
	attempts []attempt
	left     bool // after these attempts nobody tries again, until the end
}

// attempt is one at a burst.
type attempt struct {
	after    time.Duration // the burst's time
	known    int           // the only broker that is known; 0: all are
	warm     int           // number of a publisher that many attempts use; 0: a new one
	process  bool          // it is a process of its own
	deadline time.Duration
	giveUp   time.Duration // when it is cancelled; 0: it is not
	kill     time.Duration // its process; 0: it is not
	freeze   time.Duration // when its process is frozen; 0: it is not
	frozen   time.Duration // and for how long
	slow     time.Duration // pause in the middle of the burst
}

func (a attempt) String() string {
	text := "knows all"
	if a.known > 0 {
		text = fmt.Sprintf("knows broker %d", a.known)
	}
	for _, part := range []struct {
		name string
		d    time.Duration
	}{
		{"given up after", a.giveUp}, {"killed after", a.kill}, {"frozen after", a.freeze}, {"for", a.frozen},
		{"pauses", a.slow},
	} {
		if part.d > 0 {
			text += fmt.Sprintf(", %s %v", part.name, part.d)
		}
	}
	if a.warm > 0 {
		text += fmt.Sprintf(", warm publisher %d", a.warm)
	}
	if a.process {
		text += ", own process"
	}
	return text + fmt.Sprintf(", deadline %v", a.deadline)
}

// newSchedule makes the schedule of a seed. A longer one begins with what a shorter one has.
func newSchedule(seed uint64, length time.Duration) *schedule {
	s := &schedule{seed: seed, length: length}
	for lane, next := range [lanes]func(*dice) fault{nextProcess, nextNetwork, nextMove} {
		d := &dice{rand.New(rand.NewPCG(seed, uint64(lane)))}
		for at := time.Duration(0); ; {
			f := next(d)
			if at += f.gap; at >= length {
				break
			}
			s.faults[lane] = append(s.faults[lane], f)
			at += f.takes()
		}
	}
	d := &dice{rand.New(rand.NewPCG(seed, lanes))}
	s.plans = d.plans(length)
	return s
}

// write prints it, with times as they are where nothing takes longer than planned.
func (s *schedule) write(w io.Writer) {
	fmt.Fprintf(w, "seed %d, %v: %d bursts\n", s.seed, s.length, len(s.plans))
	for lane, name := range [lanes]string{"brokers", "network", "leaders"} {
		at := time.Duration(0)
		for _, f := range s.faults[lane] {
			at += f.gap
			fmt.Fprintf(w, "%-8s %8.1fs  %v\n", name, at.Seconds(), f)
			at += f.takes()
		}
	}
	for i, p := range s.plans {
		fmt.Fprintf(w, "burst %-5d %6.1fs  %v\n", i, p.at.Seconds(), p)
		for _, a := range p.attempts {
			fmt.Fprintf(w, "            +%.1fs  %v\n", a.after.Seconds(), a)
		}
	}
}

func (p plan) String() string {
	text := fmt.Sprintf("%s/%d, %d events", p.key.Series, p.key.Number, p.events)
	if p.shift != 0 {
		text += fmt.Sprintf(" dated off by %v", p.shift)
	}
	if p.left {
		text += ", left alone after its attempts"
	}
	return text
}
