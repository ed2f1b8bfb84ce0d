package contract

// MetricsNamespace is where CloudWatch keeps this project's metrics.
const MetricsNamespace = Project

// Metric is one of a function's metrics in CloudWatch.
type Metric struct{ Name, Unit string }

// FunctionDimension is the one dimension of the functions' metrics: the name of the function.
const FunctionDimension = "Function"

// The functions' metrics.
var (
	Bursts  = Metric{"Bursts", "Count"}         // published whole: 1 or 0
	Skipped = Metric{"Skipped", "Count"}        // published by an earlier attempt: 1 or 0
	Errors  = Metric{"Errors", "Count"}         // invocations that returned an error: 1 or 0
	Events  = Metric{"Events", "Count"}         // acknowledged
	InDoubt = Metric{"InDoubt", "Count"}        // events that may or may not be in Kafka
	Failed  = Metric{"Failed", "Count"}         // sales that failed, a part of Events
	Revenue = Metric{"Revenue", "None"}         // of completed sales, in the events' currency
	Bytes   = Metric{"Bytes", "Bytes"}          // of compressed record batches
	Retries = Metric{"Retries", "Count"}        // batches sent again
	Truth   = Metric{"Truth", "Count"}          // records of what incidents did; none where there was none
	Latency = Metric{"Latency", "Milliseconds"} // that publishing took; none where nothing was tried
)

// DataVolumeUsed is the metric of how full Druid's data volume is, in percent, by VolumeDimension.
var DataVolumeUsed = Metric{"DataVolumeUsed", "Percent"}

// VolumeDimension is the dimension of DataVolumeUsed.
const VolumeDimension = "Volume"
