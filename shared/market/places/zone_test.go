package places_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the machine may have none

	"salesburst/shared/market/calendar"
	"salesburst/shared/market/places"
)

var cityOf = map[places.Zone]string{
	places.Eastern: "America/New_York", places.Central: "America/Chicago", places.Mountain: "America/Denver",
	places.Arizona: "America/Phoenix", places.Pacific: "America/Los_Angeles", places.Alaska: "America/Anchorage",
	places.Hawaii: "Pacific/Honolulu",
}

// Every half hour of the weeks in which clocks change, and every ten hours of the rest, is as Go's
// zone database has it.
func TestClocksAreThoseOfTheZoneDatabase(t *testing.T) {
	step := 1 // years
	if testing.Short() {
		step = 4
	}
	for zone, city := range cityOf {
		location, err := time.LoadLocation(city)
		if err != nil {
			t.Fatal(err)
		}
		check := func(at time.Time) {
			here := at.In(location)
			_, offset := here.Zone()
			local := zone.Local(at.Unix())
			if want := at.Unix() + int64(offset); local != want {
				t.Fatalf("%v at %v: %d seconds from UTC, want %d", zone, at, local-at.Unix(), offset)
			}
			date, seconds := calendar.DateOf(local)
			midnight := time.Unix(int64(date)*86400, 0).UTC()
			if midnight.Format(time.DateOnly) != here.Format(time.DateOnly) || places.HourOf(local) != here.Hour() ||
				seconds != int64(here.Hour()*3600+here.Minute()*60+here.Second()) {
				t.Fatalf("%v at %v: %v, %d seconds, want %v", zone, at, midnight, seconds, here)
			}
		}
		for year := 2007; year <= 2040; year += step {
			for _, month := range []time.Month{time.March, time.November} {
				for at := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC); at.Day() < 20; at = at.Add(30 * time.Minute) {
					check(at)
					check(at.Add(-time.Second))
				}
			}
			for at := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC); at.Year() == year; at = at.Add(10 * time.Hour) {
				check(at)
			}
		}
	}
}

// Days and hours before 1970 count down to it.
func TestDaysBefore1970(t *testing.T) {
	for _, c := range []struct{ local, days, seconds int64 }{{0, 0, 0}, {-1, -1, 86399}, {-86400, -1, 0}, {-86401, -2, 86399}, {86400, 1, 0}} {
		if days, seconds := calendar.DateOf(c.local); int64(days) != c.days || seconds != c.seconds {
			t.Errorf("%d: day %d, second %d, want %d, %d", c.local, days, seconds, c.days, c.seconds)
		}
	}
}

// Cities near the line between two zones, and those of zones of their own.
func TestZones(t *testing.T) {
	want := map[string]places.Zone{
		"New York": places.Eastern, "Detroit": places.Eastern, "Louisville": places.Eastern, "Indianapolis": places.Eastern,
		"Chattanooga": places.Eastern, "Knoxville": places.Eastern, "Nashville": places.Central, "Evansville": places.Central,
		"Gary": places.Central, "South Bend": places.Eastern, "Bowling Green": places.Central, "Pensacola": places.Central,
		"Tallahassee": places.Eastern, "Chicago": places.Central, "El Paso": places.Mountain, "Amarillo": places.Central,
		"Rapid City": places.Mountain, "Sioux Falls": places.Central, "Bismarck": places.Central, "Boise": places.Mountain,
		"Coeur d'Alene": places.Pacific, "Phoenix": places.Arizona, "Yuma": places.Arizona, "Las Vegas": places.Pacific,
		"St. George": places.Mountain, "Anchorage": places.Alaska, "Juneau": places.Alaska, "Honolulu": places.Hawaii,
	}
	ofState := make(map[string]map[places.Zone]bool)
	for _, p := range places.All() {
		if zone, listed := want[p.Name]; listed && p.Zone != zone {
			t.Errorf("%s: %v, want %v", p.Name, p.Zone, zone)
		}
		if ofState[p.State] == nil {
			ofState[p.State] = make(map[places.Zone]bool)
		}
		ofState[p.State][p.Zone] = true
	}
	split := map[string]bool{"FL": true, "IN": true, "KY": true, "TN": true, "TX": true, "SD": true, "ID": true}
	for state, zones := range ofState {
		if len(zones) > 1 != split[state] {
			t.Errorf("%s has %v", state, zones)
		}
	}
}

func BenchmarkLocal(b *testing.B) {
	at, hours := int64(1_700_000_000), 0
	for b.Loop() {
		at += 12_345
		hours += places.HourOf(places.Eastern.Local(at))
	}
	b.ReportMetric(float64(hours)/float64(b.N), "hours")
}
