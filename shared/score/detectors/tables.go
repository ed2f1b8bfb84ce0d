package main

import (
	"fmt"
	"strings"
	"time"

	"salesburst/shared/document"
	"salesburst/shared/score"
)

// tables are the scores of all detectors, whole and by scenario.
func tables(all []detector) string {
	text := document.Head("detector", "alerts", "right", "precision", "incidents found", "recall", "median time",
		"longest")
	for _, d := range all {
		f := d.score.All
		text += document.Row(d.name, fmt.Sprint(f.Alerts), fmt.Sprint(f.Right), percent(f.Precision),
			fmt.Sprintf("%d of %d", f.Found, f.Incidents), percent(f.Recall), span(f.Median), span(f.Worst))
	}
	head := []string{"scenario"}
	for _, d := range all {
		head = append(head, d.name)
	}
	text += "\n" + document.Head(head...)
	for i, of := range all[0].score.Scenarios {
		row := []string{"`" + of.Scenario + "`"}
		for _, d := range all {
			row = append(row, found(d.score.Scenarios[i]))
		}
		text += document.Row(row...)
	}
	return text
}

// found is how many of a scenario's incidents were found, and how fast.
func found(f score.Figures) string {
	switch f.Found {
	case 0:
		return "none"
	case 1:
		return fmt.Sprintf("%d of %d, after %s", f.Found, f.Incidents, span(f.Median))
	}
	return fmt.Sprintf("%d of %d, after %s and %s", f.Found, f.Incidents, span(f.Median), span(f.Worst))
}

func percent(p *int) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%d %%", *p)
}

func span(s *score.Seconds) string {
	if s == nil {
		return "-"
	}
	text := time.Duration(*s).Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		return strings.TrimSuffix(text, "0s")
	}
	return text
}
