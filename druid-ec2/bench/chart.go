package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-analyze/charts"
)

// curve is how long the slowest sale of each second took until it was queryable.
type curve struct {
	name    string
	beside  bool // other rows
	seconds []float64
}

func curveOf(tr *traffic, from, to time.Time, name string) curve {
	c := curve{name: name, beside: strings.Contains(name, "beside")}
	for t := from; t.Before(to); t = t.Add(time.Second) {
		f := tr.figures(t, t.Add(time.Second))
		c.seconds = append(c.seconds, f.shown.worst.Seconds())
	}
	return c
}

// draw writes a chart of two parts, one of the steady rates and one of the traffic beside
// other rows, each with a scale of its own.
func (b *bench) draw(file string) error {
	var parts [][]curve
	for _, beside := range []bool{false, true} {
		of := slices.DeleteFunc(slices.Clone(b.curves), func(c curve) bool { return c.beside != beside })
		if len(of) > 0 {
			parts = append(parts, of)
		}
	}
	if len(parts) == 0 {
		return fmt.Errorf("no chart %s: freshness was not measured", file)
	}
	const width, height = 900, 320
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height * len(parts)})
	for i, curves := range parts {
		child := p.Child(charts.PainterBoxOption(charts.NewBox(0, i*height, width, (i+1)*height)))
		if err := drawPart(child, curves, i == 0); err != nil {
			return fmt.Errorf("drawing: %w", err)
		}
	}
	svg, err := p.Bytes()
	if err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	return os.WriteFile(file, svg, 0o644)
}

func drawPart(p *charts.Painter, curves []curve, title bool) error {
	longest := 0
	for _, c := range curves {
		longest = max(longest, len(c.seconds))
	}
	data, names := make([][]float64, len(curves)), make([]string, len(curves))
	for i, c := range curves {
		names[i] = c.name
		data[i] = slices.Clone(c.seconds)
		for len(data[i]) < longest {
			data[i] = append(data[i], charts.GetNullValue())
		}
	}
	labels := make([]string, longest)
	for i := range labels {
		labels[i] = fmt.Sprintf("%d:%02d", i/60, i%60)
	}
	opt := charts.NewLineChartOptionWithData(data)
	if title {
		opt.Title.Text = "From a sale to its first answer: the slowest of each second"
	}
	opt.Legend = charts.LegendOption{SeriesNames: names, Offset: charts.OffsetStr{Left: charts.PositionRight, Top: "22"}, Symbol: charts.SymbolSquare}
	opt.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	opt.LineStrokeWidth = 1.5
	opt.XAxis = charts.XAxisOption{Labels: labels, LabelCount: 9, BoundaryGap: charts.Ptr(false)}
	opt.YAxis = []charts.YAxisOption{{Min: charts.Ptr(0.0), LabelCount: 6}}
	opt.ValueFormatter = func(v float64) string { return fmt.Sprintf("%.1f s", v) }
	return p.LineChart(opt)
}
