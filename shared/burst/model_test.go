package burst_test

import (
	"testing"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
)

// Another model is another burst; what says the same as the table is the same one.
func TestModelIsAPartOfTheIdentity(t *testing.T) {
	ids := make(map[string]string)
	for _, changes := range []string{`{}`, `{"seed": 1}`, `{"seed": 2}`, `{"seed": 3}`} {
		model, err := market.ReadModel([]byte(changes))
		if err != nil {
			t.Fatal(err)
		}
		m, err := market.NewWith(dataset.Default(), model)
		if err != nil {
			t.Fatal(err)
		}
		b, err := burst.New(m, burst.Request{
			Channel: contract.ChannelOnline, Origin: "model", At: time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC),
			Over: time.Minute, Events: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[changes] = b.ID().String()
	}
	if ids[`{}`] != ids[`{"seed": 1}`] {
		t.Errorf("a file that changes nothing gives another burst: %v", ids)
	}
	different := make(map[string]bool)
	for _, id := range ids {
		different[id] = true
	}
	if len(different) != 3 {
		t.Errorf("the ids are %v", ids)
	}
}
