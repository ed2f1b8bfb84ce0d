package local

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-analyze/charts"

	"salesburst/shared/sale"
)

// chart is one picture of the page. It is drawn here, on the server, as wide as the
// reader's screen gives it room.
type chart struct {
	name  string
	draw  func(v *view, width int) ([]byte, error)
	label func(v *view) string // says what the picture says, for those who do not see it
}

// allCharts returns the charts of the page, by the names of their elements.
func allCharts() []chart {
	return []chart{
		{"revenue", drawRevenue, labelRevenue},
		{"orders", drawOrders, labelOrders},
		{"brands", drawRanked(func(v *view) []ranked { return v.Brands }, byRevenue, colorBrands), labelRanked("Revenue by brand", func(v *view) []ranked { return v.Brands }, byRevenue)},
		{"cities", drawRanked(func(v *view) []ranked { return v.Cities }, byRevenue, colorCities), labelRanked("Revenue by city", func(v *view) []ranked { return v.Cities }, byRevenue)},
		{"reasons", drawRanked(func(v *view) []ranked { return v.Reasons }, byCount, colorFailed), labelRanked("Failed transactions by reason", func(v *view) []ranked { return v.Reasons }, byCount)},
	}
}

// Widths that are drawn, in CSS pixels.
const (
	minWidth = 240
	maxWidth = 1600
)

// The colours in a drawing are placeholders, rgb(1,0,n). They are exchanged for the
// style sheet's variables, so that one drawing serves the light and the dark theme.
var (
	colorAxis   = placeholder(0)
	colorGrid   = placeholder(1)
	colorText   = placeholder(2)
	colorMain   = placeholder(3)
	colorSoft   = placeholder(4)
	colorFailed = placeholder(5)
	colorBrands = placeholder(6)
	colorCities = placeholder(7)
	colorInk    = placeholder(8)
)

var variables = [...]string{"axis", "grid", "muted", "main", "soft", "failed", "brands", "cities", "ink"}

func placeholder(n uint8) charts.Color { return charts.ColorRGB(1, 0, n) }

var placeholders = regexp.MustCompile(`rgba?\(1,0,([0-8])(?:,([0-9.]+))?\)`)

// themed makes a drawing fit into the page.
func themed(svg []byte) []byte {
	svg = placeholders.ReplaceAllFunc(svg, func(color []byte) []byte {
		part := placeholders.FindSubmatch(color)
		variable := "var(--" + variables[part[1][0]-'0'] + ")"
		if len(part[2]) > 0 {
			alpha, _ := strconv.ParseFloat(string(part[2]), 64)
			return fmt.Appendf(nil, "color-mix(in srgb,%s %.0f%%,transparent)", variable, 100*alpha)
		}
		return []byte(variable)
	})
	svg = bytes.ReplaceAll(svg, []byte(`font-family:'Roboto Medium',sans-serif`), nil)
	svg = bytes.ReplaceAll(svg, []byte("\n        "), []byte(" "))
	return bytes.Replace(svg, []byte("<svg "), []byte(`<svg aria-hidden="true" focusable="false" `), 1)
}

func theme(series ...charts.Color) charts.ColorPalette {
	return charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor:    colorAxis,
		AxisSplitLineColor: colorGrid,
		BackgroundColor:    charts.ColorTransparent,
		TextColor:          colorText,
		SeriesColors:       series,
	})
}

var (
	fontAxis  = charts.FontStyle{FontSize: 9.5, FontColor: colorText}
	fontName  = charts.FontStyle{FontSize: 10, FontColor: colorInk}
	fontValue = charts.FontStyle{FontSize: 10, FontColor: colorText}
)

func painter(width, height int) *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height})
}

func finish(p *charts.Painter, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	svg, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	return themed(svg), nil
}

// lineHeight keeps the proportions of a time series pleasant from phone to desk.
func lineHeight(width, most int) int { return min(max(width*2/5, 170), most) }

// smoothing is over how many seconds the bold line of the revenue is averaged: one
// television more or less would hide the trend.
const smoothing = 10

func drawRevenue(v *view, width int) ([]byte, error) {
	each := make([]float64, len(v.Seconds))
	for i, cents := range v.Seconds {
		each[i] = dollars(cents)
	}
	labels := make([]string, len(each))
	for i := range labels {
		back := (time.Duration(len(each)-1-i) * time.Second).Round(5 * time.Second)
		labels[i] = fmt.Sprintf("−%d:%02d", back/time.Minute, back%time.Minute/time.Second)
		if back == 0 {
			labels[i] = "now"
		}
	}
	return drawLines(width, lineHeight(width, 290), [][]float64{each, average(each, smoothing)}, slices.Max(each), labels, theme(colorSoft, colorMain), shortDollars, func(o *charts.LineChartOption) {
		o.SeriesList[0].Name, o.SeriesList[1].Name = "each second", strconv.Itoa(smoothing)+"-second average"
	})
}

