package proxy

import (
	"net"
	"sync"
	"time"
)

// Line is one connection through a proxy.
type Line struct {
	proxy  *Proxy
	client net.Conn

	mu      sync.Mutex
	broker  net.Conn // nil: not yet there
	own     Direction
	gap     bool // something was swallowed
	cut     bool
	changed chan struct{} // closed when what a line does may have changed
}

func newLine(p *Proxy, client net.Conn) *Line {
	return &Line{proxy: p, client: client, changed: make(chan struct{})}
}

// Cut ends the line at once, as a reset does.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	reset(l.client)
	if l.broker != nil {
		reset(l.broker)
	}
	l.signal()
}

// Swallow lets what goes in a direction on this line vanish; None ends that.
func (l *Line) Swallow(d Direction) {
	l.mu.Lock()
	l.own = d
	l.mu.Unlock()
	l.wake()
}

// wake has the line look again at what the network is like, and ends it where it has a gap
// and nothing swallows any more.
func (l *Line) wake() {
	hole := l.proxy.state().hole
	l.mu.Lock()
	l.signal()
	over := l.gap && hole|l.own == None
	l.mu.Unlock()
	if over {
		l.Cut()
	}
}

func (l *Line) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// run passes bytes on until an end of the line is closed.
func (l *Line) run() {
	defer l.client.Close()
	broker, err := net.DialTimeout("tcp", l.proxy.target, 5*time.Second)
	if err != nil {
		reset(l.client)
		return
	}
	defer broker.Close()
	l.mu.Lock()
	l.broker = broker
	cut := l.cut
	l.mu.Unlock()
	if cut {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.pass(Up, l.client, broker) })
	both.Go(func() { l.pass(Down, broker, l.client) })
	both.Wait()
}

// piece is what is read at once.
const piece = 64 << 10

// pass carries bytes in one direction.
func (l *Line) pass(d Direction, from, to net.Conn) {
	defer l.Cut()
	buffer := make([]byte, piece)
	for {
		n, err := from.Read(buffer)
		if n > 0 && l.await(d) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// await holds a piece back for as long as the network is slow, and tells whether it
// arrives. Behind a gap nothing does, and when the network is well again the line ends.
func (l *Line) await(d Direction) (arrives bool) {
	began := time.Now()
	for {
		l.mu.Lock()
		changed := l.changed // before the rest is looked at, so that no change is missed
		l.mu.Unlock()
		now := l.proxy.state()
		l.mu.Lock()
		hole, cut, gap := now.hole|l.own, l.cut, l.gap
		if hole&d != 0 {
			l.gap = true
		}
		l.mu.Unlock()
		switch left := now.delay - time.Since(began); {
		case cut:
			return false
		case hole&d != 0:
			return false
		case gap:
			l.Cut()
			return false
		case left <= 0:
			return true
		default:
			select {
			case <-time.After(left):
			case <-changed:
			}
		}
	}
}

// reset closes a connection with what is still under way.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else the other side hears of a good end
	}
	c.Close()
}
