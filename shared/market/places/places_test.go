package places_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"salesburst/shared/market/places"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

func TestEveryStateHasPlaces(t *testing.T) {
	states := places.States()
	cities := make(map[string]int)
	for _, p := range places.All() {
		cities[p.State]++
	}
	var people uint64
	for _, s := range states {
		if cities[s.Code] < 2 && s.Code != "DC" || cities[s.Code] == 0 {
			t.Errorf("%s has %d cities", s.Code, cities[s.Code])
		}
		people += s.Population
		delete(cities, s.Code)
	}
	if len(states) != 51 || len(cities) > 0 {
		t.Errorf("%d states, and cities in %v", len(states), slices.Collect(maps.Keys(cities)))
	}
	if people != 331_449_281 { // census of 2020, the apportionment's resident population
		t.Errorf("%d people in all states", people)
	}
}

func TestPlacesAreTheLargestWithTheirOwnNames(t *testing.T) {
	all := places.All()
	if len(all) < 220 {
		t.Errorf("%d places", len(all))
	}
	names, numbers := make(map[string]bool), make(map[string]int)
	for i, p := range all {
		if names[p.Name] {
			t.Errorf("%s is there twice", p.Name)
		}
		names[p.Name] = true
		numbers[p.State]++
		if p.Number != numbers[p.State] {
			t.Errorf("%s is number %d of %s, want %d", p.Name, p.Number, p.State, numbers[p.State])
		}
		if i > 0 && p.Population > all[i-1].Population {
			t.Errorf("%s is behind %s", p.Name, all[i-1].Name)
		}
	}
	for _, name := range []string{"New York", "Washington", "St. Louis", "Portland", "Kansas City", "Columbus"} {
		if !names[name] {
			t.Errorf("%s is missing", name)
		}
	}
	all[0].Name = "changed"
	if places.All()[0].Name != "New York" {
		t.Error("a caller has changed the places of all")
	}
}

// What is sold in a state follows the census: the shares of the places' weights are the states'.
func TestWeightsFollowTheCensus(t *testing.T) {
	weights := make(map[string]float64)
	var all, people float64
	for _, p := range places.All() {
		weights[p.State] += float64(p.Weight)
		all += float64(p.Weight)
	}
	for _, s := range places.States() {
		people += float64(s.Population)
	}
	var misplaced float64
	for _, s := range places.States() {
		misplaced += math.Abs(weights[s.Code]/all-float64(s.Population)/people) / 2
	}
	if misplaced > 0.0001 {
		t.Errorf("%.4f %% of the sales are in the wrong state", 100*misplaced)
	}
	// Within a state the cities share by their population.
	of := make(map[string]places.Place)
	for _, p := range places.All() {
		of[p.Name] = p
	}
	got := float64(of["Los Angeles"].Weight) / float64(of["San Diego"].Weight)
	if want := float64(of["Los Angeles"].Population) / float64(of["San Diego"].Population); math.Abs(got-want) > 0.001 {
		t.Errorf("Los Angeles has %.3f times the weight of San Diego, want %.3f", got, want)
	}
}

// metres is how far a point is from the centre of a place.
func metres(p *places.Place, latitude, longitude sale.Degrees) float64 {
	const ofUnit = 40_008_000. / 360 / 10_000 // of latitude
	north := float64(latitude-p.Latitude) * ofUnit
	east := float64(longitude-p.Longitude) * ofUnit * math.Cos(float64(p.Latitude)/10_000*math.Pi/180)
	return math.Hypot(north, east)
}

func TestRadiusFollowsThePopulation(t *testing.T) {
	for _, p := range places.All() {
		if r := p.Radius(); r < 2_500 || r > 20_000 {
			t.Errorf("%s: %d m", p.Name, r)
		}
	}
	if p := places.All()[0]; p.Radius() != 20_000 {
		t.Errorf("%s: %d m", p.Name, p.Radius())
	}
}

