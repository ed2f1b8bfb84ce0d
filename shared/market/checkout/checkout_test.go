package checkout_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"salesburst/shared/market/browsers"
	"salesburst/shared/market/checkout"
	"salesburst/shared/parameters"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// usual are the figures of the table.
func usual(tb testing.TB) *checkout.Figures {
	tb.Helper()
	f := new(checkout.Figures)
	text, err := os.ReadFile("testdata/figures.json")
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(text, f); err != nil {
		tb.Fatal(err)
	}
	return f
}

var someBrowsers = sync.OnceValues(func() (*browsers.Browsers, error) {
	f := &browsers.Figures{ReleaseDays: 28, Families: map[string]uint64{
		"iphone_safari": 500, "iphone_chrome": 80, "android_chrome": 420, "windows_chrome": 500, "windows_edge": 200, "mac_safari": 150,
		"mac_chrome": 110, "chromebook": 40, "ipad_safari": 620, "android_tablet": 380,
	}, Updates: browsers.Updates{Prompt: 100, PromptDays: 1, LateDays: 1, BehindDays: 1}}
	f.Devices.Mobile, f.Devices.Desktop, f.Devices.Tablet = 54, 42, 4
	return browsers.New(f)
})

func newCheckout(tb testing.TB, f *checkout.Figures) (*checkout.Checkout, *browsers.Set) {
	tb.Helper()
	b, err := someBrowsers()
	if err != nil {
		tb.Fatal(err)
	}
	c, err := checkout.New(f, b)
	if err != nil {
		tb.Fatal(err)
	}
	return c, b.On(20_000)
}

// attempt is one to pay an order.
type attempt struct {
	order          checkout.Order
	kind           checkout.Kind
	hour           int
	source         *checkout.Source
	method, second int // and how the same would be tried again
	later          int // how the same customer pays another order
	failed         bool
	outcome        *checkout.Outcome
}

// sample is attempts of the usual mix.
type sample struct {
	online, store []attempt
	c             *checkout.Checkout
}

const attempts = 80_000

// amounts are those of orders in the usual mix, in each band evenly.
var amounts = []struct{ share, from, to uint64 }{{22, 60, 200}, {28, 200, 400}, {28, 400, 800}, {15, 800, 1500}, {7, 1500, 4000}}

func draw(r *prng.Rand) sale.Cents {
	n := r.Below(100)
	for _, a := range amounts {
		if n < a.share {
			return sale.Cents(a.from*100 + r.Below((a.to-a.from)*100))
		}
		n -= a.share
	}
	panic("shares do not add up to 100")
}

func buy(c *checkout.Checkout, set *browsers.Set) *sample {
	s := &sample{online: make([]attempt, attempts), store: make([]attempt, attempts), c: c}
	r := prng.New(1, 1)
	for i := range attempts {
		for _, ch := range []*checkout.Channel{&c.Online, &c.Store} {
			a := attempt{hour: 10 + int(r.Below(11))}
			switch n := r.Below(100); {
			case n < 20:
				a.kind = checkout.Newcomer
			case n < 38:
				a.kind = checkout.VIP
			}
			a.order.Amount, a.order.Favourite = ch.Amount(draw(&r)), r.Next()
			switch n := r.Below(1000); {
			case n < 174:
				a.order.Region = checkout.Northeast
			case n < 174+208:
				a.order.Region = checkout.Midwest
			case n < 174+208+382:
				a.order.Region = checkout.South
			default:
				a.order.Region = checkout.West
			}
			to := &s.store[i]
			if ch == &c.Online {
				to = &s.online[i]
				a.order.Browser = set.Of(r.Next())
				a.source = c.Source(a.kind, r.Next())
				a.hour = 6 + int(r.Below(18))
				if r.In(13, 100) {
					a.hour = int(r.Below(6))
				}
			}
			a.method = ch.Method(&a.order, r.Next())
			a.second = ch.Another(a.method, &a.order, r.Next())
			other := a.order
			other.Amount = ch.Amount(draw(&r))
			a.later = ch.Method(&other, r.Next())
			if a.failed = r.In(ch.FailChance(a.method, a.order.Amount, a.hour, a.kind, a.source), checkout.Whole); a.failed {
				a.outcome = ch.Outcome(a.method, r.Next())
			}
			*to = a
		}
	}
	return s
}

