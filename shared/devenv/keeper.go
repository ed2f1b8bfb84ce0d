package devenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// keeper is a shell that outlives this process by a moment. It reads from a pipe that
// only this process holds open: each number is a server that it is to end, with what that
// has started, and a number behind a dash is one that has ended by itself. The pipe's end,
// however this process ended, is its sign to do so and to remove the folder.
type keeper struct {
	mu    sync.Mutex
	pipe  io.WriteCloser
	cmd   *exec.Cmd
	ports *ports // of the servers, held until the keeper ends them
}

const keeperScript = `
pids=
while read -r pid; do
	case $pid in
	-*) rest=; for other in $pids; do [ "-$other" = "$pid" ] || rest="$rest $other"; done; pids=$rest ;;
	*) pids="$pids $pid" ;;
	esac
done
for pid in $pids; do kill -s KILL -- "-$pid"; done 2>/dev/null
for try in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" && exit; sleep 0.2; done 2>/dev/null
`

func startKeeper(dir string) (*keeper, error) {
	cmd := exec.Command("sh", "-c", keeperScript, "keeper", dir)
	cmd.Dir = os.TempDir()
	detach(cmd)
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting the keeper of %s: %w", dir, err)
	}
	return &keeper{pipe: pipe, cmd: cmd}, nil
}

// watch hands a process over that is to end with this one.
func (k *keeper) watch(pid int) error {
	return k.tell(pid)
}

// forget takes a process back that has ended and had started no other: its number may be
// another's by now.
func (k *keeper) forget(pid int) error { return k.tell(-pid) }

func (k *keeper) tell(number int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := fmt.Fprintln(k.pipe, number); err != nil {
		return fmt.Errorf("the keeper of the servers is gone: %w", err)
	}
	return nil
}

// end lets the keeper do its work and waits for that.
func (k *keeper) end() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pipe.Close()
	done := make(chan error, 1)
	go func() { done <- k.cmd.Wait() }()
	select {
	case err := <-done:
		return errors.Join(err, k.ports.Close())
	case <-time.After(stopTime):
		return fmt.Errorf("the keeper of the servers hangs")
	}
}
