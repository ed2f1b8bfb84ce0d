package publish_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/publish"
)

// wire stands between one publisher and its brokers, in virtual time. Each request of a kind
// is counted, and for each the verdict is asked for.
type wire struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// onRequest may block: the request is late then, and is sent even when the publisher has
	// closed the connection. false: it is lost, and the connection with it.
	onRequest func(key kmsg.Key, k int) bool
	// onResponse may block and may change the body. false: it is lost, and the connection with it.
	onResponse func(key kmsg.Key, k int, version int16, body []byte) ([]byte, bool)

	past func() bool // an answer about the ledger, before the entry, is as if nothing was there

	mu    sync.Mutex
	count map[kmsg.Key]int
	dials int
}

func (w *wire) through(b *broker, d publish.Delivery) publish.Config {
	cfg := b.config(d)
	w.count = make(map[kmsg.Key]int)
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		w.dials++
		w.mu.Unlock()
		raw, err := w.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ours, theirs := net.Pipe()
		c := &wireConn{Conn: ours, out: theirs, broker: raw, w: w, waiting: make(map[int32]wired)}
		go c.requests()
		go c.responses()
		return c, nil
	}
	return cfg
}

type wired struct {
	key     kmsg.Key
	version int16
	k       int
	stable  bool // an OffsetFetch for what is stable
}

type wireConn struct {
	net.Conn
	out    net.Conn
	broker net.Conn
	w      *wire

	mu      sync.Mutex
	waiting map[int32]wired
}

func (c *wireConn) kill() { c.out.Close(); c.broker.Close() }

func frame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	f := make([]byte, 4+binary.BigEndian.Uint32(size[:]))
	copy(f, size[:])
	_, err := io.ReadFull(r, f[4:])
	return f, err
}

func (c *wireConn) requests() {
	defer c.kill()
	for {
		f, err := frame(c.out)
		if err != nil {
			return
		}
		key := kmsg.Key(binary.BigEndian.Uint16(f[4:]))
		c.w.mu.Lock()
		c.w.count[key]++
		k := c.w.count[key]
		c.w.mu.Unlock()
		c.mu.Lock()
		c.waiting[int32(binary.BigEndian.Uint32(f[8:]))] = wired{key, int16(binary.BigEndian.Uint16(f[6:])), k, key == kmsg.OffsetFetch && f[len(f)-2] == 1}
		c.mu.Unlock()
		if c.w.onRequest != nil && !c.w.onRequest(key, k) {
			return
		}
		if _, err := c.broker.Write(f); err != nil {
			return
		}
	}
}

func (c *wireConn) responses() {
	defer c.kill()
	for {
		f, err := frame(c.broker)
		if err != nil {
			return
		}
		c.mu.Lock()
		r := c.waiting[int32(binary.BigEndian.Uint32(f[4:]))]
		c.mu.Unlock()
		header := 8
		if res := kmsg.ResponseForKey(r.key.Int16()); res != nil {
			res.SetVersion(r.version)
			if res.IsFlexible() && r.key != kmsg.ApiVersions {
				header++
			}
		}
		if r.stable && c.w.past != nil && c.w.past() {
			f = append(f[:header:header], answering(r.key, r.version, f[header:], 0)...)
			binary.BigEndian.PutUint32(f, uint32(len(f)-4))
		}
		if c.w.onResponse != nil {
			body, ok := c.w.onResponse(r.key, r.k, r.version, f[header:])
			if !ok {
				return
			}
			f = append(f[:header:header], body...)
			binary.BigEndian.PutUint32(f, uint32(len(f)-4))
		}
		if _, err := c.out.Write(f); err != nil {
			// the publisher does not listen any more; the broker goes on with what is on its way
			io.Copy(io.Discard, c.broker)
			return
		}
	}
}

// answering puts an error in the place of what a broker answered.
func answering(key kmsg.Key, version int16, body []byte, code int16) []byte {
	res := kmsg.ResponseForKey(key.Int16())
	res.SetVersion(version)
	if err := res.ReadFrom(body); err != nil {
		panic(err)
	}
	switch r := res.(type) {
	case *kmsg.InitProducerIDResponse:
		r.ErrorCode, r.ProducerID, r.ProducerEpoch = code, -1, -1
	case *kmsg.FindCoordinatorResponse:
		r.ErrorCode = code
	case *kmsg.OffsetFetchResponse:
		r.ErrorCode = code
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				p := &r.Topics[i].Partitions[j]
				p.ErrorCode, p.Offset, p.Metadata = code, -1, kmsg.StringPtr("")
			}
		}
	case *kmsg.AddPartitionsToTxnResponse:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				r.Topics[i].Partitions[j].ErrorCode = code
			}
		}
	case *kmsg.AddOffsetsToTxnResponse:
		r.ErrorCode = code
	case *kmsg.TxnOffsetCommitResponse:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				r.Topics[i].Partitions[j].ErrorCode = code
			}
		}
	case *kmsg.ProduceResponse:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				r.Topics[i].Partitions[j].ErrorCode, r.Topics[i].Partitions[j].BaseOffset = code, -1
			}
		}
	case *kmsg.EndTxnResponse:
		r.ErrorCode = code
	default:
		panic(fmt.Sprintf("%T", res))
	}
	return res.AppendTo(nil)
}
