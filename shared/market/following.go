package market

import (
	"time"

	"salesburst/shared/market/checkout"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Longest is less than an order, or a series of fraud, ever goes on.
const Longest = 10 * time.Minute

// Following is what part of the events begins what, in millionths of all events, and how that goes
// on.
type Following struct {
	Once   uint64 // orders with one attempt
	Orders uint64 // orders with more
	Series uint64 // series of fraud
	New    uint64 // first orders of customers, of all kinds of orders

	NewOrders uint64 // customers' first orders that take several attempts, of a million of them

	Third                uint64 // orders with three attempts, of a million with more than one
	Pause, SeriesPause   uint64 // mean time from one attempt to the next, in milliseconds
	Least                int64  // the shortest, in milliseconds
	SeriesFrom, SeriesTo uint64 // attempts of a series
}

// failures are how often what fails, in millionths.
type failures struct {
	once    uint64 // of what usually fails, what fails of orders with one attempt
	last    uint64 // chance that the second attempt fails where there is no third
	further uint64 // chance that the third one fails
	most    uint64 // of checkout.Whole: hardly an order has a higher chance to fail

	// How often a failure of each sort is kept that was drawn by its usual share: in an order with one
	// attempt, and for the first attempt of an order with more.
	keepOnce, keepFirst [sorts]uint64
}

// sort is what can be done about a failure.
type sort uint8

const (
	declined  sort = iota // the customer may try again
	suspected             // likewise, but most of them are in series of fraud
	technical             // it was not the customer's
	sorts
)

func sortOf(s sale.Status) sort {
	switch s {
	case sale.InsufficientFunds, sale.UserError:
		return declined
	case sale.Fraud:
		return suspected
	}
	return technical
}

// follow divides the events of a channel, so that as many fail as its methods say, and for the
// same reasons, while those that are tried again make a story of their own.
func follow(m *Model, methods []checkout.MethodFigures, store bool) (f Following, x failures) {
	const million = prng.Million
	o, s := &m.Orders, &m.Fraud
	var shares, fails uint64
	var of [sorts]uint64 // millionths of all events
	for _, method := range methods {
		shares += method.Share
	}
	for _, method := range methods {
		var all uint64
		var parts [sorts]uint64
		for _, r := range m.Payment.Reasons[method.Reasons] {
			all += r.Share
			parts[sortOf(r.Status)] += r.Share
		}
		rate := method.Share * method.Fails * 1000 / shares
		fails += rate
		for i, n := range parts {
			of[i] += rate * n / all
		}
	}
	inSeries := of[suspected] * s.InSeries / 100
	alone := of[declined] + of[suspected] - inSeries // what an order may be tried again after

	again, further := o.TriedAgain*million/100, o.FurtherFails*million/100
	f = Following{
		Third: again * further / million, Pause: o.Pause * 1000, SeriesPause: s.Pause * 1000, Least: 4000,
		SeriesFrom: s.Shortest, SeriesTo: s.Longest,
	}
	f.Orders = alone * again / (million + f.Third)
	length := s.Shortest + s.Longest // twice the mean
	f.Series = inSeries * 100 / s.Refused * 2 / length
	f.Once = million - f.Orders*(2*million+f.Third)/million - f.Series*length/2
	f.New = m.Customers.New * (f.Once + f.Orders) / 1000
	if !store { // where it is not known yet when the shop shuts
		f.NewOrders = min(f.Orders*million/(f.Once+f.Orders)*m.Payment.Failures.NewCustomers/100, million)
	}

	x.further = further
	x.last = (further - f.Third) * million / (million - f.Third)
	inOrders := f.Orders * (million + further + f.Third*further/million) / million
	left := alone - min(alone, inOrders)
	if fails > 0 {
		x.once = (left + of[technical]) * million / fails * million / f.Once
	}
	x.most = min(3*fails*checkout.Whole/million, checkout.Whole)
	x.keepFirst = [sorts]uint64{declined: million, suspected: million - s.InSeries*million/100}
	x.keepOnce[technical] = million
	if alone > 0 {
		x.keepOnce[declined] = left * million / alone
		x.keepOnce[suspected] = x.keepOnce[declined] * (100 - s.InSeries) / 100
	}
	return f, x
}
