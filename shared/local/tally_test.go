package local

import (
	"testing"

	"salesburst/shared/app"
	"salesburst/shared/spec"
)

func TestTallyFindsLostAndDoubled(t *testing.T) {
	count := newTally()
	rows := newMadeUp("tally", spec.ChannelOnline, noon, 200).rows()
	burst := rows[0].ID.Burst.String()
	count.report(app.Report{BurstID: burst, Events: 200})
	foreign := newMadeUp("foreign", spec.ChannelOnline, noon, 3).rows()

	got := count.see(rows[:190]) + count.see(rows[100:150]) + count.see(foreign)
	if got != 193 {
		t.Errorf("%d events came for the first time, want 193", got)
	}
	want := totals{Bursts: 1, Published: 200, Stored: 190, Missing: 10, Duplicated: 50, Foreign: 3}
	if got := count.totals(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
