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

var scenarios = []scenario{
	newScenario(scenario{
		Scenario: Scenario{"flash-sale", "three times the demand, two of three sales for one brand or product, at " +
			"25 to 40 % off"},
		moreDemand: 200, attracts: 67, offFrom: 25, offTo: 40,
	}),
	newScenario(scenario{
		Scenario: Scenario{"payment-outage", "95 % of the payments with one method fail: its gateway does not answer"},
		breaks:   95,
	}),
}

func newScenario(s scenario) scenario {
	s.text = sale.NewText(s.Name)
	return s
}

// Scenarios returns the known scenarios.
func Scenarios() []Scenario {
	var all []Scenario
	for _, s := range scenarios {
		all = append(all, s.Scenario)
	}
	return all
}
