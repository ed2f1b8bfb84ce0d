package burst

import (
	"slices"

	"salesburst/shared/market"
	"salesburst/shared/market/crowd"
	"salesburst/shared/prng"
)

// attempt is an event of an order that takes several, or of a series of fraud. Its bits are, from
// the highest: the milliseconds from its cell's begin, how many cells before that one it all
// began, whether it is of a series, the number of the attempt from 0, and the number of the order
// or series in the cell that it began in.
type attempt uint64

const (
	backAt   = 32
	seriesAt = backAt - 1
	numberAt = seriesAt - 4
	timeAt   = backAt + 5
)

func newAttempt(ms int64, back int, series bool, number, order uint64) attempt {
	a := uint64(ms)<<timeAt | uint64(back)<<backAt | number<<numberAt | order
	if series {
		a |= 1 << seriesAt
	}
	return attempt(a)
}

func (a attempt) ms() int64      { return int64(a >> timeAt) }
func (a attempt) back() int      { return int(a >> backAt & 31) }
func (a attempt) series() bool   { return a>>seriesAt&1 == 1 }
func (a attempt) number() uint64 { return uint64(a >> numberAt & 15) }
func (a attempt) order() uint64  { return uint64(a & (1<<numberAt - 1)) }

// attempts are those that happen in a cell.
type attempts struct {
	sorted []attempt
	ranks  []uint32 // the number of each among all events of the cell
	near   []uint32 // of so many events each as nearby: which attempt is not before them
}

// nearby is so few that an attempt is mostly found, or found missing, at once.
const nearby = 16

// steps calls do with the time of each attempt of an order or of a series, in milliseconds from the
// cell's begin. In a closed cell they come so fast that the last one is inside it.
func (l *cell) steps(f *market.Following, open, series bool, order uint64, do func(ms int64, number, of uint64)) {
	stream, pause, n := uint64(streamOfOrders), f.Pause, uint64(2)
	if series {
		stream, pause = streamOfSeries, f.SeriesPause
	}
	r := prng.New(l.seed, stream+order)
	ms := int64(r.Below(uint64(l.length)))
	switch {
	case series:
		n = f.SeriesFrom + r.Below(f.SeriesTo-f.SeriesFrom+1)
	case r.In(f.Third, prng.Million):
		n = 3
	}
	left := market.Longest.Milliseconds() - 1
	if !open {
		left = l.length - 1 - ms
	}
	for number := range n {
		do(ms, number, n)
		// Never more than its part of what is left.
		most := left / int64(n-number)
		wait := int64(crowd.Exponential(r.Next()) * pause >> 16)
		if !open {
			wait = wait * l.length / market.Longest.Milliseconds()
		}
		wait = min(wait+min(f.Least, most/2), most)
		ms, left = ms+wait, left-wait
	}
}

// each calls do with all that begins in a cell.
func (l *cell) each(do func(series bool, order uint64)) {
	for order := range l.orders {
		do(false, order)
	}
	for order := range l.series {
		do(true, order)
	}
}

// countAttempts is how many attempts there are of all that begins in a closed cell.
func (l *cell) countAttempts(f *market.Following) (n uint64) {
	l.each(func(series bool, order uint64) {
		l.steps(f, false, series, order, func(_ int64, number, of uint64) {
			if number == 0 {
				n += of
			}
		})
	})
	return n
}

// spread puts all attempts into the cells where they happen.
func (p *plan) spread(f *market.Following) {
	for from := range p.cells {
		l := &p.cells[from]
		l.each(func(series bool, order uint64) {
			l.steps(f, p.open, series, order, func(ms int64, number, _ uint64) {
				at := from
				for ms += l.begin; at < len(p.cells) && ms >= p.cells[at].begin+p.cells[at].length; {
					at++
				}
				if at < len(p.cells) {
					in := &p.cells[at].attempts
					in.sorted = append(in.sorted, newAttempt(ms-p.cells[at].begin, at-from, series, number, order))
				}
			})
		})
	}
}

// rank gives the attempts of a cell their places among its events: those of a millisecond come after
// the sales of the same one.
func (l *cell) rank() {
	in := &l.attempts
	slices.Sort(in.sorted)
	in.ranks = make([]uint32, len(in.sorted))
	in.near = make([]uint32, l.events()/nearby+1)
	next := 0
	for i, a := range in.sorted {
		in.ranks[i] = uint32(l.upTo(a.ms())) + uint32(i)
		for ; next*nearby <= int(in.ranks[i]); next++ {
			in.near[next] = uint32(i)
		}
	}
	for ; next < len(in.near); next++ {
		in.near[next] = uint32(len(in.sorted))
	}
}

// event returns what event n of a cell is: an attempt, or else a sale with its number.
func (l *cell) event(n uint64) (a attempt, isAttempt bool, sale uint64) {
	in := &l.attempts
	i := uint64(in.near[n/nearby])
	for i < uint64(len(in.ranks)) && uint64(in.ranks[i]) < n {
		i++
	}
	if i < uint64(len(in.ranks)) && uint64(in.ranks[i]) == n {
		return in.sorted[i], true, 0
	}
	return 0, false, n - i
}

// rankOf returns the number that the first attempt of an order, or of a series, has among the events of
// its cell.
func (l *cell) rankOf(ms int64, series bool, order uint64) uint64 {
	i, _ := slices.BinarySearch(l.attempts.sorted, newAttempt(ms, 0, series, 0, order))
	return uint64(l.attempts.ranks[i])
}

// newcomers are the customers whose first order is placed in a cell.
type newcomers struct {
	crowd.Newcomers
	sales, orders newcomersAmong // among those that are placed once, and those that take several attempts
}

// newcomersAmong are those among some orders. All orders in a row are cut into as many stretches as there are
// newcomers, and one order in each is a newcomer's.
type newcomersAmong struct {
	n    uint64
	step uint64 // what an order is of a stretch, in 2³², rounded up
}

// among spreads the newcomers over so many orders, of which there are not fewer.
func (n *newcomersAmong) among(orders uint64) {
	if orders > 0 {
		n.step = (n.n<<32 + orders - 1) / orders
	}
}

// newcomer returns the newcomer who places an order, if one does. The newcomers are those from a number on.
func (l *cell) newcomer(order uint64, among *newcomersAmong, from uint64) (n crowd.Number, is bool) {
	begin := order * among.step
	end := begin + among.step
	for i := begin >> 32; i<<32 < end && i < among.n; i++ {
		// A point in each stretch, so far from its end that no order has two of them.
		r := prng.New(l.seed, streamOfNew+from+i)
		if at := i<<32 + r.Below(1<<32-among.step+1); at >= begin && at < end {
			return l.newcomers.At(from + i), true
		}
	}
	return 0, false
}
