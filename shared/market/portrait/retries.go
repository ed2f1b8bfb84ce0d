package main

import "salesburst/shared/sale"

// retries are what follows where a first payment is declined for want of funds or for wrong details.
type retries struct {
	open map[sale.TransactionID]*story
	last sale.Time

	declined            float64
	otherPaid, samePaid float64 // tried again with another method or the same, and paid in the end
	otherLeft, sameLeft float64 // likewise, and not paid
	second, secondPaid  float64 // second attempts
	declines, followed  float64 // declines of any attempt but of those at the end of a burst
}

// story is an order whose first payment was declined.
type story struct {
	at           sale.Time
	method       sale.Text
	tried, other bool
	paid         bool
	declines     float64
	followed     float64
	declinedLast bool
}

func newRetries() retries { return retries{open: make(map[sale.TransactionID]*story)} }

func declined(e *sale.Sale) bool {
	return e.Status == sale.InsufficientFunds || e.Status == sale.UserError
}

func (r *retries) see(e *sale.Sale) {
	r.last = e.Timestamp
	if e.Attempt == 1 {
		if declined(e) {
			r.open[e.OrderID] = &story{at: e.Timestamp, method: e.PaymentMethod, declines: 1, declinedLast: true}
		}
		return
	}
	s := r.open[e.OrderID]
	if s == nil {
		return
	}
	if s.declinedLast {
		s.followed++
	}
	if s.declinedLast = declined(e); s.declinedLast {
		s.declines++
	}
	s.paid = e.Status == sale.Completed
	if e.Attempt == 2 {
		s.tried, s.other = true, e.PaymentMethod != s.method
		if r.second++; s.paid {
			r.secondPaid++
		}
	}
}

// endOfBurst counts the orders that ended in it.
func (r *retries) endOfBurst() {
	const longest = 10 * 60 * 1000
	for _, s := range r.open {
		if s.at > r.last-longest {
			continue
		}
		r.declined++
		r.declines += s.declines
		r.followed += s.followed
		switch {
		case s.tried && s.other && s.paid:
			r.otherPaid++
		case s.tried && s.other:
			r.otherLeft++
		case s.tried && s.paid:
			r.samePaid++
		case s.tried:
			r.sameLeft++
		}
	}
	clear(r.open)
}

// percent are parts of the orders whose first payment was declined.
func (r *retries) percent(n float64) float64 { return 100 * n / max(r.declined, 1) }
