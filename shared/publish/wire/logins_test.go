package wire

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/segmentio/kafka-go"
)

// A connection that is closed when it has the credentials is a refusal only where five sets of
// connections after each other met with that.
func TestLostLoginsInARow(t *testing.T) {
	var logins Logins
	for n := 1; n <= 7; n++ {
		var before atomic.Bool
		for range 3 { // of one Conn they count once
			err := logins.lost(&before, fmt.Errorf("reading: %w", io.EOF))
			if refused := errors.Is(err, kafka.SASLAuthenticationFailed); refused != (n >= 5) || !errors.Is(err, errHungUp) {
				t.Errorf("loss %d: %v", n, err)
			}
			if n < 5 && !errors.Is(err, io.EOF) {
				t.Errorf("loss %d: %v does not say what happened", n, err)
			}
		}
	}
}

// What is no closed connection says nothing about the credentials, however often it comes.
func TestWhatCountsAsALostLogin(t *testing.T) {
	for err, counts := range map[error]bool{
		io.EOF: true, io.ErrUnexpectedEOF: true, syscall.ECONNRESET: true, syscall.EPIPE: true,
		os.ErrDeadlineExceeded: false, syscall.ECONNREFUSED: false,
	} {
		var logins Logins
		for range 2 * refusalsInARow {
			var before atomic.Bool
			got := logins.lost(&before, err)
			if !counts && got != err {
				t.Errorf("%v has become %v", err, got)
			}
			if before.Load() != counts {
				t.Errorf("%v: counted %v", err, before.Load())
			}
		}
		if n := logins.losses.Load(); n > 0 != counts {
			t.Errorf("%v: %d losses", err, n)
		}
	}
}
