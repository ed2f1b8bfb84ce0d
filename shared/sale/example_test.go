package sale_test

import (
	"encoding/json"
	"fmt"

	"salesburst/shared/sale"
)

// A sale is a line of JSON, and the line is the sale again. Money is in cents here, and has
// two decimals there; what is not set is empty or 0.
func ExampleSale_AppendJSON() {
	s := sale.Sale{
		TransactionID: sale.TransactionID{Burst: sale.BurstID([]byte("sofas0000001")), Sequence: 7},
		OrderID:       sale.TransactionID{Burst: sale.BurstID([]byte("sofas0000001")), Sequence: 7},
		Attempt:       1,
		ProductName:   sale.NewText("Three-seat \"Oslo\" sofa"),
		Price:         79_900,
	}
	line := s.AppendJSON(nil)
	fmt.Printf("%.121s…\n", line)

	var again sale.Sale
	if err := json.Unmarshal(line, &again); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.ProductName, again.Price, again == s)
	// Output:
	// {"transaction_id":"sofas0000001-00000007","order_id":"sofas0000001-00000007","attempt":1,"customer_id":"CUST-000000000000…
	// Three-seat "Oslo" sofa 799.00 true
}
