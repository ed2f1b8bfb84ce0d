package local

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"salesburst/dashboards"
)

//go:embed page/index.html page/style.css page/page.js page/icon.svg
var pageFiles embed.FS

// choices are what the form of the page offers.
type choices struct {
	Functions []string
	Scenarios []scenarioChoice
	Brands    []string
}

type scenarioChoice struct{ Name, Summary string }

// policy lets the page load nothing from elsewhere and run no script but its own. The
// drawings carry their style in attributes.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; " +
	"img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pageData is what the template of a dashboard's page needs.
type pageData struct {
	choices
	Dashboard dashboards.Dashboard
	Name      string // in the page's address
	All       []link // the dashboards
	Ranges    []Range
	Range     string // that is chosen when the page is opened
	Late      bool   // what is shown ends a slot ago
}

type link struct {
	Name, Title string
	Here        bool
}

func newPageData(c choices, d dashboards.Dashboard) pageData {
	p := pageData{choices: c, Dashboard: d, Name: d.Slug, Ranges: ranges(), Late: d.Delay > 0}
	for _, other := range dashboards.All() {
		p.All = append(p.All, link{other.Slug, other.Title, other.UID == d.UID})
	}
	for _, r := range p.Ranges {
		if r.Length == d.Lookback {
			p.Range = r.Name
		}
	}
	return p
}

// newPage is the whole web site: a page for each dashboard, its updates, and POST
// /invoke/<function>.
func newPage(c choices, l *live, functions []*function, runInvoke invokeFunc, listen string) (http.Handler, error) {
	index, err := template.ParseFS(pageFiles, "page/index.html")
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/"+dashboards.All()[0].Slug, http.StatusFound))
	for _, d := range dashboards.All() {
		data := newPageData(c, d)
		mux.HandleFunc("GET /"+data.Name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			// An error here is one of the connection: the template was tried by a test.
			_ = index.Execute(w, data)
		})
		mux.HandleFunc("GET /events/"+data.Name, l.serve(d))
	}
	for _, name := range []string{"style.css", "page.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
	mux.HandleFunc("POST /invoke/{function}", serveInvoke(functions, runInvoke))
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("the page's address: %w", err)
	}
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusForbidden, "Forbidden", "a page of another site may not invoke functions here")
	}))
	return secured(host, sameOrigin.Handler(mux)), nil
}

// secured answers only those who call this machine by an address or by a name that is
// its own: a page of another site that has its name resolved to this machine does not.
func secured(listenHost string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.Trim(host, "[]")
		if _, err := netip.ParseAddr(host); err != nil && !strings.EqualFold(host, "localhost") && !strings.EqualFold(host, listenHost) {
			writeError(w, http.StatusForbidden, "Forbidden", "call this page by its address, as in http://127.0.0.1:8080")
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// maxPayload is the size of a trigger, in bytes: what Lambda takes asynchronously.
const maxPayload = 256 << 10

func serveInvoke(functions []*function, run invokeFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var f *function
		var names []string
		for _, candidate := range functions {
			names = append(names, candidate.name)
			if candidate.name == r.PathValue("function") {
				f = candidate
			}
		}
		if f == nil {
			writeError(w, http.StatusNotFound, "ResourceNotFoundException", "there is no such function; there are "+strings.Join(names, " and "))
			return
		}
		payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			writeError(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", fmt.Sprintf("a payload has %d bytes at most", maxPayload))
			return
		case err != nil:
			return // the client is gone
		}
		answer, err := run(r.Context(), f, payload)
		if err != nil {
			name, status := errorKind(err)
			writeError(w, status, name, err.Error())
			return
		}
		writeJSON(w, http.StatusOK, answer)
	}
}