func drawOrders(v *view, width int) ([]byte, error) {
	if len(v.Minutes) < 2 {
		return nil, nil // no line to draw
	}
	completed, failed := make([]float64, len(v.Minutes)), make([]float64, len(v.Minutes))
	labels := make([]string, len(v.Minutes))
	most, layout := 0.0, "15:04"
	if n := len(v.Minutes); v.Minutes[n-1].At.Sub(v.Minutes[0].At) > 24*time.Hour {
		layout = "2 Jan 15:04"
	}
	for i, m := range v.Minutes {
		completed[i], failed[i] = m.Completed, m.Failed
		most = max(most, m.Completed+m.Failed)
		labels[i] = m.At.Format(layout)
	}
	return drawLines(width, lineHeight(width, 232), [][]float64{failed, completed}, most, labels, theme(colorFailed, colorMain), shortNumber, func(o *charts.LineChartOption) {
		o.SeriesList[0].Name, o.SeriesList[1].Name = "failed", "completed"
		o.StackSeries = charts.Ptr(true)
		o.FillArea, o.FillOpacity = charts.Ptr(true), 90
	})
}

func drawLines(width, height int, data [][]float64, most float64, labels []string, palette charts.ColorPalette,
	format func(float64) string, also func(*charts.LineChartOption)) ([]byte, error) {
	top, lines := roundAxis(most, height/45)
	o := charts.NewLineChartOptionWithData(data)
	o.Theme = palette
	o.Padding = charts.NewBox(2, 4, 14, 2)
	o.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	o.LineStrokeWidth = 1.8
	o.ValueFormatter = format
	o.XAxis = charts.XAxisOption{Labels: labels, LabelFontStyle: fontAxis, LabelCount: max(3, min(7, width/95)), BoundaryGap: charts.Ptr(false)}
	o.YAxis = []charts.YAxisOption{{
		Min: charts.Ptr(0.0), Max: charts.Ptr(top), LabelCount: lines + 1, PreferNiceIntervals: charts.Ptr(false),
		LabelFontStyle: fontAxis, ValueFormatter: format,
	}}
	o.Legend = charts.LegendOption{Show: charts.Ptr(false)} // the page has its own
	also(&o)
	p := painter(width, height)
	return finish(p, p.LineChart(o))
}

// roundAxis finds the end of an axis that holds most, and into how many steps of a
// round number it falls, at most as many as wanted.
func roundAxis(most float64, wanted int) (top float64, steps int) {
	if most <= 0 {
		return 1, 1
	}
	for size := math.Pow(10, math.Floor(math.Log10(most/float64(wanted)))); ; size *= 10 {
		for _, step := range []float64{size, 2 * size, 2.5 * size, 5 * size} {
			if n := math.Ceil(most / step); n <= float64(wanted) {
				return n * step, int(n)
			}
		}
	}
}

// measure is what a ranking is drawn by.
type measure struct {
	of   func(ranked) float64
	text func(float64) string
}

var (
	byRevenue = measure{func(r ranked) float64 { return dollars(r.Revenue) }, shortDollars}
	byCount   = measure{func(r ranked) float64 { return float64(r.Count) }, shortNumber}
)

func drawRanked(list func(*view) []ranked, by measure, color charts.Color) func(*view, int) ([]byte, error) {
	const perBar, margin = 28, 6
	const forName, forValue = 120, 64 // pixels beside the bars, about
	return func(v *view, width int) ([]byte, error) {
		items := slices.Clone(list(v))
		if len(items) == 0 {
			return nil, nil
		}
		slices.Reverse(items) // the first bar is at the bottom
		values, names := make([]float64, len(items)), make([]string, len(items))
		for i, item := range items {
			values[i] = by.of(item)
			names[i] = shorten(item.Name, max(14, width/18)) + slack
		}
		room := float64(max(width-forName, 2*forValue))
		longest := slices.Max(values) * room / (room - forValue)
		o := charts.NewBarChartOptionWithData([][]float64{values})
		o.Theme = theme(color).WithXAxisColor(charts.ColorTransparent).WithYAxisColor(charts.ColorTransparent)
		o.Horizontal = true
		o.Padding = charts.NewBox(0, 0, 0, 0)
		o.BarSize = 0.58
		o.CategoryAxis = charts.CategoryAxisOption{Labels: names, LabelFontStyle: fontName}
		o.ValueAxis = []charts.ValueAxisOption{{
			Show: charts.Ptr(false), Min: charts.Ptr(0.0), Max: charts.Ptr(longest), SplitLineShow: charts.Ptr(false),
		}}
		o.Legend = charts.LegendOption{Show: charts.Ptr(false)}
		o.SeriesList[0].Label = charts.SeriesLabel{
			Show: charts.Ptr(true), FontStyle: fontValue,
			LabelFormatter: func(_ int, _ string, value float64) (string, *charts.LabelStyle) { return by.text(value), nil },
		}
		p := painter(width, perBar*len(items)+margin)
		svg, err := finish(p, p.BarChart(o))
		return alignRight(p, svg, names), err
	}
}

