package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/url"
	"regexp"
	"slices"
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
	category
	currency
	columnCount
)

func (c column) String() string {
	return [columnCount]string{"PRODUCT_NAME", "PRICING", "URL", "BRAND", "SCREEN_SIZE", "DISPLAY_TYPE", "RESOLUTION",
		"OS", "CATEGORY", "CURRENCY"}[c]
}

// columnNamed understands "product_name", "Product Name" and the like, and "Screen size (cm)".
func columnNamed(header string) (c column, inCentimetres, ok bool) {
	for c := range columnCount {
		rest, begins := strings.CutPrefix(letters(header), letters(c.String()))
		if unit := sizeUnit.FindStringSubmatch(rest); c == screenSize && begins && unit != nil {
			return c, unit[1] != "", true
		}
		if begins && rest == "" {
			return c, false, true
		}
	}
	return 0, false, false
}

var sizeUnit = regexp.MustCompile(`^(?:in)?(?:in|inch|inches|(cm|centimet(?:er|re)s?))?$`)

func allColumns() string {
	var names []string
	for c := range columnCount {
		names = append(names, c.String())
	}
	return strings.Join(names, ",")
}

// columns knows which cell of a row is in which column.
type columns struct {
	width         int              // cells in a row
	at            [columnCount]int // the cell of a column, -1 where the file does not have it
	inCentimetres bool             // are sizes without a unit
}

func (c columns) cell(row record, col column) string {
	if c.at[col] < 0 {
		return ""
	}
	return tidy(row.cells[c.at[col]])
}

func (c columns) refuse(row record, col column, format string, args ...any) *Problem {
	p := &Problem{Line: row.line, Column: col.String(), Reason: fmt.Sprintf(format, args...)}
	if i := c.at[col]; i >= 0 {
		p.Value = strings.ToValidUTF8(row.cells[i], "\ufffd")
	}
	return p
}

// spellings have one spelling for each brand and category of a file.
type spellings struct {
	brands     brandSpelling
	categories map[string]string // by their letters
}

// product reads a row, with the currency that it says, or says what is wrong with it.
func (c columns) product(row record, known spellings) (p Product, says string, problem *Problem) {
	fail := func(problem *Problem) (Product, string, *Problem) { return Product{}, "", problem }
	refuse := func(col column, format string, args ...any) (Product, string, *Problem) {
		return fail(c.refuse(row, col, format, args...))
	}
	if row.problem != "" {
		return fail(&Problem{Line: row.line, Value: beginning(strings.TrimSpace(row.text)), Reason: row.problem})
	}
	for col, i := range c.at {
		if i >= 0 && !utf8.ValidString(row.cells[i]) {
			return refuse(column(col), "it is not UTF-8 text: save the file as CSV UTF-8")
		}
	}

	p.Name = c.cell(row, productName)
	if letters(p.Name) == "" {
		return refuse(productName, "it is empty: every product needs a name")
	}
	if n := utf8.RuneCountInString(p.Name); n > MaxNameLength {
		return refuse(productName, "it has %d characters, at most %d are possible", n, MaxNameLength)
	}
	cents, codes, err := parsePrice(c.cell(row, pricing))
	if err != nil {
		return refuse(pricing, "%v", err)
	}
	p.PriceCents = cents
	if code := c.cell(row, currency); code != "" && !isCurrency(code) {
		return refuse(currency, "%s is not a code of ISO 4217, three capital letters such as USD or EUR", quoted(code))
	} else if says, err = currencyOf(code, codes); err != nil {
		return refuse(pricing, "%s %v", quoted(c.cell(row, pricing)), err)
	}
	if p.URL = c.cell(row, link); !isWebAddress(p.URL) {
		return refuse(link, "%s is not a web address: begin with https:// or leave it empty", quoted(p.URL))
	}
	if p.Brand = known.brands.of(c.cell(row, brand), p.Name); p.Brand == "" {
		return refuse(brand, "neither it nor the beginning of the name tells the brand")
	}
	if n := utf8.RuneCountInString(p.Brand); n > maxTextLength {
		return refuse(brand, "it has %d characters, at most %d are possible", n, maxTextLength)
	}
	if p.Category, problem = c.category(row, known.categories); problem != nil {
		return fail(problem)
	}
	screen := c.otherScreen
	if p.Category == CategoryTV {
		screen = c.tvScreen
	}
	if problem := screen(row, &p); problem != nil {
		return fail(problem)
	}
	return p, says, nil
}

