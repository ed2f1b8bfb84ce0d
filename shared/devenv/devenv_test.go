package devenv_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkatest"
)

const envOwner = "SALESBURST_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(envOwner) != "" {
		own()
	}
	os.Exit(m.Run())
}

// own is a process that starts Kafka and then ends as its input says.
func own() {
	k, err := devenv.StartKafka(context.Background(), devenv.KafkaConfig{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(k.Dir, k.Broker(0).PID())
	bufio.NewScanner(os.Stdin).Scan()
	panic("as a test does")
}

func needsKafka(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real Kafka, which takes a while to start")
	}
}

// However the owner ends, its servers end with it and leave nothing.
func TestNothingIsLeftBehind(t *testing.T) {
	needsKafka(t)
	for name, end := range map[string]func(owner *exec.Cmd, in *os.File){
		"panic":  func(_ *exec.Cmd, in *os.File) { fmt.Fprintln(in) },
		"killed": func(owner *exec.Cmd, _ *os.File) { _ = owner.Process.Signal(syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			r, in, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			owner := exec.CommandContext(t.Context(), os.Args[0])
			owner.Env, owner.Stdin = append(os.Environ(), envOwner+"=1"), r
			out, err := owner.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := owner.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Scan()
			dir, number, _ := strings.Cut(lines.Text(), " ")
			pid, err := strconv.Atoi(number)
			if err != nil {
				t.Fatalf("the owner said %q", lines.Text())
			}
			if _, err := os.Stat(dir); err != nil || syscall.Kill(pid, 0) != nil {
				t.Fatalf("folder %s: %v; process %d: %v", dir, err, pid, syscall.Kill(pid, 0))
			}
			end(owner, in)
			_ = owner.Wait()
			for start := time.Now(); ; time.Sleep(50 * time.Millisecond) {
				_, err := os.Stat(dir)
				if os.IsNotExist(err) && !alive(pid) {
					return
				}
				if time.Since(start) > time.Minute {
					t.Fatalf("a minute later: folder %s: %v; process %d alive: %v", dir, err, pid, alive(pid))
				}
			}
		})
	}
}

// alive tells whether a process runs; one that has ended and that nobody has asked about does not.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(status), ") Z ")
}

