package market_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

var noon = time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC) // noon in Chicago

func newMarket(tb testing.TB) *market.Market {
	tb.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

const sales = 200_000

// sell makes the sales of an hour.
func sell(t *testing.T, a market.Query) []sale.Sale {
	t.Helper()
	a.From, a.To = noon.Add(-time.Hour), noon
	c, err := newMarket(t).NewConditions(a)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]sale.Sale, sales)
	for i := range all {
		c.Sell(7, uint64(i), sale.TimeOf(a.From)+sale.Time(i*3600/(sales/1000)), &all[i])
	}
	return all
}

// share returns the percentage of sales for which is holds.
func share(all []sale.Sale, is func(*sale.Sale) bool) float64 {
	n := 0
	for i := range all {
		if is(&all[i]) {
			n++
		}
	}
	return 100 * float64(n) / float64(len(all))
}

func wantShare(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.2f %%, want %.2f ± %.2f", what, got, want, tolerance)
	}
}

func failed(s *sale.Sale) bool { return s.Status != sale.Completed }

func TestSharesOnline(t *testing.T) {
	all := sell(t, market.Query{Channel: contract.ChannelOnline})
	is := func(get func(*sale.Sale) sale.Text, value string) float64 {
		want := sale.NewText(value)
		return share(all, func(s *sale.Sale) bool { return get(s) == want })
	}
	wantShare(t, "failed", share(all, failed), 14, 1)
	for device, want := range map[string]float64{"Mobile": 54, "Desktop": 42, "Tablet": 4} {
		wantShare(t, device, is(func(s *sale.Sale) sale.Text { return s.Device }, device), want, 1)
	}
	for method, want := range map[string]float64{"Credit Card": 38, "Debit Card": 22, "PayPal": 20, "Apple Pay": 9, "Klarna": 6, "Google Pay": 5} {
		wantShare(t, method, is(func(s *sale.Sale) sale.Text { return s.PaymentMethod }, method), want, 1)
	}
	for brand, want := range map[string]float64{"Samsung": 33, "LG": 19, "VIZIO": 11, "Sony": 7, "Sharp": 1} {
		wantShare(t, brand, is(func(s *sale.Sale) sale.Text { return s.Brand }, brand), want, 1.2)
	}
	for kind, want := range map[string]float64{"vip": 18, "new": 20, "returning": 62} {
		wantShare(t, kind, is(func(s *sale.Sale) sale.Text { return s.CustomerType }, kind), want, 0.5)
	}
	wantShare(t, "insufficient funds among failures",
		100*is(func(s *sale.Sale) sale.Text { return s.FailureReason }, "insufficient_funds")/share(all, failed), 54, 3)
	wantShare(t, "two or three pieces", share(all, func(s *sale.Sale) bool { return s.Quantity > 1 }), 8, 0.5)
	zones := map[string]float64{"NY": 0, "IL": 0, "CA": 0}
	for state := range zones {
		zones[state] = is(func(s *sale.Sale) sale.Text { return s.State }, state)
	}
	if zones["NY"] < zones["IL"] || zones["CA"] < zones["IL"] {
		t.Errorf("shares of the states: %v", zones)
	}
}

func TestSharesInStores(t *testing.T) {
	all := sell(t, market.Query{Channel: contract.ChannelStore})
	wantShare(t, "failed", share(all, failed), 4, 0.8)
	for method, want := range map[string]float64{"Credit Card": 45, "Debit Card": 30, "Cash": 12, "Apple Pay": 8, "Gift Card": 5} {
		text := sale.NewText(method)
		wantShare(t, method, share(all, func(s *sale.Sale) bool { return s.PaymentMethod == text }), want, 1)
	}
}

