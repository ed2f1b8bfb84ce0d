package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"salesburst/shared/publish"
	"salesburst/shared/publish/torture/cluster"
)

// brokers is how many there are.
const brokers = 3

// dice draws what happens.
type dice struct{ *rand.Rand }

// between draws a length; short ones are more likely than long ones.
func (d *dice) between(low, high time.Duration) time.Duration {
	x := d.Float64()
	length := low + time.Duration(x*x*float64(high-low))
	return length.Round(time.Millisecond)
}

func (d *dice) chance(percent int) bool { return d.IntN(100) < percent }

func (d *dice) broker() int { return 1 + d.IntN(brokers) }

// choice draws one of some kinds by their weights.
func choice(d *dice, weights []weight) kind {
	sum := 0
	for _, w := range weights {
		sum += w.weight
	}
	n := d.IntN(sum)
	for _, w := range weights {
		if n -= w.weight; n < 0 {
			return w.kind
		}
	}
	panic("no choice") // n is less than the sum
}

type weight struct {
	kind   kind
	weight int
}

// nextProcess draws what happens to a broker's process.
func nextProcess(d *dice) fault {
	f := fault{
		kind:   choice(d, []weight{{past, 9}, {freeze, 5}, {kill, 4}, {restart, 3}, {killAll, 1}}),
		gap:    d.between(time.Second, 6*time.Second),
		broker: d.broker(),
		length: d.between(500*time.Millisecond, 15*time.Second),
	}
	if f.kind == past {
		f.broker = 2 + d.IntN(brokers-1) // not the controller
		f.length = 0
		f.delay = d.between(200*time.Millisecond, 2*time.Second) // how long retries wait for it
	}
	return f
}

// nextNetwork draws what happens to connections.
func nextNetwork(d *dice) fault {
	f := fault{
		kind:   choice(d, []weight{{cut, 4}, {cutOne, 5}, {refuse, 2}, {delay, 3}, {swallow, 3}, {oneHole, 4}}),
		gap:    d.between(500*time.Millisecond, 6*time.Second),
		broker: d.broker(),
		ways:   1 + d.IntN(3),
		pick:   d.IntN(1000),
	}
	switch f.kind {
	case cut, cutOne:
	case delay:
		f.delay, f.length = d.between(5*time.Millisecond, 700*time.Millisecond), d.between(time.Second, 10*time.Second)
	default:
		f.length = d.between(300*time.Millisecond, 12*time.Second)
	}
	return f
}

// nextMove draws who leads a topic from then on.
func nextMove(d *dice) fault {
	f := fault{kind: move, gap: d.between(2*time.Second, 12*time.Second), order: []int{1, 2, 3}}
	f.topic = []string{"", cluster.Offsets, cluster.Transactions}[d.IntN(3)]
	d.Shuffle(len(f.order), func(i, j int) { f.order[i], f.order[j] = f.order[j], f.order[i] })
	return f
}

// series of scheduled bursts.
type series struct {
	name       string
	next, step int64 // numbers
}

func (s *series) key() publish.Key {
	s.next += s.step
	return publish.Key{Series: s.name, Number: s.next}
}

// plans draws bursts until the time is over.
func (d *dice) plans(length time.Duration) (all []plan) {
	// In one each burst has a ledger of its own; in the other five ledgers do for all.
	scheduled := []*series{{"minutely", 29_847_000, 1}, {"sparse", 29_847_000, 12}}
	var late []publish.Key // numbers whose turn passed
	for at := time.Duration(0); ; {
		if at += d.between(100*time.Millisecond, 1500*time.Millisecond); at >= length {
			return all
		}
		p := plan{at: at, events: 50 + d.IntN(550), left: d.chance(8)}
		if d.chance(5) {
			p.events *= 20
		}
		if d.chance(30) {
			p.shift = time.Duration(d.IntN(40)-20) * time.Minute
		}
		switch n := d.IntN(10); {
		case n < 3:
			p.key = publish.Key{Series: fmt.Sprintf("manual-%d", len(all))}
		case n == 3 && len(late) > 0:
			i := d.IntN(len(late))
			p.key = late[i]
			late = append(late[:i], late[i+1:]...)
		default:
			s := scheduled[d.IntN(len(scheduled))]
			if d.chance(10) {
				late = append(late, s.key())
			}
			p.key = s.key()
		}
		for n := 2 + d.IntN(4); n > 0; n-- {
			p.attempts = append(p.attempts, d.attempt(len(p.attempts) == 0))
		}
		all = append(all, p)
	}
}

// warmPublishers is how many are used by many attempts. The first ones know one broker each.
const warmPublishers = 6

// knownTo is the only broker that a warm publisher knows; 0: it knows all.
func knownTo(warm int) int {
	if warm > brokers {
		return 0
	}
	return warm
}

// attempt draws one.
func (d *dice) attempt(first bool) attempt {
	a := attempt{deadline: d.between(2*time.Second, 40*time.Second)}
	switch n := d.IntN(10); {
	case first:
	case n < 2: // with the one before it
		a.after = d.between(time.Millisecond, 50*time.Millisecond)
	case n < 6:
		a.after = d.between(50*time.Millisecond, 3*time.Second)
	case n < 9:
		a.after = d.between(3*time.Second, 25*time.Second)
	default:
		a.after = d.between(25*time.Second, 2*time.Minute)
	}
	if d.chance(10) {
		a.deadline = d.between(20*time.Millisecond, 2*time.Second)
	}
	if d.chance(35) {
		a.known = d.broker()
	}
	if d.chance(10) {
		a.slow = d.between(100*time.Millisecond, 5*time.Second)
	}
	switch n := d.IntN(10); {
	case n < 2:
		a.process = true
		switch d.IntN(4) {
		case 0, 1:
			a.kill = d.between(5*time.Millisecond, 600*time.Millisecond)
		case 2:
			a.freeze, a.frozen = d.between(5*time.Millisecond, 500*time.Millisecond),
				d.between(500*time.Millisecond, 30*time.Second)
		}
	case n < 5:
		a.warm = 1 + d.IntN(warmPublishers)
		a.known = knownTo(a.warm)
	}
	if !a.process && d.chance(25) {
		a.giveUp = d.between(2*time.Millisecond, 1500*time.Millisecond)
	}
	return a
}
