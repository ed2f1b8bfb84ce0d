//go:build !unix

package devenv

import (
	"os/exec"
	"syscall"
)

// Where there are no such signals there is no shell for the keeper either, and starting
// a server says so.
const (
	freeze = syscall.SIGKILL
	thaw   = syscall.SIGKILL
)

func detach(*exec.Cmd) {}

func send(cmd *exec.Cmd, s syscall.Signal) error { return cmd.Process.Signal(s) }
