package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"salesburst/shared/credentials"
	"salesburst/shared/question"
)

// Gateway asks Druid as Grafana does: through its gateway, with TLS and a password.
type Gateway struct {
	url      string
	user     string
	password credentials.Secret
	client   *http.Client
	pace     <-chan time.Time // one request each; the gateway lets 20 a second through
}

// perRequest keeps a page below the gateway's limit.
const perRequest = 60 * time.Millisecond

// NewGateway makes a client for the gateway at url, https://host:port, whose certificate ca, in
// PEM, vouches for. It connects to nothing.
func NewGateway(url, user string, password credentials.Secret, ca []byte) (*Gateway, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("the gateway's certificate is none")
	}
	return &Gateway{url, user, password, &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 4},
		Timeout:   time.Minute,
	}, time.Tick(perRequest)}, nil
}

// Ask has Druid answer a question.
func (g *Gateway) Ask(ctx context.Context, a question.Asked) (columns []string, rows [][]any, err error) {
	return g.query(ctx, a.SQL())
}

// query runs a query. The values are as in Druid's JSON, numbers as json.Number.
func (g *Gateway) query(ctx context.Context, query string) (columns []string, rows [][]any, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("asking Druid: %w", err)
		}
	}()
	select {
	case <-g.pace:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	body, err := json.Marshal(map[string]any{"query": query, "resultFormat": "array", "header": true})
	if err != nil {
		return nil, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/druid/v2/sql", bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(g.user, g.password.Reveal())
	response, err := g.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s: %.300s", response.Status, text)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&rows); err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil, errors.New("the answer has no header")
	}
	for _, name := range rows[0] {
		columns = append(columns, fmt.Sprint(name))
	}
	return columns, rows[1:], nil
}
