package recordzstd_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/publish/recordzstd"
	"salesburst/shared/sale"
)

// sales are n sales as JSON, a line each, with their marks.
func sales(t testing.TB, n int) (text []byte, marks []recordzstd.Mark) {
	t.Helper()
	m, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	b, err := burst.New(m, burst.Request{
		Channel: contract.ChannelOnline, Origin: "test", At: time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC), Over: time.Minute, Events: n,
	})
	if err != nil {
		t.Fatal(err)
	}
	var s sale.Sale
	var fields sale.Marks
	for i := range n {
		b.At(i, &s)
		at := uint32(len(text))
		text = s.AppendMarked(text, &fields)
		for _, f := range fields {
			marks = append(marks, recordzstd.Mark{At: at, Hash: f.Hash})
			at = f.End
		}
		text = append(text, '\n')
	}
	return text, append(marks, recordzstd.Mark{At: uint32(len(text))})
}

func columns() (all []recordzstd.Column) {
	numbers := make(map[string]int)
	for i, f := range sale.Fields {
		numbers[f.Name] = i
		prefix := len(`{"`) + len(f.Name) + len(`":`)
		all = append(all, recordzstd.Column{Prefix: prefix, Unique: f.Unique, Like: numbers[f.Like]})
	}
	return all
}

// Beside the fastest level of a general compressor.
func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{100, 1200} {
		text, marks := sales(b, n)
		run := func(name string, encode func(dst []byte) []byte) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				var frame []byte
				b.ReportAllocs()
				for b.Loop() {
					frame = encode(frame[:0])
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/sale")
				b.ReportMetric(float64(len(frame))/float64(n), "B/sale")
			})
		}
		e := recordzstd.New(columns())
		run("recordzstd", func(dst []byte) []byte { return e.Encode(dst, text, marks) })
		general, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20))
		if err != nil {
			b.Fatal(err)
		}
		run("zstd", func(dst []byte) []byte { return general.EncodeAll(text, dst) })
	}
}

// decode is what a decoder that is not ours makes of a frame.
func decode(t *testing.T, frame []byte) []byte {
	t.Helper()
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	text, err := dec.DecodeAll(frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSalesComeBack(t *testing.T) {
	e := recordzstd.New(columns())
	for _, n := range []int{1, 2, 7, 100, 3000} {
		text, marks := sales(t, n)
		frame := e.Encode(nil, text, marks)
		if got := decode(t, frame); !bytes.Equal(got, text) {
			t.Errorf("%d sales: another text comes back", n)
		}
		if again := recordzstd.New(columns()).Encode(nil, text, marks); !bytes.Equal(again, frame) {
			t.Errorf("%d sales: another frame where the encoder has done nothing before", n)
		}
		if n >= 100 && len(frame)*6 > len(text) {
			t.Errorf("%d sales: %d bytes become %d", n, len(text), len(frame))
		}
	}
}

// The decoder of the reference implementation, which most clients of Kafka have.
func TestReferenceDecoder(t *testing.T) {
	text, marks := sales(t, 2000)
	if !bytes.Equal(reference(t, recordzstd.New(columns()).Encode(nil, text, marks)), text) {
		t.Error("another text comes back")
	}
}

func reference(t *testing.T, frame []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "zstd", "-d", "-c")
	cmd.Stdin = bytes.NewReader(frame)
	var message bytes.Buffer
	cmd.Stderr = &message
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("zstd (on Debian: apt-get install zstd): %v %s", err, message.String())
	}
	return text
}

