package credentials_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"salesburst/shared/credentials"
)

const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka-AbCdEf"

func value(key string) string {
	return `{"bootstrap_servers":"host:9092","api_key":"` + key + `","api_secret":"` + hidden + `"}`
}

// A change of the secret is seen after a refresh, or when the cache is too old.
func TestSource(t *testing.T) {
	var fetches int
	var fail error
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	s := credentials.NewSource("here", func(context.Context) (string, error) {
		fetches++
		return value(fmt.Sprint("key", fetches)), fail
	}, func() time.Time { return at })
	expect := func(step string, get func(context.Context) (credentials.Credentials, error), key string, err error) {
		t.Helper()
		c, got := get(t.Context())
		if !errors.Is(got, err) || c.APIKey.Reveal() != key {
			t.Fatalf("%s: got %q and %v, want %q and %v", step, c.APIKey.Reveal(), got, key, err)
		}
	}
	fail = credentials.ErrDenied
	expect("nothing is cached and the first fetch fails", s.Get, "", credentials.ErrDenied)
	fail = nil
	expect("an error is not cached", s.Get, "key2", nil)
	expect("cached", s.Get, "key2", nil)
	expect("refreshed", s.Refresh, "key3", nil)
	expect("cached again", s.Get, "key3", nil)
	fail = credentials.ErrUnavailable
	expect("refresh fails", s.Refresh, "", credentials.ErrUnavailable)
	expect("the old value is kept", s.Get, "key3", nil)
	at = at.Add(credentials.MaxAge)
	expect("too old, but nothing newer", s.Get, "key3", nil)
	if fetches != 5 {
		t.Fatalf("%d fetches, want 5", fetches)
	}
	expect("not tried again at once", s.Get, "key3", nil)
	if fetches != 5 {
		t.Fatalf("%d fetches, want 5 still", fetches)
	}
	fail, at = nil, at.Add(time.Minute)
	expect("tried again a minute later", s.Get, "key6", nil)
}

func TestConcurrentRefreshesShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		s := credentials.NewSource("here", func(context.Context) (string, error) {
			fetches.Add(1)
			time.Sleep(time.Second)
			return value("k"), nil
		}, time.Now)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := s.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if fetches.Load() != 1 {
			t.Errorf("%d fetches, want 1", fetches.Load())
		}
	})
}

// The first who asks may leave; the others still get what was fetched for all.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := credentials.NewSource("here", func(ctx context.Context) (string, error) {
			select {
			case <-time.After(2 * time.Second):
				return value("k"), nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}, time.Now)
		var all sync.WaitGroup
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := s.Get(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, credentials.ErrUnavailable) || time.Since(start) != time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		})
		all.Go(func() {
			time.Sleep(time.Millisecond) // after the first
			if _, err := s.Get(t.Context()); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		s := credentials.NewSource("here", func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}, time.Now)
		start := time.Now()
		if _, err := s.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != credentials.FetchTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// The real SDK against a stub of the service's API.
func TestFromAWS(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer any
		kind   error
		says   string
	}{
		"found":     {200, map[string]string{"ARN": arn, "SecretString": value("k")}, nil, ""},
		"binary":    {200, map[string]string{"ARN": arn, "SecretBinary": "aHVudGVy"}, credentials.ErrMalformed, "store it as text"},
		"malformed": {200, map[string]string{"ARN": arn, "SecretString": hidden}, credentials.ErrMalformed, credentials.Shape},
		"not found": {400, problem("ResourceNotFoundException", "Secrets Manager can't find the specified secret."), credentials.ErrNotFound, "create the secret or correct SECRET_ARN"},
		"deleted":   {400, problem("InvalidRequestException", "it was marked for deletion"), credentials.ErrNotFound, "restore the secret"},
		"denied":    {400, problem("AccessDeniedException", "User is not authorized"), credentials.ErrDenied, "secretsmanager:GetSecretValue on exactly this ARN"},
		"key":       {400, problem("DecryptionFailure", "no"), credentials.ErrDenied, "kms:Decrypt"},
		"identity":  {400, problem("UnrecognizedClientException", "no"), credentials.ErrDenied, "own credentials"},
		"other":     {400, problem("InvalidParameterException", "no"), credentials.ErrUnavailable, "InvalidParameterException"},
	} {
		t.Run(name, func(t *testing.T) {
			stub := startStub(t, func(w http.ResponseWriter) {
				w.WriteHeader(c.status)
				json.NewEncoder(w).Encode(c.answer)
			})
			s, err := credentials.FromAWS(t.Context(), arn, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Get(t.Context())
			if !errors.Is(err, c.kind) {
				t.Fatalf("error %v, want %v", err, c.kind)
			}
			if stub.asked.Load() != arn || !strings.Contains(stub.region.Load().(string), "/eu-central-1/secretsmanager/") {
				t.Errorf("asked for %v, signed as %v", stub.asked.Load(), stub.region.Load())
			}
			if c.kind == nil {
				if got.APISecret.Reveal() != hidden {
					t.Errorf("got %v", got)
				}
				return
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), arn) || strings.Contains(err.Error(), hidden) {
				t.Errorf("error %v, want one that names the ARN, says %q and shows no value", err, c.says)
			}
		})
	}
}

func TestFromAWSObeysTheDeadline(t *testing.T) {
	startStub(t, func(http.ResponseWriter) { <-t.Context().Done() })
	s, err := credentials.FromAWS(t.Context(), arn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := s.Get(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestFromAWSRefusesWhatIsNoSecret(t *testing.T) {
	for _, bad := range []string{"", "kafka", "arn:aws:s3:::bucket", "arn:aws:secretsmanager::1:secret:x", "arn:aws:lambda:eu-central-1:1:function:x"} {
		if _, err := credentials.FromAWS(t.Context(), bad, time.Now); !errors.Is(err, credentials.ErrARN) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

type stub struct{ asked, region atomic.Value }

func startStub(t *testing.T, answer func(http.ResponseWriter)) *stub {
	t.Helper()
	var s stub
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in struct{ SecretId string }
		if r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" || json.Unmarshal(body, &in) != nil {
			t.Errorf("request %s %s", r.Header.Get("X-Amz-Target"), body)
		}
		s.asked.Store(in.SecretId)
		s.region.Store(r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		answer(w)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL,
		"AWS_ACCESS_KEY_ID":                "id",
		"AWS_SECRET_ACCESS_KEY":            "not a secret",
		"AWS_REGION":                       "us-east-1", // the ARN's region counts
		"AWS_CONFIG_FILE":                  "/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE":      "/dev/null",
	} {
		t.Setenv(name, value)
	}
	return &s
}

func problem(code, message string) map[string]string {
	return map[string]string{"__type": code, "message": message}
}
