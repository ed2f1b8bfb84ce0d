package druid_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	druid "salesburst/druid-ec2"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/druidtest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/sale"
)

// pipeline is a function with real Kafka and real Druid.
type pipeline struct {
	*druidtest.Pipeline
	function *lambdatest.Function
}

func startPipeline(t *testing.T, d *devenv.Druid, change map[string]any) *pipeline {
	t.Helper()
	p := druidtest.Start(t, d, change)
	return &pipeline{p, p.Function(t, contract.Online.Name)}
}

// burst has a burst published.
func (p *pipeline) burst(t *testing.T, payload string) app.Report {
	t.Helper()
	return p.Burst(t, p.function, payload)
}

// number reads a figure of an answer.
func number(t *testing.T, row devenv.Row, column string) float64 {
	t.Helper()
	n, ok := row[column].(json.Number)
	if !ok {
		t.Fatalf("%s is %v in %v", column, row[column], row)
	}
	f, err := n.Float64()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// cents reads an amount of money, which SQL has rounded.
func cents(t *testing.T, row devenv.Row, column string) sale.Cents {
	t.Helper()
	f := number(t, row, column)*100 + 0.5
	return sale.Cents(f)
}

// What Druid holds is what the functions report, while it ingests and after the segments
// are handed off, with bursts among them that were retried, given up and killed.
func TestDruidHoldsWhatIsReported(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, map[string]any{"ioConfig.taskDuration": "PT1M"})
	at := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)

	var events int
	var revenue sale.Cents
	take := func(r app.Report) {
		if r.Expected != r.Events || r.Skipped {
			t.Fatalf("report %+v", r)
		}
		events += r.Events
		revenue += r.Revenue
	}
	compare := func() {
		t.Helper()
		p.Await(t, events)
		rows, err := d.Query(t.Context(), `SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE status = 'COMPLETED') AS completed,
			ROUND(SUM(total_amount) FILTER (WHERE status = 'COMPLETED'), 2) AS revenue FROM "`+p.Topic+`"`)
		if err != nil {
			t.Fatal(err)
		}
		if n := int(number(t, rows[0], "n")); n != events || cents(t, rows[0], "revenue") != revenue {
			t.Fatalf("Druid holds %v, the functions report %d events with a revenue of %v", rows[0], events, revenue)
		}
	}
	take(p.burst(t, fmt.Sprintf(`{"events":2000,"id":"first","at":%q,"over":"5m"}`, at)))
	compare()

	// Asked for again, by the same function and by another.
	if r := p.burst(t, fmt.Sprintf(`{"events":2000,"id":"first","at":%q,"over":"5m"}`, at)); !r.Skipped {
		t.Errorf("published twice: %+v", r)
	}
	// Killed in its middle, and retried. What it had sent is aborted and never shows.
	order := fmt.Sprintf(`{"events":400000,"id":"killed","at":%q,"over":"5m"}`, at)
	const most = 20 // a busy machine takes longer to begin
	uncommitted := 0
	for n := 0; n < 3 || uncommitted <= events && n < most; n++ {
		p.kill(t, order, time.Duration(150+200*n)*time.Millisecond)
		uncommitted = len(p.RecordsUncommitted(t))
	}
	if uncommitted <= events {
		t.Errorf("%d events are in the log: the killed attempts have sent nothing, so nothing is shown", uncommitted)
	}
	take(p.burst(t, order))
	// Bursts while Druid reads, and over the hand-offs of several tasks.
	start := time.Now()
	for n := 0; time.Since(start) < 100*time.Second; n++ {
		now := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
		take(p.burst(t, fmt.Sprintf(`{"events":600,"id":"slot-%d","at":%q}`, n, now)))
		compare()
		if n == 0 {
			p.compareByBrandAndStatus(t) // rows of the task that reads them
		}
		time.Sleep(500 * time.Millisecond)
	}
	handedOff := p.AwaitHandOff(t, 1)
	compare()
	t.Logf("%d events, %d of them in segments that were handed off", events, handedOff)
	p.compareByBrandAndStatus(t)
}

// kill starts a burst and kills the function a moment later.
func (p *pipeline) kill(t *testing.T, payload string, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	f, kill := p.StartKillable(t, contract.Online.Name)
	select {
	case f.Asks <- lambdatest.Invocation{ID: "killed", Payload: payload, Deadline: time.Now().Add(time.Minute)}:
	case <-ctx.Done():
		t.Fatalf("the function does not ask for work\n%s", f.Output())
	}
	time.Sleep(after)
	kill()
}

