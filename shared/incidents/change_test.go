package incidents_test

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"salesburst/shared/incidents"
	"salesburst/shared/parameters"
)

const evening = `{"incidents":[{"scenario":"bot-traffic","from":"18:00","to":"19:00"},{"scenario":"demand-drop","from":"2026-11-27T18:00:00Z"}],
	"random":{"per_day":48,"seed":3,"shortest":60,"longest":60}}`

// What a plan has keeps what it draws, whatever is added before it or taken away.
func TestChangedPlanKeepsTheOthers(t *testing.T) {
	from, to := at(t, "2026-11-27T18:10:00Z"), at(t, "2026-11-27T18:11:00Z")
	seeds := func(p *incidents.Plan) map[string]uint64 {
		all := make(map[string]uint64)
		for _, o := range p.During("online", from, to) {
			all[o.Scenario+o.Begin.Format(" 15:04")] = o.Seed
		}
		return all
	}
	p := read(t, evening)
	more := read(t, `{"incidents":[{"scenario":"price-error"}]}`).Incidents[0]
	with := must(t, p, more, from)
	without, ok := with.Without(p.Incidents[0].Number())
	if !ok {
		t.Fatal("the first one is not taken away")
	}
	before, after := seeds(p), seeds(without)
	const first, added = "bot-traffic 18:00", "price-error 00:00"
	if before[first] == 0 || after[added] == 0 || len(before) < 3 {
		t.Fatalf("there are %v, and then %v", before, after)
	}
	want := maps.Clone(before)
	delete(want, first)
	want[added] = after[added]
	if !maps.Equal(after, want) {
		t.Errorf("after the changes there are\n%v\nwant\n%v", after, want)
	}
	if !maps.Equal(seeds(p), before) {
		t.Error("the plan itself has changed")
	}
	if _, ok := without.Without(0); ok {
		t.Error("what is gone is taken away again")
	}
	again := must(t, without, more, from)
	last := again.Incidents[len(again.Incidents)-1].Number()
	for _, i := range without.Incidents {
		if i.Number() == last {
			t.Errorf("two incidents have number %d", last)
		}
	}
	if calm := p.WithoutRandom(); len(seeds(calm)) != 2 || len(before) == 2 {
		t.Error("those that come by chance are not taken away")
	}
}

func must(t *testing.T, p *incidents.Plan, i incidents.Incident, now time.Time) *incidents.Plan {
	t.Helper()
	with, err := p.With(i, now)
	if err != nil {
		t.Fatal(err)
	}
	return with
}

// A full plan has room again when one is over, and no number comes twice.
func TestFullPlan(t *testing.T) {
	now := at(t, "2026-11-27T18:10:00Z")
	over := read(t, `{"incidents":[{"scenario":"demand-drop","to":"2026-11-27T18:10:00Z"}]}`).Incidents[0]
	always := read(t, `{"incidents":[{"scenario":"demand-drop"}]}`).Incidents[0]
	p := must(t, new(incidents.Plan), over, now)
	for range 100 {
		p = must(t, p, always, now)
	}
	if len(p.Incidents) != 100 {
		t.Errorf("there are %d incidents, want 100", len(p.Incidents))
	}
	numbers := make(map[int]bool)
	for _, i := range p.Incidents {
		numbers[i.Number()] = true
	}
	var invalid *parameters.Invalid
	if _, err := p.With(always, now); !errors.As(err, &invalid) || invalid.Path != "incidents" || len(numbers) != 100 {
		t.Errorf("%d numbers; one more gives %v", len(numbers), err)
	}
}

func TestNext(t *testing.T) {
	for _, c := range []struct{ incident, now, begin, end string }{
		{`"from":"18:00","to":"19:00"`, "2026-11-27T18:59:59Z", "2026-11-27T18:00:00Z", "2026-11-27T19:00:00Z"},
		{`"from":"18:00","to":"19:00"`, "2026-11-27T19:00:00Z", "2026-11-28T18:00:00Z", "2026-11-28T19:00:00Z"},
		{`"from":"23:00","to":"01:00"`, "2026-11-27T00:30:00Z", "2026-11-26T23:00:00Z", "2026-11-27T01:00:00Z"},
		{`"from":"2026-11-27T18:00:00Z","to":"2026-11-27T19:00:00Z"`, "2026-11-27T18:59:59Z", "2026-11-27T18:00:00Z", "2026-11-27T19:00:00Z"},
		{`"from":"2026-11-27T18:00:00Z","to":"2026-11-27T19:00:00Z"`, "2026-11-27T19:00:00Z", "over", ""},
		{`"severity":1`, "2026-11-27T19:00:00Z", "", ""},
	} {
		i := read(t, `{"incidents":[{"scenario":"demand-drop",`+c.incident+`}]}`).Incidents[0]
		o, ok := i.Next(at(t, c.now))
		text := func(moment time.Time) string {
			if moment.IsZero() {
				return ""
			}
			return moment.Format(time.RFC3339)
		}
		if got := text(o.Begin); ok != (c.begin != "over") || ok && (got != c.begin || text(o.End) != c.end) {
			t.Errorf("%s at %s: from %s to %s, %v, want %s to %s", c.incident, c.now, got, text(o.End), ok, c.begin, c.end)
		}
		if i.Daily() != strings.Contains(c.incident, `"18:00"`) && i.Daily() != strings.Contains(c.incident, `"23:00"`) {
			t.Errorf("%s: daily is %v", c.incident, i.Daily())
		}
	}
}

// A plan that was written is read again, and is the same.
func TestPlanIsWritten(t *testing.T) {
	p := read(t, `{"incidents":[{"scenario":"price-error","from":"18:00","to":"19:00","ramp":"5m","decay":"90s","severity":0.25,"product":"x","price":9.5},
		{"scenario":"store-network-down","state":"CA"},{"scenario":"flash-sale","function":"store","brand":"LG","off":12,"more":0},
		{"scenario":"late-events","delay":"3m"},{"scenario":"clock-skew","skew":"-3m"},{"scenario":"schema-drift","field":"city"}],
		"random":{"per_day":2.5,"seed":7,"of":["bot-traffic"]}}`)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	again := read(t, string(text))
	if !reflect.DeepEqual(p.Random, again.Random) || len(again.Incidents) != 6 {
		t.Errorf("%s", text)
	}
	for i := range again.Incidents {
		if a, b := p.Incidents[i].Says(), again.Incidents[i].Says(); !reflect.DeepEqual(a, b) {
			t.Errorf("%v is read as %v", a, b)
		}
	}
	if empty, err := json.Marshal(new(incidents.Plan)); err != nil || string(empty) != `{"incidents":[]}` {
		t.Errorf("an empty plan is %s, %v", empty, err)
	}
}
