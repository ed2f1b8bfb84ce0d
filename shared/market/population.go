package market

import (
	"salesburst/shared/market/crowd"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// population is who buys in a channel at a rate, and where.
type population struct {
	crowd  *crowd.Crowd
	people [places.Zones]uint64 // by their clocks
	homes  []*place             // in the order of the crowd's homes
	shops  [][]shop             // of each of homes; online none
}

type shop struct {
	id                  sale.Text
	latitude, longitude sale.Degrees
}

// mostShops is more than there are of any chain. Where more would be needed, each sells more.
const mostShops = 20_000

// populationOf returns the population of a channel with so many events a minute on average over a
// year.
func (m *Market) populationOf(ch *channel, mean int) *population {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if p := ch.populations[mean]; p != nil {
		return p
	}
	p := &population{}
	orders := uint64(mean) * (ch.following.Once + ch.following.Orders) // a minute, in millionths
	var homes []crowd.Home
	add := func(i int, people uint64) {
		z := m.places[i].Zone
		p.people[z] += people
		p.homes = append(p.homes, &m.places[i])
		homes = append(homes, crowd.Home{Clock: z, People: people})
	}
	if ch.store {
		states := m.peopleOfStates()
		shops := m.shopsOf(states, orders*24*60/prng.Million)
		for _, i := range m.byClock {
			if n := shops[i]; n > 0 {
				of := states[m.places[i].State]
				add(i, of.people*uint64(n)*1000/uint64(of.shops(shops)))
				p.shops = append(p.shops, m.open(i, n))
			}
		}
	} else {
		for _, i := range m.byClock {
			add(i, m.places[i].Weight)
		}
	}
	p.crowd = crowd.New(&m.model.Customers.Figures, ch.profile, homes, orders, ch.seed)
	if len(ch.populations) > 8 { // a page may ask for one rate after the other
		clear(ch.populations)
	}
	ch.populations[mean] = p
	return p
}

// state is the places of a state.
type state struct {
	people uint64
	places []int
}

func (s *state) shops(of []int) (sum int) {
	for _, i := range s.places {
		sum += of[i]
	}
	return sum
}

func (m *Market) peopleOfStates() map[string]*state {
	all := make(map[string]*state)
	for i := range m.places {
		p := &m.places[i]
		s := all[p.State]
		if s == nil {
			s = &state{}
			all[p.State] = s
		}
		s.people += p.Weight
		s.places = append(s.places, i)
	}
	return all
}

// shopsOf returns how many shops each place has where so many orders are placed a day: one in
// each state at least, and the others where the people are.
func (m *Market) shopsOf(states map[string]*state, ordersADay uint64) []int {
	all := make([]int, len(m.places))
	var people uint64
	for _, s := range states {
		people += s.people
	}
	total := min(ordersADay/m.model.Stores.Orders, mostShops)
	for _, s := range states {
		n := max((2*total*s.people+people)/(2*people), 1)
		given := uint64(0)
		for _, i := range s.places {
			all[i] = int(n * m.places[i].Weight / s.people)
			given += uint64(all[i])
		}
		for ; given < n; given++ { // what is left goes to those that are furthest behind
			best := s.places[0]
			for _, i := range s.places {
				if m.places[i].Weight*uint64(all[best]+1) > m.places[best].Weight*uint64(all[i]+1) {
					best = i
				}
			}
			all[best]++
		}
	}
	return all
}

// open places the shops of a place.
func (m *Market) open(i, n int) []shop {
	all := make([]shop, n)
	for k := range all {
		s := &all[k]
		s.id = sale.NewText(string(m.places[i].AppendShopID(nil, k+1)))
		s.latitude, s.longitude = m.places[i].Shop(k + 1)
	}
	return all
}

// shopsIn returns the shops of a place: one at least, for those who ask for it alone.
func (m *Market) shopsIn(place int, p *population) []shop {
	for home, at := range p.homes {
		if at == &m.places[place] {
			return p.shops[home]
		}
	}
	return m.open(place, 1)
}