// rate is in how many percent of the attempts of a kind something is.
func rate(all []attempt, of, is func(*attempt) bool) float64 {
	var n, hits float64
	for i := range all {
		if a := &all[i]; of(a) {
			n++
			if is(a) {
				hits++
			}
		}
	}
	return 100 * hits / n
}

func every(*attempt) bool    { return true }
func failed(a *attempt) bool { return a.failed }

func within(what string, got, from, to float64) error {
	if got < from || got > to || math.IsNaN(got) {
		return fmt.Errorf("%s: %.3f, want %.2f to %.2f", what, got, from, to)
	}
	return nil
}

func named(ch *checkout.Channel, names ...string) func(*attempt) bool {
	is := make([]bool, len(ch.Methods))
	for i, m := range ch.Methods {
		is[i] = slices.Contains(names, m.Name)
	}
	return func(a *attempt) bool { return is[a.method] }
}

func from(names ...string) func(*attempt) bool {
	is := make(map[*checkout.Source]bool) // by what has been seen: a text is slow to read
	return func(a *attempt) bool {
		found, seen := is[a.source]
		if !seen {
			found = slices.Contains(names, a.source.Name.String())
			is[a.source] = found
		}
		return found
	}
}

func of(kind checkout.Kind) func(*attempt) bool {
	return func(a *attempt) bool { return a.kind == kind }
}

func below(limit sale.Cents) func(*attempt) bool {
	return func(a *attempt) bool { return a.order.Amount.Cents < limit }
}

func not(f func(*attempt) bool) func(*attempt) bool { return func(a *attempt) bool { return !f(a) } }

func both(f, g func(*attempt) bool) func(*attempt) bool {
	return func(a *attempt) bool { return f(a) && g(a) }
}

func coasts(a *attempt) bool {
	return a.order.Region == checkout.Northeast || a.order.Region == checkout.West
}

// each is within so many points of what is wanted by name.
func each(what string, tolerance float64, want, got map[string]float64) error {
	var errs []error
	for name, w := range want {
		errs = append(errs, within(what+" "+name, got[name], w-tolerance, w+tolerance))
	}
	return errors.Join(errs...)
}

// bySource are the sources' percentages of all attempts.
func bySource(all []attempt) map[string]float64 {
	counts, percent := make(map[*checkout.Source]int), make(map[string]float64)
	for i := range all {
		counts[all[i].source]++
	}
	for s, n := range counts {
		percent[s.Name.String()] = float64(n) * 100 / float64(len(all))
	}
	return percent
}

// byMethod are the methods' percentages of all attempts, and in how many percent of its attempts each fails.
func byMethod(ch *checkout.Channel, all []attempt) (percent, fails map[string]float64) {
	counts, failures := make([]float64, len(ch.Methods)), make([]float64, len(ch.Methods))
	for i := range all {
		counts[all[i].method]++
		if all[i].failed {
			failures[all[i].method]++
		}
	}
	percent, fails = make(map[string]float64), make(map[string]float64)
	for i, m := range ch.Methods {
		percent[m.Name], fails[m.Name] = counts[i]*100/float64(len(all)), failures[i]*100/counts[i]
	}
	return percent, fails
}

var (
	social      = []string{"Facebook", "Instagram", "Twitter"}
	influencers = []string{"Influencer_1", "Influencer_2", "Influencer_3", "Influencer_4"}
)

