package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"salesburst/dashboards"
)

// Value writes a number in its unit, for people.
func Value(v float64, unit dashboards.Unit, decimals int) string {
	number := groupDigits(strconv.FormatFloat(math.Abs(v), 'f', decimals, 64))
	if strings.Trim(number, "0.,") != "" && v < 0 {
		number = "−" + number
	}
	return withUnit(number, unit)
}

// short writes 950, 12.3k, 4.56M, in its unit.
func short(v float64, unit dashboards.Unit) string { return withUnit(shortNumber(v), unit) }

func withUnit(number string, unit dashboards.Unit) string {
	if code, is := unit.Currency(); is {
		sign, known := signs[code]
		if !known {
			sign = code + " "
		}
		if rest, negative := strings.CutPrefix(number, "−"); negative {
			return "−" + sign + rest
		}
		return sign + number
	}
	switch unit {
	case dashboards.Percent:
		return number + " %"
	case dashboards.Seconds:
		return number + " s"
	case dashboards.PerSecond:
		return number + "/s"
	case dashboards.PerMinute:
		return number + "/min"
	case dashboards.Inches:
		return number + "″"
	}
	return number
}

// signs are those that stand for one currency on these pages; others have their code.
var signs = map[string]string{"USD": "$", "EUR": "€", "GBP": "£"}

func shortNumber(value float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(value) >= unit.size {
			value /= unit.size
			decimals := 2
			if math.Abs(value) >= 10 {
				decimals = 1
			}
			if math.Abs(value) >= 100 {
				decimals = 0
			}
			text := strconv.FormatFloat(value, 'f', decimals, 64)
			if strings.Contains(text, ".") {
				text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
			}
			return strings.Replace(text, "-", "−", 1) + unit.name
		}
	}
	if value != math.Trunc(value) && math.Abs(value) < 10 {
		return strings.Replace(strings.TrimRight(strconv.FormatFloat(value, 'f', 2, 64), "0"), "-", "−", 1)
	}
	return strings.Replace(strconv.FormatFloat(value, 'f', 0, 64), "-", "−", 1)
}

// groupDigits writes 1,234,567.89.
func groupDigits(number string) string {
	whole, fraction, has := strings.Cut(number, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		return whole + "." + fraction
	}
	return whole
}

// roundAxis finds the end of an axis that holds most, and into how many steps of a
// round number it falls, at most as many as wanted.
func roundAxis(most float64, wanted int) (top float64, steps int) {
	if most <= 0 {
		return 1, 1
	}
	for size := math.Pow(10, math.Floor(math.Log10(most/float64(wanted)))); ; size *= 10 {
		for _, step := range []float64{size, 2 * size, 2.5 * size, 5 * size} {
			if n := math.Ceil(most / step); n <= float64(wanted) {
				return n * step, int(n)
			}
		}
	}
}

// number is a column of numbers as people see it.
type number struct {
	column   dashboards.Column
	name     string
	unit     dashboards.Unit
	decimals int
	color    color
	dashed   bool
}

// at is the value in a row; ok is false where there is none.
func (n number) at(row int) (v float64, ok bool) {
	v, ok = n.column.Values[row].(float64)
	return v, ok
}

func (n number) write(v float64) string { return Value(v, n.unit, n.decimals) }

// numbers are the columns of numbers that are shown, with their colours. The series of a
// wide frame are named after their labels.
func numbers(p dashboards.Panel, f dashboards.Frame) (all []number) {
	palette, next := dashboards.Palette(), 0
	taken := make(map[string]color) // by the names in the labels
	for _, c := range f.Columns {
		about := p.Field(c.Name)
		if c.Type != dashboards.Number || about.Hidden {
			continue
		}
		n := number{
			column: c, name: p.SeriesName(c), unit: about.Unit, decimals: about.Decimals,
			color: color(p.ColorOf(c)), dashed: about.Dashed,
		}
		label, labelled := c.Labels[p.Series]
		if n.color == "" && labelled {
			n.color = taken[label]
		}
		if n.color == "" {
			n.color = color(palette[next%len(palette)])
			next++
		}
		taken[label] = n.color
		all = append(all, n)
	}
	return all
}

// names are the values of the first column of text.
func names(f dashboards.Frame) []string {
	for _, c := range f.Columns {
		if c.Type == dashboards.Text {
			list := make([]string, len(c.Values))
			for i, v := range c.Values {
				list[i], _ = v.(string)
			}
			return list
		}
	}
	return nil
}

// threshold is the last one that a value has reached.
func threshold(p dashboards.Panel, v float64) (t dashboards.Threshold, ok bool) {
	for i, candidate := range p.Thresholds {
		if i == 0 || v >= candidate.From {
			t, ok = candidate, true
		}
	}
	return t, ok
}

// cell writes a value of a table.
func cell(p dashboards.Panel, c dashboards.Column, row int, to time.Time) string {
	about := p.Field(c.Name)
	switch v := c.Values[row].(type) {
	case float64:
		return Value(v, about.Unit, about.Decimals)
	case time.Time:
		if to.Sub(v) > 20*time.Hour {
			return v.Format("2 Jan 15:04:05")
		}
		return v.Format("15:04:05")
	case nil:
		return ""
	default:
		return fmt.Sprint(v)
	}
}
