package devenv

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// hold binds a port without listening on it. A server that sets SO_REUSEADDR, as Java's and
// nginx do, can bind it all the same and listen; whoever draws ports here cannot.
func hold(port int) (io.Closer, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("a socket for port %d: %w", port, err)
	}
	f := os.NewFile(uintptr(fd), fmt.Sprintf("127.0.0.1:%d", port))
	// The option comes after the bind, which is to fail where others only hold the port.
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("port %d: %w", port, err)
	}
	return f, nil
}
