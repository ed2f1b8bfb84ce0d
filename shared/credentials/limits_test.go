package credentials_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"salesburst/shared/credentials"
)

// Each text is wrong at one place.
func TestParseRefusesWhatIsNearlyRight(t *testing.T) {
	servers := func(list string) string {
		return `{"bootstrap_servers":"` + list + `","api_key":"k","api_secret":"s"}`
	}
	for name, c := range map[string]struct{ text, says string }{
		"a list of fields":    {`["bootstrap_servers","h:1","api_key","k","api_secret","s"]`, "not one JSON object"},
		"a name in no quotes": {`{api_key:"k"}`, "not one JSON object"},
		"a long name":         {`{"abcdefghijklmnopqrstuvwxy":"x"}`, "a field that is none of"},
		"no host":             {servers(":9092"), "entry 1 of bootstrap_servers"},
		"port zero":           {servers("h:0"), "entry 1 of bootstrap_servers"},
		"user in the host":    {servers("user@h:1"), "entry 1 of bootstrap_servers"},
		"space in the host":   {servers("h h:1"), "entry 1 of bootstrap_servers"},
		"colons":              {servers("a:b:1"), "entry 1 of bootstrap_servers"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := credentials.Parse(c.text)
			if !errors.Is(err, credentials.ErrMalformed) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
	if _, err := credentials.Parse(`{"abcdefghijklmnopqrstuvwx":"x"}`); !strings.Contains(err.Error(), "the field abcdefghijklmnopqrstuvwx is unknown") {
		t.Errorf("a name of 24 letters is not shown: %v", err)
	}
}

func TestEqualLooksAtEverything(t *testing.T) {
	base := func() credentials.Credentials {
		return credentials.Credentials{BootstrapServers: []string{"h:1"}, APIKey: credentials.New("k"), APISecret: credentials.New("s")}
	}
	if !base().Equal(base()) {
		t.Error("the same credentials differ")
	}
	for name, change := range map[string]func(*credentials.Credentials){
		"servers": func(c *credentials.Credentials) { c.BootstrapServers = []string{"h:2"} },
		"key":     func(c *credentials.Credentials) { c.APIKey = credentials.New("other") },
		"secret":  func(c *credentials.Credentials) { c.APISecret = credentials.New("other") },
	} {
		other := base()
		change(&other)
		if base().Equal(other) {
			t.Errorf("credentials with another %s are the same", name)
		}
	}
}

func TestFromAWSNeedsANameAndAnEnvironment(t *testing.T) {
	if _, err := credentials.FromAWS(t.Context(), "arn:aws:secretsmanager:eu-central-1:123456789012:", time.Now); !errors.Is(err, credentials.ErrARN) {
		t.Errorf("an ARN of nothing: %v", err)
	}
	t.Setenv("AWS_PROFILE", "no-such-profile")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	if _, err := credentials.FromAWS(t.Context(), arn, time.Now); err == nil || !strings.Contains(err.Error(), "configuring the AWS SDK") {
		t.Errorf("a profile that is not there: %v", err)
	}
}

// Where nobody answers, the message is about the network.
func TestFromAWSWithoutANetwork(t *testing.T) {
	startStub(t, nil)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://"+closed.Addr().String())
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	s, err := credentials.FromAWS(t.Context(), arn, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context()); !errors.Is(err, credentials.ErrUnavailable) || !strings.Contains(err.Error(), "check the function's network") {
		t.Errorf("error %v", err)
	}
}

// What a fetch began for its context ends with it.
func TestFetchEndsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetching context.Context
		s := credentials.NewSource("here", func(ctx context.Context) (string, error) { fetching = ctx; return value("k"), nil }, time.Now)
		if _, err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if fetching.Err() == nil {
			t.Error("the context goes on")
		}
	})
}
