package burst_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/sale"
)

func incidentsOf(t testing.TB, text string) *incidents.Plan {
	t.Helper()
	p, err := incidents.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stream is the events of a burst by their numbers.
func stream(t *testing.T, b *burst.Burst) map[uint32]sale.Sale {
	t.Helper()
	all := make(map[uint32]sale.Sale)
	var last sale.Time
	for i := range b.Len() {
		var s sale.Sale
		b.At(i, &s)
		if s.Timestamp < last {
			t.Fatalf("event %d, %s, is before the one in front of it", i, s.TransactionID)
		}
		last = s.Timestamp
		if _, twice := all[s.TransactionID.Sequence]; twice {
			t.Fatalf("%s is there twice", s.TransactionID)
		}
		all[s.TransactionID.Sequence] = s
	}
	return all
}

// checkTruth compares what the truth says with what differs between a burst and its twin.
func checkTruth(t *testing.T, b *burst.Burst, labels bool) (truth []sale.Truth) {
	t.Helper()
	is, twin := stream(t, b), stream(t, b.Twin())
	added, removed, changed := make(map[uint32]int), make(map[uint32]int), make(map[uint32]int)
	var revenue sale.Cents
	for n, s := range is {
		revenue += s.Revenue()
		other, there := twin[n]
		switch {
		case !there:
			added[n] = 1
		case s != other:
			changed[n] = 1
		}
		if touched := added[n]+changed[n] > 0; (s.Scenario != sale.Text{}) != (touched && labels) {
			t.Fatalf("%s is labelled %q, touched is %v", s.TransactionID, s.Scenario, touched)
		}
	}
	for n, s := range twin {
		revenue -= s.Revenue()
		if _, there := is[n]; !there {
			removed[n] = 1
		}
	}
	truth = b.Truth()
	said := map[string]map[uint32]int{}
	for _, of := range truth {
		for name, touched := range map[string]*sale.Touched{"added": &of.Added, "removed": &of.Removed, "changed": &of.Changed} {
			events := 0
			for _, s := range touched.Sequences {
				for n := s[0]; n <= s[1]; n++ {
					if said[name] == nil {
						said[name] = make(map[uint32]int)
					}
					said[name][n] = 1
					events++
				}
			}
			if events != touched.Events {
				t.Errorf("%s: %d events %s, in stretches of %d", of.Scenario, touched.Events, name, events)
			}
			revenue -= touched.Revenue
		}
	}
	for n := range said["removed"] {
		delete(said["changed"], n) // by an incident before
	}
	for name, want := range map[string]map[uint32]int{"added": added, "removed": removed, "changed": changed} {
		if !maps.Equal(said[name], want) {
			t.Errorf("the truth has %d events %s, %d are", len(said[name]), name, len(want))
		}
	}
	if revenue != 0 {
		t.Errorf("the truth of the revenue is wrong by %s", revenue)
	}
	return truth
}

// What a burst shows, minus its twin, is what its truth says, whatever happens.
func TestTruth(t *testing.T) {
	m := newMarket(t)
	plans := map[string]string{
		"three at once": `{"incidents":[{"scenario":"black-friday","severity":0.5},{"scenario":"payment-outage"},{"scenario":"demand-drop","severity":0.3}]}`,
		"one after the other": `{"incidents":[{"scenario":"flash-sale","from":"17:00","to":"17:40","ramp":"10m","decay":"10m"},
			{"scenario":"price-error","from":"2026-11-24T17:30:00Z","to":"2026-11-24T17:50:00Z"}]}`,
		"by chance": `{"random":{"per_day":40,"seed":3}}`,
	}
	for _, s := range incidents.Scenarios() {
		where := ""
		if slices.Contains(s.Takes, "state") {
			where = `"state":"tx",`
		}
		plans[s.Name] = fmt.Sprintf(`{"incidents":[{"scenario":%q,%s"severity":0.9}]}`, s.Name, where)
	}
	for _, f := range contract.Functions() {
		for kind, r := range map[string]burst.Request{
			"minute": slot(f),
			"hour":   with(slot(f), func(o *burst.Request) { o.Over, o.Mean = time.Hour, 30 }),
			"exact":  with(slot(f), func(o *burst.Request) { o.Events, o.Over = 600, time.Hour }),
			"shard":  with(slot(f), func(o *burst.Request) { o.Events, o.Shard, o.Of = 4000, 1, 6 }),
		} {
			if testing.Short() && (kind == "hour" || (kind == "minute") != (f == contract.Online)) {
				continue
			}
			for name, text := range plans {
				r := r
				r.Incidents = incidentsOf(t, text)
				t.Run(strings.Join([]string{f.Name, kind, name}, "/"), func(t *testing.T) {
					b, err := burst.New(m, r)
					if err != nil {
						t.Fatal(err)
					}
					plain := r
					plain.Incidents = nil
					if twin := plan(t, plain); b.ID() != twin.ID() || !maps.Equal(stream(t, twin), stream(t, b.Twin())) {
						t.Error("the twin is not the burst without incidents")
					}
					truth := checkTruth(t, b, true)
					if len(truth) == 1 && truth[0].Severity == "0.9" {
						checkScenario(t, kind, truth[0])
					}
					// Without labels nothing else differs.
					quiet := r
					quiet.Unlabelled = true
					got, want := stream(t, plan(t, quiet)), stream(t, b)
					for n, s := range want {
						s.Scenario = sale.Text{}
						want[n] = s
					}
					if !maps.Equal(got, want) {
						t.Error("without labels it has other events")
					}
				})
			}
		}
	}
}

// checkScenario holds that a scenario does what it is for.
func checkScenario(t *testing.T, kind string, truth sale.Truth) {
	t.Helper()
	all := incidents.Scenarios()
	of := all[slices.IndexFunc(all, func(s incidents.Scenario) bool { return s.Name == truth.Scenario })]
	open := kind == "minute" || kind == "hour"
	switch {
	case of.More > 0 && open && truth.Added.Events == 0:
		t.Error("it adds nothing")
	case of.More > 0 && !open && truth.Changed.Events == 0:
		t.Error("it puts nothing in the place of other events")
	case of.Share == 0 && open && truth.Changed.Events+truth.Removed.Events > 0:
		t.Error("it touches what it only ought to come on top of")
	case of.Share > 0 && of.Price == 0 && truth.Changed.Events+truth.Removed.Events == 0:
		t.Error("it touches nothing")
	}
}

// All shards together have what the burst of a plan has.
func TestIncidentsOfShards(t *testing.T) {
	m := newMarket(t)
	r := with(slot(contract.Online), func(o *burst.Request) { o.Events, o.Of = 3000, 4 })
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"promo-code-leak"},{"scenario":"demand-drop"}]}`)
	seen := make(map[uint32]bool)
	n := 0
	for r.Shard = range r.Of {
		b, err := burst.New(m, r)
		if err != nil {
			t.Fatal(err)
		}
		checkTruth(t, b, true)
		for sequence := range stream(t, b) {
			if seen[sequence] {
				t.Fatalf("event %d is in two shards", sequence)
			}
			seen[sequence] = true
		}
		n += b.Len()
	}
	if n < 1000 || n > 2000 {
		t.Errorf("%d of 3000 events are left", n)
	}
}

// Incidents that ask for too much are refused, with what is allowed.
func TestIncidentsOutsideTheLimits(t *testing.T) {
	m := newMarket(t)
	r := with(slot(contract.Online), func(o *burst.Request) { o.Mean, o.Over = 60_000, 10*time.Minute })
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"black-friday","more":1000}]}`)
	_, err := burst.New(m, r)
	if err == nil || !strings.Contains(err.Error(), "incidents") || !strings.Contains(err.Error(), "at most") {
		t.Errorf("error %v", err)
	}
	for text, want := range map[string]string{
		`{"incidents":[{"scenario":"flash-sale","brand":"Nokia"}]}`:               "brand",
		`{"incidents":[{"scenario":"regional-outage","state":"XX"}]}`:             "state",
		`{"incidents":[{"scenario":"payment-outage","payment_method":"Cheque"}]}`: "payment_method",
	} {
		r := slot(contract.Online)
		r.Incidents = incidentsOf(t, text)
		if _, err := burst.New(m, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one about %s", text, err, want)
		}
		if err := m.CheckIncidents(r.Incidents); err == nil || !strings.Contains(err.Error(), "incidents[0]") {
			t.Errorf("%s: error %v", text, err)
		}
	}
	// PayPal is none of the methods of a store, and goes wrong online alone.
	r = slot(contract.Store)
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"payment-outage","payment_method":"paypal"}]}`)
	if b, err := burst.New(m, r); err != nil || len(b.Truth()) != 0 {
		t.Errorf("error %v", err)
	}
	if err := m.CheckIncidents(r.Incidents); err != nil {
		t.Error(err)
	}
}
