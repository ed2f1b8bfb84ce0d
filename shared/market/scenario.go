package market

import "salesburst/shared/sale"

// Scenario is a named disturbance of the market.
type Scenario struct {
	Name    string // as in a trigger
	Summary string // one line for people
}

// scenario is what a Scenario does, as data. The zero value is normal traffic.
type scenario struct {
	Scenario
	text           sale.Text
	moreDemand     int    // percent; less where negative, down to -100
	attracts       int    // percent of the sales that go to the focus, a brand or a product
	offFrom, offTo uint64 // percent off the price of the focus
	breaks         int    // percent of the payments with the focus, a method, that fail
}

// newScenarios are the known ones.
func newScenarios(m *Model) []scenario {
	flash, outage := m.Scenarios.FlashSale, m.Scenarios.PaymentOutage
	all := []scenario{
		{moreDemand: flash.Demand, attracts: flash.Attracts, offFrom: flash.LeastOff, offTo: flash.MostOff},
		{breaks: outage.Breaks},
	}
	for i, s := range Scenarios() {
		all[i].Scenario, all[i].text = s, sale.NewText(s.Name)
	}
	return all
}

// Scenarios returns the known scenarios, with what they do where no model changes it.
func Scenarios() []Scenario {
	return []Scenario{
		{"flash-sale", "three times the demand, two of three sales for one brand or product, at 25 to 40 % off"},
		{"payment-outage", "95 % of the payments with one method fail: its gateway does not answer"},
	}
}
