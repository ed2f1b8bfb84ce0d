package render

import (
	"fmt"
	"html"
	"strings"
	"time"

	"salesburst/dashboards"
)

// Body is a panel of the local page, without its title: SVG in the colours of the style
// sheet, or a table. All of it is escaped. label says the same in words.
func Body(p dashboards.Panel, f dashboards.Frame, from, to time.Time, width, height int) (body, label string) {
	if f.Rows() == 0 {
		return `<p class="none">` + html.EscapeString(p.Empty) + `</p>`, p.Title + ": " + p.Empty
	}
	label = p.Title + ": " + inWords(p, f)
	if p.Kind == dashboards.Table {
		return htmlTable(p, f, to), label
	}
	s := newSVG(float64(width), float64(height))
	drawing{canvas: s, panel: p, frame: f, from: from, to: to, width: float64(width), height: float64(height)}.draw()
	return s.String(), label
}

func htmlTable(p dashboards.Panel, f dashboards.Frame, to time.Time) string {
	var b strings.Builder
	columns := shown(p, f)
	class := func(c dashboards.Column) string {
		if c.Type == dashboards.Number {
			return ` class="number"`
		}
		return ""
	}
	b.WriteString(`<table><thead><tr>`)
	for _, c := range columns {
		fmt.Fprintf(&b, `<th scope="col"%s>%s</th>`, class(c), html.EscapeString(p.SeriesName(c)))
	}
	b.WriteString(`</tr></thead><tbody>`)
	for row := range f.Rows() {
		b.WriteString(`<tr>`)
		for _, c := range columns {
			text := html.EscapeString(cell(p, c, row, to))
			if v, is := c.Values[row].(float64); is && p.Field(c.Name).Unit == p.Unit {
				if t, ok := threshold(p, v); ok {
					text = fmt.Sprintf(`<span class="mark" style="border-color:%s" title="%s">%s</span>`,
						html.EscapeString(string(t.Color)), html.EscapeString(t.Meaning), text)
				}
			}
			fmt.Fprintf(&b, `<td%s data-title="%s">%s</td>`, class(c), html.EscapeString(p.SeriesName(c)), text)
		}
		b.WriteString(`</tr>`)
	}
	b.WriteString(`</tbody></table>`)
	return b.String()
}

// inWords says what a panel shows, for those who do not see it.
func inWords(p dashboards.Panel, f dashboards.Frame) string {
	const most = 8
	var parts []string
	switch p.Kind {
	case dashboards.TimeSeries:
		for _, n := range numbers(p, f) {
			last, peak, at := 0.0, 0.0, 0
			for row := range f.Rows() {
				if v, ok := n.at(row); ok {
					last = v
					if v > peak {
						peak, at = v, row
					}
				}
			}
			peakTime := f.Columns[0].Values[at].(time.Time).Format("15:04:05")
			parts = append(parts, fmt.Sprintf("%s %s at last, %s at most (%s)", n.name, n.write(last), n.write(peak),
				peakTime))
		}
	case dashboards.Table:
		return fmt.Sprintf("%d rows", f.Rows())
	default:
		labels := names(f)
		for row := range min(f.Rows(), most) {
			var values []string
			for _, n := range numbers(p, f) {
				v, _ := n.at(row)
				text := n.name + " " + n.write(v)
				if t, ok := threshold(p, v); ok && p.Kind == dashboards.Stat {
					text += " (" + t.Meaning + ")"
				}
				values = append(values, text)
			}
			text := strings.Join(values, ", ")
			if row < len(labels) {
				text = labels[row] + ": " + text
			}
			parts = append(parts, text)
		}
		if f.Rows() > most {
			parts = append(parts, fmt.Sprintf("and %d more", f.Rows()-most))
		}
	}
	return strings.Join(parts, "; ")
}
