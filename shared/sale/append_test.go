package sale

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Each half of eight digits is cut alone: all of them, with all carries between them.
func TestDigits(t *testing.T) {
	for half := range uint64(10_000) {
		for _, n := range []uint64{half, half * 10_000, half*10_000 + 9999, 9999_0000 + half, half * 10_001} {
			text := digits8(n) | zeros
			for i, want := range fmt.Sprintf("%08d", n) {
				if got := rune(text >> (8 * i) & 0xff); got != want {
					t.Fatalf("digit %d of %08d is %q", i, n, got)
				}
			}
		}
	}
}

// Numbers of each length, and those beside them, are written as the library writes them.
func TestNumbersAreWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var all []int64
	for n := int64(1); n < math.MaxInt64/10; n *= 10 {
		all = append(all, n-1, n, n+1, r.Int64N(n), 9*r.Int64N(n)+n)
	}
	for _, n := range all {
		for _, n := range []int64{n, -n} {
			sign, abs := "", n
			if n < 0 {
				sign, abs = "-", -n
			}
			check := func(what, got, want string) {
				t.Helper()
				if got != want {
					t.Errorf("%s %d is written %s, want %s", what, n, got, want)
				}
			}
			check("amount", Cents(n).String(), fmt.Sprintf("%s%d.%02d", sign, abs/100, abs%100))
			var b block
			check("count", string(b[:putCount(&b, n)]), fmt.Sprint(n))
			if abs < 10_000_0000 {
				b = block{}
				check("degree", string(b[:putDegrees(&b, Degrees(n))]), fmt.Sprintf("%s%d.%04d", sign, abs/10_000, abs%10_000))
			}
			if 0 <= n && n < 100_000_000 {
				id := TransactionID{BurstID([]byte("abcdefghijkl")), uint32(n)}
				check("transaction", id.String(), fmt.Sprintf("abcdefghijkl-%08d", n))
			}
			if 0 <= n && n < 1_000_000_000_000 {
				check("customer", CustomerID(n).String(), fmt.Sprintf("CUST-%012d", n))
			}
		}
	}
}

// A text of any length stands in front of what follows it.
func TestTextsOfAllLengths(t *testing.T) {
	for size := range 3 * longSize {
		text := strings.Repeat("x", size)
		s := Sale{ProductName: NewText(text), Scenario: NewText(text)}
		json := string(s.AppendJSON(nil))
		if !strings.Contains(json, `"product_name":"`+text+`","category":""`) || !strings.HasSuffix(json, `"scenario":"`+text+`"}`) {
			t.Fatalf("%d bytes are written in %s", size, json)
		}
	}
}
