package dashboards

//lint:file-ignore SA1019 the SDK prefers its second schema, which Grafana 12 does not read from provisioned files

import (
	"maps"
	"slices"
	"strconv"

	"github.com/grafana/grafana-foundation-sdk/go/barchart"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/geomap"
	"github.com/grafana/grafana-foundation-sdk/go/piechart"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	tablepanel "github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"salesburst/shared/contract"
)

// grafana translates the panel, but for its place.
func (p Panel) grafana() dashboard.Panel {
	g := *dashboard.NewPanel()
	ref := source()
	g.Type, g.Id, g.Title, g.Description = string(p.Kind), cog.ToPtr(uint32(p.ID)), &p.Title, &p.Description
	g.Datasource = &ref
	g.Targets = []variants.Dataquery{newTarget("A", p.SQL(contract.DefaultTopic), p.Format())}
	if p.MinInterval > 0 {
		g.Interval = cog.ToPtr(strconv.Itoa(int(p.MinInterval.Seconds())) + "s")
	}
	if p.MaxPoints > 0 {
		g.MaxDataPoints = cog.ToPtr(float64(p.MaxPoints))
	}
	options, custom := p.options()
	g.Options = options
	g.FieldConfig = &dashboard.FieldConfigSource{
		Defaults: dashboard.FieldConfig{
			Unit: cog.ToPtr(string(p.Unit)), Decimals: cog.ToPtr(float64(p.Decimals)), NoValue: &p.Empty,
			Thresholds: p.thresholds(), Color: p.color(), Custom: custom,
		},
		Overrides: p.overrides(),
	}
	if p.Series != "" {
		g.FieldConfig.Defaults.DisplayName = cog.ToPtr("${__field.labels." + p.Series + "}")
	}
	return g
}

func (p Panel) thresholds() *dashboard.ThresholdsConfig {
	config := &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{}}
	for i, t := range p.Thresholds {
		step := dashboard.Threshold{Color: string(t.Color)}
		if i > 0 {
			step.Value = cog.ToPtr(t.From)
		}
		config.Steps = append(config.Steps, step)
	}
	if len(config.Steps) == 0 {
		config.Steps = append(config.Steps, dashboard.Threshold{Color: string(Blue)})
	}
	return config
}

func (p Panel) color() *dashboard.FieldColor {
	if len(p.Thresholds) > 0 {
		return &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdThresholds}
	}
	return fixed(Blue)
}

func fixed(c Color) *dashboard.FieldColor {
	return &dashboard.FieldColor{Mode: dashboard.FieldColorModeIdFixed, FixedColor: cog.ToPtr(string(c))}
}

// overrides are what single columns and series have of their own.
func (p Panel) overrides() []dashboard.DashboardFieldConfigSourceOverrides {
	all := []dashboard.DashboardFieldConfigSourceOverrides{}
	add := func(name string, properties ...dashboard.DynamicConfigValue) {
		all = append(all, dashboard.DashboardFieldConfigSourceOverrides{
			Matcher: dashboard.MatcherConfig{Id: "byName", Options: name}, Properties: properties,
		})
	}
	// In the order of the palette, so that the file is the same each time.
	for _, color := range Palette() {
		for _, name := range sortedKeys(p.Colors) {
			if p.Colors[name] == color {
				add(name, dashboard.DynamicConfigValue{Id: "color", Value: fixed(color)})
			}
		}
	}
	for _, f := range p.Fields {
		var own []dashboard.DynamicConfigValue
		property := func(id string, value any) { own = append(own, dashboard.DynamicConfigValue{Id: id, Value: value}) }
		if title := f.Title; title != "" {
			if p.Series != "" {
				title += " ${__field.labels." + p.Series + "}"
			}
			property("displayName", title)
		}
		if f.Unit != "" {
			property("unit", string(f.Unit))
			property("decimals", float64(f.Decimals))
		}
		if f.Color != "" {
			property("color", fixed(f.Color))
		}
		if f.Dashed {
			property("custom.lineStyle", common.LineStyle{Fill: cog.ToPtr(common.LineStyleFillDash),
				Dash: []float64{10, 8}})
			property("custom.fillOpacity", 0)
			property("custom.drawStyle", string(common.GraphDrawStyleLine))
			property("custom.stacking", common.StackingConfig{Mode: cog.ToPtr(common.StackingModeNone)})
		}
		if f.Hidden {
			property("custom.hideFrom", common.HideSeriesConfig{Tooltip: true, Legend: true, Viz: true})
		}
		if p.Kind == Table && len(p.Thresholds) > 0 && f.Unit == p.Unit {
			property("custom.cellOptions", map[string]any{"type": string(common.TableCellDisplayModeColorText)})
		}
		if len(own) > 0 {
			add(f.Column, own...)
		}
	}
	return all
}

