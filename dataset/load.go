package dataset

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of a catalogue file and of its products.
const (
	MaxFileBytes  = 64 << 20    // of a file
	MaxRows       = 1_000_000   // of a file, without its header
	MaxNameLength = 300         // characters
	MaxPriceCents = 100_000_000 // one million of the currency's unit
	MinScreenSize = 10          // inches
	MaxScreenSize = 150         // inches
)

// The kinds of error that Load returns, besides those of its reader.
var (
	ErrInvalid  = errors.New("not a usable catalogue")
	ErrTooLarge = errors.New("catalogue too large")
)

// Report says what became of the rows of a file. Rows = Used + Repeated + Refused, always.
type Report struct {
	Rows     int // without the header and without blank rows
	Used     int // in the catalogue
	Repeated int // same name and price as an earlier row, which was kept
	Refused  int // cannot be used

	Problems []Problem // one for each refused row, in the order of the file
}

// Problem is why one row cannot be used.
type Problem struct {
	Line   int    // of the file, where the row begins; the first line is 1
	Column string // in the spelling of the package comment; empty if it is the row as a whole
	Value  string // what the file has there; of a row as a whole its beginning
	Reason string // with what is allowed
}

// Load reads a catalogue.
//
// The first row names the columns, in any order and letter case. PRODUCT_NAME and PRICING must be
// there; the others may be missing or empty where the name tells the same. Of a TV set what the
// name tells wins over the cell, because crawlers cut their cells out of the name by position: a
// 110 inch set has "10" in SCREEN_SIZE, and DISPLAY_TYPE says "4K". Only the brand's own column
// wins over the name. The operating system is the only value that nobody has to tell. The
// catalogue keeps to a small vocabulary of display types, resolutions and systems.
//
// Where there is a column CATEGORY each row must say what it sells. What is not a TV set need not
// have a screen, and its name says nothing of one: its cells are taken as they are, with the size
// in inches.
//
// A size is in inches, or in centimetres where its cell says so, or where the header does and the
// cell has no unit: SCREEN_SIZE_CM.
//
// The catalogue has one currency, that of CURRENCY and of the codes and signs beside the prices.
// Rows that say none have it too; where no row says one it is USD.
//
// A row that repeats the name and the price of an earlier row is counted and left out. One that repeats the name at
// another price is refused: a product has one price, and the first row sets it.
//
// Quotation marks that do not match spoil only their own row. An inch mark that should have been
// duplicated is understood
// as long as the row still has as many cells as the header. A cell may go over several lines only if its quoting is
// correct, and within 16 lines.
//
// The error is an ErrInvalid if nothing can be used, an ErrTooLarge beyond MaxFileBytes or MaxRows, or what r
// returned. The Report is filled as far as the reading came.
func Load(r io.Reader) (*Catalogue, Report, error) {
	var report Report
	text, err := readText(r)
	if err != nil {
		return nil, report, err
	}
	rows := newRecords(text)
	columns, err := readHeader(rows)
	if err != nil {
		return nil, report, err
	}

	type offer struct {
		line  int
		cents int64
	}
	type saying struct {
		currency string
		line     int
	}
	offers := make(map[string]offer)
	known := spellings{make(brandSpelling), newCategories()}
	var said, otherwise saying // the first of each currency
	c := &Catalogue{}
	for {
		row, ok := rows.next(columns.width)
		if !ok {
			break
		}
		if report.Rows == MaxRows {
			return nil, report, fmt.Errorf("%w: it has more than %d rows, split it or sell fewer products", ErrTooLarge,
				MaxRows)
		}
		report.Rows++
		p, currency, problem := columns.product(row, known)
		if problem != nil {
			report.refuse(*problem)
			continue
		}
		switch {
		case currency == "" || currency == said.currency || otherwise.line > 0:
		case said.line == 0:
			said = saying{currency, row.line}
		default:
			otherwise = saying{currency, row.line}
		}
		key := strings.ToLower(p.Name)
		first, again := offers[key]
		switch {
		case !again:
			offers[key] = offer{row.line, p.PriceCents}
			c.Products = append(c.Products, p)
			report.Used++
		case first.cents == p.PriceCents:
			report.Repeated++
		default:
			report.refuse(*columns.refuse(row, pricing,
				"%s, but line %d sells the same product for %s, and a product has one price: the first is kept",
				amount(p.PriceCents), first.line, amount(first.cents)))
		}
	}
	if report.Used == 0 {
		return nil, report, noUsableRow(report)
	}
	if otherwise.line > 0 {
		return nil, report, fmt.Errorf(
			"%w: it has two currencies, %s in line %d and %s in line %d: put each into a catalogue of its own",
			ErrInvalid, said.currency, said.line, otherwise.currency, otherwise.line)
	}
	c.Currency = cmp.Or(said.currency, defaultCurrency)
	c.Hash = hash(c)
	return c, report, nil
}

