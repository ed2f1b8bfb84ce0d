package goods

import "salesburst/shared/sale"

// quantities draws how many pieces an order has.
type quantities struct {
	prices  []sale.Cents
	chances []int64 // of 2³², of more than one piece
	triples uint64  // of 2³², of these
}

func newQuantities(f *Quantities) quantities {
	q := quantities{triples: f.Triples << 32 / 100}
	for _, m := range f.ByPrice {
		q.prices = append(q.prices, sale.Cents(m.Price)*100)
		q.chances = append(q.chances, int64(m.Orders)<<32/1000)
	}
	return q
}

func (q *quantities) draw(chance int64, random uint64) int64 {
	switch {
	case random>>32 >= uint64(chance):
		return 1
	case random&0xffffffff >= q.triples:
		return 2
	default:
		return 3
	}
}

// chance of more than one piece changes evenly between the prices of the table.
func (q *quantities) chance(price sale.Cents) int64 {
	if price <= q.prices[0] {
		return q.chances[0]
	}
	for i, to := range q.prices[1:] {
		if price < to {
			return between(int64(price), int64(q.prices[i]), int64(to), q.chances[i], q.chances[i+1])
		}
	}
	return q.chances[len(q.chances)-1]
}
