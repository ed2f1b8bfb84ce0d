// Package contract has every name and limit that two places must agree on: the code, the CDK app, what runs on
// the instance, and the documents.
package contract

import "time"

// Channel is the way a sale reaches the customer.
type Channel string

// The channels, as they stand in the field order_type.
const (
	ChannelOnline Channel = "online"
	ChannelStore  Channel = "in_store"
)

// Function is one deployed producer.
type Function struct {
	Name            string  // folder below functions, and the function's name in AWS
	Channel         Channel // what it sells
	EventsPerMinute int     // default of EVENTS_PER_MINUTE, an average over the year
}

// The producers.
var (
	Online = Function{Name: "online", Channel: ChannelOnline, EventsPerMinute: 600}
	Store  = Function{Name: "store", Channel: ChannelStore, EventsPerMinute: 120}
)

// Functions lists the producers in the order in which people read them.
func Functions() []Function { return []Function{Online, Store} }

// FunctionOf returns the producer of a channel; the zero value for none.
func FunctionOf(c Channel) (of Function) {
	for _, f := range Functions() {
		if f.Channel == c {
			of = f
		}
	}
	return of
}

// Where the sales go and how they are dated.
const (
	DefaultTopic = "ecommerce-topic-1"
	Partitions   = 6           // default number of partitions of a topic made by this project
	Slot         = time.Minute // period of the schedule, and the time that one scheduled burst covers
)

// The topic's setting that has Kafka keep the time at which a sale arrived, and count its
// age from there: what is late can be seen then, and an old sale is not deleted at once.
const (
	TimestampType = "message.timestamp.type"
	OfArrival     = "LogAppendTime"
)

// Limits of an order. A larger spike is cut into several bursts.
const (
	MaxEvents          = 10_000_000     // events in one burst, or in one shard of it
	MaxSpike           = 100_000_000    // events in all shards of a burst
	MaxShards          = 10_000         // of a burst
	MaxStages          = 100            // of a burst
	MaxEventsPerMinute = 1_000_000      // EVENTS_PER_MINUTE
	MaxOver            = 24 * time.Hour // time that one burst may cover
	MinOver            = time.Second
	MaxIDLength        = 64 // characters of a manual burst's id
)

// What a function promises of a burst, as values of DELIVERY; see package publish.
const (
	DeliveryIdempotent    = "idempotent"
	DeliveryTransactional = "transactional"
	DeliveryExactlyOnce   = "exactly-once" // the default
)

// Deliveries lists the values of DELIVERY, each a superset of the one before.
func Deliveries() []string {
	return []string{DeliveryIdempotent, DeliveryTransactional, DeliveryExactlyOnce}
}

// ClockTolerance is how far ahead of a function's clock a time may be that it is given: the
// clocks of those who ask differ from its own by less. It waits for such a time.
const ClockTolerance = 10 * time.Second

// DeadlineMargin is kept free at the end of an invocation for the report.
const DeadlineMargin = 2 * time.Second

// Names of a function's environment variables.
const (
	EnvTopic           = "TOPIC"
	EnvSecretARN       = "SECRET_ARN"
	EnvEventsPerMinute = "EVENTS_PER_MINUTE"
	EnvDelivery        = "DELIVERY"
	EnvScenario        = "SCENARIO"
	EnvMarket          = "MARKET"
	EnvIncidents       = "INCIDENTS"
	EnvLabels          = "LABELS"
	EnvTruth           = "TRUTH"
)

// What the names of other topics have behind that of the topic: of that with the bursts' twins, and of that with the
// truth of their incidents.
const (
	TwinSuffix  = "-twin"
	TruthSuffix = "-truth"
)

// Files beside a deployed function's binary: what changes figures of the market, and the plan of incidents.
const (
	MarketFile    = "market.json"
	IncidentsFile = "incidents.json"
)
