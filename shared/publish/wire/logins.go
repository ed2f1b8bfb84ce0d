package wire

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"

	"github.com/segmentio/kafka-go"
)

// Logins counts the connections that were lost during the SASL exchange since the
// last one that was accepted, at most one per Conn. Some brokers answer a wrong password
// by closing the connection; so does every broker, proxy or network in trouble.
type Logins struct {
	losses atomic.Int32
}

// refusalsInARow is how many lost exchanges are taken for a refusal: with the pauses
// between them, three quarters of a second of nothing else.
const refusalsInARow = 5

var errHungUp = errors.New("the connection was closed when the credentials were sent")

// lost counts err where it is a connection that was closed, unless one of the same Conn was before.
func (h *Logins) lost(before *atomic.Bool, err error) error {
	if !hungUp(err) {
		return err
	}
	if before.CompareAndSwap(false, true) {
		h.losses.Add(1)
	}
	if n := h.losses.Load(); n >= refusalsInARow {
		return fmt.Errorf("%w %d times in a row: %w", errHungUp, n, kafka.SASLAuthenticationFailed)
	}
	return fmt.Errorf("%w: %w", errHungUp, err)
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
