package proxy_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"salesburst/shared/publish/torture/proxy"
)

// echo is a server that says again what it hears, line by line.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	return l.Addr().String()
}

type caller struct {
	net.Conn
	lines *bufio.Reader
}

func through(t *testing.T) *proxy.Proxy {
	t.Helper()
	p, err := proxy.New(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func call(t *testing.T, p *proxy.Proxy) *caller {
	t.Helper()
	c, err := proxy.Map{p.Target(): p.Address()}.Dial(t.Context(), "tcp", p.Target())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &caller{c, bufio.NewReader(c)}
}

// ask says a word and waits for it, so long at most.
func (c *caller) ask(patience time.Duration) error {
	if _, err := io.WriteString(c, "word\n"); err != nil {
		return err
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, err := c.lines.ReadString('\n')
	return err
}

const long, short = 10 * time.Second, 100 * time.Millisecond

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func expectWell(t *testing.T, c *caller) {
	t.Helper()
	if err := c.ask(long); err != nil {
		t.Fatal(err)
	}
}

func expectCut(t *testing.T, c *caller) {
	t.Helper()
	if err := c.ask(long); err == nil || timedOut(err) {
		t.Fatalf("error %v, want a line that is cut", err)
	}
}

// expectNoEntry fails unless a new connection is cut, at its beginning or behind it.
func expectNoEntry(t *testing.T, p *proxy.Proxy) {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		return
	}
	defer c.Close()
	expectCut(t, &caller{c, bufio.NewReader(c)})
}

func TestPassesOn(t *testing.T) {
	c := call(t, through(t))
	for range 3 {
		expectWell(t, c)
	}
}

func TestCut(t *testing.T) {
	p := through(t)
	a := call(t, p)
	expectWell(t, a)
	b := call(t, p) // when the line of the first one is there
	expectWell(t, b)
	p.Lines()[0].Cut()
	expectCut(t, a)
	expectWell(t, b)
	if n := p.Cut(); n == 0 {
		t.Error("nothing was cut")
	}
	expectCut(t, b)
	expectWell(t, call(t, p))
}

func TestRefuse(t *testing.T) {
	p := through(t)
	before := call(t, p)
	expectWell(t, before)
	p.Refuse(true)
	expectNoEntry(t, p)
	expectWell(t, before)
	p.Heal()
	expectWell(t, call(t, p))
}

func TestDelay(t *testing.T) {
	p := through(t)
	c := call(t, p)
	expectWell(t, c)
	const delay = 150 * time.Millisecond
	p.Delay(delay)
	began := time.Now()
	expectWell(t, c)
	if took := time.Since(began); took < 2*delay {
		t.Errorf("there and back took %v, want %v or more", took, 2*delay)
	}
	p.Delay(time.Hour)
	go func() { time.Sleep(short); p.Heal() }()
	expectWell(t, c) // what was held back arrives when that ends
}

func TestSwallow(t *testing.T) {
	for name, d := range map[string]proxy.Direction{"up": proxy.Up, "down": proxy.Down, "both": proxy.Both} {
		t.Run(name, func(t *testing.T) {
			p := through(t)
			hit, spared := call(t, p), call(t, p)
			expectWell(t, hit)
			expectWell(t, spared)
			p.Swallow(d)
			if err := hit.ask(short); !timedOut(err) {
				t.Fatalf("error %v, want silence", err)
			}
			p.Heal()
			expectCut(t, hit) // it has a gap
			expectWell(t, spared)
		})
	}
	t.Run("one line", func(t *testing.T) {
		p := through(t)
		hit := call(t, p)
		expectWell(t, hit)
		spared := call(t, p) // when the line of the first one is there
		expectWell(t, spared)
		l := p.Lines()[0]
		l.Swallow(proxy.Both)
		if err := hit.ask(short); !timedOut(err) {
			t.Fatalf("error %v, want silence", err)
		}
		expectWell(t, spared)
		l.Swallow(proxy.None)
		expectCut(t, hit)
	})
}

// Closing ends what is open, and nobody comes in any more.
func TestClose(t *testing.T) {
	p := through(t)
	c := call(t, p)
	expectWell(t, c)
	p.Delay(time.Hour)
	p.Close()
	if err := c.ask(long); err == nil || timedOut(err) {
		t.Errorf("error %v, want a line that is cut", err)
	}
	if _, err := net.Dial("tcp", p.Address()); err == nil {
		t.Error("it still listens")
	}
}

// Where the broker is away the client is not kept waiting.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p, err := proxy.New(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	expectNoEntry(t, p)
}