// What must hold for each sale, whatever was drawn.
func TestEachSaleMakesSense(t *testing.T) {
	products := make(map[string]dataset.Product)
	for _, tv := range dataset.Default().Products {
		products[tv.Name] = tv
	}
	for _, f := range contract.Functions() {
		for i, s := range sell(t, market.Query{Channel: f.Channel})[:20_000] {
			tv := products[s.ProductName.String()]
			online := f.Channel == contract.ChannelOnline
			switch {
			case tv.Name == "":
				t.Fatalf("sale %d: %s is not in the catalogue", i, s.ProductName)
			case s.Price != sale.Cents(tv.PriceCents), s.Brand.String() != tv.Brand, s.ScreenSize != int64(tv.ScreenSize),
				s.DisplayType.String() != tv.DisplayType, s.Resolution.String() != tv.Resolution, s.OS.String() != tv.OS:
				t.Fatalf("sale %d is not what the catalogue says of %s", i, s.ProductName)
			case s.TotalAmount != s.Price*sale.Cents(s.Quantity)-s.Discount, s.TotalAmount <= 0, s.Discount < 0:
				t.Fatalf("sale %d: %d × %v − %v is not %v", i, s.Quantity, s.Price, s.Discount, s.TotalAmount)
			case failed(&s) != (s.FailureReason != sale.Text{}):
				t.Fatalf("sale %d: status %v with the reason %q", i, s.Status, s.FailureReason)
			case failed(&s) && s.Commission != 0, s.Commission < 0, s.Commission > s.TotalAmount/10:
				t.Fatalf("sale %d: a commission of %v for %v, %v", i, s.Commission, s.TotalAmount, s.Status)
			case s.OrderType.String() != string(f.Channel):
				t.Fatalf("sale %d: order type %s", i, s.OrderType)
			case online != (s.StoreID == sale.Text{}), online != (s.UserAgent != sale.Text{}), online == (s.Source.String() == "Organic"):
				t.Fatalf("sale %d, %s: store %q, user agent %q, source %q", i, f.Channel, s.StoreID, s.UserAgent, s.Source)
			case s.Latitude < 24_0000 || s.Latitude > 49_0000 || s.Longitude > -66_0000 || s.Longitude < -125_0000:
				t.Fatalf("sale %d: %d %d is not in the contiguous United States", i, s.Latitude, s.Longitude)
			case s.City == sale.Text{}, s.State == sale.Text{}, s.Country.String() != "USA", s.Currency.String() != "USD", s.Category.String() != "TV":
				t.Fatalf("sale %d: %s, %s, %s in %s of %s", i, s.City, s.State, s.Country, s.Currency, s.Category)
			}
		}
	}
}

func TestUserAgentAgreesWithDevice(t *testing.T) {
	for i, s := range sell(t, market.Query{Channel: contract.ChannelOnline})[:20_000] {
		agent := s.UserAgent.String()
		is := "Desktop"
		switch {
		case strings.Contains(agent, "iPad"), strings.Contains(agent, "Android") && !strings.Contains(agent, "Mobile"):
			is = "Tablet"
		case strings.Contains(agent, "Mobile"):
			is = "Mobile"
		}
		if s.Device.String() != is {
			t.Fatalf("sale %d: %s with %s", i, s.Device, agent)
		}
	}
}

// A customer lives in one place, has one device, and is new or known.
func TestCustomersAreStable(t *testing.T) {
	type home struct {
		city, device, agent sale.Text
		latitude            sale.Degrees
	}
	homes := make(map[sale.CustomerID]home)
	brands := make(map[sale.CustomerID]map[sale.Text]int)
	again := 0
	for _, s := range sell(t, market.Query{Channel: contract.ChannelOnline}) {
		h := home{s.City, s.Device, s.UserAgent, s.Latitude}
		if before, known := homes[s.CustomerID]; !known {
			homes[s.CustomerID] = h
			brands[s.CustomerID] = make(map[sale.Text]int)
		} else if again++; before != h {
			t.Fatalf("%v moved from %v to %v", s.CustomerID, before, h)
		}
		brands[s.CustomerID][s.Brand]++
	}
	if again < sales/20 {
		t.Errorf("only %d sales are to customers who bought before", again)
	}
	same, pairs := 0, 0
	for _, b := range brands {
		n := 0
		for _, times := range b {
			n += times
			same += times * (times - 1) / 2
		}
		pairs += n * (n - 1) / 2
	}
	// Without taste two sales are of one brand with the sum of the squared shares, 17 %.
	if repeat := 100 * float64(same) / float64(pairs); repeat < 30 {
		t.Errorf("only %.0f %% of two sales to one customer are of one brand", repeat)
	}
}

// A customer who is known online is known in the stores.
func TestCustomersOfAnyChannelAreTheSame(t *testing.T) {
	kinds := make(map[sale.CustomerID]sale.Text)
	for _, f := range contract.Functions() {
		for _, s := range sell(t, market.Query{Channel: f.Channel}) {
			if before, known := kinds[s.CustomerID]; known && before != s.CustomerType {
				t.Fatalf("%v is %s and %s", s.CustomerID, before, s.CustomerType)
			}
			kinds[s.CustomerID] = s.CustomerType
		}
	}
}

