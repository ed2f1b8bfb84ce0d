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
	firsts []uint32 // likewise, of the first attempts of the orders, and then of the series, that begin in the cell
	near   []uint32 // of so many events each as nearby: which attempt is not before them
}

// nearby is so few that an attempt is mostly found, or found missing, at once.
const nearby = 16

// first returns when the first attempt of an order or of a series is, in milliseconds from the cell's begin,
// how many there are, and what the rest is drawn from.
func (l *cell) first(f *market.Following, series bool, order uint64) (ms int64, of uint64, r prng.Rand) {
	stream, of := uint64(streamOfOrders), 2
	if series {
		stream = streamOfSeries
	}
	r = prng.New(l.seed, stream+order)
	ms = int64(r.Below(uint64(l.length)))
	switch {
	case series:
		of = f.SeriesFrom + r.Below(f.SeriesTo-f.SeriesFrom+1)
	case r.In(f.Third, prng.Million):
		of = 3
	}
	return ms, of, r
}

// steps calls do with the time of each attempt of an order or of a series, in milliseconds from the
// cell's begin. In a closed cell they come so fast that the last one is inside it.
func (l *cell) steps(f *market.Following, open, series bool, order uint64, do func(ms int64, number, of uint64)) {
	pause := f.Pause
	if series {
		pause = f.SeriesPause
	}
	ms, n, r := l.first(f, series, order)
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
	in.firsts = make([]uint32, l.orders+l.series)
	in.near = make([]uint32, l.events()/nearby+1)
	next, sales := 0, 0
	for i, a := range in.sorted {
		for sales < len(l.sales.times) && l.time(uint64(sales)) <= a.ms() {
			sales++
		}
		in.ranks[i] = uint32(sales + i)
		if a.number() == 0 {
			first := a.order()
			if a.series() {
				first += l.orders
			}
			in.firsts[first] = in.ranks[i]
		}
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

// beginOf is the number among the events of its cell of the first attempt of an order, or of a series.
func (l *cell) beginOf(series bool, order uint64) uint64 {
	if series {
		order += l.orders
	}
	return uint64(l.attempts.firsts[order])
}
