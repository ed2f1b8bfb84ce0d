package publish

import (
	"fmt"
	"strings"

	"salesburst/shared/contract"
)

// Key names a burst for the levels above Idempotent: it is number Number of its
// Series. A scheduled burst is numbered by its minute, as many minutes as passed since
// 1970, in the series of its schedule; another burst is number 0 of a series of its
// own. A Series has 1 to 128 characters of A-Z a-z 0-9 . _ - and must not be used by
// anything else in the Kafka cluster.
type Key struct {
	Series string
	Number int64 // 0 or more
}

// idsPerSeries is how many transactional ids, and with them ledgers, a series has. A burst
// shares its own with those whose numbers are a multiple of this away: no attempt at
// one of them, an hour older, still runs when a minute's burst starts.
const idsPerSeries = 60

func (k Key) check() error {
	if k.Number < 0 || len(k.Series) < 1 || len(k.Series) > 128 || strings.Trim(k.Series, nameChars) != "" {
		return fmt.Errorf("%w: a burst's key is number %d of series %q: want 0 or more, of 1 to 128 characters of "+
			"A-Z a-z 0-9 . _ -",
			ErrInvalid, k.Number, k.Series)
	}
	return nil
}

const nameChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// transactionalID is that of the burst's attempts, and the consumer group of their
// ledger. That both are one is what makes the ledger safe: an attempt reads it after
// the broker has fenced all others of this id, so nobody changes it in between.
func (k Key) transactionalID() string {
	return fmt.Sprintf("%s%s-%02d", contract.Prefix, k.Series, k.Number%idsPerSeries)
}
