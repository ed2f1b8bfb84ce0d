package calendar_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"salesburst/shared/market/calendar"
	"salesburst/shared/prng"
)

// The rules' days as calendars print them.
func TestHolidays(t *testing.T) {
	find := func(year int, name string) (found []calendar.Season) {
		for _, s := range calendar.SeasonsOf(year) {
			if s.Name == name {
				found = append(found, s)
			}
		}
		return found
	}
	for _, c := range []struct {
		name     string
		from, to string
	}{
		{calendar.BlackFriday, "2024-11-22", "2024-12-02"},
		{calendar.BlackFriday, "2025-11-21", "2025-12-01"},
		{calendar.BlackFriday, "2026-11-20", "2026-11-30"},
		{calendar.BlackFriday, "2029-11-16", "2029-11-26"},
		{calendar.MemorialDay, "2026-05-23", "2026-05-25"},
		{calendar.MemorialDay, "2027-05-29", "2027-05-31"},
		{calendar.LaborDay, "2025-08-30", "2025-09-01"},
		{calendar.LaborDay, "2026-09-05", "2026-09-07"},
		{calendar.SuperBowl, "2026-01-25", "2026-02-08"},
		{calendar.SuperBowl, "2027-01-31", "2027-02-14"},
		{calendar.IndependenceDay, "2031-07-03", "2031-07-05"},
		{calendar.ChristmasDays, "2000-12-24", "2000-12-25"},
		{calendar.TurnOfTheYear, "2999-01-01", "2999-01-15"},
	} {
		var year int
		if _, err := fmt.Sscanf(c.to, "%d", &year); err != nil {
			t.Fatal(err)
		}
		if s := find(year, c.name)[0]; s.From.String() != c.from || s.To.String() != c.to {
			t.Errorf("%s: %v to %v, want %s to %s", c.name, s.From, s.To, c.from, c.to)
		}
	}
}

func even() *calendar.Figures {
	f := &calendar.Figures{Weekdays: make(map[string]uint64), Seasons: make(map[string]uint64)}
	for h := range f.Hours {
		f.Hours[h] = 100
	}
	for _, name := range calendar.Weekdays() {
		f.Weekdays[name] = 100
	}
	for _, name := range calendar.Seasons() {
		f.Seasons[name] = 100
	}
	return f
}

func shops(shut ...string) *calendar.Hours {
	h := &calendar.Hours{Open: make(map[string][]uint64), Shut: shut}
	for _, name := range calendar.Weekdays() {
		h.Open[name] = []uint64{10, 21}
	}
	return h
}