// options are those of the panel's kind, and what its fields have besides.
func (p Panel) options() (options, custom any) {
	legend := common.VizLegendOptions{
		DisplayMode: common.LegendDisplayModeList, Placement: common.LegendPlacementBottom,
		ShowLegend: p.Series != "" || len(p.Fields) > 1, Calcs: []string{},
	}
	tooltip := common.VizTooltipOptions{Mode: common.TooltipDisplayModeMulti, Sort: common.SortOrderNone}
	stacking := common.StackingModeNone
	if p.Stacked {
		stacking = common.StackingModeNormal
	}
	reduce := common.ReduceDataOptions{Values: cog.ToPtr(p.Kind == Pie), Calcs: []string{"lastNotNull"}}
	switch p.Kind {
	case TimeSeries:
		style, opacity := common.GraphDrawStyleLine, 15.0
		if p.AsBars {
			style, opacity = common.GraphDrawStyleBars, 80
		}
		return timeseries.Options{Legend: legend, Tooltip: tooltip}, timeseries.FieldConfig{
			DrawStyle: &style, LineWidth: cog.ToPtr(1.0), FillOpacity: &opacity,
			LineInterpolation: cog.ToPtr(common.LineInterpolationLinear),
			ShowPoints:        cog.ToPtr(common.VisibilityModeNever), AxisSoftMin: cog.ToPtr(0.0),
			SpanNulls: &common.BoolOrFloat64{Bool: cog.ToPtr(false)},
			Stacking:  &common.StackingConfig{Mode: &stacking, Group: cog.ToPtr("A")},
		}
	case Stat:
		color := common.BigValueColorModeValue
		return stat.Options{
			GraphMode: common.BigValueGraphModeNone, ColorMode: color, JustifyMode: common.BigValueJustifyModeAuto,
			TextMode:   common.BigValueTextModeValueAndName,
			WideLayout: true, ReduceOptions: reduce, PercentChangeColorMode: common.PercentChangeColorModeStandard,
			Orientation: common.VizOrientationAuto,
		}, nil
	case Bars:
		return barchart.Options{
				Orientation: common.VizOrientationHorizontal, XTickLabelMaxLength: 24, Stacking: stacking,
				ShowValue: common.VisibilityModeAuto,
				BarWidth:  0.9, GroupWidth: 0.8, Legend: legend, Tooltip: tooltip,
			}, barchart.FieldConfig{LineWidth: cog.ToPtr(int32(0)), FillOpacity: cog.ToPtr(int32(85)),
				AxisSoftMin: cog.ToPtr(0.0)}
	case Pie:
		return piechart.Options{
			PieType:       piechart.PieChartTypeDonut,
			DisplayLabels: []piechart.PieChartLabels{piechart.PieChartLabelsName, piechart.PieChartLabelsPercent},
			Tooltip:       tooltip, ReduceOptions: reduce, Orientation: common.VizOrientationAuto,
			Legend: piechart.PieChartLegendOptions{
				Values: []piechart.PieChartLegendValues{piechart.PieChartLegendValuesValue,
					piechart.PieChartLegendValuesPercent},
				DisplayMode: common.LegendDisplayModeTable, Placement: common.LegendPlacementBottom, ShowLegend: true,
				Calcs: []string{},
			},
		}, nil
	case Map:
		return p.mapOptions(), nil
	}
	return tablepanel.Options{ShowHeader: true, CellHeight: cog.ToPtr(common.TableCellHeightSm)}, nil
}

// mapOptions is a map of the contiguous United States with a circle for each row, as large
// as its first amount.
func (p Panel) mapOptions() geomap.Options {
	var size string
	for _, f := range p.Fields {
		if f.Unit == p.Unit && size == "" {
			size = f.Column
		}
	}
	return geomap.Options{
		View: geomap.MapViewConfig{Id: string(geomap.MapCenterIDCoords), Lat: cog.ToPtr(int64(39)),
			Lon: cog.ToPtr(int64(-97)), Zoom: cog.ToPtr(int64(4))},
		Controls: geomap.ControlsOptions{ShowZoom: cog.ToPtr(true), ShowAttribution: cog.ToPtr(true)},
		Basemap:  common.MapLayerOptions{Type: "default", Name: "Map"},
		Layers: []common.MapLayerOptions{{
			Type: "markers", Name: p.Title, Tooltip: cog.ToPtr(true),
			Location: &common.FrameGeometrySource{Mode: common.FrameGeometrySourceModeCoords,
				Latitude: cog.ToPtr("latitude"), Longitude: cog.ToPtr("longitude")},
			Config: map[string]any{"showLegend": false, "style": map[string]any{
				"size":  map[string]any{"field": size, "min": 4, "max": 30},
				"color": map[string]any{"fixed": string(Blue)}, "opacity": 0.6,
				"symbol": map[string]any{"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
			}},
		}},
		Tooltip: geomap.TooltipOptions{Mode: geomap.TooltipModeDetails},
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
