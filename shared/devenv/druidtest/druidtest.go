// Package druidtest is the whole pipeline for tests: the functions' binaries, real Kafka
// and real Druid, with a topic of its own. It is used by tests only.
package druidtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/sale"
)

// RequireDruid returns the Druid that tests share.
func RequireDruid(t testing.TB) *devenv.Druid {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real Druid, which takes a while to start")
	}
	return devenv.SharedDruid(t)
}

// Pipeline is a topic that Druid ingests into a table of the same name.
type Pipeline struct {
	*kafkatest.Broker
	Druid *devenv.Druid

	env []string // of the functions
}

// Start makes a pipeline, with these settings of the supervisor changed. It ends with the test.
func Start(t testing.TB, d *devenv.Druid, change map[string]any) *Pipeline {
	t.Helper()
	b := kafkatest.NewTopic(t, d.Kafka, contract.TimestampType, contract.OfArrival)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, b.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(lambdatest.Secrets(t, lambdatest.Secret(b.Addrs, b.User, b.Password)).Env,
		contract.EnvTopic+"="+b.Topic, contract.EnvSecretARN+"="+lambdatest.SecretARN, "SSL_CERT_FILE="+roots)
	if err := d.Ingest(t.Context(), b.Topic, change); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.EndIngest(context.Background(), b.Topic); err != nil {
			t.Error(err)
		}
	})
	return &Pipeline{Broker: b, Druid: d, env: env[:len(env):len(env)]}
}

// Function runs an instance of a function, with these settings beside those of the topic.
func (p *Pipeline) Function(t testing.TB, name string, env ...string) *lambdatest.Function {
	t.Helper()
	f, _ := p.StartKillable(t, name, env...)
	return f
}

// StartKillable is Function with a way to kill it before the test ends.
func (p *Pipeline) StartKillable(t testing.TB, name string, env ...string) (f *lambdatest.Function, kill func()) {
	t.Helper()
	return lambdatest.RunUntilKilled(t, []string{p.Password}, []string{lambdatest.Build(t, name, runtime.GOARCH)},
		append(p.env, env...)...)
}

// Burst has a function publish a burst.
func (p *Pipeline) Burst(t testing.TB, f *lambdatest.Function, payload string) (r app.Report) {
	t.Helper()
	f.Result(t, lambdatest.Invocation{Payload: payload, Deadline: time.Now().Add(5 * time.Minute)}, &r)
	return r
}

// Produce puts a record into the topic that no function of ours would.
func (p *Pipeline) Produce(t testing.TB, text string) {
	t.Helper()
	if err := p.Dial(t).ProduceSync(t.Context(),
		&kgo.Record{Topic: p.Topic, Value: []byte(text)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// patience is how long rows may take to show, on a machine with much else to do.
func patience(rows int) time.Duration {
	return 5*time.Minute + time.Duration(rows)*time.Millisecond/4
}

// Await waits until the table has so many rows. It fails at once where it has more.
func (p *Pipeline) Await(t testing.TB, rows int) {
	t.Helper()
	p.await(t, rows, false)
}

// AwaitAfterFailure is Await where a task of Druid's is being replaced by one that reads the
// same records: until the first is gone, a query counts the rows of both.
func (p *Pipeline) AwaitAfterFailure(t testing.TB, rows int) {
	t.Helper()
	p.await(t, rows, true)
}

func (p *Pipeline) await(t testing.TB, rows int, replaced bool) {
	t.Helper()
	for deadline := time.Now().Add(patience(rows)); ; time.Sleep(100 * time.Millisecond) {
		answer, err := p.Druid.Query(t.Context(), `SELECT COUNT(*) AS n FROM "`+p.Topic+`"`)
		n := -1
		if err == nil {
			n = count(t, answer)
		}
		if n == rows {
			return
		}
		if n > rows && !replaced || time.Now().After(deadline) {
			t.Fatalf("%d rows, error %v, want %d; the supervisor: %s", n, err, rows, p.Status(t))
		}
	}
}

// AwaitHandOff waits until so many rows, or more, are served from published segments, and
// returns how many there are.
func (p *Pipeline) AwaitHandOff(t testing.TB, rows int) int {
	t.Helper()
	for deadline := time.Now().Add(patience(rows)); ; time.Sleep(time.Second) {
		answer, err := p.Druid.Query(t.Context(), `SELECT COALESCE(SUM(num_rows), 0) AS n FROM sys.segments
			WHERE datasource = '`+p.Topic+`' AND is_published = 1 AND is_available = 1 AND is_realtime = 0`)
		n := 0
		if err == nil && len(answer) == 1 {
			n = count(t, answer)
		}
		if n >= rows {
			return n
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d rows are handed off, error %v, want %d; the supervisor: %s", n, err, rows, p.Status(t))
		}
	}
}

func count(t testing.TB, answer []devenv.Row) int {
	t.Helper()
	n, err := answer[0]["n"].(json.Number).Int64()
	if err != nil {
		t.Fatalf("%v: %v", answer, err)
	}
	return int(n)
}

// Status is what Druid says of the ingestion.
func (p *Pipeline) Status(t testing.TB) string {
	t.Helper()
	text, err := p.Druid.Call(t.Context(), "GET",
		p.Druid.URLs["coordinator"]+"/druid/indexer/v1/supervisor/"+p.Topic+"/status", "")
	if err != nil {
		return fmt.Sprintf("no status: %v", err)
	}
	return string(text)
}

// Sales reads the topic back by a client that is not ours.
func (p *Pipeline) Sales(t testing.TB) []*sale.Sale {
	t.Helper()
	sales, _ := p.Arrivals(t)
	return sales
}

// Arrivals is Sales with the time at which Kafka got each. Texts that are the same share
// their memory.
func (p *Pipeline) Arrivals(t testing.TB) (all []*sale.Sale, arrived []time.Time) {
	t.Helper()
	texts := make(map[sale.Text]sale.Text)
	for _, e := range p.Read(t) {
		s := e.Sale
		fields := reflect.ValueOf(&s).Elem()
		for i := range sale.Fields {
			text, is := fields.Field(i).Addr().Interface().(*sale.Text)
			if !is {
				continue
			}
			if _, known := texts[*text]; !known {
				texts[*text] = *text
			}
			*text = texts[*text]
		}
		all = append(all, &s)
		arrived = append(arrived, e.Timestamp)
	}
	return all, arrived
}
