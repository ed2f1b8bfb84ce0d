package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/sale"
)

const size = 10

// asked is a burst with attempts that ended so.
func asked(number int, ends ...said) *burst {
	b := &burst{number: number, plan: plan{events: size}}
	for i, s := range ends {
		b.outcomes = append(b.outcomes, &outcome{number: i + 1, said: s})
	}
	return b
}

// part is some sales of one attempt.
type part struct{ attempt, from, to int }

func (all findings) have(b *burst, parts ...part) {
	for _, p := range parts {
		for i := p.from; i < p.to; i++ {
			all.add(b.id().String(), uint32(i), int64(p.attempt))
		}
	}
}

func TestCheck(t *testing.T) {
	var (
		done    = said{Fate: published, Events: size}
		short   = said{Fate: published, Events: size - 1}
		skip    = said{Fate: skipped}
		nothing = said{Fate: failed}
		doubt   = said{Fate: failed, InDoubt: size}
		killed  = said{Fate: silent}
	)
	whole := func(attempt int) part { return part{attempt, 0, size} }
	for name, c := range map[string]struct {
		ends []said
		have []part
		want []string // the beginnings of what is wrong
	}{
		"once":                       {[]said{done}, []part{whole(1)}, nil},
		"once, and skipped":          {[]said{nothing, done, skip}, []part{whole(2)}, nil},
		"of one that was killed":     {[]said{killed, skip}, []part{whole(1)}, nil},
		"of one in doubt":            {[]said{doubt, skip}, []part{whole(1)}, nil},
		"never said, not there":      {[]said{nothing, doubt, killed}, nil, nil},
		"never said, there":          {[]said{nothing, doubt}, []part{whole(2)}, nil},
		"duplicated by two attempts": {[]said{done, done}, []part{whole(1), whole(2)}, []string{"duplicated: 10 of 10"}},
		"duplicated by one":          {[]said{done}, []part{whole(1), {1, 3, 4}}, []string{"duplicated: 1 of 10"}},
		"missing":                    {[]said{done}, nil, []string{"missing", "attempt 1 said that its sales are"}},
		"skipped and missing":        {[]said{nothing, skip}, nil, []string{"missing"}},
		"half":                       {[]said{done}, []part{{1, 0, 7}}, []string{"half: 3 of 10"}},
		"half, never said":           {[]said{killed}, []part{{1, 0, 1}}, []string{"half: 9 of 10"}},
		"mixed":                      {[]said{doubt, done}, []part{{1, 0, 4}, {2, 4, size}}, []string{"mixed"}},
		"said nothing, is there":     {[]said{nothing, skip}, []part{whole(1)}, []string{"attempt 1 said that nothing"}},
		"skipped, its own there":     {[]said{skip}, []part{whole(1)}, []string{"attempt 1 said that nothing"}},
		"too many":                   {[]said{done}, []part{whole(1), {1, size, size + 1}}, []string{"sale 10 was never sent"}},
		"counted wrongly":            {[]said{short}, []part{whole(1)}, []string{"attempt 1 had no error"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := asked(7, c.ends...)
			good := asked(9, done)
			all := make(findings)
			all.have(b, c.have...)
			all.have(good, whole(1))
			got := check([]*burst{b, good}, all)
			if len(got) != len(c.want) {
				t.Fatalf("%v, want %q", got, c.want)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(got, func(v violation) bool { return strings.HasPrefix(v.what, want) }) {
					t.Errorf("%v, want %q", got, want)
				}
			}
		})
	}
}

// What nobody asked for is told too.
func TestCheckOfStrangers(t *testing.T) {
	all := make(findings)
	all.have(asked(8), part{1, 0, 1})
	if got := check(nil, all); len(got) != 1 || got[0].what != "burst t00000000008 was never asked for" {
		t.Error(got)
	}
}

// What is read is what the attempts send.
func TestRecord(t *testing.T) {
	b, all := asked(7, said{Fate: published, Events: size}), make(findings)
	events := sales{Burst: b.id(), N: size, Attempt: 1}
	for i := range size {
		if err := all.record(&kgo.Record{Value: jsonOf(events, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := check([]*burst{b}, all); len(got) > 0 {
		t.Error(got)
	}
	for _, bad := range []string{"", "{}", `{"transaction_id":"t00000000007"}`} {
		if err := all.record(&kgo.Record{Value: []byte(bad)}); err == nil {
			t.Errorf("record %q passes", bad)
		}
	}
}

func jsonOf(events sales, i int) []byte {
	var s sale.Sale
	events.At(i, &s)
	return s.AppendJSON(nil)
}
