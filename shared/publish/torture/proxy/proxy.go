/*
Package proxy stands between a client and brokers on this machine and does to their
connections what networks do: it cuts them, delays them, swallows what they carry, lets
nobody in. One [Proxy] stands before one broker (proxy.go); a [Line] is one connection
through it (line.go).
*/
package proxy

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Proxy listens on a port of 127.0.0.1 and passes what comes on to one address. Its methods
// may be called at any time.
type Proxy struct {
	target   string
	listener net.Listener
	all      sync.WaitGroup

	mu     sync.Mutex
	now    state
	closed bool
	lines  []*Line // open ones, in the order of their beginning
}

// state is what the network is like at the moment.
type state struct {
	refuse bool          // new connections are cut at once
	delay  time.Duration // of each piece, in each direction
	hole   Direction     // what is swallowed
}

// Direction of bytes; both may be meant at once.
type Direction int

// The directions.
const (
	Up   Direction = 1 << iota // from the client to the broker
	Down                       // back
	None Direction = 0
	Both           = Up | Down
)

// New starts a proxy before an address.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the proxy of %s: %w", target, err)
	}
	p := &Proxy{target: target, listener: l}
	p.all.Go(p.accept)
	return p, nil
}

// Address is where clients come to.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Target is where it passes on to.
func (p *Proxy) Target() string { return p.target }

// Close ends the proxy and all its lines, and waits for them.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.listener.Close()
	p.Cut()
	p.all.Wait()
}

// Cut ends all lines at once, as a reset does.
func (p *Proxy) Cut() (n int) {
	for _, l := range p.Lines() {
		l.Cut()
		n++
	}
	return n
}

// Lines are those that are open.
func (p *Proxy) Lines() []*Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// Refuse lets nobody in, or in again; it does not touch the lines that are there.
func (p *Proxy) Refuse(yes bool) { p.change(func(s *state) { s.refuse = yes }) }

// Delay holds each piece back for so long, in each direction; 0 lets it pass at once.
func (p *Proxy) Delay(d time.Duration) { p.change(func(s *state) { s.delay = d }) }

// Swallow lets what goes in a direction vanish without a word, on all lines. Lines that
// have lost something are cut when it ends: what is behind a gap is of no use.
func (p *Proxy) Swallow(d Direction) { p.change(func(s *state) { s.hole = d }) }

// Heal ends all of it.
func (p *Proxy) Heal() { p.change(func(s *state) { *s = state{} }) }

func (p *Proxy) change(do func(*state)) {
	p.mu.Lock()
	do(&p.now)
	p.mu.Unlock()
	for _, l := range p.Lines() {
		l.wake()
	}
}

func (p *Proxy) state() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.state().refuse {
			reset(client)
			continue
		}
		p.all.Go(func() { p.serve(client) })
	}
}

// serve passes on what one client sends and gets.
func (p *Proxy) serve(client net.Conn) {
	l := newLine(p, client)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		client.Close()
		return
	}
	p.lines = append(p.lines, l)
	p.mu.Unlock()
	l.run()
	p.mu.Lock()
	p.lines = slices.DeleteFunc(p.lines, func(other *Line) bool { return other == l })
	p.mu.Unlock()
}

// Map is where clients find the brokers: by a broker's own address its proxy's.
type Map map[string]string

// Dial connects to an address, by its proxy where it has one.
func (m Map) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if via := m[address]; via != "" {
		address = via
	}
	return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
}
