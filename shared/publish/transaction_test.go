package publish

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"salesburst/shared/publish/wire"
)

// beginning is a transaction that has not begun, and a cluster of two brokers.
func beginning(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, *wire.Conn, *transaction) {
	t.Helper()
	b, err := kfake.NewCluster(append(opts, kfake.NumBrokers(2), kfake.SeedTopics(2, "sales"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	cfg := Config{Brokers: b.ListenAddrs(), Topic: "sales", Delivery: ExactlyOnce}
	c := wire.Open(wire.Config{Brokers: cfg.Brokers, Topic: cfg.Topic})
	t.Cleanup(c.Close)
	return b, c, newTransaction(cfg, Key{"online", 7}, time.Minute)
}

// sales is a partition of the topic.
func sales(number int32) wire.Partition { return wire.Partition{Topic: "sales", Number: number} }

// reading is read as a step of an empty ledger.
func reading(t *transaction, ctx context.Context, c *wire.Conn) error {
	there, err := t.read(ctx, c)
	if there {
		return errors.New("the burst is there")
	}
	return err
}

// Each step that needs a coordinator asks for it once, and ends with the broker's word where that
// names none.
func TestStepsNeedCoordinators(t *testing.T) {
	type step = func(*transaction, context.Context, *wire.Conn) error
	for name, c := range map[string]struct {
		do       step
		of       wire.Role
		forbids  kmsg.Key // is not asked for without a coordinator
		finished bool     // the steps before have been taken
	}{
		"begin": {do: (*transaction).begin, of: wire.OfTransaction, forbids: kmsg.InitProducerID},
		"read": {of: wire.OfGroup, forbids: kmsg.OffsetFetch,
			do: reading},
		"add": {of: wire.OfTransaction, forbids: kmsg.AddPartitionsToTxn, finished: true,
			do: func(t *transaction, ctx context.Context, c *wire.Conn) error {
				return t.add(ctx, c, sales(0), sales(1))
			}},
		"record":        {do: (*transaction).record, of: wire.OfTransaction, forbids: kmsg.AddOffsetsToTxn, finished: true},
		"record, group": {do: (*transaction).record, of: wire.OfGroup, forbids: kmsg.TxnOffsetCommit, finished: true},
		"commit":        {do: (*transaction).commit, of: wire.OfTransaction, forbids: kmsg.EndTxn, finished: true},
		"abort":         {do: (*transaction).abort, of: wire.OfTransaction, forbids: kmsg.InitProducerID, finished: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, conn, tx := beginning(t)
			if c.finished {
				if err := errors.Join(tx.begin(t.Context(), conn), tx.add(t.Context(), conn, sales(0), sales(1))); err != nil {
					t.Fatal(err)
				}
				if _, err := tx.read(t.Context(), conn); err != nil {
					t.Fatal(err)
				}
			}
			tx.coordinator, tx.group = wire.AnyBroker, wire.AnyBroker
			refuse := true
			b.ControlKey(int16(kmsg.FindCoordinator), func(req kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				f := req.(*kmsg.FindCoordinatorRequest)
				if !refuse || f.CoordinatorType != int8(c.of) {
					return nil, nil, false
				}
				res := f.ResponseKind().(*kmsg.FindCoordinatorResponse)
				res.ErrorCode = kerr.CoordinatorNotAvailable.Code
				res.Coordinators = []kmsg.FindCoordinatorResponseCoordinator{{
					Key: f.CoordinatorKey, ErrorCode: kerr.CoordinatorNotAvailable.Code,
				}}
				return res, nil, true
			})
			asked := 0
			b.ControlKey(int16(c.forbids), func(kmsg.Request) (kmsg.Response, error, bool) {
				b.KeepControl()
				asked++
				return nil, nil, false
			})
			if err := c.do(tx, t.Context(), conn); !errors.Is(err, kafka.GroupCoordinatorNotAvailable) {
				t.Errorf("without a coordinator: %v", err)
			}
			if asked > 0 {
				t.Errorf("%s was asked for without a coordinator", c.forbids.Name())
			}
			if tx.coordinator != wire.AnyBroker || tx.group != wire.AnyBroker {
				t.Errorf("coordinators %d and %d are kept", tx.coordinator, tx.group)
			}
			refuse = false
			if err := c.do(tx, t.Context(), conn); err != nil {
				t.Errorf("with a coordinator: %v", err)
			}
			known := tx.coordinator
			if c.of == wire.OfGroup {
				known = tx.group
			}
			if known == wire.AnyBroker {
				t.Error("the coordinator is not remembered")
			}
		})
	}
}

// A coordinator may be another one after any failure, but after the word of one that is busy.
func TestCoordinatorsAreForgotten(t *testing.T) {
	for said, keeps := range map[error]bool{nil: true, kafka.ConcurrentTransactions: true,
		kafka.NotCoordinatorForGroup: false, errors.New("cut"): false, context.DeadlineExceeded: false} {
		tx := &transaction{coordinator: 1, group: 2}
		if err := tx.moved(said); !errors.Is(err, said) {
			t.Errorf("%v became %v", said, err)
		}
		if kept := tx.coordinator == 1 && tx.group == 2; kept != keeps {
			t.Errorf("after %v: coordinators %d and %d", said, tx.coordinator, tx.group)
		}
	}
}

// The ledger's coordinator and the broker's version are asked for beside the producer identity,
// and begin waits for both.
func TestBeginWaitsForAll(t *testing.T) {
	b, c, tx := beginning(t)
	b.ControlKey(int16(kmsg.FindCoordinator), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		if req.(*kmsg.FindCoordinatorRequest).CoordinatorType == int8(wire.OfGroup) {
			b.SleepControl(func() { time.Sleep(200 * time.Millisecond) })
		}
		return nil, nil, false
	})
	if err := tx.begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if tx.group == wire.AnyBroker {
		t.Error("the ledger's coordinator is not known")
	}
}

// Those who ask for it get old brokers too; nobody else does.
func TestOldBrokersWhereAskedFor(t *testing.T) {
	for _, asked := range []bool{false, true} {
		_, c, tx := beginning(t, kfake.MaxVersions(kversion.V3_9_0()))
		tx.oldBrokers = asked
		if err := tx.begin(t.Context(), c); asked != (err == nil) || !asked && !errors.Is(err, ErrUnsupported) {
			t.Errorf("asked for: %v, error %v", asked, err)
		}
	}
}

// A transaction outlives its attempt by a little, so that the attempt's own deadline comes first.
func TestTransactionTimeouts(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{time.Millisecond: minTransaction, 5 * time.Second: minTransaction,
		time.Minute: time.Minute + transactionLag, 14 * time.Minute: 14*time.Minute + transactionLag, time.Hour: maxTransaction} {
		if got := newTransaction(Config{}, Key{"online", 7}, left).timeout; got != want {
			t.Errorf("with %v left: %v, want %v", left, got, want)
		}
	}
}

// What the ledger says of a number is what read says, and who said it is remembered.
func TestReadTellsWhatTheLedgerHas(t *testing.T) {
	_, c, tx := beginning(t)
	if err := tx.begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if there, err := tx.read(t.Context(), c); there || err != nil {
		t.Fatalf("before: %v, %v", there, err)
	}
	if tx.readFrom != tx.group {
		t.Errorf("read from %d, coordinator %d", tx.readFrom, tx.group)
	}
	if err := errors.Join(tx.add(t.Context(), c, sales(0)), tx.record(t.Context(), c), tx.commit(t.Context(), c)); err != nil {
		t.Fatal(err)
	}
	next := newTransaction(Config{Delivery: ExactlyOnce}, Key{"online", 7}, time.Minute)
	if err := next.begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if there, err := next.read(t.Context(), c); !there || err != nil {
		t.Errorf("after: %v, %v", there, err)
	}
}

// What the broker says of any request is what the step says, and then nobody is taken for the coordinator any more.
func TestStepsSayWhatTheBrokerSays(t *testing.T) {
	for name, c := range map[string]struct {
		refused kmsg.Key
		do      func(*transaction, context.Context, *wire.Conn) error
	}{
		"begin": {kmsg.InitProducerID, (*transaction).begin},
		"read":  {kmsg.OffsetFetch, reading},
		"add": {kmsg.AddPartitionsToTxn, func(t *transaction, ctx context.Context, c *wire.Conn) error {
			return t.add(ctx, c, sales(1))
		}},
		"record, announced": {kmsg.AddOffsetsToTxn, (*transaction).record},
		"record, written":   {kmsg.TxnOffsetCommit, (*transaction).record},
		"record, verified":  {kmsg.OffsetFetch, (*transaction).record},
		"commit":            {kmsg.EndTxn, (*transaction).commit},
		"abort, asked":      {kmsg.AddPartitionsToTxn, (*transaction).abort},
		"abort":             {kmsg.InitProducerID, (*transaction).abort},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, conn, tx := beginning(t)
			err := errors.Join(tx.begin(t.Context(), conn), tx.add(t.Context(), conn, sales(0)))
			if _, err2 := tx.read(t.Context(), conn); err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			b.Fault(kfake.Fault{Keys: []kmsg.Key{c.refused}, Err: kerr.NotCoordinator})
			if err := c.do(tx, t.Context(), conn); !errors.Is(err, kafka.NotCoordinatorForGroup) {
				t.Errorf("error %v", err)
			}
			if tx.coordinator != wire.AnyBroker || tx.group != wire.AnyBroker || tx.verified {
				t.Errorf("coordinators %d and %d are kept, verified: %v", tx.coordinator, tx.group, tx.verified)
			}
		})
	}
}

