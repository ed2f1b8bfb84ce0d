package sale

import "math"

//go:generate go run ./generate

// Fields are the event's fields in the order of its JSON. From this table `go generate ./shared/sale`
// makes the struct [Sale], its encoder, the decoder (shared/local), the column store's layout
// (shared/local/columnstore), Druid's dimensions (druid-ec2/spec/supervisor.json) and what the documents say of
// the event. shared/README.md shows how a field is added.
var Fields = [...]Field{
	{Name: "transaction_id", Kind: KindTransaction, Example: `"p222rm7v3ros-00000000"`, Unique: true,
		Means: "the burst's id, a dash and the number in the burst, from 0 without gaps"},
	{Name: "order_id", Kind: KindTransaction, Example: `"p222rm7v3ros-00000000"`, Unique: true,
		Means: "the order: the transaction_id of the first attempt to pay it"},
	{Name: "attempt", Kind: KindCount, Unit: "attempts", Least: 1, Most: 3, Example: `1`,
		Means: "which attempt to pay the order it is"},
	{Name: "customer_id", Kind: KindCustomer, Example: `"CUST-000000378000"`, Unique: true,
		Means: "who buys; also the key of the Kafka record"},
	{Name: "product_name", Kind: KindText,
		Example: `"Samsung - 43\" Class Lumen 90 Series Neo QLED 4K UHD Smart Tizen TV"`,
		Means:   "the product, as the catalogue names it"},
	{Name: "category", Kind: KindText, Example: `"TV"`, Like: "product_name",
		Means: "what kind of product it is: TV, or as the catalogue has it, as in Laptop"},
	{Name: "price", Kind: KindCents, Unit: "currency", Least: 1, Most: 100_000_000, Example: `1099.99`,
		Like: "product_name", Means: "of one piece at that moment, before the discount"},
	{Name: "list_price", Kind: KindCents, Unit: "currency", Least: 1, Most: 100_000_000, Example: `1099.99`,
		Like: "product_name", Means: "of one piece without the promotion"},
	{Name: "promotion", Kind: KindText, Example: `""`, Like: "product_name",
		Means: "the promotion that the product is in, as in Black Friday; empty: none"},
	{Name: "total_amount", Kind: KindCents, Unit: "currency", Most: math.MaxInt64, Example: `880.00`,
		Means: "price × quantity − discount, to the cent, whatever the status"},
	{Name: "currency", Kind: KindText, Unit: "ISO 4217", Example: `"USD"`,
		Means: "of all amounts of the sale: USD, or as the catalogue has it"},
	{Name: "quantity", Kind: KindCount, Unit: "pieces", Least: 1, Most: math.MaxInt32, Example: `1`,
		Means: "how many are bought"},
	{Name: "payment_method", Kind: KindText, Example: `"Google Pay"`, Means: "how it is paid"},
	{Name: "status", Kind: KindStatus, Example: `"COMPLETED"`, Values: statusNames[:],
		Means: "how the sale ended"},
	{Name: "order_type", Kind: KindText, Example: `"online"`, Values: []string{"online", "in_store"},
		Means: "where it is bought"},
	{Name: "city", Kind: KindText, Example: `"Philadelphia"`, Means: "of the buyer, or of the store"},
	{Name: "country", Kind: KindText, Example: `"USA"`, Values: []string{"USA"}, Like: "city",
		Means: "of the city"},
	{Name: "device", Kind: KindText, Example: `"Desktop"`,
		Means: "what it is bought with: Desktop, Mobile, Tablet; POS in a store"},
	{Name: "brand", Kind: KindText, Example: `"Samsung"`, Like: "product_name",
		Means: "of the product"},
	{Name: "screen_size", Kind: KindCount, Unit: "inches", Least: 0, Most: 150, Example: `43`,
		Like: "product_name", Means: "the screen's diagonal, 10 or more; 0 where the catalogue tells none"},
	{Name: "display_type", Kind: KindText, Example: `"Neo QLED"`, Like: "product_name",
		Means: "of a TV set LED, QLED, OLED, …; empty where the catalogue tells none"},
	{Name: "resolution", Kind: KindText, Example: `"4K UHD"`, Like: "product_name",
		Means: "of a TV set HD, Full HD, 4K UHD or 8K UHD; empty where the catalogue tells none"},
	{Name: "latitude", Kind: KindDegrees, Unit: "degrees", Least: -90_0000, Most: 90_0000,
		Example: `39.9772`, Unique: true, Means: "of the buyer, or of the store, north of the equator"},
	{Name: "longitude", Kind: KindDegrees, Unit: "degrees", Least: -180_0000, Most: 180_0000,
		Example: `-75.1608`, Unique: true, Means: "likewise, east of Greenwich"},
	{Name: "source", Kind: KindText, Example: `"Facebook"`,
		Means: "what brought the buyer: Search, Direct, Email, Facebook, …; Organic in a store"},
	{Name: "timestamp", Kind: KindTime, Unit: "ISO 8601", Example: `"2026-11-24T17:59:00.017Z"`, Unique: true,
		Means: "in the minute that the burst covers; also the record's timestamp, and Druid's __time"},
	{Name: "os", Kind: KindText, Example: `"Tizen"`, Like: "product_name",
		Means: "of the product; empty where the catalogue tells none"},
	{Name: "state", Kind: KindText, Unit: "two letters", Example: `"PA"`, Like: "city",
		Means: "of the city"},
	{Name: "user_agent", Kind: KindText,
		Example: `"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ` +
			`(KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"`,
		Means: "of the browser, as the device has it; empty in a store"},
	{Name: "discount", Kind: KindCents, Unit: "currency", Most: math.MaxInt64, Example: `219.99`,
		Means: "off the whole order"},
	{Name: "commission", Kind: KindCents, Unit: "currency", Most: math.MaxInt64, Example: `26.40`,
		Means: "the marketing partner's share; 0 unless completed by way of a partner"},
	{Name: "failure_reason", Kind: KindText, Example: `""`,
		Means: "says more finely than the status why it failed; empty when completed"},
	{Name: "store_id", Kind: KindText, Example: `""`, Means: "the store; empty online"},
	{Name: "customer_type", Kind: KindText, Example: `"vip"`, Values: []string{"new", "returning", "vip"},
		Means: "how well the shop knows the buyer: new with the first order, vip who has spent much"},
	{Name: "scenario", Kind: KindText, Example: `""`,
		Means: "the scenario that touched the sale last; empty in normal traffic"},
}

