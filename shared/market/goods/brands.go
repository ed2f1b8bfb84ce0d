package goods

import "salesburst/shared/prng"

// shareUnit is the whole of a channel's sales.
const shareUnit = 1 << 32

// share fills in the brands' shares in both channels: a brand sells its percentage more in
// stores, and both channels together have its share.
func (g *Goods) share(brands []brandStock) {
	weights := make([]uint64, len(brands))
	for i := range brands {
		weights[i] = brands[i].weight
	}
	base := scaled(weights)
	g.both = base
	inStores := int64(g.figures.StoreSales)
	for c := range g.shares {
		for i := range weights {
			// Where online sells 100 then stores sell 100 + percent, and both 100 + percent·stores.
			percent := int64(100)
			if c == store {
				percent += brands[i].stores
			}
			weights[i] = base[i] * uint64(percent) * 100 / uint64(100*100+brands[i].stores*inStores)
		}
		g.shares[c] = scaled(weights)
		g.leaning[c] = newPreference(base, g.shares[c])
	}
	g.base = prng.NewTable(base)
}

// scaled are weights with the sum of about shareUnit, each at least 1.
func scaled(weights []uint64) []uint64 {
	var sum uint64
	for _, w := range weights {
		sum += w
	}
	all := make([]uint64, len(weights))
	for i, w := range weights {
		all[i] = max(prng.MulDiv(w, shareUnit, sum), 1)
	}
	return all
}

// preference turns the brands of the whole market into those of a channel, and changes as few
// of them as it can: what a brand has too much goes to those that have too little.
type preference struct {
	keeps []uint64   // of 2³²
	lacks prng.Table // what the channel has more than the market
	all   bool       // the channel is as the market
}

func newPreference(market, channel []uint64) preference {
	p := preference{keeps: make([]uint64, len(market)), all: true}
	lacks := make([]uint64, len(market))
	for i := range market {
		p.keeps[i] = 1 << 32
		switch {
		case channel[i] < market[i]:
			p.keeps[i] = prng.MulDiv(channel[i], 1<<32, market[i])
		case channel[i] > market[i]:
			lacks[i] = channel[i] - market[i]
			p.all = false
		}
	}
	if !p.all {
		p.lacks = prng.NewTable(lacks)
	}
	return p
}

// Favourite is the brand that a customer comes back to: taste is 64 random bits of the
// customer's own. All but a few customers have the same one online and in stores, and together
// they buy a channel's shares.
func (g *Goods) Favourite(taste uint64, inStore bool) int {
	brand := g.base.Draw(taste)
	p := &g.leaning[channelOf(inStore)]
	r := prng.Mix(taste)
	if p.all || r>>32 < p.keeps[brand] {
		return brand
	}
	return p.lacks.Draw(prng.Mix(r))
}

func channelOf(inStore bool) int {
	if inStore {
		return store
	}
	return online
}
