package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

const (
	maxRecordLines = 16
	maxRecordBytes = 64 << 10
)

// records reads rows one by one, so that one with bad quoting ends at its own line instead of swallowing those below.
type records struct {
	text string // what is left to read
	line int    // the number of its first line
	buf  *bufio.Reader
}

// record is one row: its cells, or the problem that kept them from being read.
type record struct {
	line    int
	text    string // as the file has it
	cells   []string
	problem string
}

func newRecords(text string) *records {
	return &records{text: text, line: 1, buf: bufio.NewReader(nil)}
}

// next returns the next row that is not blank. If the header's width is known, a row of another width is a problem:
// its values may be in the wrong columns, as when $1,299.99 has no quotation marks.
func (r *records) next(width int) (record, bool) {
	for r.text != "" {
		line, text := r.line, r.text
		cells, problem := r.read(width)
		if problem == "" && isBlank(cells) {
			continue
		}
		return record{line, text[:len(text)-len(r.text)], cells, problem}, true
	}
	return record{}, false
}

func (r *records) read(width int) (cells []string, problem string) {
	end := lineEnd(r.text, 0)
	if end > maxRecordBytes {
		r.skip(end, 1)
		return nil, "the row is longer than 64 KiB"
	}
	cells, err := r.parse(r.text[:end], false)
	if err == nil {
		r.skip(end, 1)
		return fit(cells, width)
	}
	if errors.Is(err, csv.ErrQuote) {
		more := end
		for n := 2; n <= maxRecordLines && more < len(r.text); n++ {
			if more = lineEnd(r.text, more); more > maxRecordBytes {
				break
			}
			if cells, err := r.parse(r.text[:more], false); err == nil {
				r.skip(more, n)
				return fit(cells, width)
			}
		}
	}
	cells, err = r.parse(r.text[:end], true)
	r.skip(end, 1)
	if err == nil {
		cells, problem = fit(cells, width)
	}
	if err != nil || problem != "" {
		return nil, "the quotation marks do not match: put the cell in quotation marks and double those inside"
	}
	return cells, ""
}

// parse returns the one row in text, which is no cells for a blank line. With lazy, a quotation mark that does not
// belong where it stands is a character like any other.
func (r *records) parse(text string, lazy bool) ([]string, error) {
	r.buf.Reset(strings.NewReader(text))
	c := csv.NewReader(r.buf)
	c.FieldsPerRecord = -1
	c.LazyQuotes = lazy
	c.TrimLeadingSpace = true
	cells, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return cells, err
}

func (r *records) skip(bytes, lines int) {
	r.text = r.text[bytes:]
	r.line += lines
}

// lineEnd returns where the line that begins at from ends, with its line feed.
func lineEnd(text string, from int) int {
	if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(text)
}

// fit refuses a row of another width, unless width is negative or the row is blank.
func fit(cells []string, width int) ([]string, string) {
	switch {
	case width < 0 || isBlank(cells):
		return cells, ""
	case len(cells) > width:
		return nil, "the row has more cells than the header: put a cell with a comma in quotation marks"
	case len(cells) < width:
		return nil, "the row has fewer cells than the header: leave a cell empty, but keep its comma"
	}
	return cells, ""
}

func isBlank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(cell string) bool { return tidy(cell) != "" })
}