// checks are what is held of payments: one for each line of the facts.
var checks = map[string]func(*sample) error{
	// Search leads, social is small; each within a point.
	"sources": func(s *sample) error {
		return each("from", 1, map[string]float64{"Search": 36, "Direct": 18, "Email": 14, "Affiliate": 19, "Organic": 4, "Facebook": 2, "Instagram": 2,
			"Twitter": 1, "Influencer_1": 1.4, "Influencer_2": 1.1, "Influencer_3": .8, "Influencer_4": .7},
			bySource(s.online))
	},
	// Nobody is paid for what comes by itself.
	"commission": func(s *sample) error {
		partners := append([]string{"Affiliate"}, append(social, influencers...)...)
		paid := from(partners...)
		for i := range s.online {
			a := &s.online[i]
			if want := paid(a); want != (a.source.Commission > 0) || a.source.Commission > 1000 {
				return fmt.Errorf("%s costs %d of 10,000", a.source.Name, a.source.Commission)
			}
		}
		return nil
	},
	// Of returning customers' attempts at least 4 points more complete from e-mail than from social, at most 9.
	"source × conversion": func(s *sample) error {
		fails := func(names ...string) float64 {
			return rate(s.online, both(of(checkout.Returning), from(names...)), failed)
		}
		return within("social above e-mail, in points", fails(social...)-fails("Email"), 4, 9)
	},
	// New customers are 30 to 42 % of those from social, 22 to 27 % from search, 4 to 14 % from e-mail and direct.
	"source × customer type": func(s *sample) error {
		fresh := func(names ...string) float64 { return rate(s.online, from(names...), of(checkout.Newcomer)) }
		return errors.Join(within("new from social", fresh(social...), 30, 42), within("from search", fresh("Search"), 22, 27),
			within("from e-mail and direct", fresh("Email", "Direct"), 4, 14))
	},
	// Each within a point.
	"methods": func(s *sample) error {
		online, _ := byMethod(&s.c.Online, s.online)
		stores, _ := byMethod(&s.c.Store, s.store)
		return errors.Join(
			each("online by", 1, map[string]float64{"Credit Card": 38, "Debit Card": 22, "PayPal": 20, "Apple Pay": 9, "Klarna": 6, "Google Pay": 5}, online),
			each("in stores by", 1, map[string]float64{"Credit Card": 45, "Debit Card": 30, "Cash": 12, "Apple Pay": 8, "Gift Card": 5}, stores))
	},
	// Never elsewhere, not at the second attempt either, and so 17 to 24 % and 7 to 11 % where they can be.
	"device × method": func(s *sample) error {
		for i := range s.online {
			a := &s.online[i]
			for _, method := range []int{a.method, a.second, a.later} {
				switch s.c.Online.Methods[method].Name {
				case "Apple Pay":
					if !a.order.Browser.Apple {
						return fmt.Errorf("Apple Pay with %s", a.order.Browser.UserAgent)
					}
				case "Google Pay":
					if !a.order.Browser.Google {
						return fmt.Errorf("Google Pay with %s", a.order.Browser.UserAgent)
					}
				}
			}
		}
		return errors.Join(
			within("Apple Pay on Apple's", rate(s.online, func(a *attempt) bool { return a.order.Browser.Apple }, named(&s.c.Online, "Apple Pay")), 17, 24),
			within("Google Pay on Google's", rate(s.online, func(a *attempt) bool { return a.order.Browser.Google }, named(&s.c.Online, "Google Pay")), 7, 11))
	},
	// Klarna is at least 2.5 times as usual above $800 as below $200, cash at most .4 times.
	"method × amount": func(s *sample) error {
		cheap, dear := below(200_00), not(below(800_00))
		klarna, cash := named(&s.c.Online, "Klarna"), named(&s.c.Store, "Cash")
		return errors.Join(within("Klarna", rate(s.online, dear, klarna)/rate(s.online, cheap, klarna), 2.5, 5),
			within("cash", rate(s.store, dear, cash)/rate(s.store, cheap, cash), .05, .4))
	},
	// Apple Pay is at least 1.2 times as usual on the coasts as between them, debit cards at most .9 times.
	"state × method": func(s *sample) error {
		ratio := func(name string) float64 {
			m := named(&s.c.Online, name)
			return rate(s.online, coasts, m) / rate(s.online, not(coasts), m)
		}
		return errors.Join(within("Apple Pay", ratio("Apple Pay"), 1.2, 1.5), within("debit cards", ratio("Debit Card"), .75, .95))
	},
	// In both orders 64 % mean to keep to it, which another amount changes for a few; by chance 26 and 32 % pay alike.
	"favourite method": func(s *sample) error {
		same := func(a *attempt) bool { return a.later == a.method }
		return errors.Join(within("online", rate(s.online, every, same), 58, 80), within("in stores", rate(s.store, every, same), 58, 80))
	},
	// 75 % try another one.
	"second attempt": func(s *sample) error {
		other := func(a *attempt) bool { return a.second != a.method }
		return errors.Join(within("online", rate(s.online, failed, other), 73, 77), within("in stores", rate(s.store, failed, other), 72, 78))
	},
	// 13 to 15 % online, 3 to 5 % in stores.
	"failures": func(s *sample) error {
		return errors.Join(within("online", rate(s.online, every, failed), 13, 15), within("in stores", rate(s.store, every, failed), 3, 5))
	},
	// Each way's own, within 1.5 points.
	"method × failure": func(s *sample) error {
		_, fails := byMethod(&s.c.Online, s.online)
		return each("fails by", 1.5, map[string]float64{"Credit Card": 14.5, "Debit Card": 16, "PayPal": 12.5, "Apple Pay": 10.5, "Klarna": 17, "Google Pay": 11}, fails)
	},
	// New customers fail 1.35 to 1.65 times as often as returning ones, VIPs .6 to .8 times.
	"customer type × failure": func(s *sample) error {
		ratio := func(all []attempt, kind checkout.Kind) float64 {
			return rate(all, of(kind), failed) / rate(all, of(checkout.Returning), failed)
		}
		return errors.Join(within("new", ratio(s.online, checkout.Newcomer), 1.35, 1.65), within("VIP", ratio(s.online, checkout.VIP), .6, .8),
			within("new in stores", ratio(s.store, checkout.Newcomer), 1.3, 1.7), within("VIP in stores", ratio(s.store, checkout.VIP), .58, .82))
	},
	// 1.2 to 1.4 times as often from midnight to six as by day.
	"hour × failure": func(s *sample) error {
		night := func(a *attempt) bool { return a.hour < 6 }
		return within("at night", rate(s.online, night, failed)/rate(s.online, not(night), failed), 1.2, 1.4)
	},
	// 1.25 to 1.7 times as often above $800 as below $200 with the same method.
	"amount × failure": func(s *sample) error {
		card := named(&s.c.Online, "Credit Card")
		return within("dear ones", rate(s.online, both(card, not(below(800_00))), failed)/rate(s.online, both(card, below(200_00)), failed), 1.25, 1.7)
	},
	// Of declines of cards online: funds 57, expired 10 to 12, wrong details 8 to 10, fraud rules 15 to 20.
	"reasons": func(s *sample) error {
		card := both(failed, named(&s.c.Online, "Credit Card", "Debit Card"))
		why := func(reason string) float64 {
			text := sale.NewText(reason)
			return rate(s.online, card, func(a *attempt) bool { return a.outcome.Reason == text })
		}
		return errors.Join(within("funds", why("insufficient_funds"), 54, 60), within("expired", why("card_expired"), 9.5, 12.5),
			within("details", why("wrong_details"), 7.5, 10.5), within("fraud rules", why("fraud_suspected"), 15, 20))
	},
	// A phone knows its owner by the face.
	"no wrong PIN with Apple Pay": func(s *sample) error {
		pin := sale.NewText("wrong_pin")
		wrong := func(a *attempt) bool { return a.outcome.Reason == pin }
		return errors.Join(within("with Apple Pay", rate(s.store, both(failed, named(&s.c.Store, "Apple Pay")), wrong), 0, 0),
			within("with cards", rate(s.store, both(failed, named(&s.c.Store, "Credit Card", "Debit Card")), wrong), 7, 13))
	},
	// Whom the money, the card or a typing error stopped can go on, whom the shop stopped cannot.
	"declined": func(s *sample) error {
		for _, all := range [][]attempt{s.online, s.store} {
			for i := range all {
				if o := all[i].outcome; o != nil && o.Declined != (o.Status == sale.InsufficientFunds || o.Status == sale.UserError) {
					return fmt.Errorf("%v, %s: declined is %v", o.Status, o.Reason, o.Declined)
				}
			}
		}
		return within("declined", rate(s.online, failed, func(a *attempt) bool { return a.outcome.Declined }), 68, 80)
	},
}

