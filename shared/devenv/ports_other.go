//go:build !linux

package devenv

import (
	"io"
	"net"
	"strconv"
)

// hold finds out whether a port is free. Only Linux lets a server listen on a port that
// another process holds for it.
func hold(port int) (io.Closer, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return io.NopCloser(nil), l.Close()
}
