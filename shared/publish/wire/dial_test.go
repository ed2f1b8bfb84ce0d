package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"

	"salesburst/shared/devenv/tlscert"
)

// Whoever begins to dial after the end does not get as far as the network; who was about to
// connect at the end is not given the connection.
func TestNothingIsDialledAfterTheEnd(t *testing.T) {
	var d *dialer
	dials := 0
	ours, theirs := net.Pipe()
	defer theirs.Close()
	d = newDialer(Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		dials++
		d.close()
		return ours, nil
	}})
	if _, err := d.dial(t.Context(), "tcp", "broker:9092"); !errors.Is(err, errClosed) || dials != 1 {
		t.Errorf("during the end: %v, %d dials", err, dials)
	}
	if _, err := ours.Write([]byte{0}); err == nil {
		t.Error("the connection that was made meanwhile is open")
	}
	if _, err := d.dial(t.Context(), "tcp", "broker:9092"); !errors.Is(err, errClosed) || dials != 1 {
		t.Errorf("after the end: %v, %d dials", err, dials)
	}
}

// The end closes all connections that are open, and keeps none that was closed before.
func TestTheEndClosesConnections(t *testing.T) {
	d, brokers := dialing(Config{})
	var conns []net.Conn
	for range 3 {
		nc, err := d.dial(t.Context(), "tcp", "broker:9092")
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, nc)
	}
	if conns[0].Close(); len(d.conns) != 2 || !closed(<-brokers) {
		t.Errorf("%d connections are kept, want the 2 that are open", len(d.conns))
	}
	d.close()
	for range 2 {
		if !closed(<-brokers) {
			t.Error("a connection is open after the end")
		}
	}
	if conns[1].Close(); len(d.conns) != 0 {
		t.Errorf("%d connections are kept after the end", len(d.conns))
	}
}

// Without a Dial of its own, a Config has the network's. What cannot be reached is an error.
func TestDialTheNetwork(t *testing.T) {
	broker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDialer(Config{})
	nc, err := d.dial(t.Context(), "tcp", broker.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if first, second := nc.Close(), nc.Close(); first != nil || !errors.Is(second, net.ErrClosed) {
		t.Errorf("closed: %v, and once more: %v", first, second)
	}
	broker.Close()
	unreachable := &net.OpError{}
	if nc, err := d.dial(t.Context(), "tcp", broker.Addr().String()); nc != nil || !errors.As(err, &unreachable) {
		t.Errorf("connection %v, error %v", nc, err)
	}
}

// dialing returns a dialer and the brokers' ends of what it dials.
func dialing(cfg Config) (d *dialer, brokers chan net.Conn) {
	brokers = make(chan net.Conn, 10)
	cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		brokers <- theirs
		return ours, nil
	}
	return newDialer(cfg), brokers
}

// closed tells whether a broker's end finds its connection closed, within a second.
func closed(nc net.Conn) bool {
	nc.SetReadDeadline(time.Now().Add(time.Second))
	_, err := nc.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// A certificate is looked at for the host that is dialled, or for the one that is asked for.
func TestTLS(t *testing.T) {
	cert, err := tlscert.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	named := func(host string) *tls.Config {
		c := cert.Client()
		c.ServerName = host
		return c
	}
	for name, c := range map[string]struct {
		cfg     *tls.Config
		address string
		trusted bool
	}{
		"its host":            {named(""), "localhost:9092", true},
		"another host":        {named(""), "broker.example.com:9092", false},
		"its name is given":   {named("localhost"), "broker.example.com:9092", true},
		"another is given":    {named("broker.example.com"), "localhost:9092", false},
		"nobody knows the CA": {&tls.Config{}, "localhost:9092", false},
	} {
		broker, err := net.Listen("tcp", "127.0.0.1:0") // each side writes while the other one does
		if err != nil {
			t.Fatal(err)
		}
		d := newDialer(Config{TLS: c.cfg, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, broker.Addr().String())
		}})
		before := c.cfg.ServerName
		said := make(chan error, 1)
		go func() {
			nc, err := broker.Accept()
			if err == nil {
				defer nc.Close()
				_, err = tls.Server(nc, cert.Server()).Write([]byte("hello"))
			}
			said <- err
		}()
		nc, err := d.dial(t.Context(), "tcp", c.address)
		if !c.trusted {
			if err == nil || !strings.HasPrefix(err.Error(), "TLS with "+c.address+": ") || len(d.conns) != 0 {
				t.Errorf("%s: error %v, %d connections are kept", name, err, len(d.conns))
			}
			<-said
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			var text [5]byte
			if _, err := io.ReadFull(nc, text[:]); err != nil || string(text[:]) != "hello" || <-said != nil {
				t.Errorf("%s: read %q, error %v", name, text, err)
			}
			nc.Close()
		}
		broker.Close()
		if c.cfg.ServerName != before {
			t.Errorf("%s: the caller's configuration has become one for %s", name, c.cfg.ServerName)
		}
	}
}

// loginBroker is the broker's side of a SASL exchange.
type loginBroker struct {
	handshake, authenticate int16 // the codes that it answers
	hangUp                  protocol.ApiKey
	message                 string
}

const never protocol.ApiKey = -1

