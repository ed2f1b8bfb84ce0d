package druid_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/druidtest"
	"salesburst/shared/devenv/tlscert"
)

// The gateway lets SQL that reads and the health checks through, and nothing else.
func TestGateway(t *testing.T) {
	d := druidtest.RequireDruid(t)
	door, err := url.Parse(d.Gateway)
	if err != nil {
		t.Fatal(err)
	}
	const one = `{"query":"SELECT 1 AS answer"}`
	for name, c := range map[string]struct {
		method, path, body string
		user, password     string // none: the right ones
		status             int
		says               string
	}{
		"SQL":                        {"POST", "/druid/v2/sql", one, "", "", 200, `[{"answer":1}]`},
		"health, as the plugin asks": {"GET", "/status", "", "", "", 200, "33.0.0"},
		"health":                     {"GET", "/status/health", "", "", "", 200, "true"},
		"no password":                {"POST", "/druid/v2/sql", one, "-", "", 401, "Authorization Required"},
		"wrong password":             {"POST", "/druid/v2/sql", one, devenv.GatewayUser, "wrong", 401, "Authorization Required"},
		"wrong user":                 {"POST", "/druid/v2/sql", one, "admin", d.Password, 401, "Authorization Required"},
		"health without password":    {"GET", "/status/health", "", "-", "", 401, "Authorization Required"},
		"SQL by GET":                 {"GET", "/druid/v2/sql", "", "", "", 405, ""},
		"cancelling a query":         {"DELETE", "/druid/v2/sql", "", "", "", 405, ""},
		"status by POST":             {"POST", "/status", "", "", "", 405, ""},
		"native queries":             {"POST", "/druid/v2", one, "", "", 403, ""},
		"native queries, slash":      {"POST", "/druid/v2/", one, "", "", 403, ""},
		"SQL, slash":                 {"POST", "/druid/v2/sql/", one, "", "", 403, ""},
		"tasks in SQL":               {"POST", "/druid/v2/sql/task", one, "", "", 403, ""},
		"statements":                 {"POST", "/druid/v2/sql/statements", one, "", "", 403, ""},
		"supervisors":                {"GET", "/druid/indexer/v1/supervisor", "", "", "", 403, ""},
		"a supervisor is posted":     {"POST", "/druid/indexer/v1/supervisor", "{}", "", "", 403, ""},
		"ingestion":                  {"POST", "/druid/indexer/v1/task", "{}", "", "", 403, ""},
		"the sampler":                {"POST", "/druid/indexer/v1/sampler", "{}", "", "", 403, ""},
		"the coordinator":            {"GET", "/druid/coordinator/v1/metadata/segments", "", "", "", 403, ""},
		"rules":                      {"POST", "/druid/coordinator/v1/rules/x", "[]", "", "", 403, ""},
		"the router's proxy":         {"GET", "/proxy/coordinator/status", "", "", "", 403, ""},
		"properties":                 {"GET", "/status/properties", "", "", "", 403, ""},
		"the console":                {"GET", "/unified-console.html", "", "", "", 403, ""},
		"the root":                   {"GET", "/", "", "", "", 403, ""},
		"dots":                       {"POST", "/druid/v2/sql/../../indexer/v1/task", "{}", "", "", 403, ""},
		"dots, encoded":              {"POST", "/druid/v2/sql/%2e%2e/%2e%2e/indexer/v1/task", "{}", "", "", 403, ""},
		"a slash, encoded":           {"POST", "/druid/v2/sql%2ftask", one, "", "", 403, ""},
		"a parameter of the path":    {"POST", "/druid/v2/sql;/task", one, "", "", 403, ""},
		"capitals":                   {"POST", "/DRUID/V2/SQL", one, "", "", 403, ""},
		"a body that is too large":   {"POST", "/druid/v2/sql", `{"query":"SELECT '` + strings.Repeat("x", 70_000) + `'"}`, "", "", 413, ""},
		"SQL that writes":            {"POST", "/druid/v2/sql", `{"query":"INSERT INTO stolen SELECT 1 AS answer PARTITIONED BY ALL"}`, "", "", 400, "INSERT"},
		"SQL that replaces":          {"POST", "/druid/v2/sql", `{"query":"REPLACE INTO stolen OVERWRITE ALL SELECT 1 AS answer PARTITIONED BY ALL"}`, "", "", 400, "REPLACE"},
		"SQL that reads files":       {"POST", "/druid/v2/sql", `{"query":"SELECT * FROM TABLE(EXTERN('{\"type\":\"local\",\"baseDir\":\"/etc\",\"filter\":\"passwd\"}','{\"type\":\"regex\",\"pattern\":\"(.*)\",\"columns\":[\"a\"]}','[{\"name\":\"a\",\"type\":\"string\"}]'))"}`, "", "", 400, "EXTERN"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, d.Gateway, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Opaque = "//" + door.Host + c.path // as it stands here
			req.Header.Set("Content-Type", "application/json")
			switch c.user {
			case "":
				req.SetBasicAuth(devenv.GatewayUser, d.Password)
			case "-":
			default:
				req.SetBasicAuth(c.user, c.password)
			}
			client := clientAt("127.0.0.2", d.CA)
			defer client.CloseIdleConnections()
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status || !strings.Contains(string(text), c.says) {
				t.Errorf("%s %s: %s %.300s; want %d and %q", c.method, c.path, resp.Status, text, c.status, c.says)
			}
		})
	}
	t.Run("no TLS", func(t *testing.T) {
		resp, err := http.Get("http://" + door.Host + "/status/health")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 || !strings.Contains(string(text), "HTTPS") {
			t.Errorf("%s %s", resp.Status, text)
		}
	})
}

