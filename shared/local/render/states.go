package render

import (
	"fmt"
	"math"
	"slices"

	"salesburst/dashboards"
)

// outline is the contiguous United States, roughly, by longitude and latitude: enough to
// know where one looks.
var outline = [][2]float64{
	{-124.7, 48.4}, {-123.1, 48.2}, {-122.8, 49}, {-95.2, 49}, {-94.6, 48.7}, {-93, 48.6}, {-91.4, 48.1}, {-89.6, 48},
	{-92, 46.7}, {-90.5, 46.6}, {-88.5, 47.2},
	{-87.8, 47.5}, {-87.4, 46.5}, {-84.7, 46.5}, {-84.1, 46}, {-84.8, 45.9}, {-86.5, 45.8}, {-87.6, 45.1}, {-87, 45.2},
	{-87.9, 43}, {-87.6, 41.7}, {-87, 41.7},
	{-86.3, 42.4}, {-86.4, 43.6}, {-86.1, 44.7}, {-85, 45.6}, {-83.5, 45.3}, {-83.3, 44.3}, {-83.9, 43.7}, {-82.9, 44},
	{-82.4, 43}, {-83.1, 42.1}, {-83.4, 41.7},
	{-82.5, 41.4}, {-81.7, 41.5}, {-80, 42.1}, {-78.9, 42.8}, {-79, 43.3}, {-77, 43.3}, {-76.2, 43.6}, {-76.3, 44.1},
	{-75, 45}, {-71.5, 45}, {-70.8, 45.4},
	{-70.3, 46.2}, {-69.2, 47.4}, {-68.3, 47.3}, {-67.8, 47}, {-67.8, 45.7}, {-67, 44.8}, {-68.8, 44.4}, {-70.2, 43.6},
	{-70.8, 42.8}, {-71, 42.3}, {-70.6, 41.9},
	{-70, 41.7}, {-71.2, 41.5}, {-72.9, 41.2}, {-73.7, 40.9}, {-72, 41}, {-74, 40.5}, {-74.1, 39.7}, {-74.9, 38.9},
	{-75.5, 39.5}, {-75.1, 38.5}, {-75.9, 37.2},
	{-76.3, 38.9}, {-76.3, 37}, {-75.9, 36.6}, {-75.6, 35.3}, {-76.6, 34.7}, {-77.9, 33.9}, {-79.2, 33.2}, {-80.9, 32},
	{-81.4, 30.7}, {-81.3, 29.8}, {-80.5, 28.4},
	{-80, 26.8}, {-80.4, 25.2}, {-81.1, 25.2}, {-81.8, 26.1}, {-82.7, 27.6}, {-82.7, 28.9}, {-83.7, 29.9}, {-84.3, 30},
	{-85.3, 29.7}, {-86.5, 30.4}, {-88, 30.3},
	{-89.4, 30.3}, {-89.2, 29.1}, {-90.5, 29.1}, {-91.8, 29.6}, {-93.8, 29.7}, {-94.7, 29.4}, {-95.9, 28.6},
	{-97.2, 27.6}, {-97.2, 25.9}, {-99.1, 26.4}, {-99.5, 27.5},
	{-100.3, 28.3}, {-101.4, 29.8}, {-102.3, 29.9}, {-103.1, 29}, {-104.5, 29.6}, {-105, 30.7}, {-106.5, 31.8},
	{-108.2, 31.8}, {-108.2, 31.3}, {-111.1, 31.3},
	{-114.8, 32.5}, {-117.1, 32.5}, {-117.3, 33.1}, {-118.4, 33.8}, {-119.2, 34.1}, {-120.5, 34.5}, {-120.6, 35.1},
	{-121.9, 36.6}, {-122.5, 37.8}, {-123.8, 39.3},
	{-124.4, 40.4}, {-124.1, 41.8}, {-124.5, 42.8}, {-124.1, 44}, {-123.9, 46.2},
}

