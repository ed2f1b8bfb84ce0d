// Package browsers knows which device and browser a customer orders with, and how the browser
// names itself on a date. It is pure: the same figures, day and bits give the same browser on
// every platform.
//
// Start with [New]; [Browsers.On] returns what is in use on a day, and [Set.Of] a customer's one.
// A customer keeps device and browser for good, and updates the browser with a lag of its own:
// what is in use on a day are the versions of the days before. families.go has the browsers and
// their texts, calendar.go which version came out when.
package browsers

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"salesburst/shared/parameters"
	"salesburst/shared/sale"
)

// Figures are those of the table; shares count in relation to the others of their list.
type Figures struct {
	Devices  struct{ Mobile, Desktop, Tablet uint64 } // shares of orders
	Families map[string]uint64                        // shares within their device, by names as in iphone_safari
	Updates  Updates
	// Days from one Chrome, Edge or Firefox to the next, after those that calendar.go knows.
	ReleaseDays int64 `json:"release_days"`
	// The day since 1970 as of which browsers stay as they are; 0: they go on for ever.
	LastDay int64 `json:"last_day"`
}

// Updates says how late customers update. Who is neither prompt nor late stays behind.
type Updates struct {
	Prompt     uint64 // percent of the customers
	Late       uint64 // likewise
	PromptDays int64  `json:"prompt_days"` // the prompt take less than this
	LateDays   int64  `json:"late_days"`   // the late take from PromptDays to less than this
	BehindDays int64  `json:"behind_days"` // those behind take from LateDays to less than this
}

// Browser is one as it names itself, with what it means for payment.
type Browser struct {
	Device    Device
	UserAgent sale.Text
	Apple     bool // an iPhone, an iPad or a Mac
	Google    bool // on Android, or Chrome anywhere
}

// Browsers is all of them; safe for concurrent use.
type Browsers struct {
	weights [len(families)]uint64 // of orders
	family  [places]uint8         // which one, by a place that is drawn
	lags    [slots]int64          // days, rising
	every   int64                 // days between releases
	last    int64                 // no browser changes after this day
	recent  [8]atomic.Pointer[Set]
}

const (
	// slots is how many lags are told apart: each stands for 1/slots of the customers.
	slots = 1 << 7
	// places is how finely shares of families are told apart.
	placeBits = 12
	places    = 1 << placeBits
)

// New makes the browsers of figures. Its error is a *[parameters.Invalid].
func New(f *Figures) (*Browsers, error) {
	b := &Browsers{every: f.ReleaseDays, last: math.MaxInt64}
	if f.LastDay > 0 {
		b.last = f.LastDay
	}
	if err := b.weigh(f); err != nil {
		return nil, err
	}
	u := &f.Updates
	switch {
	case u.Prompt+u.Late > 100:
		return nil, refuse("updates.late", u.Late, "at most 100 together with prompt")
	case u.PromptDays < 1 || u.LateDays < u.PromptDays:
		return nil, refuse("updates.late_days", u.LateDays, "at least prompt_days, which is at least 1")
	case u.BehindDays < u.LateDays:
		return nil, refuse("updates.behind_days", u.BehindDays, "at least late_days")
	case f.ReleaseDays < 1:
		return nil, refuse("release_days", f.ReleaseDays, "at least 1")
	}
	prompt, late := u.Prompt*slots/100, (u.Prompt+u.Late)*slots/100
	spread(b.lags[:prompt], 0, u.PromptDays)
	spread(b.lags[prompt:late], u.PromptDays, u.LateDays)
	spread(b.lags[late:], u.LateDays, u.BehindDays)
	return b, nil
}

