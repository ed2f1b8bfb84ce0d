package recordzstd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// The number of sequences takes one byte, two or three.
func TestNumbersOfSequences(t *testing.T) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	for _, n := range []int{1, 2, 127, 128, 129, 255, 256, 0x7F00 - 1, 0x7F00, 0x7F00 + 1, 0x7F00 + 255} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			e := New([]Column{{Prefix: 1}})
			e.repeats = [3]uint32{1, 4, 8}
			e.literals = []byte("abcdefghijklmnop")
			text := bytes.Clone(e.literals)
			for i := range n {
				distance, literals := 5+i*7%11, 0
				if i == 0 {
					literals = len(e.literals)
				}
				text = append(text, text[len(text)-distance:][:shortestMatch]...)
				e.sequences = append(e.sequences, makeSequence(uint32(literals), shortestMatch, e.offset(uint32(distance), literals > 0)))
			}
			frame := binary.LittleEndian.AppendUint32(nil, frameMagic)
			frame = binary.LittleEndian.AppendUint32(append(frame, oneSegment), uint32(len(text)))
			start := len(frame)
			frame = e.appendSequences(e.appendLiterals(append(frame, 0, 0, 0)))
			putBlockHeader(frame[start:], blockCompressed, len(frame)-start-3, true)
			got, err := dec.DecodeAll(frame, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, text) {
				t.Error("another text comes back")
			}
		})
	}
}
