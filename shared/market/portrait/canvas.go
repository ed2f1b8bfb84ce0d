package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-analyze/charts"
)

// Colours of all pictures.
const (
	ink   = "#1f2733"
	muted = "#667085"
	faint = "#e6e9ef"
	blue  = "#2f6db3" // online
	amber = "#d9822b" // stores
	green = "#3f9b6b"
	red   = "#c25450"
	pale  = "#c9dcf0"
)

// canvas is a picture that the charts library paints; where things stand is decided here, for the
// library's own charts have no bands, no logarithms and no dates.
type canvas struct {
	*charts.Painter
	more strings.Builder // what is written in SVG itself, behind what is painted
}

const width = 860

// newCanvas begins a picture that says in its title what one sees.
func newCanvas(height int, title, note string) *canvas {
	c := &canvas{Painter: charts.NewPainter(charts.PainterOptions{
		OutputFormat: charts.ChartOutputSVG, Width: width, Height: height,
	})}
	c.rect(0, 0, width, float64(height), "#ffffff")
	c.text(20, 30, title, 17, ink, left)
	c.text(20, 50, note, 12, muted, left)
	return c
}

type align float64

// What of a text stands at its place.
const (
	left   align = 0
	middle align = 0.5
	right  align = 1
)

func (c *canvas) text(x, y float64, s string, size float64, color string, a align) {
	const pointsPerPixel = 72.0 / 92 // of the library's resolution
	style := charts.FontStyle{FontSize: size * pointsPerPixel, FontColor: charts.ColorFromHex(color)}
	if a != left {
		x -= float64(a) * float64(c.MeasureText(s, 0, style).Width())
	}
	c.Text(s, round(x), round(y), 0, style)
}

func round(v float64) int { return int(math.Round(v)) }

type point struct{ x, y float64 }

func pixels(points []point) []charts.Point {
	all := make([]charts.Point, len(points))
	for i, p := range points {
		all[i] = charts.Point{X: round(p.x), Y: round(p.y)}
	}
	return all
}

func (c *canvas) line(points []point, color string, width float64) {
	c.LineStroke(pixels(points), charts.ColorFromHex(color), width)
}

func (c *canvas) area(points []point, color string, opacity float64) {
	c.FillArea(append(pixels(points), pixels(points[:1])...), charts.ColorFromHex(color).WithAlpha(uint8(255*opacity)))
}

func (c *canvas) rect(x, y, w, h float64, color string) {
	fill := charts.ColorFromHex(color)
	c.FilledRect(round(x), round(y), round(x+w), round(y+h), fill, fill, 0)
}

func (c *canvas) dot(x, y, radius float64, color string) {
	fill := charts.ColorFromHex(color)
	c.Circle(radius, round(x), round(y), fill, fill, 0)
}

// key explains a colour.
func (c *canvas) key(x, y float64, color, name string) {
	c.rect(x, y-9, 14, 10, color)
	c.text(x+20, y, name, 12, muted, left)
}

// mostBytes is what a picture may have.
const mostBytes = 70_000

func (c *canvas) save(folder, name string) error {
	svg, err := c.Bytes()
	if err != nil {
		return fmt.Errorf("drawing %s: %w", name, err)
	}
	svg = bytes.Replace(svg, []byte("</svg>"), []byte(c.more.String()+"</svg>\n"), 1)
	if len(svg) > mostBytes {
		return fmt.Errorf("drawing %s: it has %d bytes, more than %d", name, len(svg), mostBytes)
	}
	return os.WriteFile(filepath.Join(folder, name), svg, 0o644)
}

// frame is a part of a picture with axes.
type frame struct {
	*canvas
	left, top, right, bottom float64 // pixels
	x0, x1, y0, y1           float64 // values at the ends
	log                      bool    // of y
}

func (f *frame) x(v float64) float64 { return f.left + (f.right-f.left)*(v-f.x0)/(f.x1-f.x0) }

func (f *frame) y(v float64) float64 {
	a, b := f.y0, f.y1
	if f.log {
		v, a, b = math.Log(math.Max(v, f.y0)), math.Log(a), math.Log(b)
	}
	return f.bottom - (f.bottom-f.top)*(v-a)/(b-a)
}

// rule draws lines across at values, with their texts before them and the axis's name above.
func (f *frame) rule(name string, values []float64, format func(float64) string) {
	for _, v := range values {
		f.line([]point{{f.left, f.y(v)}, {f.right, f.y(v)}}, faint, 1)
		f.text(f.left-8, f.y(v)+4, format(v), 11, muted, right)
	}
	f.text(f.left, f.top-12, name, 11, muted, left)
}

// mark writes a text below the axis.
func (f *frame) mark(v float64, s string) { f.text(f.x(v), f.bottom+18, s, 11, muted, middle) }

// below names the axis.
func (f *frame) below(name string) {
	f.text((f.left+f.right)/2, f.bottom+38, name, 11, muted, middle)
}

// curve draws a line through values, one for each step.
func (f *frame) curve(values []float64, color string, width float64) {
	points := make([]point, 0, len(values))
	for i, v := range values {
		if !math.IsNaN(v) {
			points = append(points, point{f.x(float64(i)), f.y(v)})
		}
	}
	f.line(points, color, width)
}

// bar draws a bar from the axis.
func (f *frame) bar(from, to, v float64, color string) {
	f.rect(f.x(from), f.y(v), f.x(to)-f.x(from), f.bottom-f.y(v), color)
}

// even are n steps from the first to the last.
func even(first, last float64, n int) []float64 {
	all := make([]float64, n+1)
	for i := range all {
		all[i] = first + (last-first)*float64(i)/float64(n)
	}
	return all
}

// roundUp is a round number that is not smaller, which a few steps divide.
func roundUp(most float64) float64 {
	for size := 0.01; size < 1e12; size *= 10 {
		for _, end := range []float64{size, 2 * size, 3 * size, 4 * size, 5 * size, 8 * size} {
			if end >= most {
				return end
			}
		}
	}
	return 1
}

func plain(v float64) string   { return fmt.Sprintf("%.4g", v) }
func percent(v float64) string { return fmt.Sprintf("%.4g %%", v) }
func thousands(v float64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%.4g k", v/1000)
}
