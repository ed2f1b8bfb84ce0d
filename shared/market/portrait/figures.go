package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"salesburst/shared/document"
	"salesburst/shared/market"
	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
)

// figure is a line of the table: what was measured, and between which bounds it ought to be.
type figure struct {
	what, measured, bound string
	held                  bool
}

type figures []figure

// within adds a figure with bounds.
func (f *figures) within(what, unit string, got, least, most float64) {
	bound := fmt.Sprintf("%.4g to %.4g%s", least, most, unit)
	switch {
	case least == most:
		bound = fmt.Sprintf("%.4g%s", least, unit)
	case math.IsInf(most, 1):
		bound = fmt.Sprintf("%.4g%s or more", least, unit)
	case math.IsInf(least, -1):
		bound = fmt.Sprintf("%.4g%s or less", most, unit)
	}
	*f = append(*f, figure{what, fmt.Sprintf("%.3g%s", got, unit), bound, got >= least && got <= most})
}

var none = math.Inf(1)

// figures is the table of all that was measured.
func (p *portrait) figures() string {
	var f figures
	p.calendarFigures(&f)
	p.customerFigures(&f)
	p.goodsFigures(&f)
	p.placeFigures(&f)
	p.paymentFigures(&f)
	var text strings.Builder
	fmt.Fprintf(&text, "%d days from %s on, %d events a minute online and %d in stores: %.1f million events.\n\n",
		p.days, p.first, p.rates[online], p.rates[stores], (p.events[online]+p.events[stores])/1e6)
	text.WriteString(document.Head("figure", "measured", "bound", "held"))
	for _, one := range f {
		held := map[bool]string{true: "yes", false: "**no**"}[one.held]
		text.WriteString(document.Row(one.what, one.measured, one.bound, held))
	}
	return text.String()
}

// declared is a figure's value in the table of the market.
func declared[T any](path ...string) (value T) {
	part := json.RawMessage(market.Schema())
	for _, name := range path {
		var object struct{ Properties map[string]json.RawMessage }
		if json.Unmarshal(part, &object) != nil {
			return value
		}
		part = object.Properties[name]
	}
	var leaf struct{ Default T }
	_ = json.Unmarshal(part, &leaf) // what is not there is zero, and shows in the table
	return leaf.Default
}

// The channels' names in the table, and for people.
var (
	inTable = [channels]string{"online", "store"}
	named   = [channels]string{"online", "in stores"}
)

// weekday is what the table says of a day of the week, with 1 as the mean.
func weekday(c, d int) float64 {
	var all float64
	names := calendar.Weekdays()
	for _, name := range names {
		all += declared[float64]("demand", inTable[c], "weekdays", name)
	}
	return 7 * declared[float64]("demand", inTable[c], "weekdays", names[d]) / all
}

// ordinary are the orders of days that are in no season, divided by what their weekdays ought to have,
// and the mean of that.
func (y *year) ordinary(c int) (levels spread, weekdays [7]mean) {
	for d, orders := range y.orders[c] {
		if len(y.marks[d]) == 0 {
			w := int((y.first + calendar.Date(d)).Weekday())
			levels.add(orders / weekday(c, w))
			weekdays[w].add(orders)
		}
	}
	return levels, weekdays
}

// level is how many times as much as on an ordinary day is sold in a season.
func (y *year) level(c int, season string) float64 {
	usual, _ := y.ordinary(c)
	var m mean
	for d, orders := range y.orders[c] {
		if y.in(d, season) && !y.shut(c, d) {
			m.add(orders / weekday(c, int((y.first+calendar.Date(d)).Weekday())) / usual.mean())
		}
	}
	return m.value()
}

// shut reports whether all of a channel is shut on a day.
func (y *year) shut(c, d int) bool {
	date := (y.first + calendar.Date(d)).String()[5:]
	return c == stores && (date == "12-25" || date == fmt.Sprintf("11-%02d", thanksgiving(y.first.Year())))
}

