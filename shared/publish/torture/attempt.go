package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"time"

	"salesburst/shared/devenv/tlscert"
	"salesburst/shared/publish"
	"salesburst/shared/publish/torture/proxy"
)

// envAttempt carries an attempt to the process that makes it.
const envAttempt = "SALESBURST_TORTURE_ATTEMPT"

// order is all that a publisher needs, in this process or in one of its own.
type order struct {
	Brokers               []string // that it knows
	Routes                proxy.Map
	CA                    []byte
	User, Password, Topic string
	Key                   publish.Key
	Sales                 sales
	Deadline              time.Duration
}

func (o order) publisher() (*publish.Publisher, error) {
	return publish.New(publish.Config{
		Brokers: o.Brokers, Topic: o.Topic, TLS: tlscert.Trust(o.CA), Delivery: publish.ExactlyOnce,
		Credentials: &publish.Credentials{Username: o.User, Password: o.Password}, Dial: o.Routes.Dial,
	})
}

// publish makes the attempt.
func (o order) publish(ctx context.Context, p *publish.Publisher) said {
	ctx, cancel := context.WithTimeout(ctx, o.Deadline)
	defer cancel()
	res, err := p.Publish(ctx, o.Key, o.Sales)
	s := said{Fate: published, Events: res.Events, InDoubt: res.InDoubt}
	switch {
	case err != nil:
		s.Fate, s.Error = failed, err.Error()
		s.Fenced = errors.Is(err, publish.ErrFenced)
		s.TooOld = errors.Is(err, publish.ErrTooOld)
		s.Odd = !s.Fenced && !s.TooOld && !errors.Is(err, publish.ErrRetryable) && ctx.Err() == nil
	case res.Skipped:
		s.Fate = skipped
	}
	return s
}

// child is a process that makes one attempt.
func child(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	p, err := o.publisher()
	if err != nil {
		return err
	}
	defer p.Close()
	return json.NewEncoder(os.Stdout).Encode(o.publish(context.Background(), p))
}

// try makes an attempt at a burst and notes how it ends.
func (t *torture) try(ctx context.Context, b *burst, a attempt) {
	outcome := t.history.attempt(b, a)
	t.history.end(outcome, t.make(ctx, t.order(b, outcome), a))
}

// tryWith makes one with a publisher that is there already.
func (t *torture) tryWith(ctx context.Context, b *burst, a attempt, p *publish.Publisher) {
	outcome := t.history.attempt(b, a)
	t.history.end(outcome, t.order(b, outcome).publish(ctx, p))
}

func (t *torture) order(b *burst, o *outcome) order {
	key := b.plan.key
	key.Series = t.topic + "-" + key.Series
	known := t.kafka.Addresses
	if o.attempt.known > 0 {
		known = known[o.attempt.known-1 : o.attempt.known]
	}
	user, password := t.login()
	return order{
		Brokers: known, Routes: t.routes, CA: t.kafka.CA, User: user, Password: password, Topic: t.topic, Key: key,
		Deadline: o.attempt.deadline,
		Sales: sales{
			Burst: b.id(), N: b.plan.events, Attempt: o.number, Dated: time.Now().Add(b.plan.shift),
			Slow: o.attempt.slow,
		},
	}
}

func (t *torture) make(ctx context.Context, o order, a attempt) said {
	if a.process {
		return t.makeElsewhere(ctx, o, a)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if a.giveUp > 0 {
		defer time.AfterFunc(a.giveUp, cancel).Stop()
	}
	if a.warm > 0 {
		return o.publish(ctx, t.warm[a.warm-1])
	}
	p, err := o.publisher()
	if err != nil {
		return said{Fate: failed, Error: err.Error(), Odd: true}
	}
	defer p.Close()
	return o.publish(ctx, p)
}

// makeElsewhere makes the attempt in a process of its own, which may be killed or frozen.
func (t *torture) makeElsewhere(ctx context.Context, o order, a attempt) said {
	text, err := json.Marshal(o)
	if err != nil {
		return said{Fate: failed, Error: err.Error(), Odd: true}
	}
	cmd := exec.Command(t.program)
	cmd.Env = append(os.Environ(), envAttempt+"="+string(text))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	process, err := t.kafka.Attach(cmd)
	if err != nil {
		return said{Fate: failed, Error: err.Error(), Odd: true}
	}
	stop := context.AfterFunc(ctx, func() { _ = process.Kill() })
	defer stop()
	if a.kill > 0 {
		defer time.AfterFunc(a.kill, func() { _ = process.Kill() }).Stop()
	}
	if a.freeze > 0 {
		defer time.AfterFunc(a.freeze, func() { _ = process.Freeze() }).Stop()
		defer time.AfterFunc(a.freeze+a.frozen, func() { _ = process.Thaw() }).Stop()
	}
	<-process.Ended()
	var s said
	if err := json.Unmarshal(out.Bytes(), &s); err == nil {
		return s
	}
	if out.Len() > 0 {
		return said{Fate: failed, Error: out.String(), InDoubt: o.Sales.N, Odd: true}
	}
	return said{Fate: silent}
}
