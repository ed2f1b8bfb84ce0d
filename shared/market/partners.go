package market

import "salesburst/shared/sale"

// partner brings online customers, for a share of what they buy.
type partner struct {
	name       sale.Text
	weight     uint64
	commission sale.Cents // of 10,000
}

// partners are those of the original pipeline; their weights and shares are assumptions.
var partners = []partner{
	{sale.NewText("Facebook"), 28, 300},
	{sale.NewText("Instagram"), 24, 350},
	{sale.NewText("Twitter"), 12, 250},
	{sale.NewText("Influencer_1"), 14, 800},
	{sale.NewText("Influencer_2"), 10, 700},
	{sale.NewText("Influencer_3"), 7, 700},
	{sale.NewText("Influencer_4"), 5, 600},
}

var byPartner = tableOf(partners, func(p partner) uint64 { return p.weight })
