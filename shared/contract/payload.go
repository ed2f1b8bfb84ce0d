package contract

// Fields of a schedule's payload.
const (
	FieldScheduledTime = "scheduled_time" // RFC 3339
	FieldScheduleARN   = "schedule_arn"
)

// Fields of the payload of a person's request, or of a shard of it.
const (
	FieldEvents        = "events"
	FieldStages        = "stages"
	FieldScenario      = "scenario"
	FieldBrand         = "brand"
	FieldProduct       = "product"
	FieldCity          = "city"
	FieldPaymentMethod = "payment_method"
	FieldIncidents     = "incidents"
	FieldTwin          = "twin"
	FieldAt            = "at"   // RFC 3339
	FieldOver          = "over" // a duration as Go writes it
	FieldID            = "id"
	FieldShard         = "shard"
	FieldOf            = "of"
)

// ScheduleFields and RequestFields are the fields of the two kinds of payload.
var (
	ScheduleFields = []string{FieldScheduledTime, FieldScheduleARN}
	RequestFields  = []string{FieldEvents, FieldStages, FieldScenario, FieldBrand, FieldProduct, FieldCity,
		FieldPaymentMethod, FieldIncidents, FieldTwin, FieldAt, FieldOver, FieldID, FieldShard, FieldOf}
)

// Fields of a stage beside FieldOver, of which it has one.
const (
	StagePerSecond = "per_second" // events in each of its seconds
	StageTo        = "to"         // events per second at its end
)

// StageOverPattern is how a stage says its time: in whole hours, minutes and seconds, as in 30s, 5m and
// 1h30m. It matches nothing at all, too.
const StageOverPattern = `^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$`

// ReportBurstID is the field of a function's report that the state machine reads.
const ReportBurstID = "burst_id"

// RequestMark stands in the text of a function's error before the payload that asks for the same burst
// again, which ends the text.
const RequestMark = ". Order: "

// InvalidTrigger is the name of the error that no retry of the same payload can help: Lambda makes it of
// the name of the error's type, and the state machine branches on it.
const InvalidTrigger = "InvalidTrigger"

// Fields of a secret with a key of Kafka.
const (
	SecretServers   = "bootstrap_servers" // host:port,host:port
	SecretKey       = "api_key"
	SecretKeySecret = "api_secret"
)
