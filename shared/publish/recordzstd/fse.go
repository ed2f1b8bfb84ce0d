package recordzstd

import (
	"math/bits"
	"slices"
)

// The codes of a block's sequences are compressed by finite state entropy, RFC 8878,
// section 4.1: a table of states in which each code has as many as it is frequent.

const (
	maxSymbols = 64 // of each kind; those of matches are the most, 53
	minLog     = 6  // of the number of states: enough for all symbols
	maxStates  = 1 << 9

	modeOne  = 1 // all codes are the same one
	modeOwn  = 2 // the table is described
	logBias  = 5 // the description begins with the logarithm, counted from here
	allOnes  = 3 // in two bits: three more codes do not occur
	runCodes = 3
)

// coder writes the codes of one kind.
type coder struct {
	maxLog uint32
	counts [maxSymbols]uint32

	log     uint32 // of the number of states; 0: there is one code only
	shares  [maxSymbols]int32
	symbols [maxSymbols]transition
	next    [maxStates]uint16 // the states in the order of their codes
	spread  [maxStates]uint8  // the code of each state
}

// transition says for a code how many bits are written and which state is before them.
type transition struct {
	bits  uint32 // with the state added, the upper half is the number of bits
	first int32  // of the code's states in next, less its share
}

// prepare makes the table for the counts of n codes, appends its description and returns
// how it is described.
func (c *coder) prepare(dst []byte, n int) ([]byte, byte) {
	used, only := 0, 0
	for s, count := range c.counts {
		if count > 0 {
			used++
			only = s
		}
	}
	if used == 1 {
		c.log = 0
		c.symbols[only], c.next[0] = transition{}, 0 // a state without bits, over and over
		return append(dst, byte(only)), modeOne
	}
	c.log = min(c.maxLog, max(minLog, uint32(bits.Len(uint(n)))-2))
	c.share(n)
	c.build()
	return c.describe(dst), modeOwn
}

// share gives each code its part of the states, one at least.
func (c *coder) share(n int) {
	left, largest := int32(1)<<c.log, 0
	for s, count := range c.counts {
		c.shares[s] = 0
		if count == 0 {
			continue
		}
		c.shares[s] = max(1, int32((uint64(count)<<c.log+uint64(n)/2)/uint64(n)))
		left -= c.shares[s]
		if count > c.counts[largest] {
			largest = s
		}
	}
	if c.shares[largest]+left > 0 {
		c.shares[largest] += left
		return
	}
	for ; left < 0; left++ { // many rare codes: the frequent ones give way, one state after the other
		most := 0
		for s := range c.shares {
			if c.shares[s] > c.shares[most] {
				most = s
			}
		}
		c.shares[most]--
	}
}

func (c *coder) build() {
	states := uint32(1) << c.log
	step, place := states>>1+states>>3+3, uint32(0)
	first := int32(0)
	var begin [maxSymbols]int32
	for s, share := range c.shares {
		begin[s] = first
		for range share {
			c.spread[place] = uint8(s)
			place = (place + step) & (states - 1)
		}
		switch {
		case share == 1:
			c.symbols[s] = transition{c.log<<16 - states, first - 1}
		case share > 1:
			most := c.log - uint32(bits.Len32(uint32(share-1))) + 1
			c.symbols[s] = transition{most<<16 - uint32(share)<<most, first - share}
		}
		first += share
	}
	for state := range states {
		s := c.spread[state]
		c.next[begin[s]] = uint16(states + state)
		begin[s]++
	}
}

// describe appends the shares.
func (c *coder) describe(dst []byte) []byte {
	w := bitWriter{out: slices.Grow(dst, maxSymbols*2+8)}
	w.add(uint64(c.log-logBias), 4)
	left, limit, width := int32(1)<<c.log+1, int32(1)<<c.log, uint8(c.log+1) // left is one more than what is to come
	for s := 0; left > 1; {
		share := c.shares[s]
		s++
		// Numbers that are small for what may come take a bit less.
		spare := 2*limit - 1 - left
		left -= share
		v := share + 1
		if v >= limit {
			v += spare
		}
		if v < spare {
			w.add(uint64(v), width-1)
		} else {
			w.add(uint64(v), width)
		}
		w.flush()
		for left < limit {
			width--
			limit >>= 1
		}
		if share > 0 || left <= 1 {
			continue
		}
		run := 0
		for c.shares[s] == 0 {
			run++
			s++
		}
		for ; run >= runCodes; run -= runCodes {
			w.add(allOnes, 2)
			w.flush()
		}
		w.add(uint64(run), 2)
		w.flush()
	}
	if w.count > 0 {
		w.out = append(w.out, byte(w.bits))
	}
	return w.out
}

// begin returns a state in which code is read.
func (c *coder) begin(code uint8) uint32 {
	t := c.symbols[code%maxSymbols]
	width := (t.bits + 1<<15) >> 16
	return uint32(c.next[uint32(int32((width<<16-t.bits)>>width)+t.first)%maxStates])
}
