package app_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/incidents"
	"salesburst/shared/sale"
)

func planOf(t *testing.T, text string) func(time.Time) *incidents.Plan {
	t.Helper()
	p, err := incidents.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return func(time.Time) *incidents.Plan { return p }
}

// The incidents of the settings are for scheduled bursts, and those of an order for that. Who wants the
// truth gets it once for each burst that is published, and what is stored is what it says.
func TestIncidents(t *testing.T) {
	var truth []sale.Truth
	l := start(t, func(cfg *app.Config) {
		cfg.Incidents = planOf(t, `{"incidents":[{"scenario":"slow-checkout"}]}`)
		cfg.Truth = func(all []sale.Truth) { truth = append(truth, all...) }
	})
	touched := func(r app.Report) map[string]int {
		counts := make(map[string]int)
		for _, e := range l.broker.readAll(t).of(r.BurstID) {
			counts[e.Sale.Scenario.String()]++
		}
		return counts
	}
	r := l.mustInvoke(t, slot)
	if len(truth) != 1 || truth[0].Burst != r.BurstID || truth[0].Changed.Events == 0 {
		t.Fatalf("truth %+v", truth)
	}
	if counts := touched(r); counts["slow-checkout"] != truth[0].Changed.Events || counts[""] != r.Events-truth[0].Changed.Events {
		t.Errorf("%v are stored; truth %+v", counts, truth[0])
	}
	if l.mustInvoke(t, slot); len(truth) != 1 {
		t.Error("a burst that is skipped tells the truth again")
	}
	if r = l.mustInvoke(t, `{"events":300}`); len(truth) != 1 || touched(r)[""] != 300 {
		t.Errorf("an order without incidents: %v", touched(r))
	}
	r = l.mustInvoke(t, `{"events":300,"incidents":[{"scenario":"demand-drop"}]}`)
	if len(truth) != 2 || truth[1].Removed.Events == 0 || r.Events != 300-truth[1].Removed.Events || r.Expected != r.Events {
		t.Errorf("an order with its own: %+v, truth %+v", r, truth[1:])
	}
}

// Where incidents leave nothing of a burst, their truth is told all the same, and its twin is there.
func TestNothingIsLeft(t *testing.T) {
	const order = `{"events":300,"twin":true,"incidents":[{"scenario":"demand-drop","share":100}]}`
	var truth []sale.Truth
	l := start(t, func(cfg *app.Config) { cfg.Truth = func(all []sale.Truth) { truth = append(truth, all...) } })
	if r := l.mustInvoke(t, strings.Replace(order, "true", "false", 1)); r.Expected != 0 || len(truth) != 1 || truth[0].Removed.Events != 300 {
		t.Errorf("report %+v, truth %+v", r, truth)
	}
	if err := kafkaadmin.New(l.broker.Dial(t)).CreateTopic(t.Context(), l.broker.Topic+contract.TwinSuffix, 2, 1); err != nil {
		t.Fatal(err)
	}
	if r := l.mustInvoke(t, order); r.Events != 0 || r.Twin == nil || *r.Twin != 300 || len(truth) != 2 {
		t.Errorf("report %+v, truth %+v", r, truth)
	}
}

// The twin is in its own topic, once, and without incidents. A twin that cannot be published is what is
// left of the burst, and a retry makes it.
func TestTwin(t *testing.T) {
	const order = `{"events":300,"id":"twin","at":"2026-11-20T10:00:00Z","twin":true,"incidents":[{"scenario":"demand-drop"}]}`
	l := start(t)
	if _, err := l.invoke(t, order, 15*time.Second); err == nil || !strings.Contains(err.Error(), "published in part: the twin: ") || !strings.Contains(err.Error(), `"twin":true`) {
		t.Errorf("without a topic: error %v", err)
	}
	if err := kafkaadmin.New(l.broker.Dial(t)).CreateTopic(t.Context(), l.broker.Topic+contract.TwinSuffix, 2, 1); err != nil {
		t.Fatal(err)
	}
	r := l.mustInvoke(t, order)
	if !r.Skipped || r.Twin == nil || *r.Twin != 300 {
		t.Errorf("report %+v", r)
	}
	if r = l.mustInvoke(t, order); !r.Skipped || *r.Twin != 0 {
		t.Errorf("again: report %+v", r)
	}
	if all := l.broker.readAll(t); len(all) >= 300 || len(all) == 0 {
		t.Errorf("%d events, of 300 without the incident", len(all))
	}
	if r = l.mustInvoke(t, `{"events":300}`); r.Twin != nil {
		t.Errorf("report %+v", r)
	}
}

// truthIn reads the topic of truth.
func truthIn(t *testing.T, b *broker) (all []sale.Truth) {
	t.Helper()
	for _, r := range b.RecordsBeside(t) {
		var of sale.Truth
		if err := json.Unmarshal(r.Value, &of); err != nil || string(r.Key) != of.Burst || !r.Timestamp.Equal(of.To) {
			t.Errorf("%s at %v: %s, error %v", r.Key, r.Timestamp, r.Value, err)
		}
		all = append(all, of)
	}
	return all
}

