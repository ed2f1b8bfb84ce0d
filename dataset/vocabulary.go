package dataset

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// vocabulary is the canonical values of one column. The order decides where a text has words of several: "OLED" before
// "LED", "8K" before "UHD".
type vocabulary []term

// term is a canonical value and the phrases that tell it, in lower case and without punctuation.
type term struct {
	value string
	says  []string // wherever they stand
	cell  []string // in a cell only; in a name they can be something else
}

// A set with several technologies is of the first: a QNED or a QLED with Mini-LED light is sold as a QNED or a QLED.
// Trade names for sets with ordinary LED light come with LED.
var displayTypes = vocabulary{
	{value: "MicroLED", says: []string{"micro led", "microled"}},
	{value: "QD-OLED", says: []string{"qd oled", "qdoled"}},
	{value: "OLED", says: []string{"oled"}},
	{value: "Neo QLED", says: []string{"neo qled"}, cell: []string{"neo"}},
	{value: "QNED", says: []string{"qned"}},
	{value: "QLED", says: []string{"qled"}},
	{value: "Mini-LED", says: []string{"mini led", "miniled"}, cell: []string{"mini"}},
	{value: "LED", says: []string{"led", "dled", "uled", "nanocell", "crystal uhd", "full array"}},
	{value: "LCD", says: []string{"lcd"}},
}

var resolutions = vocabulary{
	{value: "8K UHD", says: []string{"8k", "4320p"}},
	{value: "4K UHD", says: []string{"4k", "2160p", "uhd", "ultra hd"}},
	{value: "Full HD", says: []string{"full hd", "fullhd", "fhd", "1080p", "1080i"}},
	{value: "HD", says: []string{"hd", "720p", "768p"}},
}

// A name can have the words Google, Fire or Roku for other reasons: an assistant, a colour, a brand.
var systems = vocabulary{
	{value: "Tizen", says: []string{"tizen"}},
	{value: "webOS", says: []string{"webos"}},
	{value: "Google TV", says: []string{"google tv", "google smart tv"}, cell: []string{"google"}},
	{value: "Android TV", says: []string{"android tv", "android smart tv"}, cell: []string{"android"}},
	{value: "Roku TV", says: []string{"roku tv", "rokutv", "roku smart tv"}, cell: []string{"roku"}},
	{value: "Fire TV", says: []string{"fire tv", "firetv", "fire smart tv"}, cell: []string{"fire"}},
	{value: "SmartCast", says: []string{"smartcast"}},
	{value: "VIDAA", says: []string{"vidaa"}},
	{value: "Titan OS", says: []string{"titan os"}},
	{value: "My Home Screen", says: []string{"my home screen"}},
	{value: "Xumo TV", says: []string{"xumo"}},
}

// told returns the value that the words of the name tell, else the column's own cell, else the cells around it, which
// often hold parts of each other. It is empty if none does.
func (v vocabulary) told(name, own, others string) string {
	for i, text := range []string{name, own, others} {
		if i > 0 {
			text = words(text)
		}
		for _, t := range v {
			if saysAny(text, t.says) || i > 0 && saysAny(text, t.cell) {
				return t.value
			}
		}
	}
	return ""
}

func (v vocabulary) String() string {
	var values []string
	for _, t := range v {
		values = append(values, t.value)
	}
	return strings.Join(values, ", ")
}

func saysAny(words string, phrases []string) bool {
	for _, p := range phrases {
		if strings.Contains(words, " "+p+" ") {
			return true
		}
	}
	return false
}

// words returns the words of a text in lower case, with one space before and after each.
func words(s string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ") + " "
}

// withoutExtras returns what the name says about the set itself. A shop writes a bundle as "Package - " and its parts,
// joined by "and"; the set is the part with the screen size, and the words of the others, a soundbar or a streaming
// stick, are not about it.
func withoutExtras(name string) string {
	if !strings.HasPrefix(words(name), " package ") {
		return name
	}
	for part := range strings.SplitSeq(name, " and ") {
		if sizeInText(part) > 0 {
			return part
		}
	}
	return name
}

