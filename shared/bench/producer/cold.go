package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"salesburst/shared/devenv"
	"salesburst/shared/devenv/kafkaadmin"
	"salesburst/shared/publish"
)

// latency is the time from a request to its answer that the proxy adds.
const latency = 20 * time.Millisecond

// cold measures a burst of a thousand events by a process that has just started: TLS,
// SASL, producer id and all, with the broker far away.
func (b *bench) cold(ctx context.Context, out io.Writer, rounds int) error {
	proxy, err := startProxy(b.kafka.Addresses[0])
	if err != nil {
		return err
	}
	defer proxy.Close()
	for _, level := range []struct {
		name     string
		delivery publish.Delivery
	}{{"idempotent", publish.Idempotent}, {"exactly once", publish.ExactlyOnce}} {
		var took []time.Duration
		for i := range rounds {
			s := setup{
				Producer: ours, Events: 1000, Brokers: b.kafka.Addresses, Via: proxy.Addr().String(), CA: b.kafka.CA,
				Delivery: level.delivery,
				User:     string(devenv.Admin), Password: b.kafka.Users[devenv.Admin],
				Topic: fmt.Sprintf("cold-%d-%d", level.delivery, i),
			}
			admin, err := kafkaadmin.Dial(b.kafka)
			if err != nil {
				return err
			}
			err = admin.CreateTopic(ctx, s.Topic, partitions, 1)
			admin.Close()
			if err != nil {
				return err
			}
			cmd, _, err := b.command(ctx, s)
			if err != nil {
				return err
			}
			start := time.Now()
			if text, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("cold burst: %w: %s", err, text)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		fmt.Fprintf(out, "- cold burst of 1000 events, %v away, %s: median %v of %d, from the process's start to "+
			"its end\n",
			latency, level.name, took[len(took)/2].Round(time.Millisecond), rounds)
	}
	return nil
}

// startProxy passes connections on to a server, with half of the latency in each direction.
func startProxy(server string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			time.AfterFunc(latency/2, func() { // the connection's own round trip
				far, err := net.Dial("tcp", server)
				if err != nil {
					near.Close()
					return
				}
				once := sync.OnceFunc(func() { near.Close(); far.Close() })
				go func() { delay(far, near); once() }()
				go func() { delay(near, far); once() }()
			})
		}
	}()
	return l, nil
}

type packet struct {
	due  time.Time
	data []byte
}

// delay copies, each piece a while after it came.
func delay(to io.Writer, from io.Reader) {
	queue := make(chan packet, 1024)
	go func() {
		defer close(queue)
		for {
			data := make([]byte, 64<<10)
			n, err := from.Read(data)
			if n > 0 {
				queue <- packet{time.Now().Add(latency / 2), data[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range queue {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	for range queue { // until the reader has noticed
	}
}
