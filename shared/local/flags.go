package local

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/credentials"
)

// Environment variables of a broker that exists.
const (
	EnvServers  = "BOOTSTRAP_SERVERS"
	EnvUsername = "SASL_USERNAME"
	EnvPassword = "SASL_PASSWORD"
)

// Limits of the flags.
const (
	maxHistory = 7 * 24 * time.Hour
	maxSpeed   = 3600
)

// options are what the command line and the environment ask for.
type options struct {
	history    time.Duration // whole slots, up to maxHistory
	speed      float64       // 1 to maxSpeed
	once       bool
	snapshot   string   // folder for pictures; empty: none
	listen     string   // host:port
	catalogue  string   // path; empty: the built-in one
	rejects    string   // path, for what the catalogue has that cannot be used; empty: none
	market     string   // path of a file that changes the market's figures; empty: none
	template   bool     // print such a file with all of them, and end
	incidents  string   // path of a file with what goes wrong; empty: nothing
	truth      string   // path, for what the incidents did; empty: none
	truthTopic bool     // publish it too, to the topic of truth
	twin       bool     // publish what would be without them too
	out        string   // path; - for standard output; empty: none
	brokers    []string // host:port; none: the embedded broker
	stack      bool     // real servers instead of it
	topic      string
	username   string
	password   credentials.Secret
}

// usageError is a command line that cannot be followed.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem + "; see -h" }

const help = `Live retail sales on this machine: the functions of the cloud, a Kafka broker and
live dashboards, with nothing to install.

  go run ./functions/local                     dashboards on http://%[1]s
  go run ./functions/local -history 24h        start with a whole day of sales
  go run ./functions/local -speed 60           watch the last 6 hours again, a minute a second
  go run ./functions/local -once               publish, read all of it back, count, end
  go run ./functions/local -once -out - | jq   every event as a line of JSON
  go run ./functions/local -snapshot pictures  write each dashboard as a picture, end
  go run ./functions/local -stack              real Kafka and real Druid; takes Java, Maven, nginx

How good a detector of incidents is, with -incidents and -truth below, and when the alert rules of
the dashboards would have fired, to compare it with:

  go run ./functions/local score -h
  go run ./functions/local alerts -h

A spike, as with aws lambda invoke, while it runs:

  curl -d '{"events":50000}' %[1]s/invoke/online
  curl -d '{"events":5000,"brand":"Samsung","over":"30s"}' %[1]s/invoke/store

An incident from now on; the page has a form for it, and the plan and the truth as files:

  curl -d scenario=bot-traffic -d for=30m %[1]s/incidents

The dashboards are those that Grafana gets: the same panels and the same queries, drawn
here. /sales shows what is sold, /pipeline whether all of it arrives.

Each function publishes one burst a minute: the sales of the minute before. /sales shows
them one minute late, so that it moves every second. A spike appears at once and unfolds
over the next minute.

With a broker that exists (TLS is on where there are credentials):

  export SASL_USERNAME=key SASL_PASSWORD=secret
  go run ./functions/local -brokers pkc-1.example.confluent.cloud:9092 -topic sales
  go run ./functions/local -brokers localhost:9092

Flags:
  -history DURATION  sales before the start, up to 168h (6h; 0 for none)
  -speed N           1: publish the history at once, then live. More, up to 3600: the
                     clock starts at the beginning of the history and runs N times as
                     fast until it has caught up with the present, then live. Nothing
                     is ever dated in the future (1)
  -once              publish the history, read it back, print what was found and end:
                     status 0 only if nothing is missing and nothing is duplicated
  -snapshot FOLDER   publish the history, write each dashboard as PNG, light and dark,
                     into the folder, and end
  -listen ADDRESS    of the page (%[1]s)
  -catalogue FILE    what is sold, as CSV (the 551 TV sets that are built in): TV sets or, with
                     a column CATEGORY, other goods, in one currency (US dollars). Rows that
                     cannot be used are left out, and the first ten are shown;
                     dataset/README.md has the columns
  -rejects FILE      write all that cannot be used of -catalogue, as CSV: line, column, value,
                     reason
  -market FILE       change the market: who buys what when, prices, failures, shops. JSON with
                     comments, of the figures that are to be others; cdk deploy -c market=FILE
                     gives it to the functions in the cloud
  -market-template   print such a file with all figures, their units, ranges and sources
  -incidents FILE    what goes wrong, and when: JSON, as in
                     {"incidents":[{"scenario":"price-error","from":"18:00","to":"18:20"}]};
                     shared/incidents/README.md has the scenarios and what they take
  -truth FILE        write what the incidents did to each burst, a line of JSON each: the
                     answers for a detector. They are also in the topic NAME-truth, each record in
                     the transaction of its burst
  -truth-topic=false not there
  -twin              publish what would be without the incidents too, to the topic NAME-twin
  -out FILE          write every event that was read back as a line of JSON; - is
                     standard output, and then nothing else is written there
  -brokers LIST      host:port, with commas between ($BOOTSTRAP_SERVERS, or a broker
                     inside this program)
  -topic NAME        (%[2]s)
  -stack             start Apache Kafka and Apache Druid on this machine, as they are
                     deployed, say where they are, and draw the dashboards from Druid
                     through its gateway: takes a minute, and 4 GB of memory

Environment: SASL_USERNAME and SASL_PASSWORD for -brokers, and what the functions read
in the cloud: EVENTS_PER_MINUTE (an average of the year), SCENARIO, LABELS, TRUTH, DELIVERY.
`

const defaultListen = "127.0.0.1:8080"

