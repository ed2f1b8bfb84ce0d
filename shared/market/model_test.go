package market_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/parameters"
	"salesburst/shared/sale"
)

// sold are the events of an hour of Saturday noon by the default with changes.
func sold(t *testing.T, changes string, r burst.Request) []sale.Sale {
	t.Helper()
	model, err := market.ReadModel([]byte(changes))
	if err != nil {
		t.Fatal(err)
	}
	m, err := market.NewWith(dataset.Default(), model)
	if err != nil {
		t.Fatal(err)
	}
	r.Origin, r.At, r.Over, r.Events, r.Mean = "model", time.Date(2026, 11, 28, 18, 0, 0, 0, time.UTC), time.Hour, 5000, 600
	return events(t, m, r)
}

// Each figure of a file has its effect.
func TestModelIsObeyed(t *testing.T) {
	online, store := burst.Request{Channel: contract.ChannelOnline}, burst.Request{Channel: contract.ChannelStore}
	share := func(all []sale.Sale, is func(sale.Sale) bool) float64 {
		n := 0
		for _, s := range all {
			if is(s) {
				n++
			}
		}
		return float64(n) / float64(len(all))
	}
	for name, c := range map[string]struct {
		changes  string
		query    burst.Request
		is       func(sale.Sale) bool
		from, to float64 // of all sales
	}{
		"hardly a newcomer": {`{"customers": {"new": 1}}`, online,
			func(s sale.Sale) bool { return s.CustomerType.String() == "new" }, 0, .02},
		"vips alone": {`{"customers": {"vip_from": 1}}`, online,
			func(s sale.Sale) bool { return s.CustomerType.String() != "returning" }, 1, 1},
		"all alike": {`{"customers": {"activity": [1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0], "new": 1}}`, online,
			func(s sale.Sale) bool { return s.CustomerType.String() == "vip" }, .5, 1},
		"another brand": {`{"products": {"brands": {"Sony": 100, "samsung": 1, "LG": 1}}}`, online,
			func(s sale.Sale) bool { return s.Brand.String() == "Sony" }, .5, .85},
		"no vouchers": {`{"vouchers": {"share": 0}}`, online, func(s sale.Sale) bool { return s.Discount > 0 }, 0, 0},
		"half price": {`{"vouchers": {"share": 100, "values": [50]}}`, online,
			func(s sale.Sale) bool { return s.Discount == s.Price*sale.Cents(s.Quantity)/2 }, 1, 1},
		"no promotions": {`{"products": {"promotions": {"per_year": 0, "events": {"black_friday": {"products": 0}}}}}`, online,
			func(s sale.Sale) bool { return s.Price < s.ListPrice }, 0, 0},
		"one way to pay": {`{"payment": {"store": [{"name": "Coins", "share": 1, "fails": 50.5, "reasons": "cash"}]}}`, store,
			func(s sale.Sale) bool { return s.PaymentMethod.String() == "Coins" && s.Status != sale.Completed }, .48, .53},
		"a reason": {`{"payment": {"reasons": {"card": [{"status": "USER_ERROR", "reason": "no_idea", "share": 1}]}}}`, online,
			func(s sale.Sale) bool { return s.FailureReason.String() == "no_idea" }, .08, .14},
		"nobody tries again": {`{"orders": {"tried_again": 0}}`, online, func(s sale.Sale) bool { return s.Attempt > 1 }, 0, 0},
		"one partner": {`{"sources": [{"name": "Us", "share": 1, "commission": 12.34, "fails": 100, "newcomers": 100}]}`, online,
			func(s sale.Sale) bool {
				return s.Source.String() == "Us" && (s.Status != sale.Completed || s.Commission == s.TotalAmount*1234/10_000)
			}, 1, 1},
		"all on tablets": {`{"browsers": {"devices": {"mobile": 0, "desktop": 0}}}`, online,
			func(s sale.Sale) bool { return s.Device.String() == "Tablet" }, 1, 1},
		"large stores": {`{"stores": {"orders": 10000}}`, store,
			func(s sale.Sale) bool { return strings.HasSuffix(s.StoreID.String(), "-01") }, .6, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := share(sold(t, c.changes, c.query), c.is); got < c.from || got > c.to {
				t.Errorf("%v of the sales, want %v to %v", got, c.from, c.to)
			}
			if got := share(sold(t, "{}", c.query), c.is); got >= c.from && got <= c.to {
				t.Errorf("%v of the sales without the change: that shows nothing", got)
			}
		})
	}
}

