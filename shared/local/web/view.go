package web

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"salesburst/dashboards"
)

// timeRange can be chosen.
type timeRange struct {
	Name, Label string
	Length      time.Duration // 0: everything
}

func ranges() []timeRange {
	return []timeRange{
		{"5m", "last 5 minutes", 5 * time.Minute},
		{"15m", "last 15 minutes", 15 * time.Minute},
		{"1h", "last hour", time.Hour},
		{"6h", "last 6 hours", 6 * time.Hour},
		{"all", "everything", 0},
	}
}

// view is what one reader looks at.
type view struct {
	dashboard dashboards.Dashboard
	length    time.Duration // of the time range; 0: everything
	selected  map[string][]string
	sizes     map[int]size // of the panels' places, in CSS pixels
}

type size struct{ width, height int }

// Limits of what a reader may ask for.
const (
	minSide, maxSide = 80, 4000
	maxSelected      = 500
	maxValue         = 200 // letters
)

// readView reads what a reader has chosen from a URL's query.
func readView(d dashboards.Dashboard, query url.Values) (view, error) {
	v := view{dashboard: d, length: d.Lookback, selected: make(map[string][]string), sizes: make(map[int]size)}
	if name := query.Get("range"); name != "" {
		i := slices.IndexFunc(ranges(), func(r timeRange) bool { return r.Name == name })
		if i < 0 {
			return v, fmt.Errorf("range %q is not one of 5m, 15m, 1h, 6h, all", name)
		}
		v.length = ranges()[i].Length
	}
	for _, variable := range d.Variables {
		values := query[variable.Name]
		if len(values) > maxSelected || slices.ContainsFunc(values, func(s string) bool { return len(s) > maxValue }) {
			return v, fmt.Errorf("%s: that is too much", variable.Name)
		}
		v.selected[variable.Name] = values
	}
	for _, text := range query["size"] {
		var id int
		var s size
		if n, err := fmt.Sscanf(text, "%d:%dx%d", &id, &s.width, &s.height); n != 3 || err != nil {
			return v, fmt.Errorf("size %q is not panel:widthxheight", text)
		}
		v.sizes[id] = size{min(max(s.width, minSide), maxSide), min(max(s.height, minSide), maxSide)}
	}
	return v, nil
}
