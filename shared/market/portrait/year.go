package main

import (
	"math"
	"strings"
	"time"

	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
	"salesburst/shared/sale"
)

// year is what is seen of a year, by the days of the buyers' calendars.
type year struct {
	first calendar.Date
	days  int
	zones map[sale.Text]places.Zone
	marks [][]string // of each day, the seasons that it is in
	month []int      // of each day, from 0

	orders    [channels][]float64 // by day
	hours     [channels][24]float64
	places    [channels]map[sale.Text]float64
	states    map[string]float64
	shops     map[sale.Text]bool
	open      [7][]int // hours of the stores
	late      float64  // orders in stores that are shut
	agents    map[sale.Text]agent
	wrongPays int // with a browser that does not have the method
	devices   map[sale.Text]*mean
	sizes     map[int64]float64
	prices    histogram
	amounts   histogram
	stolen    histogram
	cheap     [2]float64 // orders below $200, and those of them with several pieces
	dear      [2]float64 // likewise, above $1500
	sold      map[sale.Text][]float64
	bargains  mean // percent off list prices around Black Friday
	newOrders [channels]float64
	events    [channels]float64
	failed    [channels]float64
	kinds     kinds
	customers customers
	retries   retries
}

func newYear(from time.Time, days int) *year {
	first, _ := calendar.DateOf(from.Unix())
	y := &year{
		first: first, days: days, zones: make(map[sale.Text]places.Zone), marks: make([][]string, days),
		month:  make([]int, days),
		states: make(map[string]float64), shops: make(map[sale.Text]bool), agents: make(map[sale.Text]agent),
		devices: make(map[sale.Text]*mean), sizes: make(map[int64]float64), sold: make(map[sale.Text][]float64),
		kinds: make(kinds), customers: newCustomers(), retries: newRetries(),
	}
	for d := range days {
		y.month[d] = int(from.AddDate(0, 0, d).Month()) - 1
	}
	for c := range channels {
		y.orders[c] = make([]float64, days)
		y.places[c] = make(map[sale.Text]float64)
	}
	for w, name := range calendar.Weekdays() {
		y.open[w] = declared[[]int]("stores", "hours", name)
	}
	for _, p := range places.All() {
		y.zones[sale.NewText(p.Name)] = p.Zone
	}
	for _, s := range calendar.SeasonsOf(first.Year()) {
		for d := max(s.From, first); d <= s.To && int(d-first) < days; d++ {
			y.marks[d-first] = append(y.marks[d-first], s.Name)
		}
	}
	return y
}

// agent is what a user agent can pay with.
type agent struct{ apple, google bool }

func agentOf(text string) agent {
	return agent{
		apple: strings.Contains(text, "iPhone") || strings.Contains(text, "iPad") ||
			strings.Contains(text, "Macintosh"),
		google: strings.Contains(text, "Android") || strings.Contains(text, "Chrome/") ||
			strings.Contains(text, "CriOS/"),
	}
}

var (
	applePay  = sale.NewText("Apple Pay")
	googlePay = sale.NewText("Google Pay")
	newText   = sale.NewText("new")
)

// see takes in an event.
func (y *year) see(c int, e *sale.Sale) {
	date, second := calendar.DateOf(y.zones[e.City].Local(int64(e.Timestamp) / 1000))
	d := int(date - y.first)
	if d < 0 || d >= y.days {
		return
	}
	hour := int(second / 3600)
	y.seeAttempt(c, e, hour)
	if e.Status == sale.Completed {
		y.customers.see(c, e, y.month[d])
	}
	if e.Attempt > 1 {
		return
	}
	y.orders[c][d]++
	y.hours[c][hour]++
	y.places[c][e.City]++
	y.states[e.State.String()]++
	y.sizes[e.ScreenSize]++
	y.prices.add(e.Price)
	y.devicesOf(e)
	y.pieces(e)
	if e.CustomerType == newText {
		y.newOrders[c]++
	}
	if c == stores {
		y.shops[e.StoreID] = true
		if open := y.open[date.Weekday()]; y.shut(c, d) || hour < open[0] || hour >= open[1] {
			y.late++
		}
	}
	of := y.sold[e.ProductName]
	if of == nil {
		of = make([]float64, y.days/7+1)
		y.sold[e.ProductName] = of
	}
	of[d/7]++
	if y.in(d, calendar.BlackFriday) {
		y.bargains.add(100 * (1 - float64(e.Price)/float64(e.ListPrice)))
	}
}