func TestFlashSale(t *testing.T) {
	brand, product := "LG", dataset.Default().Products[100]
	for name, a := range map[string]market.Query{
		"brand":   {Brand: brand},
		"product": {Product: product.Name},
		"default": {},
	} {
		t.Run(name, func(t *testing.T) {
			a.Channel, a.Scenario = contract.ChannelOnline, "flash-sale"
			all := sell(t, a)
			counts := make(map[sale.Text]int)
			for i := range all {
				counts[all[i].Brand]++
			}
			focus, most := sale.Text{}, 0
			for b, n := range counts {
				if n > most {
					focus, most = b, n
				}
			}
			if name == "brand" && focus.String() != brand || name == "product" && focus.String() != product.Brand {
				t.Errorf("%s sold most", focus)
			}
			inFocus := func(s *sale.Sale) bool {
				return s.Brand == focus && (name != "product" || s.ProductName.String() == product.Name)
			}
			if got := share(all, inFocus); got < 66 || got > 80 {
				t.Errorf("%.0f %% of the sales are what the scenario is about", got)
			}
			for i := range all {
				s := &all[i]
				if s.Scenario.String() != "flash-sale" {
					t.Fatalf("sale %d is in scenario %q", i, s.Scenario)
				}
				if off := float64(s.Discount) / float64(s.Discount+s.TotalAmount); inFocus(s) && (off < 0.24 || off > 0.401) {
					t.Fatalf("sale %d is %.1f %% off", i, 100*off)
				}
			}
		})
	}
	m := newMarket(t)
	ask := market.Query{Channel: contract.ChannelOnline, From: noon.Add(-time.Minute), To: noon}
	usual, err := m.NewConditions(ask)
	if err != nil {
		t.Fatal(err)
	}
	ask.Scenario = "flash-sale"
	more, err := m.NewConditions(ask)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := more.Demand(noon), 3*usual.Demand(noon); got != want {
		t.Errorf("demand %d, want %d", got, want)
	}
}

func TestPaymentOutage(t *testing.T) {
	for _, method := range []string{"", "PayPal"} {
		broken := method
		if broken == "" {
			broken = "Credit Card"
		}
		all := sell(t, market.Query{Channel: contract.ChannelOnline, Scenario: "payment-outage", PaymentMethod: method})
		text := sale.NewText(broken)
		var with, without []sale.Sale
		for _, s := range all {
			if s.PaymentMethod == text {
				with = append(with, s)
			} else {
				without = append(without, s)
			}
		}
		down := func(s *sale.Sale) bool {
			return s.Status == sale.FailedAPIResponse && s.FailureReason.String() == "gateway_unavailable"
		}
		wantShare(t, broken+": gateway down", share(with, down), 95, 1)
		wantShare(t, "other methods: gateway down", share(without, down), 0, 0)
		wantShare(t, "other methods: failed", share(without, failed), 14, 1.5)
	}
}

// Without a scenario a name narrows all sales.
func TestNarrowed(t *testing.T) {
	for name, c := range map[string]struct {
		ask market.Query
		get func(*sale.Sale) sale.Text
	}{
		"Sony":                              {market.Query{Brand: "sony"}, func(s *sale.Sale) sale.Text { return s.Brand }},
		"Chicago":                           {market.Query{City: "chicago"}, func(s *sale.Sale) sale.Text { return s.City }},
		"PayPal":                            {market.Query{PaymentMethod: "paypal"}, func(s *sale.Sale) sale.Text { return s.PaymentMethod }},
		dataset.Default().Products[42].Name: {market.Query{Product: dataset.Default().Products[42].Name}, func(s *sale.Sale) sale.Text { return s.ProductName }},
	} {
		c.ask.Channel = contract.ChannelOnline
		want := sale.NewText(name)
		wantShare(t, name, share(sell(t, c.ask), func(s *sale.Sale) bool { return c.get(s) == want }), 100, 0)
	}
}

// A catalogue need not have the brands that the model knows.
func TestAnyCatalogue(t *testing.T) {
	for name, c := range map[string]*dataset.Catalogue{
		"one product": {Products: dataset.Default().Products[:1]},
		"unknown brand": {Products: []dataset.Product{
			{Name: "A", Category: "TV", PriceCents: 1, Brand: "Nobody", ScreenSize: 150,
				DisplayType: "LED", Resolution: "HD"},
			{Name: "B", Category: "TV", PriceCents: dataset.MaxPriceCents, Brand: "Samsung",
				ScreenSize: 10, DisplayType: "LED", Resolution: "HD"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := market.New(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range contract.Functions() {
				for _, scenario := range []string{"", "flash-sale", "payment-outage"} {
					cond, err := m.NewConditions(market.Query{Channel: f.Channel, From: noon.Add(-time.Minute), To: noon, Scenario: scenario})
					if err != nil {
						t.Fatal(err)
					}
					var s sale.Sale
					for i := range 1000 {
						cond.Sell(1, uint64(i), sale.TimeOf(noon)-1, &s)
						if s.TotalAmount != s.Price*sale.Cents(s.Quantity)-s.Discount {
							t.Fatalf("sale %d costs %v", i, s.TotalAmount)
						}
					}
				}
			}
		})
	}
	if _, err := market.New(&dataset.Catalogue{}); err == nil {
		t.Error("a market without products was made")
	}
}
