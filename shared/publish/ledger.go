package publish

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"salesburst/shared/publish/wire"
)

// ledgerState is a ledger: which bursts of one transactional id are in Kafka. It is kept as a committed
// offset of the topic's first partition, the newest burst's number, with a window of
// the numbers before it in the offset's metadata.
type ledgerState struct {
	newest int64         // none: nothing was committed yet
	window big.Int       // bit i is set if number newest − (i+1)·idsPerSeries is there
	writer wire.Producer // of the last change; wire.Anybody: not told
}

const none = -1

// windowBits is how far back a late attempt can be told apart from a duplicated one:
// eleven days of hourly turns, more than the seven that a broker keeps offsets for.
const windowBits = 256

const ledgerVersion = "v1:"

// readLedger reads a committed offset; without one it is −1.
func readLedger(o wire.Offset) (ledgerState, error) {
	s := ledgerState{newest: o.Offset, writer: wire.Anybody}
	if s.newest < 0 {
		return ledgerState{newest: none, writer: wire.Anybody}, nil
	}
	text, ok := strings.CutPrefix(o.Metadata, ledgerVersion)
	window, writer, has := strings.Cut(text, " ")
	bits, err := hex.DecodeString(window)
	if has {
		_, _ = fmt.Sscanf(writer, "%d.%d", &s.writer.ID, &s.writer.Epoch)
		ok = ok && writer == writerText(s.writer)
	}
	if !ok || err != nil || len(bits) > windowBits/8 {
		return s, fmt.Errorf("%w: the ledger has an entry that is not ours: offset %d with %s",
			ErrInvalid, o.Offset, strconv.Quote(o.Metadata))
	}
	s.window.SetBytes(bits)
	return s, nil
}

// offset is the ledger as it is committed, with 95 characters of metadata at most; a broker takes 4096.
func (s *ledgerState) offset() wire.Offset {
	metadata := ledgerVersion + hex.EncodeToString(s.window.Bytes()) + " " + writerText(s.writer)
	return wire.Offset{Offset: s.newest, Metadata: metadata}
}

func writerText(p wire.Producer) string { return fmt.Sprintf("%d.%d", p.ID, p.Epoch) }

func (s *ledgerState) equal(other *ledgerState) bool {
	return s.newest == other.newest && s.writer == other.writer && s.window.Cmp(&other.window) == 0
}

// has reports whether a burst is there. It is an ErrTooOld where nobody knows any more.
func (s *ledgerState) has(number int64) (bool, error) {
	switch turns := (s.newest - number) / idsPerSeries; {
	case number > s.newest:
		return false, nil
	case turns == 0:
		return true, nil
	case turns > windowBits:
		return false, fmt.Errorf("%w: burst %d is %d turns behind burst %d", ErrTooOld, number, turns, s.newest)
	default:
		return s.window.Bit(int(turns-1)) == 1, nil
	}
}

// with returns the ledger with one burst more, which it must not have.
func (s *ledgerState) with(number int64, writer wire.Producer) ledgerState {
	next := ledgerState{newest: number, writer: writer}
	if s.newest == none {
		return next
	}
	if number < s.newest {
		next.newest = s.newest
		next.window.SetBit(&s.window, int((s.newest-number)/idsPerSeries-1), 1)
		return next
	}
	turns := (number - s.newest) / idsPerSeries
	if turns > windowBits {
		return next
	}
	next.window.Lsh(&s.window, uint(turns))
	next.window.SetBit(&next.window, int(turns-1), 1)
	for next.window.BitLen() > windowBits {
		next.window.SetBit(&next.window, next.window.BitLen()-1, 0)
	}
	return next
}