// A transaction asks for each coordinator once, and for that of a ledger only where it has one.
func TestCoordinatorsAreAskedForOnce(t *testing.T) {
	for _, ledger := range []bool{false, true} {
		b, c, tx := beginning(t)
		tx.ledger = ledger
		asked := make(map[wire.Role]int)
		b.ControlKey(int16(kmsg.FindCoordinator), func(req kmsg.Request) (kmsg.Response, error, bool) {
			b.KeepControl()
			asked[wire.Role(req.(*kmsg.FindCoordinatorRequest).CoordinatorType)]++
			return nil, nil, false
		})
		err := errors.Join(tx.begin(t.Context(), c), tx.add(t.Context(), c, sales(0)))
		groups := 0
		if ledger {
			groups = 1
			_, err2 := tx.read(t.Context(), c)
			err = errors.Join(err, err2, tx.record(t.Context(), c))
		}
		if err = errors.Join(err, tx.commit(t.Context(), c)); err != nil || tx.verified != ledger {
			t.Errorf("verified: %v, error %v", tx.verified, err)
		}
		b.Close() // asked is ours now
		if asked[wire.OfTransaction] != 1 || asked[wire.OfGroup] != groups {
			t.Errorf("ledger: %v, asked for: %v", ledger, asked)
		}
	}
}

