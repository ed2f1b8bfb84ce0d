package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

func printed(seed uint64, length time.Duration) string {
	var b bytes.Buffer
	newSchedule(seed, length).write(&b)
	return b.String()
}

func TestSameSeedSameSchedule(t *testing.T) {
	for _, seed := range []uint64{1, 2, 4_000_000_000} {
		if first, second := printed(seed, time.Hour), printed(seed, time.Hour); first != second {
			t.Errorf("seed %d gives two schedules", seed)
		}
	}
	if printed(1, time.Hour) == printed(2, time.Hour) {
		t.Error("two seeds give one schedule")
	}
}

// What a longer run does first is what a shorter one does.
func TestLongerScheduleBeginsAlike(t *testing.T) {
	short, long := newSchedule(7, 3*time.Minute), newSchedule(7, time.Hour)
	for lane, faults := range short.faults {
		for i, f := range faults {
			if f.String() != long.faults[lane][i].String() {
				t.Fatalf("lane %d, fault %d: %v and %v", lane, i, f, long.faults[lane][i])
			}
		}
	}
	for i, p := range short.plans {
		if p.String() != long.plans[i].String() || !slices.Equal(p.attempts, long.plans[i].attempts) {
			t.Fatalf("burst %d: %v and %v", i, p, long.plans[i])
		}
	}
}

// Three minutes have what the run in the tests is to have; an hour has all.
func TestScheduleHasWhatMatters(t *testing.T) {
	for seed := range uint64(50) {
		text := printed(seed+1, 3*time.Minute)
		for _, part := range []string{
			"past broker", "cut broker", "swallow", "move __consumer_offsets", "killed after", "given up after", "manual-", "minutely/",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("seed %d: three minutes without %q", seed+1, part)
			}
		}
	}
	text := printed(1, time.Hour)
	for _, k := range []kind{freeze, kill, restart, killAll, past, cut, cutOne, refuse, delay, swallow, oneHole, move} {
		if !strings.Contains(text, "  "+string(k)) {
			t.Errorf("an hour without %q", k)
		}
	}
}

// Each burst has a key of its own, and late ones come after those with higher numbers.
func TestKeysOfBursts(t *testing.T) {
	s := newSchedule(3, time.Hour)
	highest, late := make(map[string]int64), 0
	seen := make(map[string]bool)
	for _, p := range s.plans {
		key := p.String()[:strings.Index(p.String(), ",")]
		if seen[key] {
			t.Errorf("two bursts are %s", key)
		}
		seen[key] = true
		if p.key.Number < highest[p.key.Series] {
			late++
		}
		highest[p.key.Series] = max(highest[p.key.Series], p.key.Number)
	}
	if late == 0 {
		t.Error("no burst is late")
	}
}

func TestOldKafkaIsRefused(t *testing.T) {
	for version, want := range map[string]bool{"3.9.1": true, "2.8.0": true, "": true, "4.0.0": false, "4.4.0": false, "10.0.0": false} {
		if got := tooOld(version); got != want {
			t.Errorf("%q: too old: %v, want %v", version, got, want)
		}
	}
}
