package main

import (
	"testing"

	"salesburst/shared/publish"
)

// A burst that nobody has brought to Kafka is forgiven where its ledger has gone on too far, and nowhere else.
func TestForgotten(t *testing.T) {
	const number = 29_847_000
	tooOld, nothing := said{Fate: failed, TooOld: true}, said{Fate: failed}
	for name, c := range map[string]struct {
		ends  []said
		other publish.Key
		want  bool
	}{
		"too old":                {[]said{nothing, tooOld}, publish.Key{Series: "a", Number: number + ledgerReach + idsPerSeries}, true},
		"within reach":           {[]said{nothing, tooOld}, publish.Key{Series: "a", Number: number + ledgerReach}, false},
		"of another ledger":      {[]said{tooOld}, publish.Key{Series: "a", Number: number + 2*ledgerReach + 1}, false},
		"of another series":      {[]said{tooOld}, publish.Key{Series: "b", Number: number + 2*ledgerReach}, false},
		"failed for another":     {[]said{tooOld, nothing}, publish.Key{Series: "a", Number: number + 2*ledgerReach}, false},
		"never attempted":        {nil, publish.Key{Series: "a", Number: number + 2*ledgerReach}, false},
		"the other one is older": {[]said{tooOld}, publish.Key{Series: "a", Number: number - 2*ledgerReach}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, other := asked(1, c.ends...), asked(2)
			b.plan.key = publish.Key{Series: "a", Number: number}
			other.plan.key = c.other
			h := &history{bursts: []*burst{b, other}}
			if got := h.forgotten(b); got != c.want {
				t.Errorf("forgotten: %v, want %v", got, c.want)
			}
		})
	}
}
