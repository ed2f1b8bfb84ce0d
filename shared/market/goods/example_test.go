package goods_test

import (
	"fmt"
	"time"

	"salesburst/dataset"
	"salesburst/shared/market/goods"
	"salesburst/shared/prng"
)

func Example() {
	g, err := goods.New(dataset.Default().Products, figures(), 1)
	if err != nil {
		panic(err)
	}
	thanksgiving := time.Date(2026, time.November, 26, 0, 0, 0, 0, time.UTC)
	offer := g.On(int32(thanksgiving.Unix()/(24*60*60)), false)
	r := prng.New(42, 0)
	for range 3 {
		i := offer.Draw(&r, goods.Neutral)
		now, list := offer.Price(i)
		fmt.Printf("%d of %s: %s instead of %s, %s\n",
			g.Quantity(now, r.Next()), g.Products()[i].Name, now, list, offer.Promotion(i))
	}
	// Output:
	// 1 of Amazon - 43" Class Ember 4 Series LED 4K UHD Smart Fire TV: 182.99 instead of 239.99, Black Friday
	// 1 of VIZIO - 40" Class Start Line LED Full HD SmartCast TV: 138.99 instead of 179.99, Black Friday
	// 2 of LG - 65" Class Linea 75 Series LED 4K UHD Smart webOS TV: 437.99 instead of 549.99, Black Friday
}
