package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"salesburst/shared/market/calendar"
)

// draw writes all pictures into a folder.
func (p *portrait) draw(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, picture := range []struct {
		name string
		draw func() *canvas
	}{
		{"year.svg", p.drawYear}, {"week.svg", p.drawWeek}, {"minutes.svg", p.drawMinutes},
		{"goods.svg", p.drawGoods}, {"customers.svg", p.drawCustomers}, {"cohorts.svg", p.drawCohorts},
		{"map.svg", p.drawMap}, {"retries.svg", p.drawRetries},
		{scenariosPicture, p.drawScenarios},
	} {
		if err := picture.draw().save(folder, picture.name); err != nil {
			return err
		}
	}
	return nil
}

func (p *portrait) drawYear() *canvas {
	c := newCanvas(380, fmt.Sprintf("A year of orders: the shopping seasons of %d", p.first.Year()),
		fmt.Sprintf("orders per day by the buyer's calendar, at %d events a minute online and %d in stores on average",
			p.rates[online], p.rates[stores]))
	most := roundUp(1.04 * slices.Max(p.orders[online]))
	f := &frame{canvas: c, left: 70, top: 90, right: width - 30, bottom: 325, x1: float64(max(p.days-1, 1)), y1: most}
	f.rule("orders a day", even(0, most, 5), thousands)
	first := time.Date(p.first.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	for m := range 12 {
		if d := first.AddDate(0, m, 14).YearDay() - 1; d < p.days {
			f.mark(float64(d), first.AddDate(0, m, 0).Format("Jan"))
		}
	}
	names := map[string]string{calendar.SuperBowl: "Super Bowl", calendar.MemorialDay: "Memorial Day",
		calendar.SummerSale: "July sale", calendar.LaborDay: "Labor Day", calendar.BlackFriday: "Black Friday",
		calendar.Advent: "December", calendar.IndependenceDay: "July 4",
		calendar.ChristmasDays: "Christmas"}
	f.curve(p.orders[online], blue, 1.5)
	f.curve(p.orders[stores], amber, 1.5)
	for _, s := range calendar.SeasonsOf(p.first.Year()) {
		from, to := int(s.From-p.first), int(s.To-p.first)
		if names[s.Name] == "" || from < 0 || to >= p.days {
			continue
		}
		high := slices.Max(p.orders[online][from : to+1])
		x, a := f.x(float64(from+to)/2), middle
		switch s.Name {
		case calendar.BlackFriday:
			x, a = f.x(float64(from)), right
		case calendar.IndependenceDay:
			x = f.x(float64(from)) - 6
			high = -1
		case calendar.Advent:
			x += 14
		case calendar.ChristmasDays:
			high, x, a = 1.8*p.orders[online][to], f.x(float64(from))-8, right
		}
		y := f.y(high) - 8
		if high < 0 {
			y = f.y(slices.Min(p.orders[online][from:to+1])) + 11
		}
		f.text(x, y, names[s.Name], 11, ink, a)
	}
	c.key(width-190, 30, blue, "online")
	c.key(width-110, 30, amber, "in stores")
	f.below("month")
	return c
}

func (p *portrait) drawWeek() *canvas {
	c := newCanvas(370, "People shop online in the evening too, and in stores on Saturday",
		"left: orders by the hour of the buyer's clock, 100 is an average hour; right: by day, outside of the seasons")
	f := &frame{canvas: c, left: 60, top: 100, right: 450, bottom: 310, x1: 24}
	var hours [channels][]float64
	for ch := range channels {
		all := sum(p.hours[ch][:])
		for _, n := range p.hours[ch] {
			hours[ch] = append(hours[ch], 2400*n/max(all, 1))
		}
		f.y1 = max(f.y1, roundUp(slices.Max(hours[ch])))
	}
	f.rule("index, 100 = average hour", even(0, f.y1, 5), plain)
	for ch, color := range [channels]string{blue, amber} {
		var points []point
		for h, v := range hours[ch] {
			points = append(points, point{f.x(float64(h)), f.y(v)}, point{f.x(float64(h + 1)), f.y(v)})
		}
		f.line(points, color, 2)
	}
	for h := 0; h <= 24; h += 4 {
		f.mark(float64(h), fmt.Sprintf("%02d:00", h%24))
	}
	f.below("local time")

	g := &frame{canvas: c, left: 520, top: 100, right: width - 30, bottom: 310, x1: 7, y1: 150}
	g.rule("index, 100 = average day", even(0, 150, 3), plain)
	for ch, color := range [channels]string{blue, amber} {
		_, days := p.ordinary(ch)
		var all mean
		for _, m := range days {
			if m.n > 0 {
				all.add(m.value())
			}
		}
		for d := range 7 {
			if m := days[(d+1)%7]; m.n > 0 { // from Monday on
				from := float64(d) + .12 + .38*float64(ch)
				g.bar(from, from+.36, 100*m.value()/all.value(), color)
			}
		}
	}
	for d := range 7 {
		g.mark(float64(d)+.5, time.Weekday((d + 1) % 7).String()[:3])
	}
	g.below("day of the week")
	c.key(width-190, 30, blue, "online")
	c.key(width-110, 30, amber, "in stores")
	return c
}

func (p *portrait) drawMinutes() *canvas {
	m := p.minutes
	ratio, next := m.noise()
	c := newCanvas(380, "Minutes wander: weather, news and moods last longer than a minute",
		fmt.Sprintf("events a minute online, ten hours of %s; variance %.1f times that of chance, correlation with "+
			"the minute before %.2f", m.from.Format("2 January 2006"), ratio, next))
	const first, length = 14 * 60, 10 * 60
	counts, expects := m.counts[first:first+length], m.expects[first:first+length]
	least := math.Floor(slices.Min(counts)/200) * 200
	most := math.Ceil(slices.Max(counts)/200) * 200
	f := &frame{canvas: c, left: 70, top: 95, right: width - 30, bottom: 325, x1: length, y0: least, y1: most}
	f.rule("events a minute", even(least, most, max(round((most-least)/200), 1)), plain)
	var upper, lower []point
	for i, e := range expects {
		upper = append(upper, point{f.x(float64(i)), f.y(e + 1.96*math.Sqrt(e))})
		lower = append(lower, point{f.x(float64(i)), f.y(e - 1.96*math.Sqrt(e))})
	}
	slices.Reverse(lower)
	f.area(append(upper, lower...), blue, .22)
	f.curve(counts, ink, 1)
	f.curve(expects, blue, 2)
	for i := 0; i <= length; i += 60 {
		f.mark(float64(i), m.from.Add(time.Duration(first+i)*time.Minute).Format("15:04"))
	}
	f.below("time, UTC")
	c.key(400, 78, pale, "where 95 % would be by chance alone")
	c.key(690, 78, ink, "what was sold")
	return c
}

func (p *portrait) drawGoods() *canvas {
	c := newCanvas(370, "Sets of 55 and 65 inches lead, and most cost less than $500",
		fmt.Sprintf("orders of the year by size of the screen, and by the price of a set: mean $%.0f, median $%.0f",
			p.prices.mean(), p.prices.median()))
	sizes := p.leadingSizes()
	all := sum(p.orders[online]) + sum(p.orders[stores])
	const shown = 14
	sizes = sizes[:min(shown, len(sizes))]
	slices.Sort(sizes)
	f := &frame{canvas: c, left: 60, top: 100, right: 420, bottom: 310, x1: float64(len(sizes))}
	for _, size := range sizes {
		f.y1 = max(f.y1, roundUp(100*p.sizes[size]/all))
	}
	f.rule("of all orders", even(0, f.y1, 4), percent)
	for i, size := range sizes {
		color := blue
		if size == 55 || size == 65 {
			color = amber
		}
		f.bar(float64(i)+.15, float64(i)+.85, 100*p.sizes[size]/all, color)
		f.mark(float64(i)+.5, fmt.Sprint(size))
	}
	f.below(fmt.Sprintf("inches, the %d sizes that sell most", len(sizes)))

	prices := p.prices.classes(100, 26)
	g := &frame{canvas: c, left: 490, top: 100, right: width - 30, bottom: 310, x1: 26, y1: roundUp(slices.Max(prices))}
	g.rule("of all orders", even(0, g.y1, 4), percent)
	for i, v := range prices {
		g.bar(float64(i)+.08, float64(i)+.92, v, blue)
	}
	for i := 0; i <= 20; i += 5 {
		g.mark(float64(i), fmt.Sprintf("$%d", 100*i))
	}
	g.mark(25.3, "$2500+")
	g.below("price of a set, classes of $100")
	x := g.x(p.prices.median() / 100)
	g.line([]point{{x, g.top}, {x, g.bottom}}, red, 1)
	g.text(x+6, g.top+8, "median", 11, red, left)
	return c
}
