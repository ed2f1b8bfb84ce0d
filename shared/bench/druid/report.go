package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"salesburst/shared/document"
)

// The figures are rows of Markdown, so that they can stand in a README as they come.

// report prints a row of the table of freshness, and keeps the curve for the chart. Beside
// is what went on meanwhile; empty: nothing else.
func (b *bench) report(tr *traffic, from, to time.Time, what, beside string) {
	name := fmt.Sprintf("%s events/s", grouped(tr.rate))
	if beside != "" {
		name += " beside a " + beside
	}
	if !b.printed {
		b.printed = true
		b.head("freshness", "events", "ingest-to-query latency: p50, s", "p99", "worst", "newest sale's age: p50, s",
			"p99", "worst")
	}
	f := tr.figures(from, to)
	row := []string{name + what, grouped(f.events)}
	for _, of := range []struct {
		n int
		quantiles
	}{{f.events, f.shown}, {f.answers, f.ages}} {
		for _, d := range []time.Duration{of.p50, of.p99, of.worst} {
			text := "none"
			if of.n > 0 {
				text = fmt.Sprintf("%.2f", d.Seconds())
			}
			row = append(row, text)
		}
	}
	b.row(row...)
	if tr.silent > 0 || tr.dips > 0 {
		b.say("so far %d questions had no answer, %d answers counted fewer rows than earlier ones", tr.silent, tr.dips)
	}
	b.curves = append(b.curves, curveOf(tr, from, to, cmp.Or(beside, name), beside != ""))
}

func (b *bench) head(columns ...string) { b.printf("\n%s", document.Head(columns...)) }

func (b *bench) row(cells ...string) { b.printf("%s", document.Row(cells...)) }

func (b *bench) printf(format string, args ...any) { fmt.Fprintf(b.out, format, args...) }

func (b *bench) verified(t *table) {
	b.say("%s: all %d rows are there, each once", t.name, t.published())
}

func (b *bench) reportIngestion(t *table, rate float64, merge time.Duration) {
	text := grouped(int(rate)) + " rows/s"
	if rate == 0 {
		text = "too few rows to tell a rate"
	}
	b.printf("\nIngestion: %s until %s were there, merged and handed off in %.0f s\n", text, grouped(t.published()),
		merge.Seconds())
}

// reportDisk tells what rows take on the data volume: in the deep storage, and in the
// historical's cache, from which they are served. On one volume those are links to the same
// files, which take their place once.
func (b *bench) reportDisk(t *table, h handedOff) error {
	seen := make(map[uint64]bool)
	var total int64
	for _, place := range []string{"segments", "segment-cache"} {
		err := filepath.WalkDir(filepath.Join(b.druid.Dir, "data", place, t.name),
			func(_ string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				if file := info.Sys().(*syscall.Stat_t).Ino; !seen[file] {
					seen[file] = true
					total += info.Size()
				}
				return nil
			})
		if err != nil {
			return fmt.Errorf("what %s takes: %w", place, err)
		}
	}
	b.printf("\nDisk: %s rows in %d segment(s) with the historical's cache take %.0f MB, a million %.0f MB\n",
		grouped(h.rows), h.segments, float64(total)/1e6, float64(total)/float64(h.rows)) // bytes a row are MB a million
	return nil
}

func (b *bench) reportQuery(a answer) {
	if a.failure != nil {
		b.row(a.query.Name, "none", "no answer", firstLine(a.failure.Error()))
		return
	}
	b.row(a.query.Name, fmt.Sprint(a.rows), fmt.Sprintf("%.2f", a.median.Seconds()),
		fmt.Sprintf("%.2f", a.worst.Seconds()))
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.ReplaceAll(text[:min(len(text), 300)], "|", "/")
}

// memory prints what each server has taken beside what it may.
func (b *bench) memory() error {
	b.head("server", "heap at most, MB", "its own at most, MB", "in % of the limit", "limit of its unit at 8 GiB",
		"with pages of files at most")
	for _, name := range servers() {
		l, err := limitsOf(name)
		if err != nil {
			return err
		}
		r, err := residentOf(b.druid.PID(name))
		if err != nil {
			return fmt.Errorf("the memory of %s: %w", name, err)
		}
		heap := "none"
		if l.heap > 0 {
			heap = megabytes(l.heap)
		}
		own := max(b.most[name], r.own)
		b.row(name, heap, megabytes(own), fmt.Sprintf("%.0f", 100*float64(own)/float64(cmp.Or(l.unit, 1))),
			megabytes(l.unit), megabytes(r.peak))
	}
	return nil
}

// grouped writes 5,000,000.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f", float64(bytes)/1e6) }