func TestScatterStaysAroundTheCentre(t *testing.T) {
	r := prng.New(1, 2)
	const draws = 500
	near := 0
	for _, p := range places.All() {
		radius := 1.01 * float64(p.Radius()) // 1 %: the Earth is not round
		within := 0
		for range draws {
			latitude, longitude := p.Scatter(r.Next())
			far := metres(&p, latitude, longitude)
			if far > radius {
				t.Fatalf("%s: a customer lives %.0f m from the centre, want %.0f at most", p.Name, far, radius)
			}
			if far < radius/2 {
				within++
			}
		}
		// Half the radius has a quarter of the land: spread evenly, 25 % would live there. A centre
		// beside water has less land around it than the suburbs have.
		if 100*within < 30*draws {
			t.Errorf("%s: %d %% live in the inner quarter", p.Name, 100*within/draws)
		}
		near += within
	}
	if share := 100 * near / draws / len(places.All()); share < 50 || share > 70 {
		t.Errorf("%d %% live in the inner quarter of their city's surroundings", share)
	}
}

// The same points on every platform. New ones are wanted only if a table or the lines change.
func TestScatterIsReproducible(t *testing.T) {
	var got []string
	for _, p := range places.All() {
		if slices.Contains([]string{"New York", "Virginia Beach", "Honolulu", "Juneau", "Rutland"}, p.Name) {
			for _, random := range []uint64{0, 0x0123456789abcdef, math.MaxUint64} {
				latitude, longitude := p.Scatter(random)
				got = append(got, fmt.Sprintf("%s %d %d", p.Name, latitude, longitude))
			}
			latitude, longitude := p.Shop(99_999)
			got = append(got, fmt.Sprintf("%s %d %d", p.AppendShopID(nil, 99_999), latitude, longitude))
		}
	}
	want := []string{
		"New York 407639 -738779", "New York 406163 -741432", "New York 405832 -739261", "STORE-NY-01-99999 405947 -741071",
		"Virginia Beach 368389 -760244", "Virginia Beach 368737 -760331", "Virginia Beach 368379 -759793", "STORE-VA-01-99999 368858 -760284",
		"Honolulu 213225 -1578264", "Honolulu 213080 -1578491", "Honolulu 213272 -1578062", "STORE-HI-01-99999 213299 -1578370",
		"Juneau 583084 -1343961", "Juneau 583097 -1344514", "Juneau 583103 -1343812", "STORE-AK-03-99999 583005 -1344167",
		"Rutland 436169 -729559", "Rutland 436182 -729951", "Rutland 435944 -729622", "STORE-VT-03-99999 436004 -729772",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestShopsHaveTheirOwnPlaces(t *testing.T) {
	type spot struct{ latitude, longitude sale.Degrees }
	for _, p := range places.All() {
		seen := make(map[spot]bool)
		for number := 1; number <= 20; number++ {
			var s spot
			s.latitude, s.longitude = p.Shop(number)
			if again := (spot{}); seen[s] {
				t.Errorf("%s: two shops at %v", p.Name, s)
			} else if again.latitude, again.longitude = p.Shop(number); again != s {
				t.Errorf("%s: shop %d has moved from %v to %v", p.Name, number, s, again)
			}
			seen[s] = true
		}
	}
	p := places.All()[2] // Chicago
	for number, want := range map[int]string{3: "STORE-IL-01-03", 42: "STORE-IL-01-42", 99_999: "STORE-IL-01-99999"} {
		if got := string(p.AppendShopID(nil, number)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestScatterDoesNotAllocate(t *testing.T) {
	all := places.All()
	r := prng.New(1, 1)
	id, hours := make([]byte, 0, 32), 0
	n := testing.AllocsPerRun(1000, func() {
		p := &all[r.Below(uint64(len(all)))]
		p.Scatter(r.Next())
		p.Shop(7)
		id = p.AppendShopID(id[:0], 7)
		hours += places.HourOf(p.Zone.Local(1_800_000_000))
	})
	if n != 0 || hours == 0 {
		t.Errorf("%.1f allocations, and %d hours", n, hours)
	}
}

func BenchmarkScatter(b *testing.B) {
	all := places.All()
	r := prng.New(1, 1)
	b.Run("New York", func(b *testing.B) {
		for b.Loop() {
			all[0].Scatter(r.Next())
		}
	})
	b.Run("all", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			all[i%len(all)].Scatter(r.Next())
		}
	})
}

func BenchmarkShop(b *testing.B) {
	all := places.All()
	for i := 0; b.Loop(); i++ {
		all[0].Shop(i)
	}
}

func BenchmarkAll(b *testing.B) {
	for b.Loop() {
		places.All()
	}
}
