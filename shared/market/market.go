// Package market is the model of demand.
package market

import "salesburst/dataset"

// Market is the model over one catalogue; safe for concurrent use.
type Market struct{}

// New makes the market of a catalogue.
func New(c *dataset.Catalogue) (*Market, error) { return &Market{}, nil }

// Scenarios returns the known scenarios.
func Scenarios() []Scenario { return nil }

// Scenario is a named disturbance of the market.
type Scenario struct {
	Name    string // as in a trigger
	Summary string // one line for people
}