// serve answers until the exchange is over, and returns the credentials that it got.
func (b loginBroker) serve(t *testing.T, nc net.Conn) (credentials string) {
	for {
		version, id, client, req, err := protocol.ReadRequest(nc)
		if err != nil {
			return credentials
		}
		if req.ApiKey() == b.hangUp {
			nc.Close()
			return credentials
		}
		var res protocol.Message
		switch req := req.(type) {
		case *saslhandshake.Request:
			if req.Mechanism != "PLAIN" || client != clientID {
				t.Errorf("client %s asks for mechanism %s", client, req.Mechanism)
			}
			res = &saslhandshake.Response{ErrorCode: b.handshake, Mechanisms: []string{"PLAIN"}}
		case *saslauthenticate.Request:
			credentials = string(req.AuthBytes)
			res = &saslauthenticate.Response{ErrorCode: b.authenticate, ErrorMessage: b.message}
		default:
			t.Errorf("a request %T before the exchange is over", req)
			nc.Close()
			return credentials
		}
		if err := protocol.WriteResponse(nc, version, id, res); err != nil {
			t.Error(err)
		}
		if _, ok := req.(*saslauthenticate.Request); ok && b.authenticate == 0 {
			return credentials
		}
	}
}

// loginCase is a SASL exchange and what comes of it.
type loginCase struct {
	broker      loginBroker
	lost        int32 // exchanges before
	want        error // nil: none
	explanation string
	sent        bool  // the credentials
	final       bool  // no broker is asked any more
	lostAfter   int32 // exchanges in a row
}

// Only a broker that says no to the credentials is asked nothing more: the other ways in which a SASL
// exchange fails may be another broker's, or over in a moment.
func TestLogin(t *testing.T) {
	for name, c := range map[string]loginCase{
		"accepted":           {broker: loginBroker{hangUp: never}, lost: 3, sent: true},
		"no such mechanism":  {broker: loginBroker{hangUp: never, handshake: int16(kafka.UnsupportedSASLMechanism)}, lost: 3, want: kafka.UnsupportedSASLMechanism, lostAfter: 3},
		"refused":            {broker: loginBroker{hangUp: never, authenticate: int16(kafka.SASLAuthenticationFailed), message: "who are you?"}, lost: 3, want: kafka.SASLAuthenticationFailed, explanation: "who are you?", sent: true, final: true, lostAfter: 3},
		"in a wrong state":   {broker: loginBroker{hangUp: never, authenticate: int16(kafka.IllegalSASLState)}, want: kafka.IllegalSASLState, sent: true},
		"hangs up before":    {broker: loginBroker{hangUp: protocol.SaslHandshake}, lost: 4, want: io.ErrUnexpectedEOF, lostAfter: 4},
		"hangs up":           {broker: loginBroker{hangUp: protocol.SaslAuthenticate}, lost: 3, want: errHungUp, lostAfter: 4},
		"hangs up once more": {broker: loginBroker{hangUp: protocol.SaslAuthenticate}, lost: 4, want: kafka.SASLAuthenticationFailed, final: true, lostAfter: 5},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { testLogin(t, c) }) })
	}
}

func testLogin(t *testing.T, c loginCase) {
	logins := new(Logins)
	logins.losses.Store(c.lost)
	d, brokers := dialing(Config{Credentials: &Credentials{"jane", "secret"}, Logins: logins})
	defer d.close()
	got := make(chan string, 1)
	var theirs net.Conn
	serve := func(b loginBroker) {
		theirs = <-brokers
		got <- b.serve(t, theirs)
	}
	go serve(c.broker)
	ctx, cancel := context.WithCancel(t.Context())
	nc, err := d.dial(ctx, "tcp", "broker:9092")
	cancel() // as kafka-go does when it has the connection
	synctest.Wait()
	want := ""
	if c.sent {
		want = "\x00jane\x00secret"
	}
	if credentials := <-got; credentials != want {
		t.Errorf("the broker got the credentials %q, want %q", credentials, want)
	}
	if n := logins.losses.Load(); n != c.lostAfter {
		t.Errorf("%d lost exchanges in a row, want %d", n, c.lostAfter)
	}
	if c.want == nil {
		if err != nil {
			t.Fatal(err)
		}
		go theirs.Write([]byte{1})
		if n, err := nc.Read(make([]byte, 1)); n != 1 {
			t.Errorf("the connection is of no use: %v", err)
		}
		return
	}
	if nc != nil || !errors.Is(err, c.want) {
		t.Fatalf("connection %v, error %v, want %v", nc, err, c.want)
	}
	if text := err.Error(); !strings.HasPrefix(text, "SASL with broker:9092: ") || !strings.Contains(text, c.explanation) {
		t.Errorf("error %v", err)
	}
	if len(d.conns) != 0 {
		t.Error("the connection is open")
	}
	if !c.final {
		go serve(loginBroker{hangUp: never})
	}
	again, err2 := d.dial(t.Context(), "tcp", "other:9092")
	if c.final && (again != nil || err2 != err) || !c.final && err2 != nil {
		t.Errorf("the next broker: connection %v, error %v", again, err2)
	}
}

// An exchange that a broker leaves open ends with the time for the connection.
func TestLoginEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, brokers := dialing(Config{Credentials: &Credentials{"jane", "secret"}, Logins: new(Logins)})
		ctx, cancel := context.WithTimeout(t.Context(), connectTimeout)
		defer cancel()
		start := time.Now()
		_, err := d.dial(ctx, "tcp", "broker:9092")
		if took := time.Since(start); err == nil || took != connectTimeout || len(d.conns) != 0 {
			t.Errorf("error %v after %v, %d connections are kept", err, took, len(d.conns))
		}
		(<-brokers).Close()
	})
}
