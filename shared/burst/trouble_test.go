package burst_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
	all, times := make(map[uint32]sale.Sale, b.Len()), make(map[uint32]int, b.Len())
	var last sale.Time
	for i := range b.Len() {
		var s sale.Sale
		b.At(i, &s)
		n := s.TransactionID.Sequence
		moments := []sale.Time{s.Delivered()}
		if s.Delivery.Again != 0 {
			moments = append(moments, s.Delivery.Again)
			slices.Sort(moments)
		}
		if times[n]++; times[n] > len(moments) {
			t.Fatalf("%s is there %d times", s.TransactionID, times[n])
		}
		if at := moments[times[n]-1]; at < last || at >= sale.TimeOf(noon.Add(24*time.Hour)) {
			t.Fatalf("event %d, %s, is before the one in front of it", i, s.TransactionID)
		} else {
			last = at
		}
		if other, twice := all[n]; twice && other != s {
			t.Fatalf("%s is another one when it comes again", s.TransactionID)
		}
		all[n] = s
	}
	for n, s := range all {
		if s.Delivery.Again != 0 && times[n] != 2 {
			t.Fatalf("%s does not come again", s.TransactionID)
		}
	}
	return all
}

// checkTruth compares what the truth says with what differs between a burst and its twin.
func checkTruth(t *testing.T, b *burst.Burst, labels bool) (truth []sale.Truth) {
	t.Helper()
	is, twin := stream(t, b), stream(t, b.Twin())
	differ := make(map[string]map[uint32]int)
	for _, name := range []string{"added", "removed", "changed", "moved", "repeated", "malformed"} {
		differ[name] = make(map[uint32]int)
	}
	for damage := sale.Truncated; damage <= sale.Renamed; damage++ {
		differ[damage.String()] = make(map[uint32]int)
	}
	var revenue sale.Cents
	for n, s := range is {
		other, there := twin[n]
		d := s.Delivery
		if d.Moved {
			differ["moved"][n] = 1
		}
		if d.Again != 0 {
			differ["repeated"][n] = 1
			revenue += s.Revenue()
		}
		if d.Damage == sale.Intact {
			revenue += s.Revenue()
		} else {
			differ["malformed"][n], differ[d.Damage.String()][n] = 1, 1
		}
		content := s
		content.Delivery = sale.Delivery{}
		delivered := d.Moved || d.Again != 0 || d.Damage != sale.Intact
		if delivered {
			content.Scenario = other.Scenario
		}
		touched := delivered || !there || content != other
		switch {
		case !there:
			differ["added"][n] = 1
			if s.OrderID != s.TransactionID || s.Attempt != 1 {
				t.Fatalf("%s is attempt %d of %s", s.TransactionID, s.Attempt, s.OrderID)
			}
		case content != other:
			differ["changed"][n] = 1
		}
		if (s.Scenario != sale.Text{}) != (touched && labels) {
			t.Fatalf("%s is labelled %q, touched is %v", s.TransactionID, s.Scenario, touched)
		}
	}
	for n, s := range twin {
		revenue -= s.Revenue()
		if _, there := is[n]; !there {
			differ["removed"][n] = 1
		}
	}
	truth = b.Truth()
	said := make(map[string]map[uint32]int)
	for name := range differ {
		said[name] = make(map[uint32]int)
	}
	for _, of := range truth {
		all := map[string]*sale.Touched{"added": &of.Added, "removed": &of.Removed, "changed": &of.Changed, "moved": &of.Moved,
			"repeated": &of.Repeated, "malformed": &of.Malformed.Touched}
		maps.Copy(all, of.Malformed.Kinds)
		for name, touched := range all {
			events, last := 0, -2
			for _, s := range touched.Sequences {
				for n := s[0]; n <= s[1]; n++ {
					said[name][n] = 1
					events++
				}
				if int(s[0]) <= last+1 || s[1] < s[0] {
					t.Errorf("%s: %s has the stretches %v", of.Scenario, name, touched.Sequences)
				}
				last = int(s[1])
			}
			if events != touched.Events {
				t.Errorf("%s: %d events %s, in stretches of %d", of.Scenario, touched.Events, name, events)
			}
			if of.Malformed.Kinds[name] == nil {
				revenue -= touched.Revenue
			}
		}
	}
	for n := range said["added"] {
		delete(said["changed"], n) // by another incident
	}
	for name, want := range differ {
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
		"two that add":  `{"incidents":[{"scenario":"black-friday"},{"scenario":"bot-traffic"},{"scenario":"viral-product"}]}`,
		"one after the other": `{"incidents":[{"scenario":"flash-sale","from":"17:00","to":"17:40","ramp":"10m","decay":"10m"},
			{"scenario":"price-error","from":"2026-11-24T17:30:00Z","to":"2026-11-24T17:50:00Z"}]}`,
		"all of the data": `{"incidents":[{"scenario":"bot-traffic"},{"scenario":"duplicates","share":20},{"scenario":"malformed","share":20},{"scenario":"out-of-order"},
			{"scenario":"late-events"},{"scenario":"clock-skew","skew":"-3m","share":30},{"scenario":"hot-key"},{"scenario":"schema-drift","field":"scenario","share":30},
			{"scenario":"demand-drop","share":20},{"scenario":"payment-outage"}]}`,
		"again and again": `{"incidents":[{"scenario":"duplicates","share":50},{"scenario":"duplicates","share":50},{"scenario":"malformed"},{"scenario":"malformed"},
			{"scenario":"out-of-order","share":60},{"scenario":"out-of-order","share":60,"delay":"1h"}]}`,
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
				if kind == "hour" && !strings.Contains(text, "from") && !strings.Contains(text, "random") {
					continue // that has always been so, and is the same in a minute
				}
				r := r
				r.Incidents = incidentsOf(t, text)
				t.Run(strings.Join([]string{f.Name, kind, name}, "/"), func(t *testing.T) {
					b, err := burst.New(m, r)
					if r.Events > 0 && slices.ContainsFunc(r.Incidents.Incidents, func(i incidents.Incident) bool { return i.Function != "" && i.Function != f.Name }) {
						if err == nil || !strings.Contains(err.Error(), "function") {
							t.Errorf("an order of what cannot happen: error %v", err)
						}
						return
					}
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
	case of.Share > 0 && of.Price == 0 && truth.Changed.Events+truth.Removed.Events+truth.Moved.Events+truth.Repeated.Events+
		truth.Malformed.Events == 0:
		t.Error("it touches nothing")
	}
}

// The truth says when an incident began and ends, where it does, and has no null where nothing is touched.
func TestTruthSaysWhen(t *testing.T) {
	r := slot(contract.Online)
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"demand-drop","severity":0},
		{"scenario":"black-friday","from":"17:50","to":"18:10","ramp":"10m","severity":0.5}]}`)
	truth := plan(t, r).Truth()
	text, err := json.Marshal(truth)
	if err != nil || strings.Contains(string(text), "null") || len(truth) != 2 {
		t.Fatalf("%s, error %v", text, err)
	}
	if truth[0].Begin != nil || truth[0].End != nil || truth[0].Severity != "0" {
		t.Errorf("%+v", truth[0])
	}
	at := noon.Truncate(time.Hour)
	if b, e := truth[1].Begin, truth[1].End; b == nil || e == nil || !b.Equal(at.Add(-10*time.Minute)) || !e.Equal(at.Add(10*time.Minute)) {
		t.Errorf("%+v", truth[1])
	}
	if s := truth[1]; !strings.HasPrefix(s.Severity.String(), "0.4") || s.Function != "online" || !s.To.Equal(noon) || !s.From.Equal(noon.Add(-time.Minute)) {
		t.Errorf("%+v", s)
	}
}

// What an incident adds comes in its time, and as much as it says.
func TestAddedInItsTime(t *testing.T) {
	r := with(slot(contract.Online), func(o *burst.Request) { o.Over, o.Mean, o.Follows = time.Hour, 60, false })
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"black-friday","more":100,
		"from":"2026-11-24T17:30:30Z","to":"2026-11-24T17:44:30Z"}]}`) // in the middle of minutes
	b := plan(t, r)
	from, to := *b.Truth()[0].Begin, *b.Truth()[0].End
	is, twin := stream(t, b), stream(t, b.Twin())
	usual, added, soon := 0, 0, 0
	for _, s := range twin {
		if at := s.Timestamp.Time(); !at.Before(from) && at.Before(to) {
			usual++
		}
	}
	for n, s := range is {
		if _, there := twin[n]; there {
			continue
		}
		if at := s.Timestamp.Time(); at.Before(from) || !at.Before(to) {
			t.Fatalf("%s is added at %s", s.TransactionID, at)
		}
		added++
		if s.Timestamp.Time().Before(from.Add(30 * time.Second)) {
			soon++
		}
	}
	if soon == 0 {
		t.Error("nothing is added in the minute that it begins in")
	}
	if usual < 500 || added < usual*85/100 || added > usual*115/100 {
		t.Errorf("%d are added to %d, want as many", added, usual)
	}
}

