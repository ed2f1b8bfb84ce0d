// Package tlscert makes certificates for servers that listen on this machine alone, so
// that what connects to them goes the same way, TLS and all, as it goes in the cloud.
package tlscert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Certificate is for 127.0.0.1, ::1 and localhost, signed by itself and valid for a year.
type Certificate struct {
	CA  []byte // PEM, what clients trust
	Key []byte // PEM, PKCS #8

	pair tls.Certificate
}

// NewCertificate makes a certificate with a key of its own.
func NewCertificate() (*Certificate, error) {
	c, err := newCertificate(time.Now())
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return c, nil
}

func newCertificate(now time.Time) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "salesburst on this machine"},
		NotBefore:             now.Add(-24 * time.Hour), // clocks that were set back
		NotAfter:              now.Add(365 * 24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:              []string{"localhost"},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &Certificate{
		CA:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		pair: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
	}, nil
}

// PEM is the key and the certificate in one text, as Java wants them.
func (c *Certificate) PEM() []byte { return bytes.Join([][]byte{c.Key, c.CA}, nil) }

// Server is the configuration of a server with this certificate.
func (c *Certificate) Server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c.pair}, MinVersion: tls.VersionTLS12}
}

// Client is the configuration of a client that trusts this certificate and no other.
func (c *Certificate) Client() *tls.Config { return Trust(c.CA) }

// Trust is the configuration of a client that trusts the certificates in a PEM text and no others.
func Trust(ca []byte) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}
