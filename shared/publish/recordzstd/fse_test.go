package recordzstd

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// All states are given away, one at least to each code that there is, and none to another.
func TestShares(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	crowded := 0
	for range 2000 {
		c := coder{maxLog: 8 + random.Uint32N(2)}
		n, used := 0, 1+random.IntN(50)
		most := 1 + random.IntN(200)
		for n == 0 || used > 0 {
			s := random.IntN(53)
			if c.counts[s] == 0 {
				c.counts[s] = 1
				if random.IntN(4) == 0 {
					c.counts[s] += random.Uint32N(uint32(most))
				}
				n += int(c.counts[s])
			}
			used--
		}
		c.log = min(c.maxLog, max(minLog, uint32(bits.Len(uint(n)))-2))
		c.share(n)
		sum, rounded := int32(0), int32(0)
		for s, share := range c.shares {
			sum += share
			if (share > 0) != (c.counts[s] > 0) || share < 0 {
				t.Fatalf("code %d of %v has %d of the states", s, c.counts, share)
			}
			if share > 0 {
				rounded += max(1, int32((uint64(c.counts[s])<<c.log+uint64(n)/2)/uint64(n)))
			}
		}
		if sum != 1<<c.log {
			t.Fatalf("%d of %d states are given away to %v", sum, 1<<c.log, c.counts)
		}
		if rounded > 1<<c.log+8 {
			crowded++
		}
	}
	if crowded == 0 {
		t.Error("there was always room: the test shows nothing")
	}
}
