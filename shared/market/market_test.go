package market_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
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

const sales = 60_000

// sell makes the events of an hour.
func sell(t *testing.T, r burst.Request) []sale.Sale {
	t.Helper()
	r.Origin, r.At, r.Over, r.Events, r.Mean = "test", noon, time.Hour, sales, 600
	return events(t, newMarket(t), r)
}

func events(t *testing.T, m *market.Market, r burst.Request) []sale.Sale {
	t.Helper()
	b, err := burst.New(m, r)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]sale.Sale, b.Len())
	for i := range all {
		b.At(i, &all[i])
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

// What must hold for each sale, whatever was drawn.
func TestEachSaleMakesSense(t *testing.T) {
	products := make(map[string]dataset.Product)
	for _, tv := range dataset.Default().Products {
		products[tv.Name] = tv
	}
	for _, f := range contract.Functions() {
		for i, s := range sell(t, burst.Request{Channel: f.Channel})[:20_000] {
			tv := products[s.ProductName.String()]
			online := f.Channel == contract.ChannelOnline
			switch {
			case tv.Name == "":
				t.Fatalf("sale %d: %s is not in the catalogue", i, s.ProductName)
			case s.ListPrice != sale.Cents(tv.PriceCents), s.Price > s.ListPrice, s.Price < 1, s.Brand.String() != tv.Brand, s.ScreenSize != int64(tv.ScreenSize),
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
			case online != (s.StoreID == sale.Text{}), online != (s.UserAgent != sale.Text{}), !online && s.Source.String() != "Organic", (s.Promotion != sale.Text{}) != (s.Price < s.ListPrice):
				t.Fatalf("sale %d, %s: store %q, user agent %q, source %q", i, f.Channel, s.StoreID, s.UserAgent, s.Source)
			case s.Latitude < 18_0000 || s.Latitude > 72_0000 || s.Longitude > -66_0000 || s.Longitude < -180_0000:
				t.Fatalf("sale %d: %d %d is not in the United States", i, s.Latitude, s.Longitude)
			case s.City == sale.Text{}, s.State == sale.Text{}, s.Country.String() != "USA", s.Currency.String() != "USD", s.Category.String() != "TV":
				t.Fatalf("sale %d: %s, %s, %s in %s of %s", i, s.City, s.State, s.Country, s.Currency, s.Category)
			}
		}
	}
}

func TestUserAgentAgreesWithDevice(t *testing.T) {
	for i, s := range sell(t, burst.Request{Channel: contract.ChannelOnline})[:20_000] {
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
	for _, s := range sell(t, burst.Request{Channel: contract.ChannelOnline}) {
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

func TestFlashSale(t *testing.T) {
	brand, product := "LG", dataset.Default().Products[100]
	for name, a := range map[string]burst.Request{
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
			if got := share(all, inFocus); got < 60 || got > 80 {
				t.Errorf("%.0f %% of the sales are what the scenario is about", got)
			}
			for i := range all {
				s := &all[i]
				if (s.Scenario.String() == "flash-sale") != inFocus(s) {
					t.Fatalf("sale %d is in scenario %q", i, s.Scenario)
				}
				if off := float64(s.Discount) / float64(s.Discount+s.TotalAmount); inFocus(s) && (off < 0.24 || off > 0.401) {
					t.Fatalf("sale %d is %.1f %% off", i, 100*off)
				}
			}
		})
	}
}

func TestPaymentOutage(t *testing.T) {
	for _, method := range []string{"", "PayPal"} {
		broken := method
		if broken == "" {
			broken = "Credit Card"
		}
		all := sell(t, burst.Request{Channel: contract.ChannelOnline, Scenario: "payment-outage", PaymentMethod: method})
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
		ask burst.Request
		get func(*sale.Sale) sale.Text
	}{
		"Sony":                              {burst.Request{Brand: "sony"}, func(s *sale.Sale) sale.Text { return s.Brand }},
		"Chicago":                           {burst.Request{City: "chicago"}, func(s *sale.Sale) sale.Text { return s.City }},
		"PayPal":                            {burst.Request{PaymentMethod: "paypal"}, func(s *sale.Sale) sale.Text { return s.PaymentMethod }},
		dataset.Default().Products[42].Name: {burst.Request{Product: dataset.Default().Products[42].Name}, func(s *sale.Sale) sale.Text { return s.ProductName }},
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
				r := burst.Request{Channel: f.Channel, Origin: "any", At: noon, Over: time.Minute, Events: 1000}
				scenarios := []string{""}
				for _, s := range incidents.Scenarios() {
					if s.Function == "" || s.Function == f.Name {
						scenarios = append(scenarios, s.Name)
					}
				}
				for _, r.Scenario = range scenarios {
					b, err := burst.New(m, r)
					if err != nil {
						t.Fatal(err)
					}
					var s sale.Sale
					for i := range b.Len() {
						b.At(i, &s)
						if s.TotalAmount != s.Price*sale.Cents(s.Quantity)-s.Discount {
							t.Fatalf("%s: sale %d costs %v", r.Scenario, i, s.TotalAmount)
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

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newMarket(b)
	}
}

// BenchmarkConditions is what the first burst of a day costs beyond the market.
func BenchmarkConditions(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		m := newMarket(b)
		b.StartTimer()
		if _, err := m.NewConditions(market.Query{Channel: contract.ChannelOnline, From: noon, To: noon.Add(time.Minute), Mean: 600}); err != nil {
			b.Fatal(err)
		}
	}
}

// Whatever is offered for an incident can happen, and what is not offered cannot.
func TestValues(t *testing.T) {
	m := newMarket(t)
	for _, s := range incidents.Scenarios() {
		for _, field := range s.Takes {
			values := m.Values(field)
			if len(values) < 5 || !slices.IsSorted(values) || len(slices.Compact(slices.Clone(values))) != len(values) {
				t.Errorf("%s: %d values, %q", field, len(values), values)
			}
			plan := func(value string) []byte {
				return fmt.Appendf(nil, `{"incidents":[{"scenario":%q,%q:%q}]}`, s.Name, field, value)
			}
			for i := 0; i < len(values); i += 1 + len(values)/60 {
				v := values[i]
				if _, err := m.ReadIncidents(plan(v)); err != nil {
					t.Fatalf("%s: %s %q: %v", s.Name, field, v, err)
				}
			}
			if _, err := m.ReadIncidents(plan("Q!")); err == nil {
				t.Errorf("%s: %s can be anything", s.Name, field)
			}
		}
	}
	if v := m.Values("scenario"); len(v) > 0 {
		t.Errorf("a scenario is about %q", v)
	}
}