// clientAt comes from an address of its own: the gateway limits each address for itself, and
// other tests ask it at the same time.
func clientAt(address string, ca []byte) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: tlscert.Trust(ca), DialContext: dialer.DialContext}}
}

// No query may take an hour, even if it asks for one, nor answer all that there is.
func TestQueriesAreLimited(t *testing.T) {
	d := druidtest.RequireDruid(t)
	p := startPipeline(t, d, nil)
	p.Await(t, p.burst(t, `{"events":100100}`).Events)
	for limit, want := range map[int]string{60_000: `[{"n":100100}]`, 3_600_000: "more than enforced limit of 60000"} {
		text, err := d.Call(t.Context(), http.MethodPost, d.Gateway+"/druid/v2/sql",
			fmt.Sprintf(`{"query":"SELECT COUNT(*) AS n FROM \"%s\"","context":{"timeout":%d}}`, p.Topic, limit))
		if !strings.Contains(fmt.Sprint(string(text), err), want) {
			t.Errorf("with a limit of %d ms: %s, error %v; want %s", limit, text, err, want)
		}
	}
	rows, err := d.Query(t.Context(), `SELECT status FROM "`+p.Topic+`"`)
	if err != nil || len(rows) != 100_000 {
		t.Errorf("%d rows of 100100, error %v, want 100000", len(rows), err)
	}
}

// Nobody runs a program of his own in Druid, not even past the gateway.
func TestJavaScriptIsOff(t *testing.T) {
	d := druidtest.RequireDruid(t)
	scan := `{"queryType":"scan","dataSource":{"type":"inline","columnNames":["a"],"columnTypes":["string"],"rows":[["x"]]},"intervals":["1000/3000"],"columns":["a"]%s}`
	for filter, want := range map[string]string{
		``: `{"a":"x"}`,
		`,"filter":{"type":"javascript","dimension":"a","function":"function(x) { return true }"}`: "JavaScript is disabled",
	} {
		answer, err := d.Call(t.Context(), http.MethodPost, d.URLs["broker"]+"/druid/v2", fmt.Sprintf(scan, filter))
		if !strings.Contains(fmt.Sprint(string(answer), err), want) {
			t.Errorf("with %q: %s, error %v; want %s", filter, answer, err, want)
		}
	}
}

// Who asks too much at once is told so; who tries passwords, too.
func TestGatewayLimitsTheRate(t *testing.T) {
	d := druidtest.RequireDruid(t)
	var refused, answered int
	client := clientAt("127.0.0.3", d.CA)
	defer client.CloseIdleConnections()
	for range 200 {
		req, err := http.NewRequestWithContext(t.Context(), "GET", d.Gateway+"/status/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		switch resp.StatusCode {
		case 429:
			refused++
		case 401:
			answered++
		}
	}
	if refused == 0 || answered < 50 || refused+answered != 200 {
		t.Errorf("%d answered, %d refused of 200", answered, refused)
	}
}

// Druid's own servers listen on loopback alone.
func TestLoopbackOnly(t *testing.T) {
	d := druidtest.RequireDruid(t)
	for _, address := range listening(t) {
		for name, server := range d.URLs {
			_, port, _ := strings.Cut(strings.TrimPrefix(server, "http://"), ":")
			if strings.HasSuffix(address, ":"+port) && !strings.HasPrefix(address, "127.0.0.1:") {
				t.Errorf("%s listens on %s", name, address)
			}
		}
	}
}
