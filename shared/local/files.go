package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"

	"salesburst/dataset"
)

// openCatalogue reads what is sold; path empty means what is built in.
func openCatalogue(path string, ui *terminal) (*dataset.Catalogue, error) {
	if path == "" {
		return dataset.Default(), nil
	}
	c, report, err := dataset.Open(path)
	if err != nil {
		return nil, fmt.Errorf("-catalogue: %w", err)
	}
	if report.Refused > 0 {
		ui.line("-catalogue %s: %d of %d rows cannot be used, the first in line %d: %s",
			path, report.Refused, report.Rows, report.Problems[0].Line, report.Problems[0].Reason)
	}
	return c, nil
}

// brands lists the brands of a catalogue in the order of the alphabet.
func brands(c *dataset.Catalogue) []string {
	var names []string
	for _, tv := range c.TVs {
		names = append(names, tv.Brand)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// openOut opens the file that the events are written to. The writer is nil for none.
func openOut(path string, stdout io.Writer) (w io.Writer, closeOut func() error, err error) {
	switch path {
	case "":
		return nil, func() error { return nil }, nil
	case "-":
		return stdout, func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, nil, fmt.Errorf("-out: cannot write %s: %w", path, cause(err))
	}
	return f, f.Close, nil
}

// cause leaves out of an error of the system what stands beside it anyway.
func cause(err error) error {
	var path *fs.PathError
	var op *net.OpError
	var call *os.SyscallError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// reachable is the address of the page as a browser on this machine wants it.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return a.String()
}
