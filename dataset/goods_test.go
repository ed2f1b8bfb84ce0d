package dataset

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

const laptop = "Acme - 15\"\" Laptop with 4K OLED, Google TV"

// The name says all that a TV set must tell; of other goods it says nothing.
func TestCategoryIsWhatTheFileSays(t *testing.T) {
	set := Product{Category: "TV", ScreenSize: 15, DisplayType: "OLED", Resolution: "4K UHD", OS: "Google TV"}
	for _, tt := range []struct {
		name, columns, cells string
		want                 Product
	}{
		{"no column", "NOTE", "Laptop", set},
		{"laptop", "CATEGORY", "Laptop", Product{Category: "Laptop"}},
		{"header in another spelling", "Category ", "Laptop", Product{Category: "Laptop"}},
		{"untidy", "category", "  Gaming   Laptop™ ", Product{Category: "Gaming Laptop"}},
		{"TV set", "CATEGORY", "tv", set},
		{"television sets", "CATEGORY", "Television Sets", set},
		{"what stands on a TV set", "CATEGORY", "TV mount", Product{Category: "TV mount"}},
		{"cells of another screen", "CATEGORY,DISPLAY_TYPE,RESOLUTION,OS,SCREEN_SIZE",
			`Laptop,IPS,WUXGA,Windows™ 11,"15.6"""`,
			Product{Category: "Laptop", ScreenSize: 16, DisplayType: "IPS", Resolution: "WUXGA", OS: "Windows 11"}},
		{"cells that do not apply", "CATEGORY,DISPLAY_TYPE,RESOLUTION,OS,SCREEN_SIZE", "Laptop,N/A,-,none,n/a",
			Product{Category: "Laptop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := "PRODUCT_NAME,PRICING," + tt.columns + "\n\"" + laptop + "\",5," + tt.cells + "\n"
			c, report, err := Load(strings.NewReader(file))
			if err != nil || report.Used != 1 {
				t.Fatal(report, err)
			}
			want := tt.want
			want.Name, want.Brand, want.PriceCents = strings.ReplaceAll(laptop, `""`, `"`), "Acme", 5_00
			if c.Products[0] != want {
				t.Errorf("got  %+v\nwant %+v", c.Products[0], want)
			}
			checkReload(t, c)
		})
	}
}

