package druid_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this binary be systemctl, where it goes by that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "systemctl" {
		if err := systemctl(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "systemctl:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	unitFolder = "/etc/systemd/system"
	pidFolder  = "/run/units" // of a file for each server, with its process id
)

// systemctl stands in for systemd, which needs a machine of its own: it starts what
// druid.target wants, in the order, as the users and with the environment that the units
// say, and knows neither their limits nor how to start a server again.
func systemctl(args []string) error {
	switch command := strings.Join(args, " "); command {
	case "daemon-reload", "enable -q druid.target":
		return nil
	case "start druid.target":
		return startTarget()
	case "restart druid.target":
		return errors.Join(stopTarget(), startTarget())
	default:
		return fmt.Errorf("%q is not known here", command)
	}
}

func startTarget() error {
	target, err := readUnit("druid.target")
	if err != nil {
		return err
	}
	started := make(map[string]chan struct{})
	for _, name := range strings.Fields(target.last("Wants")) {
		started[name] = make(chan struct{})
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for name, done := range started {
		group.Go(func() {
			defer close(done)
			if err := startUnit(name, started); err != nil {
				mu.Lock()
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return failed
}

func startUnit(name string, started map[string]chan struct{}) error {
	if base, is := strings.CutSuffix(name, ".timer"); is {
		name = base + ".service" // once
	}
	if running(pidOf(name)) {
		return nil
	}
	u, err := readUnit(name)
	if err != nil {
		return err
	}
	for _, other := range strings.Fields(strings.Join(u["After"], " ")) {
		if done := started[other]; done != nil {
			<-done
		}
	}
	log, err := os.OpenFile("/var/log/"+name+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	for _, line := range u["ExecStartPre"] {
		cmd, err := u.command(line, log)
		if err == nil {
			err = cmd.Run()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
	}
	cmd, err := u.command(u.last("ExecStart"), log)
	if err != nil {
		return err
	}
	if u.last("Type") == "oneshot" {
		return cmd.Run()
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(pidFolder, 0o755),
		os.WriteFile(filepath.Join(pidFolder, name), []byte(strconv.Itoa(cmd.Process.Pid)), 0o644))
}

// unit is what stands in a unit's files: the values of each key.
type unit map[string][]string

func (u unit) last(key string) string {
	if values := u[key]; len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// readUnit reads a unit's file, or its template's, and then what is dropped in.
func readUnit(name string) (unit, error) {
	file, instance := name, ""
	if before, after, is := strings.Cut(name, "@"); is {
		file = before + "@.service"
		instance = strings.TrimSuffix(after, ".service")
	}
	dropped, err := filepath.Glob(filepath.Join(unitFolder, name+".d", "*.conf"))
	if err != nil {
		return nil, err
	}
	u := make(unit)
	for _, path := range append([]string{filepath.Join(unitFolder, file)}, dropped...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(strings.ReplaceAll(string(text), "%i", instance)) {
			key, value, is := strings.Cut(strings.TrimSpace(line), "=")
			switch {
			case !is || strings.HasPrefix(key, "#"):
			case value == "":
				delete(u, key)
			default:
				u[key] = append(u[key], value)
			}
		}
	}
	return u, nil
}

// command is a line of the unit, as it would be run.
func (u unit) command(line string, log *os.File) (*exec.Cmd, error) {
	words := strings.Fields(line)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if file := u.last("EnvironmentFile"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		cmd.Env = append(cmd.Env, strings.Fields(string(text))...)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	name := u.last("User")
	if name == "" {
		name = "nobody" // a dynamic one
	}
	uid, gid, err := lookup(name)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	if u.last("AmbientCapabilities") == "CAP_NET_BIND_SERVICE" {
		cmd.SysProcAttr.AmbientCaps = []uintptr{10}
	}
	cmd.Dir = u.last("WorkingDirectory")
	if dir := u.last("RuntimeDirectory"); dir != "" {
		dir = filepath.Join("/run", dir)
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.Chown(dir, uid, gid)); err != nil {
			return nil, err
		}
	}
	return cmd, nil
}

func lookup(name string) (uid, gid int, err error) {
	who, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	uid, err1 := strconv.Atoi(who.Uid)
	gid, err2 := strconv.Atoi(who.Gid)
	return uid, gid, errors.Join(err1, err2)
}

// stopTarget ends all servers at once, as a machine that loses its power.
func stopTarget() error {
	pids := slices.Collect(maps.Values(unitPIDs("")))
	for _, pid := range pids {
		if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	for deadline := time.Now().Add(time.Minute); slices.ContainsFunc(pids, running); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("a server does not end")
		}
	}
	return os.RemoveAll(pidFolder)
}

// unitPIDs are the servers' process ids, by unit, in a root.
func unitPIDs(root string) map[string]int {
	pids := make(map[string]int)
	files, _ := filepath.Glob(filepath.Join(root, pidFolder, "*")) // the pattern is a good one
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			pids[filepath.Base(file)], _ = strconv.Atoi(string(text)) // 0 runs nowhere
		}
	}
	return pids
}

func pidOf(name string) int { return unitPIDs("")[name] }

// running tells whether a process is there and no zombie.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(after, "Z")
}