// All attempts to pay an order are taken away, or none.
func TestOrdersAreMetAsAWhole(t *testing.T) {
	r := with(slot(contract.Online), func(o *burst.Request) { o.Over, o.Mean, o.Follows = 20*time.Minute, 300, false })
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"demand-drop","share":50}]}`)
	b := plan(t, r)
	of, left := make(map[sale.TransactionID]int), make(map[sale.TransactionID]int)
	for _, s := range stream(t, b.Twin()) {
		of[s.OrderID]++
	}
	for _, s := range stream(t, b) {
		left[s.OrderID]++
	}
	several := 0
	for order, n := range of {
		if n > 1 {
			several++
		}
		if left[order] != 0 && left[order] != n {
			t.Fatalf("%d of %d attempts at %s are left", left[order], n, order)
		}
	}
	if several < 100 || len(left) < len(of)*4/10 || len(left) > len(of)*6/10 {
		t.Errorf("%d of %d orders are left, %d had several attempts", len(left), len(of), several)
	}
}

// What one incident adds, the others meet as they meet all sales.
func TestAddedSalesAreMet(t *testing.T) {
	r := slot(contract.Online)
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"black-friday"},{"scenario":"payment-outage","payment_method":"PayPal","share":100}]}`)
	b := plan(t, r)
	twin, failed := stream(t, b.Twin()), 0
	for n, s := range stream(t, b) {
		if _, there := twin[n]; there || s.PaymentMethod.String() != "PayPal" {
			continue
		}
		if failed++; s.Status != sale.FailedAPIResponse || s.Scenario.String() != "payment-outage" {
			t.Fatalf("%s: %s, touched by %q", s.TransactionID, s.Status, s.Scenario)
		}
	}
	if failed < 100 {
		t.Errorf("%d added sales are paid by PayPal", failed)
	}
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"demand-drop","share":100},{"scenario":"black-friday"}]}`)
	if b = plan(t, r); b.Len() != 0 || b.Truth()[1].Added.Events != 0 || b.Truth()[0].Removed.Events != b.Twin().Len() {
		t.Errorf("%d are left; %+v", b.Len(), b.Truth())
	}
}

// More than a byte can number are refused.
func TestManyIncidents(t *testing.T) {
	m := newMarket(t)
	r := with(slot(contract.Store), func(o *burst.Request) { o.Over, o.Mean, o.Follows = 24*time.Hour, 1, false })
	daily := strings.Repeat(`{"scenario":"demand-drop","from":"12:00","to":"11:00"},`, 100) // two of each meet this day
	met := make(map[int]bool)
	for seed := 0; !met[255] || !met[256]; seed++ {
		r.Incidents = incidentsOf(t, fmt.Sprintf(`{"incidents":[%s],"random":{"per_day":37,"seed":%d,"of":["demand-drop"],"longest":1440}}`, daily, seed))
		n := len(r.Incidents.During(contract.Store.Name, r.At.Add(-r.Over), r.At))
		if n < 255 || n > 256 || met[n] {
			continue
		}
		met[n] = true
		if _, err := burst.New(m, r); (err == nil) != (n == 255) || err != nil && !strings.Contains(err.Error(), "up to 255") {
			t.Errorf("%d at once: error %v", n, err)
		}
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
	r := with(slot(contract.Online), func(o *burst.Request) { o.Mean = 350_000 })
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

// Where an incident is in a city, it is in that of its state.
func TestCityOfAState(t *testing.T) {
	r := slot(contract.Online)
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"regional-outage","state":"oh","city":"columbus"}]}`)
	if about := plan(t, r).Truth()[0].About; about["city"] != "Columbus" || about["state"] != "OH" {
		t.Errorf("it is about %v", about)
	}
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"regional-outage","state":"GA","city":"Columbus"}]}`)
	if _, err := burst.New(newMarket(t), r); err == nil || !strings.Contains(err.Error(), "a city of GA") {
		t.Errorf("error %v", err)
	}
}

// Clients that are no browsers have no wallet.
func TestBotsHaveNoWallet(t *testing.T) {
	r := slot(contract.Online)
	r.Incidents = incidentsOf(t, `{"incidents":[{"scenario":"bot-traffic"}]}`)
	bots := 0
	for _, s := range stream(t, plan(t, r)) {
		if s.Scenario.String() != "bot-traffic" {
			continue
		}
		if bots++; strings.HasSuffix(s.PaymentMethod.String(), "Pay") {
			t.Fatalf("%s with %s", s.PaymentMethod, s.UserAgent)
		}
	}
	if bots < 500 {
		t.Errorf("%d bots", bots)
	}
}

// What incidents make of a burst, and the truth of it, are the same everywhere and for ever. The golden file
// has what the truth counts, and the hash of all.
func TestGoldenIncidents(t *testing.T) {
	var all []string
	for _, s := range incidents.Scenarios() {
		if s.Function != contract.Store.Name {
			all = append(all, fmt.Sprintf(`{"scenario":%q,"severity":0.2}`, s.Name))
		}
	}
	r := slot(contract.Online)
	r.Incidents = incidentsOf(t, `{"incidents":[`+strings.Join(all, ",")+`]}`)
	b := plan(t, r)
	records := sha256.New()
	var s sale.Sale
	for i := range b.Len() {
		b.At(i, &s)
		fmt.Fprintf(records, "%s %s %q\n", s.Delivered(), s.CustomerID, s.AppendDamaged(nil))
	}
	var got strings.Builder
	for _, of := range b.Truth() {
		if err := json.NewEncoder(records).Encode(of); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s %v: %d added, %d removed, %d changed, %d moved, %d repeated, %d malformed\n", of.Scenario, of.About,
			of.Added.Events, of.Removed.Events, of.Changed.Events, of.Moved.Events, of.Repeated.Events, of.Malformed.Events)
	}
	fmt.Fprintf(&got, "%d records, SHA-256 of them and the truth %x\n", b.Len(), records.Sum(nil))
	file := filepath.Join("testdata", "incidents.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the same plan does something else than before; run the test with -update if that is meant\n%s", &got)
	}
}

// Whatever stands in a file of incidents: it is refused with what is allowed, or it happens within a burst's
// limits, and the truth of it is true.
func FuzzIncidents(f *testing.F) {
	for _, text := range []string{
		`{"incidents":[{"scenario":"flash-sale","from":"17:50","to":"18:10","ramp":"5m","decay":"10m","severity":0.5,"brand":"LG"}]}`,
		`{"random":{"per_day":48,"seed":9,"of":["malformed","late-events","out-of-order"],"shortest":600,"longest":1440}}`,
		`{"incidents":[{"scenario":"price-error","from":"2026-11-24T17:00:00Z","price":9.99,"more":1000},{"scenario":"duplicates","delay":"24h"}],}`,
		`{"incidents":[{"scenario":"clock-skew","skew":"-24h","state":"tx"},{"scenario":"schema-drift","field":"status"},{"scenario":"hot-key"}]}`,
	} {
		f.Add(text, 100)
	}
	m := newMarket(f)
	f.Fuzz(func(t *testing.T, text string, events int) {
		p, err := m.ReadIncidents([]byte(text))
		if err != nil {
			return // what it says, others hold
		}
		for _, function := range contract.Functions() {
			r := slot(function)
			r.Mean, r.Incidents = 30, p
			if r.Events = events % 200; r.Events < 0 {
				r.Events = 0
			}
			b, err := burst.New(m, r)
			var invalid *burst.Invalid
			if err != nil && (!errors.As(err, &invalid) || invalid.Allowed == "") {
				t.Fatalf("%s: %v", text, err)
			}
			if err != nil {
				continue
			}
			if b.Len() > contract.MaxEvents {
				t.Fatalf("%d events", b.Len())
			}
			checkTruth(t, b, true)
		}
	})
}
