// Package credentials gets the credentials of the Kafka cluster from AWS Secrets Manager
// and keeps them from being printed. It is the only importer of the AWS SDK.
//
// Start with [Credentials], what a secret holds, and [Source], the cache in front of
// Secrets Manager (source.go). [Static] is the same for a broker on this machine.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"

	"salesburst/shared/contract"
)

// Credentials say how to reach a Kafka cluster and as whom.
type Credentials struct {
	BootstrapServers []string // host:port, at least one
	APIKey           Secret   // SASL PLAIN user; empty: the broker asks for no credentials
	APISecret        Secret   // SASL PLAIN password
}

// Shape is the JSON that the secret holds.
const Shape = `{"` + contract.SecretServers + `":"host:9092,host2:9092","` + contract.SecretKey + `":"…","` +
	contract.SecretKeySecret + `":"…"}`

// Equal tells whether both reach the same cluster as the same user.
func (c Credentials) Equal(o Credentials) bool {
	return slices.Equal(c.BootstrapServers, o.BootstrapServers) &&
		c.APIKey.Reveal() == o.APIKey.Reveal() && c.APISecret.Reveal() == o.APISecret.Reveal()
}

// Static are credentials that never change, for a broker on this machine.
type Static Credentials

// Get returns the credentials.
func (s Static) Get(context.Context) (Credentials, error) { return Credentials(s), nil }

// Refresh returns the same credentials again.
func (s Static) Refresh(context.Context) (Credentials, error) { return Credentials(s), nil }

// Secret is a text that is never printed: every verb of fmt, slog and encoding/json
// write [redacted]. The text stands behind a pointer because fmt walks into the
// unexported fields of other structs without asking Secret how it prints. The zero
// value is the empty text.
type Secret struct{ text *string }

const redacted = "[redacted]"

// New hides text.
func New(text string) Secret { return Secret{&text} }

// Reveal returns the text itself. Its one right use is to hand it to the broker.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns [redacted].
func (s Secret) String() string { return redacted }

// Format writes [redacted] for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText returns [redacted]; encoding/json uses it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns [redacted].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// ErrMalformed marks a secret that does not hold what [Shape] shows.
var ErrMalformed = errors.New("malformed")

// Parse reads a secret's JSON: an object with exactly the fields of [Shape], none of
// them empty. The error, an ErrMalformed, names the field and never shows a value.
func Parse(text string) (Credentials, error) {
	fields, err := parseFields(text)
	if err != nil {
		return Credentials{}, fmt.Errorf("%w: %w; expected is %s", ErrMalformed, err, Shape)
	}
	servers, err := parseServers(fields[contract.SecretServers])
	if err != nil {
		return Credentials{}, fmt.Errorf("%w: %w; expected is %s", ErrMalformed, err, Shape)
	}
	return Credentials{
		BootstrapServers: servers,
		APIKey:           New(fields[contract.SecretKey]),
		APISecret:        New(fields[contract.SecretKeySecret]),
	}, nil
}

// parseServers splits the list. The protocol that Confluent's console writes in front
// of an address may stay.
func parseServers(list string) ([]string, error) {
	var servers []string
	for i, server := range strings.Split(list, ",") {
		server = strings.TrimPrefix(strings.TrimSpace(server), "SASL_SSL://")
		host, port, err := net.SplitHostPort(server)
		n, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || portErr != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ \t") {
			return nil, fmt.Errorf("entry %d of %s is not host:port", i+1, contract.SecretServers)
		}
		servers = append(servers, server)
	}
	return servers, nil
}
