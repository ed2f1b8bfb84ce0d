package market_test

import (
	"fmt"
	"time"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// The conditions of an hour of which only Sony's sets are asked for, and one of its customers.
func ExampleMarket_NewConditions() {
	m, err := market.New(dataset.Default())
	if err != nil {
		fmt.Println(err)
		return
	}
	from := time.Date(2026, 11, 27, 20, 0, 0, 0, time.UTC)
	c, err := m.NewConditions(market.Query{
		Channel: contract.ChannelOnline, From: from, To: from.Add(time.Hour), Mean: 600, Brand: "sony",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var s sale.Sale
	c.Sell(market.Order{Seed: 43}, sale.TimeOf(from), &s)
	fmt.Println(s.Brand, "sold in", s.City, "for", s.TotalAmount)

	_, err = m.NewConditions(market.Query{Channel: contract.ChannelStore, PaymentMethod: "Cheque"})
	fmt.Println(err)
	// Output:
	// Sony sold in Seattle for 239.40
	// payment_method "Cheque": allowed is Credit Card, Debit Card, Cash, Apple Pay, Gift Card
}
