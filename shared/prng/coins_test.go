package prng

import (
	"math/big"
	"testing"
)

// The table is what Pascal's triangle says, to 2⁻⁴⁹ at each number of heads.
func TestCoinsAreBinomial(t *testing.T) {
	c := newCoins()
	choose := big.NewInt(1) // of manyCoins, so many
	sum := new(big.Int)
	part := new(big.Int)
	most := new(big.Int).Lsh(big.NewInt(1), 15) // of 2⁶⁴
	for heads := range uint64(manyCoins / 2) {
		sum.Add(sum, choose)
		if heads >= c.least {
			part.Rsh(sum, manyCoins-64)
			got := new(big.Int).SetUint64(c.up[heads-c.least])
			if got.Sub(got, part).CmpAbs(most) > 0 {
				t.Fatalf("at most %d heads: the chance is wrong by %v of 2⁶⁴", heads, got)
			}
		} else if part.Rsh(sum, manyCoins-64).Cmp(most) > 0 {
			t.Fatalf("%d heads are left out, with all below a chance of %v of 2⁶⁴", heads, part)
		}
		choose.Mul(choose, new(big.Int).SetUint64(manyCoins-heads))
		choose.Div(choose, new(big.Int).SetUint64(heads+1))
	}
	for i, up := range c.up[:len(c.up)/2] {
		if mirrored := -c.up[len(c.up)-1-i]; max(up, mirrored)-min(up, mirrored) > 1 {
			t.Fatalf("place %d: %d, mirrored %d", i, up, mirrored)
		}
	}
	if c.heads(0) != c.least || c.heads(1<<63) < manyCoins/2 || c.heads(1<<63-1<<56) > manyCoins/2 || c.heads(^uint64(0)) != manyCoins-c.least {
		t.Errorf("heads from %d to %d", c.heads(0), c.heads(^uint64(0)))
	}
}
