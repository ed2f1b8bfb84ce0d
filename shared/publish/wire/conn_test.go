package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A partition without a leader has a negative one, whichever way the brokers say so.
func TestLeaders(t *testing.T) {
	withBrokers(t, nil, func(t *testing.T, b *brokers, c *Conn) {
		answer(b, kmsg.Metadata, func(res *kmsg.MetadataResponse) {
			topic := kmsg.NewMetadataResponseTopic()
			topic.Topic = kmsg.StringPtr("sales")
			for _, part := range []struct{ id, leader, code int16 }{
				{3, 7, 0}, // a broker that is not there
				{0, 1, 0},
				{2, 1, int16(kafka.LeaderNotAvailable)},
				{1, 0, 0},
				{4, -1, 0},
			} {
				p := kmsg.NewMetadataResponseTopicPartition()
				p.Partition, p.Leader, p.ErrorCode = int32(part.id), int32(part.leader), part.code
				topic.Partitions = append(topic.Partitions, p)
			}
			metadata(res, topic)
		})
		if leaders, err := c.Leaders(t.Context(), "sales"); err != nil || !slices.Equal(leaders, []int{1, 0, -1, -1, -1}) {
			t.Errorf("leaders %v, error %v", leaders, err)
		}
	})
}

// What brokers say of a topic that cannot be written to is an error that names it.
func TestNoLeaders(t *testing.T) {
	for name, c := range map[string]struct {
		code       kafka.Error
		partitions []int32
		want       error // nil: any
	}{
		"an error":                {kafka.TopicAuthorizationFailed, nil, kafka.TopicAuthorizationFailed},
		"no partitions":           {0, nil, kafka.UnknownTopicOrPartition},
		"too large a number":      {0, []int32{0, 2}, nil},
		"a negative number":       {0, []int32{-1, 0}, nil},
		"an error and partitions": {kafka.UnknownTopicOrPartition, []int32{0}, kafka.UnknownTopicOrPartition},
	} {
		withBrokers(t, nil, func(t *testing.T, b *brokers, conn *Conn) {
			answer(b, kmsg.Metadata, func(res *kmsg.MetadataResponse) {
				topic := kmsg.NewMetadataResponseTopic()
				topic.Topic, topic.ErrorCode = kmsg.StringPtr("sales"), int16(c.code)
				for _, id := range c.partitions {
					p := kmsg.NewMetadataResponseTopicPartition()
					p.Partition = id
					topic.Partitions = append(topic.Partitions, p)
				}
				metadata(res, topic)
			})
			leaders, err := conn.Leaders(t.Context(), "sales")
			if err == nil || leaders != nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), "topic sales") {
				t.Errorf("%s: leaders %v, error %v", name, leaders, err)
			}
		})
	}
}

// A broker that does not answer has the time for one request.
func TestLeadersInTime(t *testing.T) {
	withBrokers(t, nil, func(t *testing.T, b *brokers, c *Conn) {
		b.answers[kmsg.Metadata] = func(int, kmsg.Request, kmsg.Response) bool {
			time.Sleep(time.Minute)
			return false
		}
		start := time.Now()
		if _, err := c.Leaders(t.Context(), "sales"); err == nil || time.Since(start) > RequestTimeout {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
	})
}

func TestCoordinator(t *testing.T) {
	for role, number := range map[Role]int8{OfGroup: 0, OfTransaction: 1} {
		withBrokers(t, []int32{0}, func(t *testing.T, b *brokers, c *Conn) {
			answer(b, kmsg.FindCoordinator, func(res *kmsg.FindCoordinatorResponse) { res.NodeID = 1 })
			if id, err := c.Coordinator(t.Context(), "burst", role); id != 1 || err != nil {
				t.Errorf("coordinator %d, error %v", id, err)
			}
			got := b.got(kmsg.FindCoordinator)
			if req := got[0].req.(*kmsg.FindCoordinatorRequest); req.CoordinatorKey != "burst" || req.CoordinatorType != number {
				t.Errorf("asked for %+v", req)
			}
			answer(b, kmsg.FindCoordinator, func(res *kmsg.FindCoordinatorResponse) {
				res.NodeID, res.ErrorCode = 1, int16(kafka.GroupCoordinatorNotAvailable)
			})
			if id, err := c.Coordinator(t.Context(), "burst", role); id != 0 || !errors.Is(err, kafka.GroupCoordinatorNotAvailable) {
				t.Errorf("coordinator %d, error %v", id, err)
			}
			b.hangUp(kmsg.FindCoordinator)
			if id, err := c.Coordinator(t.Context(), "burst", role); id != 0 || err == nil {
				t.Errorf("coordinator %d without an answer", id)
			}
		})
	}
}

// Once closed, a Conn ends what is under way, and opens nothing more.
func TestClose(t *testing.T) {
	withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
		b.answers[kmsg.EndTxn] = func(int, kmsg.Request, kmsg.Response) bool {
			time.Sleep(time.Hour)
			return true
		}
		time.AfterFunc(time.Second, c.Close)
		start := time.Now()
		if err := c.Commit(t.Context(), 1, member); err == nil || time.Since(start) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		synctest.Wait() // until Close has ended
		dials := len(b.dials)
		if leaders, err := c.Leaders(t.Context(), "sales"); err == nil {
			t.Errorf("leaders %v of a Conn that is closed", leaders)
		}
		time.Sleep(time.Hour)
		if len(b.dials) != dials {
			t.Errorf("dialled %v after the end", b.dials[dials:])
		}
	})
}

// A request after the end has kafka-go begin nothing that goes on.
func TestRequestAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails when something does
		c := Open(Config{Brokers: []string{seed}, Topic: "sales", Dial: new(brokers).dial})
		c.Close()
		if leaders, err := c.Leaders(t.Context(), "sales"); err == nil {
			t.Errorf("leaders %v", leaders)
		}
	})
}
