package sale

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Truth is what an incident did to the events of a burst, or of a shard of one: the answer that a
// detector is looking for.
type Truth struct {
	Burst    string    `json:"burst_id"`
	Function string    `json:"function"`
	From     time.Time `json:"from"` // the time that the burst covers
	To       time.Time `json:"to"`   // exclusive

	Scenario string            `json:"scenario"`
	Incident map[string]any    `json:"incident"`        // as it was asked for, with what that left open
	About    map[string]string `json:"about"`           // fields of the events that it meets, if not all; empty: all
	Begin    *time.Time        `json:"begin,omitempty"` // of the incident; none: it has always been so
	End      *time.Time        `json:"end,omitempty"`   // none: never
	Severity json.Number       `json:"severity"`        // the worst in the time of the burst, of 1

	Added   Touched `json:"added"`   // events that would not be there without the incident
	Removed Touched `json:"removed"` // that would be there
	Changed Touched `json:"changed"` // that would be others

	// What was done to whole events; the last incident that did so says it.
	Moved     Touched   `json:"moved"`     // they come after others that happened later
	Repeated  Touched   `json:"repeated"`  // their records come twice
	Malformed Malformed `json:"malformed"` // their records are no events any more
}

// Order puts the stretches into the order of their sequences, as few as can be.
func (t *Touched) Order() {
	all := t.Sequences
	slices.SortFunc(all, func(a, b [2]uint32) int { return cmp.Compare(a[0], b[0]) })
	last := 0
	for _, s := range all {
		switch {
		case last > 0 && all[last-1][1]+1 == s[0]:
			all[last-1][1] = s[1]
		default:
			all[last] = s
			last++
		}
	}
	t.Sequences = all[:last]
}

// Malformed is events whose records are none: readers lose their revenue.
type Malformed struct {
	Touched
	Kinds map[string]*Touched `json:"kinds"` // by [Damage]
}

// Order is that of all its stretches.
func (m *Malformed) Order() {
	m.Touched.Order()
	for _, kind := range m.Kinds {
		kind.Order()
	}
}

// Add takes in an event.
func (m *Malformed) Add(damage Damage, sequence uint32, revenue Cents) {
	m.Touched.Add(sequence, revenue)
	kind := m.Kinds[damage.String()]
	if kind == nil {
		kind = &Touched{}
		m.Kinds[damage.String()] = kind
	}
	kind.Add(sequence, revenue)
}

// Parts cuts a truth whose events lie in more than most stretches, 1 or more, into several that add up to it: a
// record of Kafka has its limits. The first part has the revenue.
func (t Truth) Parts(most int) (parts []Truth) {
	left := t
	for rest := true; rest; {
		part, after := left, left
		part.Malformed.Kinds, after.Malformed.Kinds = make(map[string]*Touched), make(map[string]*Touched)
		for name, kind := range left.Malformed.Kinds {
			this, next := *kind, *kind
			part.Malformed.Kinds[name], after.Malformed.Kinds[name] = &this, &next
		}
		room, next := most, after.touched()
		rest = false
		for i, of := range part.touched() {
			n := min(room, len(of.Sequences))
			room -= n
			of.Sequences, next[i].Sequences = of.Sequences[:n:n], of.Sequences[n:]
			of.Events, next[i].Revenue = 0, 0
			for _, s := range of.Sequences {
				of.Events += int(s[1]-s[0]) + 1
			}
			rest = rest || len(next[i].Sequences) > 0
		}
		parts, left = append(parts, part), after
	}
	return parts
}

// touched are all that the truth has, those that are malformed by their kinds too.
func (t *Truth) touched() []*Touched {
	all := []*Touched{&t.Added, &t.Removed, &t.Changed, &t.Moved, &t.Repeated, &t.Malformed.Touched}
	for _, name := range slices.Sorted(maps.Keys(t.Malformed.Kinds)) {
		all = append(all, t.Malformed.Kinds[name])
	}
	return all
}

// Touched is events that an incident did something to.
type Touched struct {
	Events    int         `json:"events"`
	Sequences [][2]uint32 `json:"sequences"` // in their transaction ids: stretches, both ends included
	Revenue   Cents       `json:"revenue"`   // more than there would be without the incident, of completed sales
}

// Add takes in an event, with the revenue that it makes more.
func (t *Touched) Add(sequence uint32, revenue Cents) {
	t.Events++
	t.Revenue += revenue
	if n := len(t.Sequences); n > 0 && t.Sequences[n-1][1]+1 == sequence {
		t.Sequences[n-1][1] = sequence
		return
	}
	t.Sequences = append(t.Sequences, [2]uint32{sequence, sequence})
}
