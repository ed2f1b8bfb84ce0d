package burst

import (
	"time"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// planShard plans the sales from start to end of a burst without planning the others: it
// takes the time of the seconds and sales of the shard, and of the way to them.
//
// The burst's time is halved, and each half halved again, down to the seconds. How many of a
// part's sales are in its first half is binomial, and drawn from a random stream that only
// this part has. So each shard that comes by draws the same, and all seconds together are as
// if each sale had been given one by itself, as in newPlan. Halves without a sale of the
// shard are left alone.
func planShard(from time.Time, demand []minute, events, seed, start, end uint64) plan {
	w := weigh(demand)
	p := plan{from: sale.TimeOf(from), length: w.length, start: start, events: end - start}
	if p.events == 0 {
		return p
	}
	h := halver{&p, &w, seed, end}
	h.halve(1, 0, w.seconds(), 0, events)
	p.index()
	return p
}

type halver struct {
	plan    *plan
	weights *weights
	seed    uint64
	end     uint64 // of the shard's sales
}

// halve plans a part of the burst: the seconds from a to b, with n sales after those before.
// Part 1 is all, and the halves of a part are its double and the one after.
func (h *halver) halve(part, a, b, before, n uint64) {
	p := h.plan
	if n == 0 || before+n <= p.start || before >= h.end {
		return
	}
	if b-a == 1 {
		p.add(a, before, n)
		return
	}
	middle := (a + b) / 2
	begin := h.weights.before(a * second)
	r := prng.New(h.seed, streamOfHalves+part)
	first := r.Binomial(n, h.weights.before(middle*second)-begin, h.weights.before(b*second)-begin)
	h.halve(2*part, a, middle, before, first)
	h.halve(2*part+1, middle, b, before+first, n-first)
}

// add notes the next second that has sales; those that were left out have none.
func (p *plan) add(second, before, n uint64) {
	if p.before == nil {
		p.first = second
	}
	for uint64(len(p.before)) <= second-p.first {
		p.before = append(p.before, uint32(before))
	}
	p.before = append(p.before, uint32(before+n))
}