// Shops are shut on the days that are called so, by the year's own dates.
func TestShut(t *testing.T) {
	p, err := calendar.New(even(), shops(calendar.Holidays()...))
	if err != nil {
		t.Fatal(err)
	}
	for year, want := range map[int][]string{
		2024: {"2024-01-01", "2024-03-31", "2024-11-28", "2024-12-25"},
		2025: {"2025-01-01", "2025-04-20", "2025-11-27", "2025-12-25"},
		2026: {"2026-01-01", "2026-04-05", "2026-11-26", "2026-12-25"},
		2049: {"2049-01-01", "2049-04-18", "2049-11-25", "2049-12-25"},
		2076: {"2076-01-01", "2076-04-19", "2076-11-26", "2076-12-25"},
		1981: {"1981-01-01", "1981-04-19", "1981-11-26", "1981-12-25"},
	} {
		var got []string
		for d := calendar.On(year, time.January, 1); d.Year() == year; d++ {
			if p.Day(d) == 0 {
				got = append(got, d.String())
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d: shut on %v, want %v", year, got, want)
		}
	}
	at := func(text string) uint64 {
		local, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return p.At(local.Unix())
	}
	if at("2026-11-25 09:59:59") != 0 || at("2026-11-25 21:00:00") != 0 || at("2026-11-26 12:00:00") != 0 {
		t.Error("something is sold in shops that are shut")
	}
	if at("2026-11-25 10:00:00") == 0 || at("2026-11-25 20:59:59") == 0 {
		t.Error("nothing is sold in shops that are open")
	}
}

// Whatever the profile, a year's average is the unit, and so is that of a day's hours.
func TestAverageIsTheUnit(t *testing.T) {
	f := even()
	f.Weekdays["sunday"], f.Seasons[calendar.BlackFriday], f.Hours[3] = 250, 1000, 1
	for _, hours := range []*calendar.Hours{nil, shops(calendar.Christmas)} {
		p, err := calendar.New(f, hours)
		if err != nil {
			t.Fatal(err)
		}
		for _, year := range []int{2023, 2024, 2026} {
			var days, sum, hourly float64
			first := calendar.On(year, time.January, 1)
			for d := first; d.Year() == year; d++ {
				if before := p.Before(d); math.Abs(float64(before)-sum) > 1 {
					t.Fatalf("%v: %d before it, want %.0f", d, before, sum)
				}
				days, sum = days+1, sum+float64(p.Day(d))
				for h := range 24 {
					hourly += float64(p.Hour(d, h))
				}
			}
			if math.Abs(sum/days/prng.Million-1) > 1e-4 || math.Abs(hourly/days/24/prng.Million-1) > 1e-4 {
				t.Errorf("%d: averages of days %.6f, of hours %.6f", year, sum/days, hourly/days/24)
			}
		}
		if got := float64(p.Day(calendar.On(2026, time.November, 27))) / float64(p.Day(calendar.On(2026, time.October, 9))); math.Abs(got-10) > 1e-4 {
			t.Errorf("Black Friday sells %.3f times a Friday in October, want 10", got)
		}
	}
	if _, err := calendar.New(&calendar.Figures{}, nil); err == nil {
		t.Error("a profile without demand is taken")
	}
}

// A local time before 1970 has its date too.
func TestDates(t *testing.T) {
	for text, want := range map[string]string{"1969-12-31 23:59:59": "1969-12-31 Wednesday 86399",
		"1970-01-01 00:00:00": "1970-01-01 Thursday 0", "2026-11-27 12:00:01": "2026-11-27 Friday 43201",
		"1900-02-28 00:00:00": "1900-02-28 Wednesday 0"} {
		at, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		d, second := calendar.DateOf(at.Unix())
		if got := fmt.Sprint(d, " ", d.Weekday(), " ", second); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

var usual = calendar.NoiseFigures{Days: 40, Hours: 30, Shocks: 1500, Shock: 20}

// spread is the standard deviation around the mean.
func spread(of []float64) (mean, deviation float64) {
	for _, v := range of {
		mean += v / float64(len(of))
	}
	for _, v := range of {
		deviation += (v - mean) * (v - mean) / float64(len(of))
	}
	return mean, math.Sqrt(deviation)
}

// Each part of the noise is as strong as it is called, and gone where it is called 0.
func TestNoise(t *testing.T) {
	const days = 3000
	measure := func(f calendar.NoiseFigures) (mean, daily, within float64) {
		n := calendar.NewNoise(f, 1)
		var means, rest []float64
		for d := range days {
			var sum float64
			for m := range 1440 {
				sum += float64(n.At(int64(d*1440+m))) / prng.Million
			}
			means = append(means, sum/1440)
			for m := 0; m < 1440; m += 97 {
				rest = append(rest, float64(n.At(int64(d*1440+m)))/prng.Million-sum/1440)
			}
		}
		mean, daily = spread(means)
		_, within = spread(rest)
		return mean, daily, within
	}
	for _, c := range []struct {
		f             calendar.NoiseFigures
		daily, within float64
	}{
		{calendar.NoiseFigures{}, 0, 0},
		{calendar.NoiseFigures{Days: 40}, .04, .0236}, // on the way from one day to the next
		{calendar.NoiseFigures{Hours: 30}, .007, .03},
		{calendar.NoiseFigures{Shocks: 1500, Shock: 20}, .003, .018},
	} {
		mean, daily, within := measure(c.f)
		if math.Abs(mean-1) > .003 || math.Abs(daily-c.daily) > .1*c.daily+.002 || math.Abs(within-c.within) > .15*c.within+.001 {
			t.Errorf("%+v: mean %.4f, days %.4f (want %.3f), within %.4f (want %.3f)", c.f, mean, daily, c.daily, within, c.within)
		}
	}
}

// The noise of one minute is near that of the next, and far from that of another seed.
func TestNoiseDrifts(t *testing.T) {
	a, b := calendar.NewNoise(usual, 1), calendar.NewNoise(usual, 2)
	var step, apart float64
	const minutes = 100_000
	for m := range int64(minutes) {
		x := float64(a.At(m))
		step += math.Abs(x-float64(a.At(m+1))) / minutes / prng.Million
		apart += math.Abs(x-float64(b.At(m))) / minutes / prng.Million
	}
	if step > .006 || apart < .03 {
		t.Errorf("from minute to minute %.4f, from seed to seed %.4f", step, apart)
	}
	for _, m := range []int64{-1, 0, 1, math.MaxInt32} {
		if at := a.At(m); at < prng.Million/2 || at > 2*prng.Million {
			t.Errorf("minute %d: %d", m, at)
		}
	}
}

func BenchmarkNoise(b *testing.B) {
	n := calendar.NewNoise(usual, 1)
	for m := int64(0); b.Loop(); m++ {
		n.At(m)
	}
}
