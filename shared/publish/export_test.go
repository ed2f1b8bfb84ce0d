package publish

// WithOldBrokers has a publisher use the ledger of brokers that it refuses otherwise.
func WithOldBrokers(cfg Config) Config {
	cfg.untested = true
	return cfg
}
