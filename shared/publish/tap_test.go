package publish_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

// tap stands between a publisher and its brokers and sees each request and response. What
// it is told to, it holds back or changes, as networks and brokers in trouble do.
type tap struct {
	// request is called with each request before it is sent; false: it is not.
	request func(r *tapped) bool
	// response is called with each response before it is delivered; false: the connection
	// is closed instead.
	response func(r *tapped) bool
	mu       sync.Mutex
	dials    int
}

// tapped is a request or a response.
type tapped struct {
	conn    int // number of the connection, from 1 on
	key     kmsg.Key
	version int16
	body    []byte // without its header
}

func (r *tapped) parse(t testing.TB, into interface{ ReadFrom([]byte) error }) {
	t.Helper()
	if err := into.ReadFrom(r.body); err != nil {
		t.Errorf("%v version %d: %v", r.key, r.version, err)
	}
}

// countTransactions is a tap that counts how many transactions are begun, and how often partitions are
// added to one.
func countTransactions(begun, added *atomic.Int32) *tap {
	return &tap{request: func(r *tapped) bool {
		switch r.key {
		case kmsg.InitProducerID:
			begun.Add(1)
		case kmsg.AddPartitionsToTxn:
			added.Add(1)
		}
		return true
	}}
}

// through returns a configuration with which a publisher reaches b through the tap.
func (tp *tap) through(b *broker, d publish.Delivery) publish.Config {
	cfg := b.config(d)
	inner, dial := cfg.TLS, b.dialer()
	cfg.TLS = nil // here, so that the tap sees what is said
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		tp.mu.Lock()
		tp.dials++
		number := tp.dials
		tp.mu.Unlock()
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		tlsConfig := inner.Clone()
		tlsConfig.ServerName, _, _ = net.SplitHostPort(address)
		return &tappedConn{Conn: tls.Client(raw, tlsConfig), tap: tp, number: number, waiting: make(map[int32]tapped)}, nil
	}
	return cfg
}

func (tp *tap) dialed() int {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	return tp.dials
}

type tappedConn struct {
	net.Conn
	tap    *tap
	number int

	mu      sync.Mutex
	out     []byte           // of a request that is not whole yet
	waiting map[int32]tapped // requests without an answer, by correlation id
	in      []byte           // of a response that is not read yet
}

func (c *tappedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, p...)
	for len(c.out) >= 4 {
		size := 4 + int(binary.BigEndian.Uint32(c.out))
		if len(c.out) < size {
			break
		}
		frame := c.out[:size:size]
		c.out = append([]byte(nil), c.out[size:]...)
		r := tapped{conn: c.number, key: kmsg.Key(binary.BigEndian.Uint16(frame[4:])), version: int16(binary.BigEndian.Uint16(frame[6:]))}
		header := 14 + int(binary.BigEndian.Uint16(frame[12:])) // size, key, version, correlation, client id
		if req := kmsg.RequestForKey(r.key.Int16()); req != nil {
			req.SetVersion(r.version)
			if req.IsFlexible() {
				header++ // no tags
			}
		}
		r.body = frame[header:]
		c.waiting[int32(binary.BigEndian.Uint32(frame[8:]))] = r
		if c.tap.request != nil && !c.tap.request(&r) {
			continue
		}
		if _, err := c.Conn.Write(frame); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (c *tappedConn) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		var size [4]byte
		if _, err := io.ReadFull(c.Conn, size[:]); err != nil {
			return 0, err
		}
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(c.Conn, frame); err != nil {
			return 0, err
		}
		c.mu.Lock()
		r := c.waiting[int32(binary.BigEndian.Uint32(frame))]
		c.mu.Unlock()
		header := 4
		if res := kmsg.ResponseForKey(r.key.Int16()); res != nil {
			res.SetVersion(r.version)
			if res.IsFlexible() && r.key != kmsg.ApiVersions {
				header++
			}
		}
		r.body = frame[header:]
		if c.tap.response != nil && !c.tap.response(&r) {
			c.Conn.Close()
			return 0, io.ErrUnexpectedEOF
		}
		frame = append(frame[:header:header], r.body...)
		c.in = append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}
