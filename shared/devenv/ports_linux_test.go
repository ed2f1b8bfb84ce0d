package devenv

import (
	"net"
	"strconv"
	"testing"
)

// A port that was drawn for a server is not drawn again before that listens, and its server
// can listen on it, more than once.
func TestPortsAreHeld(t *testing.T) {
	drawn, err := freePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(drawn.numbers[0])
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if again, err := hold(port); err == nil {
			again.Close()
			t.Errorf("port %d is drawn twice", port)
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", drawn.numbers[0]))
		if err != nil {
			t.Fatalf("its server cannot listen: %v", err)
		}
		l.Close()
	}
	if err := drawn.Close(); err != nil {
		t.Error(err)
	}
	again, err := hold(port)
	if err != nil {
		t.Fatalf("it is not given back: %v", err)
	}
	again.Close()
}