func TestPaymentsAreAsInTheWorld(t *testing.T) {
	s := buy(newCheckout(t, usual(t)))
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			if err := check(s); err != nil {
				t.Error(err)
			}
		})
	}
}

// Each check notices when what it is about is switched off, and no other does.
func TestEachMechanismIsNoticed(t *testing.T) {
	methods := func(f *checkout.Figures, change func(*checkout.MethodFigures)) {
		for _, list := range [][]checkout.MethodFigures{f.Payment.Online, f.Payment.Store} {
			for i := range list {
				change(&list[i])
			}
		}
	}
	sources := func(f *checkout.Figures, change func(*checkout.SourceFigures)) {
		for i := range f.Sources {
			change(&f.Sources[i])
		}
	}
	for _, c := range []struct {
		name  string
		off   func(*checkout.Figures)
		fails []string
	}{
		{"nothing", func(*checkout.Figures) {}, nil},
		{"most come by themselves", func(f *checkout.Figures) { f.Sources[4].Share = 240 }, []string{"sources"}},
		{"everybody is paid", func(f *checkout.Figures) { sources(f, func(s *checkout.SourceFigures) { s.Commission = 100 }) }, []string{"commission"}},
		{"sources convert alike", func(f *checkout.Figures) { sources(f, func(s *checkout.SourceFigures) { s.Fails = 100 }) }, []string{"source × conversion"}},
		{"sources bring the same people", func(f *checkout.Figures) { sources(f, func(s *checkout.SourceFigures) { s.Newcomers = 100 }) }, []string{"source × customer type"}},
		{"methods alike", func(f *checkout.Figures) { methods(f, func(m *checkout.MethodFigures) { m.Share = 1 }) }, []string{"device × method", "methods"}},
		{"no device rule", func(f *checkout.Figures) { methods(f, func(m *checkout.MethodFigures) { m.Devices = "any" }) }, []string{"device × method"}},
		{"any amount alike", func(f *checkout.Figures) { methods(f, func(m *checkout.MethodFigures) { m.Amounts = nil }) }, []string{"method × amount"}},
		{"regions alike", func(f *checkout.Figures) { methods(f, func(m *checkout.MethodFigures) { m.Regions = nil }) }, []string{"state × method"}},
		{"no favourites", func(f *checkout.Figures) { f.Payment.LoyalToMethod = 0 }, []string{"favourite method"}},
		{"the same again", func(f *checkout.Figures) { f.Payment.AnotherMethod = 0 }, []string{"second attempt"}},
		{"methods fail alike", func(f *checkout.Figures) {
			methods(f, func(m *checkout.MethodFigures) {
				if m.Fails = 140; m.Reasons == "terminal" || m.Reasons == "cash" || m.Reasons == "contactless" || m.Reasons == "gift card" {
					m.Fails = 42
				}
			})
		}, []string{"method × failure"}},
		{"failures twice as often", func(f *checkout.Figures) { methods(f, func(m *checkout.MethodFigures) { m.Fails *= 2 }) },
			[]string{"failures", "method × failure", "source × conversion"}},
		{"new customers as others", func(f *checkout.Figures) { f.Payment.Failures.NewCustomers = 100 }, []string{"customer type × failure"}},
		{"VIPs as others", func(f *checkout.Figures) { f.Payment.Failures.VIPs = 100 }, []string{"customer type × failure"}},
		{"night as day", func(f *checkout.Figures) { f.Payment.Failures.Night = 100 }, []string{"hour × failure"}},
		{"dear as cheap", func(f *checkout.Figures) {
			for i := range f.Payment.Amounts {
				f.Payment.Amounts[i].Fails = 100
			}
		}, []string{"amount × failure"}},
		{"details wrong as often as funds", func(f *checkout.Figures) {
			card := f.Payment.Reasons["card"]
			card[0].Share, card[3].Share = card[3].Share, card[0].Share
		}, []string{"reasons"}},
		{"a PIN for phones", func(f *checkout.Figures) {
			methods(f, func(m *checkout.MethodFigures) {
				if m.Reasons == "contactless" {
					m.Reasons = "terminal"
				}
			})
		}, []string{"no wrong PIN with Apple Pay"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && len(c.fails) == 1 {
				t.Skip("pays 80,000 orders once more")
			}
			f := usual(t)
			c.off(f)
			s := buy(newCheckout(t, f))
			var noticed []string
			for name, check := range checks {
				if err := check(s); err != nil {
					t.Log(name, err)
					noticed = append(noticed, name)
				}
			}
			slices.Sort(noticed)
			if !slices.Equal(noticed, c.fails) {
				t.Errorf("noticed by %q, want %q", noticed, c.fails)
			}
		})
	}
}

