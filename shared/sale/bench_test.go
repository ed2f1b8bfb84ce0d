package sale_test

import (
	"math/rand/v2"
	"testing"

	"salesburst/shared/sale"
)

// BenchmarkAppendMarked writes sales that are there already.
func BenchmarkAppendMarked(b *testing.B) {
	r := rand.New(rand.NewPCG(11, 12))
	sales := make([]sale.Sale, 256)
	for i := range sales {
		sales[i] = randomSale(r)
	}
	var marks sale.Marks
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf = sales[i%len(sales)].AppendMarked(buf[:0], &marks)
	}
}
