package incidents

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"salesburst/shared/parameters"
)

// A plan that is changed is another one. What is in both stays the same in all that it does and draws.

// most is how many incidents a plan can have, by the schema.
const most = 100

// firstAdded is the number of the first incident that is added, beyond those of a file and of chance.
const firstAdded = 1000

// Number names the incident in its plan and in those that are made of it.
func (i *Incident) Number() int { return i.number }

// copied is the plan to be changed, which no text says any more.
func (p *Plan) copied() *Plan {
	next := *p
	next.source, next.Incidents = "", slices.Clone(p.Incidents)
	return &next
}

// With is the plan with one more incident, of another plan. Where it is full, those that are over at t
// make room. Its error is a *[parameters.Invalid].
func (p *Plan) With(more Incident, t time.Time) (*Plan, error) {
	next := p.copied()
	if len(next.Incidents) >= most {
		next.Incidents = slices.DeleteFunc(next.Incidents, func(i Incident) bool {
			_, ok := i.Next(t)
			return !ok
		})
	}
	if n := len(next.Incidents) + 1; n > most {
		return nil, &parameters.Invalid{Path: "incidents", Value: fmt.Sprintf("%d of them", n),
			Allowed: fmt.Sprintf("up to %d that are not over; end one first", most)}
	}
	more.number = firstAdded + p.added
	next.added++
	next.Incidents = append(next.Incidents, more)
	return next, nil
}

// Without is the plan without an incident; ok is false where it has none of that number.
func (p *Plan) Without(number int) (_ *Plan, ok bool) {
	next := p.copied()
	next.Incidents = slices.DeleteFunc(next.Incidents, func(i Incident) bool { return i.number == number })
	return next, len(next.Incidents) < len(p.Incidents)
}

// WithoutRandom is the plan without those that come by chance.
func (p *Plan) WithoutRandom() *Plan {
	next := p.copied()
	next.Random = Random{}
	return next
}

// Next is the incident where it happens at t, or else when it happens next; ok is false where it is over.
func (i *Incident) Next(t time.Time) (o Occurrence, ok bool) {
	if !i.from.daily {
		return Occurrence{Incident: i, Begin: i.from.at, End: i.to.at}, i.to.at.IsZero() || i.to.at.After(t)
	}
	for d := t.Truncate(day).Add(-day); ; d = d.Add(day) {
		begin := d.Add(i.from.of)
		if end := begin.Add(i.length()); end.After(t) {
			return Occurrence{Incident: i, Begin: begin, End: end}, true
		}
	}
}

// Daily reports whether the incident comes every day.
func (i *Incident) Daily() bool { return i.from.daily }

// MarshalJSON writes the plan as Read reads it, with what it leaves open.
func (p *Plan) MarshalJSON() ([]byte, error) {
	all := make([]map[string]any, len(p.Incidents))
	for i := range all {
		all[i] = p.Incidents[i].Says()
	}
	file := map[string]any{"incidents": all}
	if r := p.Random; r.PerDay > 0 {
		random := map[string]any{"per_day": Decimal(r.PerDay, 1), "seed": r.Seed, "shortest": r.Shortest,
			"longest": r.Longest}
		if len(r.Of) > 0 {
			random["of"] = r.Of
		}
		file["random"] = random
	}
	return json.Marshal(file)
}
