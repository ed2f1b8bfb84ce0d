/*
Package render draws the panels of the dashboards: what Grafana draws from a frame, as SVG
and HTML for the local page (html.go), or a whole dashboard as one PNG (png.go).

Each kind of panel is drawn once (series.go, bars.go, pie.go, stat.go, map.go, table.go),
on a canvas that is one of both.
*/
package render

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// canvas is what panels are drawn on. Lengths are CSS pixels, y grows downwards.
type canvas interface {
	text(x, y float64, s string, f font)
	line(points []point, c color, width float64, dashed bool)
	area(points []point, c color, opacity float64)
	rect(x, y, w, h float64, c color, tip string)
	circle(x, y, r float64, c color, opacity float64, tip string)
}

type point struct{ x, y float64 }

// color is #RRGGBB or the name of a part of the theme.
type color string

// Parts of the theme.
const (
	ink   color = "ink"   // texts that matter
	muted color = "muted" // others
	grid  color = "grid"
	axis  color = "axis"
	land  color = "land"
	card  color = "card"
)

// font says how a text looks; its x is that of its begin, middle or end.
type font struct {
	size  float64
	color color
	align align
	bold  bool
}

type align int

const (
	left align = iota
	middle
	right
)

// widthOf is about how wide a text is, rather more than less: readers have fonts of their
// own.
func widthOf(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijl.,:;'|!()[]/ ftr-", r):
			w += 0.36
		case r >= 'A' && r <= 'Z' || strings.ContainsRune("mw%—…", r):
			w += 0.76
		default:
			w += 0.63
		}
	}
	return w * size
}

// shorten cuts a text to a width.
func shorten(s string, size, width float64) string {
	if widthOf(s, size) <= width {
		return s
	}
	letters := []rune(s)
	for len(letters) > 1 && widthOf(string(letters)+"…", size) > width {
		letters = letters[:len(letters)-1]
	}
	return strings.TrimSpace(string(letters)) + "…"
}

// svg writes a drawing whose theme is the style sheet's: --ink and so on.
type svg struct{ b strings.Builder }

func newSVG(width, height float64) *svg {
	s := new(svg)
	fmt.Fprintf(&s.b, `<svg viewBox="0 0 %s %s" width="%s" height="%s" aria-hidden="true" focusable="false">`,
		num(width), num(height), num(width), num(height))
	return s
}

func (s *svg) String() string { return s.b.String() + "</svg>" }

// num writes a length with a tenth of a pixel at most.
func num(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

func (c color) css() string {
	if strings.HasPrefix(string(c), "#") {
		return string(c)
	}
	return "var(--" + string(c) + ")"
}

func (s *svg) text(x, y float64, text string, f font) {
	fmt.Fprintf(&s.b, `<text x="%s" y="%s" font-size="%s" fill="%s"%s%s>%s</text>`, num(x), num(y), num(f.size),
		f.color.css(),
		[]string{"", ` text-anchor="middle"`, ` text-anchor="end"`}[f.align],
		map[bool]string{true: ` font-weight="650"`}[f.bold], html.EscapeString(text))
}

func path(points []point) string {
	var b strings.Builder
	for i, p := range points {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + num(p.x) + " " + num(p.y))
	}
	return b.String()
}

func (s *svg) line(points []point, c color, width float64, dashed bool) {
	fmt.Fprintf(&s.b, `<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"%s/>`,
		path(points), c.css(), num(width),
		map[bool]string{true: ` stroke-dasharray="6 4"`}[dashed])
}

func (s *svg) area(points []point, c color, opacity float64) {
	fmt.Fprintf(&s.b, `<path d="%sZ" fill="%s"%s/>`, path(points), c.css(), opaque(opacity))
}

func opaque(opacity float64) string {
	if opacity >= 1 {
		return ""
	}
	return fmt.Sprintf(` fill-opacity="%.2g"`, opacity)
}

func (s *svg) rect(x, y, w, h float64, c color, tip string) {
	fmt.Fprintf(&s.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"%s`, num(x), num(y), num(w), num(h), c.css(),
		tipped(tip, "rect"))
}

func (s *svg) circle(x, y, r float64, c color, opacity float64, tip string) {
	fmt.Fprintf(&s.b, `<circle cx="%s" cy="%s" r="%s" fill="%s"%s stroke="%s" stroke-width="0.8"%s`, num(x), num(y),
		num(r), c.css(), opaque(opacity), c.css(), tipped(tip, "circle"))
}

// tipped ends an element, with what is shown when a mouse rests there.
func tipped(tip, element string) string {
	if tip == "" {
		return "/>"
	}
	return "><title>" + html.EscapeString(tip) + "</title></" + element + ">"
}
