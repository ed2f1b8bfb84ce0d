package incidents

import (
	"fmt"
	"slices"
	"strings"

	"salesburst/shared/parameters"
)

// Scenario is a kind of incident.
type Scenario struct {
	Name     string
	Summary  string   // one line for people
	Takes    []string // what it can be about, by the names of an incident's fields
	Function string   // the only one that it happens in; empty: in each

	// What it does at its worst, where an incident does not say it; 0: it has none of that.
	More, Share, Off int64 // percent
	Price            int64 // cents
}

var scenarios = []Scenario{
	{Name: "flash-sale", Summary: "many come for one brand or product, at 30 % off",
		Takes: []string{"brand", "product"}, More: 200, Share: 100, Off: 30},
	{Name: "viral-product", Summary: "a product is all over the social networks, and sells at its usual price",
		Takes: []string{"product"}, More: 250},
	{Name: "payment-outage", Summary: "payments with one method fail: its gateway does not answer",
		Takes: []string{"payment_method"}, Share: 95},
	{Name: "regional-outage", Summary: "a state or a city falls silent",
		Takes: []string{"state", "city"}, Share: 100},
	{Name: "store-network-down", Summary: "in the stores of a state or a city only cash is taken",
		Takes: []string{"state", "city"}, Function: "store", Share: 100},
	{Name: "fraud-wave", Summary: "stolen accounts buy what is dear, one order after the other",
		More: 15},
	{Name: "bot-traffic", Summary: "few clients, hardly browsers, try to buy what is cheapest; most cannot log in",
		Function: "online", More: 150},
	{Name: "price-error", Summary: "a large set costs $9.99, and the word spreads",
		Takes: []string{"product"}, More: 60, Share: 100, Price: 999},
	{Name: "promo-code-leak", Summary: "a voucher for half the price is passed on",
		More: 40, Share: 50, Off: 50},
	{Name: "slow-checkout", Summary: "pages take so long that sessions expire",
		Function: "online", Share: 35},
	{Name: "black-friday", Summary: "everybody buys, and most of it at 20 % off",
		More: 300, Share: 70, Off: 20},
	{Name: "demand-drop", Summary: "many stay away",
		Share: 60},
}

// Scenarios are all kinds of incidents.
func Scenarios() []Scenario { return slices.Clone(scenarios) }

// Named returns the scenario with a name, whatever its letter case; none: there is no such.
func Named(name string) (s Scenario, ok bool) {
	name = strings.TrimSpace(name)
	i := slices.IndexFunc(scenarios, func(s Scenario) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		return s, false
	}
	return scenarios[i], true
}

// Always is a plan in which one incident has always been, and never ends. Its error is a
// *[parameters.Invalid].
func Always(i Incident) (*Plan, error) {
	if err := i.fill("incident"); err != nil {
		return nil, err
	}
	return &Plan{Incidents: []Incident{i}}, nil
}

func scenarioOf(name string) *Scenario {
	i := slices.IndexFunc(scenarios, func(s Scenario) bool { return s.Name == name })
	return &scenarios[i] // the schema lets no other name in
}

// fill takes what the incident leaves open from the scenario, and refuses what that cannot be about.
func (i *Incident) fill(path string) error {
	of := scenarioOf(i.Scenario)
	texts := map[string]string{"brand": i.Brand, "product": i.Product, "state": i.State, "city": i.City,
		"payment_method": i.PaymentMethod}
	for _, name := range []string{"brand", "product", "state", "city", "payment_method"} {
		if texts[name] != "" && !slices.Contains(of.Takes, name) {
			return &parameters.Invalid{Path: path + "." + name, Value: fmt.Sprintf("%q", texts[name]),
				Allowed: i.Scenario + " is about " + about(of)}
		}
	}
	if i.Function != "" && of.Function != "" && i.Function != of.Function {
		return &parameters.Invalid{Path: path + ".function", Value: fmt.Sprintf("%q", i.Function),
			Allowed: of.Function + " for " + i.Scenario}
	}
	if of.Function != "" {
		i.Function = of.Function
	}
	for _, f := range []struct {
		name  string
		to    **int64
		usual int64
	}{
		{"more", &i.More, of.More}, {"share", &i.Share, of.Share}, {"off", &i.Off, of.Off},
		{"price", &i.Price, of.Price},
	} {
		switch {
		case *f.to == nil && f.usual > 0:
			*f.to = &f.usual
		case *f.to != nil && f.usual == 0:
			return &parameters.Invalid{Path: path + "." + f.name, Value: fmt.Sprint(**f.to),
				Allowed: "no such thing for " + i.Scenario}
		}
	}
	return nil
}

func about(s *Scenario) string {
	if len(s.Takes) == 0 {
		return "nothing in particular"
	}
	return strings.Join(s.Takes, " or ")
}
