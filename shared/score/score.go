// Package score says how good a detector is: it compares its alerts with the truth of the incidents
// that there were.
//
// Start with [Of]. An incident is found where an alert begins while it can be seen in the events, a
// little before, as windows begin, or a little after. All figures follow from the two files alone.
package score

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"salesburst/shared/sale"
)

// Alert is what a detector says.
type Alert struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`       // none: it was for a moment
	Scenario string    `json:"scenario"` // what it takes it for; empty: it does not say
}

// Tolerance is how far from the time of an incident an alert may begin that finds it.
type Tolerance struct {
	Early time.Duration // before its first event
	Late  time.Duration // after its last one
}

// Usual is the tolerance where nobody asks for another one.
func Usual() Tolerance { return Tolerance{Early: time.Minute, Late: 5 * time.Minute} }

// Score is how good the alerts were.
type Score struct {
	Scenarios []Figures `json:"scenarios"` // in the order of their names
	All       Figures   `json:"all"`
	Unseen    int       `json:"unseen"` // incidents that touched no event: nobody can find them
}

// Figures are those of one scenario, or of all.
type Figures struct {
	Scenario  string `json:"scenario,omitempty"`
	Incidents int    `json:"incidents"` // that touched events
	Found     int    `json:"found"`
	Alerts    int    `json:"alerts"` // of a scenario: those that name it
	Right     int    `json:"right"`  // alerts that found an incident

	// Percent; none: there is nothing to divide by.
	Precision *int `json:"precision_percent,omitempty"`
	Recall    *int `json:"recall_percent,omitempty"`

	// From the first event that an incident touched to the first alert, of those that were found.
	Median *Seconds `json:"median_seconds_to_detect,omitempty"`
	Worst  *Seconds `json:"worst_seconds_to_detect,omitempty"`
}

// Seconds are written in whole ones.
type Seconds time.Duration

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(int64(time.Duration(s).Round(time.Second) / time.Second))
}

// incident is the time in which one can be seen.
type incident struct {
	scenario string
	from, to time.Time
	found    *time.Duration // after its begin
}

// Of compares alerts with the truth.
func Of(truth []sale.Truth, alerts []Alert, t Tolerance) Score {
	all, unseen := incidentsOf(truth)
	s := Score{Unseen: unseen, All: Figures{Incidents: len(all), Alerts: len(alerts)}}
	by := make(map[string]*Figures)
	of := func(name string) *Figures {
		if by[name] == nil {
			by[name] = &Figures{Scenario: name}
		}
		return by[name]
	}
	for _, a := range alerts {
		right := false
		for i := range all {
			if x := &all[i]; x.isFoundBy(a, t) {
				right = true
				after := max(a.From.Sub(x.from), 0)
				if x.found == nil || after < *x.found {
					x.found = &after
				}
			}
		}
		if a.Scenario != "" {
			of(a.Scenario).Alerts++
		}
		if right {
			s.All.Right++
			if a.Scenario != "" {
				of(a.Scenario).Right++
			}
		}
	}
	times := make(map[string][]time.Duration)
	for _, x := range all {
		of(x.scenario).Incidents++
		if x.found != nil {
			of(x.scenario).Found++
			s.All.Found++
			times[x.scenario] = append(times[x.scenario], *x.found)
			times[""] = append(times[""], *x.found)
		}
	}
	for name, f := range by {
		f.finish(times[name])
		s.Scenarios = append(s.Scenarios, *f)
	}
	slices.SortFunc(s.Scenarios, func(a, b Figures) int { return strings.Compare(a.Scenario, b.Scenario) })
	s.All.finish(times[""])
	return s
}

func (f *Figures) finish(times []time.Duration) {
	percent := func(n, of int) *int {
		if of == 0 {
			return nil
		}
		p := (200*n + of) / (2 * of)
		return &p
	}
	f.Precision, f.Recall = percent(f.Right, f.Alerts), percent(f.Found, f.Incidents)
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	median, worst := Seconds(times[(len(times)-1)/2]), Seconds(times[len(times)-1])
	f.Median, f.Worst = &median, &worst
}

func (x *incident) isFoundBy(a Alert, t Tolerance) bool {
	return (a.Scenario == "" || a.Scenario == x.scenario) &&
		!a.From.Before(x.from.Add(-t.Early)) && a.From.Before(x.to.Add(t.Late))
}

// apart is how far bursts are from each other whose incident without a begin is not the same one, as
// that of two orders.
const apart = 2 * time.Minute

// incidentsOf puts together what the truth of many bursts, in both functions, says of each incident.
func incidentsOf(truth []sale.Truth) (all []incident, unseen int) {
	seen := make(map[string]*incident)
	var found []*incident
	truth = slices.Clone(truth)
	slices.SortStableFunc(truth, func(a, b sale.Truth) int { return a.From.Compare(b.From) })
	last := make(map[string]time.Time) // end of the bursts so far
	for _, one := range truth {
		says, err := json.Marshal(one.Incident)
		if err != nil {
			panic(err) // it was read from JSON
		}
		key := one.Scenario + string(says)
		if one.Begin != nil {
			key += one.Begin.String()
		}
		x := seen[key]
		if x == nil || one.Begin == nil && one.From.Sub(last[key]) > apart {
			x = &incident{scenario: one.Scenario}
			seen[key] = x
			found = append(found, x)
		}
		if one.To.After(last[key]) {
			last[key] = one.To
		}
		x.see(one)
	}
	for _, x := range found {
		if x.to.IsZero() {
			unseen++
		} else {
			all = append(all, *x)
		}
	}
	return all, unseen
}

// see takes in a burst that the incident touched.
func (x *incident) see(one sale.Truth) {
	touched := 0
	for _, t := range []*sale.Touched{&one.Added, &one.Removed, &one.Changed, &one.Moved, &one.Repeated,
		&one.Malformed.Touched} {
		touched += t.Events
	}
	if touched == 0 {
		return
	}
	// It can begin and end in the middle of a burst.
	from, to := one.From, one.To
	if one.Begin != nil && one.Begin.After(from) {
		from = *one.Begin
	}
	if one.End != nil && one.End.Before(to) {
		to = *one.End
	}
	if x.to.IsZero() || from.Before(x.from) {
		x.from = from
	}
	if to.After(x.to) {
		x.to = to
	}
}

// ReadTruth reads lines of JSON, as -truth and the functions write them.
func ReadTruth(r io.Reader) ([]sale.Truth, error) {
	return read(r, func(t *sale.Truth) error {
		if t.Scenario == "" || !t.From.Before(t.To) {
			return errors.New("a truth has a scenario, and from before to")
		}
		return nil
	})
}

// ReadAlerts reads lines of JSON.
func ReadAlerts(r io.Reader) ([]Alert, error) {
	return read(r, func(a *Alert) error {
		if a.From.IsZero() || !a.To.IsZero() && a.To.Before(a.From) {
			return errors.New(`an alert has a time from, and to, if it has one, is not before: ` +
				`{"from":"2026-11-27T18:00:00Z"}`)
		}
		return nil
	})
}

func read[T any](r io.Reader, check func(*T) error) (all []T, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var one T
		err := json.Unmarshal(lines.Bytes(), &one)
		if err == nil {
			err = check(&one)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, one)
	}
	return all, lines.Err()
}
