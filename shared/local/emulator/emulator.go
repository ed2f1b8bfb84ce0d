/*
Package emulator runs the functions of the cloud in this process: the handlers that are
deployed, the schedule that invokes them, and the time that both live by.

Start with [Open], which makes the functions, and [Schedule], which invokes them.
*/
package emulator

import (
	"crypto/tls"
	"io"

	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// instances is how many of each function there are. The history is published by all of
// them at the same time, and a long spike takes one of them and leaves the others to the
// schedule.
const instances = 2

// Config is what the functions need.
type Config struct {
	Settings    map[string]app.Settings // by the function's name, for each of contract.Functions
	Market      *market.Market
	Incidents   *Incidents         // of the scheduled bursts
	Twin        bool               // publish them without incidents too
	Truth       func([]sale.Truth) // gets what they did to each burst; called concurrently; may be nil
	Credentials app.Credentials
	TLS         *tls.Config // of the brokers; nil: plain text
	Clock       *Clock
	Report      func(app.Report) // gets the report of each burst; called concurrently
}

// Open makes the functions that run in the cloud too; only where their settings and
// credentials come from differs. It connects to nothing. Its error is an
// *app.InvalidSetting. closeAll closes their connections.
func Open(c Config) (functions []*Function, closeAll func(), err error) {
	var handlers []*app.Handler
	closeAll = func() {
		for _, h := range handlers {
			h.Close()
		}
	}
	for _, f := range contract.Functions() {
		function := &Function{f.Name, make(chan handler, instances), c.Report}
		for range instances {
			h, err := app.New(app.Config{
				Function:    f,
				Settings:    c.Settings[f.Name],
				Market:      c.Market,
				Incidents:   c.Incidents.Of,
				Truth:       c.Truth,
				Twin:        c.Twin,
				Credentials: c.Credentials,
				Broker:      publish.Config{TLS: c.TLS},
				Now:         c.Clock.Now,
				Log:         io.Discard, // what goes wrong comes back as an error
				Metrics:     io.Discard,
			})
			if err != nil {
				closeAll()
				return nil, nil, err
			}
			handlers = append(handlers, h)
			function.idle <- h
		}
		functions = append(functions, function)
	}
	return functions, closeAll, nil
}
