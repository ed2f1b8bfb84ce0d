package recordzstd_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"salesburst/shared/publish/recordzstd"
)

func comesBack(t *testing.T, columns []recordzstd.Column, text []byte, marks []recordzstd.Mark) (frame []byte) {
	t.Helper()
	frame = recordzstd.New(columns).Encode(nil, text, marks)
	if !bytes.Equal(decode(t, frame), text) {
		t.Error("another text comes back")
	}
	if !bytes.Equal(reference(t, frame), text) {
		t.Error("another text comes back from the reference decoder")
	}
	return frame
}

// manyRepetitions are how many records of four bytes there are, nearly each a repetition of its
// own: of the most in a block too.
var manyRepetitions = []int{10, 100, 200, 500, maxBlock / 4}

func repetitions(records int) (columns []recordzstd.Column, text []byte, marks []recordzstd.Mark) {
	random := rand.New(rand.NewPCG(uint64(records), 0))
	words := uint32(min(200, records/5+2))
	follower := make(map[uint32]uint32)
	word := uint32(0)
	for range records {
		marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: word})
		text = append(text, 'x', byte(word), byte(word>>4)^'a', byte(word*7))
		next := random.Uint32N(words)
		for next == follower[word] { // else the repetition goes on
			next = random.Uint32N(words)
		}
		follower[word], word = next, next
	}
	return []recordzstd.Column{{Prefix: 1}}, text, append(marks, recordzstd.Mark{At: uint32(len(text))})
}

func TestManyRepetitions(t *testing.T) {
	for _, records := range manyRepetitions {
		columns, text, marks := repetitions(records)
		comesBack(t, columns, text, marks)
	}
}

// A sequence of many literals, a long match and a great distance takes more bits than are
// gathered at once.
func TestWidestSequence(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	var text []byte
	var marks []recordzstd.Mark
	record := func(noise, value []byte, hash uint32) {
		marks = append(marks, recordzstd.Mark{At: uint32(len(text))})
		text = append(text, noise...)
		marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: hash})
		text = append(text, value...)
	}
	for _, n := range []int{15_000, 40_000, 55_000} {
		value := noise(n)
		text, marks = nil, nil
		record(nil, value, 1)
		for range 30 {
			record(nil, bytes.Repeat([]byte("filler"), 21_000), 2)
		}
		record(nil, noise(maxBlock), 3) // ends the block
		record(noise(n), value, 1)
		for i := range 30 { // each kind of number seldom, so that it has a long code
			record(noise(1+i), bytes.Repeat([]byte("filler"), 2+i), 2)
		}
		marks = append(marks, recordzstd.Mark{At: uint32(len(text))})
		frame := comesBack(t, []recordzstd.Column{{}, {Prefix: 1}}, text, marks)
		if most := 2*n + maxBlock + 60_000; len(frame) > most {
			t.Errorf("%d bytes become %d, more than %d: the value is not found again, and the test shows nothing", len(text), len(frame), most)
		}
	}
}

// What was found in a block that is stored as it is, no decoder hears of.
func TestBlockStoredAsItIs(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	var text []byte
	var marks []recordzstd.Mark
	for i := range 4 {
		marks = append(marks, recordzstd.Mark{At: uint32(len(text))})
		text = append(text, byte(i*50))
		marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: uint32(i)})
		text = append(text, "abcd"...)
		for range 64_000 {
			text = append(text, byte(random.Uint32()))
		}
		marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: 9})
		value := make([]byte, 500)
		if i < 2 {
			for j := range value {
				value[j] = byte(random.Uint32())
			}
		}
		text = append(text, value...)
	}
	marks = append(marks, recordzstd.Mark{At: uint32(len(text))})
	if frame := comesBack(t, []recordzstd.Column{{}, {Prefix: 4}, {Prefix: 1}}, text, marks); len(frame) >= len(text) {
		t.Errorf("%d bytes become %d: no block is compressed, and the test shows nothing", len(text), len(frame))
	}
}

// literalLengths are around those at which literals are written in another way.
var literalLengths = []int{1, 30, 31, 32, 62, 63, 64, 1022, 1023, 1024, 4094, 4095, 4096, 16_382, 16_383, 16_384}

// literals are as many bytes that do not come again, and one more, before many that do.
func literals(n, letters int) (columns []recordzstd.Column, text []byte, marks []recordzstd.Mark) {
	random := rand.New(rand.NewPCG(uint64(n), uint64(letters)))
	text = make([]byte, n)
	for i := range text {
		text[i] = byte(random.IntN(letters))
	}
	text = append(text, strings.Repeat("x", 200)...)
	marks = []recordzstd.Mark{{}, {At: uint32(n)}, {At: uint32(n + 1)}, {At: uint32(n + 1)}, {At: uint32(len(text))}}
	return []recordzstd.Column{{}, {Prefix: 1}}, text, marks
}

func TestLiterals(t *testing.T) {
	for _, n := range literalLengths {
		for _, letters := range []int{2, 40, 256} {
			t.Run(fmt.Sprintf("%d of %d", n, letters), func(t *testing.T) {
				columns, text, marks := literals(n, letters)
				comesBack(t, columns, text, marks)
			})
		}
	}
}

func TestLongestText(t *testing.T) {
	columns := []recordzstd.Column{{Prefix: 2}}
	text := bytes.Repeat([]byte("ab"), recordzstd.MaxText/2)
	var marks []recordzstd.Mark
	for at := 0; at <= len(text); at += 1 << 16 {
		marks = append(marks, recordzstd.Mark{At: uint32(at)})
	}
	comesBack(t, columns, text, marks)
	defer func() {
		if recover() == nil {
			t.Error("a longer one is taken")
		}
	}()
	marks[len(marks)-1].At++
	recordzstd.New(columns).Encode(nil, append(text, 'a'), marks)
}

// Each is wrong in one way, and said to be so.
func TestMarksAreExplained(t *testing.T) {
	for name, marks := range map[string][]recordzstd.Mark{
		"none": nil, "half a record": {{}, {At: 5}}, "another end": {{}, {}, {At: 4}},
	} {
		for columns := 1; columns <= 2; columns++ {
			if name == "half a record" && columns == 1 {
				continue // it is a whole one
			}
			t.Run(fmt.Sprintf("%s, %d", name, columns), func(t *testing.T) {
				defer func() {
					if says, ok := recover().(string); !ok || !strings.HasPrefix(says, "recordzstd: ") {
						t.Errorf("it says %q", says)
					}
				}()
				recordzstd.New(make([]recordzstd.Column, columns)).Encode(nil, []byte("text!"), marks)
			})
		}
	}
}
