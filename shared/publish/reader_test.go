package publish_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
	"salesburst/shared/sale"
)

// What is written is read by programs that are not ours, in three languages: a burst that
// was taken back is in the topic for those who ask for all, and for nobody else.
func TestReadersOfOthers(t *testing.T) {
	b, k := realBroker(t), devenv.Shared(t)
	const aborted, n = 40_000, 5_000
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.publisher(t, publish.ExactlyOnce).Publish(ctx, b.key, stallOnce(stream(aborted), 30_000, func() {
		time.Sleep(time.Second) // the chunks before it arrive
		cancel()
	}))
	if err == nil {
		t.Fatal("the first attempt was not taken back: the test shows nothing")
	}
	if _, err := b.publisher(t, publish.ExactlyOnce).Publish(t.Context(), b.key, stream(n)); err != nil {
		t.Fatal(err)
	}
	b.read(t).expectOnce(t, n)
	all := len(b.RecordsUncommitted(t))
	if all <= n {
		t.Fatalf("%d sales are in the topic, aborted ones among them: the first attempt wrote nothing, and the test shows nothing", all)
	}
	for level, want := range map[string]int{"read_committed": n, "read_uncommitted": all} {
		for name, command := range map[string]*exec.Cmd{
			"Java": k.Tool(t.Context(), "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", b.Addrs[0],
				"--consumer.config", k.JavaConfig(devenv.Consumer), "--topic", b.Topic, "--from-beginning", "--isolation-level", level,
				"--group", b.Topic+"-"+level, "--timeout-ms", "20000", "--max-messages", fmt.Sprint(want)),
			"kcat": exec.CommandContext(t.Context(), "kcat", "-F", k.CConfig(devenv.Consumer), "-b", b.Addrs[0], "-C", "-t", b.Topic, "-q", "-e",
				"-X", "isolation.level="+level, "-o", "beginning"),
		} {
			t.Run(name+"/"+level, func(t *testing.T) {
				seen := readLines(t, command)
				if len(seen) != want {
					t.Errorf("%d sales, want %d", len(seen), want)
				}
				if level == "read_committed" {
					seen.expectOnce(t, n)
				}
			})
		}
	}
}

func readLines(t *testing.T, command *exec.Cmd) (ids sequences) {
	t.Helper()
	var message bytes.Buffer
	command.Stderr = &message
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", command.Path, err, message.String())
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var s sale.Sale
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		ids = append(ids, s.TransactionID.Sequence)
	}
	return ids
}

type sequences []uint32

func (s sequences) expectOnce(t *testing.T, n int) {
	t.Helper()
	distinct := make(map[uint32]bool)
	for _, id := range s {
		distinct[id] = true
	}
	if len(distinct) != n || len(s) != n {
		t.Errorf("%d sales, %d of them distinct, want %d", len(s), len(distinct), n)
	}
}
