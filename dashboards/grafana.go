package dashboards

//lint:file-ignore SA1019 the SDK prefers its second schema, which Grafana 12 does not read from provisioned files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"salesburst/shared/contract"
	"salesburst/shared/question"
)

//go:generate go run ./generate

// The data source as provisioning/datasources names it.
const (
	PluginID      = "grafadruid-druid-datasource"
	DataSourceUID = "salesburst-druid"
)

// MostRows is how many rows Druid gives a panel. The plugin's default of 2,000 would cut
// off the newest buckets of a wide time series, silently.
const MostRows = 20_000

// table is Druid's, which has the name of the topic.
const table = `"` + contract.DefaultTopic + `"`

// File is the name of a dashboard's JSON below this folder.
func (d Dashboard) File() string { return d.Slug + ".json" }

// JSON is the dashboard as Grafana reads it.
func (d Dashboard) JSON() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d.grafana()); err != nil {
		return nil, fmt.Errorf("the JSON of the dashboard %s: %w", d.UID, err)
	}
	return text.Bytes(), nil
}

// target is a panel's question as the plugin reads it: without the table's name it would
// answer nothing, and with an expr it would ask that instead.
type target struct {
	RefID      string               `json:"refId"`
	Datasource common.DataSourceRef `json:"datasource"`
	Builder    targetBuilder        `json:"builder"`
	Settings   targetSettings       `json:"settings"`
}

type targetBuilder struct {
	QueryType  string      `json:"queryType"` // sql
	DataSource targetTable `json:"dataSource"`
	Query      string      `json:"query"`
}

type targetTable struct {
	Type string `json:"type"` // table
	Name string `json:"name"`
}

type targetSettings struct {
	Format            Format          `json:"format"`
	ContextParameters []targetContext `json:"contextParameters"`
}

type targetContext struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func newTarget(refID, sql string, format Format) target {
	return target{
		RefID: refID, Datasource: source(),
		Builder:  targetBuilder{QueryType: "sql", DataSource: targetTable{"table", contract.DefaultTopic}, Query: sql},
		Settings: targetSettings{Format: format, ContextParameters: []targetContext{{"sqlOuterLimit", MostRows}}},
	}
}

// ImplementsDataqueryVariant makes a target one of the SDK's queries.
func (target) ImplementsDataqueryVariant() {}

// DataqueryType implements variants.Dataquery.
func (target) DataqueryType() string { return PluginID }

// Equals implements variants.Dataquery.
func (t target) Equals(other variants.Dataquery) bool { return reflect.DeepEqual(other, t) }

// Validate implements variants.Dataquery: it refuses what the plugin would pass over.
func (t target) Validate() error {
	switch {
	case t.RefID == "":
		return errors.New("a target needs a refId")
	case t.Datasource.Uid == nil || *t.Datasource.Uid != DataSourceUID || t.Datasource.Type == nil ||
		*t.Datasource.Type != PluginID:
		return fmt.Errorf("target %s: want the data source %s of type %s", t.RefID, DataSourceUID, PluginID)
	case t.Builder.QueryType != "sql" || t.Builder.Query == "":
		return fmt.Errorf("target %s: want a query in SQL", t.RefID)
	case t.Builder.DataSource.Type != "table" || t.Builder.DataSource.Name == "":
		return fmt.Errorf("target %s: without a table the plugin answers nothing", t.RefID)
	case t.Settings.Format != Long && t.Settings.Format != Wide:
		return fmt.Errorf("target %s: format %q: want long or wide", t.RefID, t.Settings.Format)
	}
	return nil
}

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr(PluginID), Uid: cog.ToPtr(DataSourceUID)}
}

// grafana translates the dashboard and its panels.
func (d Dashboard) grafana() dashboard.Dashboard {
	g := *dashboard.NewDashboard()
	g.Uid, g.Title, g.Description = &d.UID, &d.Title, &d.Description
	g.Tags = []string{"salesburst"}
	g.Timezone, g.Editable = cog.ToPtr("browser"), cog.ToPtr(true)
	g.GraphTooltip = cog.ToPtr(dashboard.DashboardCursorSyncCrosshair)
	g.Time = &dashboard.DashboardDashboardTime{From: fmt.Sprintf("now-%dm", int(d.Lookback.Minutes())), To: "now"}
	g.Refresh = cog.ToPtr(fmt.Sprintf("%ds", int(d.Refresh.Seconds())))
	g.SchemaVersion = 42
	g.Links = []dashboard.DashboardLink{{
		Title: "The other dashboard", Type: dashboard.DashboardLinkTypeDashboards, Icon: "external link",
		Tags: []string{"salesburst"}, KeepTime: true,
	}}
	for _, v := range d.Variables {
		g.Templating.List = append(g.Templating.List, v.grafana())
	}
	row := uint32(1000) // ids beside those of the panels
	for _, place := range d.Layout() {
		at := &dashboard.GridPos{
			H: uint32(place.Height), W: uint32(place.Width), X: uint32(place.X), Y: uint32(place.Y),
		}
		if place.Panel == nil {
			g.Panels = append(g.Panels, dashboard.PanelOrRowPanel{RowPanel: &dashboard.RowPanel{
				Type: "row", Title: &place.Row, Id: row, Panels: []dashboard.Panel{}, GridPos: at,
			}})
			row++
			continue
		}
		panel := place.Panel.grafana()
		panel.GridPos = at
		g.Panels = append(g.Panels, dashboard.PanelOrRowPanel{Panel: &panel})
	}
	return g
}

// grafana asks for the values of the last day. Where all is chosen, or there are none, the
// panels get AllValue.
func (v Variable) grafana() dashboard.VariableModel {
	all := dashboard.VariableOption{
		Selected: cog.ToPtr(true),
		Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
	}
	query := newTarget("values", v.SQL(), Long)
	var asMap map[string]any
	text, err := json.Marshal(query)
	if err == nil {
		err = json.Unmarshal(text, &asMap)
	}
	if err != nil {
		panic(err) // strings and a number
	}
	return dashboard.VariableModel{
		Type: dashboard.VariableTypeQuery, Name: v.Name, Label: &v.Label, Datasource: &query.Datasource,
		Query: &dashboard.StringOrMap{Map: asMap}, Definition: cog.ToPtr(query.Builder.Query),
		Current: &all, Multi: cog.ToPtr(true), IncludeAll: cog.ToPtr(true), AllValue: cog.ToPtr(question.AllValue),
		AllowCustomValue: cog.ToPtr(false),
		Refresh:          cog.ToPtr(dashboard.VariableRefreshOnDashboardLoad),
		Sort:             cog.ToPtr(dashboard.VariableSortAlphabeticalAsc),
	}
}

// SQL asks for the values that can be chosen.
func (v Variable) SQL() string {
	return `SELECT DISTINCT ` + v.Column + ` FROM ` + table + `
WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY AND ` + v.Column + ` <> ''
ORDER BY 1
LIMIT 1000`
}
