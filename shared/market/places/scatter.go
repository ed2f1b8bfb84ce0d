package places

import (
	_ "embed"
	"math/bits"
	"strconv"

	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// land is where people can be around a place: a grid of cells, a bit for each. A cell is 2^cellBits
// ten-thousandths of a degree high and wide, and starts at a multiple of that. Its bit is set if
// all of it is land, of the place's state, and within the radius.
type land struct {
	south, west   int32  // the first row and column, counted in cells from 0° and 0°
	rows, columns uint16 // of the grid
	cells         uint32 // whose bit is set
	at            uint32 // the byte of masks with the first cells

	radius      uint32 // in metres
	north, east uint16 // the radius in ten-thousandths of a degree of latitude and of longitude
}

const cellBits = 5 // 0.0032°: 356 m from south to north

// masks has the cells of all places, each from south to north and in a row from west to east,
// the first in the lowest bit of a byte.
//
//go:embed masks.bin
var masks string

func (l *land) isSet(cell uint32) bool {
	return masks[l.at+cell>>3]>>(cell&7)&1 != 0
}

// holds tells whether a point is in a cell whose bit is set.
func (l *land) holds(latitude, longitude sale.Degrees) bool {
	row := uint32(int32(latitude)>>cellBits - l.south)
	column := uint32(int32(longitude)>>cellBits - l.west)
	return row < uint32(l.rows) && column < uint32(l.columns) && l.isSet(row*uint32(l.columns)+column)
}

// nth returns the south-west corner of the nth of the cells that are set.
func (l *land) nth(n uint32) (latitude, longitude sale.Degrees) {
	at := l.at
	for {
		here := uint32(bits.OnesCount8(masks[at]))
		if n < here {
			break
		}
		n -= here
		at++
	}
	b := masks[at]
	for ; n > 0; n-- {
		b &= b - 1
	}
	cell := (at-l.at)<<3 + uint32(bits.TrailingZeros8(b))
	row, column := int32(cell/uint32(l.columns)), int32(cell%uint32(l.columns))
	return sale.Degrees((l.south + row) << cellBits), sale.Degrees((l.west + column) << cellBits)
}

// tries are the points that are drawn around the centre before any cell will do. Where half of the
// surroundings is water, one of a thousand points needs more.
const tries = 10

// Scatter returns the point for 64 random bits where a customer of the place lives: on land, in the
// place's state, within its radius, and mostly near its centre.
func (p *Place) Scatter(random uint64) (latitude, longitude sale.Degrees) {
	next := prng.Rand(random)
	for range tries {
		latitude = p.Latitude + offset(random, p.land.north)
		longitude = p.Longitude + offset(random>>32, p.land.east)
		if p.land.holds(latitude, longitude) {
			return latitude, longitude
		}
		random = next.Next()
	}
	latitude, longitude = p.land.nth(uint32(random >> 32 * uint64(p.land.cells) >> 32))
	const inCell = 1<<cellBits - 1
	return latitude + sale.Degrees(random&inCell), longitude + sale.Degrees(random>>cellBits&inCell)
}

// offset makes of 32 random bits a way from the centre, up to the radius to either side: the sum
// of two even numbers.
func offset(random uint64, radius uint16) sale.Degrees {
	sum := int64(random&0xffff) + int64(random>>16&0xffff)
	return sale.Degrees(sum*int64(radius)>>16) - sale.Degrees(radius)
}

// Shop returns where a shop of the place stands: on land, in the place's state, within its radius.
// There are as many shops as the caller wants, and each stays where it is whatever their number.
func (p *Place) Shop(number int) (latitude, longitude sale.Degrees) {
	const offsetBasis, prime = 0xcbf29ce484222325, 0x100000001b3 // FNV-1a
	hash := uint64(offsetBasis)
	for _, text := range [...]string{p.State, p.Name} {
		for i := range len(text) {
			hash = (hash ^ uint64(text[i])) * prime
		}
	}
	shop := prng.New(hash, uint64(number))
	return p.Scatter(shop.Next())
}

// AppendShopID appends the id of a shop, as in STORE-NY-01-03: the state, the place's number in
// it, and the shop's, from 1, with two digits or as many as they have.
func (p *Place) AppendShopID(b []byte, number int) []byte {
	b = append(append(append(b, "STORE-"...), p.State...), '-')
	b = appendTwo(b, p.Number)
	return appendTwo(append(b, '-'), number)
}

func appendTwo(b []byte, n int) []byte {
	if n < 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, int64(n), 10)
}
