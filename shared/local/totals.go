package local

import (
	"errors"
	"fmt"
)

// totals are the counts over the bursts of this run.
type totals struct {
	Bursts     int // published
	Skipped    int // bursts that an earlier run has published
	Published  int // acknowledged by the broker
	Stored     int // distinct events that came back
	Repeated   int // of Published: records that incidents bring twice, the second time
	Malformed  int // of Published: those that incidents have made unreadable
	Rowless    int // of Malformed: those of which Druid makes no row
	Missing    int
	Duplicated int
	Foreign    int // events of others in the same topic
	Unreadable int // records that are no events
}

// errIncomplete is a run of -once in which not every event came back exactly once.
var errIncomplete = errors.New("events are missing or duplicated")

// check returns errIncomplete where events are missing or came twice, or no burst is there.
// A burst may have no events: little is sold at night, and stores are shut then.
func (t totals) check() error {
	if t.Missing > 0 || t.Duplicated > 0 || t.Stored != t.Published-t.Repeated-t.Malformed || t.Bursts+t.Skipped == 0 {
		return errIncomplete
	}
	return nil
}

// rows is how many there must be in Druid.
func (t totals) rows() int64 { return int64(t.Published - t.Rowless) }

func (t totals) String() string {
	line := fmt.Sprintf("%s events published in %s bursts, %s stored, %d missing, %d duplicated",
		counted(t.Published), counted(t.Bursts), counted(t.Stored), t.Missing, t.Duplicated)
	if t.Foreign > 0 {
		line += fmt.Sprintf(", %d by others in the same topic", t.Foreign)
	}
	line += t.byIncidents()
	if other := t.Unreadable - t.Malformed; other > 0 {
		line += fmt.Sprintf(", %d records were no events", other)
	}
	return line
}

// notInDruid says of how many records Druid makes no row because incidents have it so.
func (t totals) notInDruid() string {
	if t.Rowless == 0 {
		return ""
	}
	return fmt.Sprintf(", and passes over %s malformed records", counted(t.Rowless))
}

// byIncidents says what of the published is not stored because incidents have it so.
func (t totals) byIncidents() string {
	if t.Repeated+t.Malformed == 0 {
		return ""
	}
	return fmt.Sprintf("; by incidents %d repeated, %d malformed", t.Repeated, t.Malformed)
}
