package dashboards_test

import (
	"flag"
	"fmt"
	"math"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/bench"
	"salesburst/shared/document"
	"salesburst/shared/question"
)

var (
	benchEvents = flag.Int("events", 1_000_000, "events in Druid's table for the benchmark of the panels, up to 10,000,000")
	write       = flag.Bool("write", false, "write the figures of the benchmark into README.md")
)

// BenchmarkPanels asks real Druid for each panel over so many events of the last day, with
// its caches off. They lie in segments that were handed off, as all but the last hour
// does. Ten million take a quarter of an hour to get there:
//
//	make bench-panels
func BenchmarkPanels(b *testing.B) {
	p := startPipeline(b, map[string]any{"ioConfig.taskDuration": "PT2M"})
	now := time.Now().UTC().Truncate(time.Second)
	p.burst(b, "online", fmt.Sprintf(`{"events":%d,"id":"day","at":%q,"over":"24h"}`, *benchEvents, now.Format(time.RFC3339)))
	p.Await(b, *benchEvents)
	p.AwaitHandOff(b, *benchEvents)
	q := question.Choice{From: now.Add(-24 * time.Hour), To: now, Table: p.Topic}
	text := fmt.Sprintf("%s, %d sales.\n\n", bench.Stamp(now), *benchEvents) + document.Head("panel", "mean, ms", "slowest, ms")
	for _, d := range dashboards.All() {
		for _, panel := range d.Panels() {
			sql := panel.Ask(q).SQL()
			b.Run(d.Title+"/"+panel.Title, func(b *testing.B) {
				worst := time.Duration(math.MinInt64)
				for b.Loop() {
					start := time.Now()
					if _, rows, err := p.ask(b, sql); err != nil || len(rows) == 0 && panel.Empty == dashboards.NoSales {
						b.Fatalf("%d rows, error %v", len(rows), err)
					}
					worst = max(worst, time.Since(start))
				}
				b.ReportMetric(float64(worst.Milliseconds()), "worst-ms")
				mean := b.Elapsed() / time.Duration(b.N)
				text += document.Row(panel.Title, fmt.Sprint(mean.Milliseconds()), fmt.Sprint(worst.Milliseconds()))
			})
		}
	}
	if *write {
		if err := document.WriteBlock("README.md", "druid", text); err != nil {
			b.Fatal(err)
		}
	}
}
