package incidents_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/shared/incidents"
	"salesburst/shared/parameters"
	"salesburst/shared/prng"
)

var update = flag.Bool("update", false, "write the table of the README")

func read(t *testing.T, text string) *incidents.Plan {
	t.Helper()
	p, err := incidents.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"incident":[]}`:    `line 1: incident: is unknown: allowed is incidents, random`,
		`{"incidents":[{}]}`: `incidents[0].scenario: is missing`,
		`{"incidents":[{"scenario":"alien-invasion"}]}`:                                                       `incidents[0].scenario: "alien-invasion": allowed is flash-sale`,
		`{"incidents":[{"scenario":"flash-sale","from":"noon"}]}`:                                             `incidents[0].from: "noon `,
		`{"incidents":[{"scenario":"flash-sale","from":"25:00"}]}`:                                            `incidents[0].from: "25:00"`,
		`{"incidents":[{"scenario":"flash-sale","from":"18:00"}]}`:                                            `incidents[0].to: ""`,
		`{"incidents":[{"scenario":"flash-sale","from":"18:00","to":"18:00"}]}`:                               `incidents[0].to: "18:00": allowed is another time`,
		`{"incidents":[{"scenario":"flash-sale","from":"2026-11-27T18:00:00Z","to":"2026-11-27T17:00:00Z"}]}`: `a time after from`,
		`{"incidents":[{"scenario":"flash-sale","from":"1970-11-27T18:00:00Z"}]}`:                             `incidents[0].from`,
		`{"incidents":[{"scenario":"flash-sale","ramp":"5m"}]}`:                                               `none where the incident has no from`,
		`{"incidents":[{"scenario":"flash-sale","decay":"5m"}]}`:                                              `none where the incident has no to`,
		`{"incidents":[{"scenario":"flash-sale","from":"18:00","to":"18:10","ramp":"6m","decay":"5m"}]}`:      `incidents[0].decay`,
		`{"incidents":[{"scenario":"flash-sale","from":"18:00","to":"18:10","ramp":"-6m"}]}`:                  `a duration from 0s`,
		`{"incidents":[{"scenario":"flash-sale","severity":1.5}]}`:                                            `incidents[0].severity: 1.5`,
		`{"incidents":[{"scenario":"flash-sale","severity":0.0005}]}`:                                         `steps of 0.001`,
		`{"incidents":[{"scenario":"flash-sale","city":"Boston"}]}`:                                           `incidents[0].city: "Boston": allowed is flash-sale is about brand or product`,
		`{"incidents":[{"scenario":"demand-drop","off":20}]}`:                                                 `incidents[0].off: 20: allowed is no such thing for demand-drop`,
		`{"incidents":[{"scenario":"bot-traffic","function":"store"}]}`:                                       `allowed is online for bot-traffic`,
		`{"incidents":[{"scenario":"price-error","price":0}]}`:                                                `incidents[0].price: 0`,
		`{"incidents":[{"scenario":"late-events","delay":"25h"}]}`:                                            `incidents[0].delay: "25h": allowed is a duration from 1s to 24h0m0s`,
		`{"incidents":[{"scenario":"late-events","delay":"999ms"}]}`:                                          `incidents[0].delay: "999ms"`,
		`{"incidents":[{"scenario":"late-events","delay":"1s1us"}]}`:                                          `incidents[0].delay: "1s1us"`,
		`{"incidents":[{"scenario":"clock-skew","skew":"0s"}]}`:                                               `incidents[0].skew: "0s": allowed is more or less than nothing`,
		`{"incidents":[{"scenario":"clock-skew","skew":"-25h"}]}`:                                             `incidents[0].skew: "-25h": allowed is a duration from -24h0m0s to 24h0m0s`,
		`{"incidents":[{"scenario":"clock-skew","delay":"5m"}]}`:                                              `incidents[0].delay: "5m": allowed is no such thing for clock-skew`,
		`{"incidents":[{"scenario":"malformed","field":"brand"}]}`:                                            `incidents[0].field: "brand": allowed is no such thing for malformed`,
		`{"random":{"per_day":100}}`:                                                                          `random.per_day: 100`,
		`{"random":{"shortest":50}}`:                                                                          `random.shortest: 50: allowed is at most longest, 45`,
		`{"random":{"of":["alien-invasion"]}}`:                                                                `random.of[0]`,
		`{`:                                                                                                   `line 1`,
	} {
		_, err := incidents.Read([]byte(text))
		if want := strings.TrimSuffix(want, " "); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// The schema has each scenario, and each takes what it can be about.
func TestEachScenario(t *testing.T) {
	about := map[string]string{"brand": "LG", "product": "X", "state": "TX", "city": "Boston", "payment_method": "PayPal"}
	for _, s := range incidents.Scenarios() {
		for _, name := range append(s.Takes, "") {
			text := ""
			if name != "" {
				text = fmt.Sprintf(`,%q:%q`, name, about[name])
			}
			p := read(t, fmt.Sprintf(`{"incidents":[{"scenario":%q%s}],"random":{"of":[%[1]q]}}`, s.Name, text))
			if says := p.Incidents[0].Says(); name != "" && says[name] != about[name] {
				t.Errorf("%s: %v", s.Name, says)
			}
		}
	}
}

// An incident of every day is there on each, also over midnight; one of a day once.
func TestDuring(t *testing.T) {
	p := read(t, `{"incidents":[
		{"scenario":"flash-sale","from":"23:50","to":"00:10"},
		{"scenario":"demand-drop","from":"2026-11-27T00:05:00Z","to":"2026-11-27T00:06:00Z","function":"store"},
		{"scenario":"black-friday","from":"2026-12-01T00:00:00Z"},
		{"scenario":"promo-code-leak","to":"2026-11-01T00:00:00Z"}, // long ago
	]}`)
	for _, c := range []struct {
		function, from, to, want string
	}{
		{"online", "2026-11-27T00:05:00Z", "2026-11-27T00:06:00Z", "flash-sale"},
		{"store", "2026-11-27T00:05:00Z", "2026-11-27T00:06:00Z", "flash-sale demand-drop"},
		{"store", "2026-11-27T00:06:00Z", "2026-11-27T00:07:00Z", "flash-sale"},
		{"online", "2026-11-27T00:10:00Z", "2026-11-27T00:11:00Z", ""},
		{"online", "2026-11-26T23:49:00Z", "2026-11-26T23:50:00Z", ""},
		{"online", "2026-11-26T23:49:00Z", "2026-11-26T23:51:00Z", "flash-sale"},
		{"online", "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z", "flash-sale flash-sale flash-sale"},
		{"online", "2027-01-01T12:00:00Z", "2027-01-01T13:00:00Z", "black-friday"},
		{"online", "2026-10-01T12:00:00Z", "2026-10-01T13:00:00Z", "promo-code-leak"},
	} {
		var names []string
		seeds := make(map[uint64]bool)
		for _, o := range p.During(c.function, at(t, c.from), at(t, c.to)) {
			names = append(names, o.Scenario)
			seeds[o.Seed] = true
		}
		if got := strings.Join(names, " "); got != c.want || len(seeds) != len(names) {
			t.Errorf("%s from %s to %s: %q with %d seeds, want %q", c.function, c.from, c.to, got, len(seeds), c.want)
		}
	}
}

// The level rises evenly, stays, and falls evenly.
func TestLevel(t *testing.T) {
	p := read(t, `{"incidents":[{"scenario":"flash-sale","from":"12:00","to":"13:00","ramp":"10m","decay":"20m","severity":0.5}]}`)
	day := at(t, "2026-11-27T00:00:00Z")
	o := p.During("online", day, day.Add(24*time.Hour))[0]
	for minutes, want := range map[int]uint64{
		-1: 0, 0: 0, 1: 50_000, 5: 250_000, 10: 500_000, 39: 500_000, 40: 500_000, 45: 375_000, 59: 25_000, 60: 0, 61: 0,
	} {
		moment := day.Add(12*time.Hour + time.Duration(minutes)*time.Minute)
		if got := o.Level(moment); got != want {
			t.Errorf("minute %d: %d, want %d", minutes, got, want)
		}
	}
	for _, c := range []struct {
		from, to int
		want     uint64
	}{{-10, 70, 500_000}, {0, 2, 99_999}, {50, 60, 250_000}, {55, 80, 125_000}, {-5, 0, 0}, {60, 61, 0}} {
		noon := day.Add(12 * time.Hour)
		got := o.Worst(noon.Add(time.Duration(c.from)*time.Minute), noon.Add(time.Duration(c.to)*time.Minute))
		if got > c.want || got+2000 < c.want {
			t.Errorf("from %d to %d: %d, want about %d", c.from, c.to, got, c.want)
		}
		for m := c.from * 60; m < c.to*60; m++ {
			if l := o.Level(noon.Add(time.Duration(m) * time.Second)); l > got {
				t.Fatalf("from %d to %d: the worst is %d, but %d after %d s", c.from, c.to, got, l, m)
			}
		}
	}
	for _, text := range []string{`{"incidents":[{"scenario":"flash-sale"}]}`, `{"incidents":[{"scenario":"flash-sale","to":"2030-01-01T00:00:00Z"}]}`} {
		if got := read(t, text).During("online", day, day.Add(time.Hour))[0].Level(day); got != prng.Million {
			t.Errorf("%s: level %d", text, got)
		}
	}
}

// Incidents by chance are the same for everybody with the seed, and as many as there ought to be.
func TestRandom(t *testing.T) {
	p := read(t, `{"random":{"per_day":3.5,"seed":9,"of":["demand-drop","bot-traffic"],"shortest":10,"longest":20}}`)
	again := read(t, p.Source())
	day := at(t, "2026-01-01T00:00:00Z")
	n := 0
	for d := range 365 {
		from, to := day.AddDate(0, 0, d), day.AddDate(0, 0, d+1)
		all := p.During("online", from, to)
		if got, want := fmt.Sprint(says(all)), fmt.Sprint(says(again.During("online", from, to))); got != want {
			t.Fatalf("day %d: %s, and then %s", d, got, want)
		}
		for _, o := range all {
			if length := o.End.Sub(o.Begin); length < 10*time.Minute || length > 20*time.Minute ||
				o.Scenario != "demand-drop" && o.Scenario != "bot-traffic" {
				t.Fatalf("day %d: %v", d, o.Says())
			}
			if !o.Begin.Before(from) {
				n++
			}
			if one := read(t, `{"incidents":[`+jsonOf(t, o.Says())+`]}`).Incidents[0]; fmt.Sprint(one.Says()) != fmt.Sprint(o.Says()) {
				t.Fatalf("%v is read as %v", o.Says(), one.Says())
			}
		}
	}
	if want := 365 * 7 / 2; n < want*9/10 || n > want*11/10 {
		t.Errorf("%d in a year, want about %d", n, want)
	}
}

// What happens to the data alone comes by chance only where that is asked for.
func TestDataByChance(t *testing.T) {
	isData := make(map[string]bool)
	for _, s := range incidents.Scenarios() {
		isData[s.Name] = s.Data
	}
	day := at(t, "2026-01-01T00:00:00Z")
	for text, want := range map[string]bool{`{"random":{"per_day":48}}`: false, `{"random":{"per_day":48,"of":["malformed","late-events"]}}`: true} {
		for _, o := range read(t, text).During("online", day, day.AddDate(0, 0, 10)) {
			if isData[o.Scenario] != want {
				t.Fatalf("%s: %s", text, o.Scenario)
			}
			if o.Scenario == "late-events" && o.Late() != 10*time.Minute {
				t.Fatalf("%v", o.Says())
			}
		}
	}
}

func says(all []incidents.Occurrence) (text []map[string]any) {
	for _, o := range all {
		text = append(text, o.Says())
	}
	return text
}

// The README's table is that of the code.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	if p := read(t, example); len(p.Incidents) != 2 {
		t.Errorf("the example has %d incidents", len(p.Incidents))
	}
	const begin, end = "<!-- scenarios: go test ./shared/incidents -update -->\n", "<!-- end -->"
	before, rest, _ := strings.Cut(string(text), begin)
	_, after, found := strings.Cut(rest, end)
	want := before + begin + table(false) + "\n" + table(true) + end + after
	if !found {
		t.Fatal("no table")
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Error("run go test ./shared/incidents -update")
	}
}

