package render

import (
	"math"
	"time"

	"salesburst/dashboards"
)

// Sizes of the texts.
const (
	small  = 11.0
	normal = 12.0
)

// drawing is a panel's frame and its place.
type drawing struct {
	canvas
	panel         dashboards.Panel
	frame         dashboards.Frame
	from, to      time.Time
	x, y          float64 // of the upper left corner
	width, height float64
}

// series draws a time series: lines, or bars, or areas on top of each other.
func (d drawing) series() {
	all := numbers(d.panel, d.frame)
	times := d.frame.Columns[0].Values
	bottom := d.y + d.height - d.legend(all) - 20
	top := d.y + 8
	most := 0.0
	for row := range times {
		sum := 0.0
		for _, n := range all {
			v, ok := n.at(row)
			if !ok {
				continue
			}
			sum += v
			if !d.panel.Stacked {
				most = max(most, v)
			}
		}
		if d.panel.Stacked {
			most = max(most, sum)
		}
	}
	end, steps := roundAxis(most, max(2, int((bottom-top)/38)))
	begin := d.x
	for i := range steps + 1 {
		begin = max(begin, d.x+widthOf(short(end*float64(i)/float64(steps), d.panel.Unit), small)+8)
	}
	finish := d.x + d.width - 4
	yOf := func(v float64) float64 { return bottom - (bottom-top)*math.Max(0, v)/end }
	xOf := func(t time.Time) float64 {
		return begin + (finish-begin)*min(1, max(0, float64(t.Sub(d.from))/float64(d.to.Sub(d.from))))
	}
	for i := range steps + 1 {
		v := end * float64(i) / float64(steps)
		d.line([]point{{begin, yOf(v)}, {finish, yOf(v)}}, map[bool]color{true: axis, false: grid}[i == 0], 1, false)
		d.text(begin-6, yOf(v)+4, short(v, d.panel.Unit), font{small, muted, right, false})
	}
	d.timeAxis(begin, finish, bottom, xOf)

	interval := d.panel.Interval(d.from, d.to, Pixels)
	base := make([]float64, len(times))
	for _, n := range all {
		switch {
		case d.panel.AsBars:
			d.barSeries(n, base, interval, xOf, yOf)
		case d.panel.Stacked:
			d.areaSeries(n, base, xOf, yOf)
		default:
			d.lineSeries(n, interval, xOf, yOf)
		}
	}
}

// Pixels is the width for which buckets are chosen; all widths share the same answer.
const Pixels = 800

func (d drawing) timeAxis(begin, finish, y float64, xOf func(time.Time) float64) {
	steps := []time.Duration{
		5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
		5 * time.Minute, 10 * time.Minute, 15 * time.Minute,
		30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
		48 * time.Hour,
	}
	wanted := max(2, int((finish-begin)/66))
	step := steps[len(steps)-1]
	for _, s := range steps {
		if d.to.Sub(d.from)/s <= time.Duration(wanted) {
			step = s
			break
		}
	}
	layout := "15:04"
	switch {
	case step < time.Minute:
		layout = "15:04:05"
	case step >= 24*time.Hour:
		layout = "2 Jan"
	}
	for t := d.from.Truncate(step).Add(step); !t.After(d.to); t = t.Add(step) {
		x := xOf(t)
		text := t.Format(layout)
		if t.Truncate(24*time.Hour).Equal(t) && step >= time.Hour {
			text = t.Format("2 Jan")
		}
		if w := widthOf(text, small) / 2; x-w > begin-12 && x+w < d.x+d.width {
			d.line([]point{{x, y}, {x, y + 4}}, axis, 1, false)
			d.text(x, y+16, text, font{small, muted, middle, false})
		}
	}
}

// lineSeries leaves a gap where more than three buckets have no value.
func (d drawing) lineSeries(n number, interval time.Duration, xOf func(time.Time) float64, yOf func(float64) float64) {
	var points []point
	var last time.Time
	flush := func() {
		switch len(points) {
		case 0:
		case 1:
			d.circle(points[0].x, points[0].y, 2, n.color, 1, "")
		default:
			d.line(points, n.color, 2, n.dashed)
		}
		points = nil
	}
	for row, v := range d.frame.Columns[0].Values {
		at := v.(time.Time)
		v, ok := n.at(row)
		if !ok {
			continue
		}
		if at.Sub(last) > 3*interval {
			flush()
		}
		points, last = append(points, point{xOf(at.Add(interval / 2)), yOf(v)}), at
	}
	flush()
}

func (d drawing) areaSeries(n number, base []float64, xOf func(time.Time) float64, yOf func(float64) float64) {
	var upper, lower []point
	for row, t := range d.frame.Columns[0].Values {
		v, _ := n.at(row) // nothing sold is no height
		x := xOf(t.(time.Time))
		lower = append(lower, point{x, yOf(base[row])})
		base[row] += v
		upper = append(upper, point{x, yOf(base[row])})
	}
	outline := append([]point(nil), upper...)
	for i := len(lower) - 1; i >= 0; i-- {
		outline = append(outline, lower[i])
	}
	d.area(outline, n.color, 0.55)
	d.line(upper, n.color, 1.5, false)
}

// barSeries draws all bars of a series as one outline for each stretch without gaps.
func (d drawing) barSeries(n number, base []float64, interval time.Duration,
	xOf func(time.Time) float64, yOf func(float64) float64) {
	var upper, lower []point
	flush := func() {
		for i := len(lower) - 1; i >= 0; i-- {
			upper = append(upper, lower[i])
		}
		if len(upper) > 0 {
			d.area(upper, n.color, 1)
		}
		upper, lower = nil, nil
	}
	var last time.Time
	for row, t := range d.frame.Columns[0].Values {
		v, ok := n.at(row)
		if !ok || v == 0 {
			continue
		}
		at := t.(time.Time)
		if !last.IsZero() && !at.Equal(last.Add(interval)) {
			flush()
		}
		last = at
		from, to := xOf(at), xOf(at.Add(interval))
		if to-from > 4 {
			to--
		}
		below := 0.0
		if d.panel.Stacked {
			below = base[row]
			base[row] += v
		}
		upper = append(upper, point{from, yOf(below + v)}, point{to, yOf(below + v)})
		lower = append(lower, point{from, yOf(below)}, point{to, yOf(below)})
	}
	flush()
}

// legend draws the names of several series at the lower edge, and says how high it is.
func (d drawing) legend(all []number) float64 {
	const line, key, gap = 18.0, 12.0, 16.0
	if len(all) < 2 {
		return 0
	}
	type place struct {
		n    number
		x, y float64
	}
	var places []place
	x, y := d.x, 0.0
	for _, n := range all {
		w := key + 6 + widthOf(n.name, small) + gap
		if x > d.x && x+w-gap > d.x+d.width {
			x, y = d.x, y+line
		}
		places = append(places, place{n, x, y})
		x += w
	}
	height := y + line
	top := d.y + d.height - height
	for _, p := range places {
		if p.n.dashed {
			d.line([]point{{p.x, top + p.y + 9}, {p.x + key + 2, top + p.y + 9}}, p.n.color, 2, true)
		} else {
			d.rect(p.x, top+p.y+3, key, key, p.n.color, "")
		}
		d.text(p.x+key+6, top+p.y+13, shorten(p.n.name, small, d.width-key-6), font{small, muted, left, false})
	}
	return height + 4
}