// A command that is attached can be frozen and killed as a server can; what is left of
// them when the cluster stops ends with it.
func TestAttached(t *testing.T) {
	needsKafka(t)
	k, err := devenv.StartKafka(t.Context(), devenv.KafkaConfig{})
	if err != nil {
		t.Fatal(err)
	}
	attach := func() *devenv.Process {
		t.Helper()
		p, err := k.Attach(exec.Command("sleep", "600"))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	killed, thawed, frozen := attach(), attach(), attach()
	for _, do := range []func() error{killed.Kill, thawed.Freeze, thawed.Thaw, frozen.Freeze} {
		if err := do(); err != nil {
			t.Error(err)
		}
	}
	<-killed.Ended()
	if !alive(thawed.PID()) || !alive(frozen.PID()) || alive(killed.PID()) {
		t.Errorf("alive: thawed %v, frozen %v, killed %v", alive(thawed.PID()), alive(frozen.PID()), alive(killed.PID()))
	}
	if err := k.Stop(); err != nil {
		t.Error(err)
	}
	<-thawed.Ended()
	<-frozen.Ended()
}

func TestRightsAreAsked(t *testing.T) {
	needsKafka(t)
	b := kafkatest.NewTopic(t, devenv.Shared(t))
	produce := func(user devenv.User, password string) error {
		other := *b
		other.User, other.Password = string(user), password
		client := other.Dial(t, kgo.DefaultProduceTopic(b.Topic), kgo.RecordRetries(2))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		return client.ProduceSync(ctx, kgo.StringRecord("{}")).FirstErr()
	}
	users := devenv.Shared(t).Users
	if err := produce(devenv.Producer, users[devenv.Producer]); err != nil {
		t.Errorf("the producer: %v", err)
	}
	if err := produce(devenv.Consumer, users[devenv.Consumer]); err == nil || !strings.Contains(err.Error(), "AUTHORIZATION") {
		t.Errorf("the consumer may write: %v", err)
	}
	if err := produce(devenv.Producer, "wrong"); err == nil || !strings.Contains(err.Error(), "SASL") {
		t.Errorf("a wrong password: %v", err)
	}
}

// What is killed and started again has what it had.
func TestKilledAndStarted(t *testing.T) {
	needsKafka(t)
	k, err := devenv.StartKafka(t.Context(), devenv.KafkaConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.Stop(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(k.Dir); !os.IsNotExist(err) {
			t.Errorf("folder %s: %v", k.Dir, err)
		}
	}()
	b := kafkatest.NewTopic(t, k)
	client := b.Dial(t, kgo.DefaultProduceTopic(b.Topic))
	produce := func() {
		t.Helper()
		if err := client.ProduceSync(t.Context(), kgo.StringRecord("{}")).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	produce()
	for name, again := range map[string][2]func() error{
		"killed": {k.Broker(0).Kill, k.Broker(0).Start}, "frozen": {k.Broker(0).Freeze, k.Broker(0).Thaw}, "stopped": {k.Broker(0).Stop, k.Broker(0).Start},
	} {
		for _, do := range again {
			if err := do(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := k.Await(t.Context(), 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		produce()
	}
	if out, err := k.Tool(t.Context(), "org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server", b.Addrs[0],
		"--command-config", k.JavaConfig(devenv.Admin), "--topic", b.Topic).Output(); err != nil || sum(t, string(out)) != 4 {
		t.Errorf("offsets %q, error %v, want 4 in all", out, err)
	}
}

// sum adds the offsets of lines such as topic:0:17.
func sum(t *testing.T, text string) (total int) {
	t.Helper()
	for line := range strings.Lines(text) {
		n, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndex(line, ":")+1:]))
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

// What is missing is named, with how to get it.
func TestMissingPrograms(t *testing.T) {
	script := func(t *testing.T, name, text string) string {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct {
		path func(t *testing.T) string
		want string
	}{
		"no Java":  {func(t *testing.T) string { return t.TempDir() }, "apt-get install openjdk-17-jre-headless"},
		"old Java": {func(t *testing.T) string { return script(t, "java", `echo 'openjdk version "11.0.2"' >&2`) }, "is Java 11, and 17 or newer is needed"},
		"no Maven": {func(t *testing.T) string { return script(t, "java", `echo 'openjdk version "21"' >&2`) }, "apt-get install maven"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", c.path(t))
			t.Setenv("JAVA_HOME", "")
			t.Setenv("XDG_CACHE_HOME", t.TempDir())
			_, err := devenv.StartKafka(t.Context(), devenv.KafkaConfig{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want …%s…", err, c.want)
			}
		})
	}
}

// Two processes that need the files for the first time do not get in each other's way.
func TestFetchedByTwoAtOnce(t *testing.T) {
	needsKafka(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			k, err := devenv.StartKafka(t.Context(), devenv.KafkaConfig{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := k.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Run passes on what its command says, and stops the servers. Kafka is of the version that
// it was asked for, and so is what is started beside it.
func TestRun(t *testing.T) {
	needsKafka(t)
	program := filepath.Join(t.TempDir(), "run")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "salesburst/shared/devenv/run").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const version = "3.9.1"
	cmd := exec.CommandContext(t.Context(), program, "kafka="+version, "--", program, "--",
		"sh", "-c", `cat "$`+devenv.EnvState+`" >&2; dirname "$`+devenv.EnvState+`"; exit 7`)
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("status %d (%v), want the command's", cmd.ProcessState.ExitCode(), err)
	}
	if text := message.String(); strings.Count(text, "starting Kafka "+version) != 2 || !strings.Contains(text, `"Version":"`+version+`"`) {
		t.Errorf("want Kafka %s twice: %s", version, text)
	}
	dir := strings.TrimSpace(string(out))
	if _, err := os.Stat(dir); dir == "" || !os.IsNotExist(err) {
		t.Errorf("folder %q: %v", dir, err)
	}
}

// A version that cannot be is said so before anything is fetched.
func TestVersionThatIsNone(t *testing.T) {
	_, err := devenv.StartKafka(t.Context(), devenv.KafkaConfig{Version: "newest"})
	if err == nil || !strings.Contains(err.Error(), `version "newest" of Kafka: want one such as 4.1.1`) {
		t.Errorf("error %v", err)
	}
}
