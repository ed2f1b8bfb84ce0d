package devenv

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
)

// The ports that servers here get: below those that systems give to outgoing connections.
const firstPort, lastPort = 11_000, 31_999

// ports are kept for servers that take minutes on a busy machine until they listen, and
// that are started again in tests.
type ports struct {
	numbers []string
	held    []io.Closer
}

// freePorts draws ports of 127.0.0.1 on which nobody listens, and keeps them.
func freePorts(n int) (*ports, error) {
	p := &ports{}
	var last error
	for tries := 0; len(p.numbers) < n; tries++ {
		if tries == 1000 {
			return nil, errors.Join(p.Close(),
				fmt.Errorf("looking for %d free ports from %d to %d: %w", n, firstPort, lastPort, last))
		}
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		number := strconv.Itoa(port)
		if slices.Contains(p.numbers, number) {
			continue
		}
		held, err := hold(port)
		if err != nil {
			last = err
			continue
		}
		p.numbers, p.held = append(p.numbers, number), append(p.held, held)
	}
	return p, nil
}

// Close gives the ports back.
func (p *ports) Close() error {
	var err error
	for _, h := range p.held {
		err = errors.Join(err, h.Close())
	}
	return err
}
