package dashboards

//lint:file-ignore SA1019 the SDK prefers its second schema, which Grafana 12 does not read from provisioned files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"salesburst/shared/contract"
	"salesburst/shared/question"
)

func init() {
	plugins.RegisterDefaultPlugins()
	strict := func(raw []byte) (variants.Dataquery, error) {
		var t target
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		err := d.Decode(&t)
		return t, err
	}
	cog.NewRuntime().RegisterDataqueryVariant(variants.DataqueryConfig{Identifier: PluginID, DataqueryUnmarshaler: strict, StrictDataqueryUnmarshaler: strict})
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := Files(contract.DefaultTopic)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the code says: go generate ./dashboards", name)
		}
	}
	if len(files) != len(All())+1 {
		t.Errorf("%d files", len(files))
	}
}

func TestFilesOfAnotherTopic(t *testing.T) {
	files, err := Files("my-sales")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if bytes.Contains(text, []byte(contract.DefaultTopic)) || !bytes.Contains(text, []byte("my-sales")) {
			t.Errorf("%s asks another table", name)
		}
	}
	if _, err := Files(`my"sales`); err == nil {
		t.Error("a topic with a quote passes")
	}
}

// read decodes a generated file by the SDK's schema, which refuses what it does not know.
func read(t *testing.T, d Dashboard) dashboard.Dashboard {
	t.Helper()
	text, err := os.ReadFile(d.File())
	if err != nil {
		t.Fatal(err)
	}
	var checked, g dashboard.Dashboard
	if err := real(checked.UnmarshalJSONStrict(text)); err != nil {
		t.Fatal(err)
	}
	// The strict way forgets the panels: it takes the empty list for an error, too.
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if err := real(g.Validate()); err != nil {
		t.Error(err)
	}
	return g
}

// real is the error that the SDK found: where it found none, it returns an empty list of
// them, which is not nil.
func real(err error) error {
	if list, is := err.(cog.BuildErrors); is && len(list) == 0 {
		return nil
	}
	return err
}

// The schema is one that refuses.
func TestSchemaRefuses(t *testing.T) {
	text, err := Sales().JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`"title": "Revenue"`, `"titel": "Revenue"`}, {`"queryType": "sql"`, `"queryTypes": "sql"`}, {`"showHeader": true`, `"showHead": true`}, {`"h": 4`, `"h": "4"`},
	} {
		var g dashboard.Dashboard
		if err := real(g.UnmarshalJSONStrict(bytes.Replace(text, []byte(c[0]), []byte(c[1]), 1))); err == nil {
			t.Errorf("%s passes", c[1])
		}
	}
}

