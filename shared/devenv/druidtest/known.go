package druidtest

import (
	"encoding/json"
	"testing"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
)

// Plan reads a list of incidents.
func Plan(t testing.TB, list string) *incidents.Plan {
	t.Helper()
	p, err := incidents.Read([]byte(`{"incidents":` + list + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Known has a function publish a burst, and returns what it must have published, with its truth and its
// twin. A request that follows others is that of a schedule: the function must have its mean and its
// incidents. Others are orders, which the function's mean by default is part of.
func (p *Pipeline) Known(t testing.TB, f *lambdatest.Function, r burst.Request) *burst.Burst {
	t.Helper()
	payload := map[string]any{contract.FieldScheduledTime: r.At, contract.FieldScheduleARN: r.Origin}
	if !r.Follows {
		r.Mean = contract.FunctionOf(r.Channel).EventsPerMinute
		payload = map[string]any{contract.FieldID: r.Origin, contract.FieldAt: r.At, contract.FieldEvents: r.Events,
			contract.FieldOver: r.Over.String()}
		if r.Incidents != nil {
			var plan map[string]json.RawMessage
			if err := json.Unmarshal([]byte(r.Incidents.Source()), &plan); err != nil {
				t.Fatal(err)
			}
			payload[contract.FieldIncidents] = plan[contract.FieldIncidents]
		}
	}
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	b, err := burst.New(m, r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	if report := p.Burst(t, f, string(text)); report.BurstID != b.ID().String() || report.Events != b.Len() {
		t.Fatalf("report %+v of %s, want burst %s with %d events", report, text, b.ID(), b.Len())
	}
	return b
}
