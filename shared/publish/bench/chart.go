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
	p, err := charts.HorizontalBarRender([][]float64{rates}, charts.SVGOutputOptionFunc(), charts.DimensionsOptionFunc(900, 320),
		charts.TitleTextOptionFunc(fmt.Sprintf("Events per second into Kafka, runs of %d", events)), charts.YAxisLabelsOptionFunc(names))
	if err != nil {
		return err
	}
	svg, err := p.Bytes()
	if err != nil {
		return err
	}
	return os.WriteFile(file, svg, 0o644)
}