func TestDemandFollowsTheModel(t *testing.T) {
	model, err := market.ReadModel([]byte(`{"demand": {"store": {"hours": [
		0,0,0,0,0,0,0,0,0,0,0,0, 1,1,1,1,1,1,1,1,1,1,1,1]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := market.NewWith(dataset.Default(), model)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	c, err := m.NewConditions(market.Query{Channel: contract.ChannelStore, From: day, To: day.AddDate(0, 0, 1), Mean: 60})
	if err != nil {
		t.Fatal(err)
	}
	if night := c.Demand(day.Add(12 * time.Hour)); night != 0 { // 8 h in the east, 5 h in the west
		t.Errorf("demand in the morning is %d", night)
	}
	if evening := c.Demand(day.Add(23 * time.Hour)); evening == 0 {
		t.Error("no demand in the evening")
	}
}

func TestModelRefuses(t *testing.T) {
	partner := func(share string) string {
		return `"share": ` + share + `, "commission": 1, "fails": 100, "newcomers": 100}`
	}
	for changes, want := range map[string]string{
		`{"demand": {"onlin": {}}}`:                                                              "line 1: demand.onlin: is unknown: allowed is online, store",
		"{\n\n \"demand\": {\"store\": {\"hours\": [1, 2]}}}":                                    "line 3: demand.store.hours: a list of 2: allowed is a list of 24 values",
		`{"customers": {"power": 513}}`:                                                          "customers.power: 513: allowed is a whole number from 0 to 512",
		`{"customers": {"power": 2.5}}`:                                                          "customers.power: 2.5: allowed is a whole number from 0 to 512",
		`{"customers": {"power": "5"}}`:                                                          `customers.power: "5": allowed is a whole number`,
		`{"customers": {"power": null}}`:                                                         "customers.power: null: allowed is a whole number",
		`{"customers": {"power": 1e1}}`:                                                          "customers.power: 1e1: allowed is a whole number",
		`{"customers": {"power": 5, "power": 6}}`:                                                `line 1: "power" stands there twice`,
		`{"customers": {"activity": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}`:                         "customers.activity: all 0",
		`{"stores": {"hours": {"sunday": [19, 11]}}}`:                                            "stores.hours.sunday: [19 11]: allowed is two hours",
		`{"stores": {"hours": {"sunday": [11]}}}`:                                                "stores.hours.sunday: [11]: allowed is two hours",
		`{"stores": {"hours": {"sunday": [11, 25]}}}`:                                            "stores.hours.sunday[1]: 25: allowed is a whole number from 0 to 24",
		`{"stores": {"shut": ["lent"]}}`:                                                         `stores.shut[0]: "lent": allowed is new_year, easter`,
		`{"fraud": {"shortest": 9, "longest": 8}}`:                                               "fraud.shortest: 9: allowed is at most longest",
		`{"products": {"sizes": [{"inches": 50, "weight": 1}, {"inches": 40, "weight": 1}]}}`:    "products.sizes[1].inches: 40: allowed is more than the one before",
		`{"sources": [{"name": "A", "share": 1}]}`:                                               "sources[0].commission: is missing: allowed is a number in steps of 0.01 from 0 to 50, percent",
		`{"sources": [{"name": "A", ` + partner("0") + `]}`:                                      "sources: no shares",
		`{"sources": []}`:                                                                        "sources: a list of 0: allowed is a list of 1 to 100 values",
		`{"payment": {"online": [{"name": "A", "share": 1, "fails": 0, "reasons": "x"}]}}`:       "payment.online[0].reasons: x: allowed is a name in payment.reasons",
		`{"payment": {"online": [{"name": "A", "share": 1, "fails": 0.05, "reasons": "card"}]}}`: "payment.online[0].fails: 0.05: allowed is a number in steps of 0.1 from 0 to 100, percent",
		`{"payment": {"store": [{"name": "A", "share": 1, "fails": 1, "reasons": "card"}, {"name": "A", "share": 1, "fails": 1, "reasons": "card"}]}}`: "payment.store[1].name: A: allowed is each name once",
		`{"payment": {"reasons": {"card": [{"status": "BAD", "reason": "r", "share": 1}]}}}`:                                                           `payment.reasons.card[0].status: "BAD": allowed is FAILED_CHECKOUT, FAILED_API_RESPONSE`,
		`{"payment": {"reasons": {"card": [{"status": "FRAUD", "reason": "r", "share": 0}]}}}`:                                                         "payment.reasons.card: no shares",
		`{"places": {"roomy": {"XX": 5}}}`:                                                    "places.roomy.XX: is unknown",
		`{"demand": {"store": {"hours": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}}`: "demand.store: nothing is sold",
		`[]`:            ": a list of 0: allowed is an object of seed, demand",
		"{\n\"demand\"": "line 2: unexpected EOF",
		"{} {}":         "line 1: something follows the end",
		"":              "line 1: unexpected EOF",
	} {
		model, err := market.ReadModel([]byte(changes))
		if err == nil { // what only shows beside the rest, or with a catalogue
			_, err = market.NewWith(dataset.Default(), model)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", changes, err, want)
		}
	}
	_, err := market.ReadModel([]byte(`{"customers": {"new": 0}}`))
	if invalid := new(parameters.Invalid); !errors.As(err, &invalid) || invalid.Path != "customers.new" || invalid.Line != 1 {
		t.Errorf("%v is no Invalid with path and line", err)
	}
}

// The template is the default, with a comment for each figure.
func TestTemplateIsTheDefault(t *testing.T) {
	text, err := market.Template()
	if err != nil {
		t.Fatal(err)
	}
	model, err := market.ReadModel([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	standard, err := market.DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	same, err := market.NewWith(dataset.Default(), model)
	if err != nil {
		t.Fatal(err)
	}
	if own, err := market.New(dataset.Default()); err != nil || own.ModelHash() != same.ModelHash() || standard == nil {
		t.Errorf("the template is another model: %v", err)
	}
	if other, err := market.ReadModel([]byte(`{"seed": 7}`)); err != nil {
		t.Error(err)
	} else if m, err := market.NewWith(dataset.Default(), other); err != nil || m.ModelHash() == same.ModelHash() {
		t.Errorf("another model has the same hash: %v", err)
	}
	for _, says := range []string{
		"// Orders with one. (percent; from 0 to 100; source: an assumption)\n    \"share\": 3,",
		"source: Oberlo", "// fails: of the attempts (percent; from 0 to 100)",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("the template does not say %q:\n%s", says, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "//") && len(strings.TrimRight(line, "\n")) > 100 {
			t.Errorf("a comment of %d columns: %s", len(line), line)
		}
	}
}
