package goods_test

import (
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/market/goods"
	"salesburst/shared/sale"
)

// Each promotion takes 3 to 14 days at one price, below the list price by what the figures
// allow, and with the list price's ending.
func TestPromotions(t *testing.T) {
	f := figures()
	g := market(t, dataset.Default().Products, f, 1)
	limits := map[sale.Text][2]int64{}
	for _, name := range f.Promotions.Names {
		limits[sale.NewText(name)] = [2]int64{f.Promotions.LeastOff, f.Promotions.MostOff}
	}
	e := f.Promotions.Events
	for _, event := range []goods.Event{
		e.SuperBowl, e.MemorialDay, e.FourthOfJuly, e.SummerSale, e.LaborDay, e.BlackFriday, e.Holidays,
	} {
		limits[sale.NewText(event.Name)] = [2]int64{event.LeastOff, event.MostOff}
	}
	type run struct {
		name  sale.Text
		price sale.Cents
		days  int
	}
	runs := make([]run, len(g.Products()))
	seen, promotions := map[sale.Text]bool{}, 0
	for d := range int32(2 * 365) {
		offer := g.On(newYear+d, d%2 == 0)
		for i := range runs {
			now, list := offer.Price(i)
			name := offer.Promotion(i)
			if r := &runs[i]; r.name != name || r.price != now {
				if long := r.days; r.name != none && d > int32(long) && (long < 3 || long > 14) {
					t.Errorf("%s: %s took %d days, want 3 to 14", g.Products()[i].Name, r.name, long)
				}
				*r = run{name, now, 0}
				if name != none {
					promotions++
				}
			}
			runs[i].days++
			if name == none {
				if now != list {
					t.Fatalf("%s costs %s of %s and is not promoted", g.Products()[i].Name, now, list)
				}
				continue
			}
			seen[name] = true
			off := 100 * float64(list-now) / float64(list)
			if least, most := float64(limits[name][0]), float64(limits[name][1]); off < least || off > most {
				t.Errorf("%s: %s takes %.2f %% off %s, want %v to %v", g.Products()[i].Name, name, off, list, least, most)
			}
			if now%100 != list%100 {
				t.Errorf("%s costs %s instead of %s", g.Products()[i].Name, now, list)
			}
		}
		if t.Failed() {
			break
		}
	}
	if len(seen) != len(limits) {
		t.Errorf("%d names were seen, want %d", len(seen), len(limits))
	}
	if ordinary := float64(promotions) / float64(len(runs)) / 2; ordinary < 5 || ordinary > 9 {
		t.Errorf("%.1f promotions of a product in a year, want four ordinary ones and some events", ordinary)
	}
}

// Any price from one cent to a million stays above nothing and is never raised.
func TestPromotionsOfAnyPrice(t *testing.T) {
	var stock []dataset.Product
	for i, cents := range []int64{1, 2, 5, 9, 10, 11, 19, 20, 50, 99, 100, 101, 499, 999, 1000, 1001, 1234, 9999, 99_999, 123_456, 100_000_000} {
		stock = append(stock, dataset.Product{Name: string(rune('a' + i)), Category: "Any", Brand: "One", PriceCents: cents})
	}
	f := figures()
	f.Promotions.PerYear, f.Promotions.LeastOff, f.Promotions.MostOff = 13, 0, 99
	g := market(t, stock, f, 1)
	reduced := map[int]bool{}
	for d := range int32(365) {
		offer := g.On(newYear+d, false)
		for i := range stock {
			now, list := offer.Price(i)
			if now < 1 || now > list || (now < list) != (offer.Promotion(i) != none) {
				t.Errorf("%s of %s with the promotion %q", now, list, offer.Promotion(i))
			}
			if now < list {
				reduced[i] = true
			}
		}
	}
	if len(reduced) < len(stock)-1 { // one cent cannot cost less
		t.Errorf("%d of %d prices were ever reduced", len(reduced), len(stock))
	}
}

// The days of the events follow from rules, in any year.
func TestEventDays(t *testing.T) {
	f := figures()
	e := &f.Promotions.Events
	for _, event := range []*goods.Event{
		&e.SuperBowl, &e.MemorialDay, &e.FourthOfJuly, &e.SummerSale, &e.LaborDay, &e.BlackFriday, &e.Holidays,
	} {
		event.Products = 100
	}
	g := market(t, dataset.Default().Products[:1], f, 1)
	for year, events := range map[int]map[string][2]string{
		2024: {
			e.SuperBowl.Name: {"01-29", "02-11"}, e.MemorialDay.Name: {"05-23", "05-27"}, e.FourthOfJuly.Name: {"07-01", "07-05"},
			e.SummerSale.Name: {"07-16", "07-19"}, e.LaborDay.Name: {"08-29", "09-02"},
			e.BlackFriday.Name: {"11-21", "12-02"}, e.Holidays.Name: {"12-11", "12-24"},
		},
		2025: {
			e.SuperBowl.Name: {"01-27", "02-09"}, e.MemorialDay.Name: {"05-22", "05-26"}, e.SummerSale.Name: {"07-15", "07-18"},
			e.LaborDay.Name: {"08-28", "09-01"}, e.BlackFriday.Name: {"11-20", "12-01"},
		},
		2026: {
			e.SuperBowl.Name: {"01-26", "02-08"}, e.MemorialDay.Name: {"05-21", "05-25"}, e.SummerSale.Name: {"07-14", "07-17"},
			e.LaborDay.Name: {"09-03", "09-07"}, e.BlackFriday.Name: {"11-19", "11-30"},
		},
		2027: {
			e.SuperBowl.Name: {"02-01", "02-14"}, e.MemorialDay.Name: {"05-27", "05-31"}, e.SummerSale.Name: {"07-13", "07-16"},
			e.LaborDay.Name: {"09-02", "09-06"}, e.BlackFriday.Name: {"11-18", "11-29"}, e.Holidays.Name: {"12-11", "12-24"},
		},
		1969: {e.LaborDay.Name: {"08-28", "09-01"}, e.BlackFriday.Name: {"11-20", "12-01"}},
		2100: {e.SuperBowl.Name: {"02-01", "02-14"}, e.BlackFriday.Name: {"11-18", "11-29"}},
	} {
		got := map[string][2]string{}
		for at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == year; at = at.AddDate(0, 0, 1) {
			name := g.On(int32(at.Unix()/86_400), false).Promotion(0).String()
			if first, seen := got[name]; seen {
				got[name] = [2]string{first[0], at.Format("01-02")}
			} else {
				got[name] = [2]string{at.Format("01-02"), at.Format("01-02")}
			}
		}
		for name, days := range events {
			if got[name] != days {
				t.Errorf("%d: %s is %v, want %v", year, name, got[name], days)
			}
		}
	}
}
