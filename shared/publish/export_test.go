package publish

import "time"

// WithOldBrokers has a publisher use the ledger of brokers that it refuses otherwise.
func WithOldBrokers(cfg Config) Config {
	cfg.oldBrokers = true
	return cfg
}

// Age has a publisher believe that it used its connections that much earlier, as one does
// whose process was frozen.
func (p *Publisher) Age(by time.Duration) { p.session.used = p.session.used.Add(-by) }
