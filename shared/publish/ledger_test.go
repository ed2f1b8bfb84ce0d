package publish

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"salesburst/shared/publish/wire"
)

// The ledger is a set of numbers: here it is compared with one.
func TestLedgerIsASet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		e, set := ledgerState{newest: none}, make(map[int64]bool)
		newest := int64(none)
		at := r.Int64N(1000)*idsPerSeries + 7
		for range 300 {
			at += int64(r.IntN(5)) * idsPerSeries
			number := at - int64(r.IntN(1+r.IntN(400)))*idsPerSeries
			if number < 0 {
				continue
			}
			there, err := e.has(number)
			if newest >= 0 && (newest-number)/idsPerSeries > windowBits {
				if !errors.Is(err, ErrTooOld) {
					t.Fatalf("round %d: %d behind %d: %v, want ErrTooOld", round, number, newest, err)
				}
				continue
			}
			if err != nil || there != set[number] {
				t.Fatalf("round %d: %d behind %d: %v, %v, want %v", round, number, newest, there, err, set[number])
			}
			if there {
				continue
			}
			writer := wire.Producer{ID: r.Int64(), Epoch: int16(r.IntN(1 << 15))}
			e = e.with(number, writer)
			set[number], newest = true, max(newest, number)
			written := e
			if e, err = readLedger(e.offset()); err != nil {
				t.Fatal(err)
			}
			if e.writer != writer || !e.equal(&written) {
				t.Fatalf("round %d: written %v, read %v", round, written.offset(), e.offset())
			}
			if n := len(e.offset().Metadata); n > 95 {
				t.Fatalf("the metadata has %d characters", n)
			}
		}
	}
}

func TestLedgerOfOthers(t *testing.T) {
	for _, metadata := range []string{"", "v1", "v2:00", "v2:00 7.1", "v1:xyz", "v1:" + strings.Repeat("ff", 33),
		"v1: ", "v1:00 7", "v1:00 7.", "v1:00 7.1 ", "v1:00 7.1x", "v1:00 x.1", "v1:00 7.40000", "00 7.1"} {
		if _, err := readLedger(wire.Offset{Offset: 5, Metadata: metadata}); !errors.Is(err, ErrInvalid) {
			t.Errorf("metadata %q: %v, want ErrInvalid", metadata, err)
		}
	}
}

// The first number that there is, is a number.
func TestLedgerOfTheFirstNumber(t *testing.T) {
	e := ledgerState{newest: none}
	e = e.with(0, wire.Producer{ID: 7, Epoch: 1})
	s, err := readLedger(e.offset())
	if there, _ := s.has(0); err != nil || !there {
		t.Errorf("%v, there: %v", err, there)
	}
}

// The ledger remembers 256 turns, and what lies further back is too old to tell.
func TestLedgerReachesBackSoFar(t *testing.T) {
	const first = 7
	for _, turns := range []int64{1, windowBits - 1, windowBits, windowBits + 1, 100 * windowBits} {
		e := ledgerState{newest: none}
		e = e.with(first, wire.Anybody)
		e = e.with(first+turns*idsPerSeries, wire.Anybody)
		there, err := e.has(first)
		if old := turns > windowBits; errors.Is(err, ErrTooOld) != old || there == old {
			t.Errorf("%d turns later: there %v, error %v", turns, there, err)
		}
	}
}

// Versions before 1.1 did not write who has written.
func TestLedgerWithoutWriter(t *testing.T) {
	s, err := readLedger(wire.Offset{Offset: 67, Metadata: "v1:01"})
	if err != nil || s.writer != wire.Anybody {
		t.Errorf("%v, writer %v", err, s.writer)
	}
	if there, err := s.has(7); err != nil || !there {
		t.Errorf("%v, %v", there, err)
	}
}

func TestTransactionalIDs(t *testing.T) {
	seen := make(map[string]int64)
	for n := range int64(idsPerSeries) {
		name := Key{"online", 29_847_000 + n}.transactionalID()
		if other, again := seen[name]; again {
			t.Errorf("numbers %d and %d have id %s", other, n, name)
		}
		seen[name] = n
	}
	if a, b := (Key{"online", 7}).transactionalID(), (Key{"online", 67}).transactionalID(); a != b {
		t.Errorf("idsPerSeries %s and %s, want one", a, b)
	}
	if a, b := (Key{"online", 7}).transactionalID(), (Key{"store", 7}).transactionalID(); a == b {
		t.Errorf("two series have id %s", a)
	}
	for _, k := range []Key{{"x", 0}, {strings.Repeat("x", 128), 0}, {"A-Z.a_z-09", 1 << 62}} {
		if err := k.check(); err != nil {
			t.Error(err)
		}
	}
	for _, k := range []Key{{}, {"online", -1}, {"a b", 0}, {strings.Repeat("x", 129), 0}} {
		if err := k.check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("key %v: %v, want ErrInvalid", k, err)
		}
	}
}

// The values are those of the Java client's own test, UtilsTest.testMurmur2, and of its
// partitioner for the keys of this project.
func TestMurmur2IsTheJavaClients(t *testing.T) {
	for text, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(text))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", text, got, want)
		}
	}
}
