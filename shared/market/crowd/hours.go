package crowd

import (
	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
	"salesburst/shared/prng"
)

// Home is a place where customers live.
type Home struct {
	Clock  places.Zone
	People uint64 // in any unit
}

// homes are the places by their clocks.
type homes struct {
	people [places.Zones]uint64
	places [places.Zones][]int32 // numbers in the list of New
	draw   [places.Zones]prng.Table
}

func newHomes(all []Home) (h homes) {
	var weights [places.Zones][]uint64
	for i, at := range all {
		if at.People == 0 {
			continue
		}
		h.people[at.Clock] += at.People
		h.places[at.Clock] = append(h.places[at.Clock], int32(i))
		weights[at.Clock] = append(weights[at.Clock], at.People)
	}
	for z, w := range weights {
		if len(w) > 0 {
			h.draw[z] = prng.NewTable(w)
		}
	}
	return h
}

// of is where a customer lives who was born when the zones had these parts of all births.
func (h *homes) of(births *[places.Zones]uint32, random uint64) (z places.Zone, home int) {
	at := uint32(random)
	for z < places.Zones-1 && at >= births[z] {
		z++
	}
	for len(h.places[z]) == 0 && z > 0 {
		z--
	}
	return z, int(h.places[z][h.draw[z].Draw(prng.Mix(random))])
}

// hours are how the births of a day are spread over its hours and over the zones, by the season of
// the clock and the day of the week.
type hours struct {
	days [2 * 7]hoursOfDay
}

type hoursOfDay struct {
	sums  [25]uint64               // Million at the day's end
	zones [24][places.Zones]uint32 // births in this zone and those before it, of 2³²−1
}

func newHours(p *calendar.Profile, homes *homes) (h hours) {
	const winter, summer = 0, 182 // days of 1970
	for _, start := range [...]calendar.Date{winter, summer} {
		for d := start; d < start+7; d++ {
			day := &h.days[kindOf(d)]
			for i := range 24 {
				var sums [places.Zones]uint64
				var sum uint64
				for z := range places.Zones {
					local, second := calendar.DateOf(z.Local(begin(d) + int64(i)*3600))
					sum += homes.people[z] * p.Hour(local, int(second/3600))
					sums[z] = sum
				}
				day.sums[i+1] = day.sums[i] + sum
				if sum == 0 { // where all are asleep, strangers come from everywhere
					for z, people := range homes.people {
						sum += people
						sums[z] = sum
					}
				}
				for z := range places.Zones {
					day.zones[i][z] = uint32(prng.MulDiv(sums[z], 1<<32-1, max(sum, 1)))
				}
			}
			if all := day.sums[24]; all > 0 {
				for i := range day.sums {
					day.sums[i] = prng.MulDiv(day.sums[i], prng.Million, all)
				}
			}
		}
	}
	return h
}

// The days of the crowd begin in the night of all zones, whatever the season, so that none of
// their hours is there twice.
const frame = 8 * 60 * 60 // behind UTC: from 22:00 in Hawaii to 4:00 on the East coast

func begin(d calendar.Date) int64 { return int64(d)*calendar.SecondsOfDay + frame }

// kindOf is which of hours.days a day is.
func kindOf(d calendar.Date) uint8 {
	noon := begin(d) + calendar.SecondsOfDay/2
	kind := uint8(d.Weekday())
	if places.Eastern.Local(noon)-places.Arizona.Local(noon) > 2*3600 {
		kind += 7
	}
	return kind
}

// before is the part of a day's births that comes before a second of it, in millionths.
func (h *hoursOfDay) before(second int64) uint64 {
	hour := second / 3600
	return h.sums[hour] + (h.sums[hour+1]-h.sums[hour])*uint64(second%3600)/3600
}
