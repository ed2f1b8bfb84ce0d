package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/go-analyze/charts"
)

// draw writes a chart of the rates.
func (b *bench) draw(file string, events int) error {
	var names []string
	var rates []float64
	for _, p := range producers {
		rate := median(b.results[p.name], result.rate)
		names = append(names, fmt.Sprintf("%s, %.0f k/s", p.name, rate/1000))
		rates = append(rates, rate)
	}
	slices.Reverse(names) // the first stands on top
	slices.Reverse(rates)
	opt := charts.NewBarChartOptionWithData([][]float64{rates})
	opt.Horizontal = true
	opt.Title.Text = fmt.Sprintf("Events per second into Kafka, runs of %d", events)
	opt.CategoryAxis.Labels = names
	// from zero, so that lengths compare as values do
	opt.ValueAxis = []charts.ValueAxisOption{{Min: charts.Ptr(0.0), LabelCount: 7}}
	opt.ValueFormatter = func(v float64) string { return fmt.Sprintf("%.0fk", v/1000) }
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 900, Height: 320})
	if err := p.BarChart(opt); err != nil {
		return err
	}
	svg, err := p.Bytes()
	if err != nil {
		return err
	}
	return os.WriteFile(file, svg, 0o644)
}
