package wire

import (
	"context"
	"errors"
	"net"
	"testing"
)

// Whoever begins to dial after the end does not get as far as the network; who was about to
// connect at the end is not given the connection.
func TestNothingIsDialledAfterTheEnd(t *testing.T) {
	var d *dialer
	dials := 0
	ours, theirs := net.Pipe()
	defer theirs.Close()
	d = newDialer(Config{Dial: func(context.Context, string, string) (net.Conn, error) {
		dials++
		d.close()
		return ours, nil
	}})
	if _, err := d.dial(t.Context(), "tcp", "broker:9092"); !errors.Is(err, errClosed) || dials != 1 {
		t.Errorf("during the end: %v, %d dials", err, dials)
	}
	if _, err := ours.Write([]byte{0}); err == nil {
		t.Error("the connection that was made meanwhile is open")
	}
	if _, err := d.dial(t.Context(), "tcp", "broker:9092"); !errors.Is(err, errClosed) || dials != 1 {
		t.Errorf("after the end: %v, %d dials", err, dials)
	}
}
