package columnstore_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/bench"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/document"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/market"
	"salesburst/shared/question"
	"salesburst/shared/sale"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fill adds about n sales of the hours before noon, with a scenario, a burst that came
// twice, and one with a gap.
func fill(t testing.TB, n int, hours int) *columnstore.Table {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	tab, err := columnstore.Open(contract.DefaultTopic, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	const slices = 4 // of an hour
	each := n / hours / slices
	for i := range hours * slices {
		at := noon.Add(-time.Duration(i) * time.Hour / slices)
		for _, c := range []struct {
			channel  contract.Channel
			events   int
			scenario string
		}{{contract.ChannelOnline, each - each/6, ""}, {contract.ChannelStore, each / 6, ""}} {
			if i%5 == 1 && c.channel == contract.ChannelOnline {
				c.scenario = []string{"flash-sale", "payment-outage"}[i/5%2]
			}
			b, err := burst.New(m, burst.Request{
				Channel: c.channel, Origin: "test", At: at, Over: time.Hour / slices, Events: c.events, Scenario: c.scenario, Mean: 600,
			})
			if err != nil {
				t.Fatal(err)
			}
			rows := make([]columnstore.Row, 0, b.Len())
			var s sale.Sale
			for j := range b.Len() {
				if i == 0 && j == 17 {
					continue // lost
				}
				b.At(j, &s)
				r, err := columnstore.RowOf(&s)
				if err != nil {
					t.Fatal(err)
				}
				arrived := s.Timestamp.Time().Truncate(time.Minute).Add(time.Minute + 2*time.Second) // with its minute
				if i%10 == 3 {
					arrived = arrived.Add(7 * time.Minute) // late
				}
				r.Arrived(arrived.UnixMilli())
				rows = append(rows, r)
				if i == 0 && j%100 == 3 {
					rows = append(rows, r) // duplicated
				}
			}
			if err := tab.Add(rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	return tab
}

// choices are what readers choose above the panels.
var choices = map[string]question.Choice{
	"everything":    {From: noon.Add(-24 * time.Hour), To: noon},
	"six hours":     {From: noon.Add(-6 * time.Hour), To: noon.Add(-7 * time.Second)},
	"some minutes":  {From: noon.Add(-15 * time.Minute), To: noon.Add(-11500 * time.Millisecond)},
	"one brand":     {From: noon.Add(-24 * time.Hour), To: noon, Selected: map[string][]string{"brand": {"LG"}}},
	"all variables": {From: noon.Add(-3 * time.Hour), To: noon, Selected: map[string][]string{"brand": {"LG", "Sony"}, "state": {"CA", "NY", "O'Fallon"}, "order_type": {"online"}}},
	"before all":    {From: noon.Add(-400 * time.Hour), To: noon.Add(-399 * time.Hour)},
}

// texts are what a formatter leaves alone, what is in quotes, and what it may change.
var texts = regexp.MustCompile(`'[^']*'|"[^"]*"|[^'"]+`)

// Groups say what the rows say to the same question in SQL, for each panel and each choice
// of a reader. Written with other white space, as a formatter would, the panel's SQL is
// answered as fast.
func TestGroupsSayWhatRowsSay(t *testing.T) {
	sales := 20_000
	if testing.Short() {
		sales = 5_000
	}
	tab := fill(t, sales, 24)
	for _, d := range dashboards.All() {
		for _, p := range d.Panels() {
			reformatted := p
			reformatted.Then = texts.ReplaceAllStringFunc(p.Then, func(sql string) string {
				if sql[0] == '\'' || sql[0] == '"' {
					return sql
				}
				return strings.NewReplacer("\n", " ", " ", "\n\t  ", ",", " ,\n", "(", "( ", ")", " )").Replace(sql)
			})
			for _, name := range slices.Sorted(maps.Keys(choices)) {
				t.Run(fmt.Sprintf("%s/%d %s/%s", d.Title, p.ID, p.Title, name), func(t *testing.T) {
					query := p.Ask(choices[name]).SQL()
					plainColumns, plain, err := tab.Query(t.Context(), query)
					if err != nil {
						t.Fatalf("%v\n%s", err, query)
					}
					if len(plain) == 0 && name == "everything" {
						t.Errorf("nothing is shown of a day\n%s", query)
					}
					for _, p := range []dashboards.Panel{p, reformatted} {
						asked := p.Ask(choices[name])
						columns, rows, err := tab.Ask(t.Context(), asked)
						if err != nil {
							t.Fatalf("%v\n%s", err, asked.Outer())
						}
						if len(p.Rows) == 0 && !columnstore.Groups(tab, asked) {
							t.Error("SQLite looks at every row")
						}
						if !slices.Equal(columns, plainColumns) || len(rows) != len(plain) {
							t.Fatalf("%v %d rows, want %v %d rows\n%v\n%v\n%s",
								columns, len(rows), plainColumns, len(plain), rows, plain, query)
						}
						for i := range rows {
							for j := range rows[i] {
								if !same(rows[i][j], plain[i][j]) {
									t.Fatalf("row %d, %s: %v, want %v\n%s", i, columns[j], rows[i][j], plain[i][j], query)
								}
							}
						}
						if _, err := dashboards.FrameOf(p, columns, rows); err != nil {
							t.Errorf("%v\n%v", err, rows[:min(3, len(rows))])
						}
					}
				})
			}
		}
	}
}

// What no panel asks yet is answered as its SQL is, too; what the columns cannot group, by
// the rows.
func TestQuestionsOfNoPanel(t *testing.T) {
	tab := fill(t, 10_000, 24)
	nobody := question.Is("brand", "Nobody's")
	for name, c := range map[string]struct {
		grouped bool
		question.Question
	}{
		"numbers tell groups apart": {true, question.Question{
			Dimensions: []string{"quantity", "resolution"}, Order: "1, 2",
			Measures: []question.Measure{
				{Name: "least", Kind: question.Min, Column: "price"}, {Name: "most", Kind: question.Max, Column: "discount"},
				{Name: "middle", Kind: question.Mean, Column: "total_amount"}, {Name: "sum", Kind: question.Sum, Column: "screen_size"},
				{Name: "north", Kind: question.Max, Column: "latitude", Filter: []question.Filter{question.Is("order_type", "online")}},
			},
		}},
		"of nothing": {true, question.Question{Measures: []question.Measure{
			{Name: "n", Filter: []question.Filter{nobody}}, {Name: "s", Kind: question.Sum, Column: "quantity", Filter: []question.Filter{nobody}},
			{Name: "m", Kind: question.Money, Column: "price", Filter: []question.Filter{nobody}},
			{Name: "a", Kind: question.Mean, Column: "price", Filter: []question.Filter{nobody}},
			{Name: "t", Kind: question.Min, Column: "__time", Filter: []question.Filter{nobody}},
		}}},
		"no group": {true, question.Question{Where: []question.Filter{nobody}, Measures: []question.Measure{{Name: "n"}}}},
		"filters of numbers": {true, question.Question{
			Where:      []question.Filter{question.AtLeast("screen_size", 50), {Column: "quantity", AtLeast: 2, Not: true}},
			Dimensions: []string{"screen_size"}, Order: "1",
			Measures: []question.Measure{
				{Name: "n", Filter: []question.Filter{question.AtLeast("screen_size", 60), question.IsNot("status", "COMPLETED", "FRAUD")}},
			},
		}},
		"minutes compared": {true, question.Question{
			Span: question.Slots, Comparison: true, Bucket: question.ByMinute, Order: "1",
			Measures: []question.Measure{{Name: "n"}, {Name: "n_before", Before: true, Per: time.Second}},
		}},
		"always": {true, question.Question{Span: question.Always, Dimensions: []string{"store_id"}, Order: "1"}},
		"customers": {false, question.Question{
			Dimensions: []string{"customer_id"}, Measures: []question.Measure{{Name: "n"}}, Order: "2 DESC, 1", Limit: 20,
		}},
		"more than 64 bits tell groups apart": {false, question.Question{
			Dimensions: []string{"product_name", "city", "user_agent", "store_id", "payment_method", "transaction_id"},
			Measures:   []question.Measure{{Name: "n"}}, Order: "6", Limit: 20,
		}},
		"the last of words": {false, question.Question{Measures: []question.Measure{{Name: "b", Kind: question.Max, Column: "brand"}}}},
	} {
		choice := choices["six hours"]
		choice.Table, choice.Interval = contract.DefaultTopic, time.Minute
		asked := question.Asked{Question: c.Question, Choice: choice}
		_, rows, err := tab.Ask(t.Context(), asked)
		_, plain, plainErr := tab.Query(t.Context(), asked.SQL())
		if err != nil || plainErr != nil || len(rows) != len(plain) || len(rows) == 0 && name != "no group" {
			t.Fatalf("%s: %d rows, want %d: %v %v\n%s", name, len(rows), len(plain), err, plainErr, asked.SQL())
		}
		if columnstore.Groups(tab, asked) != c.grouped {
			t.Errorf("%s: answered from groups: %v", name, !c.grouped)
		}
		for i := range rows {
			for j := range rows[i] {
				if !same(rows[i][j], plain[i][j]) {
					t.Fatalf("%s, row %d: %v, want %v\n%s", name, i, rows[i], plain[i], asked.SQL())
				}
			}
		}
	}
}

// How many minutes of a range are in a stretch of each day is what counting them says, and a group is in it
// or is not, also where the stretch goes on after midnight.
func TestDaily(t *testing.T) {
	tab := fill(t, 1000, 24)
	step := 1
	if testing.Short() {
		step = 4
	}
	const day = 24 * time.Hour
	for _, d := range []question.Daily{
		{From: 16 * time.Hour, Length: 10 * time.Hour}, {From: 9 * time.Hour, Length: 30 * time.Minute}, {Length: day}, {From: 23 * time.Hour},
	} {
		in := func(at time.Time) bool { return (at.Sub(at.Truncate(day))-d.From+day)%day < d.Length }
		for _, length := range []time.Duration{5 * time.Minute, time.Hour, 11 * time.Hour, day, 61*time.Hour + 17*time.Second} {
			for back := 0; back < 49; back += step {
				to := noon.Add(-time.Duration(back)*30*time.Minute + time.Duration(back)*time.Second)
				asked := question.Asked{
					Question: question.Question{
						Span: question.Slots, Dimensions: []string{"order_type"}, Bucket: question.ByMinute,
						Then: "SELECT " + d.SlotCount() + " AS n, " + d.Holds(`"time"`) + " AS holds, \"time\"\nFROM grouped",
					},
					Choice: question.Choice{From: to.Add(-length), To: to},
				}
				from, end := asked.Bounds()
				want := int64(0)
				for ms := from; ms < end; ms += time.Minute.Milliseconds() {
					if in(time.UnixMilli(ms)) {
						want++
					}
				}
				_, rows, err := tab.Ask(t.Context(), asked)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					at, err := time.Parse(time.RFC3339, row[2].(string))
					if err != nil {
						t.Fatal(err)
					}
					if row[0] != want || (row[1] == int64(1)) != in(at) {
						t.Fatalf("%+v to %v, %v long: %v, want %d minutes, %v", d, to, length, row, want, in(at))
					}
				}
			}
		}
	}
}

// An empty table answers as an empty range does.
func TestEmptyTable(t *testing.T) {
	tab, err := columnstore.Open("none yet", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	for _, d := range dashboards.All() {
		for _, p := range d.Panels() {
			q := choices["all variables"]
			q.Table = "none yet"
			if _, rows, err := tab.Ask(t.Context(), p.Ask(q)); err != nil || len(rows) > 0 {
				t.Errorf("%s: %v, %v", p.Title, rows, err)
			}
		}
	}
}

// same compares to the cent: a sum of doubles depends on their order, and what lies in the
// middle between two cents is rounded to either.
func same(a, b any) bool {
	x, isX := a.(float64)
	y, isY := b.(float64)
	if isX && isY {
		return math.Abs(x-y) < 0.0101
	}
	return a == b
}

// million is a day of a million sales, made once.
var million = sync.OnceValue(func() func(testing.TB) *columnstore.Table {
	var tab *columnstore.Table
	return func(t testing.TB) *columnstore.Table {
		if tab == nil {
			tab = fill(noCleanup{t}, 1_000_000, 24)
		}
		return tab
	}
})

type noCleanup struct{ testing.TB }

func (noCleanup) Cleanup(func()) {}

var write = flag.Bool("write", false, "write the figures of BenchmarkPanels into dashboards/README.md")

// Every panel over a day with a million sales: as the page asks it, and with every row
// going through SQLite.
func BenchmarkPanels(b *testing.B) {
	tab := million()(b)
	text := bench.Stamp(time.Now()) + ", 1,000,000 sales.\n\n" + document.Head("panel", "ms", "with each row through SQLite, ms")
	for _, d := range dashboards.All() {
		for _, p := range d.Panels() {
			took := make(map[string]string)
			for _, name := range []string{"everything", "one brand"} {
				asked := p.Ask(choices[name])
				type way func(context.Context, question.Asked) ([]string, [][]any, error)
				plain := func(ctx context.Context, a question.Asked) ([]string, [][]any, error) { return tab.Query(ctx, a.SQL()) }
				for way, ask := range map[string]way{"groups": tab.Ask, "rows": plain} {
					b.Run(fmt.Sprintf("%s/%d-%s/%s/%s", d.Title, p.ID, p.Title, name, way), func(b *testing.B) {
						for b.Loop() {
							if _, _, err := ask(b.Context(), asked); err != nil {
								b.Fatal(err)
							}
						}
						if name == "everything" {
							took[way] = fmt.Sprintf("%.1f", b.Elapsed().Seconds()*1000/float64(b.N))
						}
					})
				}
			}
			text += document.Row(p.Title, took["groups"], took["rows"])
		}
	}
	if *write {
		if err := document.WriteBlock("../../../dashboards/README.md", "here", text); err != nil {
			b.Fatal(err)
		}
	}
}

// Where a topic keeps no times of arrival, nothing is told about them.
func TestArrivalThatIsNotKept(t *testing.T) {
	tab, err := columnstore.Open("sales", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if err := tab.Add(make([]columnstore.Row, 3)); err != nil {
		t.Fatal(err)
	}
	shown := make(map[int]int) // rows, by how they are drawn and what none would mean
	for _, p := range dashboards.Pipeline().Panels() {
		if p.Bucket != question.ByInterval || p.Empty != dashboards.NoSales && !strings.Contains(p.Empty, "arrival") {
			continue
		}
		choice := question.Choice{From: time.UnixMilli(0), To: time.UnixMilli(60_000), Table: "sales"}
		_, rows, err := tab.Ask(t.Context(), p.Ask(choice))
		if want := map[bool]int{true: 1}[p.Empty == dashboards.NoSales]; err != nil || len(rows) != want {
			t.Errorf("%s: %v, error %v", p.Title, rows, err)
		}
		shown[len(rows)]++
	}
	if shown[0] != 2 || shown[1] == 0 {
		t.Errorf("panels by their rows: %v, want two without", shown)
	}
}

// A filter of numbers that lie too far apart to note each of them is left to the rows.
func TestNumbersFarApart(t *testing.T) {
	tab, err := columnstore.Open("sales", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	rows := make([]columnstore.Row, 3)
	rows[0].Arrived(5_000)
	rows[1].Arrived(20_000_000_000)
	if err := tab.Add(rows); err != nil {
		t.Fatal(err)
	}
	asked := question.Asked{
		Question: question.Question{
			Span: question.Always, Where: []question.Filter{question.AtLeast("seconds_to_arrive", 5)},
			Measures: []question.Measure{{Name: "n"}},
		},
		Choice: question.Choice{Table: "sales"},
	}
	_, answer, err := tab.Ask(t.Context(), asked)
	if err != nil || len(answer) != 1 || answer[0][0] != int64(2) {
		t.Errorf("%v, error %v, want 2", answer, err)
	}
	if columnstore.Groups(tab, asked) {
		t.Error("twenty million numbers are noted one by one")
	}
}
