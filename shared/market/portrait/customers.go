package main

import (
	"math"

	"salesburst/shared/sale"
)

// customers are who bought, and how often. Only what was completed is an order here, as in a
// retailer's books.
type customers struct {
	all   map[sale.CustomerID]customer
	twice map[sale.CustomerID]int // orders within two days, but those that are suspected
	day   int

	known []sale.CustomerID // who were new online in the year before

	seen, often float64 // customers of two days, and those of them with more than two orders
}

// customer is what is kept of one.
type customer struct {
	orders uint16
	born   int8   // the month of the first order of all, from 1; 0: before the year
	months uint16 // in which other orders were placed
	store  bool
}

func newCustomers() customers {
	return customers{all: make(map[sale.CustomerID]customer), twice: make(map[sale.CustomerID]int)}
}

func (k *customers) see(c int, e *sale.Sale, month int) {
	one := k.all[e.CustomerID]
	one.orders++
	one.store = c == stores
	if e.CustomerType == newText {
		one.born = int8(month + 1)
	} else {
		one.months |= 1 << month
	}
	k.all[e.CustomerID] = one
	k.twice[e.CustomerID]++
}

func (k *customers) endOfDay() {
	if k.day++; k.day%2 == 1 {
		return
	}
	k.seen += float64(len(k.twice))
	for _, orders := range k.twice {
		if orders > 2 {
			k.often++
		}
	}
	clear(k.twice)
}

const mostOrders = 60

// counts are how many customers of online shops placed no order, one and so on: of those who bought,
// and of those who placed their first order of all in the year before, who are known with their orders
// or without.
func (k *customers) counts() (buyers, known []float64) {
	buyers, known = make([]float64, mostOrders+1), make([]float64, mostOrders+1)
	for _, one := range k.all {
		if !one.store {
			buyers[min(int(one.orders), mostOrders)]++
		}
	}
	for _, id := range k.known {
		known[min(int(k.all[id].orders), mostOrders)]++
	}
	return buyers, known
}

// topShare is which percentage of the orders the most active twentieth of the buyers placed.
func topShare(counts []float64) float64 {
	var buyers, orders, top float64
	for n, of := range counts {
		buyers += of
		orders += of * float64(n)
	}
	left := buyers / 20
	for n := len(counts) - 1; n > 0 && left > 0; n-- {
		take := min(left, counts[n])
		top += take * float64(n)
		left -= take
	}
	return 100 * top / orders
}

// nbd is a negative binomial distribution of orders per customer.
type nbd struct{ shape, mean float64 }

// share is which part of the customers places n orders.
func (d nbd) share(n int) float64 {
	p := d.mean / (d.mean + d.shape)
	a, _ := math.Lgamma(float64(n) + d.shape)
	b, _ := math.Lgamma(d.shape)
	c, _ := math.Lgamma(float64(n) + 1)
	return math.Exp(a - b - c + d.shape*math.Log1p(-p) + float64(n)*math.Log(p))
}

// fit finds the distribution that makes the counts most likely, by steps that grow smaller.
func fit(counts []float64) nbd {
	likelihood := func(d nbd) (sum float64) {
		for n, of := range counts {
			if of > 0 {
				sum += of * math.Log(max(d.share(n), 1e-300))
			}
		}
		return sum
	}
	best := nbd{1, 1}
	most := likelihood(best)
	for step := 1.0; step > 1e-4; {
		better := false
		for _, by := range [][2]float64{{step, 0}, {-step, 0}, {0, step}, {0, -step}} {
			d := nbd{best.shape * math.Exp(by[0]), best.mean * math.Exp(by[1])}
			if l := likelihood(d); l > most && d.shape < 1e4 && d.mean > 1e-4 {
				best, most, better = d, l, true
			}
		}
		if !better {
			step /= 2
		}
	}
	return best
}

// worstGap is how many percentage points a fit is off at most.
func (d nbd) worstGap(counts []float64) (worst float64) {
	all := sum(counts)
	for n, of := range counts {
		worst = max(worst, 100*math.Abs(of/all-d.share(n)))
	}
	return worst
}

// cohorts are of the customers whose first order of all was in a month, the percentage who ordered
// again in each month; NaN before it.
func (k *customers) cohorts() (all [12][12]float64) {
	var born [12]float64
	for _, one := range k.all {
		if one.born == 0 {
			continue
		}
		born[one.born-1]++
		for m := range 12 {
			if one.months>>m&1 == 1 {
				all[one.born-1][m]++
			}
		}
	}
	for b := range all {
		for m := range all[b] {
			if all[b][m] *= 100 / born[b]; m < b || born[b] == 0 {
				all[b][m] = math.NaN()
			}
		}
	}
	return all
}
