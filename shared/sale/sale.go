// Package sale holds the sales event: its fields, its money in whole cents, and
// its JSON. Start with [Sale]; [Sale.AppendJSON] is its fast way to text.
package sale

// Sale is one attempt to buy a TV set, completed or failed. Its JSON form is the
// value of the Kafka record: one object in UTF-8 without white space, the
// fields in the order given here.
type Sale struct {
	TransactionID TransactionID `json:"transaction_id"` // <burst id>-<sequence>
	CustomerID    CustomerID    `json:"customer_id"`    // the record's key
	ProductName   Text          `json:"product_name"`
	Category      Text          `json:"category"`     // "TV"
	Price         Cents         `json:"price"`        // of one piece, before the discount
	TotalAmount   Cents         `json:"total_amount"` // Price × Quantity − Discount, whatever the status
	Currency      Text          `json:"currency"`     // ISO 4217, "USD"
	Quantity      int64         `json:"quantity"`     // pieces, 1 or more
	PaymentMethod Text          `json:"payment_method"`
	Status        Status        `json:"status"`
	OrderType     Text          `json:"order_type"` // "online" or "in_store"
	City          Text          `json:"city"`
	Country       Text          `json:"country"`
	Device        Text          `json:"device"`
	Brand         Text          `json:"brand"`
	ScreenSize    int64         `json:"screen_size"`  // inches, 10 to 150
	DisplayType   Text          `json:"display_type"` // LED, QLED, OLED, …
	Resolution    Text          `json:"resolution"`   // HD, Full HD, 4K UHD, 8K UHD
	Latitude      Degrees       `json:"latitude"`
	Longitude     Degrees       `json:"longitude"`
	Source        Text          `json:"source"`    // marketing source: Facebook, Influencer_1, Organic, …
	Timestamp     Time          `json:"timestamp"` // also the record's timestamp

	OS            Text  `json:"os"`             // of the TV set; empty where it has none
	State         Text  `json:"state"`          // two letters
	UserAgent     Text  `json:"user_agent"`     // agrees with Device; empty in a store
	Discount      Cents `json:"discount"`       // off the whole order
	Commission    Cents `json:"commission"`     // the marketing partner's share, in Currency
	FailureReason Text  `json:"failure_reason"` // empty when completed
	StoreID       Text  `json:"store_id"`       // empty online
	CustomerType  Text  `json:"customer_type"`  // new, returning, vip
	Scenario      Text  `json:"scenario"`       // empty in normal traffic
}

// Revenue is TotalAmount where the sale was completed and zero elsewhere.
func (s *Sale) Revenue() Cents {
	if s.Status == Completed {
		return s.TotalAmount
	}
	return 0
}

// AppendJSON appends the JSON form of s to b and returns the longer slice. The
// bytes are those that encoding/json's Marshal writes. It allocates nothing
// where b has room; a sale takes 600 to 900 bytes.
func (s *Sale) AppendJSON(b []byte) []byte {
	b = append(b, `{"transaction_id":"`...)
	b = s.TransactionID.append(b)
	b = append(b, `","customer_id":"`...)
	b = s.CustomerID.Append(b)
	b = append(b, `","product_name":`...)
	b = s.ProductName.append(b)
	b = append(b, `,"category":`...)
	b = s.Category.append(b)
	b = append(b, `,"price":`...)
	b = s.Price.append(b)
	b = append(b, `,"total_amount":`...)
	b = s.TotalAmount.append(b)
	b = append(b, `,"currency":`...)
	b = s.Currency.append(b)
	b = append(b, `,"quantity":`...)
	b = appendInt(b, s.Quantity)
	b = append(b, `,"payment_method":`...)
	b = s.PaymentMethod.append(b)
	b = append(b, `,"status":"`...)
	b = append(b, s.Status.String()...)
	b = append(b, `","order_type":`...)
	b = s.OrderType.append(b)
	b = append(b, `,"city":`...)
	b = s.City.append(b)
	b = append(b, `,"country":`...)
	b = s.Country.append(b)
	b = append(b, `,"device":`...)
	b = s.Device.append(b)
	b = append(b, `,"brand":`...)
	b = s.Brand.append(b)
	b = append(b, `,"screen_size":`...)
	b = appendInt(b, s.ScreenSize)
	b = append(b, `,"display_type":`...)
	b = s.DisplayType.append(b)
	b = append(b, `,"resolution":`...)
	b = s.Resolution.append(b)
	b = append(b, `,"latitude":`...)
	b = s.Latitude.append(b)
	b = append(b, `,"longitude":`...)
	b = s.Longitude.append(b)
	b = append(b, `,"source":`...)
	b = s.Source.append(b)
	b = append(b, `,"timestamp":"`...)
	b = s.Timestamp.append(b)
	b = append(b, `","os":`...)
	b = s.OS.append(b)
	b = append(b, `,"state":`...)
	b = s.State.append(b)
	b = append(b, `,"user_agent":`...)
	b = s.UserAgent.append(b)
	b = append(b, `,"discount":`...)
	b = s.Discount.append(b)
	b = append(b, `,"commission":`...)
	b = s.Commission.append(b)
	b = append(b, `,"failure_reason":`...)
	b = s.FailureReason.append(b)
	b = append(b, `,"store_id":`...)
	b = s.StoreID.append(b)
	b = append(b, `,"customer_type":`...)
	b = s.CustomerType.append(b)
	b = append(b, `,"scenario":`...)
	b = s.Scenario.append(b)
	return append(b, '}')
}
