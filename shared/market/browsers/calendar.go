package browsers

import (
	"sort"
	"time"
)

// product is a set of things that come out in versions.
type product uint8

const (
	chrome product = 1 << iota
	chromeIOS
	edge
	firefox
	safari
	samsung
	androids
)

// versions are the newest of a day.
type versions struct {
	chrome, edge, firefox, android int64
	chromeIOS                      weekly
	safari                         pointed
	samsung                        samsungVersion
}

// weekly is a major version and in which week after it came out, from 0 to 3.
type weekly struct{ major, week int64 }

// pointed is a version with a point: 17.4 is 17_04.
type pointed int64

func (p pointed) text(point string) string {
	return number(int64(p)/100) + point + number(int64(p)%100)
}

type samsungVersion struct{ version, chrome int64 }

func (v *versions) differFrom(w *versions) (p product) {
	for _, c := range [...]struct {
		of      product
		differs bool
	}{
		{chrome, v.chrome != w.chrome}, {chromeIOS, v.chromeIOS != w.chromeIOS}, {edge, v.edge != w.edge},
		{firefox, v.firefox != w.firefox}, {safari, v.safari != w.safari}, {samsung, v.samsung != w.samsung},
		{androids, v.android != w.android},
	} {
		if c.differs {
			p |= c.of
		}
	}
	return p
}

func (b *Browsers) versionsOn(day int64) versions {
	v := versions{
		chrome: chromes.newest(day, b.every),
		// Microsoft takes some days over a new Chrome.
		edge:    chromes.newest(day-3, b.every),
		firefox: firefoxes.newest(day, b.every),
		safari:  safariOn(day),
		samsung: b.samsungOn(day),
		// Makers of phones take months over a new Android.
		android: androidReleases.newest(day-200, 365),
	}
	out := chromes.day(v.chrome, b.every)
	v.chromeIOS = weekly{v.chrome, min(max(day-out, 0)/7, 3)}
	return v
}

// begin is the day before which nothing is told apart: since Chrome 110 and the autumn of 2023,
// with those who were behind then, all browsers name themselves in today's way.
var begin = date(2023, time.November, 1)

