package main

import (
	"fmt"
	"math"

	"salesburst/shared/market/places"
	"salesburst/shared/sale"
)

// project is a simple map of the United States: degrees of longitude shrink as in the middle of the
// country, and Alaska and Hawaii stand in its south-west, Alaska smaller than it is.
func project(p places.Place) (x, y float64) {
	lat, lon := float64(p.Latitude)/10_000, float64(p.Longitude)/10_000
	const scale = 17
	at := func(west, north, size float64) (float64, float64) {
		return (lon - west) * scale * size * math.Cos(north*math.Pi/180), -lat * scale * size * 1.06
	}
	switch p.State {
	case "AK":
		x, y = at(-170, 62, .35)
		return 40 + x, 894 + y
	case "HI":
		x, y = at(-161, 21, 1)
		return 200 + x, 884 + y
	}
	x, y = at(-125, 38, 1)
	return 35 + x, 977 + y
}

func (p *portrait) drawMap() *canvas {
	c := newCanvas(575, "Orders come from every state, in proportion to the people who live there",
		"each place with its orders of the year; the area of a dot is their number; Alaska and Hawaii are moved")
	most := 0.0
	for _, n := range p.places[online] {
		most = max(most, n)
	}
	// The library would write a style for each dot: three times the bytes.
	for ch, color := range [channels]string{blue, amber} {
		fmt.Fprintf(&c.more, `<g fill="%s" fill-opacity="%s">`, color, []string{".45", ".85"}[ch])
		for _, place := range places.All() {
			n := p.places[ch][sale.NewText(place.Name)]
			if n == 0 {
				continue
			}
			x, y := project(place)
			fmt.Fprintf(&c.more, `<circle cx="%.0f" cy="%.0f" r="%.1f"/>`, x, y, .7+26*math.Sqrt(n/most))
		}
		c.more.WriteString("</g>")
	}
	c.text(95, 552, "Alaska", 11, muted, middle)
	c.text(230, 552, "Hawaii", 11, muted, middle)
	c.key(width-190, 78, blue, "online")
	c.key(width-110, 78, amber, "in stores")
	return c
}
