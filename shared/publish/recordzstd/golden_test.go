package recordzstd_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"salesburst/shared/publish/recordzstd"
)

var update = flag.Bool("update", false, "write the golden file anew")

// orders are n records with what the columns of sales have: a number, a product with its
// brand, a town, and a text that comes seldom twice.
func orders(n int) (columns []recordzstd.Column, text []byte, marks []recordzstd.Mark) {
	columns = []recordzstd.Column{{}, {Prefix: 6, Unique: true}, {Prefix: 11}, {Prefix: 9}, {Prefix: 9, Like: 2}, {Prefix: 8}, {Prefix: 8, Like: 5}}
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range n {
		product, town, note := random.Uint32N(40), random.Uint32N(200), random.Uint32N(5000)
		for _, part := range []struct {
			text string
			hash uint32
		}{
			{string(rune('a' + random.IntN(26))), 0},
			{fmt.Sprintf(`{"id":%08d`, i*7919%100_000_000), uint32(i % 3)},
			{fmt.Sprintf(`,"product":"The product of %d inches, in colour %d"`, 40+product, product%7), product},
			{fmt.Sprintf(`,"price":%d`, 100+note), note},
			{fmt.Sprintf(`,"brand":"the brand of the product is %d"`, product%9), random.Uint32N(9)},
			{fmt.Sprintf(`,"town":"town number %d"`, town), town},
			{fmt.Sprintf(`,"state":"%c"}`, 'A'+town%20), town % 20},
		} {
			marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: part.hash})
			text = append(text, part.text...)
		}
	}
	return columns, text, append(marks, recordzstd.Mark{At: uint32(len(text))})
}

// The golden file has the length and the hash of frames: what is found in a text, and how it
// is written, is the same on each processor, and gets no worse unseen.
func TestGolden(t *testing.T) {
	var got bytes.Buffer
	frame := func(name string, columns []recordzstd.Column, text []byte, marks []recordzstd.Mark) {
		f := recordzstd.New(columns).Encode(nil, text, marks)
		if !bytes.Equal(decode(t, f), text) {
			t.Errorf("%s: another text comes back", name)
		}
		fmt.Fprintf(&got, "%s: %d bytes become %d, SHA-256 %x\n", name, len(text), len(f), sha256.Sum256(f))
	}
	for _, n := range []int{1, 2, 3, 5, 8, 13, 40, 100, 500, 2000, 9000} {
		columns, text, marks := orders(n)
		frame(fmt.Sprintf("%d orders", n), columns, text, marks)
	}
	var names []string
	for name := range shapes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for seed := range uint64(2) {
			columns, text, marks := shaped(shapes[name], seed)
			frame(fmt.Sprintf("%s, seed %d", name, seed), columns, text, marks)
		}
	}
	for _, n := range manyRepetitions {
		columns, text, marks := repetitions(n)
		frame(fmt.Sprintf("%d repetitions", n), columns, text, marks)
	}
	for _, n := range literalLengths {
		columns, text, marks := literals(n, 40)
		frame(fmt.Sprintf("%d literals", n), columns, text, marks)
	}
	frame("a repetition of the first byte", []recordzstd.Column{{Prefix: 1}, {Prefix: 1}}, bytes.Repeat([]byte("x"), 50), []recordzstd.Mark{{}, {At: 1}, {At: 50}})
	const file = "testdata/frames.golden"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(got.Bytes(), []byte("\n")) {
		if lines := bytes.Split(want, []byte("\n")); i >= len(lines) || !bytes.Equal(line, lines[i]) {
			t.Fatalf("line %d is now\n%s\nIf it is meant, and no longer than before, run the test with -update.", i+1, line)
		}
	}
}
