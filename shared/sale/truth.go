package sale

import (
	"encoding/json"
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