// The topic of truth has a record for each burst and incident, once, also where nothing is left of the burst: then
// the ledger knows of it too.
func TestTruthTopic(t *testing.T) {
	var told []sale.Truth
	l := start(t, func(cfg *app.Config) {
		cfg.Incidents = planOf(t, `{"incidents":[{"scenario":"slow-checkout"},{"scenario":"bot-traffic"}]}`)
		cfg.Truth = func(all []sale.Truth) { told = append(told, all...) }
	})
	const nothing = `{"id":"none","at":"2026-11-20T10:00:00Z","events":300,"incidents":[{"scenario":"demand-drop","share":100}]}`
	for i, ask := range []struct {
		payload string
		skipped bool
		truth   int
	}{{slot, false, 2}, {slot, true, 0}, {nothing, false, 1}, {nothing, true, 0}} {
		if r := l.mustInvoke(t, ask.payload); r.Skipped != ask.skipped || r.Truth == nil || *r.Truth != ask.truth || r.NoTruth != "" {
			t.Errorf("%d: report %+v", i, r)
		}
	}
	if r := l.mustInvoke(t, `{"events":10}`); r.Truth != nil {
		t.Errorf("without incidents: report %+v", r)
	}
	there := truthIn(t, l.broker)
	for _, all := range [][]sale.Truth{there, told} { // bursts may be in several partitions
		slices.SortStableFunc(all, func(a, b sale.Truth) int { return strings.Compare(a.Burst, b.Burst) })
	}
	got, _ := json.Marshal(there)
	if want, _ := json.Marshal(told); string(got) != string(want) || len(told) != 3 {
		t.Errorf("in the topic is\n%s, told was\n%s", got, want)
	}
	if n := strings.Count(l.out.String(), `"Truth":`); n != 4 {
		t.Errorf("%d lines of metrics count the truth, want 4", n)
	}
}

// Where the topic of truth is missing, bursts are as they were, each report says what to do, and the log once.
func TestTruthTopicIsMissing(t *testing.T) {
	const advice = "create the topic sales-1-truth and let the key WRITE to it and DESCRIBE it, or set TRUTH to false"
	plan := func(cfg *app.Config) { cfg.Incidents = planOf(t, `{"incidents":[{"scenario":"slow-checkout"}]}`) }
	l := start(t, plan)
	if err := kafkaadmin.New(l.broker.Dial(t)).DeleteTopic(t.Context(), l.broker.Beside); err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{slot, strings.Replace(slot, "20:00", "19:59", 1)} {
		if r := l.mustInvoke(t, payload); r.Events == 0 || r.Truth == nil || *r.Truth != 0 || !strings.Contains(r.NoTruth, advice) {
			t.Errorf("report %+v", r)
		}
	}
	if n := strings.Count(l.out.String(), advice); n != 1 {
		t.Errorf("the log tells %d times, want once", n)
	}
	l = start(t, plan, func(cfg *app.Config) { cfg.Settings.Truth = "false" })
	if r := l.mustInvoke(t, slot); r.Truth != nil || r.NoTruth != "" || len(truthIn(t, l.broker)) != 0 {
		t.Errorf("turned off: report %+v", r)
	}
}

// Without labels the events do not tell.
func TestLabels(t *testing.T) {
	l := start(t, func(cfg *app.Config) {
		cfg.Settings.Labels = "false"
		cfg.Incidents = planOf(t, `{"incidents":[{"scenario":"slow-checkout"}]}`)
	})
	for _, payload := range []string{slot, `{"events":300,"incidents":[{"scenario":"bot-traffic"}]}`} {
		for _, e := range l.broker.readAll(t).of(l.mustInvoke(t, payload).BurstID) {
			if e.Sale.Scenario != (sale.Text{}) {
				t.Fatalf("%s tells of %s", e.Sale.TransactionID, e.Sale.Scenario)
			}
		}
	}
}

func TestIncidentsAreRefused(t *testing.T) {
	l := start(t)
	for payload, want := range map[string]string{
		`{"events":300,"scenario":"payment-outage","payment_method":"Cash"}`:         `payment_method Cash: allowed is Credit Card`,
		`{"events":300,"incidents":[{"scenario":"store-network-down"}]}`:             `incidents[0].function store: allowed is online`,
		`{"events":300,"incidents":[{"scenario":"price-error","function":"store"}]}`: `incidents[0].function store: allowed is online`,
		`{"incidents":5}`: "incidents 5: allowed is a list",
		`{"incidents":[{"scenario":"alien-invasion"}]}`:             `incidents[0].scenario "alien-invasion": allowed is flash-sale`,
		`{"incidents":[{"scenario":"flash-sale","brand":"Nokia"}]}`: `brand Nokia: allowed is`,
		`{"twin":1}`:                  "twin 1: allowed is true, false",
		`{"incidents":[],"events":0}`: "events 0",
	} {
		_, err := l.invoke(t, payload, 15*time.Second)
		var invalid *app.InvalidTrigger
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", payload, err, want)
		}
	}
}
