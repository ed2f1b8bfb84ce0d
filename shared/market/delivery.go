package market

import (
	"time"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// What happens to the data alone. An event is delivered in one way only: what comes twice is whole, and
// what comes late is not moved again.

func comesLate(t *Trouble, r prng.Rand, s *sale.Sale) bool {
	s.Delivery.Recorded = s.Delivered() // it comes now
	s.Timestamp -= t.drawn(&r)
	return true
}

func comesLater(t *Trouble, r prng.Rand, s *sale.Sale) bool {
	if at, ok := t.later(&r, s); ok && !s.Delivery.Moved {
		s.Delivery.Recorded, s.Delivery.Moved = at, true
	}
	return true
}

func comesAgain(t *Trouble, r prng.Rand, s *sale.Sale) bool {
	if at, ok := t.later(&r, s); ok && s.Delivery.Again == 0 && s.Delivery.Damage == sale.Intact {
		s.Delivery.Again = at
	}
	return true
}

// drawn is how late an event comes: a tenth of the most at least.
func (t *Trouble) drawn(r *prng.Rand) sale.Time {
	most := uint64(t.Late().Milliseconds())
	return sale.Time(most/10 + r.Below(most-most/10) + 1)
}

// later is a moment after a sale's in the time of the burst, if there is one.
func (t *Trouble) later(r *prng.Rand, s *sale.Sale) (at sale.Time, ok bool) {
	delay, left := t.drawn(r), sale.TimeOf(t.conditions.To)-1-s.Delivered()
	return s.Delivered() + min(delay, left), left > 0
}

func skewed(t *Trouble, _ prng.Rand, s *sale.Sale) bool {
	s.Delivery.Recorded = s.Delivered()
	s.Timestamp += sale.Time(t.Ahead() / time.Millisecond)
	return true
}

func damaged(_ *Trouble, r prng.Rand, s *sale.Sale) bool {
	damage := sale.Truncated + sale.Damage(r.Below(uint64(sale.Tombstone)))
	if s.Delivery.Damage == sale.Intact && s.Delivery.Again == 0 {
		s.Delivery.Damage = damage
	}
	return true
}

func renamed(t *Trouble, _ prng.Rand, s *sale.Sale) bool {
	if s.Delivery.Damage == sale.Intact && s.Delivery.Again == 0 {
		s.Delivery.Damage, s.Delivery.Field = sale.Renamed, t.field
	}
	return true
}

// sameKey is what a client does that never sets the customer.
func sameKey(_ *Trouble, _ prng.Rand, s *sale.Sale) bool { s.CustomerID = 0; return true }

// aimAtData finds which field has another name.
func (t *Trouble) aimAtData() error {
	d, ok := sale.Renaming(t.Field)
	if !ok {
		return &Invalid{"field", t.Field, "a field of the event but transaction_id and timestamp, as in product_name"}
	}
	t.field = d.Field
	return nil
}
