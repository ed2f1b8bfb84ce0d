package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/go-analyze/charts"
)

// curve is how long the slowest sale of each second took until it was queryable.
type curve struct {
	name    string
	beside  bool // other rows
	seconds []float64
}

func curveOf(tr *traffic, from, to time.Time, name string, beside bool) curve {
	c := curve{name: name, beside: beside}
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
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width,
		Height: height * len(parts)})
	for i, curves := range parts {
		child := p.Child(charts.PainterBoxOption(charts.NewBox(0, i*height, width, (i+1)*height)))
		if err := drawPart(child, curves); err != nil {
			return fmt.Errorf("drawing: %w", err)
		}
	}
	svg, err := p.Bytes()
	if err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	return os.WriteFile(file, svg, 0o644)
}

// slack stands behind the names: the reader's font may be wider than the one that the
// drawing is measured by.
const slack = "      "

func drawPart(p *charts.Painter, curves []curve) error {
	longest, most := 0, 0.0
	for _, c := range curves {
		longest = max(longest, len(c.seconds))
		most = max(most, slices.Max(append(c.seconds, 0)))
	}
	data, names := make([][]float64, len(curves)), make([]string, len(curves))
	for i, c := range curves {
		names[i] = c.name + slack
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
	opt.Title.Text = "From a sale to the answer that shows it, the slowest of each second"
	if curves[0].beside {
		opt.Title.Text = fmt.Sprintf("The same at %d events/s, beside a", besideRate)
	}
	opt.Legend = charts.LegendOption{SeriesNames: names, Offset: charts.OffsetStr{Left: "30", Top: "28"},
		Symbol: charts.SymbolSquare}
	opt.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	opt.LineStrokeWidth = 1.5
	opt.XAxis = charts.XAxisOption{Labels: labels, LabelCount: 9, BoundaryGap: charts.Ptr(false)}
	opt.YAxis = []charts.YAxisOption{{
		Min: charts.Ptr(0.0), Max: charts.Ptr(roundUp(most)), LabelCount: 6, PreferNiceIntervals: charts.Ptr(false),
	}}
	opt.ValueFormatter = func(v float64) string { return fmt.Sprintf("%.2g s", v) }
	return p.LineChart(opt)
}

// roundUp is the end of an axis that holds so much and has five steps of a round number.
func roundUp(most float64) float64 {
	for size := 0.1; ; size *= 10 {
		for _, end := range []float64{size, 2 * size, 5 * size} {
			if end >= most {
				return end
			}
		}
	}
}