// String tells a person what became of the rows, with the first problems.
func (r Report) String() string {
	const shown = 10
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows: %d used, %d repeated, %d refused", r.Rows, r.Used, r.Repeated, r.Refused)
	for i, p := range r.Problems {
		if i == shown {
			break
		}
		fmt.Fprintf(&b, "\n  %v", p)
	}
	if more := r.Refused - shown; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// WriteCSV writes all problems as CSV with the columns line, column, value and reason.
func (r Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"line", "column", "value", "reason"}) // Error knows it
	for _, p := range r.Problems {
		_ = c.Write([]string{strconv.Itoa(p.Line), p.Column, p.Value, p.Reason})
	}
	c.Flush()
	return c.Error()
}

func (r *Report) refuse(p Problem) {
	r.Refused++
	r.Problems = append(r.Problems, p)
}

func (p Problem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Reason)
	}
	return fmt.Sprintf("line %d, %s: %s", p.Line, p.Column, p.Reason)
}

func noUsableRow(r Report) error {
	if r.Rows == 0 {
		return fmt.Errorf("%w: there is no row below the header, add one for each product", ErrInvalid)
	}
	return fmt.Errorf("%w: none of the %d rows can be used; correct them, starting with %v", ErrInvalid, r.Rows,
		r.Problems[0])
}

// readText returns what r holds without a byte-order mark and with lines that end in "\n" or "\r\n".
func readText(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFileBytes+1))
	if err != nil {
		return "", fmt.Errorf("reading the catalogue: %w", err)
	}
	if len(data) > MaxFileBytes {
		return "", fmt.Errorf("%w: it has more than %d MiB, split it or sell fewer products", ErrTooLarge,
			MaxFileBytes>>20)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%w: it is UTF-16 text, save it as CSV UTF-8", ErrInvalid)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return "", fmt.Errorf("%w: it is empty, begin with the columns %s", ErrInvalid, allColumns())
	}
	const binaryShows = 8 << 10
	if bytes.IndexByte(data[:min(len(data), binaryShows)], 0) >= 0 {
		return "", fmt.Errorf("%w: it is not text, export it as CSV UTF-8", ErrInvalid)
	}
	if bytes.IndexByte(data, '\n') < 0 {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return string(data), nil
}

// readHeader takes the first row, which names the columns.
func readHeader(rows *records) (columns, error) {
	const anyWidth = -1
	row, _ := rows.next(anyWidth)
	if row.problem != "" {
		return columns{}, fmt.Errorf("%w: line %d: %s", ErrInvalid, row.line, row.problem)
	}
	for _, cell := range row.cells {
		if !utf8.ValidString(cell) {
			return columns{}, fmt.Errorf("%w: it is not UTF-8 text, export it as CSV UTF-8", ErrInvalid)
		}
	}
	c := columns{width: len(row.cells)}
	for col := range c.at {
		c.at[col] = -1
	}
	for i, cell := range row.cells {
		col, inCentimetres, ok := columnNamed(cell)
		if !ok {
			continue
		}
		if c.at[col] >= 0 {
			return columns{}, fmt.Errorf("%w: the header has two columns %v, remove one", ErrInvalid, col)
		}
		c.at[col] = i
		c.inCentimetres = c.inCentimetres || inCentimetres
	}
	for _, col := range []column{productName, pricing} {
		if c.at[col] < 0 {
			return columns{}, fmt.Errorf("%w: line %d, the header, has no column %v but is %s: begin with the "+
				"columns %s, separated by commas",
				ErrInvalid, row.line, col, quoted(strings.Join(row.cells, ",")), allColumns())
		}
	}
	return c, nil
}