// slack stands behind the names of bars: the reader's font may be wider than the one
// that the drawing is measured by.
const slack = "    "

var drawnText = regexp.MustCompile(`<text x="(-?\d+)" (y="\d+" style="[^"]*")>([^<]*)` + slack + `</text>`)

// alignRight lets the browser align the names of the bars, which knows their font.
func alignRight(p *charts.Painter, svg []byte, names []string) []byte {
	const gap = 6 // pixels between name and bar
	return drawnText.ReplaceAllFunc(svg, func(text []byte) []byte {
		part := drawnText.FindSubmatch(text)
		x, _ := strconv.Atoi(string(part[1]))
		name := html.UnescapeString(string(part[3]))
		if !slices.Contains(names, name+slack) {
			return text
		}
		right := x + p.MeasureText(name+slack, 0, fontName).Width()
		return fmt.Appendf(nil, `<text x="%d" text-anchor="end" %s>%s</text>`, right-gap, part[2], part[3])
	})
}

func labelRevenue(v *view) string {
	var last, peak, sum sale.Cents
	for _, s := range v.Seconds {
		last, peak, sum = s, max(peak, s), sum+s
	}
	mean := sum / sale.Cents(len(v.Seconds))
	return fmt.Sprintf("Revenue per second over %s: %s in the last second, %s on average, %s at the peak",
		spoken(closeUp), wholeDollars(last), wholeDollars(mean), wholeDollars(peak))
}

func labelOrders(v *view) string {
	if len(v.Minutes) == 0 {
		return "Orders per minute: none yet"
	}
	last, peak := v.Minutes[len(v.Minutes)-1], 0.0
	for _, m := range v.Minutes {
		peak = max(peak, m.Completed+m.Failed)
	}
	return fmt.Sprintf("Orders per minute since %s: %.0f completed and %.0f failed in the last minute, %.0f together at the peak",
		v.Minutes[0].At.Format("15:04"), last.Completed, last.Failed, peak)
}

func labelRanked(title string, list func(*view) []ranked, by measure) func(*view) string {
	return func(v *view) string {
		parts := make([]string, 0, topBrands)
		for _, item := range list(v) {
			parts = append(parts, item.Name+" "+by.text(by.of(item)))
		}
		if len(parts) == 0 {
			return title + ": none yet"
		}
		return title + ": " + strings.Join(parts, ", ")
	}
}

// average is the mean of each value and the n−1 before it.
func average(values []float64, n int) []float64 {
	means := make([]float64, len(values))
	sum := 0.0
	for i, value := range values {
		sum += value
		if i >= n {
			sum -= values[i-n]
		}
		means[i] = max(0, sum/float64(min(i+1, n)))
	}
	return means
}

// dollars is for drawing only.
func dollars(c sale.Cents) float64 { return float64(c) / 100 }

func shortDollars(value float64) string { return "$" + shortNumber(value) }

// shortNumber writes 950, 12.3k, 4.56M.
func shortNumber(value float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(value) >= unit.size {
			value /= unit.size
			decimals := 2
			if math.Abs(value) >= 10 {
				decimals = 1
			}
			if math.Abs(value) >= 100 {
				decimals = 0
			}
			text := strconv.FormatFloat(value, 'f', decimals, 64)
			if strings.Contains(text, ".") {
				text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
			}
			return text + unit.name
		}
	}
	return strconv.FormatFloat(value, 'f', 0, 64)
}

// wholeDollars writes $1,234,567; it leaves out the cents.
func wholeDollars(c sale.Cents) string {
	text, _, _ := strings.Cut(c.String(), ".")
	return "$" + groupDigits(text)
}

// fullDollars writes $1,299.90.
func fullDollars(c sale.Cents) string {
	whole, cents, _ := strings.Cut(c.String(), ".")
	return "$" + groupDigits(whole) + "." + cents
}

func groupDigits(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

func spoken(d time.Duration) string {
	return fmt.Sprintf("the last %d minutes", int(d.Minutes()))
}

func shorten(s string, most int) string {
	letters := []rune(s)
	if len(letters) <= most {
		return s
	}
	return string(letters[:most-1]) + "…"
}
