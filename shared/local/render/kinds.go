package render

import (
	"fmt"
	"math"

	"salesburst/dashboards"
)

// draw draws a panel that has something to show.
func (d drawing) draw() {
	switch d.panel.Kind {
	case dashboards.TimeSeries:
		d.series()
	case dashboards.Stat:
		d.stat()
	case dashboards.Bars:
		d.bars()
	case dashboards.Pie:
		d.pie()
	case dashboards.Map:
		d.mapOfStates()
	default:
		d.table()
	}
}

// stat draws a number large, and what it is compared with below; or several numbers side
// by side.
func (d drawing) stat() {
	all := numbers(d.panel, d.frame)
	if d.panel.Comparison && len(all) == 2 {
		d.compared(all[0], all[1])
		return
	}
	each := d.width / float64(len(all))
	for i, n := range all {
		v, _ := n.at(0)
		x := d.x + float64(i)*each
		y := d.y + max(d.height*0.5, 54)
		d.figure(n, v, x, y, each)
		if len(all) > 1 {
			d.text(x, y+20, shorten(n.name, normal, each-8), font{normal, muted, left, false})
		}
	}
}

// figure writes a number in the colour of its threshold, and what that means.
func (d drawing) figure(n number, v, x, y, width float64) {
	text := n.write(v)
	const bold = 1.12 // times as wide, in the widest of the common fonts
	size := min(32, max(14, 32*(width-10)/max(1, bold*widthOf(text, 32))))
	if t, ok := threshold(d.panel, v); ok && n.color != color(dashboards.Grey) {
		// The colour marks; the figure itself stays easy to read.
		d.rect(x, y-size-10, 22, 4, color(t.Color), "")
		d.text(x+28, y-size-4, t.Meaning, font{small, muted, left, false})
	}
	d.text(x, y, text, font{size, ink, left, true})
}

func (d drawing) compared(now, before number) {
	v, _ := now.at(0)
	then, _ := before.at(0)
	y := d.y + max(d.height*0.48, 54)
	d.figure(now, v, d.x, y, d.width)
	text := before.write(then) + " the same time before"
	if then == 0 {
		text = "nothing to compare with"
	} else if change := 100 * (v - then) / math.Abs(then); now.unit != dashboards.Percent && math.Abs(change) < 1000 {
		sign := map[bool]string{true: "+", false: "−"}[change >= 0]
		text = fmt.Sprintf("%s%.1f %%, ", sign, math.Abs(change)) + text
	}
	d.text(d.x, y+26, shorten(text, normal, d.width), font{normal, muted, left, false})
}

// bars draws a bar, or several, or a stack, for each row.
func (d drawing) bars() {
	all, labels := numbers(d.panel, d.frame), names(d.frame)
	bottom := d.y + d.height - d.legend(all)
	most := 0.0
	for row := range labels {
		sum := 0.0
		for _, n := range all {
			v, _ := n.at(row)
			sum += v
			if !d.panel.Stacked {
				most = max(most, v)
			}
		}
		if d.panel.Stacked {
			most = max(most, sum)
		}
	}
	if most <= 0 {
		most = 1
	}
	room := 0.0
	for _, l := range labels {
		room = max(room, widthOf(l, normal))
	}
	room = min(room, d.width*0.36)
	const forValue = 62
	begin, finish := d.x+room+8, d.x+d.width-forValue
	each := min(34, (bottom-d.y)/float64(len(labels)))
	for row, label := range labels {
		y := d.y + float64(row)*each
		d.text(begin-8, y+each/2+4, shorten(label, normal, room), font{min(normal, each-1), ink, right, false})
		if d.panel.Stacked {
			d.stack(all, label, row, begin, finish, y+each*0.16, each*0.68, most)
			continue
		}
		h := each * 0.72 / float64(len(all))
		longest := 0.0
		for i, n := range all {
			v, _ := n.at(row)
			c := n.color
			if t, ok := threshold(d.panel, v); ok {
				c = color(t.Color)
			}
			top := y + each*0.14 + float64(i)*h
			w := (finish - begin) * max(0, v) / most
			d.rect(begin, top, w, max(1, h-1), c, label+", "+n.name+": "+n.write(v))
			longest = max(longest, w)
		}
		first, _ := all[0].at(row)
		d.text(begin+longest+6, y+each/2+4, short(first, all[0].unit), font{min(small, each-1), muted, left, false})
	}
}

