package places

import (
	"math/bits"
	"testing"

	"salesburst/shared/sale"
)

// Each cell of land can be drawn, in order and once, and all of them are the bits of the place.
func TestEachCellHasItsNumber(t *testing.T) {
	end := uint32(0)
	for i := range table {
		p := &table[i]
		l := &p.land
		if l.at != end {
			t.Fatalf("%s: its masks begin at %d, want %d", p.Name, l.at, end)
		}
		end += (uint32(l.rows)*uint32(l.columns) + 7) / 8
		set := 0
		for _, b := range []byte(masks[l.at:end]) {
			set += bits.OnesCount8(b)
		}
		if set != int(l.cells) || set < 40 {
			t.Errorf("%s: %d bits are set, want %d and 40 at least", p.Name, set, l.cells)
		}
		before := int64(-1)
		for n := range l.cells {
			latitude, longitude := l.nth(n)
			row, column := int64(latitude>>cellBits)-int64(l.south), int64(longitude>>cellBits)-int64(l.west)
			cell := row*int64(l.columns) + column
			const last = 1<<cellBits - 1
			if cell <= before || !l.holds(latitude, longitude) || !l.holds(latitude+last, longitude+last) {
				t.Fatalf("%s: cell %d of %d is number %d, behind number %d", p.Name, n, l.cells, cell, before)
			}
			before = cell
		}
	}
	if int(end) != len(masks) {
		t.Errorf("%d bytes of masks, want %d", len(masks), end)
	}
}

// Beyond the grid there is no land.
func TestNoLandBeyondTheGrid(t *testing.T) {
	for i := range table {
		l := &table[i].land
		south, west := sale.Degrees(l.south<<cellBits), sale.Degrees(l.west<<cellBits)
		north, east := south+sale.Degrees(l.rows)<<cellBits, west+sale.Degrees(l.columns)<<cellBits
		for latitude := south - 1; latitude <= north; latitude++ {
			if l.holds(latitude, west-1) || l.holds(latitude, east) {
				t.Fatalf("%s: land at %d, beside its grid", table[i].Name, latitude)
			}
		}
		for longitude := west - 1; longitude <= east; longitude++ {
			if l.holds(south-1, longitude) || l.holds(north, longitude) {
				t.Fatalf("%s: land at %d, above or below its grid", table[i].Name, longitude)
			}
		}
	}
}

// Where the first points drawn are in the water, a cell on land is drawn in their place.
func TestAnyCellWillDoWhereTheCentreIsWater(t *testing.T) {
	p := table[0]
	p.Latitude, p.Longitude = 0, 0 // far from its land
	var corners [2][2]bool
	for random := range uint64(1000) {
		latitude, longitude := p.Scatter(random << 54)
		if !p.land.holds(latitude, longitude) {
			t.Fatalf("%d, %d is no land", latitude, longitude)
		}
		corners[latitude>>(cellBits-1)&1][longitude>>(cellBits-1)&1] = true
	}
	if corners != [2][2]bool{{true, true}, {true, true}} {
		t.Errorf("not all of a cell is lived in: %v", corners)
	}
}
