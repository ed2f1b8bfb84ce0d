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
	day       *curve
	methods   []method // the most used first
	byMethod  prng.Table
}

// channelFigures are what the model says of a channel.
type channelFigures struct {
	name    contract.Channel
	stores  bool
	day     *curve
	methods []method
}

func newChannel(f channelFigures) *channel {
	ch := &channel{orderType: sale.NewText(string(f.name)), stores: f.stores, day: f.day}
	for _, m := range f.methods {
		m.text = sale.NewText(m.name)
		m.byFailure = tableOf(m.failures, func(o outcome) uint64 { return o.share })
		ch.methods = append(ch.methods, m)
	}
	ch.byMethod = tableOf(ch.methods, func(m method) uint64 { return m.share })
	return ch
}
