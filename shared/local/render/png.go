package render

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	imagecolor "image/color"
	"image/draw"
	encoding "image/png"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/go-analyze/charts"

	"salesburst/dashboards"
)

// Theme is the colours of a picture.
type Theme struct {
	Name  string
	parts map[color]string
}

// Themes are those of the page, for pictures.
func Themes() []Theme {
	return []Theme{
		{"light", map[color]string{ink: "#161a22", muted: "#5b6473", grid: "#eceef3", axis: "#b9c0cc", land: "#e9ecf2",
			card: "#ffffff", "page": "#f4f5f8", "line": "#e3e6ec"}},
		{"dark", map[color]string{ink: "#eceff4", muted: "#99a3b3", grid: "#232934", axis: "#434c5b", land: "#262d39",
			card: "#171b23", "page": "#0e1117", "line": "#272d38"}},
	}
}

// Sizes of a picture, in pixels: Grafana's grid.
const (
	pictureWidth = 1280
	margin       = 14
	UnitHeight   = 38 // of a panel's Height, and of a row's title
	panelTitle   = 34
	inset        = 12
)

// PNG paints a whole dashboard. frames are its panels' by their ids; a panel without one
// shows what that means.
func PNG(d dashboards.Dashboard, frames map[int]dashboards.Frame, from, to time.Time, theme Theme) ([]byte, error) {
	unit := float64(pictureWidth-2*margin+8) / dashboards.GridColumns
	places, high := d.Layout(), 0
	for _, p := range places {
		high = max(high, p.Y+p.Height)
	}
	yOf := func(y int) float64 { return 64 + float64(y*UnitHeight) }
	y := yOf(high)
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: pictureWidth,
		Height: int(y) + margin})
	c := png{painter, theme}
	c.rect(0, 0, pictureWidth, y+margin, "page", "")
	c.text(margin, 40, d.Title, font{24, ink, left, true})
	c.text(pictureWidth-margin, 40, from.Format("2 January 2006, 15:04")+" to "+to.Format("15:04:05")+" UTC",
		font{normal, muted, right, false})
	for _, p := range places {
		x, y, w, h := margin+float64(p.X)*unit, yOf(p.Y), float64(p.Width)*unit-8, float64(p.Height*UnitHeight)-8
		if p.Panel == nil {
			c.text(x, y+24, p.Row, font{14, muted, left, true})
			continue
		}
		c.rect(x, y, w, h, "line", "")
		c.rect(x+1, y+1, w-2, h-2, card, "")
		c.text(x+inset, y+22, shorten(p.Panel.Title, 13, w-2*inset), font{13, ink, left, true})
		at := drawing{canvas: c, panel: *p.Panel, frame: frames[p.Panel.ID], from: from, to: to,
			x: x + inset, y: y + panelTitle, width: w - 2*inset, height: h - panelTitle - inset}
		if at.frame.Rows() == 0 {
			c.text(at.x+at.width/2, at.y+at.height/2, p.Panel.Empty, font{14, muted, middle, false})
			continue
		}
		at.draw()
	}
	b, err := painter.Bytes()
	if err == nil {
		b, err = fewerColors(b)
	}
	if err != nil {
		return nil, fmt.Errorf("painting %s: %w", d.Title, err)
	}
	return b, nil
}

// fewerColors leaves the 256 most frequent colours, which makes a picture of flat parts
// a third of its size and looks the same.
func fewerColors(b []byte) ([]byte, error) {
	full, err := encoding.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	bounds := full.Bounds()
	pixels := image.NewRGBA(bounds)
	draw.Draw(pixels, bounds, full, bounds.Min, draw.Src)
	count := make(map[imagecolor.RGBA]int)
	runs(pixels, func(c imagecolor.RGBA, from, to int) { count[c] += to - from })
	frequent := slices.SortedFunc(maps.Keys(count), func(a, b imagecolor.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G),
			cmp.Compare(a.B, b.B))
	})
	var palette imagecolor.Palette
	for _, c := range frequent[:min(256, len(frequent))] {
		palette = append(palette, c)
	}
	nearest := make(map[imagecolor.RGBA]uint8, len(count))
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	few := image.NewPaletted(bounds, palette)
	runs(pixels, func(c imagecolor.RGBA, from, to int) {
		index := nearest[c]
		for i := from; i < to; i++ {
			few.Pix[i] = index
		}
	})
	var out bytes.Buffer
	err = encoding.Encode(&out, few) // the best compression takes ten times as long for a tenth less
	return out.Bytes(), err
}

// runs calls do with each run of pixels of one colour, which are many in a row where a picture is flat.
func runs(pixels *image.RGBA, do func(c imagecolor.RGBA, from, to int)) {
	at := func(i int) imagecolor.RGBA {
		p := pixels.Pix[4*i:]
		return imagecolor.RGBA{R: p[0], G: p[1], B: p[2], A: p[3]}
	}
	from, all := 0, len(pixels.Pix)/4
	for i := 1; i <= all; i++ {
		if i == all || at(i) != at(from) {
			do(at(from), from, i)
			from = i
		}
	}
}

// png paints with the charts library, whose font comes with it.
type png struct {
	*charts.Painter
	theme Theme
}

func (p png) color(c color, opacity float64) charts.Color {
	hex, ok := p.theme.parts[c]
	if !ok {
		hex = string(c)
	}
	return charts.ColorFromHex(hex).WithAlpha(uint8(255 * opacity))
}

func round(v float64) int { return int(math.Round(v)) }

func (p png) text(x, y float64, s string, f font) {
	const pointsPerPixel = 72.0 / 92 // of the library's resolution
	style := charts.FontStyle{FontSize: f.size * pointsPerPixel, FontColor: p.color(f.color, 1)}
	if f.align != left {
		w := float64(p.MeasureText(s, 0, style).Width())
		x -= w * map[align]float64{middle: 0.5, right: 1}[f.align]
	}
	p.Text(s, round(x), round(y), 0, style)
}

func (p png) points(points []point) []charts.Point {
	out := make([]charts.Point, len(points))
	for i, at := range points {
		out[i] = charts.Point{X: round(at.x), Y: round(at.y)}
	}
	return out
}

func (p png) line(points []point, c color, width float64, dashed bool) {
	if dashed {
		p.DashedLineStroke(p.points(points), p.color(c, 1), width, []float64{6, 4})
		return
	}
	p.LineStroke(p.points(points), p.color(c, 1), width)
}

func (p png) area(points []point, c color, opacity float64) {
	p.FillArea(append(p.points(points), p.points(points[:1])...), p.color(c, opacity))
}

func (p png) rect(x, y, w, h float64, c color, _ string) {
	fill := p.color(c, 1)
	p.FilledRect(round(x), round(y), max(round(x+w), round(x)+1), max(round(y+h), round(y)+1), fill, fill, 0)
}

func (p png) circle(x, y, r float64, c color, opacity float64, _ string) {
	p.Circle(r, round(x), round(y), p.color(c, opacity), p.color(c, 1), 0.8)
}
