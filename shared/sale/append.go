package sale

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
)

// What is here writes values into blocks of bytes, which have room for more than they take: whole words
// are written, and what comes next overwrites what is beyond the end of one.

// blockSize is how much is copied at once: always the same is faster than just enough.
const (
	blockSize = 32
	longSize  = 160
)

type (
	half  [blockSize / 2]byte
	block [blockSize]byte

	// window is where a key is written, and behind it a value that fits into a block.
	window [2 * blockSize]byte
)

// key is what stands in front of a value.
type key struct{ first, second half }

func newKey(text string) (k key) {
	copy(k.second[:], text[copy(k.first[:], text):])
	return k
}

// padded is a text with blanks behind it, up to a block or a long one at least.
func padded(text string) string {
	size := blockSize
	if len(text) > blockSize {
		size = longSize
	}
	return text + strings.Repeat(" ", max(size-len(text), 0))
}

// putText writes a text of at most a block, and not the empty one.
func putText(to *block, t *Text) { putBlock(to, t.padded) }

func putBlock(to *block, from string) {
	from = from[:blockSize]
	// The compiler makes one instruction of each half.
	copy(to[:blockSize/2], from)
	copy(to[blockSize/2:], from[blockSize/2:])
}

// putAnyText writes a text to a place of b, and returns where it ends.
//
//go:noinline
func putAnyText(b []byte, at int, t *Text) int {
	if t.size == 0 {
		b[at], b[at+1] = '"', '"'
		return at + 2
	}
	to, from := (*[longSize]byte)(b[at:at+longSize]), t.padded[:longSize]
	putBlock((*block)(to[:]), from)
	putBlock((*block)(to[blockSize:]), from[blockSize:])
	putBlock((*block)(to[2*blockSize:]), from[2*blockSize:])
	putBlock((*block)(to[3*blockSize:]), from[3*blockSize:])
	putBlock((*block)(to[4*blockSize:]), from[4*blockSize:])
	if t.size > longSize {
		copy(b[at+longSize:], t.padded[longSize:])
	}
	return at + int(t.size)
}

// statusBlocks are the names, each with a quote behind it.
var statusBlocks = func() (blocks [len(statusNames)]block) {
	for s, name := range statusNames {
		copy(blocks[s][:], name+`"`)
	}
	return blocks
}()

// What follows returns how many bytes it has written.

func putStatus(to *block, s Status) int {
	if int(s) >= len(statusNames) {
		return copy(to[:], s.String()+`"`)
	}
	*to = statusBlocks[s]
	return len(statusNames[s]) + 1
}

func putCents(to *block, c Cents) int {
	if uint64(c) >= 100_000_000 {
		return putAnyCents(to, c)
	}
	digits := digits8(uint64(c))
	skip := bits.TrailingZeros64(digits|1<<40) &^ 7 // the digit before the point is always there
	digits |= zeros
	whole := (6 - skip/8) & 7
	put(to, 0, digits>>(skip&63))
	to[whole] = '.'
	put(to, whole+1, digits>>48)
	return whole + 3
}

func putAnyCents(to *block, c Cents) int {
	b, n := to[:0], uint64(c)
	if c < 0 {
		b, n = append(b, '-'), -n
	}
	b = append(strconv.AppendUint(b, n/100, 10), '.')
	return len(append(b, byte('0'+n/10%10), byte('0'+n%10)))
}

func putCount(to *block, n int64) int {
	if uint64(n) >= 100 {
		return len(strconv.AppendInt(to[:0], n, 10))
	}
	one := uint64(n-10) >> 63 // digit
	put(to, 0, (tens(uint64(n))|zeros)>>(8*one&63))
	return 2 - int(one)
}

func putDegrees(to *block, d Degrees) int {
	digits := digits8(uint64(max(d, -d)))
	skip := bits.TrailingZeros64(digits|1<<24) &^ 7
	digits |= zeros
	minus := int(uint32(d) >> 31)
	whole := (minus + 4 - skip/8) & 7
	to[0] = '-' // which the first digit overwrites where there is none
	put(to, minus, digits>>(skip&63))
	to[whole] = '.'
	put(to, whole+1, digits>>32)
	return whole + 5
}

// putTime is for the years 0000 to 9999: time.Time's formatting costs four times as much. The civil date
// is that of Neri and Schneider, "Euclidean affine functions and their application to calendar
// algorithms" (2022).
func putTime(to *block, t Time) int {
	const day = 24 * 60 * 60 * 1000
	const march1 = 719468 // 1970 began so many days after March 1 of the year 0
	const years, days = 400, 146097
	all := uint64(int64(t) + (march1+days)*day)
	n, ms := uint32(all/day)*4+3, uint32(all%day)
	century, ofCentury := n/days, n%days/4
	p := uint64(4*ofCentury+3) * 2939745
	y, ofYear := 100*century+uint32(p>>32)-years, uint32(p)/2939745/4
	n = 2141*ofYear + 197913
	m, d := n>>16, n&(1<<16-1)/2141+1
	if ofYear >= 306 { // from January on
		y, m = y+1, m-12
	}
	minutes, thousandths := ms/60_000, ms%1000
	date := tens(four(y/100, y%100, m, d)) | zeros
	clock := tens(four(minutes/60, minutes%60, ms/1000%60, thousandths%100)) | zeros
	put(to, 0, date&0xffff_ffff|'-'<<32|date>>32&0xffff<<40|'-'<<56)
	put(to, 8, date>>48|'T'<<16|clock&0xffff<<24|':'<<40|clock>>16<<48)
	put(to, 16, ':'|clock>>32&0xffff<<8|'.'<<24|uint64('0'+thousandths/100)<<32|clock>>48<<40|'Z'<<56)
	to[24] = '"'
	return 25
}

func putTransaction(to *block, id TransactionID) int {
	*(*BurstID)(to[:]) = id.Burst
	to[BurstIDLen] = '-'
	put(to, BurstIDLen+1, digits8(uint64(id.Sequence))|zeros)
	to[TransactionIDLen] = '"'
	return TransactionIDLen + 1
}

func putCustomer(to *block, id CustomerID) int {
	copy(to[:], customerPrefix)
	put(to, CustomerPrefixLen, (digits8(uint64(id/100_000_000))|zeros)>>32)
	put(to, CustomerPrefixLen+4, digits8(uint64(id%100_000_000))|zeros)
	to[CustomerIDLen] = '"'
	return CustomerIDLen + 1
}

// put writes eight bytes.
func put(to *block, at int, word uint64) { binary.LittleEndian.PutUint64(to[at:at+8], word) }

// digits8 is n, below 100,000,000, as eight digits from 0 to 9, the first one in the lowest byte. They
// are found all at once: the number is cut in halves, these are cut side by side, and so on.
func digits8(n uint64) uint64 {
	halves := n/10_000 | n%10_000<<32
	hundreds := halves * 10_486 >> 20 & 0x7f_0000_007f
	return tens(hundreds | (halves-100*hundreds)<<16)
}

// four puts numbers side by side, in sixteen bits each.
func four(a, b, c, d uint32) uint64 {
	return uint64(a) | uint64(b)<<16 | uint64(c)<<32 | uint64(d)<<48
}

// tens cuts four numbers below 100, in sixteen bits each, into their digits.
func tens(n uint64) uint64 {
	tens := n * 103 >> 10 & 0xf_000f_000f_000f
	return tens | (n-10*tens)<<8
}

// zeros make text of digits.
const zeros = '0' * 0x0101_0101_0101_0101
