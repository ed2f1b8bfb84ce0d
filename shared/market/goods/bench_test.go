package goods_test

import (
	"testing"

	"salesburst/dataset"
	"salesburst/shared/market/goods"
	"salesburst/shared/prng"
)

func BenchmarkNew(b *testing.B) {
	f := figures()
	for b.Loop() {
		if _, err := goods.New(dataset.Default().Products, f, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// An offer of a day in Black Friday's week is the slowest.
func BenchmarkOn(b *testing.B) {
	g := market(b, dataset.Default().Products, figures(), 1)
	b.ReportAllocs()
	day := blackFriday2026
	for b.Loop() {
		g.On(day, false)
		if day += 4; day > blackFriday2026+4 { // the same place of those that are kept
			day = blackFriday2026
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	o := market(b, dataset.Default().Products, figures(), 1).On(blackFriday2026, false)
	var r prng.Rand = 1
	for b.Loop() {
		o.Draw(&r, goods.Neutral)
	}
}

func BenchmarkQuantity(b *testing.B) {
	g := market(b, dataset.Default().Products, figures(), 1)
	var r prng.Rand = 1
	for b.Loop() {
		g.Quantity(499_99, r.Next())
	}
}

func BenchmarkLargeCatalogue(b *testing.B) {
	g := market(b, large(100_000), figures(), 1)
	b.ReportAllocs()
	day := int32(20_000)
	for b.Loop() {
		g.On(day, false)
		day++
	}
}
