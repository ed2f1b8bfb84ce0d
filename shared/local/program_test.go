package local

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// The test binary is the program where this variable is set: signals, exit codes and
// the certificates of the system are those of a process.
const asProgram = "SALESBURST_LOCAL_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

// program is a process of functions/local.
type program struct {
	*exec.Cmd
	stdout *bytes.Buffer

	mu    sync.Mutex
	lines []string      // of standard error
	more  chan struct{} // gets a value with every line
	ended chan struct{} // closed at the end of standard error
}

func command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", EnvServers+"=", EnvUsername+"=", EnvPassword+"=")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// runProgram runs the program to its end.
func runProgram(t testing.TB, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute) // real servers may take six to start
	defer cancel()
	cmd := command(ctx, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("still running after nine minutes; it said %s", &errs)
	}
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// startProgram starts the program; it is killed when the test ends.
func startProgram(t testing.TB, env []string, args ...string) *program {
	t.Helper()
	p := &program{Cmd: command(t.Context(), env, args...), stdout: new(bytes.Buffer), more: make(chan struct{}, 1000), ended: make(chan struct{})}
	p.Stdout = p.stdout
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	go p.collect(stderr)
	return p
}

func (p *program) collect(stderr io.Reader) {
	defer close(p.ended)
	for lines := bufio.NewScanner(stderr); lines.Scan(); p.more <- struct{}{} {
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		p.mu.Unlock()
	}
}

func (p *program) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// waitFor returns the first line on standard error with the given text.
func (p *program) waitFor(t testing.TB, text string) string {
	t.Helper()
	timeout := time.After(3 * time.Minute)
	for {
		for line := range strings.Lines(p.said()) {
			if strings.Contains(line, text) {
				return strings.TrimSpace(line)
			}
		}
		select {
		case <-p.more:
		case <-p.ended:
			t.Fatalf("it ended and did not say %q, but %s", text, p.said())
		case <-timeout:
			t.Fatalf("within three minutes it did not say %q, but %s", text, p.said())
		}
	}
}

// url is where the page is.
func (p *program) url(t testing.TB) string {
	t.Helper()
	line := p.waitFor(t, "http://")
	_, address, _ := strings.Cut(line, "http://")
	address, _, _ = strings.Cut(address, " ")
	return "http://" + address
}

// interrupt ends the program as Ctrl-C does, and returns what it said last.
func (p *program) interrupt(t testing.TB) (last string) {
	t.Helper()
	start := time.Now()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if err := p.Wait(); err != nil {
		t.Errorf("it ends with %v and says %s", err, p.said())
	}
	// It takes two seconds at most; a busy machine with the race detector is given more.
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it takes %v to end, want 2s at most", took)
	}
	said := strings.Split(p.said(), "\n")
	return said[len(said)-1]
}

// secureBroker is a broker outside the program, with TLS and SASL. Its certificate is
// among the system's for processes with the returned environment.
func secureBroker(t testing.TB, topic string) (c *cluster, env []string) {
	t.Helper()
	c, b, err := startBroker(topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return c, append(trusting(t, c), EnvUsername+"="+c.username, EnvPassword+"="+c.password.Reveal())
}

// trusting is an environment in which the system trusts c.
func trusting(t testing.TB, c *cluster) []string {
	t.Helper()
	conn, err := tlsDial(t, c)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"SSL_CERT_FILE=" + path, "SSL_CERT_DIR=" + t.TempDir()}
}

// plainBroker is a broker outside the program, without TLS and SASL.
func plainBroker(t testing.TB, topic string) *kfake.Cluster {
	t.Helper()
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
