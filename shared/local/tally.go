package local

import (
	"fmt"
	"maps"
	"math/bits"
	"sync"

	"salesburst/shared/app"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/sale"
)

// tally counts what was published against what came back. A burst's sales are numbered
// without gaps, so a bit for each is enough to find every lost and every duplicated one.
// It is safe for concurrent use.
type tally struct {
	mu         sync.Mutex
	bursts     map[string]*account
	unreadable int   // records that are no events
	first      error // why the first of them is none
	rowless    int   // of what incidents have made unreadable: that of which Druid makes no row
}

// account is one burst. It has reports where the burst is of this run.
type account struct {
	published  map[int]counts // as the reports of its shards say; all of a whole burst is shard 0
	skipped    bool           // the first report says that the burst was there before
	seen       []uint64       // a bit for each sequence
	duplicated int            // events that came again
}

// counts are of a burst, or of a shard.
type counts struct{ events, repeated, malformed int }

func newTally() *tally { return &tally{bursts: make(map[string]*account)} }

func (t *tally) account(burst string) *account {
	a := t.bursts[burst]
	if a == nil {
		a = &account{}
		t.bursts[burst] = a
	}
	return a
}

// report records what became of a burst. The same burst may be reported more than once:
// one that is asked for again is skipped, or repeats its events.
func (t *tally) report(r app.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.account(r.BurstID)
	shard := 0
	if r.Shard != nil {
		shard = *r.Shard
	}
	a.skipped = r.Skipped && !a.reported()
	if a.published == nil {
		a.published = make(map[int]counts)
	}
	if before := a.published[shard]; r.Events > before.events || a.skipped {
		a.published[shard] = counts{r.Events, r.Repeated, r.Malformed}
	}
}

// see counts rows that came back.
func (t *tally) see(rows []columnstore.Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var last *account
	var lastID sale.BurstID
	for i := range rows {
		id := rows[i].IDs[columnstore.TransactionID]
		if last == nil || id.Burst != lastID {
			last, lastID = t.account(string(id.Burst[:])), id.Burst
		}
		last.see(id.Sequence)
	}
}

func (a *account) reported() bool { return a.published != nil }

func (a *account) all() (sum counts) {
	for _, of := range a.published {
		sum.events += of.events
		sum.repeated += of.repeated
		sum.malformed += of.malformed
	}
	return sum
}

func (a *account) see(sequence uint32) {
	word, bit := int(sequence/64), uint64(1)<<(sequence%64)
	if word >= len(a.seen) {
		a.seen = append(a.seen, make([]uint64, word+1-len(a.seen))...)
	}
	if a.seen[word]&bit != 0 {
		a.duplicated++
	}
	a.seen[word] |= bit
}

func (a *account) distinct() (n int) {
	for _, word := range a.seen {
		n += bits.OnesCount64(word)
	}
	return n
}

// addUnreadable counts records that are no events; first says why the first of them is none.
func (t *tally) addUnreadable(n int, first error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unreadable == 0 {
		t.first = first
	}
	t.unreadable += n
}

// notice is what people are told of records that are no events.
func (t *tally) notice() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unreadable == 0 {
		return ""
	}
	return fmt.Sprintf("Records that are no events: %s. The first: %v.", counted(t.unreadable), t.first)
}

// withoutRow are the damages for which Druid passes a record over. Of the others it makes rows, with null
// for what it cannot read.
var withoutRow = []sale.Damage{sale.Truncated, sale.MissingField, sale.Empty, sale.Tombstone}

// learn takes in what incidents did to a burst that was published.
func (t *tally) learn(all []sale.Truth) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, truth := range all {
		for _, damage := range withoutRow {
			if of := truth.Malformed.Kinds[damage.String()]; of != nil {
				t.rowless += of.Events
			}
		}
	}
}

// totals sums up.
func (t *tally) totals() totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := totals{Unreadable: t.unreadable, Rowless: t.rowless}
	for a := range maps.Values(t.bursts) {
		distinct, all := a.distinct(), a.all()
		again := max(0, a.duplicated-all.repeated)
		if !a.reported() {
			sum.Foreign += distinct + a.duplicated
			continue
		}
		if a.skipped {
			sum.Skipped++
			sum.Foreign += distinct
			sum.Duplicated += again
			continue
		}
		sum.Bursts++
		sum.Published += all.events
		sum.Repeated += all.repeated
		sum.Malformed += all.malformed
		sum.Stored += distinct
		sum.Missing += max(0, all.events-all.repeated-all.malformed-distinct) + max(0, all.repeated-a.duplicated)
		sum.Duplicated += again
	}
	sum.Missing += max(0, sum.Malformed-sum.Unreadable)
	return sum
}
