package druid_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	druid "salesburst/druid-ec2"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/druidtest"
	"salesburst/shared/devenv/flinktest"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/sale"
)

// wrong is what goes wrong: all scenarios of the data. Clocks are behind, for one that is ahead makes the
// sales of all others late.
const wrong = `[{"scenario":"late-events"},{"scenario":"out-of-order"},{"scenario":"duplicates"},
	{"scenario":"malformed","share":6},{"scenario":"hot-key"},{"scenario":"schema-drift","share":2},
	{"scenario":"clock-skew","share":5,"skew":"-5m"}]`

// counterOf is where Druid counts the records of each kind. There are rows of what it has processed.
var counterOf = map[string]string{
	"truncated": "unparseable", "missing_field": "unparseable", "empty": "unparseable", "tombstone": "thrownAway",
	"wrong_type": "processedWithError", "wrong_encoding": "processed", "renamed_field": "processed",
}

func hasRow(kind string) bool { return kind == "" || strings.HasPrefix(counterOf[kind], "processed") }

// event is what is known of one: with the incidents, by what the truth says of them, and without.
type event struct {
	at, usually sale.Time
	customer    string
	amount      sale.Cents
	records     int             // in the topic
	kind        string          // in which it is malformed; empty: it is not
	by          map[string]bool // the scenarios that touched it
}

// troubled is a topic with bursts in which the data goes wrong.
type troubled struct {
	*pipeline
	events  map[string]*event // by transaction id
	records int
}

