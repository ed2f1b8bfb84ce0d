package druid_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	druid "salesburst/druid-ec2"
	"salesburst/shared/devenv/druidtest"
)

// The segments of a day that is over become one, and what is older than the retention is
// dropped, while ingestion goes on. Nothing else is touched.
func TestOldDaysAreCompactedAndDropped(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, nil)
	old := time.Now().UTC().AddDate(0, 0, -9).Truncate(24 * time.Hour).Add(12 * time.Hour)
	late := func(id string) int {
		return p.burst(t, fmt.Sprintf(`{"events":500,"id":%q,"at":%q}`, id, old.Format(time.RFC3339))).Events
	}
	rows := late("first")
	p.Await(t, rows)
	p.handOff(t, rows)
	rows += late("second")
	today := p.burst(t, `{"events":300}`).Events
	p.Await(t, rows+today)
	p.handOff(t, rows+today)

	spec := func(name string) string {
		text, err := druid.Ingestion{Topic: p.Topic, BootstrapServers: strings.Join(p.Addrs, ","), Retention: "P2D"}.Spec(name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if n := p.segmentsOf(t, old); n != 2 {
		t.Fatalf("%d segments of the old day, want one of each task", n)
	}
	compaction := d.URLs["coordinator"] + "/druid/coordinator/v1/config/compaction"
	if _, err := d.Call(t.Context(), http.MethodPost, compaction, spec("compaction.json")); err != nil {
		t.Fatal(err)
	}
	p.eventually(t, "the old day is one segment", func() bool { return p.segmentsOf(t, old) == 1 })
	p.Await(t, rows+today)
	if _, err := d.Call(t.Context(), http.MethodDelete, compaction+"/"+p.Topic, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Call(t.Context(), http.MethodPost, d.URLs["coordinator"]+"/druid/coordinator/v1/rules/"+p.Topic, spec("rules.json")); err != nil {
		t.Fatal(err)
	}
	p.eventually(t, "the old day is dropped", func() bool {
		answer, err := d.Query(t.Context(), `SELECT COUNT(*) AS n FROM "`+p.Topic+`"`)
		if err != nil {
			t.Fatal(err)
		}
		return int(number(t, answer[0], "n")) == today
	})
	if n := p.segmentsOf(t, old); n != 0 {
		t.Errorf("%d segments of the old day are there still", n)
	}
}

// handOff ends the ingestion, waits until so many rows are handed off, and lets it go on.
func (p *pipeline) handOff(t *testing.T, rows int) {
	t.Helper()
	if err := p.Druid.EndIngest(t.Context(), p.Topic); err != nil {
		t.Fatal(err)
	}
	p.AwaitHandOff(t, rows)
	if err := p.Druid.Ingest(t.Context(), p.Topic, nil); err != nil {
		t.Fatal(err)
	}
}

// segmentsOf is how many segments of a day are served by the historical.
func (p *pipeline) segmentsOf(t *testing.T, day time.Time) int {
	t.Helper()
	answer, err := p.Druid.Query(t.Context(), `SELECT segment_id FROM sys.segments WHERE datasource = '`+p.Topic+`'
		AND is_active = 1 AND is_available = 1 AND is_realtime = 0 AND "start" = '`+day.Truncate(24*time.Hour).Format("2006-01-02T15:04:05.000Z")+`'`)
	if err != nil {
		t.Fatal(err)
	}
	return len(answer)
}

func (p *pipeline) eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting until %s: %s", what, p.Status(t))
		}
	}
}
