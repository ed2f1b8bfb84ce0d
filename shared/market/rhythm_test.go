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
	for name, c := range map[string]*curve{"online": &onlineDay, "store": &storeDay} {
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
	for _, f := range []channelFigures{online, inStore} {
		var sum uint64
		for i, m := range f.methods {
			sum += m.share
			if i > 0 && m.share > f.methods[i-1].share {
				t.Errorf("%s: %s comes before %s", f.name, f.methods[i-1].name, m.name)
			}
			var reasons uint64
			for _, o := range m.failures {
				reasons += o.share
			}
			if reasons != 100 {
				t.Errorf("%s, %s: the shares of the reasons make %d %%", f.name, m.name, reasons)
			}
		}
		if sum != 100 {
			t.Errorf("%s: the shares of the methods make %d %%", f.name, sum)
		}
	}
}
