package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// column is one of the columns that a catalogue can have.
type column int

const (
	productName column = iota
	pricing
	link
	brand
	screenSize
	displayType
	resolution
	system
	columnCount
)

func (c column) String() string {
	return [columnCount]string{"PRODUCT_NAME", "PRICING", "URL", "BRAND", "SCREEN_SIZE", "DISPLAY_TYPE", "RESOLUTION", "OS"}[c]
}

// columnNamed understands "product_name", "Product Name" and the like.
func columnNamed(header string) (column, bool) {
	for c := range columnCount {
		if letters(header) == letters(c.String()) {
			return c, true
		}
	}
	return 0, false
}

func allColumns() string {
	var names []string
	for c := range columnCount {
		names = append(names, c.String())
	}
	return strings.Join(names, ",")
}

// columns knows which cell of a row is in which column.
type columns struct {
	width int              // cells in a row
	at    [columnCount]int // the cell of a column, -1 where the file does not have it
}

func (c columns) cell(cells []string, col column) string {
	if c.at[col] < 0 {
		return ""
	}
	return tidy(cells[c.at[col]])
}

// product reads a row, or says what is wrong with it.
func (c columns) product(row record, brands brandSpelling) (Product, *Problem) {
	refuse := func(col column, format string, args ...any) (Product, *Problem) {
		return Product{}, &Problem{row.line, col.String(), fmt.Sprintf(format, args...)}
	}
	if row.problem != "" {
		return Product{}, &Problem{Line: row.line, Reason: row.problem}
	}
	for col, i := range c.at {
		if i >= 0 && !utf8.ValidString(row.cells[i]) {
			return refuse(column(col), "it is not UTF-8 text: save the file as CSV UTF-8")
		}
	}
	cell := func(col column) string { return c.cell(row.cells, col) }

	var tv Product
	tv.Name = cell(productName)
	if letters(tv.Name) == "" {
		return refuse(productName, "it is empty: every product needs a name")
	}
	if n := utf8.RuneCountInString(tv.Name); n > MaxNameLength {
		return refuse(productName, "it has %d characters, at most %d are possible", n, MaxNameLength)
	}
	var err error
	if tv.PriceCents, err = parsePrice(cell(pricing)); err != nil {
		return refuse(pricing, "%v", err)
	}
	if tv.URL = cell(link); !isWebAddress(tv.URL) {
		return refuse(link, "%s is not a web address: begin with https:// or leave it empty", quoted(tv.URL))
	}

	set := withoutExtras(tv.Name)
	if tv.Brand = brands.of(cell(brand), tv.Name); tv.Brand == "" {
		return refuse(brand, "neither it nor the beginning of the name tells the brand")
	}
	if n := utf8.RuneCountInString(tv.Brand); n > maxBrandLength {
		return refuse(brand, "it has %d characters, at most %d are possible", n, maxBrandLength)
	}
	if tv.ScreenSize = sizeIn(set, cell(screenSize)); tv.ScreenSize == 0 {
		return refuse(screenSize, "neither the name nor %s tells a size of %d to %d inches",
			quoted(cell(screenSize)), MinScreenSize, MaxScreenSize)
	}
	told := words(set)
	others := strings.Join([]string{cell(displayType), cell(resolution), cell(system)}, " / ")
	if tv.DisplayType = displayTypes.told(told, cell(displayType), others); tv.DisplayType == "" {
		return refuse(displayType, "neither the name nor %s tells one of %s", quoted(cell(displayType)), displayTypes)
	}
	if tv.Resolution = resolutions.told(told, cell(resolution), others); tv.Resolution == "" {
		return refuse(resolution, "neither the name nor %s tells one of %s", quoted(cell(resolution)), resolutions)
	}
	tv.OS = systems.told(told, cell(system), others)
	return tv, nil
}

const (
	maxBrandLength = 60
	maxURLBytes    = 2048
)

// isWebAddress is true for no address too.
func isWebAddress(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURLBytes && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// parsePrice reads US dollars as a shop writes them, $1,299.99 or 1299.99 or 1299, into cents.
func parsePrice(s string) (cents int64, err error) {
	if s == "" {
		return 0, fmt.Errorf("it is empty: every product needs a price such as $1,299.99")
	}
	notPrice := func() (int64, error) {
		return 0, fmt.Errorf("%s is not a price in US dollars such as $1,299.99", quoted(s))
	}
	number := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, "USD"), "US")), "$"))
	whole, fraction, hasFraction := strings.Cut(number, ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if !isDigits(g) || len(groups) > 1 && (i > 0 && len(g) != 3 || len(g) > 3) {
			return notPrice()
		}
	}
	if hasFraction && (!isDigits(fraction) || len(fraction) > 2) {
		return notPrice()
	}
	digits := strings.Join(groups, "") + (fraction + "00")[:2]
	cents, err = strconv.ParseInt(digits, 10, 64)
	if err != nil || cents < 1 || cents > MaxPriceCents {
		return 0, fmt.Errorf("%s is outside %s to %s", quoted(s), dollars(1), dollars(MaxPriceCents))
	}
	return cents, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// dollars writes cents as a catalogue does: $1,299.99.
func dollars(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("$%s.%02d", whole, cents%100)
}

// tidy removes what says nothing: marks such as ™, invisible characters, spaces at the ends and repeated ones, and it
// writes inch marks one way.
func tidy(s string) string {
	if isTidy(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	var last rune
	space := false
	for _, r := range s {
		switch {
		case r == '™' || r == '®' || r == '©' || r == '℠' || unicode.Is(unicode.Cf, r):
			continue
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
			continue
		case r == '”' || r == '“' || r == '″':
			r = '"'
		}
		if r == '"' && last == '"' && !space {
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// letters is s without anything but letters and digits, in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// quoted shows a person what is in a cell, shortened if it is long.
func quoted(s string) string {
	const enough = 60
	if r := []rune(s); len(r) > enough {
		s = string(r[:enough]) + "…"
	}
	return strconv.Quote(s)
}

// hash puts its length before each text, so that no two lists of products are the same bytes.
func hash(tvs []Product) (sum [32]byte) {
	h := sha256.New()
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	text := func(s string) { number(int64(len(s))); h.Write([]byte(s)) }
	for _, tv := range tvs {
		text(tv.Name)
		number(tv.PriceCents)
		text(tv.URL)
		text(tv.Brand)
		number(int64(tv.ScreenSize))
		text(tv.DisplayType)
		text(tv.Resolution)
		text(tv.OS)
	}
	h.Sum(sum[:0])
	return sum
}

// isTidy knows the usual text, in which there is nothing to remove, at a glance.
func isTidy(s string) bool {
	last := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && last == ' ' || c == '"' && last == '"' {
			return false
		}
		last = c
	}
	return s == "" || last != ' '
}
