package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	druid "salesburst/druid-ec2"
)

// machine is the memory of the instance for which heaps are sized here, too.
const machine = 8 << 30

const gateway = "gateway"

func servers() []string { return append(druid.Services(), gateway) }

// limits are what is deployed.
type limits struct {
	heap int64 // of the JVM; 0: there is none
	unit int64 // MemoryMax, which counts the file pages that a server touched, too
}

// limitsOf reads them from the files that are deployed.
func limitsOf(server string) (l limits, err error) {
	unit := "systemd/druid@" + server + ".service.d/salesburst.conf"
	if server == gateway {
		unit = "systemd/druid-gateway.service"
	} else {
		jvm := "conf/" + server + "/jvm.config"
		percent, err := setting(jvm, "-XX:MaxRAMPercentage=")
		if err == nil {
			l.heap, err = part(percent)
		} else if fixed, e := setting(jvm, "-Xmx"); e == nil {
			l.heap, err = strconv.ParseInt(strings.TrimSuffix(fixed, "m"), 10, 64)
			l.heap <<= 20
		}
		if err != nil {
			return l, fmt.Errorf("%s: %w", jvm, err)
		}
	}
	max, err := setting(unit, "MemoryMax=")
	if err == nil {
		l.unit, err = part(strings.TrimSuffix(max, "%"))
	}
	if err != nil {
		return l, fmt.Errorf("%s: %w", unit, err)
	}
	return l, nil
}

// setting is what stands behind a name in a deployed file.
func setting(file, name string) (string, error) {
	text, err := druid.Files.ReadFile(file)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("it has no %s", name)
}

func part(percent string) (int64, error) {
	f, err := strconv.ParseFloat(percent, 64)
	return int64(f / 100 * machine), err
}

// resident is the memory that a server takes of the machine.
type resident struct {
	own  int64 // now, without the pages of files, which the kernel takes back when it needs them
	peak int64 // with them
}

// watchMemory notes every second what the servers take of their own, until it is stopped.
func (b *bench) watchMemory(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			for _, name := range servers() {
				if r, err := residentOf(b.druid.PID(name)); err == nil { // the table at the end tells of errors
					b.most[name] = max(b.most[name], r.own)
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
		}
	})
	return func() { cancel(); watch.Wait() }
}

// residentOf is that of a process and of what it has started, such as nginx's worker.
func residentOf(pid int) (r resident, err error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("%w: has it ended, or is this not Linux?", err)
	}
	if err != nil {
		return r, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		for name, value := range map[string]*int64{"RssAnon:": &r.own, "VmHWM:": &r.peak} {
			if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
				kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				if err != nil {
					return r, fmt.Errorf("%s: %q: %w", file, lines.Text(), err)
				}
				*value = kilobytes << 10
			}
		}
	}
	if err := lines.Err(); err != nil {
		return r, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return r, err
	}
	for child := range strings.FieldsSeq(string(children)) {
		n, err := strconv.Atoi(child)
		if err != nil {
			return r, err
		}
		c, err := residentOf(n)
		if err != nil {
			return r, err
		}
		r.own, r.peak = r.own+c.own, r.peak+c.peak
	}
	return r, nil
}
