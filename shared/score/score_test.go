package score_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"salesburst/shared/score"
)

// truth is lines of it: minutes are those after noon.
func truth(t *testing.T, lines ...string) string {
	t.Helper()
	var all strings.Builder
	for _, line := range lines {
		var scenario string
		var from, to, begin, end, events int
		if _, err := fmt.Sscan(line, &scenario, &from, &to, &begin, &end, &events); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, `{"burst_id":"x","function":"online","from":%q,"to":%q,"scenario":%q,"incident":{"scenario":%[3]q},"begin":%[4]q,"end":%[5]q,"severity":1,"added":{"events":%[6]d},"removed":{"events":0},"changed":{"events":0}}`+"\n",
			minute(from), minute(to), scenario, minute(begin), minute(end), events)
	}
	return all.String()
}

func minute(n int) string {
	return time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute).Format(time.RFC3339)
}

func TestScore(t *testing.T) {
	told := truth(t,
		// one incident from minute 10 to 20, of which the first events come with minute 12
		"flash-sale 10 11 10 20 0", "flash-sale 11 12 10 20 0", "flash-sale 12 13 10 20 5", "flash-sale 19 20 10 20 5",
		// the same of another day, and one that nobody can see
		"flash-sale 100 110 100 110 5", "demand-drop 30 31 30 31 0",
		// one that begins and ends in the middle of a burst
		"price-error 40 60 45 50 3",
	)
	for name, c := range map[string]struct {
		alerts []string // the minute that each begins in, and what it takes it for
		want   string   // of all: incidents, found, alerts, right, precision, recall, median, worst
	}{
		"none":             {nil, "3 0 0 0 - 0 - -"},
		"in time":          {[]string{"13", "102", "46"}, "3 3 3 3 100 100 1m0s 2m0s"},
		"a little early":   {[]string{"11"}, "3 1 1 1 100 33 0s 0s"},
		"too early":        {[]string{"10"}, "3 0 1 0 0 0 - -"},
		"a little late":    {[]string{"24"}, "3 1 1 1 100 33 12m0s 12m0s"},
		"too late":         {[]string{"25"}, "3 0 1 0 0 0 - -"},
		"twice":            {[]string{"15", "13"}, "3 1 2 2 100 33 1m0s 1m0s"},
		"of its name":      {[]string{"13 flash-sale"}, "3 1 1 1 100 33 1m0s 1m0s"},
		"of another name":  {[]string{"13 price-error"}, "3 0 1 0 0 0 - -"},
		"before the burst": {[]string{"43"}, "3 0 1 0 0 0 - -"},
		"false ones":       {[]string{"13", "30", "150"}, "3 1 3 1 33 33 1m0s 1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			of, err := score.ReadTruth(strings.NewReader(told))
			if err != nil {
				t.Fatal(err)
			}
			lines := ""
			for _, a := range c.alerts {
				var n int
				var scenario string
				_, _ = fmt.Sscan(a, &n, &scenario) // the second is not always there
				lines += fmt.Sprintf("{\"from\":%q,\"scenario\":%q}\n", minute(n), scenario)
			}
			alerts, err := score.ReadAlerts(strings.NewReader(lines))
			if err != nil {
				t.Fatal(err)
			}
			s := score.Of(of, alerts, score.Tolerance{Early: time.Minute, Late: 5 * time.Minute})
			a := s.All
			got := fmt.Sprint(a.Incidents, a.Found, a.Alerts, a.Right)
			for _, p := range []*int{a.Precision, a.Recall} {
				if p == nil {
					got += " -"
				} else {
					got += fmt.Sprint(" ", *p)
				}
			}
			for _, d := range []*score.Seconds{a.Median, a.Worst} {
				if d == nil {
					got += " -"
				} else {
					got += fmt.Sprint(" ", time.Duration(*d))
				}
			}
			if got != c.want || s.Unseen != 1 {
				t.Errorf("got %s, want %s; %d unseen", got, c.want, s.Unseen)
			}
			sum := score.Figures{}
			for _, f := range s.Scenarios {
				sum.Incidents, sum.Found = sum.Incidents+f.Incidents, sum.Found+f.Found
			}
			if sum.Incidents != a.Incidents || sum.Found != a.Found {
				t.Errorf("the scenarios %+v are not all, %+v", s.Scenarios, a)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"\n{}":            "line 2: an alert has a time from",
		`{"from":"noon"}`: "line 1: ",
		`{"from":"2026-11-27T18:00:00Z","to":"2026-11-27T17:00:00Z"}`: "line 1: an alert has",
		"x": "line 1: ",
	} {
		if _, err := score.ReadAlerts(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	if _, err := score.ReadTruth(strings.NewReader(`{"scenario":"x"}`)); err == nil {
		t.Error("a truth without a time")
	}
}

// An incident without a begin is another one where its bursts are far from each other.
func TestIncidentsWithoutBegin(t *testing.T) {
	var lines string
	for _, m := range []int{61, 60, 240, 241} {
		lines += fmt.Sprintf(`{"from":%q,"to":%q,"scenario":"price-error","incident":{},"added":{"events":1}}`+"\n", minute(m), minute(m+1))
	}
	truth, err := score.ReadTruth(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := score.ReadAlerts(strings.NewReader(fmt.Sprintf(`{"from":%q}`, minute(150))))
	if err != nil {
		t.Fatal(err)
	}
	if s := score.Of(truth, alerts, score.Tolerance{}); s.All.Incidents != 2 || s.All.Right != 0 {
		t.Errorf("%+v", s.All)
	}
}

// Whatever was done to an event, and to its delivery, makes an incident that can be seen.
func TestEachTouchCounts(t *testing.T) {
	for _, kind := range []string{"added", "removed", "changed", "moved", "repeated", "malformed"} {
		of, err := score.ReadTruth(strings.NewReader(fmt.Sprintf(`{"scenario":"x","from":%q,"to":%q,"incident":{},%q:{"events":1}}`, minute(0), minute(1), kind)))
		if err != nil {
			t.Fatal(err)
		}
		if s := score.Of(of, nil, score.Usual()); s.All.Incidents != 1 || s.Unseen != 0 {
			t.Errorf("%s: %d incidents, %d unseen", kind, s.All.Incidents, s.Unseen)
		}
	}
}
