package goods

import "slices"

// rate fills in what a day's demand is calculated from. Prices, sizes and brands say how much
// each kind of product sells; quality says which one of a kind does, and makes the whole market
// a power law: products are put in order by both, and what they sell falls with their rank.
//
// Levels are logarithms of shares in the market, of which market is the whole.
func (g *Goods) rate() {
	levels := g.appeals()
	highest := slices.Max(levels)
	for i, l := range levels {
		levels[i] = max(l-highest+start, 0)
	}
	brands := g.kindsOf(func(i int) int64 { return int64(g.products[i].Brand) })
	for b, share := range g.both {
		brands.want[b] = share * (market / shareUnit)
	}
	brands.keep(levels)
	prices := g.kindsOf(func(i int) int64 { return int64(g.items[i].logList / one) }) // from one doubling to the next
	sizes := g.kindsOf(func(i int) int64 { return g.products[i].ScreenSize })
	for _, k := range []*kinds{prices, sizes} {
		k.loose = true
		for i, l := range levels {
			k.want[k.of[i]] += pow2(l)
		}
	}
	for i := range levels {
		levels[i] += luck(g.items[i].id)
	}
	for range rounds {
		g.byRank(levels)
		for _, k := range []*kinds{brands, prices, brands, sizes, brands} {
			k.keep(levels)
		}
	}
	floor := log2(market/uint64(len(levels))) - leastSales
	for i, l := range levels {
		if l < floor {
			levels[i] = floor + (l-floor)/2
		}
	}
	for _, b := range g.brands {
		highest := slices.Max(levels[b.First:b.End])
		for i := b.First; i < b.End; i++ {
			g.items[i].level = int32(max(levels[i]-highest, -maxSpread))
		}
	}
}

const (
	market = 1 << 48
	// start leaves room for a sum of all products.
	start = 40 * one
	// rounds is how often the power law and the shares of kinds and brands are put right in turn,
	// with which they come closer.
	rounds = 4
	// leastSales is the logarithm by which a product may sell less than the mean of all; of what
	// is below, half is left, so that the law does not break off at its end.
	leastSales = 15 * one / 8
	// maxSpread is the logarithm by which the least popular product of a brand may differ from the
	// most popular one.
	maxSpread = 24 * one
)

// luck is the logarithm of a product's quality: e to an exponentially distributed power, whose
// mean is 1.
func luck(id uint64) int64 {
	const bits = 63
	return bits*one - log2(random(id, ofQuality, 0)>>1+1)
}

// byRank replaces the levels, which are below 2²⁸, by those of a power law in their order.
func (g *Goods) byRank(levels []int64) {
	order := make([]uint64, len(levels))
	for i, l := range levels {
		order[i] = uint64(1<<28-l)<<32 + uint64(i)
	}
	slices.Sort(order)
	exponent := int64(g.figures.Popularity.Exponent)
	for rank, o := range order {
		levels[uint32(o)] = max(start-log2(uint64(rank+1))*exponent/100, 0)
	}
}

// kinds are sorts of products, each with its share in the market.
type kinds struct {
	of   []int32  // by product
	want []uint64 // by kind
	got  []uint64
	more []int64 // the logarithm of the factor that is needed

	// loose is whether a kind with a small share may sell less still, and some times more.
	loose bool
}

const (
	small     = market / 64
	looseness = 2
)

// kindsOf sorts products by a value. Kinds are numbered in the order of their first products.
func (g *Goods) kindsOf(value func(product int) int64) *kinds {
	k := &kinds{of: make([]int32, len(g.products))}
	numbers := make(map[int64]int32)
	for i := range k.of {
		v := value(i)
		n, ok := numbers[v]
		if !ok {
			n = int32(len(numbers))
			numbers[v] = n
		}
		k.of[i] = n
	}
	k.want, k.got, k.more = make([]uint64, len(numbers)), make([]uint64, len(numbers)), make([]int64, len(numbers))
	return k
}

// keep changes levels so that each kind has its share in the market.
func (k *kinds) keep(levels []int64) {
	clear(k.got)
	for i, l := range levels {
		k.got[k.of[i]] += pow2(l)
	}
	for n, got := range k.got {
		want := k.want[n]
		if k.loose && want < small {
			want = min(got, want*looseness)
		}
		k.more[n] = log2(max(want, 1)) - log2(max(got, 1))
	}
	for i := range levels {
		levels[i] += k.more[k.of[i]]
	}
}