func TestJSONFollowsTheSchema(t *testing.T) {
	for _, d := range All() {
		t.Run(d.Title, func(t *testing.T) {
			g := read(t, d)
			text, err := os.ReadFile(d.File())
			if err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			if !sameJSON(t, text, again) {
				t.Error("decoded by the SDK and encoded again, it is another dashboard: the SDK does not know all of it")
			}
			if len(d.Panels()) != countPanels(g) || *g.Uid != d.UID {
				t.Errorf("%d panels of %s, want %d of %s", countPanels(g), *g.Uid, len(d.Panels()), d.UID)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func countPanels(g dashboard.Dashboard) (n int) {
	for _, p := range g.Panels {
		if p.Panel != nil {
			n++
		}
	}
	return n
}

func TestEveryTargetHasItsDataSource(t *testing.T) {
	for _, d := range All() {
		for _, p := range read(t, d).Panels {
			if p.Panel == nil {
				continue
			}
			if len(p.Panel.Targets) != 1 {
				t.Errorf("%s has %d targets", *p.Panel.Title, len(p.Panel.Targets))
			}
			for _, q := range p.Panel.Targets {
				if _, ours := q.(target); !ours {
					t.Errorf("%s has a target of type %T", *p.Panel.Title, q)
				}
				if err := q.Validate(); err != nil {
					t.Errorf("%s: %v", *p.Panel.Title, err)
				}
			}
		}
	}
}

func TestTargetValidates(t *testing.T) {
	for name, spoil := range map[string]func(*target){
		"refId":       func(t *target) { t.RefID = "" },
		"data source": func(t *target) { t.Datasource.Uid = nil },
		"SQL":         func(t *target) { t.Builder.Query = "" },
		"table":       func(t *target) { t.Builder.DataSource.Name = "" },
		"format":      func(t *target) { t.Settings.Format = Format("Wide") },
	} {
		good := newTarget("A", "SELECT 1", Long)
		if err := good.Validate(); err != nil {
			t.Fatal(err)
		}
		bad := good
		spoil(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	for _, d := range All() {
		taken := make(map[[2]uint32]string)
		ids := make(map[uint32]bool)
		for _, p := range read(t, d).Panels {
			var title string
			var id uint32
			var at dashboard.GridPos
			if p.RowPanel != nil {
				title, id, at = *p.RowPanel.Title, p.RowPanel.Id, *p.RowPanel.GridPos
			} else {
				title, id, at = *p.Panel.Title, *p.Panel.Id, *p.Panel.GridPos
			}
			if ids[id] || id == 0 {
				t.Errorf("%s: id %d", title, id)
			}
			ids[id] = true
			if at.W == 0 || at.H == 0 || at.X+at.W > GridColumns {
				t.Errorf("%s is at %+v", title, at)
			}
			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					if other := taken[[2]uint32{x, y}]; other != "" {
						t.Fatalf("%s lies over %s", title, other)
					}
					taken[[2]uint32{x, y}] = title
				}
			}
		}
	}
}

var variable = regexp.MustCompile(`\$\{?[a-z_]+`)

func TestPanelsAreComplete(t *testing.T) {
	palette := append(Palette(), "")
	for _, d := range All() {
		known := []string{"${__from", "${__to", "${__interval_ms"}
		for _, v := range d.Variables {
			known = append(known, "${"+v.Name)
		}
		for _, p := range d.Panels() {
			wrong := func(format string, args ...any) {
				t.Errorf("%s/%s: %s", d.Title, p.Title, fmt.Sprintf(format, args...))
			}
			if p.Description == "" || p.Empty == "" || p.Unit == "" {
				wrong("a description, what an empty answer means and a unit are needed: %q, %q, %q", p.Description, p.Empty, p.Unit)
			}
			sql := p.SQL("sales")
			for _, v := range variable.FindAllString(sql, -1) {
				if !slices.Contains(known, v) {
					wrong("knows no variable %s}", v)
				}
			}
			for _, v := range known[:2] {
				if !strings.Contains(sql, v) {
					wrong("does not ask for %s}", v)
				}
			}
			for _, v := range d.Variables {
				if !strings.Contains(sql, v.Column+" IN (${"+v.Name+":sqlstring})") {
					wrong("the choice of %s does not matter to it", v.Label)
				}
			}
			if bucketed := p.Bucket == question.ByInterval; bucketed != (p.Kind == TimeSeries) || bucketed != (p.MinInterval > 0) {
				wrong("kind %s with buckets %v of at least %v", p.Kind, bucketed, p.MinInterval)
			}
			for _, f := range p.Fields {
				if !slices.Contains(palette, f.Color) {
					wrong("the colour of %s is not in the palette", f.Column)
				}
			}
			for i, s := range p.Thresholds {
				if !slices.Contains(Palette(), s.Color) || s.Meaning == "" || i > 1 && s.From <= p.Thresholds[i-1].From {
					wrong("threshold %+v", s)
				}
			}
		}
	}
}

// Panels keep nothing of their dashboard: all ids and all file names differ.
func TestPanelsCanMove(t *testing.T) {
	ids, slugs := make(map[int]string), make(map[string]bool)
	for _, d := range All() {
		if slugs[d.Slug] || d.Slug == "" {
			t.Errorf("%s has the slug %q", d.Title, d.Slug)
		}
		slugs[d.Slug] = true
		for _, p := range d.Panels() {
			if other := ids[p.ID]; other != "" || p.ID < 1 {
				t.Errorf("%s has the id %d, as %s", p.Title, p.ID, other)
			}
			ids[p.ID] = p.Title
		}
	}
	for _, a := range Alerts() {
		if dashboardOf(a.Panel) == "" {
			t.Errorf("%s leads to panel %d, which is on no dashboard", a.Title, a.Panel)
		}
	}
	// What one shows, the other one can, with its own choices.
	moved := Dashboard{Variables: Sales().Variables, Rows: []Row{{"Moved", fresh()}}}.complete()
	for _, p := range moved.Panels() {
		if sql := p.SQL("sales"); !strings.Contains(sql, "${brand:sqlstring}") {
			t.Errorf("%s does not follow the choice of a brand: %s", p.Title, sql)
		}
	}
}

func TestAsked(t *testing.T) {
	from := time.UnixMilli(1_000_000).UTC()
	c := question.Choice{From: from, To: from.Add(time.Hour), Table: `a"b`, Selected: map[string][]string{"brand": {"LG", "L'été"}}}
	for _, d := range All() {
		for _, p := range d.Panels() {
			if sql := p.Ask(c).SQL() + p.Ask(c).Outer(); strings.Contains(sql, "$") || strings.Contains(sql, contract.DefaultTopic) {
				t.Errorf("%s: left in %s", p.Title, sql)
			}
		}
	}
	if sql := Sales().Panels()[0].Ask(question.Choice{}).SQL(); !strings.Contains(sql, table) {
		t.Errorf("asked without a table: %s", sql)
	}
}

func TestInterval(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		panel  Panel
		over   time.Duration
		pixels int
		want   time.Duration
	}{
		{Panel{MinInterval: time.Second}, 5 * time.Minute, 800, time.Second},
		{Panel{MinInterval: time.Second}, 15 * time.Minute, 800, time.Second},
		{Panel{MinInterval: time.Second}, time.Hour, 800, 5 * time.Second},
		{Panel{MinInterval: time.Minute, MaxPoints: 300}, time.Hour, 800, time.Minute},
		{Panel{MinInterval: time.Minute, MaxPoints: 300}, 24 * time.Hour, 800, 5 * time.Minute},
		{Panel{MinInterval: time.Minute, MaxPoints: 300}, 90 * 24 * time.Hour, 800, 6 * time.Hour},
		{Panel{}, 365 * 24 * time.Hour, 10, 7 * 24 * time.Hour},
		{Panel{}, time.Millisecond, 0, time.Millisecond},
	} {
		if got := c.panel.Interval(now.Add(-c.over), now, c.pixels); got != c.want {
			t.Errorf("%v in %d pixels, at least %v: %v, want %v", c.over, c.pixels, c.panel.MinInterval, got, c.want)
		}
	}
}