// weigh makes a family's share of orders from those of its device and within it.
func (b *Browsers) weigh(f *Figures) error {
	share := [...]uint64{Mobile: f.Devices.Mobile, Desktop: f.Devices.Desktop, Tablet: f.Devices.Tablet}
	var within [len(share)]uint64
	for i := range families {
		within[families[i].device] += f.Families[families[i].name]
	}
	var all uint64
	for i := range families {
		w := &families[i]
		if within[w.device] > 0 {
			b.weights[i] = share[w.device] * f.Families[w.name] * 1_000_000 / within[w.device]
		}
		all += b.weights[i]
	}
	for d, n := range within {
		if n == 0 && share[d] > 0 {
			return refuse("families", "no shares", "a share above 0 in a family of each device that has one")
		}
	}
	if all == 0 {
		return refuse("devices", "no shares", "a share above 0 in one of them at least")
	}
	var upTo, place uint64
	for i, w := range b.weights {
		for upTo += w; place*all < upTo*places; place++ {
			b.family[place] = uint8(i)
		}
	}
	for name := range f.Families {
		if !slices.ContainsFunc(families[:], func(w family) bool { return w.name == name }) {
			return refuse("families."+name, "is unknown", names())
		}
	}
	return nil
}

func names() string {
	all := make([]string, len(families))
	for i := range families {
		all[i] = families[i].name
	}
	return strings.Join(all, ", ")
}

func refuse(path string, value any, allowed string) error {
	return &parameters.Invalid{Path: "browsers." + path, Value: fmt.Sprint(value), Allowed: allowed}
}

// spread puts the days from one on to before another evenly into all.
func spread(all []int64, from, to int64) {
	for i := range all {
		all[i] = from + (to-from)*int64(i)/int64(len(all))
	}
}

// Share is how often orders come from a browser that is of Apple's or Google's, as Apple and
// Google of [Browser] say, in relation to the shares of the three other combinations.
func (b *Browsers) Share(apple, google bool) (share uint64) {
	for i, w := range b.weights {
		if families[i].apple == apple && families[i].google == google {
			share += w
		}
	}
	return share
}

// Set is the browsers in use on one day; safe for concurrent use.
type Set struct {
	of   *Browsers
	day  int64
	slot [slots]versions
	// version is, for each slot of a family, the first one with the same text, which made has.
	version [len(families)][slots]uint8
	made    [len(families)][slots]atomic.Pointer[Browser] // nil: nobody has used it yet
}

// On returns what is in use on a day, counted from 1970-01-01 in UTC. Before November 2023, when
// browsers named themselves in other ways, it is what was in use then. The sets of the last days
// that were asked for are kept; another one takes some microseconds.
func (b *Browsers) On(day int64) *Set {
	day = max(min(day, b.last), begin)
	place := &b.recent[day%int64(len(b.recent))]
	if s := place.Load(); s != nil && s.day == day {
		return s
	}
	s := b.newSet(day)
	place.Store(s)
	return s
}

func (b *Browsers) newSet(day int64) *Set {
	s := &Set{of: b, day: day}
	for i, lag := range b.lags {
		if i > 0 && lag == b.lags[i-1] {
			s.slot[i] = s.slot[i-1]
			for f := range families {
				s.version[f][i] = s.version[f][i-1]
			}
			continue
		}
		s.slot[i] = b.versionsOn(day - lag)
		if i == 0 {
			continue
		}
		changed := s.slot[i].differFrom(&s.slot[i-1])
		for f := range families {
			s.version[f][i] = s.version[f][i-1]
			if families[f].uses&changed != 0 {
				s.version[f][i] = uint8(i)
			}
		}
	}
	return s
}

// Of returns the browser of the customer that 64 random bits stand for: the bits of one customer
// must always be the same. What is drawn once costs no more memory afterwards.
func (s *Set) Of(bits uint64) *Browser {
	family := s.of.family[bits>>(64-placeBits)] // a table with a threshold is guessed wrong half the time
	version := s.version[family][bits%slots]
	if b := s.made[family][version].Load(); b != nil {
		return b
	}
	return s.make(int(family), int(version))
}

func (s *Set) make(number, version int) *Browser {
	f := &families[number]
	b := &Browser{
		Device: f.device, UserAgent: sale.NewText("Mozilla/5.0 (" + f.text(&s.slot[version])),
		Apple: f.apple, Google: f.google,
	}
	if made := &s.made[number][version]; !made.CompareAndSwap(nil, b) {
		return made.Load() // another goroutine was faster
	}
	return b
}
