package dashboards

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestFrameOf(t *testing.T) {
	const first, second = "2026-11-24T10:00:00.000Z", "2026-11-24T10:00:01.000Z"
	series, wide := Panel{Kind: TimeSeries}, Panel{Kind: TimeSeries, Series: "brand"}
	list, bars, one := Panel{Kind: Table}, Panel{Kind: Bars}, Panel{Kind: Stat}
	for name, c := range map[string]struct {
		panel   Panel
		columns []string
		rows    [][]any
		want    string // columns with their values, or what the error says
	}{
		"no rows":               {series, []string{"time", "n"}, nil, "[]"},
		"long":                  {series, []string{"time", "n"}, [][]any{{first, 1.5}, {second, json.Number("2")}}, "[time time [10:00:00 10:00:01] n float [1.5 2]]"},
		"time with a zone":      {series, []string{"time", "n"}, [][]any{{"2026-11-24T12:00:00.000+02:00", 1.0}}, "[time time [10:00:00] n float [1]]"},
		"a number as a time":    {series, []string{"first_time_", "n"}, [][]any{{1795514400000.0, 1.0}}, "column first_time_ would be of type time"},
		"wide":                  {wide, []string{"time", "brand", "n"}, [][]any{{first, "LG", 1.0}, {first, "Sony", 2.0}, {second, "Sony", 3.0}}, "[time time [10:00:00 10:00:01] LG float [1 <nil>] Sony float [2 3]]"},
		"wide, two numbers":     {wide, []string{"time", "brand", "n", "m"}, [][]any{{first, "LG", 1.0, 2.0}}, "[time time [10:00:00] LG float [1] LG float [2]]"},
		"wide, late series":     {wide, []string{"time", "brand", "n"}, [][]any{{first, "LG", 1.0}, {second, "Sony", 2.0}}, "[time time [10:00:00 10:00:01] LG float [1 <nil>] Sony float [<nil> 2]]"},
		"wide without names":    {wide, []string{"time", "n"}, [][]any{{first, 1.0}}, "with 0 columns of names"},
		"long with names":       {series, []string{"time", "brand", "n"}, [][]any{{first, "LG", 1.0}}, "with 1 columns of names"},
		"not sorted":            {series, []string{"time", "n"}, [][]any{{second, 1.0}, {first, 2.0}}, "column time is not sorted"},
		"no time":               {series, []string{"brand", "n"}, [][]any{{"LG", 1.0}}, "a time series is a time, then numbers"},
		"a time that is a text": {list, []string{"time"}, [][]any{{"yesterday"}}, "column time would be of type string"},
		"a hidden time":         {list, []string{"newest"}, [][]any{{first}}, "column newest would be of type time"},
		"digits":                {bars, []string{"model", "n"}, [][]any{{"4000", 1.0}, {"5000", 2.0}}, "the texts in column model would become ints"},
		"truths":                {bars, []string{"answer", "n"}, [][]any{{"true", 1.0}}, "the texts in column answer would become booleans"},
		"digits among texts":    {bars, []string{"model", "n"}, [][]any{{"X90", 1.0}, {"4000", 2.0}}, "column model has values of several types"},
		"digits not looked at": {bars, []string{"model", "n"}, [][]any{{"X", 1.0}, {"4000", 2.0}, {"Y", 3.0}, {"Z", 3.0}, {"A", 3.0}, {"B", 3.0}},
			"[model string [X 4000 Y Z A B] n float [1 2 3 3 3 3]]"},
		"text among numbers": {list, []string{"n"}, [][]any{{1.0}, {"x"}}, "column n has values of several types"},
		"a null number":      {one, []string{"n"}, [][]any{{nil}}, "column n is null in row 0"},
		"a null text":        {bars, []string{"brand", "n"}, [][]any{{nil, 1.0}, {"LG", 2.0}}, "[brand string [ LG] n float [1 2]]"},
		"two rows for one":   {one, []string{"n"}, [][]any{{1.0}, {2.0}}, "a stat is one row of numbers"},
		"a map without place": {Panel{Kind: Map}, []string{"city", "latitude", "n"}, [][]any{{"Boston", 42.4, 1.0}},
			"a map needs a number longitude"},
		"a short row":        {list, []string{"a", "b"}, [][]any{{1.0}}, "row 0 has 1 values for 2 columns"},
		"as many as allowed": {list, []string{"n"}, slicesOf(MostRows), "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := FrameOf(c.panel, c.columns, c.rows)
			if err != nil {
				if !errors.Is(err, ErrFrame) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want one with %q", err, c.want)
				}
				return
			}
			var got []string
			for _, column := range f.Columns {
				name := column.Name
				if column.Labels != nil {
					name = c.panel.SeriesName(column)
				}
				values := make([]any, len(column.Values))
				for i, v := range column.Values {
					values[i] = v
					if moment, is := v.(time.Time); is {
						values[i] = moment.Format(time.TimeOnly)
					}
				}
				got = append(got, fmt.Sprint(name, " ", column.Type, " ", values))
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

func slicesOf(n int) [][]any {
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{1.0}
	}
	return rows
}

func TestSeriesName(t *testing.T) {
	p := Panel{Series: "order_type", Fields: []Field{{Column: "usual", Title: "usual at most", Color: Grey}, {Column: "failed", Unit: Percent}}, Colors: map[string]Color{"online": Blue}}
	labels := map[string]string{"order_type": "online"}
	var got []string
	for _, name := range []string{"failed", "usual", "else"} {
		c := Column{Name: name, Labels: labels}
		got = append(got, p.SeriesName(c)+" "+string(p.ColorOf(c)))
	}
	if want := []string{"online #0072B2", "usual at most online #999999", "online #0072B2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