// Whatever is in the records comes back, and wherever the caller says that columns begin.
func FuzzEncode(f *testing.F) {
	f.Add(int64(0), uint16(0), uint16(0), uint8(1), uint8(0))
	f.Add(int64(1), uint16(40), uint16(30), uint8(4), uint8(20))
	f.Add(int64(2), uint16(3), uint16(60_000), uint8(2), uint8(255))
	f.Add(int64(3), uint16(1), uint16(0), uint8(1), uint8(0))
	f.Add(int64(4), uint16(3000), uint16(3), uint8(5), uint8(1)) // more sequences than two bytes count
	f.Add(int64(5), uint16(500), uint16(500), uint8(1), uint8(255))
	e := map[int]*recordzstd.Encoder{} // of earlier texts too
	f.Fuzz(func(t *testing.T, seed int64, records, longest uint16, width, letters uint8) {
		if width == 0 || int(records)*int(width)*(int(longest)+400) > recordzstd.MaxText {
			return
		}
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		columns := make([]recordzstd.Column, width)
		for c := range columns {
			columns[c] = recordzstd.Column{Prefix: random.IntN(9), Unique: random.IntN(4) == 0, Like: random.IntN(c + 1)}
		}
		if e[int(width)] == nil {
			e[int(width)] = recordzstd.New(columns)
		}
		var text []byte
		var marks []recordzstd.Mark
		for range records {
			for c := range columns {
				hash := uint32(random.IntN(5))
				marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: hash})
				text = append(text, strings.Repeat(string(rune('A'+c)), columns[c].Prefix)...)
				for range random.IntN(int(longest) + 1) {
					text = append(text, byte(random.IntN(int(letters)+1)))
				}
				if random.IntN(3) == 0 {
					text = append(text, strings.Repeat("the value number "+string(rune('0'+hash)), random.IntN(20))...)
				}
			}
		}
		marks = append(marks, recordzstd.Mark{At: uint32(len(text))})
		for _, encoder := range []*recordzstd.Encoder{recordzstd.New(columns), e[int(width)]} {
			if got := decode(t, encoder.Encode([]byte("before"), text, marks)[len("before"):]); !bytes.Equal(got, text) {
				t.Fatal("another text comes back")
			}
		}
	})
}

// Records that no block can hold, and lengths at which the codes change.
func TestSizes(t *testing.T) {
	columns := []recordzstd.Column{{Prefix: 4}, {Prefix: 4}}
	for _, size := range []int{1, 15, 16, 31, 32, 63, 64, 127, 128, 129, 130, 131, 134, 255, 256, 1023, 1024, 16_383, 16_384, 65_535, 65_536, 131_072, 131_073, 300_000} {
		for name, value := range map[string]func(i int) []byte{
			"the same": func(int) []byte { return bytes.Repeat([]byte{'x'}, size) },
			"random": func(i int) []byte {
				random, b := rand.New(rand.NewPCG(uint64(size), uint64(i))), make([]byte, size)
				for j := range b {
					b[j] = byte(random.Uint32())
				}
				return b
			},
		} {
			var text []byte
			var marks []recordzstd.Mark
			for i := range 5 {
				for _, prefix := range []string{`{"a"`, `,"b"`} {
					marks = append(marks, recordzstd.Mark{At: uint32(len(text)), Hash: uint32(i)})
					text = append(append(text, prefix...), value(i)...)
				}
			}
			marks = append(marks, recordzstd.Mark{At: uint32(len(text))})
			frame := recordzstd.New(columns).Encode(nil, text, marks)
			if !bytes.Equal(decode(t, frame), text) {
				t.Errorf("%s, %d bytes: another text comes back", name, size)
			}
			if len(frame) > len(text)+100 {
				t.Errorf("%s, %d bytes: %d become %d", name, size, len(text), len(frame))
			}
		}
	}
}

// maxBlock is the most that a block of a zstd frame holds, in bytes.
const maxBlock = 128 << 10

// shapes are texts, a letter for each record: the lengths at which an encoder of blocks goes
// wrong, and what comes before and behind them.
var shapes = map[string]string{
	"no record":                     "",
	"nothing":                       "0",
	"nothing, many times":           strings.Repeat("0", 5000),
	"a byte":                        "1",
	"bytes":                         strings.Repeat("1", 5000),
	"a short record":                "s",
	"nothing first":                 "000s",
	"nothing last":                  "s000",
	"nothing between":               "s0s00s",
	"nearly a block":                "<",
	"a block":                       "=",
	"more than a block":             ">",
	"blocks":                        "==",
	"a block, nothing":              "=0",
	"nothing, a block":              "0=",
	"more than a block, nothing":    ">0",
	"more than a block, nothings":   ">000",
	"nothing, more than a block":    "0>",
	"more than a block, twice":      ">>",
	"nothing around large records":  "00>0>00",
	"a byte to fill a block":        "<1",
	"a byte beyond a block":         "=1",
	"nothing where a block is full": "<10",
	"much more than a block":        "b",
	"much more, nothing":            "b0",
	"short around large records":    "s>s=s<sbs",
	"beyond the window of others":   "bsbsbsbs",
	"noise":                         "n",
	"noise, more than a block":      "N",
	"noise and nothing":             "0N0n0",
	"noise around the same":         "nsNsns",
	"many":                          strings.Repeat("s", 3000),
	"many, nothing last":            strings.Repeat("s", 3000) + "00",
}

