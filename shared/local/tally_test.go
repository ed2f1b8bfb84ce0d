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