// Arrival is a column that Druid and the column store add to the fields.
var Arrival = Field{
	Name: "seconds_to_arrive", Kind: KindCount, Unit: "seconds", Least: math.MinInt32, Most: math.MaxInt32,
	Example: `1`, Means: "from the sale to its arrival in Kafka; not in the event, Druid computes it",
}

// Field is all that is said about one field of the event.
type Field struct {
	Name        string   // in the JSON, in Druid and in the column store; Sale's field is named after it
	Kind        Kind     // which type it has
	Unit        string   // of a number, or the norm of a text; empty: none
	Least, Most int64    // the range of a number, in the unit that Sale counts in, as cents
	Values      []string // all texts that there are; nil: they are not listed
	Means       string   // what it says, in a few words
	Example     string   // as it stands in the JSON; those of all fields are one sale

	// Hints for the compression.
	Unique bool   // hardly two sales have the same value
	Like   string // the earlier field that decides on this one's value, as a product on its brand
}

// Kind is the type that a field has in Sale, in Druid and in the column store.
type Kind int

// The kinds.
const (
	KindText Kind = iota
	KindCents
	KindCount
	KindDegrees
	KindStatus
	KindTime // one field, which is Druid's __time
	KindTransaction
	KindCustomer // one field
)

// Druid is the type of such a column there.
func (k Kind) Druid() string {
	switch k {
	case KindCents, KindDegrees:
		return "double"
	case KindCount:
		return "long"
	case KindTime:
		return "timestamp"
	}
	return "string"
}
