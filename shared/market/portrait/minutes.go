package main

import (
	"math"
	"time"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// minutes are the counts of minutes online, beside what the calendar says.
type minutes struct {
	from            time.Time
	rate            int // events that are asked for
	counts, expects []float64
	gaps            float64 // coefficient of variation inside of a minute
	kinds           kinds
}

// look sells minutes of ordinary days.
func (s *simulation) look() (*minutes, error) {
	m := &minutes{from: s.quarter.Add(6 * day), rate: s.rate, kinds: make(kinds)} // a Tuesday
	length := time.Duration(s.minutes) * day
	c, err := s.conditions(online, s.rate, m.from, length)
	if err != nil {
		return nil, err
	}
	for t := m.from; t.Before(m.from.Add(length)); t = t.Add(time.Minute) {
		m.expects = append(m.expects, float64(s.rate)*float64(c.Expected(t))/prng.Million)
	}
	m.counts = make([]float64, len(m.expects))
	first, last := sale.TimeOf(m.from), sale.Time(0)
	var gap spread
	var gaps mean
	at := 0
	for d := range s.minutes {
		err := s.sell(online, s.rate, m.from.Add(time.Duration(d)*day), day, day, func(e *sale.Sale) error {
			i := int(e.Timestamp-first) / 60_000
			m.counts[i]++
			m.kinds.see(e, e.CustomerType.String())
			if i != at {
				if gap.n > 100 {
					gaps.add(gap.deviation() / gap.mean())
				}
				at, gap = i, spread{}
			} else if last > 0 {
				gap.add(float64(e.Timestamp - last))
			}
			last = e.Timestamp
			return nil
		})
		if err != nil {
			return nil, err
		}
		s.step(10)
	}
	m.gaps = gaps.value()
	return m, nil
}

// noise is how many times a minute varies as chance alone would, and how alike the minute after it is,
// of minutes with about as many events as are asked for.
func (m *minutes) noise() (ratio, correlation float64) {
	var all, next mean
	for i := range m.counts {
		if math.Abs(m.expects[i]/float64(m.rate)-1) > .25 {
			continue
		}
		z := m.score(i)
		if all.add(z * z); i > 0 {
			next.add(z * m.score(i-1))
		}
	}
	return all.value(), next.value() / all.value()
}

// score is how many standard deviations of chance a minute is off.
func (m *minutes) score(i int) float64 { return (m.counts[i] - m.expects[i]) / math.Sqrt(m.expects[i]) }

// mean is an average.
type mean struct{ n, sum float64 }

func (m *mean) add(v float64)  { m.n, m.sum = m.n+1, m.sum+v }
func (m *mean) value() float64 { return m.sum / m.n }

// spread is an average with its standard deviation.
type spread struct{ n, sum, squares float64 }

func (s *spread) add(v float64) { s.n, s.sum, s.squares = s.n+1, s.sum+v, s.squares+v*v }
func (s *spread) mean() float64 { return s.sum / s.n }
func (s *spread) deviation() float64 {
	return math.Sqrt(max(0, s.squares/s.n-s.mean()*s.mean()))
}
