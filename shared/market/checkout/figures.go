package checkout

import (
	"fmt"

	"salesburst/shared/market/browsers"
	"salesburst/shared/parameters"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Figures are those of the table, in its units.
type Figures struct {
	Payment PaymentFigures
	Sources []SourceFigures
}

// SourceFigures are those of what brings orders.
type SourceFigures struct {
	Name       string
	Share      uint64 // of online orders, in relation to the others
	Commission uint64 // of 10,000
	Fails      uint64 // of 100 failures that are usual
	Newcomers  uint64 // how usual new customers are, in relation to the others
}

// PaymentFigures say how it is paid and how that fails.
type PaymentFigures struct {
	Online, Store []MethodFigures
	Reasons       map[string][]ReasonFigures
	LoyalToMethod uint64 `json:"loyal_to_method"` // of 100 orders
	AnotherMethod uint64 `json:"another_method"`  // of 100 second attempts
	Amounts       []AmountFigures
	Failures      FailureFigures
	Usual         UsualFigures
}

// MethodFigures are those of a way to pay.
type MethodFigures struct {
	Name    string
	Share   uint64
	Fails   uint64 // of 1000 attempts
	Reasons string
	Devices string   // "apple", "google", or anything else for all of them
	Amounts []uint64 // of 100 uses that are usual, by the places of amounts; none: 100 everywhere
	Regions []uint64 // likewise, by Northeast, Midwest, South and West
}

// ReasonFigures are those of why a payment fails.
type ReasonFigures struct {
	Status sale.Status
	Reason string
	Share  uint64
}

// AmountFigures are those of orders from an amount on, to the next one.
type AmountFigures struct {
	From  int64  // whole units of the currency
	Share uint64 // of orders, in relation to the others
	Fails uint64 // of 100 failures that are usual
}

// FailureFigures say what else makes payments fail.
type FailureFigures struct {
	NewCustomers uint64 `json:"new_customers"` // of 100 failures of returning customers
	VIPs         uint64 // likewise
	Night        uint64 // of 100 failures by day, online
}

// UsualFigures are the mix of orders that shares and rates are told of.
type UsualFigures struct {
	NewOrders   uint64 `json:"new_orders"`   // of 100
	VIPOrders   uint64 `json:"vip_orders"`   // of 100
	NightOrders uint64 `json:"night_orders"` // of 100 online
	Northeast   uint64 // in relation to the others
	Midwest     uint64
	South       uint64
	West        uint64
}

// New makes a checkout of figures, for orders from browsers. Its error is a *[parameters.Invalid].
func New(f *Figures, b *browsers.Browsers) (*Checkout, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	c := &Checkout{}
	c.takeSources(f)
	lists := make(map[string]*reasons, len(f.Payment.Reasons))
	texts := make(map[string]sale.Text) // lists share most of them
	for name, list := range f.Payment.Reasons {
		lists[name] = newReasons(list, texts)
	}
	online := [...]uint64{
		0: b.Share(false, false), appleWallet: b.Share(true, false),
		googleWallet: b.Share(false, true), appleWallet | googleWallet: b.Share(true, true),
	}
	if err := c.Online.fill(f, "online", f.Payment.Online, online[:], lists); err != nil {
		return nil, err
	}
	if err := c.Store.fill(f, "store", f.Payment.Store, []uint64{1}, lists); err != nil {
		return nil, err
	}
	c.Online.takeKinds(f, c.sources)
	c.Store.takeKinds(f, nil)
	return c, nil
}

// takeSources makes the tables of who comes from where. A source's share of new customers is
// that of all orders, times how usual they are there.
func (c *Checkout) takeSources(f *Figures) {
	var all, newcomers uint64
	for _, s := range f.Sources {
		c.sources = append(c.sources, Source{
			Name: sale.NewText(s.Name), Commission: sale.Cents(s.Commission),
			fails: s.Fails, newcomers: s.Newcomers, share: s.Share,
		})
		all += s.Share
		newcomers += s.Share * s.Newcomers
	}
	n := len(c.sources)
	known, fresh, shares := make([]uint64, n), make([]uint64, n), make([]uint64, n)
	for i := range c.sources {
		s := &c.sources[i]
		s.newcomers = min(s.newcomers*f.Payment.Usual.NewOrders*all*tenth/max(newcomers, 1), 100*tenth)
		shares[i] = s.share
		fresh[i], known[i] = s.share*s.newcomers, s.share*(100*tenth-s.newcomers)
	}
	c.bySource = [2]prng.Table{tableOf(known, shares), tableOf(fresh, shares)}
}

// tenth is the unit of a source's share of new customers: thousandths of a percent.
const tenth = 1000

// tableOf draws by other weights where all of them are zero: nobody of that kind comes usually.
func tableOf(weights, others []uint64) prng.Table {
	if total(weights, func(w uint64) uint64 { return w }) == 0 {
		weights = others
	}
	return prng.NewTable(weights)
}

func newReasons(list []ReasonFigures, texts map[string]sale.Text) *reasons {
	r := &reasons{}
	weights := make([]uint64, len(list))
	for i, f := range list {
		weights[i] = f.Share
		text, known := texts[f.Reason]
		if !known {
			text = sale.NewText(f.Reason)
			texts[f.Reason] = text
		}
		r.all = append(r.all, Outcome{f.Status, text,
			f.Status == sale.InsufficientFunds || f.Status == sale.UserError})
	}
	r.byShare = prng.NewTable(weights)
	return r
}

func refuse(path string, value any, allowed string) error {
	return &parameters.Invalid{Path: path, Value: fmt.Sprint(value), Allowed: allowed}
}

// check looks at what belongs together.
func (f *Figures) check() error {
	if total(f.Sources, func(s SourceFigures) uint64 { return s.Share }) == 0 {
		return refuse("sources", "no shares", "a share above 0 in one of them at least")
	}
	p := &f.Payment
	for name, reasons := range p.Reasons {
		if total(reasons, func(r ReasonFigures) uint64 { return r.Share }) == 0 {
			return refuse("payment.reasons."+name, "no shares", "a share above 0 in one of them at least")
		}
	}
	u := &p.Usual
	switch {
	case u.NewOrders+u.VIPOrders > 100:
		return refuse("payment.usual.vip_orders", u.VIPOrders, "at most 100 together with new_orders")
	case u.NightOrders > 100:
		return refuse("payment.usual.night_orders", u.NightOrders, "at most 100")
	case u.Northeast+u.Midwest+u.South+u.West == 0:
		return refuse("payment.usual", "no orders in any region", "a share above 0 in one of them at least")
	case len(p.Amounts) == 0 || p.Amounts[0].From != 0:
		return refuse("payment.amounts", "begins elsewhere", "a list that begins with a from of 0")
	case total(p.Amounts, func(a AmountFigures) uint64 { return a.Share }) == 0:
		return refuse("payment.amounts", "no shares", "a share above 0 in one of them at least")
	}
	for i, a := range p.Amounts[1:] {
		if a.From <= p.Amounts[i].From {
			return refuse(fmt.Sprintf("payment.amounts[%d].from", i+1), a.From, "more than the one before")
		}
	}
	for name, methods := range map[string][]MethodFigures{"online": p.Online, "store": p.Store} {
		if err := p.checkMethods("payment."+name, methods); err != nil {
			return err
		}
	}
	return nil
}

func (p *PaymentFigures) checkMethods(path string, methods []MethodFigures) error {
	if total(methods, func(m MethodFigures) uint64 { return m.Share }) == 0 {
		return refuse(path, "no shares", "a share above 0 in one of them at least")
	}
	seen := make(map[string]bool, len(methods))
	for i, m := range methods {
		path := fmt.Sprintf("%s[%d].", path, i)
		_, known := p.Reasons[m.Reasons]
		switch {
		case !known:
			return refuse(path+"reasons", m.Reasons, "a name in payment.reasons")
		case seen[m.Name]:
			return refuse(path+"name", m.Name, "each name once")
		case len(m.Amounts) > 0 && len(m.Amounts) != len(p.Amounts):
			return refuse(path+"amounts", len(m.Amounts), "as many values as payment.amounts has, or none")
		case len(m.Regions) > 0 && len(m.Regions) != int(regions):
			return refuse(path+"regions", len(m.Regions), "a value for each of four regions, or none")
		}
		seen[m.Name] = true
	}
	return nil
}

func total[T any](all []T, of func(T) uint64) (sum uint64) {
	for _, v := range all {
		sum += of(v)
	}
	return sum
}
