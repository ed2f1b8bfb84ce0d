package dashboards_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/dashboards"
	"salesburst/shared/app"
	"salesburst/shared/brokertest"
	"salesburst/shared/lambdatest"
	"salesburst/shared/sale"
	"salesburst/shared/spec"
	"salesburst/shared/stack"
)

// pipeline is both functions' binaries, real Kafka and real Druid behind its gateway, with
// a topic of its own.
type pipeline struct {
	*brokertest.Broker
	druid     *stack.Druid
	env       []string
	functions map[string]*lambdatest.Function
}

func needsDruid(t testing.TB) *stack.Druid {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real Druid, which takes a while to start")
	}
	return stack.SharedDruid(t)
}

func startPipeline(t testing.TB, d *stack.Druid, change map[string]any) *pipeline {
	t.Helper()
	b := brokertest.Real(t, d.Kafka)
	p := &pipeline{Broker: b, druid: d, functions: make(map[string]*lambdatest.Function)}
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, b.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(lambdatest.Secrets(t, lambdatest.Secret(b.Addrs, b.User, b.Password)).Env,
		spec.EnvTopic+"="+b.Topic, spec.EnvSecretARN+"="+lambdatest.SecretARN, "SSL_CERT_FILE="+roots)
	for _, f := range spec.Functions() {
		p.functions[f.Name] = p.start(t, f.Name)
	}
	// Twice delivered: what a broken producer would do.
	p.functions["twice"] = p.start(t, spec.Online.Name, spec.EnvDelivery+"="+spec.DeliveryIdempotent)
	if err := d.Ingest(t.Context(), b.Topic, change); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.EndIngest(context.Background(), b.Topic); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *pipeline) start(t testing.TB, function string, env ...string) *lambdatest.Function {
	t.Helper()
	binary := lambdatest.Build(t, function, runtime.GOARCH)
	return lambdatest.Run(t, []string{p.Password}, []string{binary}, append(p.env[:len(p.env):len(p.env)], env...)...)
}

// burst has a burst published and returns how many events it has.
func (p *pipeline) burst(t testing.TB, function, payload string) int {
	t.Helper()
	var r app.Report
	p.functions[function].Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(5 * time.Minute)}, &r)
	if r.Events == 0 || r.Events != r.Expected {
		t.Fatalf("report of %s: %+v", payload, r)
	}
	return r.Events
}

// repeat asks for a burst again, which must not publish anything.
func (p *pipeline) repeat(t testing.TB, function, payload string) {
	t.Helper()
	var r app.Report
	p.functions[function].Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(2 * time.Minute)}, &r)
	if !r.Skipped {
		t.Errorf("published twice: %+v", r)
	}
}

// await waits until the table has so many rows.
func (p *pipeline) await(t testing.TB, rows int) {
	t.Helper()
	deadline := time.Now().Add(5*time.Minute + time.Duration(rows)*time.Millisecond/4)
	for ; ; time.Sleep(200 * time.Millisecond) {
		answer, err := p.druid.Query(t.Context(), `SELECT COUNT(*) AS n FROM "`+p.Topic+`"`)
		if err == nil && fmt.Sprint(answer[0]["n"]) == fmt.Sprint(rows) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("rows: %v, error %v, want %d", answer, err, rows)
		}
	}
}

// awaitHandOff waits until so many rows are served from published segments.
func (p *pipeline) awaitHandOff(t testing.TB, rows int) {
	t.Helper()
	deadline := time.Now().Add(10*time.Minute + time.Duration(rows)*time.Millisecond/4)
	for ; ; time.Sleep(time.Second) {
		answer, err := p.druid.Query(t.Context(), `SELECT SUM(num_rows) AS n FROM sys.segments
			WHERE datasource = '`+p.Topic+`' AND is_published = 1 AND is_available = 1 AND is_realtime = 0`)
		if err == nil && len(answer) == 1 && fmt.Sprint(answer[0]["n"]) == fmt.Sprint(rows) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("handed off: %v, error %v, want %d", answer, err, rows)
		}
	}
}

// sales reads the topic back by a client that is not ours. Texts that are the same share
// their memory.
func (p *pipeline) sales(t testing.TB) []*sale.Sale {
	t.Helper()
	texts := make(map[sale.Text]sale.Text)
	var all []*sale.Sale
	for _, e := range p.Read(t) {
		s := e.Sale
		for _, text := range []*sale.Text{
			&s.ProductName, &s.Category, &s.Currency, &s.PaymentMethod, &s.OrderType, &s.City, &s.Country, &s.Device, &s.Brand, &s.DisplayType, &s.Resolution,
			&s.Source, &s.OS, &s.State, &s.UserAgent, &s.FailureReason, &s.StoreID, &s.CustomerType, &s.Scenario,
		} {
			if known, is := texts[*text]; is {
				*text = known
			} else {
				texts[*text] = *text
			}
		}
		all = append(all, &s)
	}
	return all
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
	text, err := p.druid.Call(t.Context(), "POST", p.druid.Gateway+"/druid/v2/sql", string(body))
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

// produce puts a record into the topic that no function of ours would.
func (p *pipeline) produce(t testing.TB, text string) {
	t.Helper()
	if err := p.Dial(t).ProduceSync(t.Context(), &kgo.Record{Topic: p.Topic, Value: []byte(text)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}
