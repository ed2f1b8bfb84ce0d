package incidents

import (
	"cmp"
	"fmt"
	"maps"
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
	Data     bool     // it happens to the data alone, and never by chance unless that is asked for

	// What it does at its worst, where an incident does not say it; 0 or empty: it has none of that.
	More, Share, Off int64  // percent
	Price            int64  // cents
	Delay, Skew      string // durations
	Field            string // of the event
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

	{Name: "late-events", Summary: "sales come long after they happened, up to `delay`",
		Takes: []string{"state", "city"}, Data: true, Share: 10, Delay: "10m"},
	{Name: "out-of-order", Summary: "sales come after later ones, up to `delay`, but within their burst",
		Data: true, Share: 20, Delay: "20s"},
	{Name: "duplicates", Summary: "the same record comes once more, up to `delay` later in its burst",
		Data: true, Share: 5, Delay: "5s"},
	{Name: "malformed", Summary: "cut JSON, a wrong type, no timestamp, UTF-16, no bytes, or a tombstone",
		Data: true, Share: 3},
	{Name: "schema-drift", Summary: "`field` has another name, with `_v2` behind it",
		Data: true, Share: 100, Field: "product_name"},
	{Name: "clock-skew", Summary: "a clock is ahead by `skew`, or behind",
		Takes: []string{"state", "city"}, Data: true, Share: 100, Skew: "5m"},
	{Name: "hot-key", Summary: "orders have no customer but `CUST-000000000000`, and so one key and one partition",
		Data: true, Share: 30},
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
	if err := cmp.Or(i.fill("incident"), i.check("incident")); err != nil {
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
	of, texts := scenarioOf(i.Scenario), i.about()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if *texts[name] != "" && !slices.Contains(of.Takes, name) {
			return &parameters.Invalid{Path: path + "." + name, Value: fmt.Sprintf("%q", *texts[name]),
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
	for _, f := range []struct {
		name  string
		to    *string
		usual string
	}{{"delay", &i.Delay, of.Delay}, {"skew", &i.Skew, of.Skew}, {"field", &i.Field, of.Field}} {
		switch {
		case *f.to == "":
			*f.to = f.usual
		case f.usual == "":
			return &parameters.Invalid{Path: path + "." + f.name, Value: fmt.Sprintf("%q", *f.to),
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
