package market

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"salesburst/shared/parameters"
	"salesburst/shared/sale"
)

//go:embed model.schema.json
var schema []byte

// Schema is the table of the market's figures: a JSON Schema, with which editors complete and
// check a file for [ReadModel].
func Schema() []byte { return schema }

var table = sync.OnceValues(func() (*parameters.Table, error) { return parameters.New(schema) })

// Template is a file for [ReadModel] with all figures as they are, and what each of them means.
func Template() (string, error) {
	t, err := table()
	if err != nil {
		return "", err
	}
	return t.Template("The market of salesburst. Keep what you change, and take out the rest: " +
		"objects are merged with what is here, lists are replaced whole."), nil
}

// Model is the figures of a market.
type Model struct {
	figures
	hash [sha256.Size]byte // of the figures; zeros for the default
}

// figures is model.schema.json in Go: whole numbers, in units of multipleOf.
type figures struct {
	Demand    map[string]struct{ Hours curve }
	Customers struct {
		Known         uint64
		VIPShare      uint64 `json:"vip_share"`
		VIPOrders     uint64 `json:"vip_orders"`
		NewOrders     uint64 `json:"new_orders"`
		LoyalToBrand  uint64 `json:"loyal_to_brand"`
		LoyalToMethod uint64 `json:"loyal_to_method"`
	}
	Products struct {
		Brands       map[string]uint64
		OtherBrands  uint64 `json:"other_brands"`
		SmallestSize int64  `json:"smallest_usual_size"`
		LargestSize  int64  `json:"largest_usual_size"`
	}
	Prices struct {
		Vouchers       uint64
		VoucherValues  []uint64 `json:"voucher_values"`
		Pairs, Triples uint64
	}
	Payment struct {
		Online, Store []methodFigures
		Reasons       map[string][]reasonFigures
	}
	Sources []sourceFigures
	Places  struct {
		Zones          struct{ Eastern, Central, Mountain, Pacific uint64 } // of 1000
		PeoplePerStore uint64                                               `json:"people_per_store"`
		Radius         int64                                                // ten-thousandths of a degree
	}
	Scenarios struct {
		FlashSale struct {
			Demand   int
			Attracts int
			LeastOff uint64 `json:"least_off"`
			MostOff  uint64 `json:"most_off"`
		} `json:"flash_sale"`
		PaymentOutage struct{ Breaks int } `json:"payment_outage"`
	}
}

type sourceFigures struct {
	Name       string
	Share      uint64
	Commission uint64 // of 10,000
}

type methodFigures struct {
	Name    string
	Share   uint64
	Fails   uint64 // of 1000 attempts
	Reasons string
}

type reasonFigures struct {
	Status sale.Status
	Reason string
	Share  uint64
}

// DefaultModel has the figures of the table.
func DefaultModel() (*Model, error) { return newModel(nil) }

// ReadModel returns the default with what a file changes of it. Its error is a
// *[parameters.Invalid], or says in which line the file is no JSON.
func ReadModel(text []byte) (*Model, error) {
	m, err := newModel(text)
	if err != nil {
		return nil, err
	}
	own, err := json.Marshal(m.figures)
	if err != nil {
		return nil, err
	}
	d, err := DefaultModel()
	if err != nil {
		return nil, err
	}
	if standard, err := json.Marshal(d.figures); err != nil || string(standard) == string(own) {
		return m, err
	}
	m.hash = sha256.Sum256(own)
	return m, nil
}

func newModel(text []byte) (*Model, error) {
	t, err := table()
	if err != nil {
		return nil, err
	}
	m := new(Model)
	if err := t.Read(text, &m.figures); err != nil {
		return nil, err
	}
	return m, m.check()
}

// check looks at what belongs together.
func (m *Model) check() error {
	refuse := func(path string, value any, allowed string) error {
		return &parameters.Invalid{Path: path, Value: fmt.Sprint(value), Allowed: allowed}
	}
	c, p, s := &m.Customers, &m.Products, &m.Scenarios.FlashSale
	switch {
	case c.VIPOrders+c.NewOrders > 100:
		return refuse("customers.new_orders", c.NewOrders, "at most 100 together with vip_orders")
	case p.SmallestSize > p.LargestSize:
		return refuse("products.smallest_usual_size", p.SmallestSize, "at most largest_usual_size")
	case m.Prices.Pairs+m.Prices.Triples > 100:
		return refuse("prices.triples", m.Prices.Triples, "at most 100 together with pairs")
	case s.LeastOff > s.MostOff:
		return refuse("scenarios.flash_sale.least_off", s.LeastOff, "at most most_off")
	}
	for _, name := range []string{"online", "store"} {
		hours := m.Demand[name].Hours
		if sum(hours[:], func(n uint64) uint64 { return n }) == 0 {
			return refuse("demand."+name+".hours", "all 0", "demand in one hour at least")
		}
	}
	z := m.Places.Zones
	if z.Eastern+z.Central+z.Mountain+z.Pacific == 0 {
		return refuse("places.zones", "all 0", "people in one zone at least")
	}
	if sum(m.Sources, func(s sourceFigures) uint64 { return s.Share }) == 0 {
		return refuse("sources", "no shares", "a share above 0 in one of them at least")
	}
	for name, reasons := range m.Payment.Reasons {
		if sum(reasons, func(r reasonFigures) uint64 { return r.Share }) == 0 {
			return refuse("payment.reasons."+name, "no shares", "a share above 0 in one of them at least")
		}
	}
	for name, methods := range map[string][]methodFigures{"online": m.Payment.Online, "store": m.Payment.Store} {
		if sum(methods, func(m methodFigures) uint64 { return m.Share }) == 0 {
			return refuse("payment."+name, "no shares", "a share above 0 in one of them at least")
		}
		seen := make(map[string]bool)
		for i, f := range methods {
			path := fmt.Sprintf("payment.%s[%d].", name, i)
			if _, ok := m.Payment.Reasons[f.Reasons]; !ok {
				return refuse(path+"reasons", f.Reasons, "a name in payment.reasons")
			}
			if seen[f.Name] {
				return refuse(path+"name", f.Name, "each name once")
			}
			seen[f.Name] = true
		}
	}
	return nil
}

func sum[T any](all []T, of func(T) uint64) (total uint64) {
	for _, v := range all {
		total += of(v)
	}
	return total
}