func (d drawing) stack(all []number, label string, row int, begin, finish, y, h, most float64) {
	x, sum := begin, 0.0
	for _, n := range all {
		v, _ := n.at(row)
		w := (finish - begin) * max(0, v) / most
		if w > 0 {
			d.rect(x, y, w, h, n.color, label+", "+n.name+": "+n.write(v))
		}
		x += w
		sum += v
	}
	d.text(x+6, y+h/2+4, short(sum, all[0].unit), font{small, muted, left, false})
}

// pie draws a ring, and beside or below it what its parts are.
func (d drawing) pie() {
	all, labels := numbers(d.panel, d.frame), names(d.frame)
	n := all[0]
	sum := 0.0
	for row := range labels {
		v, _ := n.at(row)
		sum += max(0, v)
	}
	if sum <= 0 {
		sum = 1
	}
	const line = 20.0
	list := line * float64(len(labels))
	r := max(24, min(d.width/2-8, (d.height-list-14)/2))
	cx, cy := d.x+d.width/2, d.y+r+2
	listX, listY := d.x, cy+r+14
	if d.width > 330 { // beside
		r = max(24, min(d.height/2-6, d.width*0.24))
		cx, cy = d.x+r+4, d.y+d.height/2
		listX, listY = d.x+2*r+28, cy-list/2
	}
	palette := dashboards.Palette()
	angle := -math.Pi / 2
	for row, label := range labels {
		v, _ := n.at(row)
		part := max(0, v) / sum
		c := color(d.panel.Colors[label])
		if c == "" {
			c = color(palette[row%len(palette)])
		}
		if part > 0 {
			d.area(ring(cx, cy, r, r*0.58, angle, angle+2*math.Pi*part), c, 1)
		}
		angle += 2 * math.Pi * part
		y := listY + float64(row)*line
		value := fmt.Sprintf("%.1f %%  %s", 100*part, short(v, n.unit))
		room := d.x + d.width - listX
		d.rect(listX, y+3, 10, 10, c, "")
		d.text(listX+16, y+12, shorten(label, normal, room-24-widthOf(value, small)), font{normal, ink, left, false})
		d.text(d.x+d.width, y+12, value, font{small, muted, right, false})
	}
	d.text(cx, cy+5, short(sum, n.unit), font{min(16, r*0.34), ink, middle, true})
}

// ring is the outline of a part of a ring.
func ring(cx, cy, outer, inner, from, to float64) (points []point) {
	gap := min(0.012, (to-from)/4)
	from, to = from+gap, to-gap
	steps := max(2, int((to-from)/0.06))
	for i := range steps + 1 {
		a := from + (to-from)*float64(i)/float64(steps)
		points = append(points, point{cx + outer*math.Cos(a), cy + outer*math.Sin(a)})
	}
	for i := steps; i >= 0; i-- {
		a := from + (to-from)*float64(i)/float64(steps)
		points = append(points, point{cx + inner*math.Cos(a), cy + inner*math.Sin(a)})
	}
	return points
}

// table draws as many rows as there is room for; the page has a table of HTML instead.
func (d drawing) table() {
	const line = 22.0
	columns := shown(d.panel, d.frame)
	rows := min(d.frame.Rows(), int((d.height-line)/line))
	widths, total := make([]float64, len(columns)), 0.0
	for i, c := range columns {
		widths[i] = widthOf(d.panel.SeriesName(c), small)
		for row := range rows {
			widths[i] = max(widths[i], widthOf(cell(d.panel, c, row, d.to), normal))
		}
		widths[i] = min(widths[i], 330) + 18
		total += widths[i]
	}
	if total > d.width {
		widest := 0
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		widths[widest] = max(60, widths[widest]-(total-d.width))
		total = 0
		for _, w := range widths {
			total += w
		}
	}
	stretch := max(0, (d.width-total)/float64(len(columns)))
	x := d.x
	for i, c := range columns {
		w := widths[i] + stretch
		at, side := x, left
		if c.Type == dashboards.Number {
			at, side = x+w-18, right
			if i == len(columns)-1 {
				at = x + w
			}
		}
		d.text(at, d.y+12, shorten(d.panel.SeriesName(c), small, w), font{small, muted, side, false})
		for row := range rows {
			y := d.y + line + float64(row)*line
			if i == 0 {
				d.line([]point{{d.x, y - 3}, {d.x + d.width, y - 3}}, grid, 1, false)
			}
			text := cell(d.panel, c, row, d.to)
			if side == left {
				text = shorten(text, normal, w-8)
			}
			d.text(at, y+13, text, font{normal, ink, side, false})
		}
		x += w
	}
}

// shown are the columns that a table shows.
func shown(p dashboards.Panel, f dashboards.Frame) (all []dashboards.Column) {
	for _, c := range f.Columns {
		if !p.Field(c.Name).Hidden {
			all = append(all, c)
		}
	}
	return all
}