func (p *portrait) calendarFigures(f *figures) {
	for c := range channels {
		levels, days := p.ordinary(c)
		worst := 0.0
		for w, m := range days {
			if m.n > 0 {
				worst = max(worst, 100*math.Abs(m.value()/levels.mean()/weekday(c, w)-1))
			}
		}
		f.within("weekday that is furthest from its profile, "+named[c], " %", worst, math.Inf(-1), 2)
		if c == online {
			f.within("hour that is furthest from its profile, index of 100, online", " points", p.worstHour(),
				math.Inf(-1), 3)
			f.within("spread from day to day, online", " %", 100*levels.deviation()/levels.mean(), 3, 8)
		}
		f.within("Black Friday week beside an ordinary day, "+named[c], " ×", p.level(c, calendar.BlackFriday), 2, 3)
	}
	f.within("Christmas Day beside an ordinary day, online", " ×", p.on(online, 12, 25), math.Inf(-1), .8)
	f.within("orders in stores while they are shut", " %", 100*p.late/sum(p.orders[stores]), 0, 0)
	ratio, correlation := p.minutes.noise()
	f.within(fmt.Sprintf("minutes of about %d events: variance ÷ mean", p.minutes.rate), "", ratio, 1.3, 3)
	f.within("the same: correlation with the minute before", "", correlation, .2, .8)
	f.within("gaps between events inside of a minute: coefficient of variation", "", p.minutes.gaps, .95, 1.05)
}

// worstHour is how far an hour of the local day is from its profile, where 100 is the mean.
func (y *year) worstHour() (worst float64) {
	profile := declared[[]float64]("demand", "online", "hours")
	var sum, all float64
	for h, n := range profile {
		sum += n
		all += y.hours[online][h]
	}
	for h, n := range profile {
		worst = max(worst, math.Abs(2400*y.hours[online][h]/all-2400*n/sum))
	}
	return worst
}

func thanksgiving(year int) int {
	first := int(calendar.On(year, 11, 1).Weekday())
	return 1 + (11-first)%7 + 21
}

// on is how many times as much as on an ordinary day is sold on a date.
func (y *year) on(c, month, dayOfMonth int) float64 {
	usual, _ := y.ordinary(c)
	for d := range y.days {
		date := y.first + calendar.Date(d)
		if date.String()[5:] == fmt.Sprintf("%02d-%02d", month, dayOfMonth) {
			return y.orders[c][d] / weekday(c, int(date.Weekday())) / usual.mean()
		}
	}
	return math.NaN()
}

func sum(all []float64) (s float64) {
	for _, v := range all {
		s += v
	}
	return s
}

func (p *portrait) customerFigures(f *figures) {
	for c := range channels {
		share := 100 * p.newOrders[c] / sum(p.orders[c])
		f.within("orders of new customers, "+named[c], " %", share, p.shares[c]-2, p.shares[c]+2)
	}
	buyers, known := p.customers.counts()
	f.within("orders of a year of the top 5 % of its buyers, online", " %", topShare(buyers), 15, 20)
	f.within("orders of those new in the year before: largest gap to an NBD", " points",
		fit(known).worstGap(known), math.Inf(-1), 1)
	f.within("customers with more than two orders in two days", " %", 100*p.customers.often/p.customers.seen,
		math.Inf(-1), .1)
	cohorts := p.customers.cohorts()
	f.within("customers new in March who buy in December, beside those new in October", " ×",
		cohorts[2][11]/cohorts[9][11], math.Inf(-1), .95)
}

func (p *portrait) goodsFigures(f *figures) {
	exponents, correlations := p.popularity()
	f.within("popularity over six weeks: exponent of the power law", "", exponents, .8, 1.1)
	f.within("ranks of products, a week and the sixth: correlation", "", correlations, .6, .95)
	var inches, large, n float64
	for size, of := range p.sizes {
		n += of
		if inches += float64(size) * of; size >= 65 {
			large += of
		}
	}
	f.within("screen, mean", " in", inches/n, 49, 54)
	f.within("sets of 65 in and more", " %", 100*large/n, 20, 32)
	sizes := p.leadingSizes()
	held := len(sizes) > 1 && min(sizes[0], sizes[1]) == 55 && max(sizes[0], sizes[1]) == 65
	*f = append(*f, figure{"leading sizes", fmt.Sprint(sizes[:min(2, len(sizes))]), "55 and 65 in", held})
	f.within("price of a set, mean", " $", p.prices.mean(), 450, 650)
	f.within("price of a set, median", " $", p.prices.median(), 330, 500)
	f.within("off list prices in Black Friday week, all sets sold, mean", " %", p.bargains.value(), 15, 22)
	f.within("orders of several pieces below $200, beside those above $1,500", " ×",
		p.cheap[1]/p.cheap[0]/(p.dear[1]/p.dear[0]), 3, none)
	desktop, mobile := p.device("Desktop"), p.device("Mobile")
	f.within("order from a desktop, beside one from a mobile", " ×", desktop/mobile, 1.2, 1.45)
}

func (y *year) device(name string) float64 {
	for text, m := range y.devices {
		if text.String() == name {
			return m.value()
		}
	}
	return math.NaN()
}

