// Package app is the Lambda function: trigger in, burst to Kafka, report out.
//
// Start with [Handler.Invoke] (handler.go), one invocation from end to end.
// trigger.go understands what asked for the burst, report.go says what became of it,
// log.go writes the log line and the metrics. [Main] in this file is the composition
// root: nothing below it reads the environment or chooses a clock.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/incidents"
	"salesburst/shared/market"
	"salesburst/shared/publish"
)

// Main runs f as a Lambda function. It never returns; what is wrong in the
// environment ends the process with status 1 and one line in the log.
func Main(f contract.Function) {
	ctx := context.Background()
	h, err := fromEnvironment(ctx, f, os.Getenv, os.Stdout)
	if err != nil {
		newLog(os.Stdout, f, time.Now).failedStart(ctx, err)
		os.Exit(1)
	}
	lambda.StartWithOptions(h)
}

func fromEnvironment(ctx context.Context, f contract.Function,
	getenv func(string) string, out io.Writer) (*Handler, error) {
	s, err := FromEnv(f, getenv)
	m, wrong := openMarket(s.Market, getenv(taskRoot))
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	plan, err := openIncidents(s.Incidents, getenv(taskRoot), m)
	if err != nil {
		return nil, err
	}
	source, err := credentials.FromAWS(ctx, s.SecretARN, time.Now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", contract.EnvSecretARN, err)
	}
	return New(Config{
		Function:    f,
		Settings:    s,
		Market:      m,
		Incidents:   func(time.Time) *incidents.Plan { return plan },
		Credentials: source,
		Broker:      publish.Config{TLS: &tls.Config{MinVersion: tls.VersionTLS12}},
		Now:         time.Now,
		Log:         out,
		Metrics:     out,
	})
}

// taskRoot is the variable in which Lambda says where the function's files are.
const taskRoot = "LAMBDA_TASK_ROOT"

// openMarket returns the market of the built-in catalogue, with what a file changes of its
// figures where there is one. A relative path begins at root.
func openMarket(file, root string) (*market.Market, error) {
	if file == "" {
		m, err := market.New(dataset.Default())
		if err != nil {
			return nil, fmt.Errorf("the catalogue: %w", err)
		}
		return m, nil
	}
	const advice = "deploy a file that is right with -c market=FILE, or take " + contract.EnvMarket +
		" out of the environment"
	text, err := os.ReadFile(below(root, file))
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w; %s", contract.EnvMarket, file, err, advice)
	}
	m, err := market.NewFrom(dataset.Default(), text)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w; %s", contract.EnvMarket, file, err, advice)
	}
	return m, nil
}

// below is a path that begins at root where it is relative.
func below(root, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(root, file)
}

// openIncidents returns the plan of incidents where there is one, whose incidents can happen in the
// market. A relative path begins at root.
func openIncidents(file, root string, m *market.Market) (*incidents.Plan, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(below(root, file))
	var p *incidents.Plan
	if err == nil {
		p, err = m.ReadIncidents(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w; deploy a file that is right with -c incidents=FILE, or take %[1]s out of "+
			"the environment", contract.EnvIncidents, file, err)
	}
	return p, nil
}

// Settings are what a function's environment says.
type Settings struct {
	Topic     string // TOPIC; default contract.DefaultTopic
	SecretARN string // SECRET_ARN; required
	// EVENTS_PER_MINUTE, averaged over a year: 1 to contract.MaxEventsPerMinute, default the function's
	EventsPerMinute int
	Delivery        string // DELIVERY; one of contract.Deliveries, default exactly-once
	Scenario        string // SCENARIO of scheduled bursts; default none
	// MARKET, the file that changes figures of the market; a relative path begins at the function's
	// folder. Default none
	Market string
	// INCIDENTS, the file with what goes wrong in scheduled bursts; likewise
	Incidents string
	Labels    string // LABELS; false: events do not say which scenario touched them. Default true
	Truth     string // TRUTH; false: what incidents did is not published. Default true
}

// deliveries are the promises that the values of DELIVERY stand for.
var deliveries = map[string]publish.Delivery{
	contract.DeliveryIdempotent:    publish.Idempotent,
	contract.DeliveryTransactional: publish.Transactional,
	contract.DeliveryExactlyOnce:   publish.ExactlyOnce,
}

// FromEnv reads the settings of f. The error names every variable that is wrong, its
// value and what is allowed.
func FromEnv(f contract.Function, getenv func(string) string) (Settings, error) {
	or := func(name, otherwise string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	s := Settings{
		Topic:     or(contract.EnvTopic, contract.DefaultTopic),
		SecretARN: getenv(contract.EnvSecretARN),
		Delivery:  or(contract.EnvDelivery, contract.DeliveryExactlyOnce),
		Scenario:  getenv(contract.EnvScenario),
		Market:    getenv(contract.EnvMarket),
		Incidents: getenv(contract.EnvIncidents),
		Labels:    getenv(contract.EnvLabels),
		Truth:     getenv(contract.EnvTruth),
	}
	var errs []error
	if s.SecretARN == "" {
		errs = append(errs, &InvalidSetting{contract.EnvSecretARN, "",
			"the ARN of the secret with the Kafka credentials"})
	}
	rate := or(contract.EnvEventsPerMinute, strconv.Itoa(f.EventsPerMinute))
	n, err := strconv.Atoi(rate)
	if err != nil {
		errs = append(errs, invalidRate(rate))
		n = f.EventsPerMinute // of the rate there is nothing more to say
	}
	s.EventsPerMinute = n
	errs = append(errs, s.check())
	return s, errors.Join(errs...)
}

// InvalidSetting is a value that a function cannot start with. Variable is its name
// in the environment.
type InvalidSetting struct {
	Variable, Value, Allowed string
}

func (e *InvalidSetting) Error() string {
	return fmt.Sprintf("%s %q: allowed is %s", e.Variable, e.Value, e.Allowed)
}

func invalidRate(value string) error {
	return &InvalidSetting{contract.EnvEventsPerMinute, value,
		fmt.Sprintf("a whole number from 1 to %d", contract.MaxEventsPerMinute)}
}

// check holds for settings from wherever they come.
func (s Settings) check() error {
	var errs []error
	if !contract.IsTopic(s.Topic) {
		errs = append(errs, &InvalidSetting{contract.EnvTopic, s.Topic, "1 to 249 characters of A-Z a-z 0-9 . _ -"})
	}
	if s.EventsPerMinute < 1 || s.EventsPerMinute > contract.MaxEventsPerMinute {
		errs = append(errs, invalidRate(strconv.Itoa(s.EventsPerMinute)))
	}
	if _, ok := deliveries[s.Delivery]; !ok {
		errs = append(errs, &InvalidSetting{contract.EnvDelivery, s.Delivery, list(contract.Deliveries())})
	}
	for name, value := range map[string]string{contract.EnvLabels: s.Labels, contract.EnvTruth: s.Truth} {
		if value != "" && value != "true" && value != "false" {
			errs = append(errs, &InvalidSetting{name, value, "true, false"})
		}
	}
	if names := scenarioNames(); s.Scenario != "" && !slices.Contains(names, s.Scenario) {
		errs = append(errs, &InvalidSetting{contract.EnvScenario, s.Scenario, "empty, " + list(names)})
	}
	return errors.Join(errs...)
}

func scenarioNames() []string {
	var names []string
	for _, s := range incidents.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}
