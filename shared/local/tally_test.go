package local

import (
	"errors"
	"strings"
	"testing"

	"salesburst/shared/app"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/sale"
)

// The reports of a burst's shards are added up, and one that comes again is not.
func TestTallyAddsShards(t *testing.T) {
	tl := newTally()
	for _, shard := range []int{0, 1, 2, 1} {
		tl.report(app.Report{BurstID: "burst", Shard: &shard, Of: 3, Events: 100 + shard})
	}
	if sum := tl.totals(); sum.Bursts != 1 || sum.Published != 303 || sum.Missing != 303 || sum.Skipped != 0 {
		t.Errorf("%+v", sum)
	}
}

// What incidents repeat or make unreadable is neither missing nor duplicated; what is beyond that is.
func TestTallyKnowsIncidents(t *testing.T) {
	of := func(again int, unreadable int) totals {
		tl := newTally()
		tl.report(app.Report{BurstID: "abcdefghij23", Events: 10, Repeated: 2, Malformed: 3})
		rows := make([]columnstore.Row, 5)
		for i := range rows {
			rows[i].IDs[columnstore.TransactionID] = sale.TransactionID{Burst: sale.BurstID([]byte("abcdefghij23")), Sequence: uint32(i)}
		}
		tl.see(rows)
		tl.see(rows[:again])
		tl.addUnreadable(unreadable, nil)
		tl.learn([]sale.Truth{{Malformed: sale.Malformed{Kinds: map[string]*sale.Touched{
			"empty": {Events: 1}, "wrong_type": {Events: 1}, "wrong_encoding": {Events: 1}}}}})
		return tl.totals()
	}
	if sum := of(2, 3); sum.rows() != 9 || sum.notInDruid() != ", and passes over 1 malformed records" {
		t.Errorf("%d rows%s", sum.rows(), sum.notInDruid())
	}
	if sum := of(2, 3); sum.check() != nil || !strings.HasSuffix(sum.String(), "0 missing, 0 duplicated; by incidents 2 repeated, 3 malformed") {
		t.Errorf("%s", sum)
	}
	for _, c := range []struct{ again, unreadable, missing, duplicated int }{{1, 3, 1, 0}, {3, 3, 0, 1}, {2, 2, 1, 0}, {2, 4, 0, 0}} {
		if sum := of(c.again, c.unreadable); sum.Missing != c.missing || sum.Duplicated != c.duplicated {
			t.Errorf("%d again, %d unreadable: %s", c.again, c.unreadable, sum)
		}
	}
}

// People are told how many records are no events, and of the first one why.
func TestTallyNotice(t *testing.T) {
	tl := newTally()
	if got := tl.notice(); got != "" {
		t.Errorf("without any it says %q", got)
	}
	tl.addUnreadable(1200, errors.New("no time"))
	tl.addUnreadable(34, errors.New("empty"))
	if got := tl.notice(); got != "Records that are no events: 1,234. The first: no time." {
		t.Errorf("it says %q", got)
	}
}

// A run is complete when all that it published came back once, also if that is nothing because
// nothing was sold; a run in which no burst went well is not.
func TestTotalsCheck(t *testing.T) {
	for name, c := range map[string]struct {
		totals   totals
		complete bool
	}{
		"all is there":   {totals{Bursts: 2, Published: 9, Stored: 9}, true},
		"a quiet minute": {totals{Bursts: 2}, true},
		"skipped":        {totals{Skipped: 2, Foreign: 9}, true},
		"no burst":       {totals{}, false},
		"missing":        {totals{Bursts: 2, Published: 9, Stored: 8, Missing: 1}, false},
		"duplicated":     {totals{Bursts: 2, Published: 9, Stored: 9, Duplicated: 1}, false},
		"repeated":       {totals{Bursts: 2, Published: 9, Stored: 6, Repeated: 2, Malformed: 1}, true},
		"more than sent": {totals{Bursts: 2, Published: 9, Stored: 10}, false},
	} {
		if err := c.totals.check(); (err == nil) != c.complete {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