// The entry is written to the broker that the ledger was read from, if that is a recent one, or not at all.
func TestEntryGoesToTheBrokerThatWasRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(tx *transaction)
		want   error
	}{
		"another broker": {func(tx *transaction) { tx.readFrom = 1 - tx.readFrom }, errAnew},
		"an old broker":  {func(tx *transaction) { tx.oldBrokers = false }, ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			b, conn, tx := beginning(t, kfake.MaxVersions(kversion.V3_9_0()))
			tx.oldBrokers = true
			err := errors.Join(tx.begin(t.Context(), conn), tx.add(t.Context(), conn, sales(0)))
			if _, err2 := tx.read(t.Context(), conn); err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			written := false
			b.ControlKey(int16(kmsg.TxnOffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
				written = true
				return nil, nil, false
			})
			c.change(tx)
			err = tx.record(t.Context(), conn)
			if b.Close(); !errors.Is(err, c.want) || written || tx.verified {
				t.Errorf("written: %v, error %v", written, err)
			}
		})
	}
	_, conn, tx := beginning(t)
	ended, end := context.WithCancel(t.Context())
	end()
	if err := tx.checkVersion(ended, conn, wire.AnyBroker); err == nil || errors.Is(err, ErrUnsupported) {
		t.Errorf("a broker that did not answer is too old: %v", err)
	}
}

// A commit is in doubt from the first answer that proves nothing until one says that it is there.
func TestDoubtLasts(t *testing.T) {
	b, c, tx := beginning(t)
	if err := errors.Join(tx.begin(t.Context(), c), tx.add(t.Context(), c, sales(0))); err != nil {
		t.Fatal(err)
	}
	for _, answer := range []struct {
		code     *kerr.Error
		doubtful bool
	}{{kerr.ProducerFenced, false}, {kerr.UnknownServerError, true}, {kerr.ProducerFenced, true}, {nil, false}} {
		if answer.code != nil {
			b.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: answer.code, Count: 1})
		}
		if err := tx.commit(t.Context(), c); tx.doubtful != answer.doubtful || (err == nil) != (answer.code == nil) {
			t.Errorf("after %v: doubtful: %v", err, tx.doubtful)
		}
	}
}

// A transaction that the broker is ending already need not be taken back.
func TestWhatEndsIsNotTakenBack(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.AddPartitionsToTxn, kmsg.InitProducerID} {
		b, c, tx := beginning(t)
		if err := errors.Join(tx.begin(t.Context(), c), tx.add(t.Context(), c, sales(0))); err != nil {
			t.Fatal(err)
		}
		b.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Err: kerr.ConcurrentTransactions})
		if err := tx.abort(t.Context(), c); err != nil {
			t.Errorf("%v: %v", key.Name(), err)
		}
	}
}