// in reports whether a day is in a season.
func (y *year) in(d int, season string) bool {
	for _, name := range y.marks[d] {
		if name == season {
			return true
		}
	}
	return false
}

// seeAttempt counts how attempts end.
func (y *year) seeAttempt(c int, e *sale.Sale, hour int) {
	y.events[c]++
	y.retries.see(e)
	if e.Status != sale.Completed {
		y.failed[c]++
	}
	if c == online {
		y.kinds.see(e, e.CustomerType.String())
		y.kinds.see(e, map[bool]string{true: "night", false: "day"}[hour < 6])
		y.kinds.see(e, map[bool]string{true: "dear", false: "usual"}[e.TotalAmount >= 1500_00])
	}
	if y.amounts.add(e.TotalAmount); e.Status == sale.Fraud {
		y.stolen.add(e.TotalAmount)
	}
}

// kinds are which part of the attempts of a kind fails.
type kinds map[string]*mean

func (k kinds) see(e *sale.Sale, kind string) {
	if k[kind] == nil {
		k[kind] = new(mean)
	}
	failed := 0.0
	if e.Status != sale.Completed {
		failed = 1
	}
	k[kind].add(failed)
}

// beside is how many times as often one kind fails as another.
func (k kinds) beside(a, b string) float64 {
	if k[a] == nil || k[b] == nil {
		return math.NaN()
	}
	return k[a].value() / k[b].value()
}

// devicesOf counts what the order is placed with.
func (y *year) devicesOf(e *sale.Sale) {
	of := y.devices[e.Device]
	if of == nil {
		of = new(mean)
		y.devices[e.Device] = of
	}
	of.add(float64(e.TotalAmount) / 100)
	if e.UserAgent == (sale.Text{}) {
		return
	}
	a, known := y.agents[e.UserAgent]
	if !known {
		a = agentOf(e.UserAgent.String())
		y.agents[e.UserAgent] = a
	}
	if e.PaymentMethod == applePay && !a.apple || e.PaymentMethod == googlePay && !a.google {
		y.wrongPays++
	}
}

// pieces counts orders of several.
func (y *year) pieces(e *sale.Sale) {
	of := &[2]float64{}
	switch {
	case e.Price < 200_00:
		of = &y.cheap
	case e.Price > 1500_00:
		of = &y.dear
	}
	of[0]++
	if e.Quantity > 1 {
		of[1]++
	}
}

// endOfDay forgets what belongs to the burst of a day.
func (y *year) endOfDay() {
	y.retries.endOfBurst()
	y.customers.endOfDay()
}

// histogram counts amounts by the dollar.
type histogram struct {
	n, sum  float64
	dollars []float64
}

const mostDollars = 20_000

func (h *histogram) add(c sale.Cents) {
	if h.dollars == nil {
		h.dollars = make([]float64, mostDollars+1)
	}
	h.n++
	h.sum += float64(c) / 100
	h.dollars[min(c/100, mostDollars)]++
}

func (h *histogram) mean() float64 { return h.sum / h.n }

func (h *histogram) median() float64 {
	left := h.n / 2
	for dollars, n := range h.dollars {
		if left -= n; left <= 0 {
			return float64(dollars)
		}
	}
	return 0
}

// classes are the percentages of classes of so many dollars; the last one has all above.
func (h *histogram) classes(width, n int) []float64 {
	all := make([]float64, n)
	for dollars, count := range h.dollars {
		all[min(dollars/width, n-1)] += 100 * count / h.n
	}
	return all
}
