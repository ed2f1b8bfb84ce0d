package wire

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// member makes the requests of the tests.
var member = Member{ID: "burst-7", Producer: Producer{ID: 5_000_000_000, Epoch: 3}}

// requests are those for one broker, with an answer that has a code in it.
var requests = map[string]struct {
	key  kmsg.Key
	send func(ctx context.Context, c *Conn, broker int) (got any, err error)
	fill func(res kmsg.Response, code int16)
	want any          // that a good answer is read as
	sent kmsg.Request // but for what the library adds
}{
	"a producer": {
		key: kmsg.InitProducerID,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) {
			return c.InitProducer(ctx, broker, member.ID, 90*time.Second, member.Producer)
		},
		fill: func(res kmsg.Response, code int16) {
			r := res.(*kmsg.InitProducerIDResponse)
			r.ErrorCode, r.ProducerID, r.ProducerEpoch = code, 6_000_000_000, 4
		},
		want: Producer{6_000_000_000, 4},
		sent: &kmsg.InitProducerIDRequest{
			TransactionalID: kmsg.StringPtr(member.ID), TransactionTimeoutMillis: 90_000,
			ProducerID: member.Producer.ID, ProducerEpoch: member.Producer.Epoch,
		},
	},
	"an offset": {
		key: kmsg.OffsetFetch,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) {
			return c.FetchOffset(ctx, broker, "ledger", true)
		},
		fill: func(res kmsg.Response, code int16) {
			r := res.(*kmsg.OffsetFetchResponse)
			if r.ErrorCode = code; code == 0 {
				r.Topics = fetched(offsetAt{"sales", 0, 29, 0})
			}
		},
		want: Offset{29, "metadata of sales"},
		sent: &kmsg.OffsetFetchRequest{
			Group: "ledger", Topics: []kmsg.OffsetFetchRequestTopic{{Topic: "sales", Partitions: []int32{0}}}, RequireStable: true,
		},
	},
	"partitions": {
		key: kmsg.AddPartitionsToTxn,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) {
			return nil, c.AddPartitions(ctx, broker, member, []Partition{sales(2), sales(5), {"beside", 1}})
		},
		fill: func(res kmsg.Response, code int16) {
			res.(*kmsg.AddPartitionsToTxnResponse).Topics = added(0, code)
		},
		sent: &kmsg.AddPartitionsToTxnRequest{
			TransactionalID: member.ID, ProducerID: member.Producer.ID, ProducerEpoch: member.Producer.Epoch,
			Topics: []kmsg.AddPartitionsToTxnRequestTopic{{Topic: "sales", Partitions: []int32{2, 5}},
				{Topic: "beside", Partitions: []int32{1}}},
		},
	},
	"a group": {
		key: kmsg.AddOffsetsToTxn,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) {
			return nil, c.AddOffsets(ctx, broker, member, "ledger")
		},
		fill: func(res kmsg.Response, code int16) { res.(*kmsg.AddOffsetsToTxnResponse).ErrorCode = code },
		sent: &kmsg.AddOffsetsToTxnRequest{
			TransactionalID: member.ID, ProducerID: member.Producer.ID, ProducerEpoch: member.Producer.Epoch, Group: "ledger",
		},
	},
	"an offset to commit": {
		key: kmsg.TxnOffsetCommit,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) {
			return nil, c.CommitOffset(ctx, broker, member, "ledger", Offset{29, "window"})
		},
		fill: func(res kmsg.Response, code int16) {
			fine, p := kmsg.NewTxnOffsetCommitResponseTopicPartition(), kmsg.NewTxnOffsetCommitResponseTopicPartition()
			fine.Partition, p.ErrorCode = 1, code
			topic := kmsg.NewTxnOffsetCommitResponseTopic()
			topic.Topic, topic.Partitions = "sales", []kmsg.TxnOffsetCommitResponseTopicPartition{fine, p}
			res.(*kmsg.TxnOffsetCommitResponse).Topics = []kmsg.TxnOffsetCommitResponseTopic{topic}
		},
		sent: &kmsg.TxnOffsetCommitRequest{
			TransactionalID: member.ID, Group: "ledger", ProducerID: member.Producer.ID, ProducerEpoch: member.Producer.Epoch, Generation: -1,
			Topics: []kmsg.TxnOffsetCommitRequestTopic{{Topic: "sales", Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{
				{Partition: 0, Offset: 29, LeaderEpoch: -1, Metadata: kmsg.StringPtr("window")},
			}}},
		},
	},
	"the end": {
		key:  kmsg.EndTxn,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) { return nil, c.Commit(ctx, broker, member) },
		fill: func(res kmsg.Response, code int16) { res.(*kmsg.EndTxnResponse).ErrorCode = code },
		sent: &kmsg.EndTxnRequest{
			TransactionalID: member.ID, ProducerID: member.Producer.ID, ProducerEpoch: member.Producer.Epoch, Commit: true,
		},
	},
	"what is recent": {
		key: kmsg.ApiVersions,
		send: func(ctx context.Context, c *Conn, broker int) (any, error) {
			return c.IsRecent(ctx, broker)
		},
		fill: func(res kmsg.Response, code int16) {
			r := res.(*kmsg.ApiVersionsResponse)
			versions(r)
			r.ErrorCode = code
		},
		want: true,
		sent: &kmsg.ApiVersionsRequest{},
	},
}

