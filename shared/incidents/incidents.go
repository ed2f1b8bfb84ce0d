// Package incidents is the plan of what goes wrong with the sales, and when: incidents, each a
// scenario with a time, a severity and what it is about. A file says it, whose schema is
// incidents.schema.json.
//
// Start with [Read]; [Plan.During] says what happens in the time of a burst, and
// [Occurrence.Level] how bad it is at a moment. Nothing here knows what a scenario does: that is
// the market's. All of it follows from the file and the time, so that two processes agree.
package incidents

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"salesburst/shared/parameters"
	"salesburst/shared/prng"
)

// Plan is all incidents that there are to be.
type Plan struct {
	Incidents []Incident
	Random    Random

	source string
	random int // number of the first one that comes by chance on a day
	added  int // how many have been added to it
}

// Source is the text that the plan was read from.
func (p *Plan) Source() string { return p.source }

// Incident is one of a plan.
type Incident struct {
	Scenario      string
	Function      string // empty: each
	From          string // of a day or of all days; empty: it has always been so
	To            string // empty: for ever
	Severity      *int64 // at its worst, of 1000; nil: all of them
	Ramp          string // until it is at its worst
	Decay         string // before its end
	Brand         string
	Product       string
	State         string
	City          string
	PaymentMethod string `json:"payment_method"`

	// What the scenario does at its worst; nil: it has none of that.
	More  *int64 // percent of demand
	Share *int64 // percent of sales
	Off   *int64 // percent
	Price *int64 // cents
	Delay string // at most; a duration
	Skew  string // likewise
	Field string // of the event

	number      int // another one for each of a plan
	from, to    moment
	ramp, decay time.Duration
	delay, skew time.Duration
}

// Late is how much later an event comes at most.
func (i *Incident) Late() time.Duration { return i.delay }

// Ahead is by how much a clock is ahead.
func (i *Incident) Ahead() time.Duration { return i.skew }

// about are the fields that say what the incident is about, by their names.
func (i *Incident) about() map[string]*string {
	return map[string]*string{"brand": &i.Brand, "product": &i.Product, "state": &i.State, "city": &i.City,
		"payment_method": &i.PaymentMethod}
}

// Says is the incident as a file says it, with what it leaves open.
func (i *Incident) Says() map[string]any {
	all := map[string]any{"scenario": i.Scenario, "severity": Decimal(1, 0)}
	texts := i.about()
	maps.Copy(texts, map[string]*string{"function": &i.Function, "from": &i.From, "to": &i.To, "ramp": &i.Ramp,
		"decay": &i.Decay, "delay": &i.Delay, "skew": &i.Skew, "field": &i.Field})
	for name, text := range texts {
		if *text != "" {
			all[name] = *text
		}
	}
	for name, number := range map[string]*int64{"more": i.More, "share": i.Share, "off": i.Off} {
		if number != nil {
			all[name] = *number
		}
	}
	if i.Severity != nil {
		all["severity"] = Decimal(*i.Severity, 3)
	}
	if i.Price != nil {
		all["price"] = Decimal(*i.Price, 2)
	}
	return all
}

// Decimal is n of 10^digits as a number in JSON, as short as it can be.
func Decimal(n int64, digits int) json.Number {
	text := fmt.Sprintf("%0*d", digits+1, n)
	whole, part := text[:len(text)-digits], strings.TrimRight(text[len(text)-digits:], "0")
	if part == "" {
		return json.Number(whole)
	}
	return json.Number(whole + "." + part)
}

// Random are incidents that come by chance.
type Random struct {
	PerDay            int64 `json:"per_day"` // of 10 days
	Seed              uint64
	Of                []string
	Shortest, Longest int64 // minutes
}

//go:embed incidents.schema.json
var schema []byte

var table = sync.OnceValues(func() (*parameters.Table, error) { return parameters.New(schema) })