// albers is Albers' equal-area projection with the parallels that maps of the United
// States use (29.5° and 45.5°; Snyder, Map Projections, USGS 1987, p. 100).
func albers(longitude, latitude float64) (x, y float64) {
	const rad = math.Pi / 180
	s1, s2 := math.Sin(29.5*rad), math.Sin(45.5*rad)
	n := (s1 + s2) / 2
	c := math.Cos(29.5*rad)*math.Cos(29.5*rad) + 2*n*s1
	rho := math.Sqrt(max(0, c-2*n*math.Sin(latitude*rad))) / n
	rho0 := math.Sqrt(c-2*n*math.Sin(37.5*rad)) / n
	theta := n * (longitude + 96) * rad
	return rho * math.Sin(theta), -(rho0 - rho*math.Cos(theta))
}

// mapOfStates draws a circle for each place, its area by the first number that is shown.
func (d drawing) mapOfStates() {
	var land []point
	x1, y1, x2, y2 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range outline {
		x, y := albers(p[0], p[1])
		land = append(land, point{x, y})
		x1, y1, x2, y2 = min(x1, x), min(y1, y), max(x2, x), max(y2, y)
	}
	scale := min(d.width/(x2-x1), (d.height-8)/(y2-y1))
	left0 := d.x + (d.width-scale*(x2-x1))/2
	top := d.y + (d.height-scale*(y2-y1))/2
	place := func(x, y float64) point { return point{left0 + scale*(x-x1), top + scale*(y-y1)} }
	for i, p := range land {
		land[i] = place(p.x, p.y)
	}
	d.area(land, "land", 1)

	all, labels := numbers(d.panel, d.frame), names(d.frame)
	find := func(name string) []any {
		i := slices.IndexFunc(d.frame.Columns, func(c dashboards.Column) bool { return c.Name == name })
		return d.frame.Columns[i].Values // FrameOf has seen to it
	}
	latitudes, longitudes := find("latitude"), find("longitude")
	by := all[0] // what people look for is the panel's own unit
	if i := slices.IndexFunc(all, func(n number) bool { return n.unit == d.panel.Unit }); i >= 0 {
		by = all[i]
	}
	most := 0.0
	for row := range labels {
		v, _ := by.at(row)
		most = max(most, v)
	}
	type spot struct {
		at    point
		r     float64
		label string
	}
	var spots []spot
	largest := min(d.width, d.height) * 0.065
	outside := 0
	for row, label := range labels {
		v, _ := by.at(row)
		lat, _ := latitudes[row].(float64)
		lon, _ := longitudes[row].(float64)
		if v <= 0 || most <= 0 {
			continue
		}
		if lat < 24 || lat > 50 || lon < -125.5 || lon > -66 {
			outside++
			continue
		}
		s := spot{place(albers(lon, lat)), max(2, largest*math.Sqrt(v/most)), label}
		tip := label
		for _, n := range all {
			v, _ := n.at(row)
			tip += ", " + n.name + " " + n.write(v)
		}
		d.circle(s.at.x, s.at.y, s.r, by.color, 0.55, tip)
		spots = append(spots, s)
	}
	if outside > 0 {
		d.text(d.x, d.y+d.height-4, fmt.Sprintf("%d places lie outside of this map", outside),
			font{small, muted, left, false})
	}
	// Names, the largest first, where they hide nothing.
	type box struct{ x1, y1, x2, y2 float64 }
	var taken []box
	for _, s := range spots {
		w := widthOf(s.label, small)
		b := box{s.at.x + s.r + 3, s.at.y - 7, s.at.x + s.r + 3 + w, s.at.y + 6}
		if len(taken) >= 14 || b.x2 > d.x+d.width ||
			slices.ContainsFunc(taken, func(o box) bool {
				return b.x1 < o.x2 && o.x1 < b.x2 && b.y1 < o.y2 && o.y1 < b.y2
			}) {
			continue
		}
		taken = append(taken, b)
		d.text(b.x1, s.at.y+4, s.label, font{small, ink, left, false})
	}
}