var (
	sizeInName = regexp.MustCompile(`(?i)(?:^|[^\w.,$])(\d{2,3})(?:\.(\d)\d*)?[ -]*(?:"|''|inch(?:es)?\b|class\b)`)
	sizeInCell = regexp.MustCompile(
		`(?i)^(\d{2,3})(?:\.(\d)\d*)?[ -]*(?:("|''|inch(?:es)?|in\.?|class)|(cm\.?|centimet(?:er|re)s?))?$`)
)

// sizeIn returns the inches that a cell tells, rounded as shops do; 0 if it tells no size that a
// screen can have. Without a unit it is in inches, or in centimetres where the header says so.
func sizeIn(cell string, inCentimetres bool) int {
	match := sizeInCell.FindStringSubmatch(cell)
	if match == nil {
		return 0
	}
	if match[4] != "" || inCentimetres && match[3] == "" {
		return possible((tenths(match)*10 + 127) / 254) // an inch has 25.4 mm
	}
	return possible((tenths(match) + 5) / 10)
}

func sizeInText(name string) int {
	for _, match := range sizeInName.FindAllStringSubmatch(name, -1) {
		if size := possible((tenths(match) + 5) / 10); size > 0 {
			return size
		}
	}
	return 0
}

// tenths reads a number and its first decimal.
func tenths(match []string) int {
	n, _ := strconv.Atoi(match[1] + cmp.Or(match[2], "0")) // four digits at most
	return n
}

// possible is 0 for inches that no screen has.
func possible(inches int) int {
	if inches < MinScreenSize || inches > MaxScreenSize {
		return 0
	}
	return inches
}

// knownBrands is how makers write themselves. A brand that is not here keeps the spelling that its file has first.
var knownBrands = []string{
	"Amazon", "Element", "Furrion", "Haier", "Hisense", "Hitachi", "Insignia", "JVC", "LG", "Magnavox", "onn.",
	"Panasonic",
	"Peerless-AV", "Philips", "Pioneer", "Polaroid", "RCA", "Roku", "Samsung", "Sansui", "Sanyo", "Sceptre", "Sharp",
	"Skyworth", "Sony", "SunBriteTV", "Sylvania", "TCL", "Toshiba", "VIZIO", "Westinghouse", "Xiaomi",
}

// brandSpelling has one spelling for each brand of a file, by its letters.
type brandSpelling map[string]string

// of returns the brand in its one spelling, from its cell or, if that is empty, from the beginning of the name. It is
// empty if neither tells. A spelling that is too long is returned but not remembered, so that it
// spoils its own row only.
func (b brandSpelling) of(cell, name string) string {
	written := cell
	if letters(cell) == "" {
		written = brandInName(name)
	}
	key := letters(written)
	if key == "" {
		return ""
	}
	if len(b) == 0 {
		for _, known := range knownBrands {
			b[letters(known)] = known
		}
	}
	if spelling, ok := b[key]; ok {
		return spelling
	}
	if utf8.RuneCountInString(written) <= maxTextLength {
		b[key] = written
	}
	return written
}

// brandInName returns what is before the first dash of a name, as in `Sony - 65" Class`, or a known brand at its
// beginning, as in `SAMSUNG 55" Class`.
func brandInName(name string) string {
	parts := strings.Split(name, " - ")
	if letters(parts[0]) == "package" {
		parts = parts[1:]
	}
	if len(parts) == 0 {
		return ""
	}
	for _, known := range knownBrands {
		if strings.HasPrefix(words(parts[0]), words(known)) {
			return known
		}
	}
	if len(parts) > 1 && sizeInText(parts[0]) == 0 {
		return parts[0]
	}
	return ""
}