var update = flag.Bool("update", false, "write testdata anew")

// The same payments on every platform.
func TestPaymentsAreReproducible(t *testing.T) {
	c, set := newCheckout(t, usual(t))
	r := prng.New(4, 2)
	var got strings.Builder
	for i := range 60 {
		ch, o := &c.Online, checkout.Order{Amount: c.Online.Amount(draw(&r)), Region: checkout.Region(i % 4), Favourite: r.Next()}
		kind, hour := checkout.Kind(i%3), i%24
		source := c.Source(kind, r.Next())
		if i%3 == 1 {
			ch, source = &c.Store, nil
		} else {
			o.Browser = set.Of(r.Next())
		}
		m := ch.Method(&o, r.Next())
		why := ch.Outcome(m, r.Next())
		if source != nil {
			fmt.Fprint(&got, source.Name, " ", source.Commission, ", ")
		}
		fmt.Fprintf(&got, "%s of %v, then %s; %d of 2²⁰ fail: %v %s %v\n", ch.Methods[m].Text, o.Amount,
			ch.Methods[ch.Another(m, &o, r.Next())].Name, ch.FailChance(m, o.Amount, hour, kind, source), why.Status, why.Reason, why.Declined)
	}
	const golden = "testdata/payments.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("not what %s says:\n%s", golden, got.String())
	}
}

func TestFiguresAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*checkout.Figures)
		path   string
	}{
		"no source":                  {func(f *checkout.Figures) { f.Sources = nil }, "sources"},
		"no reason":                  {func(f *checkout.Figures) { f.Payment.Reasons["card"] = nil }, "payment.reasons.card"},
		"no method":                  {func(f *checkout.Figures) { f.Payment.Store = nil }, "payment.store"},
		"a reason that is not there": {func(f *checkout.Figures) { f.Payment.Online[1].Reasons = "mood" }, "payment.online[1].reasons"},
		"a name twice":               {func(f *checkout.Figures) { f.Payment.Online[1].Name = "Credit Card" }, "payment.online[1].name"},
		"amounts of other bands":     {func(f *checkout.Figures) { f.Payment.Online[2].Amounts = []uint64{1} }, "payment.online[2].amounts"},
		"three regions":              {func(f *checkout.Figures) { f.Payment.Store[0].Regions = []uint64{1, 2, 3} }, "payment.store[0].regions"},
		"no amounts":                 {func(f *checkout.Figures) { f.Payment.Amounts = nil }, "payment.amounts"},
		"nothing below 10":           {func(f *checkout.Figures) { f.Payment.Amounts[0].From = 10 }, "payment.amounts"},
		"amounts of no share": {func(f *checkout.Figures) {
			for i := range f.Payment.Amounts {
				f.Payment.Amounts[i].Share = 0
			}
		}, "payment.amounts"},
		"amounts out of order": {func(f *checkout.Figures) { f.Payment.Amounts[2].From = 200 }, "payment.amounts[2].from"},
		"over 100":             {func(f *checkout.Figures) { f.Payment.Usual.VIPOrders = 81 }, "payment.usual.vip_orders"},
		"too much night":       {func(f *checkout.Figures) { f.Payment.Usual.NightOrders = 101 }, "payment.usual.night_orders"},
		"no region": {func(f *checkout.Figures) {
			u := &f.Payment.Usual
			u.Northeast, u.Midwest, u.South, u.West = 0, 0, 0, 0
		}, "payment.usual"},
		"nothing for Windows": {func(f *checkout.Figures) { f.Payment.Online = f.Payment.Online[3:4] }, "payment.online"},
	} {
		t.Run(name, func(t *testing.T) {
			f := usual(t)
			c.change(f)
			b, err := someBrowsers()
			if err != nil {
				t.Fatal(err)
			}
			_, err = checkout.New(f, b)
			var invalid *parameters.Invalid
			if !errors.As(err, &invalid) || invalid.Path != c.path {
				t.Errorf("%v, want it to be about %s", err, c.path)
			}
		})
	}
}

