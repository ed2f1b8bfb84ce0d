package contract

import (
	"fmt"
	"regexp"
)

// Project is the name of what stands once in an account or a cluster.
const Project = "salesburst"

// Prefix begins the names in AWS and in Kafka that are this project's, so that rights can name them.
const Prefix = Project + "-"

// FunctionName is the function's name in AWS.
func (f Function) FunctionName() string { return Prefix + f.Name }

// SpikeName is the name in AWS of the function for spikes, and of its state machine.
func (f Function) SpikeName() string { return Prefix + f.Name + "-spike" }

// TopicPattern is how Kafka lets a topic be called, but for "." and "..".
const TopicPattern = `^[A-Za-z0-9._-]{1,249}$`

// IsTopic reports whether a topic may be called so.
func IsTopic(name string) bool { return topic.MatchString(name) && name != "." && name != ".." }

var topic = regexp.MustCompile(TopicPattern)

// IsID reports whether a request's burst may be called so.
func IsID(id string) bool { return validID.MatchString(id) }

var validID = regexp.MustCompile(fmt.Sprintf(`^[A-Za-z0-9._-]{1,%d}$`, MaxIDLength))
