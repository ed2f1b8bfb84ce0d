package local

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"salesburst/shared/app"
	"salesburst/shared/sale"
	"salesburst/shared/spec"
)

func newStore(t testing.TB) *store {
	t.Helper()
	s, err := openStore()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// someSales are an hour of both channels, in batches that overlap in time.
func someSales() [][]row {
	var batches [][]row
	for i := range 60 {
		at := noon.Add(time.Duration(i-59) * spec.Slot)
		batches = append(batches,
			newMadeUp("store", spec.ChannelStore, at, 20+i%7).rows(),
			newMadeUp("online", spec.ChannelOnline, at, 90+i%11).rows())
	}
	return batches
}

func TestViewIsWhatGoComputes(t *testing.T) {
	s := newStore(t)
	batches := someSales()
	var all []row
	for _, b := range batches {
		if err := s.Add(t.Context(), b, time.Time{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for name, edge := range map[string]time.Time{
		"at the end":         noon,
		"inside a minute":    noon.Add(-17*time.Minute - 23*time.Second - 400*time.Millisecond),
		"near the beginning": noon.Add(-58 * time.Minute),
		"before all":         noon.Add(-2 * time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.View(t.Context(), edge, 6*time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			compareViews(t, got, computeView(all, edge.Truncate(time.Second)))
		})
	}
}

// computeView does in Go what the queries do.
func computeView(all []row, edge time.Time) view {
	v := view{Edge: edge, Seconds: make([]sale.Cents, closeUp/time.Second)}
	brands, cities, reasons := make(map[string]*ranked), make(map[string]*ranked), make(map[string]*ranked)
	count := func(m map[string]*ranked, name string, revenue sale.Cents) {
		if m[name] == nil {
			m[name] = &ranked{Name: name}
		}
		m[name].Count++
		m[name].Revenue += revenue
	}
	minutes := make(map[int64]*minutePoint)
	var before []row
	for _, r := range all {
		at := time.UnixMilli(r.At).UTC()
		if !at.Before(edge) {
			continue
		}
		before = append(before, r)
		minute := at.Truncate(time.Minute)
		if minute.Before(edge.Truncate(time.Minute)) {
			if minutes[minute.Unix()] == nil {
				minutes[minute.Unix()] = &minutePoint{At: minute}
			}
			if r.Status == "COMPLETED" {
				minutes[minute.Unix()].Completed++
			} else {
				minutes[minute.Unix()].Failed++
			}
		}
		if at.Before(edge.Add(-recent)) {
			continue
		}
		if !at.Before(edge.Add(-10 * time.Second)) {
			v.Headline.LastTen++
		}
		if r.Status != "COMPLETED" {
			v.Headline.Failed++
			count(reasons, r.Reason, 0)
			continue
		}
		v.Headline.Completed++
		v.Headline.Revenue += r.Amount
		count(brands, r.Brand, r.Amount)
		city := r.City
		if r.State != "" {
			city += ", " + r.State
		}
		count(cities, city, r.Amount)
		if i := int(at.Sub(edge.Add(-closeUp)) / time.Second); !at.Before(edge.Add(-closeUp)) {
			v.Seconds[i] += r.Amount
		}
	}
	for _, at := range slices.Sorted(maps.Keys(minutes)) {
		v.Minutes = append(v.Minutes, *minutes[at])
	}
	top := func(m map[string]*ranked, by func(ranked) int64, most int) (list []ranked) {
		for _, r := range m {
			list = append(list, *r)
		}
		slices.SortFunc(list, func(a, b ranked) int {
			return cmp.Or(cmp.Compare(by(b), by(a)), cmp.Compare(a.Name, b.Name))
		})
		return list[:min(most, len(list))]
	}
	revenue := func(r ranked) int64 { return int64(r.Revenue) }
	v.Brands = top(brands, revenue, topBrands)
	v.Cities = top(cities, revenue, topCities)
	v.Reasons = top(reasons, func(r ranked) int64 { return r.Count }, topReasons)
	slices.SortFunc(before, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID.String(), a.ID.String()))
	})
	for _, r := range before[:min(listed, len(before))] {
		v.Latest = append(v.Latest, latestSale{time.UnixMilli(r.At).UTC(), r.ID.String(), r.Product, r.City, r.State,
			r.Channel, r.Status, r.Reason, r.Scenario, r.Quantity, r.Amount})
	}
	return v
}

func compareViews(t *testing.T, got, want view) {
	t.Helper()
	for _, part := range []struct {
		name      string
		got, want any
	}{
		{"headline", got.Headline, want.Headline},
		{"revenue per second", got.Seconds, want.Seconds},
		{"orders per minute", got.Minutes, want.Minutes},
		{"brands", got.Brands, want.Brands},
		{"cities", got.Cities, want.Cities},
		{"reasons", got.Reasons, want.Reasons},
		{"latest", got.Latest, want.Latest},
	} {
		if g, w := fmt.Sprint(part.got), fmt.Sprint(part.want); g != w {
			t.Errorf("%s:\ngot  %s\nwant %s", part.name, g, w)
		}
	}
}

func TestMinutesAreJoinedInALongHistory(t *testing.T) {
	s := newStore(t)
	if err := s.Add(t.Context(), newMadeUp("a", spec.ChannelOnline, noon.Add(-13*time.Hour), 300).rows(), noon); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(t.Context(), newMadeUp("b", spec.ChannelOnline, noon, 600).rows(), noon); err != nil {
		t.Fatal(err)
	}
	v, err := s.View(t.Context(), noon, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	first, last := v.Minutes[0], v.Minutes[len(v.Minutes)-1]
	if sum := first.Completed + first.Failed; sum != 75 { // 300 in one of four minutes
		t.Errorf("the first point has %v orders per minute, want 75", sum)
	}
	if sum := last.Completed + last.Failed; sum != 150 {
		t.Errorf("the last point has %v orders per minute, want 150", sum)
	}
	if len(v.Minutes) > maxPoints {
		t.Errorf("%d points, want %d at most", len(v.Minutes), maxPoints)
	}
}

func TestForget(t *testing.T) {
	s := newStore(t)
	for _, b := range someSales() {
		if err := s.Add(t.Context(), b, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Forget(t.Context(), noon.Add(-30*time.Minute), noon.Add(-5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]time.Time{"sales": noon.Add(-30 * time.Minute), "minutes": noon.Add(-30 * time.Minute), "seconds": noon.Add(-5 * time.Minute)} {
		var oldest int64
		if err := s.read.QueryRow("SELECT MIN(at) FROM " + table).Scan(&oldest); err != nil {
			t.Fatal(err)
		}
		if got := time.UnixMilli(oldest).UTC(); got.Before(want) || got.After(want.Add(10*time.Second)) {
			t.Errorf("the oldest of %s is of %v, want %v", table, got, want)
		}
	}
}

func TestTallyFindsLostAndDoubled(t *testing.T) {
	count := newTally()
	rows := newMadeUp("tally", spec.ChannelOnline, noon, 200).rows()
	burst := rows[0].ID.Burst.String()
	count.report(app.Report{BurstID: burst, Events: 200})
	foreign := newMadeUp("foreign", spec.ChannelOnline, noon, 3).rows()

	got := len(count.first(slices.Clone(rows[:190]))) + len(count.first(slices.Clone(rows[100:150]))) + len(count.first(foreign))
	if got != 193 {
		t.Errorf("%d rows are new, want 193", got)
	}
	want := totals{Bursts: 1, Published: 200, Stored: 190, Missing: 10, Duplicated: 50, Foreign: 3}
	if got := count.totals(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