// What somebody writes into the figures by hand is obeyed, however odd.
func TestOddFigures(t *testing.T) {
	f := usual(t)
	f.Payment.Store = []checkout.MethodFigures{{Name: "Coins", Share: 1, Fails: 1000, Reasons: "cash"}, {Name: "Never", Fails: 500, Reasons: "cash"}}
	f.Payment.Usual.NewOrders, f.Payment.Usual.VIPOrders = 0, 100
	f.Sources = f.Sources[:2]
	f.Sources[0].Share, f.Sources[1].Newcomers = 0, 0
	c, _ := newCheckout(t, f)
	r := prng.New(1, 1)
	for range 1000 {
		o := checkout.Order{Amount: c.Store.Amount(draw(&r)), Favourite: r.Next()}
		if m := c.Store.Method(&o, r.Next()); m != 0 || c.Store.Another(0, &o, r.Next()) != 0 {
			t.Fatal("paid with what nobody pays with")
		}
		if n := c.Store.FailChance(0, o.Amount, 12, checkout.Newcomer, nil); n > checkout.Whole {
			t.Fatalf("%d of %d attempts fail", n, checkout.Whole)
		}
		if source := c.Source(checkout.Newcomer, r.Next()); source.Name.String() != "Affiliate" {
			t.Fatalf("%s brings an order", source.Name)
		}
	}
	// Somebody may ask for it all the same.
	if n := c.Store.FailChance(1, c.Store.Amount(300_00), 12, checkout.VIP, nil) * 100 / checkout.Whole; n != 46 {
		t.Errorf("%d %% fail of what nobody pays with, want half of them times .93 for the amount", n)
	}
}

func TestRegionOf(t *testing.T) {
	counts := make(map[checkout.Region]int)
	for _, state := range strings.Fields("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY") {
		counts[checkout.RegionOf(state)]++
	}
	// As the census counts them, with the District of Columbia in the South.
	want := map[checkout.Region]int{checkout.Northeast: 9, checkout.Midwest: 12, checkout.South: 17, checkout.West: 13}
	for region, n := range want {
		if counts[region] != n {
			t.Errorf("region %d has %d states, want %d", region, counts[region], n)
		}
	}
}

func TestDrawsAllocateNothing(t *testing.T) {
	c, set := newCheckout(t, usual(t))
	r := prng.New(1, 1)
	o := checkout.Order{Browser: set.Of(7), Amount: c.Online.Amount(500_00), Favourite: 7}
	if n := testing.AllocsPerRun(1000, func() {
		source := c.Source(checkout.Newcomer, r.Next())
		m := c.Online.Method(&o, r.Next())
		c.Online.FailChance(m, o.Amount, 3, checkout.Newcomer, source)
		c.Online.Outcome(m, r.Next())
		c.Online.Another(m, &o, r.Next())
	}); n > 0 {
		t.Errorf("%.0f allocations a draw", n)
	}
}

func BenchmarkNew(b *testing.B) {
	f := usual(b)
	all, err := someBrowsers()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := checkout.New(f, all); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDraws(b *testing.B) {
	c, set := newCheckout(b, usual(b))
	r := prng.New(1, 1)
	orders := make([]checkout.Order, 1024)
	for i := range orders {
		orders[i] = checkout.Order{Browser: set.Of(r.Next()), Amount: c.Online.Amount(draw(&r)),
			Region: checkout.Region(i % 4), Favourite: r.Next()}
	}
	source := c.Source(checkout.VIP, 1)
	for _, d := range []struct {
		name string
		draw func(i int, o *checkout.Order)
	}{
		{"Source", func(i int, _ *checkout.Order) { c.Source(checkout.Kind(i%3), r.Next()) }},
		{"Method", func(_ int, o *checkout.Order) { c.Online.Method(o, r.Next()) }},
		{"Another", func(i int, o *checkout.Order) { c.Online.Another(i%5, o, r.Next()) }},
		{"FailChance", func(i int, o *checkout.Order) { c.Online.FailChance(i%5, o.Amount, i%24, checkout.VIP, source) }},
		{"Outcome", func(i int, _ *checkout.Order) { c.Online.Outcome(i%5, r.Next()) }},
	} {
		b.Run(d.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.draw(i, &orders[i%len(orders)])
			}
		})
	}
}
