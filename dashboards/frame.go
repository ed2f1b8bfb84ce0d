package dashboards

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Type of a column's values in a frame.
type Type string

// The types that the plugin knows.
const (
	Text   Type = "string"  // string
	Number Type = "float"   // float64
	Whole  Type = "int"     // int64, from text of digits alone
	Truth  Type = "boolean" // bool, from text such as "true"
	Time   Type = "time"    // time.Time
)

// Column is a field of a frame. In a wide frame the names of its series are its labels.
type Column struct {
	Name   string
	Labels map[string]string
	Type   Type
	Values []any // of Type; nil where a series of a wide frame has no value
}

// Frame is what Grafana draws.
type Frame struct{ Columns []Column }

// Rows is the length of its columns.
func (f Frame) Rows() int {
	if len(f.Columns) == 0 {
		return 0
	}
	return len(f.Columns[0].Values)
}

// ErrFrame is what an answer that Grafana would draw wrongly, or not at all, fails with.
var ErrFrame = errors.New("the frame would be wrong")

// FrameOf turns an answer to the panel's SQL into what Grafana's plugin makes of it. The
// values are those of Druid's JSON: nil, bool, string, numbers (float64, int64, int or
// json.Number), times as text in ISO 8601 with milliseconds. An answer without rows is
// a frame without columns, which Grafana shows as the panel's Empty.
//
// The plugin guesses, and passes over what it does not understand: the type of a column
// is that of most of five of its values, a null becomes zero, a text of digits a number,
// and rows that are not sorted by time stay long. Where that would change what people
// see, FrameOf returns ErrFrame.
func FrameOf(p Panel, columns []string, rows [][]any) (Frame, error) {
	var f Frame
	if len(rows) == 0 {
		return f, nil
	}
	if len(rows) >= MostRows {
		return f, fmt.Errorf("%w: %d rows are as many as a panel may have, so the last ones are probably cut off",
			ErrFrame, len(rows))
	}
	for i, row := range rows {
		if len(row) != len(columns) {
			return f, fmt.Errorf("%w: row %d has %d values for %d columns", ErrFrame, i, len(row), len(columns))
		}
	}
	for i, name := range columns {
		c, err := column(name, i, rows)
		if err != nil {
			return f, err
		}
		f.Columns = append(f.Columns, c)
	}
	if err := p.fits(f); err != nil {
		return f, err
	}
	if p.Format() == Wide {
		f = widen(f)
	}
	return f, nil
}

// column guesses the type of a column and converts its values.
func column(name string, i int, rows [][]any) (Column, error) {
	votes := make(map[Type]int)
	step := (len(rows) + 4) / 5
	for n := 0; n < len(rows); n += step {
		if v := rows[n][i]; v != nil {
			votes[typeOf(name, v)]++
		}
	}
	c := Column{Name: name, Type: Number}
	if len(votes) > 1 {
		return c, fmt.Errorf("%w: column %s has values of several types: %v", ErrFrame, name, votes)
	}
	for t := range votes {
		c.Type = t
	}
	if isTime(name) != (c.Type == Time) {
		return c, fmt.Errorf("%w: column %s would be of type %s", ErrFrame, name, c.Type)
	}
	for n, row := range rows {
		v := row[i]
		if v == nil && c.Type == Text {
			v = ""
		}
		if v == nil {
			return c, fmt.Errorf("%w: column %s is null in row %d, and would be drawn as zero or left out", ErrFrame,
				name, n)
		}
		if t := typeOf(name, v); t != c.Type && !(t == Whole && c.Type == Text) {
			return c, fmt.Errorf("%w: column %s is of type %s, but %v in row %d is of type %s", ErrFrame, name, c.Type,
				v, n, t)
		}
		c.Values = append(c.Values, convert(c.Type, v))
	}
	return c, nil
}

// isTime is the rule by which the panels name their columns.
func isTime(column string) bool { return column == "time" || strings.HasSuffix(column, "_time") }

// The texts that are times to the plugin.
const (
	utcTime  = "2006-01-02T15:04:05.000Z"
	zoneTime = "2006-01-02T15:04:05.000-07:00"
)

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(utcTime, s)
	if err != nil {
		t, err = time.Parse(zoneTime, s)
	}
	return t, err
}