func (y *year) leadingSizes() (sizes []int64) {
	for size := range y.sizes {
		sizes = append(sizes, size)
	}
	slices.SortFunc(sizes, func(a, b int64) int {
		return cmp.Or(cmp.Compare(y.sizes[b], y.sizes[a]), cmp.Compare(a, b))
	})
	return sizes
}

func (p *portrait) placeFigures(f *figures) {
	var people float64
	for _, s := range places.States() {
		people += float64(s.Population)
	}
	orders := sum(p.orders[online]) + sum(p.orders[stores])
	var a, b []float64
	misplaced := 0.0
	for _, s := range places.States() {
		share, census := p.states[s.Code]/orders, float64(s.Population)/people
		a, b = append(a, share), append(b, census)
		misplaced += 50 * math.Abs(share-census)
	}
	f.within("states and DC with orders", "", float64(len(p.states)), 51, 51)
	f.within("orders by state: correlation with the census", "", correlation(a, b), .97, none)
	f.within("orders that are in another state than the census would have them in", " %", misplaced, math.Inf(-1), 8)
	open := 0.0
	for d, n := range p.orders[stores] {
		if n > 0 && !p.shut(stores, d) {
			open++
		}
	}
	f.within("orders of a store on an open day", "", sum(p.orders[stores])/open/float64(len(p.shops)), 20, 80)
}

func (p *portrait) paymentFigures(f *figures) {
	f.within("attempts that fail, online", " %", 100*p.failed[online]/p.events[online], 13, 15)
	f.within("attempts that fail, in stores", " %", 100*p.failed[stores]/p.events[stores], 3, 5)
	f.within(fmt.Sprintf("failures online, new customers beside returning ones, at %d events a minute", p.minutes.rate),
		" ×", p.minutes.kinds.beside("new", "returning"), 1.05, none)
	f.within(fmt.Sprintf("the same at %d events a minute", p.rates[online]), " ×", p.kinds.beside("new", "returning"),
		1.05, none)
	f.within("failures online, between midnight and six beside the day", " ×", p.kinds.beside("night", "day"), 1.05,
		none)
	f.within("failures online, amounts of $1,500 and more beside smaller ones", " ×", p.kinds.beside("dear", "usual"),
		1.05, none)
	r := &p.retries
	f.within("declines (funds, wrong details) that are followed by an attempt within ten minutes", " %",
		100*r.followed/r.declines, 30, 38)
	f.within("second attempts with another method", " %", 100*(r.otherPaid+r.otherLeft)/r.second, 50, none)
	f.within("second attempts that succeed", " %", 100*r.secondPaid/r.second, 50, none)
	f.within("suspected amounts beside all, medians", " ×", p.stolen.median()/p.amounts.median(), 2, none)
	f.within("user agents", "", float64(len(p.agents)), 60, none)
	f.within("Apple Pay or Google Pay where the browser has none", "", float64(p.wrongPays), 0, 0)
}

// popularity is the exponent of the power law of products over six weeks, and how alike their ranks are
// five weeks later, on average over the year.
func (y *year) popularity() (exponents, correlations float64) {
	var e, k mean
	for w := 0; w+6 <= y.days/7; w += 6 {
		var six, begin, end []float64
		for _, weeks := range y.sold {
			six = append(six, sum(weeks[w:w+6]))
			begin, end = append(begin, weeks[w]), append(end, weeks[w+5])
		}
		e.add(exponent(six))
		k.add(correlation(ranks(begin), ranks(end)))
	}
	return e.value(), k.value()
}

// exponent is that of the power law between rank and sales.
func exponent(sold []float64) float64 {
	slices.SortFunc(sold, func(a, b float64) int { return cmp.Compare(b, a) })
	var x, y []float64
	for i, v := range sold {
		if v > 0 {
			x, y = append(x, math.Log(float64(i+1))), append(y, math.Log(v))
		}
	}
	sx, sy := spreadOf(x), spreadOf(y)
	return -correlation(x, y) * sy.deviation() / sx.deviation()
}

func spreadOf(all []float64) (s spread) {
	for _, v := range all {
		s.add(v)
	}
	return s
}

func correlation(a, b []float64) float64 {
	sa, sb, both := spreadOf(a), spreadOf(b), 0.0
	for i := range a {
		both += (a[i] - sa.mean()) * (b[i] - sb.mean())
	}
	return both / float64(len(a)) / (sa.deviation() * sb.deviation())
}

// ranks gives equal values the mean of their ranks.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for k := i; k < j; k++ {
			ranks[order[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return ranks
}
