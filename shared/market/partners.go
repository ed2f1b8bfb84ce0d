package market

import "salesburst/shared/sale"

// partner brings online customers, for a share of what they buy.
type partner struct {
	name       sale.Text
	commission sale.Cents // of 10,000
}

func newPartners(sources []sourceFigures) []partner {
	var all []partner
	for _, s := range sources {
		all = append(all, partner{sale.NewText(s.Name), sale.Cents(s.Commission)})
	}
	return all
}
