// Package market is the model of demand: who buys what, when and where, how it is paid
// and how it fails. It is pure: the same catalogue, conditions and numbers give the
// same sale on every platform.
//
// Start with [Market.NewConditions], which turns what a request asks for into [Conditions];
// [Conditions.Demand] says how much is sold when, and [Conditions.Sell] and its sisters make one
// event each. What they are made of are rooms of their own: calendar has the year, crowd the
// customers, places the country, goods the products and their prices, browsers and checkout how
// people come and pay. The figures of the model are data, each with its unit, range and source:
// model.schema.json, which [ReadModel] lets a file change.
package market

import (
	"errors"
	"sync"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market/browsers"
	"salesburst/shared/market/calendar"
	"salesburst/shared/market/checkout"
	"salesburst/shared/market/goods"
	"salesburst/shared/market/places"
	"salesburst/shared/parameters"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// Version is raised when the same request would give other sales than before.
const Version = 2

// Market is the model over one catalogue; safe for concurrent use.
type Market struct {
	hash     [32]byte
	model    *Model
	currency sale.Text
	goods    *goods.Goods
	browsers *browsers.Browsers
	checkout *checkout.Checkout
	places   []place
	byClock  []int                   // the places, those by one clock side by side
	devices  [browsers.Devices]int64 // how much dearer sets are that are bought with one, as a tilt
	channels map[contract.Channel]*channel
	dear     sale.Cents // an order of this much is a large one
}

// place is a city as it stands in the events.
type place struct {
	places.Place
	name, state sale.Text
	region      checkout.Region
	roomy       int64 // how much larger sets are that are bought here, as a tilt
}

// channel is one way to buy.
type channel struct {
	orderType sale.Text
	store     bool // bought in a store
	seed      uint64
	profile   *calendar.Profile
	noise     calendar.Noise
	checkout  *checkout.Channel
	following Following
	fails     failures

	mu          sync.Mutex
	populations map[int]*population // by events a minute
}

// New makes the market of a catalogue, which must have a product, with the figures of the table.
func New(c *dataset.Catalogue) (*Market, error) {
	m, err := DefaultModel()
	if err != nil {
		return nil, err
	}
	return NewWith(c, m)
}

// NewFrom is New with what a file changes of the figures. Its error is that of [ReadModel], or of
// [NewWith].
func NewFrom(c *dataset.Catalogue, text []byte) (*Market, error) {
	m, err := ReadModel(text)
	if err != nil {
		return nil, err
	}
	return NewWith(c, m)
}

// NewWith is New by a model. Its error is a *[parameters.Invalid] where figures contradict each
// other.
func NewWith(c *dataset.Catalogue, model *Model) (*Market, error) {
	m := &Market{hash: c.Hash, model: model, currency: sale.NewText(c.Currency)}
	var err error
	if m.goods, err = goods.New(c.Products, &model.Products, model.Seed); err != nil {
		return nil, inside("products.", err)
	}
	if m.browsers, err = browsers.New(&model.Browsers); err != nil {
		return nil, inside("browsers.", err)
	}
	pay := &checkout.Figures{Payment: model.Payment, Sources: model.Sources}
	if m.checkout, err = checkout.New(pay, m.browsers); err != nil {
		return nil, err
	}
	for _, p := range places.All() {
		m.places = append(m.places, place{
			Place: p, name: sale.NewText(p.Name), state: sale.NewText(p.State),
			region: checkout.RegionOf(p.State), roomy: model.Places.Roomy[p.State],
		})
	}
	for zone := range places.Zones {
		for i := range m.places {
			if m.places[i].Zone == zone {
				m.byClock = append(m.byClock, i)
			}
		}
	}
	for d := range browsers.Devices {
		m.devices[d] = model.Customers.Devices[d.Text().String()]
	}
	m.dear = sale.Cents(model.Fraud.Dear * 100)
	m.channels = make(map[contract.Channel]*channel)
	for _, f := range contract.Functions() {
		if m.channels[f.Channel], err = m.newChannel(f.Channel); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// inside says where in the table the figures are that an error is about.
func inside(path string, err error) error {
	var invalid *parameters.Invalid
	if errors.As(err, &invalid) {
		invalid.Path = path + invalid.Path
	}
	return err
}

func (m *Market) newChannel(name contract.Channel) (*channel, error) {
	ch := &channel{orderType: sale.NewText(string(name)), store: name == contract.ChannelStore,
		populations: make(map[int]*population)}
	demand, hours, methods := &m.model.Demand.Online, (*calendar.Hours)(nil), m.model.Payment.Online
	ch.checkout, ch.seed = &m.checkout.Online, prng.Mix(m.model.Seed)
	path := "demand.online"
	if ch.store {
		demand, hours, methods = &m.model.Demand.Store, &m.model.Stores.Hours, m.model.Payment.Store
		ch.checkout, ch.seed = &m.checkout.Store, prng.Mix(ch.seed+1)
		path = "demand.store"
	}
	var err error
	if ch.profile, err = calendar.New(demand, hours); err != nil {
		return nil, &parameters.Invalid{Path: path, Value: err.Error(), Allowed: "demand in one hour at least"}
	}
	ch.noise = calendar.NewNoise(m.model.Demand.Noise, ch.seed)
	ch.following, ch.fails = follow(m.model, methods, ch.store)
	return ch, nil
}

// Hash names the catalogue.
func (m *Market) Hash() [32]byte { return m.hash }

// ModelHash names the model's figures; it is zero for those of the table.
func (m *Market) ModelHash() [32]byte { return m.model.hash }
