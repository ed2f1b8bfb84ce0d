package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"salesburst/shared/devenv"
)

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-only fresh,stale": `there is no phase "stale"`,
		"-rates 12,0":       "-rates 12,0: want numbers from 1",
		"-for 1ms":          "-for takes a second or more",
		"-hand-off 59s":     "-hand-off takes 1m or more",
		"-poll 0s":          "-poll takes 1ms or more",
		"-rows 999":         "-backlog, -merge and -rows take 1000 to 10000000",
		"-merge 10000001":   "-backlog, -merge and -rows take 1000 to 10000000",
		"-repeat 0":         "-repeat takes 1 or more",
		"fresh":             "nothing is expected behind the flags",
	} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", args, err, want)
		}
	}
	o, err := parse([]string{"-rows", "5000", "-short"}, io.Discard)
	if err != nil || o.rows != 5000 || o.duration > time.Minute {
		t.Errorf("-short changes what is given, or not what is not: %+v, error %v", o, err)
	}
}

// A sale is due exactly when it begins to be counted as due.
func TestDue(t *testing.T) {
	for _, rate := range []int{1, 7, 12, 5000, 99_999} {
		tr := &traffic{rate: rate, start: time.Unix(1_800_000_000, 0)}
		for _, i := range []int{0, 1, 2, 11, 12, 13, 4999, 1_234_567} {
			at := tr.due(i)
			if before, after := tr.dueBefore(at), tr.dueBefore(at.Add(1)); before != i || after != i+1 {
				t.Errorf("%d a second: sale %d is due, %d are before it and %d a moment later", rate, i, before, after)
			}
		}
	}
}

func TestQuantiles(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i))
	}
	if got, want := quantilesOf(all), (quantiles{100, 198, 200}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := quantilesOf(all[:1]), (quantiles{200, 200, 200}); got != want {
		t.Errorf("of one: %v, want %v", got, want)
	}
}

// A sale counts from when it is due to the first answer that shows it, whatever later
// answers say.
func TestAnswers(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	tr := &traffic{rate: 10, start: start, sent: 5}
	after := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for _, a := range []struct{ n, ms int }{{0, 50}, {2, 150}, {1, 250}, {2, 350}, {4, 450}} {
		if _, _, err := tr.take(a.n, start, after(a.ms), nil); err != nil {
			t.Fatal(err)
		}
	}
	const ms = time.Millisecond
	if got, want := fmt.Sprint(tr.shown), fmt.Sprint([]time.Duration{150 * ms, 50 * ms, 250 * ms, 150 * ms}); got != want {
		t.Errorf("shown after %s, want %s", got, want)
	}
	if tr.dips != 1 {
		t.Errorf("%d answers counted less than before, want 1", tr.dips)
	}
	if f := tr.figures(after(100), after(300)); f.events != 2 || f.shown.worst != 250*ms {
		t.Errorf("of the second and third: %+v", f)
	}
	var w *wrong
	if _, _, err := tr.take(6, start, after(550), nil); !errors.As(err, &w) {
		t.Errorf("6 of 5 sales are shown: error %v", err)
	}
}

// Sales that are lost or duplicated are noticed, also where their number is right.
func TestVerify(t *testing.T) {
	const burst = "abcdefghijkl"
	type row struct {
		Burst     string `json:"burst"`
		N         int    `json:"n"`
		Sequences int    `json:"sequences"`
	}
	for name, c := range map[string]struct {
		rows []row
		says string // empty: all is right
	}{
		"right":                       {[]row{{burst, 4, 0 + 1 + 2 + 3}}, ""},
		"one is lost":                 {[]row{{burst, 3, 0 + 1 + 3}}, "3 rows whose sequences add up to 4, want 4 and 6"},
		"one is duplicated":           {[]row{{burst, 5, 0 + 1 + 2 + 3 + 3}}, "5 rows whose sequences add up to 9"},
		"one is lost, one duplicated": {[]row{{burst, 4, 0 + 1 + 3 + 3}}, "4 rows whose sequences add up to 7"},
		"all are lost":                {nil, "0 rows"},
		"somebody else's":             {[]row{{burst, 4, 6}, {"mnopqrstuvwx", 1, 0}}, "bursts of nobody: map[mnopqrstuvwx"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var asked struct{ Query string }
				if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
					t.Error(err)
				}
				rows := c.rows
				if !strings.Contains(asked.Query, "GROUP BY") {
					rows = []row{{N: 4}}
				}
				if rows == nil {
					rows = []row{}
				}
				if err := json.NewEncoder(w).Encode(rows); err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			at := time.Unix(1_800_000_000, 0)
			d := &devenv.Druid{Gateway: "https://nowhere", URLs: map[string]string{"broker": server.URL}}
			table := &table{bench: &bench{druid: d}, name: "sales", taken: []*taken{{burst, 4}}, from: at, to: at.Add(time.Second)}
			table.rows.Store(4)
			err := table.verify(t.Context())
			if w := (*wrong)(nil); c.says == "" && err != nil || c.says != "" && (!errors.As(err, &w) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

// The limits are those that are deployed: each heap fits into its unit, and all units into
// the machine.
func TestLimits(t *testing.T) {
	var all int64
	for _, name := range servers() {
		l, err := limitsOf(name)
		if err != nil {
			t.Fatal(err)
		}
		if l.heap >= l.unit || l.heap == 0 != (name == gateway) {
			t.Errorf("%s: a heap of %d in a limit of %d", name, l.heap, l.unit)
		}
		all += l.unit
	}
	if all > machine*9/10 {
		t.Errorf("the units may take %d of %d", all, int64(machine))
	}
}