// parseFlags reads the command line. It prints the help where that was asked for,
// and returns flag.ErrHelp then; other errors are a *usageError.
func parseFlags(args []string, getenv func(string) string, stdout io.Writer) (options, error) {
	var o options
	var brokers, speed string
	f := flag.NewFlagSet("local", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.DurationVar(&o.history, "history", 6*time.Hour, "")
	f.StringVar(&speed, "speed", "1", "")
	f.BoolVar(&o.once, "once", false, "")
	f.StringVar(&o.snapshot, "snapshot", "", "")
	f.StringVar(&o.listen, "listen", defaultListen, "")
	f.StringVar(&o.catalogue, "catalogue", "", "")
	f.StringVar(&o.rejects, "rejects", "", "")
	f.StringVar(&o.market, "market", "", "")
	f.BoolVar(&o.template, "market-template", false, "")
	f.StringVar(&o.incidents, "incidents", "", "")
	f.StringVar(&o.truth, "truth", "", "")
	f.BoolVar(&o.truthTopic, "truth-topic", true, "")
	f.BoolVar(&o.twin, "twin", false, "")
	f.StringVar(&o.out, "out", "", "")
	f.StringVar(&brokers, "brokers", getenv(EnvServers), "")
	f.BoolVar(&o.stack, "stack", false, "")
	f.StringVar(&o.topic, "topic", contract.DefaultTopic, "")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, help, defaultListen, contract.DefaultTopic)
		return o, flag.ErrHelp
	case err != nil:
		return o, &usageError{err.Error()}
	case f.NArg() > 0:
		return o, &usageError{fmt.Sprintf("%q is not a flag", f.Arg(0))}
	}
	o.username, o.password = getenv(EnvUsername), credentials.New(getenv(EnvPassword))
	var err error
	if o.speed, err = strconv.ParseFloat(speed, 64); err != nil {
		return o, wrong("speed", speed, speedRange)
	}
	if o.brokers, err = splitBrokers(brokers); err != nil {
		return o, err
	}
	return o, o.check()
}

// ends reports whether the program ends by itself, without a page where people plan incidents.
func (o *options) ends() bool { return o.once || o.snapshot != "" }

var speedRange = fmt.Sprintf("a number from 1 to %d", maxSpeed)

func (o *options) check() error {
	switch {
	case o.history < 0 || o.history > maxHistory:
		return wrong("history", o.history.String(), "a duration from 0 to 168h, as in 6h or 90m")
	case o.history%contract.Slot != 0:
		return wrong("history", o.history.String(), "whole minutes")
	case o.once && o.history == 0:
		return wrong("history", o.history.String(), "a minute or more where there is -once")
	case !(o.speed >= 1 && o.speed <= maxSpeed):
		return wrong("speed", strconv.FormatFloat(o.speed, 'g', -1, 64), speedRange)
	case o.snapshot != "" && o.history == 0:
		return wrong("history", o.history.String(), "a minute or more where there is -snapshot")
	case o.once && o.snapshot != "":
		return &usageError{"-once and -snapshot do not go together: each ends the program in its own way"}
	case o.snapshot != "" && o.speed != 1:
		return &usageError{"-snapshot and -speed do not go together: -snapshot is as fast as it can be"}
	case o.once && o.speed != 1:
		return &usageError{"-once and -speed do not go together: -once is as fast as it can be"}
	case o.speed > 1 && o.history == 0:
		return &usageError{"-speed without -history has nothing to catch up with"}
	case o.stack && len(o.brokers) > 0:
		return &usageError{"-stack and -brokers do not go together: -stack starts a broker of its own"}
	case o.truth != "" && o.incidents == "" && o.ends():
		return &usageError{"-truth says what -incidents did: name a file of them"}
	case o.truth != "" && o.truth != "-" && (filepath.Clean(o.truth) == filepath.Clean(o.incidents) ||
		filepath.Clean(o.truth) == filepath.Clean(o.out)):
		return &usageError{"-truth would overwrite -incidents or -out: name another file"}
	case o.truth == "-" && o.out == "-":
		return &usageError{"-truth and -out would both write to the standard output: name a file for one of them"}
	case o.twin && o.incidents == "" && o.ends():
		return &usageError{"-twin is what would be without -incidents: name a file of them"}
	case o.rejects != "" && o.catalogue == "":
		return &usageError{"-rejects says what is wrong with a -catalogue: name one"}
	case o.rejects != "" && filepath.Clean(o.rejects) == filepath.Clean(o.catalogue):
		return &usageError{"-rejects would overwrite the -catalogue: name another file"}
	case o.topic == "":
		return wrong("topic", o.topic, "a name")
	case (o.username == "") != (o.password.Reveal() == ""):
		return &usageError{fmt.Sprintf("%s and %s are needed together", EnvUsername, EnvPassword)}
	}
	if _, _, err := net.SplitHostPort(o.listen); err != nil {
		return wrong("listen", o.listen, "host:port, as in "+defaultListen)
	}
	return nil
}

func wrong(name, value, allowed string) error {
	return &usageError{fmt.Sprintf("-%s %q: allowed is %s", name, value, allowed)}
}

func splitBrokers(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	brokers := strings.Split(list, ",")
	for i, b := range brokers {
		b = strings.TrimPrefix(strings.TrimSpace(b), "SASL_SSL://")
		host, port, err := net.SplitHostPort(b)
		if err != nil || host == "" || port == "" {
			return nil, wrong("brokers", list, "host:port, with commas between")
		}
		brokers[i] = b
	}
	return brokers, nil
}
