package burst

import (
	"fmt"
	"iter"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/prng"
)

// Stage is a stretch of a burst's time with a rate of its own.
type Stage struct {
	Over time.Duration // whole seconds
	// Events per second, up to contract.MaxSpike: in each of its seconds or, of a ramp, at its end. There
	// the rate goes linearly from that of the stage before, which is 0 at first.
	Rate int
	Ramp bool
}

// rateField is what its rate is called in an order.
func (s Stage) rateField() string {
	if s.Ramp {
		return contract.StageTo
	}
	return contract.StagePerSecond
}

// Sum is the time that stages cover together, and the number of their events. Its error is an *Invalid,
// whose field is a path, as in stages[1].over.
func Sum(stages []Stage) (over time.Duration, events int, err error) {
	if len(stages) == 0 || len(stages) > contract.MaxStages {
		return 0, 0, invalid(contract.FieldStages, fmt.Sprintf("of %d", len(stages)),
			fmt.Sprintf("a list of 1 to %d stages", contract.MaxStages))
	}
	var rate, doubled int
	for i, s := range stages {
		refuse := func(name, value, allowed string) (time.Duration, int, error) {
			return 0, 0, invalid(fmt.Sprintf("%s[%d].%s", contract.FieldStages, i, name), value, allowed)
		}
		if s.Over < time.Second || s.Over%time.Second != 0 {
			return refuse(contract.FieldOver, s.Over.String(), "whole seconds, from 1s on")
		}
		if left := contract.MaxOver - over; s.Over > left {
			return refuse(contract.FieldOver, s.Over.String(),
				fmt.Sprintf("%v at most: all stages together cover up to %v", left, contract.MaxOver))
		}
		over += s.Over
		if s.Rate < 0 || s.Rate > contract.MaxSpike {
			return refuse(s.rateField(), fmt.Sprint(s.Rate), fmt.Sprintf("0 to %d", contract.MaxSpike))
		}
		if !s.Ramp {
			rate = s.Rate
		}
		doubled += (rate + s.Rate) * int(s.Over/time.Second)
		rate = s.Rate
		if events = (doubled + 1) / 2; events > contract.MaxSpike {
			return refuse(s.rateField(), fmt.Sprint(s.Rate), fmt.Sprintf(
				"a lower rate: with it there are %d events, and all stages together have up to %d",
				events, contract.MaxSpike))
		}
	}
	if events == 0 {
		return 0, 0, invalid(contract.FieldStages, "without an event", "a rate above 0 in one of them")
	}
	return over, events, nil
}

// checkStages: the stages say what else is in the request.
func (r *Request) checkStages() error {
	if len(r.Stages) == 0 {
		return nil
	}
	over, events, err := Sum(r.Stages)
	switch most := min(contract.MaxEvents*max(r.Of, 1), contract.MaxSpike); {
	case err != nil:
		return err
	case r.Over != over:
		return invalid(contract.FieldOver, r.Over.String(), fmt.Sprintf("%v, which the stages cover", over))
	case r.Events != events:
		return invalid(contract.FieldEvents, fmt.Sprint(r.Events), fmt.Sprintf("%d, which the stages have", events))
	case events > most:
		return invalid(contract.FieldStages, fmt.Sprintf("with %d events", events), fmt.Sprintf("up to %d", most))
	case r.At.Nanosecond() != 0:
		return invalid(contract.FieldAt, r.At.Format(time.RFC3339Nano), "whole seconds, where there are stages")
	}
	return nil
}

// ends are those of the seconds of stages, from their begin on, and how many events there are by then: as
// many as the integral of the rate, rounded, a half up. So no error adds up over a ramp, and a step has the
// same number in each second, also behind a ramp that ends with a half.
func ends(stages []Stage) iter.Seq2[time.Duration, uint64] {
	return func(yield func(end time.Duration, events uint64) bool) {
		var end time.Duration
		var doubled, rate uint64 // doubled: twice the integral up to the stage
		for _, s := range stages {
			of, to := uint64(s.Over/time.Second), uint64(s.Rate)
			if !s.Ramp {
				rate = to
			}
			for t := uint64(1); t <= of; t++ {
				end += time.Second
				// Twice the integral is doubled + 2·rate·t + (to − rate)·t²/of.
				if !yield(end, ((doubled+2*rate*t+1)*of+to*t*t-rate*t*t)/(2*of)) {
					return
				}
			}
			doubled += (rate + to) * of
			rate = to
		}
	}
}

// Peak is the most events in one second of the stages.
func Peak(stages []Stage) int {
	var before, most uint64
	for _, events := range ends(stages) {
		most = max(most, events-before)
		before = events
	}
	return int(most)
}

// planStages plans the events from start to end of a burst whose stages say how many are in each second,
// without planning the others. What the events are is planned by the minute, as in other bursts, so that
// there are customers who try again also where a second has but one event; when they are, by the second.
func planStages(c *market.Conditions, seed uint64, stages []Stage, start, end uint64) plan {
	minutes := stretches(c, seed, stages, time.Minute, start, end)
	if n := len(minutes.planned); n > 0 { // an order may have begun before what is wanted
		last := minutes.planned[n-1]
		start, end = minutes.planned[0].before, last.before+last.sales.n
	}
	seconds := stretches(c, prng.Mix(seed), stages, time.Second, start, end)
	p := minutes.plan(c, seed)
	p.clock = &plan{start: start, events: end - start, cells: seconds.planned}
	var sums []uint32
	for i := range p.clock.cells {
		sums = p.clock.cells[i].fill(sums)
	}
	p.clock.index()
	return p
}

// stretches plans the events from start to end in cells that are so long, or parts of that.
func stretches(c *market.Conditions, seed uint64, stages []Stage, long time.Duration, start, end uint64) *halver {
	h := &halver{start: start, end: end}
	from, before := c.From, uint64(0)
	for passed, events := range ends(stages) {
		to := c.From.Add(passed)
		if to.Sub(from) < long && to.Before(c.To) {
			continue
		}
		if before >= end {
			break
		}
		if events > start {
			h.cells = cut(h.cells[:0], c, seed, from, to.Sub(from), partsFor(events-before))
			h.seed, h.sums = h.cells[0].seed, append(h.sums[:0], 0)
			for i, l := range h.cells {
				h.sums = append(h.sums, h.sums[i]+uint64(l.length))
			}
			h.halve(1, 0, len(h.cells), before, events-before)
		}
		from, before = to, events
	}
	return h
}
