package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Past sends a broker into the past. It coordinates all ledgers, is frozen, and the
// controller takes them over. When it is thawed it believes for a moment that it still
// coordinates them, and tells what it knew:
//
//	Place   gives it all ledgers, and another broker all transactions
//	Freeze  freezes it, and waits for the controller to take over
//	        (here ledgers are written)
//	Thaw    lets it go on
//
// Two things make the moment a little longer, as it is in a cluster that is in use: the
// broker has other things to learn too before it gives up what it no longer leads, and the
// controller pauses when it is thawed, as a collector of garbage makes it do.
type Past struct {
	*Cluster
	Broker int // not the controller, without which nobody takes over
	Other  int // coordinates transactions all the time
}

// The broker's news, in partitions, and how long it has to wait for them.
const (
	news  = 200
	pause = 300 * time.Millisecond
)

// Place gives the brokers what they lead, and waits until that is settled.
func (p Past) Place(ctx context.Context) error {
	if err := p.Lead(ctx, Offsets, p.Broker, Controller, p.Other); err != nil {
		return err
	}
	if err := p.Lead(ctx, Transactions, p.Other, Controller, p.Broker); err != nil {
		return err
	}
	return p.AwaitSettled(ctx)
}

// Freeze returns when the controller has taken over. Thaw must follow, after an error too.
func (p Past) Freeze(ctx context.Context) error {
	if err := p.kafka.Broker(p.Broker - 1).Freeze(); err != nil {
		return err
	}
	if err := p.AwaitLeader(ctx, Offsets, Controller); err != nil {
		return err
	}
	return p.CreateTopic(ctx, p.topic(), news)
}

func (p Past) topic() string { return fmt.Sprintf("news-for-broker-%d", p.Broker) }

// Thaw lets the broker go on.
func (p Past) Thaw() error {
	controller, broker := p.kafka.Broker(Controller-1), p.kafka.Broker(p.Broker-1)
	err := errors.Join(controller.Freeze(), broker.Thaw())
	time.Sleep(pause)
	return errors.Join(err, controller.Thaw())
}

// Clean takes away what Freeze has made.
func (p Past) Clean(ctx context.Context) error { return p.DeleteTopic(ctx, p.topic()) }
