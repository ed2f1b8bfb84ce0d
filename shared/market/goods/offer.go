package goods

import (
	"math/bits"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Offer is what is sold on one day in one channel; safe for concurrent use.
type Offer struct {
	*prices
	byBrand prng.Table
}

// prices is what both channels have in common.
type prices struct {
	goods    *Goods
	day      int32
	brands   []brandOnOffer
	products []onOffer
}

// brandOnOffer is a brand on the day: what is drawn of it stands together, as in onOffer.
type brandOnOffer struct {
	products prng.Table
	first    int          // product
	list     []sale.Cents // prices of the products
}

// onOffer is a product on the day. What a sale needs of it stands together: one load from memory.
type onOffer struct {
	now, list sale.Cents
	several   int64 // chance of more than one piece
	promotion uint8 // in goods.names; 0: none
}

// Tilts of [Offer.Draw].
const (
	Cheaper = 0    // of two sets the cheaper one is always taken
	Neutral = 512  // either one
	Dearer  = 1024 // the dearer one
)

// On returns the offer of a day, counted from 1970-01-01: that of the date on the East coast,
// where promotions begin and end at midnight. The last few days that were asked for are kept.
func (g *Goods) On(day int32, inStore bool) *Offer {
	slot := &g.recent[uint32(day)%uint32(len(g.recent))]
	both := slot.Load()
	if both == nil || both[0].day != day {
		both = g.offer(day) // two at the same time make the same
		slot.Store(both)
	}
	return &both[channelOf(inStore)]
}

// offer makes a day's offer of both channels.
func (g *Goods) offer(day int32) *[channels]Offer {
	p := &prices{
		goods: g, day: day,
		brands: make([]brandOnOffer, len(g.brands)), products: make([]onOffer, len(g.items)),
	}
	d := newDrift(&g.figures.Popularity, day)
	promoted := newPromoter(&g.figures.Promotions, day)
	// So that the sum of all weights, times their number, stays in a table's range.
	top := int64(min(40, 62-2*bits.Len(uint(len(g.items))))) * one
	weights := make([]uint64, len(g.items))
	var brands [channels][]uint64
	for c := range brands {
		brands[c] = make([]uint64, len(g.brands))
	}
	for b, brand := range g.brands {
		var usual, now uint64
		for i := brand.First; i < brand.End; i++ {
			it := &g.items[i]
			level := min(max(top-headroom+int64(it.level)+d.of(it.id), 0), top)
			w := pow2(level)
			usual += w
			of := &p.products[i]
			of.now, of.promotion = promoted.price(it.id, it.list)
			of.list, of.several = g.products[i].List, g.quantity.chance(of.now)
			if of.promotion > 0 {
				w = pow2(min(level+g.attraction(it, of.now), top))
			}
			weights[i] = w
			now += w
		}
		p.brands[b] = brandOnOffer{prng.NewTable(weights[brand.First:brand.End]), brand.First, g.lists[b]}
		for c := range brands {
			brands[c][b] = max(prng.MulDiv(g.shares[c][b], min(now, usual<<mostLift), usual), 1)
		}
	}
	var both [channels]Offer
	for c := range both {
		both[c] = Offer{p, prng.NewTable(brands[c])}
	}
	return &both
}

const (
	headroom = 6 * one // for what makes a product sell better than on average
	mostLift = 8       // a brand's promotions multiply its sales by 2⁸ at most
)

// attraction is the logarithm of the factor by which a promoted product sells better.
func (g *Goods) attraction(it *item, price sale.Cents) int64 {
	return (int64(it.logList) - log2(uint64(price))) * -g.figures.Promotions.Elasticity / 10
}

// Day is the offer's day.
func (o *Offer) Day() int32 { return o.day }

// Draw returns the product that a buyer takes. Of two sets of one brand, each drawn by its
// popularity, the buyer takes the dearer one (by list price) in tilt of 1,024 cases: brands keep
// their shares with any tilt, the mean price rises evenly with it, and with Neutral each product
// is drawn as often as its popularity says. In the catalogue that is built in, the mean price is
// 58 % of the neutral one with Cheaper and 142 % with Dearer. It takes four numbers of r.
func (o *Offer) Draw(r *prng.Rand, tilt uint64) int {
	return o.DrawOfBrand(o.DrawBrand(r), r, tilt)
}

// DrawBrand returns a brand by its share of the day.
func (o *Offer) DrawBrand(r *prng.Rand) int { return o.byBrand.Draw(r.Next()) }

// DrawOfBrand is Draw within one brand. It takes three numbers of r.
func (o *Offer) DrawOfBrand(brand int, r *prng.Rand, tilt uint64) int {
	of := &o.brands[brand]
	a, b := of.products.Draw(r.Next()), of.products.Draw(r.Next())
	// Neither can be foreseen, and a branch would cost more than these few steps: 1 is yes, 0 no.
	second := uint64(of.list[a]-of.list[b]) >> 63 // is the dearer one
	dearer := (r.Next()>>54 - tilt) >> 63         // is wanted
	taken := a ^ (a^b)&-int(second^dearer^1)
	return of.first + taken
}

// Price returns what a product costs on this day, and what it costs without promotion.
func (o *Offer) Price(product int) (now, list sale.Cents) {
	of := &o.products[product]
	return of.now, of.list
}

// Quantity returns how many pieces an order of a product has, as [Goods.Quantity] does at the price
// of the day.
func (o *Offer) Quantity(product int, random uint64) int64 {
	return o.goods.quantity.draw(o.products[product].several, random)
}

// Promotion names the promotion that a product is in; the empty text: in none.
func (o *Offer) Promotion(product int) sale.Text { return o.goods.names[o.products[product].promotion] }
