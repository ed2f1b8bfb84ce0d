package devenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTime is how long a server may take to stop in good order.
const stopTime = 20 * time.Second

// Process is one server. It can be started again after it has ended.
type Process struct {
	name   string // in messages
	log    string // file of its output
	keeper *keeper
	make   func() *exec.Cmd

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd is over
}

// Start starts the server; it does not wait until the server is ready.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return fmt.Errorf("%s runs already", p.name)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := p.make()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = filepath.Dir(p.log)
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	ended := p.ended
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(ended)
	}()
	return p.keeper.watch(cmd.Process.Pid)
}

// Attach starts a command that is no server but ends with the cluster, however that ends.
// It must not start others.
func (k *Kafka) Attach(cmd *exec.Cmd) (*Process, error) {
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{name: cmd.Path, keeper: k.keeper, cmd: cmd, ended: make(chan struct{})}
	err := k.keeper.watch(cmd.Process.Pid)
	go func() {
		_ = cmd.Wait()
		_ = k.keeper.forget(cmd.Process.Pid) // a keeper that is gone watches nothing
		close(p.ended)
	}()
	return p, err
}

// Ended is closed when the process that was started last is over.
func (p *Process) Ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func (p *Process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// PID is the process's number.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// Freeze stops the process as it stands, connections open; Thaw lets it go on.
func (p *Process) Freeze() error { return p.signal(freeze) }

// Thaw ends a freeze.
func (p *Process) Thaw() error { return p.signal(thaw) }

// Kill ends the process at once, without a goodbye.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// Stop ends the process in good order, or at once if that takes long.
func (p *Process) Stop() error {
	_ = p.Thaw() // a frozen one hears nothing
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTime):
		return p.Kill()
	}
}

func (p *Process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return nil
	}
	if err := send(p.cmd, s); err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%s: signal %v: %w", p.name, s, err)
	}
	return nil
}

// await waits until the log says ready.
func (p *Process) await(ctx context.Context, ready string) error {
	return p.poll(ctx, func() error {
		text, err := os.ReadFile(p.log)
		if err == nil && !strings.Contains(string(text), ready) {
			err = fmt.Errorf("its log does not say %q", ready)
		}
		return err
	})
}

// poll waits until ready returns nil.
func (p *Process) poll(ctx context.Context, ready func() error) error {
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended instead of starting; its last words:\n%s", p.name, p.lastLines())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %w; its last words:\n%s", p.name, context.Cause(ctx), err,
				p.lastLines())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *Process) lastLines() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-12):], "\n")
}
