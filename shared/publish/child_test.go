package publish_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"salesburst/shared/devenv/tlscert"
	"salesburst/shared/publish"
)

const envChild = "SALESBURST_TEST_ATTEMPT"

// attempt is one that is made by a process of its own, which can be killed and frozen.
type attempt struct {
	Brokers        []string
	CA             []byte
	User, Password string
	Topic, Beside  string
	Delivery       publish.Delivery
	Key            publish.Key
	From, Events   int
	StallAt        int           // event at which it says so and waits for a line; 0: none
	Timeout        time.Duration // 0: a minute
}

func TestMain(m *testing.M) {
	if text := os.Getenv(envChild); text != "" {
		if err := child(text); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func child(text string) error {
	var a attempt
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return err
	}
	p, err := publish.New(publish.Config{
		Brokers: a.Brokers, Topic: a.Topic, Beside: a.Beside, TLS: tlscert.Trust(a.CA),
		Credentials: &publish.Credentials{Username: a.User, Password: a.Password}, Delivery: a.Delivery,
	})
	if err != nil {
		return err
	}
	if a.Timeout == 0 {
		a.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), a.Timeout)
	defer cancel()
	var s publish.Stream = shifted{stream(a.Events), a.From}
	if a.StallAt > 0 {
		s = stallOnce(s, a.StallAt, func() {
			fmt.Println("stalled")
			bufio.NewScanner(os.Stdin).Scan()
		})
	}
	res, err := publisher{p}.Publish(ctx, a.Key, s)
	if err == nil {
		fmt.Println("published", res.Events)
	}
	return err
}

func (b *broker) attempt(d publish.Delivery, number int64, n int) attempt {
	return attempt{Brokers: b.Addrs, CA: b.CA, User: b.User, Password: b.Password, Topic: b.Topic, Beside: b.Beside,
		Delivery: d, Key: publish.Key{Series: b.Topic, Number: number}, Events: n}
}

// running is such a process.
type running struct {
	*exec.Cmd
	lines *bufio.Scanner
	reply func()
}

func (a attempt) start(t *testing.T) *running {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envChild+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &running{cmd, bufio.NewScanner(out), func() { fmt.Fprintln(in) }}
}

// line waits for the process's next line of that beginning.
func (r *running) line(t *testing.T, want string) {
	t.Helper()
	if !r.lines.Scan() || !strings.HasPrefix(r.lines.Text(), want) {
		t.Fatalf("the attempt said %q, want %s…", r.lines.Text(), want)
	}
}
