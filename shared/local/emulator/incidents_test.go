package emulator

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
)

// planNamed is a plan that can be told from others.
func planNamed(t *testing.T, state string) *incidents.Plan {
	t.Helper()
	p, err := incidents.Read(fmt.Appendf(nil, `{"incidents":[{"scenario":"regional-outage","state":%q}]}`, state))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func nameOf(p *incidents.Plan) string {
	if len(p.Incidents) == 0 {
		return "none"
	}
	return p.Incidents[0].State
}

func (x *Incidents) set(p *incidents.Plan) error {
	return x.Change(func(*incidents.Plan, time.Time) (*incidents.Plan, error) { return p, nil })
}

// A slot has the plan that there was when it ended, however late and often it is asked for.
func TestPlanOfASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().Truncate(contract.Slot)
		x := NewIncidents(NewClock(time.Now, 0, 1), nil)
		expect := func(when, want string) {
			t.Helper()
			got := ""
			for slot := range 6 {
				got += " " + nameOf(x.Of(begin.Add(time.Duration(slot)*contract.Slot)))
			}
			if got != " "+want {
				t.Errorf("%s the slots have%s, want %s", when, got, want)
			}
			x.asked = begin // as if nobody had asked for those to come
		}
		expect("at first", "none none none none none none")
		time.Sleep(30 * time.Second)
		x.set(planNamed(t, "AA"))
		expect("in the first minute", "none AA AA AA AA AA")
		x.set(planNamed(t, "BB"))
		expect("twice in a minute", "none BB BB BB BB BB")
		time.Sleep(30 * time.Second) // to the millisecond at the end of the slot
		x.set(planNamed(t, "CC"))
		expect("at its end", "none BB CC CC CC CC")
		time.Sleep(61 * time.Second)
		wrong := errors.New("wrong")
		if err := x.Change(func(old *incidents.Plan, now time.Time) (*incidents.Plan, error) {
			if nameOf(old) != "CC" || !now.Equal(time.Now()) {
				t.Errorf("to be changed is %s at %v", nameOf(old), now)
			}
			return planNamed(t, "DD"), wrong
		}); !errors.Is(err, wrong) {
			t.Errorf("the error is %v", err)
		}
		expect("after what is wrong", "none BB CC CC CC CC")
		x.Of(begin.Add(3 * contract.Slot)) // by somebody whose clock is ahead
		x.set(planNamed(t, "XX"))
		x.set(planNamed(t, "EE"))
		expect("after a slot was asked for early", "none BB CC CC EE EE")
		if got := nameOf(x.Latest()); got != "EE" {
			t.Errorf("the latest is %s", got)
		}
	})
}

// A slot has one plan, while people change it and bursts ask for it.
func TestPlanChangesWhileBurstsAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := NewIncidents(NewClock(time.Now, 0, 1), nil)
		begin := time.Now().Truncate(contract.Slot)
		var mu sync.Mutex
		of, plans := make(map[time.Time]*incidents.Plan), make(map[*incidents.Plan]bool)
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for range 300 {
					time.Sleep(time.Duration(worker+1) * time.Second)
					x.set(new(incidents.Plan))
					for back := range 3 {
						slot := time.Now().Truncate(contract.Slot).Add(time.Duration(1-back) * contract.Slot)
						if time.Until(slot) > contract.ClockTolerance { // which no function asks for
							continue
						}
						p := x.Of(slot)
						mu.Lock()
						if before, asked := of[slot]; asked && before != p {
							t.Errorf("the slot after %v has another plan now", slot.Sub(begin))
						}
						of[slot], plans[p] = p, true
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		if len(plans) < 10 {
			t.Errorf("there were %d plans: the test shows nothing", len(plans))
		}
	})
}
