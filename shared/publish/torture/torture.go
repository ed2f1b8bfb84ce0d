package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"salesburst/shared/devenv"
	"salesburst/shared/publish"
	"salesburst/shared/publish/torture/cluster"
	"salesburst/shared/publish/torture/proxy"
)

// torture is a run: a cluster, proxies before its brokers, and what happens to both while
// bursts are published.
type torture struct {
	schedule *schedule
	program  string // this one, for attempts in processes of their own
	topic    string
	kafka    *devenv.Kafka
	cluster  *cluster.Cluster
	proxies  [brokers]*proxy.Proxy
	routes   proxy.Map
	warm     [warmPublishers]*publish.Publisher
	history  *history

	retries chan struct{} // takes as many as may run at once
	calm    sync.RWMutex  // held by what needs the network and the leaders to be left alone
}

const (
	topicName  = "tortured"
	partitions = 6

	settleTime  = 5 * time.Minute  // for the cluster at the end
	recoverTime = 30 * time.Second // for the cluster between two faults
	lastTime    = 2 * time.Minute  // for the last retry of a burst
	endTime     = 3 * time.Minute  // for transactions to end; their timeouts are under one
	graceTime   = 5 * time.Second  // for attempts that are under way at the end

	maxRetries = 16 // at once: on a machine that is too busy for them, more of them would fail for ever
)

// begin starts a cluster of some version, and what stands before it. Stop must follow.
func begin(ctx context.Context, s *schedule, version string, log io.Writer) (t *torture, err error) {
	t = &torture{schedule: s, topic: topicName, routes: make(proxy.Map), retries: make(chan struct{}, maxRetries)}
	if t.program, err = os.Executable(); err != nil {
		return nil, err
	}
	if t.kafka, err = devenv.StartKafka(ctx,
		devenv.KafkaConfig{Version: version, Brokers: brokers, Log: log}); err != nil {
		return nil, err
	}
	if err := t.prepare(ctx); err != nil {
		return nil, errors.Join(err, t.stop())
	}
	t.history = &history{start: time.Now()}
	return t, nil
}

func (t *torture) prepare(ctx context.Context) (err error) {
	for i, address := range t.kafka.Addresses {
		if t.proxies[i], err = proxy.New(address); err != nil {
			return err
		}
		t.routes[address] = t.proxies[i].Address()
	}
	if t.cluster, err = cluster.Dial(t.kafka); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if err := t.cluster.CreateTopic(ctx, t.topic, partitions); err != nil {
		return err
	}
	if err := t.cluster.Begin(ctx); err != nil {
		return err
	}
	for i := range t.warm {
		o := t.order(&burst{}, &outcome{attempt: attempt{known: knownTo(i + 1)}})
		if t.warm[i], err = o.publisher(); err != nil {
			return err
		}
	}
	return t.cluster.AwaitSettled(ctx, t.topic)
}

// login is the administrator's: rights are not what is tortured here.
func (t *torture) login() (user, password string) {
	return string(devenv.Admin), t.kafka.Users[devenv.Admin]
}

// stop ends all of it.
func (t *torture) stop() error {
	for _, p := range t.warm {
		if p != nil {
			p.Close()
		}
	}
	for _, p := range t.proxies {
		if p != nil {
			p.Close()
		}
	}
	if t.cluster != nil {
		t.cluster.Close()
	}
	return t.kafka.Stop()
}

// run lets the schedule happen.
func (t *torture) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, t.schedule.length)
	defer cancel()
	var all sync.WaitGroup
	for _, faults := range t.schedule.faults {
		all.Go(func() { t.lane(ctx, faults) })
	}
	attempts, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, giveUp) })
	for i, p := range t.schedule.plans {
		d := &dice{rand.New(rand.NewPCG(t.schedule.seed, uint64(lanes+1+i)))}
		all.Go(func() { t.pursue(ctx, attempts, p, d) })
	}
	all.Wait()
}

// pursue makes the attempts at a burst, and more of them until one says that it is there.
// None begins when ctx is over; those that have begun may go on until attempts is.
func (t *torture) pursue(ctx, attempts context.Context, p plan, d *dice) {
	if sleep(ctx, p.at-t.history.now()) != nil {
		return
	}
	b := t.history.burst(p)
	var planned sync.WaitGroup
	for _, a := range p.attempts {
		planned.Go(func() {
			if sleep(ctx, p.at+a.after-t.history.now()) == nil {
				t.try(attempts, b, a)
			}
		})
	}
	planned.Wait()
	for !p.left && !t.history.there(b) {
		if sleep(ctx, d.between(100*time.Millisecond, 5*time.Second)) != nil {
			return
		}
		a := attempt{deadline: 20 * time.Second}
		if d.chance(30) {
			a.known = d.broker()
		}
		select {
		case t.retries <- struct{}{}:
			t.try(attempts, b, a)
			<-t.retries
		case <-ctx.Done():
			return
		}
	}
}

// settle lifts all faults, makes a last attempt at each burst, and waits until all is well.
func (t *torture) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if err := t.heal(ctx); err != nil {
		return err
	}
	if err := t.cluster.AwaitSettled(ctx, t.topic); err != nil {
		return err
	}
	bursts := make(chan *burst)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for b := range bursts {
				// two bursts of one ledger may fence each other
				for try := 0; try == 0 || try < 3 && !t.history.there(b); try++ {
					t.try(ctx, b, attempt{deadline: lastTime, warm: warmPublishers})
				}
			}
		})
	}
	for _, b := range t.history.all() {
		bursts <- b
	}
	close(bursts)
	workers.Wait()
	return t.cluster.AwaitSettled(ctx, t.topic)
}

// heal lifts all faults.
func (t *torture) heal(ctx context.Context) (err error) {
	for i := range brokers {
		t.proxies[i].Heal()
		err = errors.Join(err, t.revive(ctx, i+1))
	}
	return err
}

// judge reads the topic from each broker and compares it with what the attempts have said.
func (t *torture) judge(ctx context.Context) (violations []violation, err error) {
	all := make([]findings, brokers+1)
	for i := range all {
		all[i] = make(findings)
	}
	err = t.cluster.ReadEach(ctx, t.topic, endTime,
		func(broker int, r *kgo.Record) error { return all[broker].record(r) })
	if err != nil {
		return nil, err
	}
	bursts := t.history.all()
	for broker := 1; broker <= brokers; broker++ {
		for _, v := range check(bursts, all[broker]) {
			if !slices.ContainsFunc(violations, func(other violation) bool { return v == other }) {
				violations = append(violations, v)
			}
		}
	}
	for _, b := range bursts {
		if !t.history.there(b) && !t.history.forgotten(b) {
			const what = "no attempt says that it is there, not even the last ones, which nothing disturbed"
			violations = append(violations, violation{b, what})
		}
	}
	return violations, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return fmt.Errorf("cut short: %w", context.Cause(ctx))
	}
}
