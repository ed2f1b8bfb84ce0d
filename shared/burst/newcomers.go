package burst

import (
	"math/bits"

	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
)

// newcomers are the customers whose first order is placed in a cell.
type newcomers struct {
	crowd.Newcomers
	sales, orders newcomersAmong // among those that are placed once, and those that take several attempts
}

// newcomersAmong are those among some orders. All orders in a row are cut into as many stretches as there are
// newcomers, and one order in each is a newcomer's.
type newcomersAmong struct {
	n     uint64
	first uint64 // its number in the cell
	words []newcomersWord
}

// newcomersWord says of 64 orders in a row which are newcomers', the first one in the lowest bit.
type newcomersWord struct {
	orders uint64
	before uint32 // newcomers of all orders before these
}

// among spreads newcomers over so many orders. Where they are more, in a cell of a few events, none comes.
func (l *cell) among(n *newcomersAmong, orders uint64) {
	if n.n == 0 || n.n > orders {
		return
	}
	n.words = make([]newcomersWord, (orders+63)/64)
	step := (n.n<<32 + orders - 1) / orders // what an order is of a stretch, in 2³², rounded up
	for i := range n.n {
		// A point in each stretch, so far from its end that no order has two of them.
		r := prng.New(l.seed, streamOfNew+n.first+i)
		order := (i<<32 + r.Below(1<<32-step+1)) / step
		n.words[order/64].orders |= 1 << (order % 64)
	}
	before := 0
	for i := range n.words {
		n.words[i].before = uint32(before)
		before += bits.OnesCount64(n.words[i].orders)
	}
}

// newcomer returns the newcomer who places an order, if one does.
func (l *cell) newcomer(n *newcomersAmong, order uint64) (who crowd.Number, is bool) {
	if order/64 >= uint64(len(n.words)) {
		return 0, false
	}
	w, bit := &n.words[order/64], uint64(1)<<(order%64)
	if w.orders&bit == 0 {
		return 0, false
	}
	return l.newcomers.At(n.first + uint64(w.before) + uint64(bits.OnesCount64(w.orders&(bit-1)))), true
}
