package local

import (
	"context"
	"sync/atomic"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/local/emulator"
)

// store keeps for the dashboards what the consumer has read.
type store struct {
	table     *columnstore.Table // nil: Druid has the events
	clock     *emulator.Clock
	replaying atomic.Bool // what comes in is a history
}

// add is told of events as they arrive. Now is when they did; but those of a history
// arrived when its schedule would have sent them.
func (s *store) add(rows []columnstore.Row) error {
	if s.table == nil {
		return nil
	}
	now, replaying := s.clock.Now(), s.replaying.Load()
	for i := range rows {
		arrived := now
		if replaying {
			arrived = time.UnixMilli(rows[i].At).Truncate(contract.Slot).Add(contract.Slot)
		}
		rows[i].Arrived(arrived.UnixMilli())
	}
	return s.table.Add(rows)
}

// forgetOld keeps the table at what happened since then, until ctx ends.
func (s *store) forgetOld(ctx context.Context, keep time.Duration) {
	for s.table != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(contract.Slot):
			s.table.Forget(s.clock.Now().Add(-keep))
		}
	}
}

func (s *store) close() {
	if s.table != nil {
		s.table.Close()
	}
}
