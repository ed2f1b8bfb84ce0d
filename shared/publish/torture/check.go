package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// found is what a reader finds of one burst.
type found struct {
	times    map[uint32]int // of each sale
	attempts map[int64]int  // sales of each attempt
}

// findings are those of all bursts, by their ids.
type findings map[string]*found

// record takes one in.
func (all findings) record(r *kgo.Record) error {
	var event struct {
		ID      string `json:"transaction_id"`
		Attempt int64  `json:"quantity"`
	}
	if err := json.Unmarshal(r.Value, &event); err != nil {
		return fmt.Errorf("record %s: %w", r.Value, err)
	}
	id, number, _ := strings.Cut(event.ID, "-")
	var sequence uint32
	if _, err := fmt.Sscanf(number, "%d", &sequence); err != nil {
		return fmt.Errorf("record with id %q: %w", event.ID, err)
	}
	all.add(id, sequence, event.Attempt)
	return nil
}

func (all findings) add(id string, sequence uint32, attempt int64) {
	f := all[id]
	if f == nil {
		f = &found{make(map[uint32]int), make(map[int64]int)}
		all[id] = f
	}
	f.times[sequence]++
	f.attempts[attempt]++
}

// violation is a promise that was not kept.
type violation struct {
	burst *burst // nil: not one of ours
	what  string
}

// check compares what is in Kafka with what the attempts have said of it.
func check(bursts []*burst, all findings) (violations []violation) {
	known := make(map[string]bool)
	for _, b := range bursts {
		id := b.id().String()
		known[id] = true
		for _, what := range b.check(all[id]) {
			violations = append(violations, violation{b, what})
		}
	}
	for id := range all {
		if !known[id] {
			violations = append(violations, violation{nil, fmt.Sprintf("burst %s was never asked for", id)})
		}
	}
	return violations
}

// check tells what is wrong with one burst.
func (b *burst) check(f *found) (wrong []string) {
	if f == nil {
		f = &found{}
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	duplicated, missing, total := 0, 0, 0
	for sequence, times := range f.times {
		if total += times; times > 1 {
			duplicated++
		}
		if int(sequence) >= b.plan.events {
			say("sale %d was never sent", sequence)
		}
	}
	for i := range b.plan.events {
		if f.times[uint32(i)] == 0 {
			missing++
		}
	}
	isThere := slices.ContainsFunc(b.outcomes, func(o *outcome) bool { return o.there() })
	if duplicated > 0 {
		say("duplicated: %d of %d sales are there more than once", duplicated, b.plan.events)
	}
	switch {
	case total > 0 && missing > 0:
		say("half: %d of %d sales are missing", missing, b.plan.events)
	case missing > 0 && isThere:
		say("missing: none of %d sales is there", b.plan.events)
	case duplicated == 0 && len(f.attempts) > 1:
		say("mixed: sales of %d attempts make one burst", len(f.attempts))
	}
	for _, o := range b.outcomes {
		switch n := f.attempts[int64(o.number)]; {
		case n > 0 && o.nothing():
			say("attempt %d said that nothing of it is in Kafka, and %d sales are", o.number, n)
		case n == 0 && o.Fate == published:
			say("attempt %d said that its sales are in Kafka, and none is", o.number)
		}
		if o.Fate == published && (o.Events != b.plan.events || o.InDoubt != 0) {
			say("attempt %d had no error and counted %d of %d sales, %d in doubt", o.number, o.Events, b.plan.events,
				o.InDoubt)
		}
	}
	return wrong
}
