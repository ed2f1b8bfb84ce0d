package dashboards_test

import (
	"encoding/json"
	"strings"
	"testing"

	"salesburst/dashboards"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/druidtest"
	"salesburst/shared/devenv/lambdatest"
)

// pipeline is both functions with real Kafka and real Druid behind its gateway.
type pipeline struct {
	*druidtest.Pipeline
	functions map[string]*lambdatest.Function
}

func startPipeline(t testing.TB, change map[string]any) *pipeline {
	t.Helper()
	p := &pipeline{druidtest.Start(t, druidtest.RequireDruid(t), change), make(map[string]*lambdatest.Function)}
	for _, f := range contract.Functions() {
		p.functions[f.Name] = p.Function(t, f.Name)
	}
	// Twice delivered: what a broken producer would do.
	p.functions["twice"] = p.Function(t, contract.Online.Name, contract.EnvDelivery+"="+contract.DeliveryIdempotent)
	return p
}

// burst has a burst published and returns how many events it has.
func (p *pipeline) burst(t testing.TB, function, payload string) int {
	t.Helper()
	r := p.Burst(t, p.functions[function], payload)
	if r.Events == 0 || r.Events != r.Expected {
		t.Fatalf("report of %s: %+v", payload, r)
	}
	return r.Events
}

// repeat asks for a burst again, which must not publish anything.
func (p *pipeline) repeat(t testing.TB, function, payload string) {
	t.Helper()
	if r := p.Burst(t, p.functions[function], payload); !r.Skipped {
		t.Errorf("published twice: %+v", r)
	}
}

// ask sends what Grafana's plugin sends, through the gateway, and reads the answer as the
// plugin does.
func (p *pipeline) ask(t testing.TB, sql string) (columns []string, rows [][]any, err error) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"queryType": "sql", "dataSource": map[string]any{"type": "table", "name": p.Topic}, "query": sql,
		"resultFormat": "array", "header": true,
		// Off are the caches, so that each answer is of this moment.
		"context": map[string]any{"sqlOuterLimit": dashboards.MostRows, "useCache": false, "populateCache": false, "useResultLevelCache": false},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Druid.Call(t.Context(), "POST", p.Druid.Gateway+"/druid/v2/sql", string(body))
	if err != nil {
		return nil, nil, err
	}
	var all [][]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, name := range all[0] {
		columns = append(columns, name.(string))
	}
	return columns, all[1:], nil
}

// each runs a test for each panel of all dashboards.
func each(t *testing.T, test func(t *testing.T, d dashboards.Dashboard, p dashboards.Panel)) {
	t.Helper()
	for _, d := range dashboards.All() {
		for _, p := range d.Panels() {
			t.Run(d.Title+"/"+strings.ReplaceAll(p.Title, " ", "_"), func(t *testing.T) { test(t, d, p) })
		}
	}
}