type offsetAt struct {
	topic     string
	partition int32
	offset    int64
	code      int16
}

func fetched(offsets ...offsetAt) (topics []kmsg.OffsetFetchResponseTopic) {
	for _, o := range offsets {
		p := kmsg.NewOffsetFetchResponseTopicPartition()
		p.Partition, p.Offset, p.ErrorCode = o.partition, o.offset, o.code
		p.Metadata = kmsg.StringPtr("metadata of " + o.topic)
		topic := kmsg.NewOffsetFetchResponseTopic()
		topic.Topic, topic.Partitions = o.topic, []kmsg.OffsetFetchResponseTopicPartition{p}
		topics = append(topics, topic)
	}
	return topics
}

func added(codes ...int16) []kmsg.AddPartitionsToTxnResponseTopic {
	topic := kmsg.NewAddPartitionsToTxnResponseTopic()
	topic.Topic = "sales"
	for i, code := range codes {
		p := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
		p.Partition, p.ErrorCode = int32(i), code
		topic.Partitions = append(topic.Partitions, p)
	}
	return []kmsg.AddPartitionsToTxnResponseTopic{topic}
}

// A request goes to the broker that it is for, as another library reads it too; its answer is
// returned, and so is a code in it, and that there was no answer.
func TestRequestsToABroker(t *testing.T) {
	for name, r := range requests {
		withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
			code := int16(kafka.NotCoordinatorForGroup)
			ask := func() (any, error) {
				idle()
				return r.send(t.Context(), c, 1)
			}
			if _, err := c.Leaders(t.Context(), "sales"); err != nil {
				t.Fatal(err)
			}
			if _, err := c.InitProducer(t.Context(), 1, "", 0, Anybody); err != nil { // the connection is there
				t.Fatal(err)
			}
			before := len(b.got(r.key))
			b.mu.Lock()
			b.answers[r.key] = func(_ int, _ kmsg.Request, res kmsg.Response) bool {
				r.fill(res, code)
				return true
			}
			b.mu.Unlock()
			zero := r.want
			if zero != nil {
				zero = reflect.Zero(reflect.TypeOf(zero)).Interface()
			}
			if got, err := ask(); !errors.Is(err, kafka.NotCoordinatorForGroup) || got != zero {
				t.Errorf("%s: %v, error %v, want the broker's", name, got, err)
			}
			code = 0
			if got, err := ask(); err != nil || got != r.want {
				t.Errorf("%s: %v, error %v, want %v", name, got, err, r.want)
			}
			for _, a := range b.got(r.key)[before:] {
				r.sent.SetVersion(a.req.GetVersion())
				if a.broker != 1 || a.client != clientID || string(a.req.AppendTo(nil)) != string(r.sent.AppendTo(nil)) {
					t.Errorf("%s: broker %d got from %s\n%+v, want\n%+v", name, a.broker, a.client, a.req, r.sent)
				}
			}
			if n := len(b.got(r.key)) - before; n != 2 || b.dialled("broker-1:9092") != 1 || b.dialled("broker-0:9092") != 0 {
				t.Errorf("%s: %d requests, dialled %v", name, n, b.dials)
			}
			if _, err := r.send(t.Context(), c, 9); err == nil || !strings.Contains(err.Error(), "broker 9 is not among") {
				t.Errorf("%s: error %v, for a broker that is not known", name, err)
			}
			b.hangUp(r.key)
			c.recent.Clear() // or it would not ask
			if got, err := ask(); err == nil || got != zero {
				t.Errorf("%s: %v without an answer", name, got)
			}
		})
	}
}

