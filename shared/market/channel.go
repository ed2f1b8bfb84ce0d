package market

import (
	"salesburst/shared/contract"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// channel is one way to buy.
type channel struct {
	orderType sale.Text
	stores    bool // bought in a store
	day       curve
	methods   []method // the most used first
	byMethod  prng.Table
}

func newOnline(m *Model) *channel {
	return newChannel(contract.ChannelOnline, m.Demand["online"].Hours, m.Payment.Online, m)
}

func newInStore(m *Model) *channel {
	ch := newChannel(contract.ChannelStore, m.Demand["store"].Hours, m.Payment.Store, m)
	ch.stores = true
	return ch
}

func newChannel(name contract.Channel, day curve, methods []methodFigures, m *Model) *channel {
	ch := &channel{orderType: sale.NewText(string(name)), day: day}
	for _, f := range methods {
		ch.methods = append(ch.methods, newMethod(f, m.Payment.Reasons[f.Reasons]))
	}
	ch.byMethod = tableOf(methods, func(m methodFigures) uint64 { return m.Share })
	return ch
}
