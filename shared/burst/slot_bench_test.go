package burst_test

import (
	"testing"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
)

// BenchmarkSlot is what a schedule's burst costs before its first event is there.
func BenchmarkSlot(b *testing.B) {
	m := newMarket(b)
	for n := 0; b.Loop(); n++ {
		o := with(slot(contract.Online), func(o *burst.Request) { o.At, o.Mean = noon.Add(time.Duration(n%600)*time.Minute), 3 })
		if _, err := burst.New(m, o); err != nil {
			b.Fatal(err)
		}
	}
}