// table has the scenarios of the sales, or of the data.
func table(data bool) string {
	heads := []string{"scenario", "what happens", "about", "where", "`more` demand, %", "`share` of the sales, %", "`off`, %", "`price`"}
	if data {
		heads = []string{"of the data", "what happens", "about", "`share` of the sales, %", "`delay`", "`skew`", "`field`"}
	}
	var b strings.Builder
	row := func(cells ...string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row(heads...)
	row(slices.Repeat([]string{"---"}, len(heads))...)
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	for _, s := range incidents.Scenarios() {
		if s.Data != data {
			continue
		}
		names := slices.Clone(s.Takes)
		for i := range names {
			names[i] = "`" + names[i] + "`"
		}
		price := ""
		if s.Price > 0 {
			price = fmt.Sprintf("%d.%02d", s.Price/100, s.Price%100)
		}
		cells := []string{"`" + s.Name + "`", s.Summary, strings.Join(names, ", ")}
		if data {
			row(append(cells, number(s.Share), s.Delay, s.Skew, s.Field)...)
		} else {
			row(append(cells, s.Function, number(s.More), number(s.Share), number(s.Off), price)...)
		}
	}
	return b.String()
}

// Whatever stands in a file, it is refused with a path or a line, or it can happen.
func FuzzRead(f *testing.F) {
	for _, text := range []string{`{"incidents":[{"scenario":"flash-sale","from":"12:00","to":"13:00","ramp":"10m","decay":"20m","severity":0.5}]}`,
		`{"random":{"per_day":3.5,"seed":9,"of":["demand-drop"],"shortest":10,"longest":20}}`,
		`{"incidents":[{"scenario":"price-error","from":"2026-11-27T18:00:00Z","price":9.99,"product":"x","more":1}],}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := incidents.Read([]byte(text))
		var invalid *parameters.Invalid
		switch {
		case err == nil:
			from := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
			for _, o := range p.During("online", from, from.Add(time.Hour)) {
				if l := o.Worst(from, from.Add(time.Hour)); l > prng.Million {
					t.Fatalf("level %d", l)
				}
			}
		case errors.As(err, &invalid) && invalid.Path == "" && invalid.Line == 0:
			t.Fatalf("no path: %v", err)
		case !errors.As(err, &invalid) && !strings.HasPrefix(err.Error(), "line "):
			t.Fatalf("no line: %v", err)
		}
	})
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
