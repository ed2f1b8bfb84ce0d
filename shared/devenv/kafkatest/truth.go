package kafkatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/sale"
)

// CheckTruth compares what incidents are said to have done with what differs between a topic and that of
// its twins, record by record, as their bytes show it. It returns how many events were touched in each way.
func CheckTruth(t testing.TB, truth []sale.Truth, is, twin []*kgo.Record) map[string]int {
	t.Helper()
	said, revenue := saidBy(truth)
	differs := make(map[string]map[string]bool)
	for way := range said {
		differs[way] = make(map[string]bool)
	}
	usual := make(map[string]*kgo.Record)
	for _, r := range twin {
		e, damage := read(r)
		if damage != "" || usual[e.id] != nil {
			t.Fatalf("a twin is %s, or there twice: %s", damage, r.Value)
		}
		usual[e.id] = r
		revenue += e.revenue
	}
	kinds, there := make(map[string]int), make(map[string]bool)
	for _, r := range is {
		e, damage := read(r)
		if damage != "" {
			kinds[damage]++
			continue
		}
		revenue -= e.revenue
		other := usual[e.id]
		switch {
		case there[e.id] && differs["repeated"][e.id]:
			t.Errorf("%s is there three times", e.id)
		case there[e.id]:
			differs["repeated"][e.id] = true
		case other == nil:
			differs["added"][e.id] = true
		default:
			if !bytes.Equal(unlabelled(r.Value), unlabelled(other.Value)) {
				differs["changed"][e.id] = true
			}
			if !r.Timestamp.Equal(other.Timestamp) {
				differs["moved"][e.id] = true
			}
		}
		there[e.id] = true
	}
	for id := range usual {
		differs["removed"][id] = !there[id] && !said["malformed"][id]
	}
	for id := range said["malformed"] { // which of them it is, a record that is no event does not say
		differs["malformed"][id] = !there[id]
		delete(said["changed"], id)
		delete(said["moved"], id)
		if said["added"][id] {
			differs["added"][id] = true
		}
	}
	for id := range said["added"] {
		delete(said["moved"], id) // there is none that comes at its time
	}
	counts := make(map[string]int)
	for way := range said {
		maps.DeleteFunc(differs[way], func(_ string, does bool) bool { return !does })
		if counts[way] = len(differs[way]); !maps.Equal(said[way], differs[way]) {
			t.Errorf("%d events are %s, the truth has %d", len(differs[way]), way, len(said[way]))
		}
	}
	for _, of := range truth {
		for kind, touched := range of.Malformed.Kinds {
			kinds[kind] -= touched.Events
			counts[kind] += touched.Events
		}
	}
	for kind, n := range kinds {
		if n != 0 {
			t.Errorf("%d more records are of the kind %q than the truth has", n, kind)
		}
	}
	if revenue != 0 {
		t.Errorf("the truth of the revenue is wrong by %s", revenue)
	}
	return counts
}

// saidBy are the events that were touched in each way, by their ids, and what that makes of the revenue.
func saidBy(truth []sale.Truth) (said map[string]map[string]bool, revenue sale.Cents) {
	said = make(map[string]map[string]bool)
	for _, of := range truth {
		for way, touched := range map[string]sale.Touched{"added": of.Added, "removed": of.Removed,
			"changed": of.Changed, "moved": of.Moved, "repeated": of.Repeated, "malformed": of.Malformed.Touched} {
			if said[way] == nil {
				said[way] = make(map[string]bool)
			}
			for _, s := range touched.Sequences {
				for n := s[0]; n <= s[1]; n++ {
					id := sale.TransactionID{Burst: sale.BurstID([]byte(of.Burst)), Sequence: n}
					said[way][id.String()] = true
				}
			}
			revenue += touched.Revenue
		}
	}
	for id := range said["added"] {
		delete(said["changed"], id) // by another incident
	}
	return said, revenue
}

// event is what is compared of one.
type event struct {
	id      string
	revenue sale.Cents
}

// read tells of a record what its event is, or what is wrong with it.
func read(r *kgo.Record) (e event, damage string) {
	s, damage := SaleOf(r)
	return event{s.TransactionID.String(), s.Revenue()}, damage
}

// SaleOf reads a record, or says what is wrong with it, in the words of the truth where that knows it.
func SaleOf(r *kgo.Record) (s sale.Sale, damage string) {
	switch {
	case r.Value == nil:
		return s, sale.Tombstone.String()
	case len(r.Value) == 0:
		return s, sale.Empty.String()
	case bytes.HasPrefix(r.Value, []byte{0xff, 0xfe}):
		return s, sale.WrongEncoding.String()
	case !json.Valid(r.Value):
		return s, sale.Truncated.String()
	}
	var fields map[string]any
	if err := json.Unmarshal(r.Value, &fields); err != nil {
		return s, fmt.Sprint(err)
	}
	if _, there := fields["timestamp"]; !there {
		return s, sale.MissingField.String()
	}
	if _, is := fields["total_amount"].(string); is {
		return s, sale.WrongType.String()
	}
	for _, f := range sale.Fields {
		if _, there := fields[f.Name]; !there {
			return s, sale.Renamed.String()
		}
	}
	if err := json.Unmarshal(r.Value, &s); err != nil || string(r.Key) != s.CustomerID.String() {
		return s, fmt.Sprintf("error %v, or another key than %s", err, r.Key)
	}
	return s, ""
}

var label = regexp.MustCompile(`"scenario":"[^"]*"`)

func unlabelled(value []byte) []byte { return label.ReplaceAll(value, nil) }