// category returns what the row sells, in one spelling.
func (c columns) category(row record, known map[string]string) (string, *Problem) {
	if c.at[category] < 0 {
		return CategoryTV, nil
	}
	written := c.cell(row, category)
	if tellsNothing(written) {
		return "", c.refuse(row, category, "it tells nothing: every product needs a category, such as TV or Laptop")
	}
	if n := utf8.RuneCountInString(written); n > maxTextLength {
		return "", c.refuse(row, category, "it has %d characters, at most %d are possible", n, maxTextLength)
	}
	key := letters(written)
	if _, ok := known[key]; !ok {
		known[key] = written
	}
	return known[key], nil
}

// newCategories knows how shops write that they sell TV sets.
func newCategories() map[string]string {
	known := make(map[string]string)
	for _, word := range []string{"tv", "smarttv", "television", "tvset", "televisionset"} {
		known[word], known[word+"s"] = CategoryTV, CategoryTV
	}
	return known
}

// tvScreen reads what a TV set must tell.
func (c columns) tvScreen(row record, p *Product) *Problem {
	cell := func(col column) string { return c.cell(row, col) }
	set := withoutExtras(p.Name)
	if p.ScreenSize = sizeInText(set); p.ScreenSize == 0 {
		p.ScreenSize = sizeIn(cell(screenSize), c.inCentimetres)
	}
	if p.ScreenSize == 0 {
		return c.refuse(row, screenSize, "neither the name nor %s tells a size of %s",
			quoted(cell(screenSize)), sizesAllowed)
	}
	told := words(set)
	others := strings.Join([]string{cell(displayType), cell(resolution), cell(system)}, " / ")
	if p.DisplayType = displayTypes.told(told, cell(displayType), others); p.DisplayType == "" {
		return c.refuse(row, displayType, "neither the name nor %s tells one of %s",
			quoted(cell(displayType)), displayTypes)
	}
	if p.Resolution = resolutions.told(told, cell(resolution), others); p.Resolution == "" {
		return c.refuse(row, resolution, "neither the name nor %s tells one of %s",
			quoted(cell(resolution)), resolutions)
	}
	p.OS = systems.told(told, cell(system), others)
	return nil
}

// otherScreen reads what other goods may tell, each in its own cell: inches in the name of a
// bicycle are those of its wheels.
func (c columns) otherScreen(row record, p *Product) *Problem {
	if size := c.cell(row, screenSize); !tellsNothing(size) {
		if p.ScreenSize = sizeIn(size, c.inCentimetres); p.ScreenSize == 0 {
			return c.refuse(row, screenSize, "%s is not a size of %s, or leave it empty", quoted(size), sizesAllowed)
		}
	}
	for _, text := range []struct {
		col column
		to  *string
	}{{displayType, &p.DisplayType}, {resolution, &p.Resolution}, {system, &p.OS}} {
		cell := c.cell(row, text.col)
		if n := utf8.RuneCountInString(cell); n > maxTextLength {
			return c.refuse(row, text.col, "it has %d characters, at most %d are possible", n, maxTextLength)
		}
		if !tellsNothing(cell) {
			*text.to = cell
		}
	}
	return nil
}

var sizesAllowed = fmt.Sprintf("%d to %d inches: write it as 55, 55 in or 139 cm", MinScreenSize, MaxScreenSize)

// tellsNothing is true for what people write into a cell that does not apply.
func tellsNothing(cell string) bool {
	return slices.Contains([]string{"", "na", "none", "null"}, letters(cell))
}

const (
	maxTextLength = 60 // characters of a brand, a category and the like
	maxURLBytes   = 2048
)

// isWebAddress is true for no address too.
func isWebAddress(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURLBytes && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
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
func quoted(s string) string { return strconv.Quote(beginning(s)) }

func beginning(s string) string {
	const enough = 60
	s = s[:min(len(s), (enough+1)*utf8.UTFMax)]
	if r := []rune(s); len(r) > enough {
		return string(r[:enough]) + "…"
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// hash puts its length before each text, so that no two catalogues are the same bytes. One with
// more than TV sets in US dollars begins with a length that no text has.
func hash(c *Catalogue) (sum [32]byte) {
	h := sha256.New()
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	text := func(s string) { number(int64(len(s))); h.Write([]byte(s)) }
	isOther := func(p Product) bool { return p.Category != CategoryTV }
	other := c.Currency != defaultCurrency || slices.ContainsFunc(c.Products, isOther)
	if other {
		number(-1)
		text(c.Currency)
	}
	for _, p := range c.Products {
		if other {
			text(p.Category)
		}
		text(p.Name)
		number(p.PriceCents)
		text(p.URL)
		text(p.Brand)
		number(int64(p.ScreenSize))
		text(p.DisplayType)
		text(p.Resolution)
		text(p.OS)
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
