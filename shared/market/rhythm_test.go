package market

import (
	"testing"
	"time"
	_ "time/tzdata"

	"salesburst/shared/prng"
)

// The rule that is coded by hand is the zone database's.
func TestZonesAgreeWithTheDatabase(t *testing.T) {
	for name, z := range map[string]zone{
		"America/New_York": eastern, "America/Chicago": central, "America/Denver": mountain,
		"America/Phoenix": arizona, "America/Los_Angeles": pacific,
	} {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2010, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() < 2037; at = at.Add(time.Hour) {
			local := at.In(location)
			if got, want := z.minute(at), local.Hour()*60+local.Minute(); got != want {
				t.Fatalf("%s: at %v it is minute %d, want %d", name, at, got, want)
			}
		}
	}
}

func TestADayIsAnAverageDay(t *testing.T) {
	m, err := DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	for name, demand := range m.Demand {
		c := demand.Hours
		var sum uint64
		for minute := range 24 * 60 {
			sum += c.of(minute)
		}
		if mean := sum / (24 * 60); mean < prng.Million*999/1000 || mean > prng.Million*1001/1000 {
			t.Errorf("%s: the day's mean is %d", name, mean)
		}
	}
}

func TestCityNamesAreUnique(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range cities {
		if seen[c.name] {
			t.Errorf("two cities %s", c.name)
		}
		seen[c.name] = true
	}
}

func TestMethodsBeginWithTheMostUsed(t *testing.T) {
	m, err := DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	for name, methods := range map[string][]methodFigures{"online": m.Payment.Online, "store": m.Payment.Store} {
		for i, f := range methods {
			if i > 0 && f.Share > methods[i-1].Share {
				t.Errorf("%s: %s comes before %s", name, methods[i-1].Name, f.Name)
			}
		}
		if n := sum(methods, func(f methodFigures) uint64 { return f.Share }); n != 100 {
			t.Errorf("%s: the shares of the methods make %d %%", name, n)
		}
	}
	for name, reasons := range m.Payment.Reasons {
		if n := sum(reasons, func(r reasonFigures) uint64 { return r.Share }); n != 100 {
			t.Errorf("%s: the shares of the reasons make %d %%", name, n)
		}
	}
}
