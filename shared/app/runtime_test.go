package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// runtimeAPI is the Lambda service as seen from inside a function: one invocation
// after the other is fetched from it and answered.
// See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
type runtimeAPI struct {
	*httptest.Server
	calls   atomic.Int32
	next    chan invocation
	answers chan answer
}

type invocation struct {
	id, payload, trace string
	deadline           time.Time
}

type answer struct {
	id      string
	failed  bool
	payload []byte
}

func startRuntimeAPI(t *testing.T) *runtimeAPI {
	t.Helper()
	api := &runtimeAPI{next: make(chan invocation), answers: make(chan answer, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case i := <-api.next:
			h := w.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
			h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
			h.Set("Lambda-Runtime-Trace-Id", i.trace)
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:salesburst")
			io.WriteString(w, i.payload)
		case <-r.Context().Done():
		case <-t.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		api.answers <- answer{r.PathValue("id"), r.PathValue("kind") == "error", body}
	})
	api.Server = httptest.NewServer(mux)
	t.Cleanup(func() { api.CloseClientConnections(); api.Close() })
	return api
}

// function is a deployed binary that runs.
type function struct {
	api    *runtimeAPI
	output *output
	exited chan struct{}
}

// run starts the binary with this environment and nothing else.
func run(t *testing.T, binary string, env ...string) *function {
	t.Helper()
	f := &function{api: startRuntimeAPI(t), output: new(output), exited: make(chan struct{})}
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(f.api.URL, "http://"))
	cmd.Stdout, cmd.Stderr = f.output, f.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}

	go func() {
		_ = cmd.Wait() // its status is not looked at: the log tells
		close(f.exited)
	}()
	t.Cleanup(func() { // the context has ended here, and the process with it
		<-f.exited
		expectNothingSecret(t, f.text())
	})
	return f
}

func (f *function) text() string { return f.output.String() }

// invoke returns what the function answered.
func (f *function) invoke(t *testing.T, i invocation) answer {
	t.Helper()
	if i.id == "" {
		i.id = fmt.Sprintf("request-%d", f.api.calls.Add(1))
	}
	if i.deadline.IsZero() {
		i.deadline = time.Now().Add(15 * time.Second)
	}
	late := time.After(time.Until(i.deadline) + 5*time.Second)
	select {
	case f.api.next <- i:
	case <-f.exited:
		t.Fatalf("the function has ended\n%s", f.text())
	case <-late:
		t.Fatalf("the function does not ask for work\n%s", f.text())
	}
	select {
	case a := <-f.api.answers:
		if a.id != i.id {
			t.Fatalf("the answer to %s came for %s", a.id, i.id)
		}
		expectNothingSecret(t, string(a.payload))
		return a
	case <-f.exited:
		t.Fatalf("the function has ended\n%s", f.text())
	case <-late:
		t.Fatalf("no answer\n%s", f.text())
	}
	panic("not reached")
}

// functionError is how Lambda tells of an error.
type functionError struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func (a answer) err(t *testing.T) (e functionError) {
	t.Helper()
	if !a.failed {
		t.Fatalf("no error but %s", a.payload)
	}
	if err := json.Unmarshal(a.payload, &e); err != nil {
		t.Fatalf("%s: %v", a.payload, err)
	}
	return e
}

// secretsManager is a stub of the service with one secret.
type secretsManager struct {
	*httptest.Server
	value   atomic.Value // string
	fetches atomic.Int32
}

func startSecretsManager(t *testing.T, value string) *secretsManager {
	t.Helper()
	var s secretsManager
	s.value.Store(value)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetches.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if !bytes.Contains(body, []byte(secretARN)) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"ResourceNotFoundException","message":"Secrets Manager can't find the specified secret."}`)
			return
		}
		json.NewEncoder(w).Encode(map[string]string{"ARN": secretARN, "SecretString": s.value.Load().(string)})
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return &s
}
