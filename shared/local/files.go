package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/incidents"
	"salesburst/shared/local/web"
	"salesburst/shared/market"
)

// openCatalogue reads what is sold; path empty means what is built in. What cannot be used goes
// into the file rejects, unless that is empty, and its beginning to the person.
func openCatalogue(path, rejects string, ui *terminal) (*dataset.Catalogue, error) {
	if path == "" {
		return dataset.Default(), nil
	}
	c, report, err := dataset.Open(path)
	if report.Used != report.Rows {
		ui.line("-catalogue %s: %v", path, report)
	}
	if rejects != "" && report.Rows > 0 {
		if err := writeRejects(rejects, report); err != nil {
			return nil, err
		}
		ui.line("all that cannot be used is in %s", rejects)
	} else if report.Refused > 0 {
		ui.line("-rejects FILE writes all that cannot be used into a file")
	}
	if err != nil {
		return nil, fmt.Errorf("-catalogue: %w", err)
	}
	return c, nil
}

// openMarket returns the market of a catalogue, by the figures of the file path where there is one.
func openMarket(c *dataset.Catalogue, path string) (*market.Market, error) {
	if path == "" {
		m, err := market.New(c)
		if err != nil {
			return nil, fmt.Errorf("-catalogue: %w", err)
		}
		return m, nil
	}
	text, err := os.ReadFile(path)
	var m *market.Market
	if err == nil {
		m, err = market.NewFrom(c, text)
	}
	if err != nil {
		return nil, fmt.Errorf("-market %s: %w", path, cause(err))
	}
	return m, nil
}

func writeRejects(path string, report dataset.Report) error {
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(report.WriteCSV(f), f.Close())
	}
	if err != nil {
		return fmt.Errorf("-rejects: cannot write %s: %w", path, cause(err))
	}
	return nil
}

// openIncidents reads what goes wrong; path empty means nothing.
func openIncidents(path string, m *market.Market) (*incidents.Plan, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	var p *incidents.Plan
	if err == nil {
		p, err = m.ReadIncidents(text)
	}
	if err != nil {
		return nil, fmt.Errorf("-incidents %s: %w", path, cause(err))
	}
	return p, nil
}

// openOut opens the file that a flag names to be written. The writer is nil for none.
func openOut(flag, path string, stdout io.Writer) (w io.Writer, closeOut func() error, err error) {
	switch path {
	case "":
		return nil, func() error { return nil }, nil
	case "-":
		return stdout, func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, func() error { return nil }, fmt.Errorf("-%s: cannot write %s: %w", flag, path, cause(err))
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

// makeFolder makes the folder for pictures; path empty means none.
func makeFolder(path string) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("-snapshot: cannot make %s: %w", path, cause(err))
	}
	return nil
}

// writePictures writes each dashboard as pictures into a folder.
func writePictures(ctx context.Context, l *web.Live, folder string, ui *terminal) error {
	panels := 0
	for _, d := range dashboards.All() {
		panels += len(d.Panels())
	}
	bar := ui.progress("pictures", panels, "panels")
	paths, err := l.Snapshot(ctx, folder, bar.set)
	bar.end()
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("-snapshot: cannot write %s: %w", file.Path, file.Err)
	}
	for _, path := range paths {
		ui.line("written: %s", path)
	}
	return err
}

// listen opens the page's address.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w); choose another address with -listen, as in -listen "+
			"127.0.0.1:8081",
			address, cause(err))
	}
	return l, nil
}

// reachable is the address of the page as a browser on this machine wants it.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return a.String()
}