func date(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

// calendar is the days on which versions came out, the first of them and those after it.
type calendar struct {
	first int64
	days  []int64
}

// newest is the version of a day; after the last known one there is another every so many days.
func (c *calendar) newest(day, every int64) int64 {
	last := len(c.days) - 1
	if after := day - c.days[last]; after >= 0 {
		return c.first + int64(last) + after/every
	}
	next := sort.Search(last, func(i int) bool { return c.days[i] > day })
	return c.first + int64(max(next-1, 0))
}

// day is when a version came out.
func (c *calendar) day(version, every int64) int64 {
	if i, last := version-c.first, int64(len(c.days)-1); i > last {
		return c.days[last] + (i-last)*every
	}
	return c.days[version-c.first]
}

// chromes are Chrome's stable releases (chromiumdash.appspot.com/schedule).
var chromes = calendar{110, []int64{
	date(2023, 2, 7), date(2023, 3, 7), date(2023, 4, 4), date(2023, 5, 2), date(2023, 5, 30), // to 114
	date(2023, 7, 18), date(2023, 8, 15), date(2023, 9, 12), date(2023, 10, 10), date(2023, 10, 31), // to 119
	date(2023, 12, 5), date(2024, 1, 23), date(2024, 2, 20), date(2024, 3, 19), date(2024, 4, 16), // to 124
	date(2024, 5, 14), date(2024, 6, 11), date(2024, 7, 23), date(2024, 8, 20), date(2024, 9, 17), // to 129
	date(2024, 10, 15), date(2024, 11, 12), date(2025, 1, 14), date(2025, 2, 4), date(2025, 3, 4), // to 134
	date(2025, 4, 1), date(2025, 4, 29), date(2025, 5, 27), date(2025, 6, 24), date(2025, 8, 5), // to 139
	date(2025, 9, 2), date(2025, 9, 30), date(2025, 10, 28), date(2025, 12, 2), // to 143
}}

// build is the number of Chrome's branch, which its version has in the third place.
func build(major int64) int64 {
	if i, last := major-chromes.first, int64(len(builds)-1); i > last {
		return builds[last] + 55*(i-last) // as it has grown on the average
	}
	return builds[major-chromes.first]
}

var builds = [...]int64{
	5481, 5563, 5615, 5672, 5735, 5790, 5845, 5938, 5993, 6045, // from 110
	6099, 6167, 6261, 6312, 6367, 6422, 6478, 6533, 6613, 6668, // from 120
	6723, 6778, 6834, 6943, 6998, 7049, 7103, 7151, 7204, 7258, // from 130
	7339, 7390, 7444, 7499, // from 140
}

// firefoxes are Firefox's releases (wiki.mozilla.org/Release_Management/Calendar).
var firefoxes = calendar{110, []int64{
	date(2023, 2, 14), date(2023, 3, 14), date(2023, 4, 11), date(2023, 5, 9), date(2023, 6, 6), // to 114
	date(2023, 7, 4), date(2023, 8, 1), date(2023, 8, 29), date(2023, 9, 26), date(2023, 10, 24), // to 119
	date(2023, 11, 21), date(2023, 12, 19), date(2024, 1, 23), date(2024, 2, 20), date(2024, 3, 19), // to 124
	date(2024, 4, 16), date(2024, 5, 14), date(2024, 6, 11), date(2024, 7, 9), date(2024, 8, 6), // to 129
	date(2024, 9, 3), date(2024, 10, 1), date(2024, 10, 29), date(2024, 11, 26), date(2025, 1, 7), // to 134
	date(2025, 2, 4), date(2025, 3, 4), date(2025, 4, 1), date(2025, 4, 29), date(2025, 5, 27), // to 139
	date(2025, 6, 24), date(2025, 7, 22), date(2025, 8, 19), date(2025, 9, 16), date(2025, 10, 14), // to 144
	date(2025, 11, 11), // 145
}}

// androidReleases are those of Android, which is yearly.
var androidReleases = calendar{12, []int64{
	date(2021, 10, 4), date(2022, 8, 15), date(2023, 10, 4), date(2024, 10, 15), date(2025, 6, 10), // to 16
}}

// safaris are the releases of Safari, on the days of iOS (developer.apple.com/news/releases).
var safaris = [...]struct {
	day     int64
	version pointed
}{
	{date(2023, 1, 23), 16_03}, {date(2023, 3, 27), 16_04}, {date(2023, 5, 18), 16_05}, {date(2023, 7, 24), 16_06},
	{date(2023, 9, 18), 17_00}, {date(2023, 10, 25), 17_01}, {date(2023, 12, 11), 17_02}, {date(2024, 1, 22), 17_03},
	{date(2024, 3, 5), 17_04}, {date(2024, 5, 13), 17_05}, {date(2024, 7, 29), 17_06},
	{date(2024, 9, 16), 18_00}, {date(2024, 10, 28), 18_01}, {date(2024, 12, 11), 18_02}, {date(2025, 1, 27), 18_03},
	{date(2025, 3, 31), 18_04}, {date(2025, 5, 12), 18_05}, {date(2025, 7, 29), 18_06},
	{date(2025, 9, 15), 26_00}, {date(2025, 11, 3), 26_01}, {date(2025, 12, 12), 26_02},
}

// points is how many weeks after a major Safari its points come out: as they have, on the average.
var points = [...]int64{7, 12, 19, 28, 34, 45}

func safariOn(day int64) pointed {
	year := int64(time.Unix(day*24*60*60, 0).UTC().Year())
	start := autumn(year)
	if day < start {
		year--
		start = autumn(year)
	}
	point := pointed(0)
	for _, weeks := range points {
		if day >= start+weeks*7 {
			point++
		}
	}
	version := pointed(year-1999)*100 + point // it is named after the year to come
	known := sort.Search(len(safaris), func(i int) bool { return safaris[i].day > day })
	if known < len(safaris) {
		return safaris[max(known-1, 0)].version
	}
	return max(version, safaris[known-1].version)
}

// autumn is the day of a year's major version: a Monday, from the 14th to the 20th of September.
func autumn(year int64) int64 {
	day := date(int(year), time.September, 14)
	return day + 6 - (day+2)%7
}

// samsungs of which is known when they came out and on which Chrome they stand.
var samsungReleases = calendar{19, []int64{
	date(2022, 11, 1), date(2023, 2, 10), date(2023, 5, 19), date(2023, 7, 14), date(2023, 10, 18), // to 23
	date(2024, 1, 25), date(2024, 4, 24), date(2024, 6, 7), date(2024, 11, 6), date(2025, 4, 2), // to 28
	date(2025, 10, 25), // 29
}}

var samsungChromes = [...]int64{102, 106, 110, 111, 115, 117, 121, 122, 125, 130, 136}

func (b *Browsers) samsungOn(day int64) samsungVersion {
	const every = 122 // days: three a year
	version := samsungReleases.newest(day, every)
	if i := version - samsungReleases.first; i < int64(len(samsungChromes)) {
		return samsungVersion{version, samsungChromes[i]}
	}
	// Samsung has lately been half a year behind Chrome.
	return samsungVersion{version, chromes.newest(samsungReleases.day(version, every)-180, b.every)}
}