// typeOf is the plugin's guess from one value.
func typeOf(name string, v any) Type {
	switch v := v.(type) {
	case bool:
		return Truth
	case string:
		if _, err := strconv.Atoi(v); err == nil {
			return Whole
		}
		if _, err := strconv.ParseBool(v); err == nil {
			return Truth
		}
		if _, err := parseTime(v); err == nil {
			return Time
		}
		return Text
	}
	if name == "__time" || strings.Contains(strings.ToLower(name), "time_") {
		return Time
	}
	return Number
}

func convert(t Type, v any) any {
	switch t {
	case Whole:
		n, _ := strconv.ParseInt(v.(string), 10, 64) // typeOf has read it
		return n
	case Truth:
		if s, is := v.(string); is {
			b, _ := strconv.ParseBool(s)
			return b
		}
	case Time:
		if s, is := v.(string); is {
			moment, _ := parseTime(s)
			return moment.UTC()
		}
		return time.UnixMilli(int64(number(v))).UTC()
	case Number:
		return number(v)
	}
	return v
}

func number(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	case int:
		return float64(v)
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			panic(err) // no JSON number
		}
		return f
	}
	panic(fmt.Sprintf("%T is no value of Druid's JSON", v))
}

// fits tells whether the panel's kind can draw the frame.
func (p Panel) fits(f Frame) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrFrame, fmt.Sprintf(format, args...))
	}
	is := func(t Type) func(Column) bool { return func(c Column) bool { return c.Type == t } }
	count := func(t Type) (n int) {
		for _, c := range f.Columns {
			if c.Type == t {
				n++
			}
		}
		return n
	}
	for _, c := range f.Columns {
		if c.Type == Whole || c.Type == Truth {
			return wrong("the texts in column %s would become %ss", c.Name, c.Type)
		}
	}
	switch p.Kind {
	case TimeSeries:
		first := f.Columns[0]
		if first.Type != Time || count(Number) == 0 {
			return wrong("a time series is a time, then numbers")
		}
		if sorted := slices.IsSortedFunc(first.Values,
			func(a, b any) int { return a.(time.Time).Compare(b.(time.Time)) }); !sorted {
			return wrong("column %s is not sorted", first.Name)
		}
		if names := count(Text); (p.Format() == Wide) != (names > 0) {
			return wrong("format %s with %d columns of names", p.Format(), names)
		}
	case Stat:
		if count(Number) != len(f.Columns) || f.Rows() != 1 {
			return wrong("a stat is one row of numbers")
		}
	case Bars, Pie:
		if f.Columns[0].Type != Text || count(Number) != len(f.Columns)-1 || len(f.Columns) < 2 {
			return wrong("%s is a name, then numbers", p.Kind)
		}
	case Map:
		for _, name := range []string{"latitude", "longitude"} {
			if i := slices.IndexFunc(f.Columns, func(c Column) bool { return c.Name == name }); i < 0 ||
				f.Columns[i].Type != Number {
				return wrong("a map needs a number %s", name)
			}
		}
		if !slices.ContainsFunc(f.Columns, is(Text)) {
			return wrong("a map needs names")
		}
	}
	return nil
}

// widen makes a series of each name and number, in the order in which they appear.
func widen(long Frame) Frame {
	var times []any
	series := make(map[string]*Column)
	var order []string
	for row := range long.Rows() {
		now := long.Columns[0].Values[row]
		if len(times) == 0 || !times[len(times)-1].(time.Time).Equal(now.(time.Time)) {
			times = append(times, now)
		}
		labels := make(map[string]string)
		var key strings.Builder
		for _, c := range long.Columns {
			if c.Type == Text {
				labels[c.Name] = c.Values[row].(string)
				key.WriteString(strconv.Quote(labels[c.Name]))
			}
		}
		for _, c := range long.Columns {
			if c.Type != Number {
				continue
			}
			k := c.Name + key.String()
			s := series[k]
			if s == nil {
				s = &Column{Name: c.Name, Labels: labels, Type: Number}
				series[k], order = s, append(order, k)
			}
			for len(s.Values) < len(times) {
				s.Values = append(s.Values, nil)
			}
			s.Values[len(times)-1] = c.Values[row]
		}
	}
	wide := Frame{Columns: []Column{{Name: long.Columns[0].Name, Type: Time, Values: times}}}
	for _, k := range order {
		s := series[k]
		for len(s.Values) < len(times) {
			s.Values = append(s.Values, nil)
		}
		wide.Columns = append(wide.Columns, *s)
	}
	return wide
}
