package app_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"salesburst/shared/app"
	"salesburst/shared/devenv/kafkatest"
	"salesburst/shared/devenv/lambdatest"
	"salesburst/shared/sale"
)

const topic = "sales-1"

// keys are the API keys that the broker knows; one can be revoked. None of their
// texts may ever be printed.
var keys = map[string]string{
	"KEYONE7QXTV2": "first+secret/4uPz",
	"KEYTWO3MBWD8": "second+secret/9kRa",
}

const (
	firstKey  = "KEYONE7QXTV2"
	secondKey = "KEYTWO3MBWD8"
)

// broker is a fake Kafka cluster that knows the keys.
type broker struct {
	*kafkatest.Broker
	revoked atomic.Value // string, an API key that is refused
	logins  atomic.Int32 // tried
}

func startBroker(t testing.TB, start func(testing.TB, ...kfake.Opt) *kafkatest.Broker) *broker {
	t.Helper()
	b := &broker{Broker: start(t,
		kfake.Superuser("PLAIN", firstKey, keys[firstKey]),
		kfake.Superuser("PLAIN", secondKey, keys[secondKey]),
	)}
	b.revoked.Store("")
	b.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		b.logins.Add(1)
		_, login, _ := strings.Cut(string(req.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes), "\x00")
		user, password, _ := strings.Cut(login, "\x00")
		if want, ours := keys[user]; user == b.revoked.Load() || ours && password != want { // in words, as Kafka does; a fake one hangs up
			res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			res.ErrorCode = kerr.SaslAuthenticationFailed.Code
			return res, nil, true
		}
		return nil, nil, false
	})
	return b
}

// secretText is what Secrets Manager holds.
func (b *broker) secretText(key, secret string) string {
	return lambdatest.Secret(b.ListenAddrs(), key, secret)
}

// stored is what a reader that is not ours finds in the topic.
type stored []kafkatest.Event

func (b *broker) readAll(t testing.TB) stored { t.Helper(); return b.Read(t) }

// of returns the events of one burst in their order.
func (s stored) of(burstID string) stored {
	var of stored
	for _, e := range s {
		if e.Sale.TransactionID.Burst.String() == burstID {
			of = append(of, e)
		}
	}
	slices.SortStableFunc(of, func(a, b kafkatest.Event) int {
		return cmp.Compare(a.Sale.TransactionID.Sequence, b.Sale.TransactionID.Sequence)
	})
	return of
}

// expect fails unless s is, without gaps and doubles, what the report says.
func (s stored) expect(t testing.TB, r app.Report) {
	t.Helper()
	if len(s) != r.Events || r.Events != r.Expected || r.InDoubt != 0 {
		t.Fatalf("%d events are stored; the report is %+v", len(s), r)
	}
	var revenue sale.Cents
	var completed int
	used := make(map[int32]bool)
	for i, e := range s {
		if int(e.Sale.TransactionID.Sequence) != i {
			t.Fatalf("at place %d stands sale %v", i, e.Sale.TransactionID)
		}
		if e.Sale.Timestamp < r.CoversFrom || e.Sale.Timestamp >= r.CoversTo {
			t.Fatalf("sale %d is dated %v, outside %v to %v", i, e.Sale.Timestamp, r.CoversFrom, r.CoversTo)
		}
		if string(e.Key) != e.Sale.CustomerID.String() || e.Timestamp.UnixMilli() != int64(e.Sale.Timestamp) {
			t.Fatalf("sale %d has key %s and time %v", i, e.Key, e.Timestamp)
		}
		if e.Sale.Status == sale.Completed {
			completed++
		}
		revenue += e.Sale.Revenue()
		used[e.Partition] = true
	}
	if revenue != r.Revenue || completed != r.Completed || len(s)-completed != r.Failed || len(used) != r.Partitions {
		t.Errorf("stored: revenue %v, %d completed, %d partitions; the report is %+v", revenue, completed, len(used), r)
	}
}

// expectSame fails unless two stored attempts are the same bytes in the same places.
func expectSame(t testing.TB, a, b stored) {
	t.Helper()
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("one attempt stored %d events, the other %d", len(a), len(b))
	}
	for i := range a {
		if string(a[i].Key) != string(b[i].Key) || string(a[i].Value) != string(b[i].Value) ||
			a[i].Partition != b[i].Partition || !a[i].Timestamp.Equal(b[i].Timestamp) {
			t.Fatalf("event %d differs\n%s\n%s", i, a[i].Value, b[i].Value)
		}
	}
}

// twice splits what two attempts at one burst stored.
func (s stored) twice(t testing.TB) (first, second stored) {
	t.Helper()
	if len(s)%2 != 0 {
		t.Fatalf("%d events are stored, which is not twice a burst", len(s))
	}
	for i := 0; i < len(s); i += 2 {
		first, second = append(first, s[i]), append(second, s[i+1])
	}
	return first, second
}

// expectNothingSecret fails where a key or a secret is in the output.
func expectNothingSecret(t testing.TB, output string) {
	t.Helper()
	for key, secret := range keys {
		for _, text := range []string{key, secret, jsonText(secret)} {
			if strings.Contains(output, text) {
				t.Errorf("%s is in the output\n%s", text, output)
			}
		}
	}
}

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return strings.Trim(string(b), `"`)
}
