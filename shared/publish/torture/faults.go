package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"salesburst/shared/publish"
	"salesburst/shared/publish/torture/cluster"
	"salesburst/shared/publish/torture/proxy"
)

// lane lets some faults happen, one after the other.
func (t *torture) lane(ctx context.Context, faults []fault) {
	for _, f := range faults {
		if sleep(ctx, f.gap) != nil {
			return
		}
		t.happen(ctx, f)
	}
}

// happen does what a fault is, makes it good again, also where ctx ends before, and notes
// it. After what happens to a broker it waits until the cluster is well, though not forever,
// so that the next fault finds one.
func (t *torture) happen(ctx context.Context, f fault) {
	hitsBroker := false
	switch f.kind {
	case freeze, kill, restart, killAll, past:
		hitsBroker = true
	default:
		t.calm.RLock()
		defer t.calm.RUnlock()
	}
	from := t.history.now()
	to, err := t.do(ctx, f)
	t.history.fault(f, from, to, err)
	if hitsBroker {
		ctx, cancel := context.WithTimeout(ctx, recoverTime)
		defer cancel()
		_ = t.cluster.AwaitSettled(ctx, t.topic)
	}
}

// do tells when the fault was made good.
func (t *torture) do(ctx context.Context, f fault) (to time.Duration, err error) {
	switch f.kind {
	case past:
		return t.past(ctx, f)
	case freeze, kill, restart, killAll:
		err = t.broker(ctx, f)
	case move:
		ctx, cancel := context.WithTimeout(ctx, recoverTime)
		defer cancel()
		err = t.cluster.Lead(ctx, f.topicName(t.topic), f.order...)
	default:
		t.network(ctx, f)
	}
	return t.history.now(), err
}

// broker does something to a broker's process.
func (t *torture) broker(ctx context.Context, f fault) error {
	const downAll = 3 * time.Second // with all of them gone nothing happens, which need not take long
	process := t.kafka.Broker(f.broker - 1)
	switch f.kind {
	case freeze:
		err := process.Freeze()
		_ = sleep(ctx, f.length)
		return errors.Join(err, process.Thaw())
	case kill:
		err := process.Kill()
		_ = sleep(ctx, f.length)
		return errors.Join(err, t.revive(ctx, f.broker))
	case restart:
		return errors.Join(process.Stop(), t.revive(ctx, f.broker))
	}
	var err error
	for i := range brokers {
		err = errors.Join(err, t.kafka.Broker(i).Kill())
	}
	_ = sleep(ctx, min(f.length, downAll))
	var all sync.WaitGroup
	errs := make([]error, brokers)
	for i := range brokers {
		all.Go(func() { errs[i] = t.revive(ctx, i+1) })
	}
	all.Wait()
	return errors.Join(append(errs, err)...)
}

// revive starts a broker that has ended and thaws one that is frozen.
func (t *torture) revive(ctx context.Context, broker int) error {
	process := t.kafka.Broker(broker - 1)
	select {
	case <-process.Ended():
		if err := process.Start(); err != nil {
			return err
		}
	default:
		return process.Thaw()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return t.kafka.Await(ctx, broker-1)
}

// network does something to connections.
func (t *torture) network(ctx context.Context, f fault) {
	p := t.proxies[f.broker-1]
	var line *proxy.Line
	if lines := p.Lines(); len(lines) > 0 {
		line = lines[f.pick%len(lines)]
	}
	switch f.kind {
	case cut:
		p.Cut()
	case cutOne:
		if line != nil {
			line.Cut()
		}
	case refuse:
		p.Refuse(true)
	case delay:
		p.Delay(f.delay)
	case swallow:
		p.Swallow(proxy.Direction(f.ways))
	case oneHole:
		if line != nil {
			line.Swallow(proxy.Direction(f.ways))
		}
	}
	_ = sleep(ctx, f.length)
	p.Heal()
	if f.kind == oneHole && line != nil {
		line.Swallow(proxy.None)
	}
}

// How many bursts are published while a broker is in the past, and how large they are.
const pastBursts, pastEvents = 6, 200

// past has a broker thawed that believes to coordinate the ledgers, while retries wait that
// know no other: most of them with connections that they have already. It tells when the
// broker was thawed.
func (t *torture) past(ctx context.Context, f fault) (thawed time.Duration, err error) {
	t.calm.Lock()
	defer t.calm.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	of := cluster.Past{Cluster: t.cluster, Broker: f.broker, Other: brokers + 2 - f.broker}
	if err := of.Place(ctx); err != nil {
		return t.history.now(), err
	}
	known, other := attempt{known: of.Broker, deadline: 30 * time.Second},
		attempt{known: of.Other, deadline: 30 * time.Second}
	var retries [pastBursts]*publish.Publisher
	for i := range retries {
		o := t.order(&burst{}, &outcome{attempt: known})
		if retries[i], err = o.publisher(); err != nil {
			return t.history.now(), err
		}
		defer retries[i].Close()
		if i%4 < 3 {
			t.tryWith(ctx, t.pastBurst("warm", i), known, retries[i])
		}
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recoverTime)
		defer cancel()
		err = errors.Join(err, of.Clean(ctx))
	}()
	if err := of.Freeze(ctx); err != nil {
		err = errors.Join(err, of.Thaw())
		return t.history.now(), err
	}
	var bursts [pastBursts]*burst
	for i := range bursts {
		bursts[i] = t.pastBurst("past", i)
		t.try(ctx, bursts[i], other)
	}
	var all sync.WaitGroup
	for i, p := range retries {
		all.Go(func() { t.tryWith(ctx, bursts[i], known, p) })
	}
	_ = sleep(ctx, f.delay)
	err = of.Thaw()
	thawed = t.history.now()
	all.Wait()
	return thawed, err
}

// pastBurst is one that is no part of the plans.
func (t *torture) pastBurst(name string, i int) *burst {
	at := t.history.now()
	return t.history.burst(plan{
		at: at, events: pastEvents, key: publish.Key{Series: fmt.Sprintf("%s-%d-%d", name, at.Milliseconds(), i)},
	})
}
