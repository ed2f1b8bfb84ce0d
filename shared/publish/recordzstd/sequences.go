package recordzstd

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// extra is a code of a length: the smallest one, and how many bits say how much more it is.
type extra struct{ from, bits uint32 }

// The codes of RFC 8878, section 3.1.1.3.2.1.1, for lengths from 16 on, and for lengths
// of matches from 35 on; each length below has a code of its own.
var (
	longLiterals = codes(16, []uint32{1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	longMatches  = codes(35, []uint32{1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})

	literalCodes = lookup(longLiterals, 64, 16)
	matchCodes   = lookup(longMatches, 131, 32)
)

const (
	directLiterals = 16 // lengths with a code of their own
	shortestMatch  = 3  // as the format counts
	directMatches  = 32

	manyLiterals     = 64 // from here on a length's code grows by its bits
	manyLiteralsCode = 25
	manyMatches      = 131
	manyMatchesCode  = 43
)

func codes(from uint32, widths []uint32) (all []extra) {
	for _, w := range widths {
		all = append(all, extra{from, w})
		from += 1 << w
	}
	return all
}

// lookup are the codes of the lengths below end.
func lookup(long []extra, end, direct uint32) (all []uint8) {
	for n := range end {
		code := min(n, direct-1)
		for i, c := range long {
			if n >= c.from {
				code = direct + uint32(i)
			}
		}
		all = append(all, uint8(code))
	}
	return all
}

// literalCode returns the code of a number of literals, and what its bits say.
func literalCode(n uint32) (code uint8, more uint32) {
	switch {
	case n < directLiterals:
		return uint8(n), 0
	case n < manyLiterals:
		code = literalCodes[n]
	default:
		code = uint8(manyLiteralsCode + bits.Len32(n) - bits.Len32(manyLiterals))
	}
	return code, n - longLiterals[code-directLiterals].from
}

// matchCode likewise for the length of a match.
func matchCode(n uint32) (code uint8, more uint32) {
	switch {
	case n < directMatches+shortestMatch:
		return uint8(n - shortestMatch), 0
	case n < manyMatches:
		code = matchCodes[n]
	default:
		code = uint8(manyMatchesCode + bits.Len32(n-shortestMatch) - bits.Len32(manyMatches-shortestMatch))
	}
	return code, n - longMatches[code-directMatches].from
}

// offsetCode likewise for an offset: 1 to 3 for a repeated one, else three more than the
// distance. The code is the number of bits.
func offsetCode(offset uint32) (code uint8, more uint32) {
	width := bits.Len32(offset) - 1
	return uint8(width), offset - 1<<width
}

// The number of bits behind each code.
var literalBits, matchBits = widths(longLiterals, directLiterals), widths(longMatches, directMatches)

func widths(long []extra, direct int) (all [maxSymbols]uint8) {
	for i, c := range long {
		all[direct+i] = uint8(c.bits)
	}
	return all
}

func makeSequence(literals, match, offset uint32) (s sequence) {
	var llMore, mlMore, ofMore uint32
	s.literals, llMore = literalCode(literals)
	s.match, mlMore = matchCode(match)
	s.offset, ofMore = offsetCode(offset)
	ll, ml := literalBits[s.literals%maxSymbols], matchBits[s.match%maxSymbols]
	s.more = uint64(llMore) | (uint64(mlMore)|uint64(ofMore)<<(ml&31))<<(ll&31)
	s.width = ll + ml + s.offset
	return s
}

// appendSequences appends the section of a block that has e.sequences.
func (e *Encoder) appendSequences(dst []byte) []byte {
	n := len(e.sequences)
	switch {
	case n == 0:
		return append(dst, 0)
	case n < 128:
		dst = append(dst, byte(n))
	case n < 0x7F00:
		dst = append(dst, byte(n>>8)+128, byte(n))
	default:
		dst = append(dst, 255, byte(n-0x7F00), byte((n-0x7F00)>>8))
	}
	ll, ml, of := &e.literalLengths, &e.matchLengths, &e.offsets
	ll.counts, ml.counts, of.counts = [maxSymbols]uint32{}, [maxSymbols]uint32{}, [maxSymbols]uint32{}
	for i := range e.sequences {
		s := &e.sequences[i]
		ll.counts[s.literals%maxSymbols]++
		ml.counts[s.match%maxSymbols]++
		of.counts[s.offset%maxSymbols]++
	}
	modes := len(dst)
	dst = append(dst, 0)
	for _, c := range []struct {
		*coder
		shift int
	}{{ll, 6}, {of, 4}, {ml, 2}} {
		var mode byte
		dst, mode = c.prepare(dst, n)
		dst[modes] |= mode << c.shift
	}

	return e.writeSequences(slices.Grow(dst, (n+2)*maxSequence))
}

// writeSequences appends the bits of e.sequences to dst, which has room for them. A decoder
// reads from the end: the last sequence is written first.
func (e *Encoder) writeSequences(dst []byte) []byte {
	ll, ml, of := &e.literalLengths, &e.matchLengths, &e.offsets
	last := len(e.sequences) - 1
	s := &e.sequences[last]
	llState, mlState, ofState := ll.begin(s.literals), ml.begin(s.match), of.begin(s.offset)
	at, out := len(dst), dst[:cap(dst)]
	bits, count := s.more, s.width // up to 64 bits that are not written yet
	for i := last - 1; i >= 0; i-- {
		s := &e.sequences[i]
		binary.LittleEndian.PutUint64(out[at:], bits)
		at += int(count >> 3)
		bits >>= count & 0x38
		count &= 7

		t := of.symbols[s.offset%maxSymbols]
		width := (ofState + t.bits) >> 16 & 31
		bits |= uint64(ofState&(1<<width-1)) << (count & 63)
		count += uint8(width)
		ofState = uint32(of.next[uint32(int32(ofState>>width)+t.first)%maxStates])

		t = ml.symbols[s.match%maxSymbols]
		width = (mlState + t.bits) >> 16 & 31
		bits |= uint64(mlState&(1<<width-1)) << (count & 63)
		count += uint8(width)
		mlState = uint32(ml.next[uint32(int32(mlState>>width)+t.first)%maxStates])

		t = ll.symbols[s.literals%maxSymbols]
		width = (llState + t.bits) >> 16 & 31
		bits |= uint64(llState&(1<<width-1)) << (count & 63)
		count += uint8(width)
		llState = uint32(ll.next[uint32(int32(llState>>width)+t.first)%maxStates])

		if count+s.width > 64 {
			binary.LittleEndian.PutUint64(out[at:], bits)
			at += int(count >> 3)
			bits >>= count & 0x38
			count &= 7
		}
		bits |= s.more << (count & 63)
		count += s.width
	}
	w := bitWriter{dst[:at], bits, count}
	w.flush()
	w.add(uint64(mlState)&(1<<ml.log-1), uint8(ml.log))
	w.add(uint64(ofState)&(1<<of.log-1), uint8(of.log))
	w.add(uint64(llState)&(1<<ll.log-1), uint8(ll.log))
	return w.end()
}

// bitWriter writes numbers bit by bit, the lowest first. Between two flushes there is room
// for 57 bits. The slice has room for what is written and eight bytes more.
type bitWriter struct {
	out   []byte
	bits  uint64
	count uint8
}

// maxSequence is the most that a sequence takes, in bytes: three states and three numbers.
const maxSequence = (9 + 9 + 8 + 16 + 16 + 23 + 7) / 8

// add writes v, which has width bits at most.
func (w *bitWriter) add(v uint64, width uint8) {
	w.bits |= v << (w.count & 63)
	w.count += width
}

func (w *bitWriter) flush() {
	end := len(w.out)
	binary.LittleEndian.PutUint64(w.out[end:end+8], w.bits)
	w.out = w.out[:end+int(w.count>>3)]
	w.bits >>= w.count & 0x38
	w.count &= 7
}

// end writes the bit that marks the end, and returns all that was written.
func (w *bitWriter) end() []byte {
	w.flush()
	w.add(1, 1)
	return append(w.out, byte(w.bits))
}