const letters = "01s<=>bnN"

// shaped are the records of a shape, of two columns.
func shaped(shape string, seed uint64) (columns []recordzstd.Column, text []byte, marks []recordzstd.Mark) {
	random := rand.New(rand.NewPCG(seed, 0))
	columns = []recordzstd.Column{{Prefix: 1 + random.IntN(6)}, {Prefix: random.IntN(6), Unique: seed%2 == 1}}
	for _, letter := range shape {
		hash := random.Uint32N(4)
		var record []byte
		switch size := map[rune]int{'1': 1, '<': maxBlock - 1, '=': maxBlock, '>': maxBlock + 1, 'b': 2*maxBlock + 1}[letter]; letter {
		case '0':
		case 's':
			record = fmt.Appendf(nil, "the record has number %d and %d", hash, random.IntN(1000))
		case 'n', 'N':
			record = make([]byte, map[rune]int{'n': 1000, 'N': maxBlock + 1}[letter])
			for i := range record {
				record[i] = byte(random.Uint32())
			}
		default:
			record = bytes.Repeat([]byte{'x'}, size)
		}
		at := uint32(len(text))
		second := at + random.Uint32N(uint32(len(record))+1)
		marks = append(marks, recordzstd.Mark{At: at, Hash: hash}, recordzstd.Mark{At: second, Hash: random.Uint32N(4)})
		text = append(text, record...)
	}
	return columns, text, append(marks, recordzstd.Mark{At: uint32(len(text))})
}

// A frame of any shape is one that decoders take, ours and the reference.
func TestShapes(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(3) {
				columns, text, marks := shaped(shape, seed)
				frame := recordzstd.New(columns).Encode(nil, text, marks)
				if !bytes.Equal(decode(t, frame), text) {
					t.Errorf("seed %d: another text comes back", seed)
				}
				if seed == 0 && !bytes.Equal(reference(t, frame), text) {
					t.Error("another text comes back from the reference decoder")
				}
			}
		})
	}
}

// Records in any order, of lengths around that of a block.
func FuzzShapes(f *testing.F) {
	const longest = 30 // else the fuzzer does little but copy
	for _, shape := range shapes {
		f.Add(shape[:min(len(shape), longest)], uint64(1))
	}
	used := recordzstd.New([]recordzstd.Column{{Prefix: 3}, {Prefix: 2}}) // of earlier texts too
	f.Fuzz(func(t *testing.T, shape string, seed uint64) {
		if len(shape) > longest {
			return
		}
		if strings.Trim(shape, letters) != "" { // the fuzzer's bytes are letters all the same
			b := []byte(shape)
			for i := range b {
				b[i] = letters[int(b[i])%len(letters)]
			}
			shape = string(b)
		}
		columns, text, marks := shaped(shape, seed)
		for _, encoder := range []*recordzstd.Encoder{recordzstd.New(columns), used} {
			if !bytes.Equal(decode(t, encoder.Encode(nil, text, marks)), text) {
				t.Fatalf("shape %q: another text comes back", shape)
			}
		}
	})
}

func TestMarksAreChecked(t *testing.T) {
	for name, marks := range map[string][]recordzstd.Mark{
		"none": nil, "no end": make([]recordzstd.Mark, 2), "another end": {{}, {}, {At: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it is taken")
				}
			}()
			recordzstd.New(make([]recordzstd.Column, 2)).Encode(nil, []byte("text!"), marks)
		})
	}
}