// AnyBroker is asked over the connection to the first ones.
func TestAnyBroker(t *testing.T) {
	withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
		if _, err := c.InitProducer(t.Context(), AnyBroker, "", 0, Anybody); err != nil {
			t.Fatal(err)
		}
		got := b.got(kmsg.InitProducerID)
		if req := got[0].req.(*kmsg.InitProducerIDRequest); got[0].broker != AnyBroker || req.TransactionalID != nil || req.ProducerID != -1 || req.ProducerEpoch != -1 {
			t.Errorf("broker %d got %+v", got[0].broker, req)
		}
	})
}

// A broker is recent by what it can do. One that is is asked once; one that is not is asked each time,
// as it may have been made newer.
func TestIsRecent(t *testing.T) {
	withBrokers(t, []int32{0, 1}, func(t *testing.T, b *brokers, c *Conn) {
		if _, err := c.InitProducer(t.Context(), 0, "", 0, Anybody); err != nil { // the connection is there
			t.Fatal(err)
		}
		offers := func(key kmsg.Key, version int16) {
			answer(b, kmsg.ApiVersions, func(res *kmsg.ApiVersionsResponse) {
				api := kmsg.NewApiVersionsResponseApiKey()
				api.ApiKey, api.MaxVersion = key.Int16(), version
				res.ApiKeys = append(res.ApiKeys, api)
			})
		}
		idle()
		before := len(b.got(kmsg.ApiVersions))
		for i, ask := range []struct {
			key     kmsg.Key
			version int16
			recent  bool
			asked   int
		}{
			{kmsg.ListOffsets, 9, false, 1},
			{kmsg.Produce, 12, false, 2},
			{kmsg.ListOffsets, 10, true, 3},
			{kmsg.ListOffsets, 9, true, 3},
		} {
			offers(ask.key, ask.version)
			idle()
			recent, err := c.IsRecent(t.Context(), 0)
			if asked := len(b.got(kmsg.ApiVersions)) - before; err != nil || recent != ask.recent || asked != ask.asked {
				t.Errorf("%d: recent %v, error %v, asked %d times", i, recent, err, asked)
			}
		}
	})
}

// A group that there is not has no offset, and what a broker says of other offsets is no answer.
func TestFetchedOffsets(t *testing.T) {
	const unstable = int16(kafka.UnstableOffsetCommit)
	for name, c := range map[string]struct {
		code    kafka.Error
		offsets []offsetAt
		want    Offset
		err     error // nil: none; errAny: one that is not a broker's
	}{
		"no such group":     {kafka.GroupIdNotFound, nil, Offset{Offset: -1}, nil},
		"none":              {0, []offsetAt{{"sales", 0, -1, 0}}, Offset{-1, "metadata of sales"}, nil},
		"unstable":          {0, []offsetAt{{"sales", 0, -1, unstable}}, Offset{-1, "metadata of sales"}, kafka.UnstableOffsetCommit},
		"behind others":     {0, []offsetAt{{"others", 0, 1, unstable}, {"sales", 1, 2, unstable}, {"sales", 0, 3, 0}}, Offset{3, "metadata of sales"}, nil},
		"of another topic":  {0, []offsetAt{{"others", 0, 1, 0}}, Offset{}, errAny},
		"another partition": {0, []offsetAt{{"sales", 1, 1, 0}}, Offset{}, errAny},
		"nothing":           {0, nil, Offset{}, errAny},
	} {
		withBrokers(t, []int32{0}, func(t *testing.T, b *brokers, conn *Conn) {
			answer(b, kmsg.OffsetFetch, func(res *kmsg.OffsetFetchResponse) {
				res.ErrorCode, res.Topics = int16(c.code), fetched(c.offsets...)
			})
			got, err := conn.FetchOffset(t.Context(), 0, "ledger", false)
			if code := kafka.Error(0); got != c.want || c.err == errAny && (err == nil || errors.As(err, &code)) || c.err != errAny && !errors.Is(err, c.err) {
				t.Errorf("%s: %+v, error %v", name, got, err)
			}
			if b.got(kmsg.OffsetFetch)[0].req.(*kmsg.OffsetFetchRequest).RequireStable {
				t.Errorf("%s: asked for what is stable", name)
			}
		})
	}
}

