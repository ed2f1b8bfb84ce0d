package app

import (
	"encoding/json"
	"fmt"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/publish"
)

// stretches is how many a record of truth has at most: with them it stays below half a MiB, and Kafka takes
// twice as much by default.
const stretches = 20_000

// truth is what incidents did to a burst that ends at the given time, as records for the topic of truth. There
// are none where nobody wants them.
func (h *Handler) truth(b *burst.Burst, at time.Time) (all []publish.Record) {
	if h.cfg.Settings.Truth == "false" {
		return nil
	}
	for _, of := range b.Truth() {
		for _, part := range of.Parts(stretches) {
			text, err := json.Marshal(part)
			if err != nil {
				panic(err) // a truth always has a JSON form
			}
			all = append(all, publish.Record{Key: []byte(part.Burst), Value: text, Time: at})
		}
	}
	return all
}

// noTruth tells a person what to do where the topic of truth is missing.
func noTruth(topic string) string {
	topic += contract.TruthSuffix
	return fmt.Sprintf("what incidents did is not published: create the topic %s and let the key WRITE to it and "+
		"DESCRIBE it, or set %s to false", topic, contract.EnvTruth)
}
