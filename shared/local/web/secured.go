package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy lets the page load nothing from elsewhere and run no script but its own. The
// drawings carry their style in attributes.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; " +
	"img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured answers only those who call this machine by an address or by a name that is
// its own: a page of another site that has its name resolved to this machine does not. And
// no page of another site may invoke a function.
func secured(listenHost string, next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusForbidden, "Forbidden", "a page of another site may not invoke functions here")
	}))
	next = sameOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.Trim(host, "[]")
		_, err := netip.ParseAddr(host)
		if err != nil && !strings.EqualFold(host, "localhost") && !strings.EqualFold(host, listenHost) {
			writeError(w, http.StatusForbidden, "Forbidden",
				"call this page by its address, as in http://127.0.0.1:8080")
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
