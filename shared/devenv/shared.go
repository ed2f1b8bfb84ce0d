package devenv

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// EnvState is the variable by which the commands under shared/devenv/run find the
// servers: the path of a file with their addresses.
const EnvState = "SALESBURST_STACK"

// TB is what of testing.TB is needed here.
type TB interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
}

// own are the servers that this process has started because there were none to share.
var (
	ownKafka = sync.OnceValues(func() (*Kafka, error) { return StartKafka(context.Background(), KafkaConfig{}) })
	ownDruid = sync.OnceValues(func() (*Druid, error) {
		k, err := shared()
		if err != nil {
			return nil, err
		}
		return StartDruid(context.Background(), DruidConfig{Kafka: k})
	})
)

// state is what Share writes down.
type state struct {
	Kafka *Kafka
	Druid *Druid         `json:",omitempty"`
	PIDs  map[string]int `json:",omitempty"` // of Druid's servers
}

// Shared is a Kafka of one broker for all tests. The tests do not change it: they use
// topics and ids of their own. Without the one of shared/devenv/run it is this process's
// own, which ends with it.
func Shared(t TB) *Kafka {
	t.Helper()
	k, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func shared() (*Kafka, error) {
	s, err := readState()
	if err != nil || s.Kafka != nil {
		return s.Kafka, err
	}
	return ownKafka()
}

// SharedDruid is the same for Druid, which reads from the shared Kafka. Each test uses a
// topic, and so a table, of its own.
func SharedDruid(t TB) *Druid {
	t.Helper()
	s, err := readState()
	d := s.Druid
	if err == nil && d == nil {
		d, err = ownDruid()
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Running are the servers of shared/devenv/run, nil where this process does not run under it.
func Running() (*Kafka, *Druid, error) {
	s, err := readState()
	return s.Kafka, s.Druid, err
}

// sharedVersion is that of the Kafka of shared/devenv/run, for the clusters that a test
// beside it starts for itself.
func sharedVersion() (string, error) {
	s, err := readState()
	if err != nil || s.Kafka == nil {
		return KafkaVersion, err
	}
	return s.Kafka.Version, nil
}

func readState() (s state, err error) {
	file := os.Getenv(EnvState)
	if file == "" {
		return state{}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return state{}, fmt.Errorf("%s: %w; do the servers run?", EnvState, err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return state{}, fmt.Errorf("%s: %s: %w", EnvState, file, err)
	}
	if s.Druid != nil {
		s.Druid.Kafka, s.Druid.pids = s.Kafka, s.PIDs
	}
	return s, nil
}

// Share writes down where the servers are, and returns what a command's environment
// needs so that Shared and SharedDruid find them. Druid may be nil.
func Share(k *Kafka, d *Druid) (env string, err error) {
	s := state{Kafka: k, Druid: d}
	if d != nil {
		s.PIDs = d.running()
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	file := filepath.Join(k.Dir, "state.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	return EnvState + "=" + file, nil
}
