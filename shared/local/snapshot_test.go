package local

import (
	"image"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"salesburst/dashboards"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv/tlscert"
)

func TestSnapshot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "pictures")
	_, stderr, status := runProgram(t, nil, "-snapshot", dir, "-history", "20m")
	if status != 0 || !strings.Contains(stderr, "written: "+filepath.Join(dir, "sales-light.png")) || !strings.Contains(stderr, ", 0 missing, 0 duplicated") {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	if !strings.Contains(stderr, "pictures: 100 %") {
		t.Errorf("it does not say how far it is: %s", stderr)
	}
	expectPictures(t, dir)
}

// expectPictures: each dashboard, light and dark, with more than empty panels.
func expectPictures(t *testing.T, dir string) {
	t.Helper()
	for _, d := range dashboards.All() {
		var sizes [2]image.Point
		for i, theme := range []string{"light", "dark"} {
			f, err := os.Open(filepath.Join(dir, d.Slug+"-"+theme+".png"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			im, _, err := image.Decode(f)
			if err != nil {
				t.Fatal(err)
			}
			sizes[i] = im.Bounds().Size()
			blue := 0 // the first colour of the palette
			for y := range sizes[i].Y {
				for x := range sizes[i].X {
					if r, g, b, _ := im.At(x, y).RGBA(); r>>8 == 0x00 && g>>8 == 0x72 && b>>8 == 0xB2 {
						blue++
					}
				}
			}
			if blue < 2000 {
				t.Errorf("%s, %s: nothing is drawn", d.Title, theme)
			}
		}
		if sizes[0] != sizes[1] {
			t.Errorf("%s: light is %v, dark %v", d.Title, sizes[0], sizes[1])
		}
	}
}

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
	g, err := newGateway(server.URL, "grafana", credentials.New("right"), cert.CA)
	if err != nil {
		t.Fatal(err)
	}
	columns, rows, err := g.Query(t.Context(), "SELECT 1")
	if err != nil || !reflect.DeepEqual(columns, []string{"time", "n"}) || len(rows) != 2 || rows[0][1].(interface{ String() string }).String() != "12345678901.25" || rows[1][0] != nil {
		t.Errorf("%v %v %v", columns, rows, err)
	}
	g.password = credentials.New("wrong")
	if _, _, err := g.Query(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "asking Druid: 401") {
		t.Errorf("with a wrong password: %v", err)
	}
	other, err := tlscert.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	if g, err = newGateway(server.URL, "grafana", credentials.New("right"), other.CA); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.Query(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("with another's certificate: %v", err)
	}
}
