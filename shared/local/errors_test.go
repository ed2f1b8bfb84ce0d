package local

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/devenv/tlscert"
)

func tlsDial(t testing.TB, c *cluster) (certificate []byte, err error) {
	t.Helper()
	conn, err := tls.Dial("tcp", c.servers[0], c.tls)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Raw, nil
}

// What a person can get wrong gives one line that says what to do, and status 1.
func TestErrorsAreOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel() // it waits most of the time
	const topic = "sales"
	secure, env := secureBroker(t, topic)
	address := secure.servers[0]
	plain := plainBroker(t, topic).ListenAddrs()[0]
	refusing, refusingEnv := refusingBroker(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "full.csv")
	if err := os.WriteFile(full, []byte("PRODUCT_NAME,PRICING,BRAND,CATEGORY\n1,5,A,Cable\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrongMarket := filepath.Join(dir, "market.json")
	if err := os.WriteFile(wrongMarket, []byte("{ // too much\n  \"customers\": {\"loyal_to_brand\": 101}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })

	wrongKey := append(env[:2:2], EnvUsername+"=key", EnvPassword+"=wrong")
	for name, c := range map[string]struct {
		env  []string
		args string
		says string
	}{
		"port in use":           {nil, "-listen " + taken.Addr().String(), "-listen 127.0.0.1:8081"},
		"broker unreachable":    {nil, "-once -brokers " + freePort(t), "check -brokers and that the broker runs"},
		"broker silent":         {nil, "-once -brokers " + silent.Addr().String(), "check -brokers and that the broker runs"},
		"no such host":          {nil, "-once -brokers kafka.invalid:9092", "check -brokers"},
		"wrong key, hung up":    {wrongKey, "-once -topic sales -brokers " + address, "check SASL_USERNAME and SASL_PASSWORD"},
		"wrong key, refused":    {append(refusingEnv, EnvUsername+"=key", EnvPassword+"=wrong"), "-once -topic sales -brokers " + refusing, "check SASL_USERNAME and SASL_PASSWORD"},
		"no key":                {nil, "-once -topic sales -brokers " + address, "set SASL_USERNAME and SASL_PASSWORD"},
		"key for a plain one":   {env, "-once -topic sales -brokers " + plain, "that it speaks TLS"},
		"untrusted certificate": {[]string{EnvUsername + "=key", EnvPassword + "=x"}, "-once -topic sales -brokers " + address, "is not trusted on this machine"},
		"missing topic":         {nil, "-once -topic other -brokers " + plain, "create it with 6 partitions, or name another with -topic"},
		"no catalogue":          {nil, "-once -catalogue " + filepath.Join(dir, "none.csv"), "-catalogue"},
		"empty catalogue":       {nil, "-once -catalogue " + empty, "-catalogue"},
		"rejects unwritable":    {nil, "-once -catalogue " + full + " -rejects " + full + "/b", "-rejects: cannot"},
		"no market":             {nil, "-once -market " + filepath.Join(dir, "none.json"), "-market " + dir},
		"a market of nothing":   {nil, "-once -market " + empty, "line 1: unexpected EOF"},
		"a wrong market":        {nil, "-once -market " + wrongMarket, "line 2: customers.loyal_to_brand: 101: allowed is a whole number from 0 to 100, percent"},
		"out cannot be written": {nil, "-once -out " + filepath.Join(dir, "none", "out.json"), "-out: cannot write"},
		"no place for pictures": {nil, "-snapshot " + filepath.Join(empty, "pictures"), "-snapshot: cannot make"},
		"wrong setting":         {[]string{"EVENTS_PER_MINUTE=many"}, "-once", "EVENTS_PER_MINUTE"},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && (name == "broker silent" || name == "key for a plain one") {
				t.Skipf("waits for %v", connectTimeout)
			}
			t.Parallel()
			start := time.Now()
			stdout, stderr, status := runProgram(t, c.env, strings.Fields(c.args)...)
			expectOneLine(t, stderr, c.says)
			if status != 1 || stdout != "" {
				t.Errorf("status %d with %q on standard output, want 1 and nothing", status, stdout)
			}
			if took := time.Since(start); took > connectTimeout+20*time.Second {
				t.Errorf("it took %v", took)
			}
			if strings.Contains(stderr, secure.password.Reveal()) {
				t.Error("the password is in it")
			}
		})
	}
}

// Where no answer comes, what a person can check depends on whether TLS is spoken.
func TestAdviceWhereNobodyAnswers(t *testing.T) {
	for says, config := range map[string]*tls.Config{
		"that the broker runs, and that it speaks TLS": {}, "check -brokers and that the broker runs": nil,
	} {
		err := (&cluster{servers: []string{"kafka:9092"}, tls: config}).advise(fmt.Errorf("asking: %w", context.DeadlineExceeded))
		if !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "nothing within "+connectTimeout.String()) {
			t.Errorf("%v, want that it says %q", err, says)
		}
	}
}

// refusingBroker answers a login as Kafka does where the key is wrong.
func refusingBroker(t testing.TB) (address string, env []string) {
	t.Helper()
	cert, err := tlscert.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(cert.Server()), kfake.EnableSASL(), kfake.Superuser("PLAIN", "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	b.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		response := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		response.ErrorCode = 58
		return response, nil, true
	})
	c := &cluster{servers: b.ListenAddrs(), tls: cert.Client()}
	return c.servers[0], trusting(t, c)
}
