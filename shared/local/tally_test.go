package local

import (
	"testing"

	"salesburst/shared/app"
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
		"more than sent": {totals{Bursts: 2, Published: 9, Stored: 10}, false},
	} {
		if err := c.totals.check(); (err == nil) != c.complete {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
