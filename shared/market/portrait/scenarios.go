package main

import (
	"fmt"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/incidents"
	"salesburst/shared/sale"
)

// An incident of each scenario is drawn over what would be without it: so many minutes, of which it takes
// the middle ones.
const (
	scenarioMinutes = 90
	scenarioBegin   = 20
	scenarioEnd     = 70
)

// scenario is one of them: of each minute what is measured, with it and without.
type scenario struct {
	incidents.Scenario
	measure  string
	is, twin []float64
}

// minuteOf is what is counted of a minute.
type minuteOf struct {
	events, failed, completed, revenue          float64
	early, late, moved, again, damaged, nobodys float64
}

// troubled sells with an incident of each scenario.
func (s *simulation) troubled() (all []scenario, err error) {
	end := time.Date(2026, 10, 6, 19, 30, 0, 0, time.UTC)
	begin := end.Add(-scenarioMinutes * time.Minute)
	for _, of := range incidents.Scenarios() {
		f := contract.Online
		if of.Function == contract.Store.Name {
			f = contract.Store
		}
		from, to := begin.Add(scenarioBegin*time.Minute), begin.Add(scenarioEnd*time.Minute)
		plan, err := incidents.Read(fmt.Appendf(nil, `{"incidents":[{"scenario":%q,"from":%q,"to":%q,`+
			`"ramp":"15m","decay":"15m"}]}`, of.Name, from.Format(time.RFC3339), to.Format(time.RFC3339)))
		if err != nil {
			return nil, err
		}
		b, err := burst.New(s.market, burst.Request{
			Channel: f.Channel, Origin: "portrait", At: end, Over: end.Sub(begin), Mean: s.rate, Incidents: plan,
		})
		if err != nil {
			return nil, err
		}
		one := scenario{Scenario: of, measure: "events a minute"}
		if name := measures[of.Name].name; name != "" {
			one.measure = name
		}
		for _, m := range minutesOf(b, begin) {
			one.is = append(one.is, measured(of.Name, m))
		}
		for _, m := range minutesOf(b.Twin(), begin) {
			one.twin = append(one.twin, measured(of.Name, m))
		}
		all = append(all, one)
	}
	return all, nil
}

// measures are what shows a scenario best, where that is not the number of events.
var measures = map[string]struct {
	name string
	of   func(m minuteOf) float64
}{
	"payment-outage":     {"attempts that fail, %", failedShare},
	"store-network-down": {"attempts that fail, %", failedShare},
	"slow-checkout":      {"attempts that fail, %", failedShare},
	"bot-traffic":        {"attempts that fail, %", failedShare},
	"fraud-wave":         {"attempts that fail, %", failedShare},
	"price-error":        {"a completed sale, $", perSale},
	"promo-code-leak":    {"a completed sale, $", perSale},

	"late-events":  {"more than a minute late, %", func(m minuteOf) float64 { return ofAll(m.late, m) }},
	"out-of-order": {"after others that were later, %", func(m minuteOf) float64 { return ofAll(m.moved, m) }},
	"duplicates":   {"records that come twice, %", func(m minuteOf) float64 { return ofAll(m.again, m) }},
	"malformed":    {"records that are no events, %", func(m minuteOf) float64 { return ofAll(m.damaged, m) }},
	"schema-drift": {"with another name for a field, %", func(m minuteOf) float64 { return ofAll(m.damaged, m) }},
	"clock-skew":   {"ahead of their time, %", func(m minuteOf) float64 { return ofAll(m.early, m) }},
	"hot-key":      {"of the same key, %", func(m minuteOf) float64 { return ofAll(m.nobodys, m) }},
}

func ofAll(n float64, of minuteOf) float64 { return 100 * n / max(of.events, 1) }

func failedShare(m minuteOf) float64 { return ofAll(m.failed, m) }
func perSale(m minuteOf) float64     { return m.revenue / max(m.completed, 1) }

func measured(name string, m minuteOf) float64 {
	if of := measures[name].of; of != nil {
		return of(m)
	}
	return m.events
}

func minutesOf(b *burst.Burst, begin time.Time) []minuteOf {
	all := make([]minuteOf, scenarioMinutes)
	var e sale.Sale
	for i := range b.Len() {
		b.At(i, &e)
		m := &all[min(int(e.Delivered().Time().Sub(begin)/time.Minute), scenarioMinutes-1)]
		m.events++
		for of, is := range map[*float64]bool{
			&m.early: e.Timestamp > e.Delivered(), &m.late: e.Timestamp < e.Delivered()-60_000,
			&m.moved: e.Delivery.Moved, &m.again: e.Delivery.Again != 0, &m.damaged: e.Delivery.Damage != sale.Intact,
			&m.nobodys: e.CustomerID == 0,
		} {
			if is {
				*of++
			}
		}
		if e.Status == sale.Completed {
			m.completed++
			m.revenue += float64(e.TotalAmount) / 100
		} else {
			m.failed++
		}
	}
	return all
}

// scenariosPicture is the name of its file.
const scenariosPicture = "scenarios.svg"

func (p *portrait) drawScenarios() *canvas {
	const across, high = 3, 190
	down := (len(p.scenarios) + across - 1) / across
	c := newCanvas(90+down*high, fmt.Sprintf("%d ways to go wrong, beside what would have been", len(p.scenarios)),
		fmt.Sprintf("%d minutes of a Tuesday afternoon at %d events a minute on average; each incident rises in "+
			"15 minutes, and fades in 15",
			scenarioMinutes, p.minutes.rate))
	c.key(width-230, 30, red, "with the incident")
	c.key(width-90, 30, muted, "its twin")
	for i, s := range p.scenarios {
		x, y := float64(i%across)*(width-40)/across+20, float64(70+i/across*high)
		most := 0.0
		for m := range s.is {
			most = max(most, s.is[m], s.twin[m])
		}
		most = roundUp(most)
		f := &frame{canvas: c, left: x + 40, top: y + 50, right: x + (width-40)/across - 16, bottom: y + high - 30,
			x1: scenarioMinutes - 1, y1: most}
		c.text(x+40, y+18, s.Name, 13, ink, left)
		f.rule(s.measure, even(0, most, 2), plain)
		f.curve(s.twin, muted, 1)
		f.curve(s.is, red, 1.5)
		for _, m := range []int{0, 30, 60, 89} {
			f.mark(float64(m), fmt.Sprintf("%d", m+m/89))
		}
	}
	return c
}
