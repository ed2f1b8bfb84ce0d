package dashboards_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
)

// What a rule says after a row of evaluations, one a minute: a number for each name, or - for no row of it.
func TestWatch(t *testing.T) {
	begin := time.Date(2026, 5, 12, 18, 0, 30, 0, time.UTC)
	for name, c := range map[string]struct {
		rule dashboards.Alert
		rows []string // for each name
		want string
	}{
		"at once":             {dashboards.Alert{Operator: "gt", Limit: 1}, []string{"1 2 2 1"}, "a 1-3"},
		"after a while":       {dashboards.Alert{Operator: "gt", Limit: 1, For: 2 * time.Minute}, []string{"0 2 2 1 2 2 2 2"}, "a 6-"},
		"below":               {dashboards.Alert{Operator: "lt", Limit: 1, For: time.Minute}, []string{"0 0 1 0 0 0 1"}, "a 1-2 a 4-6"},
		"each name":           {dashboards.Alert{Operator: "gt", Limit: 1, For: time.Minute}, []string{"2 2 0 0", "0 2 2 2"}, "a 1-2 b 2-"},
		"one row is missing":  {dashboards.Alert{Operator: "gt", Limit: 1}, []string{"2 - 2 - - 2", "0 0 0 0 0 0"}, "a 0-4 a 5-"},
		"pending and missing": {dashboards.Alert{Operator: "gt", Limit: 1, For: 2 * time.Minute}, []string{"2 - 2 - - 2", "0 0 0 0 0 0"}, "a 2-4"},
		"no rows are calm":    {dashboards.Alert{Operator: "gt", Limit: 1, NoData: "OK"}, []string{"2 - 2"}, "a 0-1 a 2-"},
		"no rows are wrong":   {dashboards.Alert{Operator: "lt", Limit: 1, NoData: "Alerting", For: time.Minute}, []string{"2 - - 2"}, "2-3"},
	} {
		t.Run(name, func(t *testing.T) {
			w := dashboards.Watch{Rule: c.rule}
			for n := range strings.Fields(c.rows[0]) {
				var rows [][]any
				for i, row := range c.rows {
					var number float64
					if _, err := fmt.Sscan(strings.Fields(row)[n], &number); err == nil {
						rows = append(rows, []any{string(rune('a' + i)), number})
					}
				}
				if err := w.See(begin.Add(time.Duration(n)*dashboards.Evaluations), []string{"order_type", "sales"}, rows); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			at := func(moment time.Time) string {
				if moment.IsZero() {
					return ""
				}
				return fmt.Sprint(int(moment.Sub(begin) / dashboards.Evaluations))
			}
			for _, f := range w.Fired {
				got = append(got, strings.TrimSpace(f.Name+" "+at(f.From)+"-"+at(f.To)))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("it fires %q, want %q", got, c.want)
			}
		})
	}
}

// What Grafana's expressions cannot read is no answer of a rule.
func TestFiresRefuses(t *testing.T) {
	for name, rows := range map[string][]any{"two numbers": {1.5, 2.5}, "a time": {"2026-05-12T18:00:00.000Z", 1.5}, "no number": {nil, 1.5}} {
		if fires, err := (dashboards.Alert{}).Fires([]string{"x_time", "y"}, [][]any{rows}); err == nil {
			t.Errorf("%s: %v", name, fires)
		}
	}
}
