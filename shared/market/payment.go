package market

import (
	"salesburst/shared/prng"
	"salesburst/shared/sale"
)

// method is a way to pay.
type method struct {
	name      string
	text      sale.Text
	fails     uint64 // of 1000 attempts
	failures  []outcome
	byFailure prng.Table
}

// outcome is how a sale ends.
type outcome struct {
	status sale.Status
	reason sale.Text
}

var (
	completed   = outcome{status: sale.Completed}
	gatewayDown = outcome{sale.FailedAPIResponse, sale.NewText("gateway_unavailable")}
)

func newMethod(f methodFigures, reasons []reasonFigures) method {
	m := method{
		name: f.Name, text: sale.NewText(f.Name), fails: f.Fails,
		byFailure: tableOf(reasons, func(r reasonFigures) uint64 { return r.Share }),
	}
	for _, r := range reasons {
		m.failures = append(m.failures, outcome{r.Status, sale.NewText(r.Reason)})
	}
	return m
}
