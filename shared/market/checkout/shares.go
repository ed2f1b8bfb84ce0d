package checkout

import (
	"math/bits"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// wallets says which of the two wallets a browser can open.
type wallets uint8

const (
	appleWallet wallets = 1 << iota
	googleWallet
)

func walletsOf(apple, google bool) (w wallets) {
	if apple {
		w |= appleWallet
	}
	if google {
		w |= googleWallet
	}
	return w
}

// A cell is all orders of the same wallets, band of amounts and region; it has its own shares of
// methods. A method's share in a cell is in proportion to its weight times its affinity: how usual
// it is for such amounts and in that region, and nothing where the device cannot do it.
type cells struct {
	methods, bands int
	affinity       []uint64 // by cell and method, up to 2²⁰
	orders         []uint64 // share of each cell, in 2³⁹
	target         []uint64 // share of each method, in 2²⁰
	weight         []uint64 // of each method, up to 2²⁴
}

// rounds are as many as fit takes at most; mostly half of them are enough.
const rounds = 12

// fit finds the weights with which all cells together give the methods' shares, by iterative
// proportional fitting (Deming and Stephan, 1940), to a thousandth of each.
func (c *cells) fit() {
	c.weight = make([]uint64, c.methods)
	for m, t := range c.target {
		c.weight[m] = t << 4
	}
	got := make([]uint64, c.methods)
	for range rounds {
		clear(got)
		c.each(func(_, m int, orders uint64) { got[m] += orders })
		most, fits := uint64(1), true
		for m, w := range c.weight {
			want := c.target[m] << 39
			if w > 0 && got[m] > 0 {
				high, low := bits.Mul64(w, want)
				w, _ = bits.Div64(high, low, max(got[m], high+1))
			}
			fits = fits && max(got[m], want)-min(got[m], want) <= want/1000
			c.weight[m] = w
			most = max(most, w)
		}
		for m, w := range c.weight {
			if w = prng.MulDiv(w, 1<<24, most); c.target[m] > 0 {
				w = max(w, 1)
			}
			c.weight[m] = w
		}
		if fits {
			return
		}
	}
}

// each calls do with how many orders of each cell are paid with each method, in 2⁵⁹.
func (c *cells) each(do func(cell, method int, orders uint64)) {
	for cell, orders := range c.orders {
		of := c.affinity[cell*c.methods : (cell+1)*c.methods]
		sum := c.sum(of)
		less := max(bits.Len64(sum)-30, 0)
		inverse := 1 << 50 / max(sum>>less, 1) // a division costs as much as all the rest
		for m, a := range of {
			do(cell, m, (c.weight[m]*a>>less)*inverse>>30*orders)
		}
	}
}

func (c *cells) sum(affinity []uint64) (sum uint64) {
	for m, a := range affinity {
		sum += c.weight[m] * a
	}
	return sum
}

// newCells makes the cells of a channel; devices are the shares of orders by wallets.
func newCells(f *PaymentFigures, methods []MethodFigures, devices []uint64) *cells {
	u := &f.Usual
	of := [regions]uint64{u.Northeast, u.Midwest, u.South, u.West}
	c := &cells{methods: len(methods), bands: len(f.Amounts), target: make([]uint64, len(methods))}
	all := total(methods, func(m MethodFigures) uint64 { return m.Share })
	for m := range methods {
		c.target[m] = methods[m].Share << 20 / all
	}
	n := len(devices) * c.bands * int(regions)
	c.affinity, c.orders = make([]uint64, 0, n*c.methods), make([]uint64, 0, n)
	device, band := parts(devices), parts(sharesOf(f.Amounts))
	region := parts(of[:])
	for d := range devices {
		for b := range f.Amounts {
			for r := range of {
				c.orders = append(c.orders, device[d]*band[b]*region[r])
				for m := range methods {
					may := len(devices) == 1 || methods[m].allowed(wallets(d))
					c.affinity = append(c.affinity, methods[m].affinity(may, b, r))
				}
			}
		}
	}
	return c
}

// parts are shares in 2¹³.
func parts(shares []uint64) []uint64 {
	sum := max(total(shares, func(n uint64) uint64 { return n }), 1)
	all := make([]uint64, len(shares))
	for i, n := range shares {
		all[i] = prng.MulDiv(n, 1<<13, sum)
	}
	return all
}

func sharesOf(amounts []AmountFigures) []uint64 {
	all := make([]uint64, len(amounts))
	for i := range amounts {
		all[i] = amounts[i].Share
	}
	return all
}

func (m *MethodFigures) allowed(w wallets) bool {
	switch m.Devices {
	case "apple":
		return w&appleWallet != 0
	case "google":
		return w&googleWallet != 0
	}
	return true
}

func (m *MethodFigures) affinity(may bool, band, region int) uint64 {
	if !may || m.Share == 0 {
		return 0
	}
	a := uint64(100 * 100)
	if len(m.Amounts) > 0 {
		a = a / 100 * m.Amounts[band]
	}
	if len(m.Regions) > 0 {
		a = a / 100 * m.Regions[region]
	}
	return a
}

// fill makes all of a channel but what the kinds of customers do.
func (c *Channel) fill(f *Figures, name string, methods []MethodFigures, devices []uint64,
	lists map[string]*reasons) error {
	p := &f.Payment
	c.loyal, c.another = p.LoyalToMethod, p.AnotherMethod
	for _, a := range p.Amounts {
		c.bands = append(c.bands, sale.Cents(a.From*100))
	}
	for _, m := range methods {
		c.Methods = append(c.Methods, Method{m.Name, sale.NewText(m.Name)})
		c.reasons = append(c.reasons, lists[m.Reasons])
	}
	cells := newCells(p, methods, devices)
	cells.fit()
	c.shares = make([]uint64, len(cells.affinity))
	for cell := range cells.orders {
		shares := c.part(c.shares, cell)
		for m, a := range cells.affinity[cell*cells.methods : (cell+1)*cells.methods] {
			shares[m] = cells.weight[m] * a
		}
		if !addUp(shares) {
			return refuse("payment."+name, "some orders cannot be paid",
				"a method for all devices, amounts and regions")
		}
	}
	c.takeFavourites(cells, len(devices))
	c.takeChances(cells, methods, p.Amounts)
	return nil
}

// addUp makes shares in 2³² of weights below 2⁵⁹, each with those before it, in their place. It
// is false, and does nothing, where all weights are zero.
func addUp(weights []uint64) bool {
	sum := total(weights, func(w uint64) uint64 { return w })
	if sum == 0 {
		return false
	}
	upTo := uint64(0)
	for i, w := range weights {
		upTo += w
		weights[i], _ = bits.Div64(upTo>>32, upTo<<32, sum)
	}
	return true
}

// takeFavourites makes what customers always pay with, and when they cannot keep to it. A favourite
// is drawn by the shares of all orders with the customer's wallets. Where a cell has less of it,
// some of its friends leave it for a method of which the cell has more: so a cell has its shares,
// and as few as possible change (the maximal coupling of two distributions).
func (c *Channel) takeFavourites(cells *cells, devices int) {
	n := len(c.Methods)
	c.keep, c.instead = make([]uint64, len(c.shares)), make([]uint64, len(c.shares))
	c.favourites = make([]uint8, devices*places)
	usual := make([]uint64, n)
	each := len(cells.orders) / devices
	for d := range devices {
		clear(usual)
		for cell := d * each; cell < (d+1)*each; cell++ {
			orders := cells.orders[cell]>>16 + 1
			for m := range usual {
				usual[m] += single(c.part(c.shares, cell), m) * orders >> 8
			}
		}
		addUp(usual)
		place := uint64(0)
		for m, upTo := range usual {
			for ; place < upTo*places>>32; place++ {
				c.favourites[d*places+int(place)] = uint8(m)
			}
			usual[m] = place << 32 / places // as they will be drawn
		}
		for cell := d * each; cell < (d+1)*each; cell++ {
			of, keep, more := c.part(c.shares, cell), c.part(c.keep, cell), c.part(c.instead, cell)
			for m := range of {
				here, favoured := single(of, m), single(usual, m)
				keep[m] = 1 << 32
				if here < favoured {
					keep[m] = here << 31 / favoured << 1
				}
				more[m] = max(here, favoured) - favoured
			}
			if !addUp(more) {
				copy(more, of)
			}
		}
	}
}

// single is one share of those that have been added up.
func single(shares []uint64, m int) uint64 {
	if m == 0 {
		return shares[0]
	}
	return shares[m] - shares[m-1]
}

// takeChances makes the chances of failure by method and band, of a kind and hour that make no
// difference. A method's is as in the figures on the average of the amounts that it is used for.
func (c *Channel) takeChances(cells *cells, methods []MethodFigures, amounts []AmountFigures) {
	uses := make([]uint64, cells.methods*cells.bands)
	cells.each(func(cell, m int, orders uint64) {
		uses[m*cells.bands+cell/int(regions)%cells.bands] += orders >> 20
	})
	c.chances = make([]uint64, len(uses))
	for m := range methods {
		all, failing := uint64(1), uint64(100) // where nobody uses it, all amounts are alike
		for b, n := range uses[m*cells.bands : (m+1)*cells.bands] {
			all += n
			failing += n * amounts[b].Fails
		}
		for b := range amounts {
			high, low := bits.Mul64(methods[m].Fails*Whole/1000*amounts[b].Fails, all)
			chance := uint64(Whole)
			if high < failing {
				chance, _ = bits.Div64(high, low, failing)
			}
			c.chances[m*cells.bands+b] = min(chance, Whole)
		}
	}
}

// takeKinds sets what kind and night make of a chance, so that they make no difference on the
// whole. Sources are part of it, since new customers come from others than known ones.
func (c *Channel) takeKinds(f *Figures, sources []Source) {
	u, by := &f.Payment.Usual, &f.Payment.Failures
	fails := [kinds]uint64{Returning: 100, VIP: by.VIPs, Newcomer: by.NewCustomers}
	orders := [kinds]uint64{Returning: 100 - u.VIPOrders - u.NewOrders, VIP: u.VIPOrders, Newcomer: u.NewOrders}
	var mean uint64 // of what is usual, which is 10⁹ for kinds and sources, and with the hours 10¹¹
	for kind, n := range orders {
		mean += n * fails[kind] * meanOf(sources, Kind(kind) == Newcomer)
	}
	hours := [2]uint64{100, 100}
	if sources != nil {
		hours[1] = by.Night
	}
	mean = mean / 100 * (hours[0]*(100-u.NightOrders) + hours[1]*u.NightOrders)
	for kind, n := range fails {
		for night, m := range hours {
			high, low := bits.Mul64(n*m*100_000, 100*Whole)
			if high < mean {
				c.who[kind][night], _ = bits.Div64(high, low, mean)
			}
		}
	}
}

// meanOf is how usual failures are among the orders that sources bring of one kind of customers,
// in 1000 of 100.
func meanOf(sources []Source, fresh bool) uint64 {
	var all, failing uint64
	for i := range sources {
		s := &sources[i]
		n := s.share * (100*tenth - s.newcomers)
		if fresh {
			n = s.share * s.newcomers
		}
		all += n
		failing += n * s.fails
	}
	if all == 0 {
		return 100 * 1000
	}
	return failing / max(all/1000, 1)
}
