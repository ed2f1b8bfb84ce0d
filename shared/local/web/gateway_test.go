package web

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"salesburst/shared/credentials"
	"salesburst/shared/devenv/tlscert"
)

// The gateway's answers and refusals, from a server that speaks as it does.
func TestGatewayAnswers(t *testing.T) {
	cert, err := tlscert.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case r.URL.Path != "/druid/v2/sql" || r.Method != http.MethodPost:
			http.Error(w, "not through here", http.StatusForbidden)
		case user != "grafana" || password != "right":
			http.Error(w, "who?", http.StatusUnauthorized)
		default:
			w.Write([]byte(`[["time","n"],["2026-11-24T12:00:00.000Z",12345678901.25],[null,1]]`))
		}
	}))
	server.TLS = cert.Server()
	server.StartTLS()
	t.Cleanup(server.Close)
	g, err := NewGateway(server.URL, "grafana", credentials.New("right"), cert.CA)
	if err != nil {
		t.Fatal(err)
	}
	columns, rows, err := g.query(t.Context(), "SELECT 1")
	if err != nil || !reflect.DeepEqual(columns, []string{"time", "n"}) || len(rows) != 2 || rows[0][1].(interface{ String() string }).String() != "12345678901.25" || rows[1][0] != nil {
		t.Errorf("%v %v %v", columns, rows, err)
	}
	g.password = credentials.New("wrong")
	if _, _, err := g.query(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "asking Druid: 401") {
		t.Errorf("with a wrong password: %v", err)
	}
	other, err := tlscert.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if g, err = NewGateway(server.URL, "grafana", credentials.New("right"), other.CA); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.query(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with another's certificate: %v", err)
	}
}
