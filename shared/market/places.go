package market

import (
	"fmt"
	"time"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// city is a place where people buy: the largest of the contiguous United States whose
// names are not shared. Population: census of 2020. Coordinates: of the centre, in
// ten-thousandths of a degree.
type city struct {
	name, state         string
	zone                zone
	population          uint64
	latitude, longitude sale.Degrees
}

var cities = []city{
	{"New York", "NY", eastern, 8804190, 40_7128, -74_0060},
	{"Los Angeles", "CA", pacific, 3898747, 34_0522, -118_2437},
	{"Chicago", "IL", central, 2746388, 41_8781, -87_6298},
	{"Houston", "TX", central, 2304580, 29_7604, -95_3698},
	{"Phoenix", "AZ", arizona, 1608139, 33_4484, -112_0740},
	{"Philadelphia", "PA", eastern, 1603797, 39_9526, -75_1652},
	{"San Antonio", "TX", central, 1434625, 29_4241, -98_4936},
	{"San Diego", "CA", pacific, 1386932, 32_7157, -117_1611},
	{"Dallas", "TX", central, 1304379, 32_7767, -96_7970},
	{"San Jose", "CA", pacific, 1013240, 37_3382, -121_8863},
	{"Austin", "TX", central, 961855, 30_2672, -97_7431},
	{"Jacksonville", "FL", eastern, 949611, 30_3322, -81_6557},
	{"Fort Worth", "TX", central, 918915, 32_7555, -97_3308},
	{"Columbus", "OH", eastern, 905748, 39_9612, -82_9988},
	{"Indianapolis", "IN", eastern, 887642, 39_7684, -86_1581},
	{"Charlotte", "NC", eastern, 874579, 35_2271, -80_8431},
	{"San Francisco", "CA", pacific, 873965, 37_7749, -122_4194},
	{"Seattle", "WA", pacific, 737015, 47_6062, -122_3321},
	{"Denver", "CO", mountain, 715522, 39_7392, -104_9903},
	{"Washington", "DC", eastern, 689545, 38_9072, -77_0369},
	{"Nashville", "TN", central, 689447, 36_1627, -86_7816},
	{"Oklahoma City", "OK", central, 681054, 35_4676, -97_5164},
	{"El Paso", "TX", mountain, 678815, 31_7619, -106_4850},
	{"Boston", "MA", eastern, 675647, 42_3601, -71_0589},
	{"Portland", "OR", pacific, 652503, 45_5152, -122_6784},
	{"Las Vegas", "NV", pacific, 641903, 36_1699, -115_1398},
	{"Detroit", "MI", eastern, 639111, 42_3314, -83_0458},
	{"Memphis", "TN", central, 633104, 35_1495, -90_0490},
	{"Louisville", "KY", eastern, 633045, 38_2527, -85_7585},
	{"Baltimore", "MD", eastern, 585708, 39_2904, -76_6122},
	{"Milwaukee", "WI", central, 577222, 43_0389, -87_9065},
	{"Albuquerque", "NM", mountain, 564559, 35_0844, -106_6504},
	{"Tucson", "AZ", arizona, 542629, 32_2226, -110_9747},
	{"Fresno", "CA", pacific, 542107, 36_7378, -119_7871},
	{"Sacramento", "CA", pacific, 524943, 38_5816, -121_4944},
	{"Kansas City", "MO", central, 508090, 39_0997, -94_5786},
	{"Atlanta", "GA", eastern, 498715, 33_7490, -84_3880},
	{"Omaha", "NE", central, 486051, 41_2565, -95_9345},
	{"Colorado Springs", "CO", mountain, 478961, 38_8339, -104_8214},
	{"Raleigh", "NC", eastern, 467665, 35_7796, -78_6382},
	{"Long Beach", "CA", pacific, 466742, 33_7701, -118_1937},
	{"Virginia Beach", "VA", eastern, 459470, 36_8529, -75_9780},
	{"Miami", "FL", eastern, 442241, 25_7617, -80_1918},
	{"Oakland", "CA", pacific, 440646, 37_8044, -122_2712},
	{"Minneapolis", "MN", central, 429954, 44_9778, -93_2650},
	{"Tulsa", "OK", central, 413066, 36_1540, -95_9928},
	{"Tampa", "FL", eastern, 384959, 27_9506, -82_4572},
	{"Wichita", "KS", central, 397532, 37_6872, -97_3301},
	{"New Orleans", "LA", central, 383997, 29_9511, -90_0715},
	{"Cleveland", "OH", eastern, 372624, 41_4993, -81_6944},
	{"Cincinnati", "OH", eastern, 309317, 39_1031, -84_5120},
	{"Orlando", "FL", eastern, 307573, 28_5383, -81_3792},
	{"Pittsburgh", "PA", eastern, 302971, 40_4406, -79_9959},
	{"St. Louis", "MO", central, 301578, 38_6270, -90_1994},
	{"Boise", "ID", mountain, 235684, 43_6150, -116_2023},
	{"Salt Lake City", "UT", mountain, 199723, 40_7608, -111_8910},
}

// geography is where people live and shops stand.
type geography struct {
	weights []uint64 // the shares of the cities: within a zone by population
	places  []place  // the cities

	// What the cities of a zone weigh together: the clock of each need not be looked at.
	weightOfZone map[zone]uint64

	// Where the ids of a city's known customers begin; one more for the end. Those of new
	// customers are every len(cities)th from there on, newIDs for each city.
	home   []uint64
	newIDs uint64
}

func newGeography(m *Model) geography {
	g := geography{weightOfZone: make(map[zone]uint64)}
	people := make(map[int]uint64) // by offset of the zone
	for _, c := range cities {
		people[c.zone.offset] += c.population
	}
	var all, before uint64
	for _, c := range cities {
		w := zoneShare(c.zone, m) * c.population * 1000 / people[c.zone.offset]
		g.weights = append(g.weights, w)
		g.weightOfZone[c.zone] += w
		all += w
	}
	known := m.Customers.Known
	for _, w := range g.weights {
		g.home = append(g.home, before*known/all)
		before += w
	}
	g.home = append(g.home, known)
	g.newIDs = (1_000_000_000 - known) / uint64(len(cities))
	g.places = newPlaces(m)
	return g
}

// zoneShare is how many of 1000 people live in a zone. The list of the largest cities is heavier
// in the west.
func zoneShare(z zone, m *Model) uint64 {
	shares := m.Places.Zones
	switch z.offset {
	case eastern.offset:
		return shares.Eastern
	case central.offset:
		return shares.Central
	case mountain.offset:
		return shares.Mountain
	default:
		return shares.Pacific
	}
}

// place is a city as it stands in the events.
type place struct {
	name, state         sale.Text
	latitude, longitude sale.Degrees
	stretch             int64 // degrees of longitude as long as one of latitude, of 1024
	stores              []store
}

type store struct {
	id                  sale.Text // STORE-NY-01-03: state, city in the state, number
	latitude, longitude sale.Degrees
}

func newPlaces(m *Model) []place {
	all := make([]place, len(cities))
	inState := make(map[string]int)
	for i, c := range cities {
		inState[c.state]++
		p := place{name: sale.NewText(c.name), state: sale.NewText(c.state),
			latitude: c.latitude, longitude: c.longitude, stretch: stretch(c.latitude)}
		p.stores = make([]store, 1+c.population/m.Places.PeoplePerStore)
		for n := range p.stores {
			id := fmt.Sprintf("STORE-%s-%02d-%02d", c.state, inState[c.state], n+1)
			s := store{id: sale.NewText(id)}
			s.latitude, s.longitude = p.around(prng.Mix(uint64(i)<<32|uint64(n)), m.Places.Radius)
			p.stores[n] = s
		}
		all[i] = p
	}
	return all
}

// stretch is 1024/cos of a latitude from 24° to 50°, from a table for each 5°.
func stretch(latitude sale.Degrees) int64 {
	perCosine := [...]int64{1024, 1028, 1040, 1060, 1090, 1130, 1182, 1250, 1337, 1448, 1593}
	i, part := latitude/5_0000, int64(latitude%5_0000)
	return perCosine[i] + (perCosine[i+1]-perCosine[i])*part/5_0000
}

// around scatters by up to twice the radius, most within it: the sum of two even numbers.
func (p *place) around(random uint64, radius int64) (latitude, longitude sale.Degrees) {
	offset := func(bits uint64) int64 {
		return int64(bits&0xffff)*radius>>16 + int64(bits>>16&0xffff)*radius>>16 - radius
	}
	north, east := 2*offset(random), 2*offset(random>>32)
	return p.latitude + sale.Degrees(north), p.longitude + sale.Degrees(east*p.stretch/1024)
}

// citiesByHour returns the shares of the cities for each hour that a burst touches.
func (g *geography) citiesByHour(day *curve, from, to time.Time) []prng.Table {
	var tables []prng.Table
	for hour := from.Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		middle := hour.Add(30 * time.Minute)
		w := make([]uint64, len(cities))
		for i, c := range cities {
			w[i] = g.weights[i] * (day.of(c.zone.minute(middle)) + 1)
		}
		tables = append(tables, prng.NewTable(w))
	}
	return tables
}

// level is the demand of all cities at t; prng.Million is the day's average.
func (g *geography) level(day *curve, t time.Time) uint64 {
	var people, sum uint64
	for z, weight := range g.weightOfZone {
		people += weight
		sum += weight * day.of(z.minute(t))
	}
	return sum / people
}
