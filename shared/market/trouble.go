package market

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/market/browsers"
	"salesburst/shared/market/calendar"
	"salesburst/shared/market/checkout"
	"salesburst/shared/market/goods"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Trouble is an incident in the market: what it does to the sales. Safe for concurrent use.
type Trouble struct {
	incidents.Occurrence
	Name sale.Text

	effect     effect
	conditions Conditions // of the sales that it adds
	product    sale.Text  // what it is about; the zero values: all
	brand      sale.Text
	city       sale.Text
	state      sale.Text
	method     sale.Text
	field      uint8 // of the event, that has another name
}

// effect is what a scenario does; nil: nothing of the kind.
type effect struct {
	// touch changes a sale; it is false for one that does not happen.
	touch func(t *Trouble, r prng.Rand, s *sale.Sale) (happens bool)
	// dress makes of a sale more one of the scenario's.
	dress        func(t *Trouble, r prng.Rand, s *sale.Sale)
	stolen, bots bool // who buys, of the sales that it adds

	whole    bool // it meets an order with all its attempts, or none of them
	attempts bool // it meets attempts that fail anyway too
}

var effects = map[string]effect{
	"flash-sale":         {touch: takeOff, dress: withOff, whole: true},
	"viral-product":      {dress: fromSocial},
	"payment-outage":     {touch: gatewayFails, attempts: true},
	"regional-outage":    {touch: vanish, whole: true},
	"store-network-down": {touch: networkFails, attempts: true},
	"fraud-wave":         {stolen: true},
	"bot-traffic":        {dress: asBot, bots: true},
	"price-error":        {touch: wrongPrice, dress: atWrongPrice, whole: true},
	"promo-code-leak":    {touch: takeOff, dress: withOff, whole: true},
	"slow-checkout":      {touch: sessionExpires},
	"black-friday":       {touch: takeOff, dress: withOff, whole: true},
	"demand-drop":        {touch: vanish, whole: true},
	"late-events":        {touch: comesLate, whole: true},
	"out-of-order":       {touch: comesLater, attempts: true},
	"duplicates":         {touch: comesAgain, attempts: true},
	"malformed":          {touch: damaged, attempts: true},
	"schema-drift":       {touch: renamed, attempts: true},
	"clock-skew":         {touch: skewed, whole: true},
	"hot-key":            {touch: sameKey, whole: true},
}

// ErrElsewhere is in the error about an incident of a method by which nobody pays in this channel,
// but in the other one.
var ErrElsewhere = errors.New("it happens in the other channel alone")

// NewTrouble returns what an incident is in these conditions. Its error is an *Invalid, of a field of
// the incident, beside ErrElsewhere where it is that.
func (c *Conditions) NewTrouble(o incidents.Occurrence) (*Trouble, error) {
	t := &Trouble{Occurrence: o, Name: sale.NewText(o.Scenario), effect: effects[o.Scenario], conditions: *c}
	k, m := &t.conditions, c.market
	day := o.Begin
	if day.IsZero() {
		day = c.From
	}
	east, _ := calendar.DateOf(places.Eastern.Local(day.Unix()))
	for _, text := range []struct {
		to    *string
		value string
	}{{&k.Brand, o.Brand}, {&k.Product, o.Product}, {&k.City, o.City}, {&k.PaymentMethod, o.PaymentMethod}} {
		if text.value != "" {
			*text.to = text.value
		}
	}
	if err := k.resolveNames(); err != nil {
		if o.Function == "" && o.PaymentMethod != "" && m.isMethod(o.PaymentMethod) {
			err = errors.Join(err, ErrElsewhere)
		}
		return nil, err
	}
	if k.only.product != none {
		k.only.brand = m.goods.Products()[k.only.product].Brand
	}
	if o.City != "" && o.State != "" {
		i := slices.IndexFunc(m.places, func(p place) bool {
			return p.Name == k.City && strings.EqualFold(p.State, strings.TrimSpace(o.State))
		})
		if i < 0 {
			return nil, &Invalid{"city", o.City, "a city of " + strings.ToUpper(o.State) + " that the market has"}
		}
		k.only.city = i
	}
	if err := t.aim(int32(east)); err != nil {
		return nil, err
	}
	products, brands := m.goods.Products(), m.goods.Brands()
	if k.only.product != none {
		t.product = products[k.only.product].Name
	} else if k.only.brand != none {
		t.brand = brands[k.only.brand].Name
	}
	if o.City != "" {
		t.city, t.state = m.places[k.only.city].name, m.places[k.only.city].state
	}
	if k.only.method != none {
		t.method = c.channel.checkout.Methods[k.only.method].Text
	}
	return t, nil
}

