package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// EnvState is the variable by which the commands under shared/stack/run find the
// servers: the path of a file with their addresses.
const EnvState = "SALESBURST_STACK"

// TB is what of testing.TB is needed here.
type TB interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
}

// own is the cluster that this process has started because there was none to share.
var own = sync.OnceValues(func() (*Kafka, error) { return StartKafka(context.Background(), KafkaConfig{}) })

// Shared is a Kafka of one broker for all tests. The tests do not change it: they use
// topics and ids of their own. Without the one of shared/stack/run it is this process's
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
	file := os.Getenv(EnvState)
	if file == "" {
		return own()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; do the servers run?", EnvState, err)
	}
	k := new(Kafka)
	if err := json.Unmarshal(text, k); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", EnvState, file, err)
	}
	return k, nil
}

// Share writes down where the servers are, and returns what a command's environment
// needs so that Shared finds them.
func (k *Kafka) Share() (env string, err error) {
	text, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	file := filepath.Join(k.Dir, "state.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", err
	}
	return EnvState + "=" + file, nil
}
