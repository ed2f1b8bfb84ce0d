package publish

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// The entry is a set of numbers: here it is compared with one.
func TestEntryIsASet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		e, set := entry{newest: none}, make(map[int64]bool)
		newest := int64(none)
		at := r.Int64N(1000)*cells + 7
		for range 300 {
			at += int64(r.IntN(5)) * cells
			number := at - int64(r.IntN(1+r.IntN(400)))*cells
			if number < 0 {
				continue
			}
			there, err := e.has(number)
			if newest >= 0 && (newest-number)/cells > windowBits {
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
			e = e.with(number)
			set[number], newest = true, max(newest, number)
			if e, err = readEntry(e.newest, e.metadata()); err != nil {
				t.Fatal(err)
			}
			if len(e.metadata()) > len(entryVersion)+windowBits/4 {
				t.Fatalf("the metadata has %d characters", len(e.metadata()))
			}
		}
	}
}

func TestEntryOfOthers(t *testing.T) {
	for _, metadata := range []string{"", "v1", "v2:00", "v1:xyz", "v1:" + strings.Repeat("ff", 33)} {
		if _, err := readEntry(5, metadata); !errors.Is(err, ErrInvalid) {
			t.Errorf("metadata %q: %v, want ErrInvalid", metadata, err)
		}
	}
}

func TestCells(t *testing.T) {
	seen := make(map[string]int64)
	for n := range int64(cells) {
		name := Key{"online", 29_847_000 + n}.cell()
		if other, again := seen[name]; again {
			t.Errorf("numbers %d and %d have cell %s", other, n, name)
		}
		seen[name] = n
	}
	if a, b := (Key{"online", 7}).cell(), (Key{"online", 67}).cell(); a != b {
		t.Errorf("cells %s and %s, want one", a, b)
	}
	if a, b := (Key{"online", 7}).cell(), (Key{"store", 7}).cell(); a == b {
		t.Errorf("two series have cell %s", a)
	}
	for _, k := range []Key{{}, {"online", -1}, {"a b", 0}, {strings.Repeat("x", 129), 0}} {
		if err := k.check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("key %v: %v, want ErrInvalid", k, err)
		}
	}
}

// The requests of our own have the fields of kafka-go's, in their order.
func TestDirectedRequestsAreLaidOutAsKafkaGos(t *testing.T) {
	for _, pair := range []struct{ ours, theirs any }{
		{initProducerID{}, initproducerid.Request{}},
		{apiVersions{}, apiversions.Request{}},
		{addPartitions{}, addpartitionstotxn.Request{}},
		{addOffsets{}, addoffsetstotxn.Request{}},
		{commitOffsets{}, txnoffsetcommit.Request{}},
		{endTransaction{}, endtxn.Request{}},
	} {
		ours, theirs := reflect.TypeOf(pair.ours), reflect.TypeOf(pair.theirs)
		if ours.NumField() != theirs.NumField()+1 {
			t.Errorf("%v has %d fields, %v has %d", ours, ours.NumField(), theirs, theirs.NumField())
			continue
		}
		for i := range theirs.NumField() {
			if a, b := ours.Field(i), theirs.Field(i); a.Name != b.Name || a.Type != b.Type {
				t.Errorf("%v: field %d is %s %v, in %v %s %v", ours, i, a.Name, a.Type, theirs, b.Name, b.Type)
			}
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
