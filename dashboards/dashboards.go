/*
Package dashboards is what people look at: two dashboards, defined once.

  - [All] are their definitions: sales.go and pipeline.go, panel by panel;
  - a panel asks a [question.Question], of which [Panel.Ask] makes what Grafana would send
    to Druid, and [FrameOf] of the answer what Grafana would plot (measures.go, interval.go,
    frame.go);
  - `go generate` writes sales.json and pipeline.json for Grafana (grafana.go);
  - provisioning is what a Grafana reads when it starts: data source, dashboards, alerts.

Druid answers, or, for the page on this machine, shared/local/columnstore. Grafana's plugin is
grafadruid-druid-datasource.
*/
package dashboards

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"salesburst/shared/question"
)

// Dashboard is a page of panels, in the order in which people read it.
type Dashboard struct {
	UID         string // Grafana's
	Slug        string // the name of its files, and of the local page
	Title       string
	Description string
	Lookback    time.Duration // time range when it is opened, up to now
	Delay       time.Duration // how long before now the local page ends, so that it shows whole slots
	Refresh     time.Duration // how often it asks again
	Variables   []Variable    // the choices that all of its panels follow
	Rows        []Row
}

// Panels are those of all rows.
func (d Dashboard) Panels() []Panel {
	var all []Panel
	for _, r := range d.Rows {
		all = append(all, r.Panels...)
	}
	return all
}

// complete has the panels of a dashboard ask for what is chosen above them.
func (d Dashboard) complete() Dashboard {
	for _, r := range d.Rows {
		for i := range r.Panels {
			p := &r.Panels[i]
			p.Empty = cmp.Or(p.Empty, NoSales)
			for _, v := range d.Variables {
				p.Where = append(slices.Clip(p.Where), question.Chosen(v.Name, v.Column))
			}
		}
	}
	return d
}

// Row is a group of panels under a title. Panels flow from left to right, and go on below
// where the 24 columns are full.
type Row struct {
	Title  string
	Panels []Panel
}

// Variable is a choice above the panels: several values of one column, or all.
type Variable struct {
	Name   string // as in ${name:sqlstring}
	Label  string // for people
	Column string // whose values can be chosen
}

// Kind is how a panel is drawn, as Grafana names its panels.
type Kind string

// The kinds in use.
const (
	TimeSeries Kind = "timeseries"
	Stat       Kind = "stat"     // one number for each numeric column; a Comparison has two
	Bars       Kind = "barchart" // one bar, or stack, for each row: the first column names it
	Pie        Kind = "piechart" // one slice for each row: a name and a number
	Table      Kind = "table"
	Map        Kind = "geomap" // columns latitude and longitude, and what is shown there
)

// Unit of a panel's or a field's numbers, as Grafana names it.
type Unit string

// The units in use.
const (
	Dollars   Unit = currencyUnit + "USD" // In has other currencies
	Percent   Unit = "percent"            // 0 to 100
	Seconds   Unit = "s"
	Count     Unit = "short"
	PerSecond Unit = "cps"
	PerMinute Unit = "cpm"
	Inches    Unit = "lengthIn"
	Moment    Unit = "dateTimeAsIso" // a time
	Plain     Unit = "none"
)

const currencyUnit = "currency" // a code of ISO 4217 follows

// Currency is the code of a currency, where the unit is one.
func (u Unit) Currency() (code string, is bool) { return strings.CutPrefix(string(u), currencyUnit) }

// Format is how Grafana's plugin turns rows into a frame, see [FrameOf].
type Format string

// The formats in use.
const (
	Long Format = "long" // rows as they are
	Wide Format = "wide" // time, names, numbers: one series for each name and number
)

// Threshold colours numbers from From on; the first one begins at minus infinity.
type Threshold struct {
	From    float64
	Color   Color
	Meaning string // one word for those who do not see the colour
}

// Field is what people see of a column of the answer.
type Field struct {
	Column   string
	Title    string
	Unit     Unit // empty: the panel's
	Decimals int
	Color    Color // empty: the next of the palette
	Dashed   bool  // a line to compare with
	Hidden   bool
}

// Panel is one picture and its question. Nothing in it depends on its dashboard.
type Panel struct {
	ID                int // unique on all dashboards, 1 or more; it is part of links
	Title             string
	Description       string // what it shows, how it is counted, whether it is approximate
	Kind              Kind
	Width, Height     int  // of 24 columns; of rows of Grafana's grid, about 38 pixels each
	Unit              Unit // of the numbers that have no Field of their own
	Decimals          int
	Thresholds        []Threshold
	question.Question               // columns that are times are named time or …_time
	MinInterval       time.Duration // the shortest bucket of a time series
	MaxPoints         int           // the most buckets of a time series, 0: as many as it has pixels
	Fields            []Field       // of columns that need more than their name
	Colors            map[string]Color
	Stacked           bool   // the series of a time series, or the numbers of a bar
	AsBars            bool   // a time series is drawn as bars
	Series            string // the column whose values name the series; the format is Wide then
	Empty             string // what an empty answer means; NoSales unless said otherwise
}

// Format is Wide where the series have names.
func (p Panel) Format() Format {
	if p.Series != "" {
		return Wide
	}
	return Long
}

// Field is how a column is shown.
func (p Panel) Field(column string) Field {
	f := Field{Column: column}
	if i := slices.IndexFunc(p.Fields, func(f Field) bool { return f.Column == column }); i >= 0 {
		f = p.Fields[i]
	}
	if f.Unit == "" {
		f.Unit, f.Decimals = p.Unit, p.Decimals
	}
	return f
}

// SeriesName is what people read of a frame's column: in a legend, or above a table.
func (p Panel) SeriesName(c Column) string {
	title := p.Field(c.Name).Title
	label, is := c.Labels[p.Series]
	switch {
	case !is:
		return cmp.Or(title, c.Name)
	case title == "":
		return label
	}
	return title + " " + label
}

// ColorOf is the colour of a series, empty where the palette decides.
func (p Panel) ColorOf(c Column) Color {
	return cmp.Or(p.Field(c.Name).Color, p.Colors[c.Labels[p.Series]])
}

// NoSales is what an empty answer usually means.
const NoSales = "no sales"

// All returns the dashboards.
func All() []Dashboard { return []Dashboard{Sales(), Pipeline()} }

// In returns the dashboards with amounts of a currency, by its code of ISO 4217.
func In(currency string) []Dashboard {
	all := All()
	change := func(u *Unit) {
		if *u == Dollars {
			*u = Unit(currencyUnit + currency)
		}
	}
	for _, d := range all {
		for _, r := range d.Rows {
			for i := range r.Panels {
				p := &r.Panels[i]
				change(&p.Unit)
				for j := range p.Fields {
					change(&p.Fields[j].Unit)
				}
			}
		}
	}
	return all
}
