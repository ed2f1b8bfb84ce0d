package emulator

import (
	"sync"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
)

// Incidents are the plans of what goes wrong in the scheduled bursts, one after the other, as people
// change them. The burst of a slot has the plan that there was when the slot ended, or when it was asked
// for first, whoever asks again: its name does not contain the plan, so another attempt has to make the
// same events. Safe for concurrent use.
type Incidents struct {
	clock *Clock

	mu    sync.Mutex
	plans []planned // of those for a slot the last one holds; the first one is for all
	asked time.Time // end of the latest slot that was asked for
}

// planned is a plan, and the end of the first slot that has it.
type planned struct {
	from time.Time
	plan *incidents.Plan
}

// NewIncidents begins with a plan; nil is one in which nothing goes wrong.
func NewIncidents(c *Clock, p *incidents.Plan) *Incidents {
	if p == nil {
		p = new(incidents.Plan)
	}
	return &Incidents{clock: c, plans: []planned{{plan: p}}}
}

// Of is the plan of the slot that ends at a time.
func (x *Incidents) Of(end time.Time) *incidents.Plan {
	x.mu.Lock()
	defer x.mu.Unlock()
	if end.After(x.asked) {
		x.asked = end
	}
	i := len(x.plans) - 1
	for x.plans[i].from.After(end) {
		i--
	}
	return x.plans[i].plan
}

// Latest is the plan of the slots to come.
func (x *Incidents) Latest() *incidents.Plan {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.plans[len(x.plans)-1].plan
}

// Change makes of the latest plan another one, by the clock's time, for all slots that have not ended. An
// error of change changes nothing, and is returned.
func (x *Incidents) Change(change func(*incidents.Plan, time.Time) (*incidents.Plan, error)) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.clock.Now()
	p, err := change(x.plans[len(x.plans)-1].plan, now)
	if err != nil {
		return err
	}
	next := now.Truncate(contract.Slot).Add(contract.Slot)
	if !next.After(x.asked) { // a clock may be a little behind another one, or be set
		next = x.asked.Truncate(contract.Slot).Add(contract.Slot)
	}
	x.plans = append(x.plans, planned{next, p})
	return nil
}
