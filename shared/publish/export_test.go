package publish

import "time"

// WithOldBrokers has a publisher use the ledger of brokers that it refuses otherwise.
func WithOldBrokers(cfg Config) Config {
	cfg.untested = true
	return cfg
}

// Age has a publisher believe that it used its connections that much earlier, as one does
// whose process was frozen.
func (p *Publisher) Age(by time.Duration) { p.link.used = p.link.used.Add(-by) }
