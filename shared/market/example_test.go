package market_test

import (
	"fmt"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// The conditions of an hour in which Sony's sets are on sale, and one of its customers.
func ExampleMarket_NewConditions() {
	m, err := market.New(dataset.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	from := time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)
	c, err := m.NewConditions(market.Query{
		Channel: contract.ChannelOnline, From: from, To: from.Add(time.Hour), Scenario: "flash-sale", Brand: "sony",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var s sale.Sale
	c.Sell(market.Order{Seed: 43}, sale.TimeOf(from), &s)
	fmt.Println(s.Brand, "sold in", s.City, "for", s.TotalAmount)

	_, err = m.NewConditions(market.Query{Channel: contract.ChannelStore, Scenario: "christmas"})
	fmt.Println(err)
	// Output:
	// Sony sold in Sacramento for 930.59
	// scenario "christmas": allowed is flash-sale, payment-outage
}
