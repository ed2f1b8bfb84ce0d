package publish

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
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

// cells is how many transactional ids, and with them ledgers, a series has. A burst
// shares its cell with those whose numbers are a multiple of cells away: no attempt at
// one of them, an hour older, still runs when a minute's burst starts.
const cells = 60

// namePrefix begins the transactional ids and consumer groups, so that an ACL can name
// them.
const namePrefix = "salesburst-"

func (k Key) check() error {
	if k.Number < 0 || len(k.Series) < 1 || len(k.Series) > 128 || strings.Trim(k.Series, nameChars) != "" {
		return fmt.Errorf("%w: a burst's key is number %d of series %q: want 0 or more, of 1 to 128 characters of A-Z a-z 0-9 . _ -",
			ErrInvalid, k.Number, k.Series)
	}
	return nil
}

const nameChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// cell is the transactional id of the burst's attempts and the consumer group of their
// ledger. That both are one is what makes the ledger safe: an attempt reads it after
// the broker has fenced all others of this cell, so nobody changes it in between.
func (k Key) cell() string {
	return fmt.Sprintf("%s%s-%02d", namePrefix, k.Series, k.Number%cells)
}

// entry is a ledger: which bursts of one cell are in Kafka. It is kept as a committed
// offset of the topic's first partition, the newest burst's number, with a window of
// the numbers before it in the offset's metadata.
type entry struct {
	newest int64   // none: nothing was committed yet
	window big.Int // bit i is set if number newest − (i+1)·cells is there
}

const none = -1

// windowBits is how far back a late attempt can be told apart from a doubled one:
// eleven days of hourly turns, more than the seven that a broker keeps offsets for.
const windowBits = 256

const entryVersion = "v1:"

// readEntry reads a committed offset; without one it is −1.
func readEntry(offset int64, metadata string) (entry, error) {
	e := entry{newest: offset}
	if e.newest < 0 {
		return entry{newest: none}, nil
	}
	text, ok := strings.CutPrefix(metadata, entryVersion)
	bits, err := hex.DecodeString(text)
	if !ok || err != nil || len(bits) > windowBits/8 {
		return e, fmt.Errorf("%w: the ledger has an entry that is not ours: offset %d with %s", ErrInvalid, offset, strconv.Quote(metadata))
	}
	e.window.SetBytes(bits)
	return e, nil
}

// metadata is the window as it is committed, 67 characters at most; a broker takes 4096.
func (e *entry) metadata() string { return entryVersion + hex.EncodeToString(e.window.Bytes()) }

func (e *entry) equal(other *entry) bool {
	return e.newest == other.newest && e.window.Cmp(&other.window) == 0
}

// has tells whether a burst is there. It is an ErrTooOld where nobody knows any more.
func (e *entry) has(number int64) (bool, error) {
	switch turns := (e.newest - number) / cells; {
	case number > e.newest:
		return false, nil
	case turns == 0:
		return true, nil
	case turns > windowBits:
		return false, fmt.Errorf("%w: burst %d is %d turns behind burst %d", ErrTooOld, number, turns, e.newest)
	default:
		return e.window.Bit(int(turns-1)) == 1, nil
	}
}

// with returns the entry with one burst more, which it must not have.
func (e *entry) with(number int64) entry {
	var next entry
	if e.newest == none {
		next.newest = number
		return next
	}
	if number < e.newest {
		next.newest = e.newest
		next.window.SetBit(&e.window, int((e.newest-number)/cells-1), 1)
		return next
	}
	next.newest = number
	turns := (number - e.newest) / cells
	if turns > windowBits {
		return next
	}
	next.window.Lsh(&e.window, uint(turns))
	next.window.SetBit(&next.window, int(turns-1), 1)
	for next.window.BitLen() > windowBits {
		next.window.SetBit(&next.window, next.window.BitLen()-1, 0)
	}
	return next
}
