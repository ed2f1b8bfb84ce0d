package web

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"salesburst/shared/incidents"
)

// plannedIncident is one as readers see it.
type plannedIncident struct {
	ID                       string
	Scenario, Summary, About string
	State                    string // running or planned
	When                     string
	Passed                   int // percent of its time; -1: it has no begin or no end
	begin                    time.Time
}

// plannedIncidents are those that are not over, what runs before what comes.
func plannedIncidents(p *incidents.Plan, now time.Time) (all []plannedIncident) {
	kinds := scenarios()
	for n := range p.Incidents {
		i := &p.Incidents[n]
		o, ok := i.Next(now)
		if !ok {
			continue
		}
		named := slices.IndexFunc(kinds, func(s incidents.Scenario) bool { return s.Name == i.Scenario })
		one := plannedIncident{
			ID: strconv.Itoa(i.Number()), Scenario: i.Scenario, Summary: kinds[named].Summary, About: about(i),
			State: "running", When: during(o, now), Passed: -1, begin: o.Begin,
		}
		if o.Begin.After(now) {
			one.State = "planned"
		}
		if i.Daily() {
			one.When += ", every day"
		}
		if !o.Begin.IsZero() && !o.End.IsZero() {
			one.Passed = int(100 * max(now.Sub(o.Begin), 0).Seconds() / o.End.Sub(o.Begin).Seconds())
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b plannedIncident) int {
		return cmp.Or(-cmp.Compare(a.State, b.State), a.begin.Compare(b.begin))
	})
	if r := p.Random; r.PerDay > 0 {
		of := strings.Join(r.Of, ", ")
		if of == "" {
			of = "all scenarios"
		}
		all = append(all, plannedIncident{ID: byChance, Scenario: "by chance", State: "planned", Passed: -1,
			When: fmt.Sprintf("%s a day, of %s", incidents.Decimal(r.PerDay, 1), of)})
	}
	return all
}

// about is where an incident is and what it is about.
func about(i *incidents.Incident) string {
	var all []string
	for _, text := range []string{i.Brand, i.Product, i.City, i.State, i.PaymentMethod, i.Function} {
		if text != "" {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}

// during says when an incident is, and how bad it is now.
func during(o incidents.Occurrence, now time.Time) string {
	at := func(t time.Time) string {
		if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
			return t.Format("15:04:05")
		}
		return t.Format("2 Jan 2006 15:04:05")
	}
	text := "until it is ended"
	if !o.End.IsZero() {
		text = "until " + at(o.End)
	}
	switch {
	case o.Begin.IsZero():
	case o.Begin.After(now):
		return fmt.Sprintf("in %s, from %s %s", span(o.Begin.Sub(now)), at(o.Begin), text)
	default:
		text = "from " + at(o.Begin) + " " + text
	}
	if now.Equal(o.Begin) {
		return text // it is only planned
	}
	return fmt.Sprintf("%s, now at %d %%", text, o.Level(now)/10_000)
}

// span is about how long something takes.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// planned draws the incidents that are not over.
func (l *Live) planned() panelBody {
	now := l.Clock.Now()
	all := plannedIncidents(l.Incidents.Latest(), now)
	lines, gone := l.Truth.count()
	var b bytes.Buffer
	err := listTemplate.Execute(&b, map[string]any{"All": all, "Lines": lines, "Gone": gone})
	if err != nil {
		panic(err) // the template was tried by a test
	}
	counts := make(map[string]int)
	for _, one := range all {
		counts[one.State]++
	}
	var label []string
	for _, state := range slices.Backward(slices.Sorted(maps.Keys(counts))) {
		label = append(label, fmt.Sprint(counts[state], " ", state))
	}
	return panelBody{HTML: b.String(), Label: cmp.Or(strings.Join(label, ", "), "none")}
}

var listTemplate = template.Must(template.ParseFS(pageFiles, "page/planned.html"))