var errAny = errors.New("any")

// A partition that was not added for another's sake is not the reason.
func TestAddedPartitions(t *testing.T) {
	const notAttempted = 55
	for _, c := range []struct {
		codes []int16
		want  string // "": no error
	}{
		{[]int16{0, 0}, ""},
		{[]int16{notAttempted, int16(kafka.TopicAuthorizationFailed)}, "partition 1 of topic sales: "},
		{[]int16{int16(kafka.TopicAuthorizationFailed), notAttempted}, "partition 0 of topic sales: "},
		{[]int16{notAttempted}, ""},
	} {
		withBrokers(t, []int32{0}, func(t *testing.T, b *brokers, conn *Conn) {
			answer(b, kmsg.AddPartitionsToTxn, func(res *kmsg.AddPartitionsToTxnResponse) { res.Topics = added(c.codes...) })
			err := conn.AddPartitions(t.Context(), 0, member, []Partition{sales(0), sales(1)})
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, kafka.TopicAuthorizationFailed) || !strings.HasPrefix(err.Error(), c.want)) {
				t.Errorf("codes %v: %v", c.codes, err)
			}
		})
	}
}

// Batches go to their leader in one request, and of those that it says nothing of nothing is known.
func TestProduce(t *testing.T) {
	withBrokers(t, []int32{0, 1, 1, 1}, func(t *testing.T, b *brokers, c *Conn) {
		answer(b, kmsg.Produce, func(res *kmsg.ProduceResponse) {
			topic, beside := kmsg.NewProduceResponseTopic(), kmsg.NewProduceResponseTopic()
			topic.Topic, beside.Topic, res.ThrottleMillis = "sales", "beside", 250
			for _, part := range []struct {
				id   int32
				base int64
				code int16
			}{{1, 700, 0}, {2, -1, int16(kafka.MessageSizeTooLarge)}} {
				p := kmsg.NewProduceResponseTopicPartition()
				p.Partition, p.BaseOffset, p.ErrorCode = part.id, part.base, part.code
				topic.Partitions = append(topic.Partitions, p)
			}
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.BaseOffset = 1, 30
			beside.Partitions = append(beside.Partitions, p)
			res.Topics = append(res.Topics, topic, beside)
		})
		batches := []Batch{{sales(1), sized("one")}, {sales(2), sized("two")}, {sales(3), sized("three")},
			{Partition{"beside", 1}, sized("beside")}}
		said, err := c.Produce(t.Context(), 1, "burst-7", batches)
		want := map[Partition]Appended{sales(1): {700, 0}, sales(2): {-1, kafka.MessageSizeTooLarge}, sales(3): {-1, kafka.NetworkException},
			{"beside", 1}: {30, 0}}
		if err != nil || said.Throttle != 250*time.Millisecond || !maps.Equal(said.Partitions, want) {
			t.Errorf("%+v, error %v", said, err)
		}
		got := b.got(kmsg.Produce)
		req := got[0].req.(*kmsg.ProduceRequest)
		if len(got) != 1 || got[0].broker != 1 || req.Acks != -1 || req.TimeoutMillis != 10_000 || req.TransactionID == nil || *req.TransactionID != "burst-7" || len(req.Topics) != 2 || req.Topics[0].Topic != "sales" || req.Topics[1].Topic != "beside" {
			t.Fatalf("broker %d got %+v", got[0].broker, req)
		}
		for i, p := range append(req.Topics[0].Partitions, req.Topics[1].Partitions...) {
			if p.Partition != batches[i].Number || string(p.Records) != string(batches[i].Wire[4:]) {
				t.Errorf("partition %d has %q", p.Partition, p.Records)
			}
		}
		if n := len(req.Topics[0].Partitions) + len(req.Topics[1].Partitions); n != 4 {
			t.Errorf("%d batches, want 4", n)
		}
		b.hangUp(kmsg.Produce)
		if said, err := c.Produce(t.Context(), 1, "", batches); err == nil || said.Partitions != nil {
			t.Errorf("%+v without an answer", said)
		}
	})
}

// sales is a partition of the topic.
func sales(number int32) Partition { return Partition{"sales", number} }

// sized is a batch's bytes behind their number.
func sized(text string) []byte { return append([]byte{0, 0, 0, byte(len(text))}, text...) }