// trouble has both functions publish: slots by the plan of the function, an order with incidents, and one
// without, each of the time after the one before it.
func trouble(t *testing.T) *troubled {
	t.Helper()
	p := &pipeline{Pipeline: druidtest.Start(t, druidtest.RequireDruid(t), map[string]any{
		"tuningConfig.maxSavedParseExceptions": 10_000})}
	plan := filepath.Join(t.TempDir(), "incidents.json")
	if err := os.WriteFile(plan, []byte(`{"incidents":`+wrong+`}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const mean = 3000
	scheduled := p.Function(t, contract.Online.Name, contract.EnvIncidents+"="+plan,
		contract.EnvEventsPerMinute+"="+strconv.Itoa(mean))
	store, online := p.Function(t, contract.Store.Name), p.Function(t, contract.Online.Name)
	x := &troubled{pipeline: p, events: make(map[string]*event)}
	now := time.Now().UTC().Truncate(contract.Slot)
	for _, ago := range []time.Duration{12 * time.Minute, 11 * time.Minute} {
		x.take(p.Known(t, scheduled, burst.Request{
			Channel: contract.ChannelOnline, Origin: "arn:aws:scheduler:us-east-1:123456789012:schedule/salesburst/online",
			At: now.Add(-ago), Over: contract.Slot, Mean: mean, Follows: true, Incidents: druidtest.Plan(t, wrong)}))
	}
	x.take(p.Known(t, store, burst.Request{Channel: contract.ChannelStore, Origin: "wrong", At: now.Add(-6 * time.Minute),
		Over: 5 * time.Minute, Events: 6000, Incidents: druidtest.Plan(t, wrong)}))
	x.take(p.Known(t, online, burst.Request{Channel: contract.ChannelOnline, Origin: "usual", At: now.Add(-time.Minute),
		Over: 5 * time.Minute, Events: 2000}))
	return x
}

// take takes in what is known of a burst.
func (x *troubled) take(b *burst.Burst) {
	var s sale.Sale
	twin := b.Twin()
	for i := range twin.Len() {
		twin.At(i, &s)
		x.events[s.TransactionID.String()] = &event{usually: s.Timestamp, records: 1, by: make(map[string]bool)}
	}
	for i := range b.Len() {
		b.At(i, &s)
		e := x.events[s.TransactionID.String()]
		e.at, e.customer, e.amount = s.Timestamp, s.CustomerID.String(), s.TotalAmount
	}
	x.records += b.Len()
	for _, of := range b.Truth() {
		each := func(touched sale.Touched, note func(*event)) {
			for _, stretch := range touched.Sequences {
				for n := stretch[0]; n <= stretch[1]; n++ {
					e := x.events[sale.TransactionID{Burst: b.ID(), Sequence: n}.String()]
					e.by[of.Scenario] = true
					note(e)
				}
			}
		}
		each(of.Changed, func(*event) {})
		each(of.Moved, func(*event) {})
		each(of.Repeated, func(e *event) { e.records++ })
		for kind, touched := range of.Malformed.Kinds {
			each(*touched, func(e *event) { e.kind = kind })
		}
	}
}

// count is of records whose events pass.
func (x *troubled) count(pass func(*event) bool) (n int) {
	for _, e := range x.events {
		if pass(e) {
			n += e.records
		}
	}
	return n
}

// What the truth says of the data is what Druid and Flink make of it, exactly.
func TestTrouble(t *testing.T) {
	x := trouble(t)
	x.Await(t, x.count(func(e *event) bool { return hasRow(e.kind) }))
	for kind := range counterOf {
		if x.count(func(e *event) bool { return e.kind == kind }) == 0 {
			t.Errorf("no record is %s, so that nothing is shown", kind)
		}
	}
	t.Run("rows", x.rows)
	t.Run("counters", x.counted)
	t.Run("queries", x.queries)
	t.Run("Flink", x.flink)
}

// rows: each event is in Druid as often as it is in the topic, at its own time, with what can be read of it.
func (x *troubled) rows(t *testing.T) {
	rows, err := x.Druid.Query(t.Context(), `SELECT transaction_id, TIMESTAMP_TO_MILLIS(__time) AS ms, customer_id, COUNT(*) AS n,
		ROUND(COALESCE(SUM(total_amount), 0), 2) AS amount, COUNT(product_name) AS products FROM "`+x.Topic+`" GROUP BY 1, 2, 3`)
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]bool)
	for _, row := range rows {
		id := fmt.Sprint(row["transaction_id"])
		e := x.events[id]
		if e == nil || !hasRow(e.kind) || there[id] {
			t.Fatalf("%v: of %+v there is to be one such row, or none", row, e)
		}
		there[id] = true
		amount, products := e.amount*sale.Cents(e.records), e.records
		switch e.kind {
		case "wrong_type":
			amount = 0 // or null
		case "renamed_field":
			products = 0
		}
		if got, want := lineOf(row["ms"], row["customer_id"], row["n"], row["amount"], row["products"]),
			lineOf(int64(e.at), e.customer, e.records, amount, products); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
		late := e.usually.Time().Sub(e.at.Time())
		if e.by["clock-skew"] {
			late -= 5 * time.Minute
		}
		if e.by["late-events"] && (late < time.Minute || late > 10*time.Minute) || !e.by["late-events"] && late != 0 {
			t.Errorf("%s is %v late: %+v", id, late, e)
		}
		if e.by["hot-key"] != (e.customer == sale.CustomerID(0).String()) {
			t.Errorf("%s has the customer %s: %+v", id, e.customer, e)
		}
	}
	for id, e := range x.events {
		if hasRow(e.kind) && !there[id] {
			t.Errorf("%s is not there: %+v", id, e)
		}
	}
}

// counted: Druid counts the records of each kind as the document of incidents says, and shows such.
func (x *troubled) counted(t *testing.T) {
	document, err := os.ReadFile("../shared/incidents/README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"processed": float64(x.count(func(e *event) bool { return e.kind == "" }))}
	for kind, counter := range counterOf {
		want[counter] += float64(x.count(func(e *event) bool { return e.kind == kind }))
		if row := fmt.Sprintf("| `%s` | `%s` |", kind, counter); !strings.Contains(string(document), row) {
			t.Errorf("the document of incidents has no row %s", row)
		}
	}
	var got map[string]float64
	for deadline := time.Now().Add(5 * time.Minute); !maps.Equal(got, want); time.Sleep(time.Second) {
		if got = x.counters(t); time.Now().After(deadline) {
			t.Fatalf("Druid has counted %v, want %v", got, want)
		}
	}
	text := string(x.supervisor(t, "parseErrors"))
	for what, like := range map[string]string{
		"truncated": "Unable to parse row [{", "empty": "Unable to parse []", "missing_field": "Timestamp[null] is unparseable",
		"wrong_type": "to double for dimension [total_amount]",
	} {
		if !strings.Contains(text, like) {
			t.Errorf("no error %q of a record that is %s in %s", like, what, text)
		}
	}
}

// queries: each file in sql answers, and that of bursts finds what the truth says.
func (x *troubled) queries(t *testing.T) {
	all, err := druid.Queries(x.Topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		rows, err := x.Druid.Query(t.Context(), q.SQL)
		if err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, error %v", q.Name, len(rows), err)
		}
		if q.Name != "bursts" {
			continue
		}
		var duplicated, missing, lost float64
		for _, row := range rows {
			duplicated += number(t, row, "duplicated")
			missing += number(t, row, "missing")
		}
		last := make(map[string]string) // that has a row, of each burst
		for id, e := range x.events {
			if burst := id[:sale.BurstIDLen]; hasRow(e.kind) {
				last[burst] = max(last[burst], id)
			}
		}
		for id, e := range x.events {
			if !hasRow(e.kind) && id < last[id[:sale.BurstIDLen]] {
				lost++
			}
		}
		if twice := float64(x.count(func(e *event) bool { return e.records == 2 }) / 2); duplicated != twice || missing != lost {
			t.Errorf("%v are duplicated, want %v; %v are missing, want %v", duplicated, twice, missing, lost)
		}
	}
}

// flink: a job of Flink's counts what the truth says. What it drops for coming too late are those that come
// after a later one of their partition by which the window of their minute was closed: some of those
// that incidents have made late, and no other.
func (x *troubled) flink(t *testing.T) {
	const outOfOrder = 5 * time.Second
	want := map[string]int{"again": x.count(func(e *event) bool { return e.records == 2 }) / 2}
	for kind := range counterOf {
		want[kind] = x.count(func(e *event) bool { return e.kind == kind })
	}
	latest := make(map[int32]time.Time)
	records := x.Records(t)
	slices.SortStableFunc(records, func(a, b *kgo.Record) int { return int(a.Offset - b.Offset) })
	for _, r := range records {
		s, kind := kafkatest.SaleOf(r)
		if kind != "" {
			continue
		}
		at := s.Timestamp.Time()
		if closed := at.Truncate(time.Minute).Add(time.Minute + outOfOrder); latest[r.Partition].Before(closed) {
			want["in_windows"]++
		} else {
			want["late"]++
			if by := x.events[s.TransactionID.String()].by; !by["late-events"] && !by["clock-skew"] && !by["out-of-order"] {
				t.Errorf("%s is late, and no incident has made it so", s.TransactionID)
			}
		}
		if at.After(latest[r.Partition]) {
			latest[r.Partition] = at
		}
	}
	got := flinktest.Count(t, x.Druid.Kafka, x.Topic, outOfOrder)
	if !maps.Equal(got, want) || want["late"] == 0 {
		t.Errorf("Flink has counted %v, want %v", got, want)
	}
	t.Logf("of %d records: %v", len(records), got)
}