// Read reads a plan. Its error is a *[parameters.Invalid], or says in which line the text is no JSON.
func Read(text []byte) (*Plan, error) {
	t, err := table()
	if err != nil {
		return nil, err
	}
	p := &Plan{source: string(text)}
	if err := t.Read(text, p); err != nil {
		return nil, err
	}
	p.random = len(p.Incidents)
	for i := range p.Incidents {
		p.Incidents[i].number = i
		path := fmt.Sprintf("incidents[%d]", i)
		if err := p.Incidents[i].fill(path); err != nil {
			return nil, err
		}
		if err := p.Incidents[i].check(path); err != nil {
			return nil, err
		}
	}
	if r := &p.Random; r.Shortest > r.Longest {
		return nil, &parameters.Invalid{Path: "random.shortest", Value: fmt.Sprint(r.Shortest),
			Allowed: "at most longest, " + fmt.Sprint(r.Longest)}
	}
	return p, nil
}

// moment is when an incident begins or ends.
type moment struct {
	at    time.Time     // of once
	daily bool          // else
	of    time.Duration // the day
}

func (i *Incident) check(path string) (err error) {
	refuse := func(name, value, allowed string) error {
		return &parameters.Invalid{Path: path + "." + name, Value: fmt.Sprintf("%q", value), Allowed: allowed}
	}
	for _, m := range []struct {
		name, text string
		to         *moment
	}{{"from", i.From, &i.from}, {"to", i.To, &i.to}} {
		if m.text == "" {
			continue
		}
		if *m.to, err = parseMoment(m.text); err != nil {
			return refuse(m.name, m.text, "a time as 2026-11-27T18:00:00Z, or 18:00 for every day, in UTC")
		}
	}
	for _, d := range []struct {
		name, text  string
		to          *time.Duration
		least, most time.Duration
	}{
		{"ramp", i.Ramp, &i.ramp, 0, longest}, {"decay", i.Decay, &i.decay, 0, longest},
		{"delay", i.Delay, &i.delay, time.Second, day}, {"skew", i.Skew, &i.skew, -day, day},
	} {
		if d.text == "" {
			continue
		}
		*d.to, err = time.ParseDuration(d.text)
		if err != nil || *d.to < d.least || *d.to > d.most || *d.to%time.Millisecond != 0 {
			return refuse(d.name, d.text, fmt.Sprintf("a duration from %v to %v, as in 10m", d.least, d.most))
		}
	}
	switch {
	case i.from.daily != i.to.daily:
		return refuse("to", i.To, "a time of every day, where from is one, and where from is none a time of one day")
	case i.from.daily && i.from.of == i.to.of:
		return refuse("to", i.To, "another time of the day than from")
	case i.From != "" && i.To != "" && !i.from.daily && !i.from.at.Before(i.to.at):
		return refuse("to", i.To, "a time after from, "+i.From)
	case i.Skew != "" && i.skew == 0:
		return refuse("skew", i.Skew, "more or less than nothing, as in 5m or -5m")
	case i.ramp > 0 && i.From == "":
		return refuse("ramp", i.Ramp, "none where the incident has no from")
	case i.decay > 0 && i.To == "":
		return refuse("decay", i.Decay, "none where the incident has no to")
	case i.From != "" && i.To != "" && i.ramp+i.decay > i.length():
		return refuse("decay", i.Decay, fmt.Sprintf("less: with ramp it takes at most as long as the incident, %v",
			i.length()))
	}
	return nil
}

// longest is more than any incident ramps.
const longest = 7 * 24 * time.Hour

const day = 24 * time.Hour

