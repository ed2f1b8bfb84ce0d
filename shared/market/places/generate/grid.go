package main

import (
	"fmt"
	"math"
	"slices"
)

// land is as in package places.
type land struct {
	South, West, Rows, Columns, Cells, At, Radius, North, East int

	bits []byte
}

const (
	cellSize = 32 // ten-thousandths of a degree, as in package places
	margin   = 1  // around a cell: a point stands for what is rounded to it, and twice that
	leastOf  = 40 // cells that a place must have
)

// radius is how far the surroundings of a city reach, in metres: 3 km for 50,000 people and 20 km
// for New York. Their area grows a little slower than the population, as cities become denser.
func radius(population int) float64 {
	exponent := math.Log(20_000./3_000) / math.Log(8_804_190./50_000)
	return max(2_500, 3_000*math.Pow(float64(population)/50_000, exponent))
}

// metresPerUnit is the length of a ten-thousandth of a degree of latitude.
const metresPerUnit = 11.12

// landAround finds the cells around a city that are wholly on land, in its state, and within its
// radius.
func landAround(c *city, rings []ring, water []box) (land, error) {
	metres := radius(c.Population)
	north := metres / metresPerUnit
	east := north / math.Cos(float64(c.Latitude)/10_000*math.Pi/180)
	l := land{Radius: int(metres), North: int(north), East: int(east)}
	if l.North > math.MaxUint16 || l.East > math.MaxUint16 {
		return land{}, fmt.Errorf("%s is too large", c.Name)
	}
	g := newGrid(c, l)
	g.round(point{float64(c.Longitude), float64(c.Latitude)}, float64(l.East), float64(l.North))
	g.inside(rings)
	for _, r := range rings {
		for i := range r {
			g.cross(r[i], r[(i+1)%len(r)])
		}
	}
	for _, w := range water {
		g.clear(w)
	}
	g.pack(&l)
	if l.Cells < leastOf {
		return land{}, fmt.Errorf("%s, %s: %d cells of land are too few", c.Name, c.State, l.Cells)
	}
	return l, nil
}

// grid are cells, those in south and west first.
type grid struct {
	south, west, rows, columns int
	set                        []bool
}

func newGrid(c *city, l land) *grid {
	g := &grid{south: floor(c.Latitude - l.North), west: floor(c.Longitude - l.East)}
	g.rows = floor(c.Latitude+l.North) - g.south + 1
	g.columns = floor(c.Longitude+l.East) - g.west + 1
	g.set = slices.Repeat([]bool{true}, g.rows*g.columns)
	return g
}

// floor is the cell of a coordinate.
func floor(units int) int { return int(math.Floor(float64(units) / cellSize)) }

// rectangle is a cell with the margin around it.
func (g *grid) rectangle(row, column int) (low, high point) {
	x, y := float64((g.west+column)*cellSize), float64((g.south+row)*cellSize)
	return point{x - margin, y - margin}, point{x + cellSize - 1 + margin, y + cellSize - 1 + margin}
}

func (g *grid) each(do func(cell int, low, high point)) {
	for i := range g.set {
		low, high := g.rectangle(i/g.columns, i%g.columns)
		do(i, low, high)
	}
}

// round takes cells away that reach out of an ellipse.
func (g *grid) round(centre point, east, north float64) {
	g.each(func(cell int, low, high point) {
		x := max(math.Abs(low.x-centre.x), math.Abs(high.x-centre.x)) / east
		y := max(math.Abs(low.y-centre.y), math.Abs(high.y-centre.y)) / north
		if x*x+y*y > 1 {
			g.set[cell] = false
		}
	})
}

// inside takes cells away whose middle is outside of the rings: from the west, it is behind an
// even number of lines.
func (g *grid) inside(rings []ring) {
	for row := range g.rows {
		low, high := g.rectangle(row, 0)
		middle := (low.y + high.y) / 2
		var crossings []float64
		for _, r := range rings {
			for i, a := range r {
				b := r[(i+1)%len(r)]
				if (a.y > middle) != (b.y > middle) {
					crossings = append(crossings, a.x+(middle-a.y)/(b.y-a.y)*(b.x-a.x))
				}
			}
		}
		slices.Sort(crossings)
		for column := range g.columns {
			low, high := g.rectangle(row, column)
			behind, _ := slices.BinarySearch(crossings, (low.x+high.x)/2)
			if behind%2 == 0 {
				g.set[row*g.columns+column] = false
			}
		}
	}
}

// apart tells whether the box that has a and b in opposite corners is outside of another one.
func apart(a, b, low, high point) bool {
	return max(a.x, b.x) < low.x || min(a.x, b.x) > high.x || max(a.y, b.y) < low.y || min(a.y, b.y) > high.y
}

// cross takes cells away that a line touches: its box does, and not all four corners are to the
// same side of it.
func (g *grid) cross(a, b point) {
	first, _ := g.rectangle(0, 0)
	if _, last := g.rectangle(g.rows-1, g.columns-1); apart(a, b, first, last) {
		return
	}
	g.each(func(cell int, low, high point) {
		if apart(a, b, low, high) {
			return
		}
		left, right := false, false
		for _, corner := range [...]point{low, high, {low.x, high.y}, {high.x, low.y}} {
			side := (b.x-a.x)*(corner.y-a.y) - (b.y-a.y)*(corner.x-a.x)
			left = left || side >= 0
			right = right || side <= 0
		}
		if left && right {
			g.set[cell] = false
		}
	})
}

// clear takes cells away that touch water.
func (g *grid) clear(w box) {
	corner, opposite := point{float64(w.west), float64(w.south)}, point{float64(w.east), float64(w.north)}
	g.each(func(cell int, low, high point) {
		if !apart(corner, opposite, low, high) {
			g.set[cell] = false
		}
	})
}

// pack writes the cells as package places reads them, without rows and columns that have none at
// the edges.
func (g *grid) pack(l *land) {
	south, west, north, east := g.rows, g.columns, -1, -1
	for i, set := range g.set {
		if set {
			row, column := i/g.columns, i%g.columns
			south, north = min(south, row), max(north, row)
			west, east = min(west, column), max(east, column)
			l.Cells++
		}
	}
	if l.Cells == 0 {
		return
	}
	l.South, l.West, l.Rows, l.Columns = g.south+south, g.west+west, north-south+1, east-west+1
	l.bits = make([]byte, (l.Rows*l.Columns+7)/8)
	for row := range l.Rows {
		for column := range l.Columns {
			if g.set[(south+row)*g.columns+west+column] {
				at := row*l.Columns + column
				l.bits[at/8] |= 1 << (at % 8)
			}
		}
	}
}
