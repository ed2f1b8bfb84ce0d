package burst_test

import (
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
)

// What the calendar forecasts of a burst's time and of its day. An average day has 864,000 events
// online and 172,800 in stores.
func TestForecast(t *testing.T) {
	m := newMarket(t)
	type figures struct{ burst, day int }
	for name, c := range map[string]struct {
		channel contract.Channel
		at      time.Time // end
		over    time.Duration
		want    figures
	}{
		"online, a quiet day":             {contract.ChannelOnline, on(time.February, 10, 20), time.Minute, figures{778, 777_432}},
		"online, at night":                {contract.ChannelOnline, on(time.November, 28, 12), time.Minute, figures{321, 1_652_044}},
		"online, the days before Friday":  {contract.ChannelOnline, on(time.November, 26, 20), time.Minute, figures{1985, 1_982_452}},
		"half a minute more":              {contract.ChannelOnline, on(time.November, 26, 20), 90 * time.Second, figures{2978, 1_982_452}},
		"half a minute":                   {contract.ChannelOnline, on(time.November, 26, 20), 30 * time.Second, figures{993, 1_982_452}},
		"store, a quiet day":              {contract.ChannelStore, on(time.February, 10, 20), time.Minute, figures{208, 136_690}},
		"store, at night":                 {contract.ChannelStore, on(time.November, 24, 9), time.Minute, figures{0, 300_719}},
		"store, on Thanksgiving":          {contract.ChannelStore, on(time.November, 26, 20), time.Minute, figures{0, 0}},
		"store, on Black Friday":          {contract.ChannelStore, on(time.November, 27, 20), time.Minute, figures{595, 391_634}},
		"store, that evening":             {contract.ChannelStore, on(time.November, 28, 3), time.Minute, figures{316, 391_634}}, // in UTC it is the next day
		"store, one day from 4 h to 4 h":  {contract.ChannelStore, on(time.November, 24, 9), 24 * time.Hour, figures{293_725, 293_725}},
		"store, Thanksgiving from 6 h on": {contract.ChannelStore, on(time.November, 27, 5), 18 * time.Hour, figures{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			mean := contract.Online.EventsPerMinute
			if c.channel == contract.ChannelStore {
				mean = contract.Store.EventsPerMinute
			}
			r := burst.Request{Channel: c.channel, Origin: "forecast", At: c.at, Over: c.over, Mean: mean}
			for what, change := range map[string]func(*burst.Request){
				"alone": func(*burst.Request) {}, "of a schedule": func(o *burst.Request) { o.Follows = o.Over%contract.Slot == 0 },
				"in a scenario": func(o *burst.Request) { o.Scenario = "flash-sale" },
			} {
				b, err := burst.New(m, with(r, change))
				if err != nil {
					t.Fatal(err)
				}
				if got := (figures{b.Forecast(), b.DayForecast()}); got != c.want {
					t.Errorf("%s: %+v, want %+v", what, got, c.want)
				}
				if c.want.burst == 0 && b.Len() != 0 {
					t.Errorf("%s: %d events when all is shut", what, b.Len())
				}
			}
			b, err := burst.New(m, with(r, func(o *burst.Request) { o.Events = 100 }))
			if err != nil {
				t.Fatal(err)
			}
			if b.Forecast() != 0 || b.DayForecast() != 0 {
				t.Errorf("of a hundred events exactly %d are forecast, %d of its day", b.Forecast(), b.DayForecast())
			}
		})
	}
}

// The days of a year are what EVENTS_PER_MINUTE says of them: that many on average.
func TestForecastOfAYear(t *testing.T) {
	m := newMarket(t)
	for _, f := range contract.Functions() {
		sum := 0
		for day := range 365 {
			b, err := burst.New(m, burst.Request{
				Channel: f.Channel, Origin: "year", At: on(time.January, 1, 20).AddDate(0, 0, day), Over: time.Second, Mean: f.EventsPerMinute,
			})
			if err != nil {
				t.Fatal(err)
			}
			sum += b.DayForecast()
		}
		if want := f.EventsPerMinute * 24 * 60 * 365; sum < want-365 || sum > want+365 {
			t.Errorf("%s: %d events are forecast of a year, want %d", f.Name, sum, want)
		}
	}
}

// Another market has another forecast.
func TestForecastOfAnotherMarket(t *testing.T) {
	m, err := market.NewFrom(dataset.Default(), []byte(`{"stores": {"hours": {"tuesday": []}}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := burst.New(m, burst.Request{
		Channel: contract.ChannelStore, Origin: "forecast", At: on(time.February, 10, 20), Over: time.Minute, Mean: 120,
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.Forecast() != 0 || b.DayForecast() != 0 {
		t.Errorf("stores that are shut on Tuesdays: %d and %d are forecast of one", b.Forecast(), b.DayForecast())
	}
}

// on is an hour of a day of 2026, in UTC.
func on(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
}
