// Package sale holds the sales event: its fields, its money in whole cents, and
// its JSON. Start with [Sale]; [Sale.AppendJSON] is its fast way to text.
package sale

import "reflect"

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

// Fields is the number of a sale's fields.
const Fields = 31

// Mark tells of a field's value where it ends, counted from the begin of the slice that was
// appended to, and a hash of it: the same values have the same, others hardly ever.
type Mark struct{ End, Hash uint32 }

// Marks are those of a sale's fields in their order.
type Marks [Fields]Mark

// AppendJSON appends the JSON form of s to b and returns the longer slice. The
// bytes are those that encoding/json's Marshal writes. It allocates nothing
// where b has room; a sale takes 600 to 900 bytes.
func (s *Sale) AppendJSON(b []byte) []byte {
	var marks Marks
	return s.AppendMarked(b, &marks)
}

// AppendMarked is AppendJSON, and tells where the values are.
func (s *Sale) AppendMarked(b []byte, marks *Marks) []byte {
	b = append(b, `{"transaction_id":"`...)
	b = s.TransactionID.append(b)
	b = append(b, '"')
	marks[0] = Mark{uint32(len(b)), s.TransactionID.Sequence}
	b = append(b, `,"customer_id":"`...)
	b = s.CustomerID.Append(b)
	b = append(b, '"')
	marks[1] = Mark{uint32(len(b)), uint32(s.CustomerID)}
	b = append(b, `,"product_name":`...)
	b = s.ProductName.append(b)
	marks[2] = Mark{uint32(len(b)), s.ProductName.hash}
	b = append(b, `,"category":`...)
	b = s.Category.append(b)
	marks[3] = Mark{uint32(len(b)), s.Category.hash}
	b = append(b, `,"price":`...)
	b = s.Price.append(b)
	marks[4] = Mark{uint32(len(b)), uint32(s.Price)}
	b = append(b, `,"total_amount":`...)
	b = s.TotalAmount.append(b)
	marks[5] = Mark{uint32(len(b)), uint32(s.TotalAmount)}
	b = append(b, `,"currency":`...)
	b = s.Currency.append(b)
	marks[6] = Mark{uint32(len(b)), s.Currency.hash}
	b = append(b, `,"quantity":`...)
	b = appendInt(b, s.Quantity)
	marks[7] = Mark{uint32(len(b)), uint32(s.Quantity)}
	b = append(b, `,"payment_method":`...)
	b = s.PaymentMethod.append(b)
	marks[8] = Mark{uint32(len(b)), s.PaymentMethod.hash}
	b = append(b, `,"status":"`...)
	b = append(b, s.Status.String()...)
	b = append(b, '"')
	marks[9] = Mark{uint32(len(b)), uint32(s.Status)}
	b = append(b, `,"order_type":`...)
	b = s.OrderType.append(b)
	marks[10] = Mark{uint32(len(b)), s.OrderType.hash}
	b = append(b, `,"city":`...)
	b = s.City.append(b)
	marks[11] = Mark{uint32(len(b)), s.City.hash}
	b = append(b, `,"country":`...)
	b = s.Country.append(b)
	marks[12] = Mark{uint32(len(b)), s.Country.hash}
	b = append(b, `,"device":`...)
	b = s.Device.append(b)
	marks[13] = Mark{uint32(len(b)), s.Device.hash}
	b = append(b, `,"brand":`...)
	b = s.Brand.append(b)
	marks[14] = Mark{uint32(len(b)), s.Brand.hash}
	b = append(b, `,"screen_size":`...)
	b = appendInt(b, s.ScreenSize)
	marks[15] = Mark{uint32(len(b)), uint32(s.ScreenSize)}
	b = append(b, `,"display_type":`...)
	b = s.DisplayType.append(b)
	marks[16] = Mark{uint32(len(b)), s.DisplayType.hash}
	b = append(b, `,"resolution":`...)
	b = s.Resolution.append(b)
	marks[17] = Mark{uint32(len(b)), s.Resolution.hash}
	b = append(b, `,"latitude":`...)
	b = s.Latitude.append(b)
	marks[18] = Mark{uint32(len(b)), uint32(s.Latitude)}
	b = append(b, `,"longitude":`...)
	b = s.Longitude.append(b)
	marks[19] = Mark{uint32(len(b)), uint32(s.Longitude)}
	b = append(b, `,"source":`...)
	b = s.Source.append(b)
	marks[20] = Mark{uint32(len(b)), s.Source.hash}
	b = append(b, `,"timestamp":"`...)
	b = s.Timestamp.append(b)
	b = append(b, '"')
	marks[21] = Mark{uint32(len(b)), uint32(s.Timestamp)}
	b = append(b, `,"os":`...)
	b = s.OS.append(b)
	marks[22] = Mark{uint32(len(b)), s.OS.hash}
	b = append(b, `,"state":`...)
	b = s.State.append(b)
	marks[23] = Mark{uint32(len(b)), s.State.hash}
	b = append(b, `,"user_agent":`...)
	b = s.UserAgent.append(b)
	marks[24] = Mark{uint32(len(b)), s.UserAgent.hash}
	b = append(b, `,"discount":`...)
	b = s.Discount.append(b)
	marks[25] = Mark{uint32(len(b)), uint32(s.Discount)}
	b = append(b, `,"commission":`...)
	b = s.Commission.append(b)
	marks[26] = Mark{uint32(len(b)), uint32(s.Commission)}
	b = append(b, `,"failure_reason":`...)
	b = s.FailureReason.append(b)
	marks[27] = Mark{uint32(len(b)), s.FailureReason.hash}
	b = append(b, `,"store_id":`...)
	b = s.StoreID.append(b)
	marks[28] = Mark{uint32(len(b)), s.StoreID.hash}
	b = append(b, `,"customer_type":`...)
	b = s.CustomerType.append(b)
	marks[29] = Mark{uint32(len(b)), s.CustomerType.hash}
	b = append(b, `,"scenario":`...)
	b = s.Scenario.append(b)
	marks[30] = Mark{uint32(len(b)), s.Scenario.hash}
	return append(b, '}')
}

// FieldNames are the names of a sale's fields, in their order.
func FieldNames() []string {
	t := reflect.TypeFor[Sale]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("json")
	}
	return names
}