// isMethod reports whether a method is one of any channel.
func (m *Market) isMethod(name string) bool {
	for _, ch := range m.channels {
		for _, method := range ch.checkout.Methods {
			if strings.EqualFold(method.Name, strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// aim finds what the incident is about where it does not say it, on the day that it begins.
func (t *Trouble) aim(day int32) error {
	k, o := &t.conditions, &t.Occurrence
	m := k.market
	r := prng.New(o.Seed, 1)
	draw := func(size int64) {
		offer := m.goods.On(day, false)
		const tries = 1000
		for range tries {
			if k.only.product = offer.Draw(&r, goods.Neutral); m.goods.Products()[k.only.product].ScreenSize >= size {
				break
			}
		}
		k.only.brand = m.goods.Products()[k.only.product].Brand
	}
	switch o.Scenario {
	case "flash-sale":
		if k.only.brand == none {
			k.only.brand = m.goods.BrandOfTheDay(day)
		}
	case "viral-product":
		if k.only.product == none {
			draw(0)
		}
	case "price-error":
		if k.only.product == none {
			draw(65)
		}
	case "payment-outage":
		if k.only.method == none {
			k.only.method = 0 // the most used one
		}
	case "bot-traffic":
		if k.only.product == none {
			k.only.product = m.goods.Cheapest(int(r.Below(uint64(len(m.goods.Brands())))))
		}
		if k.only.method == none { // no wallet, which their clients do not have
			k.only.method = slices.IndexFunc(m.model.Payment.Online, func(f checkout.MethodFigures) bool {
				return f.Devices != "apple" && f.Devices != "google"
			})
		}
	case "schema-drift":
		return t.aimAtData()
	case "regional-outage", "store-network-down", "late-events", "clock-skew":
		state := o.State
		if state == "" && o.City == "" && o.Scenario != "late-events" && o.Scenario != "clock-skew" {
			state = "CA" // most people live there
		}
		if state == "" {
			return nil
		}
		for i := range m.places {
			if strings.EqualFold(m.places[i].State, state) {
				t.state = m.places[i].state
			}
		}
		if t.state == (sale.Text{}) {
			return &Invalid{"state", state, "a state of the United States, or DC, in two letters"}
		}
	}
	return nil
}

// More is how much demand it adds at its worst between two moments: prng.Million is the usual demand.
func (t *Trouble) More(from, to time.Time) uint64 {
	return t.Worst(from, to) * figure(t.Occurrence.More) / 100
}

// Whole reports whether the incident meets an order with all its attempts, or none of them.
func (t *Trouble) Whole() bool { return t.effect.whole }

// Touch does to a sale of a moment what the incident does then. It reports what became of it.
func (t *Trouble) Touch(r *prng.Rand, at sale.Time, s *sale.Sale) (touched, happens bool) {
	e := &t.effect
	if e.touch == nil || !t.about(s) || !e.whole && !e.attempts && s.Status != sale.Completed {
		return false, true
	}
	if !r.In(t.Level(at.Time())*figure(t.Share)/100, prng.Million) {
		return false, true
	}
	before := *s
	happens = e.touch(t, *r, s)
	return !happens || *s != before, happens
}

// Sell makes a sale that the incident adds: number n of those. Of all that might come at its worst, it
// reports those that do at the moment; where worst is 0, it comes for sure.
func (t *Trouble) Sell(seed, n uint64, at sale.Time, worst uint64, s *sale.Sale) (happens bool) {
	r := prng.New(seed, n)
	if random := r; worst > 0 && !random.In(t.Level(at.Time()), worst) {
		return false
	}
	r.Next() // which that took
	const accounts, orders = 40, 8
	switch o := (Order{Seed: seed, Stream: 1<<41 + n}); {
	case t.effect.stolen:
		o.Stream = 1<<41 + n/orders
		t.conditions.SellStolen(o, at, at, int(n%orders)+1, s)
	case t.effect.bots:
		o.Stream = 1<<41 + n%accounts
		t.conditions.Sell(o, at, s)
	default:
		t.conditions.Sell(o, at, s)
	}
	if t.effect.dress != nil {
		t.effect.dress(t, r, s)
	}
	return true
}

// figure is what a scenario has, or 0.
func figure(n *int64) uint64 {
	if n == nil {
		return 0
	}
	return uint64(*n)
}

// About is the values of those fields of a sale by which it is one that the incident is about.
func (t *Trouble) About() map[string]string {
	all := make(map[string]string)
	for name, text := range map[string]sale.Text{"product_name": t.product, "brand": t.brand, "city": t.city,
		"state": t.state, "payment_method": t.method} {
		if text != (sale.Text{}) {
			all[name] = text.String()
		}
	}
	return all
}

// about reports whether a sale is one that the incident is about.
func (t *Trouble) about(s *sale.Sale) bool {
	var all sale.Text
	return (t.product == all || t.product == s.ProductName) && (t.brand == all || t.brand == s.Brand) &&
		(t.city == all || t.city == s.City) && (t.state == all || t.state == s.State) &&
		(t.method == all || t.method == s.PaymentMethod)
}

func vanish(*Trouble, prng.Rand, *sale.Sale) bool { return false }

func fail(s *sale.Sale, out *checkout.Outcome) {
	s.Status, s.FailureReason, s.Commission = out.Status, out.Reason, 0
}

var (
	expired   = checkout.Outcome{Status: sale.FailedCheckout, Reason: sale.NewText("session_expired")}
	noLogin   = checkout.Outcome{Status: sale.UserError, Reason: sale.NewText("login_failed")}
	cash      = sale.NewText("Cash")
	botAgents = [...]sale.Text{sale.NewText("python-requests/2.32.5"), sale.NewText("Go-http-client/2.0"),
		sale.NewText("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"HeadlessChrome/120.0.0.0 Safari/537.36")}
)

func gatewayFails(_ *Trouble, _ prng.Rand, s *sale.Sale) bool { fail(s, &gatewayDown); return true }

func networkFails(_ *Trouble, _ prng.Rand, s *sale.Sale) bool {
	if s.PaymentMethod != cash {
		fail(s, &gatewayDown)
	}
	return true
}

func sessionExpires(_ *Trouble, _ prng.Rand, s *sale.Sale) bool { fail(s, &expired); return true }

func takeOff(t *Trouble, _ prng.Rand, s *sale.Sale) bool {
	if discount, total := amounts(s.Price, s.Quantity, figure(t.Off)); discount > s.Discount {
		t.charge(s, discount, total)
	}
	return true
}

func withOff(t *Trouble, r prng.Rand, s *sale.Sale) { takeOff(t, r, s) }

// charge sets what is paid for a sale.
func (t *Trouble) charge(s *sale.Sale, discount, total sale.Cents) {
	s.Discount, s.TotalAmount = discount, total
	if s.Status == sale.Completed {
		s.Commission = total * t.conditions.market.checkout.Commission(s.Source) / 10_000
	}
}

func wrongPrice(t *Trouble, _ prng.Rand, s *sale.Sale) bool {
	s.Price = sale.Cents(figure(t.Price))
	t.charge(s, 0, s.Price*sale.Cents(s.Quantity))
	return true
}

func atWrongPrice(t *Trouble, r prng.Rand, s *sale.Sale) {
	s.Quantity = 1 + int64(r.Below(3))
	wrongPrice(t, r, s)
}

func fromSocial(t *Trouble, r prng.Rand, s *sale.Sale) {
	if t.conditions.channel.store {
		return
	}
	s.Source = social[r.Below(uint64(len(social)))]
	t.charge(s, s.Discount, s.TotalAmount)
}

var social = [...]sale.Text{sale.NewText("Facebook"), sale.NewText("Instagram"), sale.NewText("Twitter"),
	sale.NewText("Influencer_1"), sale.NewText("Influencer_2")}

func asBot(_ *Trouble, r prng.Rand, s *sale.Sale) {
	s.Device, s.UserAgent = browsers.Desktop.Text(), botAgents[uint64(s.CustomerID)%uint64(len(botAgents))]
	s.Quantity, s.Discount, s.TotalAmount = 1, 0, s.Price
	if s.Status, s.FailureReason, s.Commission = sale.Completed, (sale.Text{}), 0; r.In(95, 100) {
		fail(s, &noLogin)
	}
}

// Values are what a field of an incident that says what it is about can be, sorted.
func (m *Market) Values(field string) []string {
	var all []string
	switch field {
	case "brand":
		for _, b := range m.goods.Brands() {
			all = append(all, b.Name.String())
		}
	case "product":
		for _, p := range m.goods.Products() {
			all = append(all, p.Name.String())
		}
	case "state", "city":
		for _, p := range m.places {
			if field == "state" {
				all = append(all, p.State)
			} else {
				all = append(all, p.Name)
			}
		}
	case "payment_method":
		for _, ch := range m.channels {
			for _, method := range ch.checkout.Methods {
				all = append(all, method.Name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ReadIncidents reads a plan of which all incidents can happen in this market.
func (m *Market) ReadIncidents(text []byte) (*incidents.Plan, error) {
	p, err := incidents.Read(text)
	if err == nil {
		err = m.CheckIncidents(p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// CheckIncidents says whether all incidents of a plan can happen in this market.
func (m *Market) CheckIncidents(p *incidents.Plan) error {
	some := time.Date(2026, 1, 1, 18, 0, 0, 0, time.UTC)
	for _, f := range contract.Functions() {
		c, err := m.NewConditions(Query{Channel: f.Channel, From: some, To: some.Add(time.Minute), Mean: 1})
		if err != nil {
			return err
		}
		for i := range p.Incidents {
			if of := p.Incidents[i].Function; of != "" && of != f.Name {
				continue
			}
			_, err := c.NewTrouble(incidents.Occurrence{Incident: &p.Incidents[i]})
			if err != nil && !errors.Is(err, ErrElsewhere) {
				return fmt.Errorf("incidents[%d]: %w", i, err)
			}
		}
	}
	return nil
}
