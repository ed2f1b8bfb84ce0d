package market

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"salesburst/shared/market/browsers"
	"salesburst/shared/market/calendar"
	"salesburst/shared/market/checkout"
	"salesburst/shared/market/crowd"
	"salesburst/shared/market/goods"
	"salesburst/shared/parameters"
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
	Seed   uint64
	Demand struct {
		Online, Store calendar.Figures
		Noise         calendar.NoiseFigures
	}
	Stores struct {
		calendar.Hours
		Orders uint64 // a day, of a store
	}
	Customers struct {
		crowd.Figures
		Spends       uint64 // currency units an order, of all customers
		VIPFrom      uint64 `json:"vip_from"`       // currency units spent
		LoyalToBrand uint64 `json:"loyal_to_brand"` // of 100 orders

		// How dear a set they take of two, added to goods.Neutral.
		Power     int64            // the richest; the poorest as much less
		VIPs      int64            `json:"vips"`
		AfterWork uint64           `json:"after_work"` // of 100 orders from the device that is not for the hour
		Devices   map[string]int64 // by the devices' names in the events
	}
	Products goods.Figures
	Vouchers struct {
		Share  uint64 // of 1000 orders
		Values []uint64
	}
	Orders struct {
		TriedAgain   uint64 `json:"tried_again"`   // of 100 that were declined
		FurtherFails uint64 `json:"further_fails"` // of 100 further attempts
		Pause        uint64 // seconds, mean
	}
	Fraud struct {
		InSeries          uint64 `json:"in_series"` // of 100 attempts that are suspected
		Refused           uint64 // of 100 attempts of a series
		Shortest, Longest uint64 // attempts
		Pause             uint64 // seconds, mean
		Dear              int64  // currency units from which on an order is easily suspected
	}
	Browsers browsers.Figures
	Payment  checkout.PaymentFigures
	Sources  []checkout.SourceFigures
	Places   struct {
		Roomy map[string]int64 // by states, added to goods.Neutral
	}
}

// defaults are the figures of the table, which a test compares: to read the table itself takes
// longer than the rest of a function's start.
//
//go:embed defaults.json
var defaults []byte

// DefaultModel has the figures of the table.
func DefaultModel() (*Model, error) {
	m := new(Model)
	if err := json.Unmarshal(defaults, &m.figures); err != nil {
		return nil, err
	}
	return m, m.check()
}

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

// check looks at what belongs together; what is of one package alone, that looks at.
func (m *Model) check() error {
	refuse := func(path string, value any, allowed string) error {
		return &parameters.Invalid{Path: path, Value: fmt.Sprint(value), Allowed: allowed}
	}
	if f := &m.Fraud; f.Shortest > f.Longest {
		return refuse("fraud.shortest", f.Shortest, "at most longest")
	}
	for _, day := range calendar.Weekdays() {
		if h := m.Stores.Open[day]; len(h) == 1 || len(h) == 2 && h[0] >= h[1] {
			return refuse("stores.hours."+day, h, "two hours, as in [10, 21], or an empty list for a day without")
		}
	}
	var activity uint64
	for _, a := range m.Customers.Activity {
		activity += a
	}
	if activity == 0 {
		return refuse("customers.activity", "all 0", "activity of one sixteenth at least")
	}
	return nil
}
