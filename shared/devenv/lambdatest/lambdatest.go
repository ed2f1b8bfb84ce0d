// Package lambdatest runs a function's real binary as Lambda would: under a stub of its
// Runtime API, with a stub of Secrets Manager beside it. It is used by tests only.
package lambdatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"salesburst/shared/contract"
)

// Build makes a function's binary as it is deployed, for arm64 or amd64.
func Build(t testing.TB, function, arch string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w", "-o", binary, "salesburst/functions/"+function)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return binary
}

// Invocation is what Lambda asks of a function.
type Invocation struct {
	ID       string    // of the request; empty: a new one
	Payload  string    // JSON
	Trace    string    // X-Ray's header
	Deadline time.Time // zero: in fifteen seconds
}

// Answer is what the function makes of it.
type Answer struct {
	Failed  bool
	Payload []byte

	id string
}

// Error is how Lambda tells of an error.
type Error struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

// Err is the error that the answer must be.
func (a Answer) Err(t testing.TB) (e Error) {
	t.Helper()
	if !a.Failed {
		t.Fatalf("no error but %s", a.Payload)
	}
	if err := json.Unmarshal(a.Payload, &e); err != nil {
		t.Fatalf("%s: %v", a.Payload, err)
	}
	return e
}

// Function is a binary that runs. It ends with the test.
type Function struct {
	Exited <-chan struct{}
	Asks   chan<- Invocation // takes one when the function asks for work

	hidden  []string
	output  Output
	calls   atomic.Int32
	answers chan Answer
}

// Run starts a binary (or a command that runs it) with this environment and nothing else.
// None of the hidden texts may ever be in its output or its answers.
func Run(t testing.TB, hidden []string, command []string, env ...string) *Function {
	t.Helper()
	f, _ := RunUntilKilled(t, hidden, command, env...)
	return f
}

// RunUntilKilled is Run with a way to kill the function before the test ends.
func RunUntilKilled(t testing.TB, hidden []string, command []string, env ...string) (f *Function, kill func()) {
	t.Helper()
	asks, answers, exited := make(chan Invocation), make(chan Answer, 1), make(chan struct{})
	f = &Function{Exited: exited, Asks: asks, hidden: hidden, answers: answers}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(serveRuntimeAPI(t, asks, answers), "http://"))
	cmd.Stdout, cmd.Stderr = &f.output, &f.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its status is not looked at: the log tells
		close(exited)
	}()
	t.Cleanup(func() { // the context has ended here, and the process with it
		<-exited
		f.expectNothingHidden(t, f.Output())
	})
	return f, func() {
		_ = cmd.Process.Kill() // it may have ended
		<-exited
	}
}

// serveRuntimeAPI is the Lambda service as seen from inside a function: one invocation
// after the other is fetched from it and answered.
// See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
func serveRuntimeAPI(t testing.TB, asks <-chan Invocation, answers chan<- Answer) (url string) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case i := <-asks:
			h := w.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", i.ID)
			h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.Deadline.UnixMilli(), 10))
			h.Set("Lambda-Runtime-Trace-Id", i.Trace)
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:salesburst")
			io.WriteString(w, i.Payload)
		case <-r.Context().Done():
		case <-t.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		answers <- Answer{id: r.PathValue("id"), Failed: r.PathValue("kind") == "error", Payload: body}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

// Output is what the function has written so far.
func (f *Function) Output() string { return f.output.String() }

// Invoke returns what the function answered.
func (f *Function) Invoke(t testing.TB, i Invocation) Answer {
	t.Helper()
	if i.ID == "" {
		i.ID = fmt.Sprintf("request-%d", f.calls.Add(1))
	}
	if i.Deadline.IsZero() {
		i.Deadline = time.Now().Add(15 * time.Second)
	}
	late := time.After(time.Until(i.Deadline) + 5*time.Second)
	select {
	case f.Asks <- i:
	case <-f.Exited:
		t.Fatalf("the function has ended\n%s", f.Output())
	case <-late:
		t.Fatalf("the function does not ask for work\n%s", f.Output())
	}
	select {
	case a := <-f.answers:
		if a.id != i.ID {
			t.Fatalf("the answer to %s came for %s", a.id, i.ID)
		}
		f.expectNothingHidden(t, string(a.Payload))
		return a
	case <-f.Exited:
		t.Fatalf("the function has ended\n%s", f.Output())
	case <-late:
		t.Fatalf("no answer\n%s", f.Output())
	}
	panic("not reached")
}

// Result invokes the function, which must not fail, and decodes what it answers.
func (f *Function) Result(t testing.TB, i Invocation, result any) {
	t.Helper()
	a := f.Invoke(t, i)
	if a.Failed {
		t.Fatalf("%s: %s", i.Payload, a.Payload)
	}
	if err := json.Unmarshal(a.Payload, result); err != nil {
		t.Fatalf("%s: %v", a.Payload, err)
	}
}

func (f *Function) expectNothingHidden(t testing.TB, text string) {
	t.Helper()
	for _, hidden := range f.hidden {
		quoted, err := json.Marshal(hidden)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, hidden) || strings.Contains(text, strings.Trim(string(quoted), `"`)) {
			t.Errorf("%s is in the output\n%s", hidden, text)
		}
	}
}

// SecretARN is that of the only secret, unless it is changed.
const SecretARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka-AbCdEf"

// SecretsManager is a stub of the service with one secret.
type SecretsManager struct {
	ARN     string       // or what it begins with; to be changed before a function asks
	Value   atomic.Value // string
	Fetches atomic.Int32
	Env     []string // with which a function finds it
}

// Secrets starts the service.
func Secrets(t testing.TB, value string) *SecretsManager {
	t.Helper()
	s := SecretsManager{ARN: SecretARN}
	s.Value.Store(value)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Fetches.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if !bytes.Contains(body, []byte(s.ARN)) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"ResourceNotFoundException",`+
				`"message":"Secrets Manager can't find the specified secret."}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"ARN": s.ARN, "SecretString": s.Value.Load().(string)})
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	s.Env = []string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + server.URL,
		"AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=id",
		"AWS_SECRET_ACCESS_KEY=the function's own",
	}
	return &s
}

// Secret is what the service holds for a cluster.
func Secret(servers []string, key, secret string) string {
	text, err := json.Marshal(map[string]string{
		contract.SecretServers: strings.Join(servers, ","), contract.SecretKey: key, contract.SecretKeySecret: secret,
	})
	if err != nil {
		panic(err) // texts
	}
	return string(text)
}

// Output is a buffer for several goroutines.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

// String is what was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
