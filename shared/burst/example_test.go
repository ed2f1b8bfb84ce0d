package burst_test

import (
	"fmt"
	"time"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// The same request is the same burst, in whatever process: its id, how many sales it has and each of them.
func ExampleNew() {
	m, err := market.New(dataset.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := burst.New(m, burst.Request{
		Channel: contract.ChannelStore, Origin: "rehearsal", At: time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC),
		Over: time.Minute, Mean: 12,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(b.ID(), "has", b.Len(), "sales; the first:")
	var s sale.Sale
	b.At(0, &s)
	fmt.Println(s.TransactionID, s.StoreID, s.ProductName, s.Status)
	// Output:
	// odxgg665ikqk has 73 sales; the first:
	// odxgg665ikqk-00000000 STORE-DE-01-01 LG - 43" Class Nova 75 Series QNED 4K UHD Smart webOS TV COMPLETED
}
