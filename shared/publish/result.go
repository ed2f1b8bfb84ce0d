package publish

import (
	"time"

	"salesburst/shared/sale"
)

// Result says what is in Kafka, after an error too.
type Result struct {
	Skipped    bool          // the ledger has the burst from an earlier attempt: nothing was sent
	Events     int           // acknowledged by all in-sync replicas and, above Idempotent, committed
	InDoubt    int           // sent without an answer: each may or may not be in Kafka; 0 after success
	Bytes      int64         // of the compressed record batches acknowledged
	Partitions int           // that took at least one event
	Completed  int           // completed sales among Events
	Malformed  int           // of Events: records that are none, as the stream has them
	Revenue    sale.Cents    // of the completed sales among Events
	Beside     int           // records beside the burst that are there as its events are
	NoBeside   error         // why those were not written: their topic is not there; nil: they were, or there are none
	Requests   int           // produce requests sent
	Retries    int           // batches sent again
	Duration   time.Duration // of the call
}