func (p *pipeline) compareByBrandAndStatus(t *testing.T) {
	t.Helper()
	type key struct{ brand, status string }
	want := make(map[key]sale.Cents)
	for _, s := range p.Sales(t) {
		want[key{s.Brand.String(), s.Status.String()}] += s.TotalAmount
	}
	rows, err := p.Druid.Query(t.Context(), `SELECT brand, status, ROUND(SUM(total_amount), 2) AS total FROM "`+p.Topic+`" GROUP BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(want) || len(rows) < 10 {
		t.Errorf("%d brands and statuses, want %d", len(rows), len(want))
	}
	for _, row := range rows {
		k := key{fmt.Sprint(row["brand"]), fmt.Sprint(row["status"])}
		if got := cents(t, row, "total"); got != want[k] {
			t.Errorf("%v: %v, want %v", k, got, want[k])
		}
	}
}

// A malformed record is counted, shown and passed over.
func TestPoisonDoesNotStopIngestion(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, nil)
	before := p.burst(t, `{"events":100}`)
	p.Await(t, before.Events)
	poison := []string{`not JSON`, `{"transaction_id":"no time"}`, `{"timestamp":"yesterday"}`, ``}
	for _, text := range poison {
		p.Produce(t, text)
	}
	after := p.burst(t, `{"events":100}`)
	p.Await(t, before.Events+after.Events)

	var counted float64
	for deadline := time.Now().Add(time.Minute); counted < 4 && time.Now().Before(deadline); time.Sleep(time.Second) {
		counted = p.counters(t)["unparseable"]
	}
	if counted != 4 {
		t.Errorf("%v records are counted as unparseable, want 4", counted)
	}
	if errors := p.supervisor(t, "parseErrors"); !strings.Contains(string(errors), "yesterday") {
		t.Errorf("parse errors %s, want one that shows the record", errors)
	}
}

// supervisor is what the one of the topic says.
func (p *pipeline) supervisor(t *testing.T, of string) []byte {
	t.Helper()
	text, err := p.Druid.Call(t.Context(), "GET",
		p.Druid.URLs["coordinator"]+"/druid/indexer/v1/supervisor/"+p.Topic+"/"+of, "")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// counters are the supervisor's of records.
func (p *pipeline) counters(t *testing.T) map[string]float64 {
	t.Helper()
	text := p.supervisor(t, "stats")
	var groups map[string]map[string]struct {
		Totals struct{ BuildSegments map[string]float64 }
	}
	if err := json.Unmarshal(text, &groups); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	sum := make(map[string]float64)
	for _, tasks := range groups {
		for _, task := range tasks {
			for name, n := range task.Totals.BuildSegments {
				sum[name] += n
			}
		}
	}
	delete(sum, "processedBytes")
	return sum
}

// A sale of any day goes to the segment of its day.
func TestLateSales(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, nil)
	late := p.burst(t, fmt.Sprintf(`{"events":500,"id":"late","at":%q}`, time.Now().Add(-9*24*time.Hour).UTC().Format(time.RFC3339)))
	now := p.burst(t, `{"events":500}`)
	p.Await(t, late.Events+now.Events)
	rows, err := d.Query(t.Context(), `SELECT TIME_FLOOR(__time, 'P1D') AS "day", COUNT(*) AS n, COUNT(DISTINCT EXTRACT(MILLISECOND FROM __time)) AS ms
		FROM "`+p.Topic+`" GROUP BY 1 ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	if int(number(t, rows[0], "n")) > 500 || len(rows) < 2 || !strings.HasPrefix(fmt.Sprint(rows[0]["day"]), late.CoversFrom.Time().UTC().Format(time.DateOnly)) {
		t.Errorf("days %v", rows)
	}
	if number(t, rows[0], "ms") < 100 {
		t.Errorf("milliseconds are lost: %v", rows[0])
	}
}

// Every field of a sale is a column, of the type that it has.
func TestEveryFieldIsAColumn(t *testing.T) {
	text, err := druid.Ingestion{Topic: "sales", BootstrapServers: "host:9092"}.Spec("supervisor.json")
	if err != nil {
		t.Fatal(err)
	}
	var supervisor struct {
		Spec struct {
			DataSchema struct {
				DimensionsSpec struct{ Dimensions []struct{ Type, Name string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &supervisor); err != nil {
		t.Fatal(err)
	}
	columns := make(map[string]string)
	for _, c := range supervisor.Spec.DataSchema.DimensionsSpec.Dimensions {
		columns[c.Name] = c.Type
	}
	fields := append(sale.Fields[:], sale.Arrival)
	for _, f := range fields {
		if f.Kind != sale.KindTime && columns[f.Name] != f.Kind.Druid() {
			t.Errorf("column %s is %q, want %s", f.Name, columns[f.Name], f.Kind.Druid())
		}
	}
	if len(columns) != len(fields)-1 { // the time is Druid's own
		t.Errorf("%d columns for %d fields", len(columns), len(fields))
	}
}

func TestSpecRefuses(t *testing.T) {
	for name, i := range map[string]druid.Ingestion{
		"topic":     {Topic: `a"b`, BootstrapServers: "host:9092"},
		"servers":   {Topic: "sales", BootstrapServers: "host"},
		"no server": {Topic: "sales"},
		"retention": {Topic: "sales", BootstrapServers: "host:9092", Retention: "forever"},
	} {
		if _, err := i.Spec("rules.json"); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "no ")) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