func parseMoment(text string) (moment, error) {
	if t, err := time.Parse("15:04", text); err == nil {
		return moment{daily: true, of: time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err == nil && (at.Year() < 2000 || at.Year() > 2999) {
		err = fmt.Errorf("the year %d", at.Year())
	}
	return moment{at: at.UTC()}, err
}

// length is how long an incident with both ends takes.
func (i *Incident) length() time.Duration {
	if i.from.daily {
		return (i.to.of - i.from.of + day) % day
	}
	return i.to.at.Sub(i.from.at)
}

// Occurrence is an incident at its time.
type Occurrence struct {
	*Incident
	Begin, End time.Time // zero where there is none
	Seed       uint64    // another one for each
}

// During returns what happens in a time in a function, in the order of the plan, and then by chance.
func (p *Plan) During(function string, from, to time.Time) []Occurrence {
	var all []Occurrence
	add := func(number int, i *Incident, begin, end time.Time) {
		if i.Function != "" && i.Function != function || !end.IsZero() && !end.After(from) ||
			!begin.IsZero() && !begin.Before(to) {
			return
		}
		all = append(all, Occurrence{i, begin, end, prng.Mix(uint64(number)<<40 ^ uint64(begin.Unix()))})
	}
	for n := range p.Incidents {
		i := &p.Incidents[n]
		if !i.from.daily {
			add(i.number, i, i.from.at, i.to.at)
			continue
		}
		for d := from.Truncate(day).Add(-day); d.Before(to); d = d.Add(day) {
			add(i.number, i, d.Add(i.from.of), d.Add(i.from.of+i.length()))
		}
	}
	for d := from.Truncate(day).Add(-day); d.Before(to); d = d.Add(day) {
		for n, o := range p.Random.on(d) {
			add(p.random+n, o.Incident, o.Begin, o.End)
		}
	}
	return all
}

// on returns what begins on a day.
func (x *Random) on(d time.Time) []Occurrence {
	of := x.Of
	for _, s := range scenarios {
		if len(x.Of) == 0 && !s.Data {
			of = append(of, s.Name)
		}
	}
	r := prng.New(x.Seed, uint64(d.Unix()/int64(day/time.Second)))
	all := make([]Occurrence, (x.PerDay+int64(r.Below(10)))/10)
	for i := range all {
		begin := d.Add(time.Duration(r.Below(24*60)) * time.Minute)
		length := time.Duration(x.Shortest+int64(r.Below(uint64(x.Longest-x.Shortest+1)))) * time.Minute
		severity := 300 + int64(r.Below(701))
		one := &Incident{
			Scenario: of[r.Below(uint64(len(of)))], Severity: &severity,
			From: begin.Format(time.RFC3339), To: begin.Add(length).Format(time.RFC3339),
			Ramp: (length / 5).String(), Decay: (length / 4).String(),
		}
		_ = errors.Join(one.fill("random"), one.check("random")) // it is about nothing in particular
		all[i] = Occurrence{Incident: one, Begin: begin, End: begin.Add(length)}
	}
	slices.SortStableFunc(all, func(a, b Occurrence) int { return a.Begin.Compare(b.Begin) })
	return all
}

// Level is how bad it is at a moment, in millionths.
func (o *Occurrence) Level(t time.Time) uint64 {
	if !o.Begin.IsZero() && t.Before(o.Begin) || !o.End.IsZero() && !t.Before(o.End) {
		return 0
	}
	level := uint64(prng.Million)
	if o.Severity != nil {
		level = uint64(*o.Severity) * (prng.Million / 1000)
	}
	part := func(passed, of time.Duration) {
		if passed < of {
			level = prng.MulDiv(level, uint64(passed), uint64(of))
		}
	}
	part(t.Sub(o.Begin), o.ramp)
	if o.decay > 0 {
		part(o.End.Sub(t), o.decay)
	}
	return level
}

// Worst is the highest level between two moments, of which to is not included.
func (o *Occurrence) Worst(from, to time.Time) uint64 {
	most := max(o.Level(from), o.Level(to.Add(-time.Millisecond)))
	for _, t := range []time.Time{o.Begin.Add(o.ramp), o.End.Add(-o.decay - time.Millisecond)} {
		if !t.Before(from) && t.Before(to) {
			most = max(most, o.Level(t))
		}
	}
	return most
}
