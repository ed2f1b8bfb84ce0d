package market_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/parameters"
	"salesburst/shared/sale"
)

// sold are the sales of an hour of Saturday noon by the default with changes.
func sold(t *testing.T, changes string, q market.Query, n uint64) []sale.Sale {
	t.Helper()
	model, err := market.ReadModel([]byte(changes))
	if err != nil {
		t.Fatal(err)
	}
	m, err := market.NewWith(dataset.Default(), model)
	if err != nil {
		t.Fatal(err)
	}
	q.From = time.Date(2026, 11, 28, 17, 0, 0, 0, time.UTC)
	q.To = q.From.Add(time.Hour)
	c, err := m.NewConditions(q)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]sale.Sale, n)
	for i := range all {
		c.Sell(7, uint64(i), sale.TimeOf(q.From), &all[i])
	}
	return all
}

// Each figure of a file has its effect.
func TestModelIsObeyed(t *testing.T) {
	online, store := market.Query{Channel: contract.ChannelOnline}, market.Query{Channel: contract.ChannelStore}
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
		query    market.Query
		is       func(sale.Sale) bool
		from, to float64 // of all sales
	}{
		"no newcomers": {`{"customers": {"new_orders": 0}}`, online,
			func(s sale.Sale) bool { return s.CustomerType.String() == "new" }, 0, 0},
		"vips alone": {`{"customers": {"vip_orders": 100, "new_orders": 0}}`, online,
			func(s sale.Sale) bool { return s.CustomerType.String() == "vip" }, 1, 1},
		"few customers": {`{"customers": {"known": 10000}}`, online,
			func(s sale.Sale) bool { return s.CustomerType.String() != "new" && s.CustomerID >= 10_000 }, 0, 0},
		"another brand": {`{"products": {"brands": {"Sony": 100, "samsung": 1, "LG": 1}}}`, online,
			func(s sale.Sale) bool { return s.Brand.String() == "Sony" }, .5, .7},
		"no vouchers": {`{"prices": {"vouchers": 0}}`, online, func(s sale.Sale) bool { return s.Discount > 0 }, 0, 0},
		"half price": {`{"prices": {"vouchers": 100, "voucher_values": [50]}}`, online,
			func(s sale.Sale) bool { return s.Discount == s.Price*sale.Cents(s.Quantity)/2 }, 1, 1},
		"in threes": {`{"prices": {"pairs": 0, "triples": 100}}`, store, func(s sale.Sale) bool { return s.Quantity == 3 }, 1, 1},
		"one way to pay": {`{"payment": {"store": [{"name": "Coins", "share": 1, "fails": 50.5, "reasons": "cash"}]}}`, store,
			func(s sale.Sale) bool { return s.PaymentMethod.String() == "Coins" && s.Status != sale.Completed }, .48, .53},
		"a reason": {`{"payment": {"reasons": {"card": [{"status": "USER_ERROR", "reason": "no_idea", "share": 1}]}}}`, online,
			func(s sale.Sale) bool { return s.FailureReason.String() == "no_idea" }, .08, .14},
		"one partner": {`{"sources": [{"name": "Us", "share": 1, "commission": 12.34}]}`, online,
			func(s sale.Sale) bool {
				return s.Source.String() == "Us" && (s.Status != sale.Completed || s.Commission == s.TotalAmount*1234/10_000)
			}, 1, 1},
		"the east alone": {`{"places": {"zones": {"central": 0, "mountain": 0, "pacific": 0}}}`, online,
			func(s sale.Sale) bool { return s.Longitude < -89_0000 }, 0, 0},
		"near the centre": {`{"places": {"radius": 0.001}}`, market.Query{Channel: contract.ChannelOnline, City: "Denver"},
			func(s sale.Sale) bool { return s.Latitude < 39_7392-20 || s.Latitude > 39_7392+20 }, 0, 0},
		"more stores": {`{"places": {"people_per_store": 20000}}`, market.Query{Channel: contract.ChannelStore, City: "Denver"},
			func(s sale.Sale) bool { return strings.HasSuffix(s.StoreID.String(), "-36") }, .01, .06},
		"sale of the day": {`{"scenarios": {"flash_sale": {"attracts": 100, "least_off": 90, "most_off": 90}}}`,
			market.Query{Channel: contract.ChannelOnline, Scenario: "flash-sale", Brand: "LG"},
			func(s sale.Sale) bool { return s.Brand.String() == "LG" && s.Discount*10 >= s.Price*8 }, 1, 1},
		"half an outage": {`{"scenarios": {"payment_outage": {"breaks": 50}}}`,
			market.Query{Channel: contract.ChannelOnline, Scenario: "payment-outage", PaymentMethod: "PayPal"},
			func(s sale.Sale) bool { return s.FailureReason.String() == "gateway_unavailable" }, .08, .12},
	} {
		t.Run(name, func(t *testing.T) {
			if got := share(sold(t, c.changes, c.query, 5000), c.is); got < c.from || got > c.to {
				t.Errorf("%v of the sales, want %v to %v", got, c.from, c.to)
			}
			if got := share(sold(t, "{}", c.query, 5000), c.is); got >= c.from && got <= c.to {
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
	c, err := m.NewConditions(market.Query{Channel: contract.ChannelStore, From: day, To: day.AddDate(0, 0, 1)})
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
	for changes, want := range map[string]string{
		`{"demand": {"onlin": {}}}`:                                                              "line 1: demand.onlin: is unknown: allowed is online, store",
		"{\n\n \"demand\": {\"store\": {\"hours\": [1, 2]}}}":                                    "line 3: demand.store.hours: a list of 2: allowed is a list of 24 values",
		`{"customers": {"vip_share": 51}}`:                                                       "customers.vip_share: 51: allowed is a whole number from 1 to 50, percent",
		`{"customers": {"vip_share": 2.5}}`:                                                      "customers.vip_share: 2.5: allowed is a whole number from 1 to 50",
		`{"customers": {"vip_share": "5"}}`:                                                      `customers.vip_share: "5": allowed is a whole number`,
		`{"customers": {"vip_share": null}}`:                                                     "customers.vip_share: null: allowed is a whole number",
		`{"customers": {"vip_share": 1e1}}`:                                                      "customers.vip_share: 1e1: allowed is a whole number",
		`{"customers": {"vip_share": 5, "vip_share": 6}}`:                                        `line 1: "vip_share" stands there twice`,
		`{"customers": {"new_orders": 83}}`:                                                      "customers.new_orders: 83: allowed is at most 100 together with vip_orders",
		`{"prices": {"triples": 95}}`:                                                            "prices.triples: 95: allowed is at most 100 together with pairs",
		`{"products": {"smallest_usual_size": 70}}`:                                              "products.smallest_usual_size: 70: allowed is at most largest_usual_size",
		`{"scenarios": {"flash_sale": {"least_off": 41}}}`:                                       "scenarios.flash_sale.least_off: 41: allowed is at most most_off",
		`{"sources": [{"name": "A", "share": 1}]}`:                                               "sources[0].commission: is missing: allowed is a number in steps of 0.01 from 0 to 50, percent",
		`{"sources": [{"name": "A", "share": 0, "commission": 1}]}`:                              "sources: no shares",
		`{"sources": []}`:                                                                        "sources: a list of 0: allowed is a list of 1 to 100 values",
		`{"payment": {"online": [{"name": "A", "share": 1, "fails": 0, "reasons": "x"}]}}`:       "payment.online[0].reasons: x: allowed is a name in payment.reasons",
		`{"payment": {"online": [{"name": "A", "share": 1, "fails": 0.05, "reasons": "card"}]}}`: "payment.online[0].fails: 0.05: allowed is a number in steps of 0.1 from 0 to 100, percent",
		`{"payment": {"store": [{"name": "A", "share": 1, "fails": 1, "reasons": "card"}, {"name": "A", "share": 1, "fails": 1, "reasons": "card"}]}}`: "payment.store[1].name: A: allowed is each name once",
		`{"payment": {"reasons": {"card": [{"status": "BAD", "reason": "r", "share": 1}]}}}`:                                                           `payment.reasons.card[0].status: "BAD": allowed is FAILED_CHECKOUT, FAILED_API_RESPONSE`,
		`{"payment": {"reasons": {"card": [{"status": "FRAUD", "reason": "r", "share": 0}]}}}`:                                                         "payment.reasons.card: no shares",
		`{"places": {"zones": {"eastern": 0, "central": 0, "mountain": 0, "pacific": 0}}}`:                                                             "places.zones: all 0",
		`{"demand": {"store": {"hours": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}}`:                                                          "demand.store.hours: all 0",
		`[]`:            ": a list of 0: allowed is an object of demand, customers",
		"{\n\"demand\"": "line 2: unexpected EOF",
		"{} {}":         "line 1: something follows the end",
		"":              "line 1: unexpected EOF",
	} {
		_, err := market.ReadModel([]byte(changes))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", changes, err, want)
		}
	}
	_, err := market.ReadModel([]byte(`{"customers": {"known": 1}}`))
	if invalid := new(parameters.Invalid); !errors.As(err, &invalid) || invalid.Path != "customers.known" || invalid.Line != 1 {
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
	if other, err := market.ReadModel([]byte(`{"prices": {"pairs": 7}}`)); err != nil {
		t.Error(err)
	} else if m, err := market.NewWith(dataset.Default(), other); err != nil || m.ModelHash() == same.ModelHash() {
		t.Errorf("another model has the same hash: %v", err)
	}
	for _, says := range []string{
		"// Sales with a voucher. (percent; from 0 to 100; source: an assumption)\n    \"vouchers\": 12,",
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