// TV sets in US dollars are the same catalogue with and without the columns that say so.
func TestHashOfTVSetsIsThatOfBefore(t *testing.T) {
	const columns, row = "PRODUCT_NAME,PRICING,BRAND,SCREEN_SIZE,DISPLAY_TYPE,RESOLUTION", "1,5,A,55,LED,HD"
	before, _, err := Load(strings.NewReader(columns + "\n" + row + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	now, _, err := Load(strings.NewReader(columns + ",CATEGORY,CURRENCY\n" + row + ",Television,USD\n"))
	if err != nil {
		t.Fatal(err)
	}
	if now.Hash != before.Hash {
		t.Error("they have two hashes")
	}
	const want = "ee2cdbf8c0dea14d94ca70cd7b755078178da1e4a4771cbd84f21a8dbaedcd17"
	if got := hex.EncodeToString(Default().Hash[:]); got != want {
		t.Errorf("the hash of the built-in catalogue is %s, want %s", got, want)
	}
}

func TestOneSpellingOfACategory(t *testing.T) {
	c, _, err := Load(strings.NewReader("PRODUCT_NAME,PRICING,BRAND,CATEGORY\n1,5,A,Game box\n2,5,A,GAME-BOX\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Products[1].Category; got != "Game box" {
		t.Errorf("the second is a %q, want the spelling of the first", got)
	}
}

func TestSizesHaveUnits(t *testing.T) {
	for _, tt := range []struct {
		header, cell string
		want         int // 0: refused
	}{
		{"SCREEN_SIZE", "55", 55}, {"SCREEN_SIZE", `55"`, 55}, {"SCREEN_SIZE", "55 in", 55},
		{"SCREEN_SIZE", "54.6-inch", 55}, {"SCREEN_SIZE", "54.4-inch", 54},
		{"SCREEN_SIZE", "139 cm", 55}, {"SCREEN_SIZE", "139.7cm", 55}, {"SCREEN_SIZE", "165.1 Centimeters", 65},
		{"SCREEN_SIZE", "81 centimetre", 32}, {"SCREEN_SIZE", "139", 139},
		{"SCREEN_SIZE_CM", "139", 55}, {"Screen size (cm)", "139 cm", 55}, {"screen size in centimeters", "139", 55},
		{"SCREEN_SIZE_CM", `55"`, 55}, {"SCREEN_SIZE_CM", "55 in", 55},
		{"Screen Size (inches)", "55", 55}, {"Screen Size in inch", "139 cm", 55},
		{"SCREEN_SIZE", "24.1 cm", 0}, {"SCREEN_SIZE", "24.2 cm", 10},
		{"SCREEN_SIZE", "382.2 cm", 150}, {"SCREEN_SIZE", "382.3 cm", 0},
		{"SCREEN_SIZE", "165", 0}, {"SCREEN_SIZE", "139 mm", 0}, {"SCREEN_SIZE_CM", "139 mm", 0},
		{"SCREEN_SIZE_CM", "400", 0}, {"SCREEN_SIZE_CM", "20", 0}, {"SCREEN_SIZE_MM", "55", 0},
	} {
		for _, category := range []string{"TV", "Monitor"} {
			if tt.header == "SCREEN_SIZE_MM" && category != "TV" {
				continue // no such column: a monitor need not tell
			}
			cell := `"` + strings.ReplaceAll(tt.cell, `"`, `""`) + `"`
			c, report, err := Load(strings.NewReader("PRODUCT_NAME,PRICING,BRAND,DISPLAY_TYPE,RESOLUTION,CATEGORY," +
				tt.header + "\n1,5,A,LED,HD," + category + "," + cell + "\n2,5,A,,,Cable,\n"))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Products[0].ScreenSize; got != tt.want || (report.Used == 2) != (tt.want > 0) {
				t.Errorf("%s %s in %s is %d inches, want %d: %v", category, tt.cell, tt.header, got, tt.want, report)
			}
		}
	}
}

func TestCurrencyIsThatOfTheRows(t *testing.T) {
	for _, tt := range []struct{ name, columns, rows, want string }{
		{"nobody says one", "", "1,5,A,\n", "USD"},
		{"column", "CURRENCY", "1,5,A,CAD\n2,6,A,CAD\n", "CAD"},
		{"header in another spelling", "currency ", "1,5,A,CHF\n", "CHF"},
		{"one row says it for all", "CURRENCY", "1,5,A,\n2,6,A,EUR\n", "EUR"},
		{"dollar", "", "1,$5,A,\n", "USD"},
		{"sign before", "", "1,€5,A,\n2,7,A,\n", "EUR"},
		{"sign behind", "", "1,5.99 £,A,\n", "GBP"},
		{"code before", "", "1,CHF 5,A,\n", "CHF"},
		{"code behind", "", "1,5 SEK,A,\n2,€5 EUR for two,A,\n", "SEK"}, // the second row is refused
		{"code and sign", "", "1,CAD $5,A,\n2,$5 CAD,A,\n", "CAD"},
		{"dollars of another country", "CURRENCY", "1,$5,A,AUD\n", "AUD"},
		{"sign of two currencies", "CURRENCY", "1,¥500,A,JPY\n", "JPY"},
		{"row that is refused for its name", "", "-,€5,A,\n1,5 GBP,A,\n", "GBP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := Load(strings.NewReader("CATEGORY,PRODUCT_NAME,PRICING,BRAND," + tt.columns + "\n" +
				"Cable," + strings.ReplaceAll(strings.TrimSpace(tt.rows), "\n", "\nCable,") + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			if c.Currency != tt.want {
				t.Errorf("the currency is %s, want %s", c.Currency, tt.want)
			}
			checkReload(t, c)
		})
	}
}

func TestTwoCurrenciesAreRefused(t *testing.T) {
	for name, file := range map[string]string{
		"column":          ",CURRENCY\nA,1,5,A,\nA,2,5,A,EUR\nA,3,5,A,EUR\nA,4,5,A,USD\nA,5,5,A,GBP\n",
		"prices":          "\nA,1,5,A\nA,2,€5,A\nA,3,€6,A\nA,4,$5,A\nA,5,£5,A\n",
		"column and sign": ",CURRENCY\nA,1,5,A,\nA,2,5,A,EUR\nA,3,€6,A,\nA,4,$5,A,\n",
		"repeated row":    "\nA,1,5,A\nA,2,€5,A\nA,3,6,A\nA,2,$5,A\n",
	} {
		c, _, err := Load(strings.NewReader("CATEGORY,PRODUCT_NAME,PRICING,BRAND" + file))
		const says = "two currencies, EUR in line 3 and USD in line 5"
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
		if c != nil {
			t.Errorf("%s: there is a catalogue beside the error", name)
		}
	}
}

// Each problem names the line, the column, what stands there and what could.
func TestProblemsOfOtherGoods(t *testing.T) {
	long := strings.Repeat("x", 61)
	for _, tt := range []struct{ name, row, column, value, reason string }{
		{"no category", `1,5,A,,,,,`, "CATEGORY", "", "every product needs a category, such as TV or Laptop"},
		{"category that tells nothing", `1,5,A, N/A,,,,`, "CATEGORY", "N/A", "every product needs a category"},
		{"long category", `1,5,A,` + long + `,,,,`, "CATEGORY", long, "61 characters, at most 60"},
		{"currency in words", `1,5,A,Laptop,euro,,,`, "CURRENCY", "euro",
			`"euro" is not a code of ISO 4217, three capital letters such as USD or EUR`},
		{"currency in small letters", `1,5,A,Laptop,usd,,,`, "CURRENCY", "usd", "three capital letters"},
		{"currency that is none", `1,5,A,Laptop,NOW,,,`, "CURRENCY", "NOW", "is not a code of ISO 4217"},
		{"price and currency that differ", `1,€5,A,Laptop,USD,,,`, "PRICING", "€5",
			`"€5" is in EUR, but CURRENCY is USD`},
		{"sign of two currencies", `1,¥5,A,Laptop,,,,`, "PRICING", "¥5", "can be CNY or JPY: say which in CURRENCY"},
		{"word for a code", `1,NOW 5,A,Laptop,,,,`, "PRICING", "NOW 5",
			"is not a price such as 1299.99, $1,299.99 or 1299.99 EUR"},
		{"two signs", `1,$5 €,A,Laptop,,,,`, "PRICING", "$5 €", "is not a price"},
		{"size without sense", `1,5,A,Laptop,,large,,`, "SCREEN_SIZE", "large",
			`"large" is not a size of 10 to 150 inches: write it as 55, 55 in or 139 cm, or leave it empty`},
		{"size without its unit", `1,5,A,Laptop,,396,,`, "SCREEN_SIZE", "396", "write it as 55, 55 in or 139 cm"},
		{"size of a TV set without its unit", `1 LED HD,5,A,TV,,165,,`, "SCREEN_SIZE", "165",
			`neither the name nor "165" tells a size of 10 to 150 inches: write it as`},
		{"TV set without a screen", `1,5,A,TV,,55,,`, "DISPLAY_TYPE", "", "tells one of MicroLED"},
		{"long technology", `1,5,A,Laptop,,,` + long + `,`, "DISPLAY_TYPE", long, "61 characters, at most 60"},
		{"long system", `1,5,A,Laptop,,,,` + long, "OS", long, "61 characters, at most 60"},
		{"system in another encoding", "1,5,A,Laptop,,,,Windows\x99", "OS", "Windows\ufffd", "UTF-8"},
		{"too few cells", `1,5,A,Laptop`, "", "1,5,A,Laptop", "fewer cells than the header"},
		{"long row", long + strings.Repeat(",5", 40_000), "", long[:60] + "…", "longer than 64 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, report, err := Load(strings.NewReader("PRODUCT_NAME,PRICING,BRAND,CATEGORY,CURRENCY,SCREEN_SIZE," +
				"DISPLAY_TYPE,OS\n2,5,A,Laptop,,,,\n" + tt.row + "\n"))
			if err != nil || report.Refused != 1 {
				t.Fatalf("%v, %v: want one row refused", report, err)
			}
			p := report.Problems[0]
			if p.Line != 3 || p.Column != tt.column || p.Value != tt.value || !strings.Contains(p.Reason, tt.reason) {
				t.Errorf("got  %q, value %q\nwant line 3, %s: … %s …, value %q",
					p, p.Value, tt.column, tt.reason, tt.value)
			}
		})
	}
}

func TestProblemsAsCSV(t *testing.T) {
	_, report, err := Load(strings.NewReader("PRODUCT_NAME,PRICING,BRAND,CATEGORY\n1,5,A,Laptop\n" +
		`2,"free, ""now""",A,Laptop` + "\n3,5,A\n"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	for i, want := range []string{"line|column|value|reason", `3|PRICING|free, "now"|`, "4||3,5,A|"} {
		if got := strings.Join(rows[i], "|"); !strings.HasPrefix(got, want) || rows[i][3] == "" {
			t.Errorf("row %d is %s, want %s", i+1, got, want)
		}
	}
	if err := report.WriteCSV(failing{}); !errors.Is(err, errFull) {
		t.Errorf("a full disk gives %v", err)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
