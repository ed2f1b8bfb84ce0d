/*
Package web shows the dashboards on this machine: a page for each, the events that keep it
up to date, a form that invokes the functions, one that plans incidents, and pictures of all of it.

Start with [NewSite], which is the whole web site, and [Live], which answers what the
dashboards ask:

	readView ──▶ stream ──▶ Live ──▶ cache ──▶ Source: the table of this process, or Gateway
	               └──▶ package render
*/
package web

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"time"

	"salesburst/dashboards"
	"salesburst/shared/incidents"
	"salesburst/shared/local/emulator"
	"salesburst/shared/market"
)

//go:embed page
var pageFiles embed.FS

// pageData is what the template of a dashboard's page needs.
type pageData struct {
	Functions []*emulator.Function
	Scenarios []incidents.Scenario
	About     []choice // what an incident can be about
	Dashboard dashboards.Dashboard
	All       []dashboards.Dashboard
	Ranges    []timeRange
	Late      bool // what is shown ends a slot ago
	Currency  string
}

// choice is a field of an incident, and what it can be.
type choice struct {
	Name, Label, Example string
	Values               []string
}

// scenarios are those that there are, with texts for the page.
func scenarios() []incidents.Scenario {
	all := incidents.Scenarios()
	for i := range all {
		all[i].Summary = strings.ReplaceAll(all[i].Summary, "`", "")
	}
	return all
}

// mostValues is how many values of a field a page offers; of one with more it offers none.
const mostValues = 2000

func choices(m *market.Market) []choice {
	all := []choice{
		{"brand", "Brand", "of the day", nil}, {"product", "Product", "one that sells well", nil},
		{"state", "State", "CA", nil}, {"city", "City", "all", nil},
		{"payment_method", "Payment method", "most used", nil},
	}
	for i := range all {
		if values := m.Values(all[i].Name); len(values) <= mostValues {
			all[i].Values = values
		}
	}
	return all
}

// NewSite is the whole web site: a page for each dashboard, its updates, POST
// /invoke/<function>, and what changes the incidents of l, in the market m. listen is host:port, and
// its host may be the site's name beside its addresses and localhost.
func NewSite(l *Live, functions []*emulator.Function, m *market.Market, listen string) (http.Handler, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("the page's address: %w", err)
	}
	index, err := template.ParseFS(pageFiles, "page/index.html")
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	mux := http.NewServeMux()
	all := dashboards.In(l.Currency)
	mux.Handle("GET /{$}", http.RedirectHandler("/"+all[0].Slug, http.StatusFound))
	for _, d := range all {
		data := pageData{functions, scenarios(), choices(m), d, all, ranges(), d.Delay > 0, l.Currency}
		mux.HandleFunc("GET /"+d.Slug, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			// An error here is one of the connection: the template was tried by a test.
			_ = index.Execute(w, data)
		})
		mux.HandleFunc("GET /events/"+d.Slug, events(l, d))
	}
	for _, name := range []string{"style.css", "page.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
	mux.HandleFunc("POST /invoke/{function}", invoke(functions))
	(&plans{l.Incidents, m}).handle(mux)
	mux.Handle("GET /truth.jsonl", l.Truth)
	return secured(host, mux), nil
}

// serveTimeout is what connections are given to end by themselves.
const serveTimeout = time.Second

// Serve serves a site until ctx ends, and then ends every connection.
func Serve(ctx context.Context, l net.Listener, site http.Handler) error {
	server := &http.Server{
		Handler:           site,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the page: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), serveTimeout)
	defer cancel()
	if server.Shutdown(last) != nil {
		server.Close()
	}
	return nil
}
