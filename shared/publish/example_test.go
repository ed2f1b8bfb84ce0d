package publish_test

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// sofas is a burst of sales of one product, a second apart.
type sofas struct {
	from time.Time
	n    int
}

func (s sofas) Len() int { return s.n }

func (s sofas) At(i int, into *sale.Sale) {
	*into = sale.Sale{
		TransactionID: sale.TransactionID{Burst: sale.BurstID([]byte("sofas0000001")), Sequence: uint32(i)},
		OrderID:       sale.TransactionID{Burst: sale.BurstID([]byte("sofas0000001")), Sequence: uint32(i)},
		Attempt:       1,
		CustomerID:    sale.CustomerID(i),
		ProductName:   sale.NewText("Three-seat sofa"),
		Price:         79_900, // cents
		Quantity:      1,
		TotalAmount:   79_900,
		Status:        sale.Completed,
		Timestamp:     sale.Time(s.from.Add(time.Duration(i) * time.Second).UnixMilli()),
	}
}

// A burst that is asked for twice is stored once.
func ExamplePublisher_Publish() {
	broker, err := kfake.NewCluster(kfake.SeedTopics(6, "sales")) // for your own: its addresses
	if err != nil {
		fmt.Println(err)
		return
	}
	defer broker.Close()
	p, err := publish.New(publish.Config{Brokers: broker.ListenAddrs(), Topic: "sales", Delivery: publish.ExactlyOnce})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	minute := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	key := publish.Key{Series: "sofas", Number: minute.Unix() / 60}
	for range 2 {
		res, err := p.Publish(ctx, key, sofas{minute, 60})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d sales of %v published, skipped: %v\n", res.Events, res.Revenue, res.Skipped)
	}
	// Output:
	// 60 sales of 47940.00 published, skipped: false
	// 0 sales of 0.00 published, skipped: true
}
