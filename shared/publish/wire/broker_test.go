package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// seed is the address that a Conn begins with.
const seed = "seed:9092"

// brokers are a cluster that answers as it is told, without a network: it reads and writes by another
// library than the one that is tested.
type brokers struct {
	// answers fill in what is answered to a kind of request; false: the connection is closed instead.
	answers map[kmsg.Key]func(broker int, req kmsg.Request, res kmsg.Response) bool

	mu    sync.Mutex
	asked []asked
	dials []string // addresses
}

// asked is a request that a broker got; AnyBroker got those over the connection to the seed.
type asked struct {
	broker int
	client string
	req    kmsg.Request
}

// withBrokers runs a test in virtual time with a Conn to two brokers, who lead the partitions of the
// topics "sales" and "beside" as leaders says. It fails where something goes on when the Conn is closed.
func withBrokers(t *testing.T, leaders []int32, test func(t *testing.T, b *brokers, c *Conn)) {
	synctest.Test(t, func(t *testing.T) {
		b := &brokers{answers: map[kmsg.Key]func(int, kmsg.Request, kmsg.Response) bool{
			kmsg.ApiVersions: func(_ int, _ kmsg.Request, res kmsg.Response) bool {
				versions(res.(*kmsg.ApiVersionsResponse))
				return true
			},
			kmsg.Metadata: func(_ int, _ kmsg.Request, res kmsg.Response) bool {
				topic := kmsg.NewMetadataResponseTopic()
				for i, leader := range leaders {
					p := kmsg.NewMetadataResponseTopicPartition()
					p.Partition, p.Leader = int32(i), leader
					topic.Partitions = append(topic.Partitions, p)
				}
				beside := topic
				topic.Topic, beside.Topic = kmsg.StringPtr("sales"), kmsg.StringPtr("beside")
				metadata(res.(*kmsg.MetadataResponse), topic, beside)
				return true
			},
		}}
		c := Open(Config{Brokers: []string{seed}, Topic: "sales", Beside: "beside", Dial: b.dial})
		defer time.Sleep(24 * time.Hour) // brokers that take their time end
		defer c.Close()
		test(t, b, c)
	})
}

// idle waits until kafka-go may use the connection of the last request again: it makes that known
// after the answer, and makes another connection for who asks meanwhile.
func idle() { synctest.Wait() }

// versions says that all is known, as brokers of today do.
func versions(res *kmsg.ApiVersionsResponse) {
	for k := range int16(kmsg.MaxKey) {
		if req := kmsg.RequestForKey(k); req != nil {
			api := kmsg.NewApiVersionsResponseApiKey()
			api.ApiKey, api.MaxVersion = k, req.MaxVersion()
			res.ApiKeys = append(res.ApiKeys, api)
		}
	}
}

// metadata names two brokers and the topics.
func metadata(res *kmsg.MetadataResponse, topics ...kmsg.MetadataResponseTopic) {
	for node := range int32(2) {
		broker := kmsg.NewMetadataResponseBroker()
		broker.NodeID, broker.Host, broker.Port = node, fmt.Sprintf("broker-%d", node), 9092
		res.Brokers = append(res.Brokers, broker)
	}
	res.Topics = topics
}

func (b *brokers) dial(_ context.Context, _, address string) (net.Conn, error) {
	b.mu.Lock()
	b.dials = append(b.dials, address)
	b.mu.Unlock()
	broker := AnyBroker
	if address != seed {
		if _, err := fmt.Sscanf(address, "broker-%d:9092", &broker); err != nil {
			return nil, err
		}
	}
	ours, theirs := net.Pipe()
	go b.serve(broker, theirs)
	return ours, nil
}

func (b *brokers) serve(broker int, nc net.Conn) {
	defer nc.Close()
	for r := bufio.NewReader(nc); ; {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(r, frame); err != nil {
			return
		}
		req := kmsg.RequestForKey(int16(binary.BigEndian.Uint16(frame)))
		req.SetVersion(int16(binary.BigEndian.Uint16(frame[2:])))
		client := 10 + int(binary.BigEndian.Uint16(frame[8:]))
		body := client
		if req.IsFlexible() {
			body++ // no tags
		}
		if err := req.ReadFrom(frame[body:]); err != nil {
			panic(fmt.Sprintf("%T: %v", req, err))
		}
		b.mu.Lock()
		b.asked = append(b.asked, asked{broker, string(frame[10:client]), req})
		answer := b.answers[kmsg.Key(req.Key())]
		b.mu.Unlock()
		res := req.ResponseKind()
		if answer != nil && !answer(broker, req, res) {
			return
		}
		out := append(make([]byte, 4), frame[4:8]...)
		if res.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) {
			out = append(out, 0)
		}
		out = res.AppendTo(out)
		binary.BigEndian.PutUint32(out, uint32(len(out)-4))
		if _, err := nc.Write(out); err != nil {
			return
		}
	}
}

// got are the requests of a kind, in their order.
func (b *brokers) got(key kmsg.Key) (all []asked) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.asked {
		if a.req.Key() == key.Int16() {
			all = append(all, a)
		}
	}
	return all
}

// dialled is how often an address was.
func (b *brokers) dialled(address string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.dials {
		if a == address {
			n++
		}
	}
	return n
}

// answer says how a kind of request is answered from now on.
func answer[R kmsg.Response](b *brokers, key kmsg.Key, fill func(res R)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[key] = func(_ int, _ kmsg.Request, res kmsg.Response) bool {
		fill(res.(R))
		return true
	}
}

// hangUp has brokers close the connection over which they get a kind of request.
func (b *brokers) hangUp(key kmsg.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answers[key] = func(int, kmsg.Request, kmsg.Response) bool { return false }
}
