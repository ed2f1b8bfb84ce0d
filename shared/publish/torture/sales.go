package main

import (
	"fmt"
	"time"

	"salesburst/shared/sale"
)

// id is that of the burst's sales.
func (b *burst) id() (id sale.BurstID) {
	copy(id[:], fmt.Sprintf("t%011d", b.number))
	return id
}

// sales are a burst as one attempt sends it. Each sale bears the attempt's number as its
// quantity, so that a reader can tell whose it is.
type sales struct {
	Burst   sale.BurstID
	N       int
	Attempt int
	Dated   time.Time     // of all of them
	Slow    time.Duration // pause in the middle
}

// Len implements publish.Stream.
func (s sales) Len() int { return s.N }

// At implements publish.Stream.
func (s sales) At(i int, into *sale.Sale) {
	if s.Slow > 0 && i == s.N/2 {
		time.Sleep(s.Slow)
	}
	price := sale.Cents(10_000 + i%50_000)
	*into = sale.Sale{
		TransactionID: sale.TransactionID{Burst: s.Burst, Sequence: uint32(i)},
		OrderID:       sale.TransactionID{Burst: s.Burst, Sequence: uint32(i)},
		Attempt:       1,
		CustomerID:    sale.CustomerID(uint32(i) * 2654435761 % 250_000),
		ProductName:   sale.NewText(`Samsung - 65" Class QN90B Neo QLED 4K Smart Tizen TV`),
		Price:         price,
		TotalAmount:   price * sale.Cents(s.Attempt),
		Quantity:      int64(s.Attempt),
		Status:        sale.Status(i % 2),
		Timestamp:     sale.TimeOf(s.Dated),
	}
}
