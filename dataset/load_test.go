package dataset

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const header = "PRODUCT_NAME,PRICING,URL,BRAND,SCREEN_SIZE,DISPLAY_TYPE,RESOLUTION,OS\n"

func TestLoadTidies(t *testing.T) {
	plain := Product{`Acme - 65" Class R7 Series QLED 4K UHD Smart Tizen TV`, "TV", 1_299_99, "https://shop.example/r7", "Acme", 65, "QLED", "4K UHD", "Tizen"}
	with := func(change func(*Product)) Product {
		tv := plain
		change(&tv)
		return tv
	}
	const name = `"Acme - 65"" Class R7 Series QLED 4K UHD Smart Tizen TV"`
	const rest = `,"$1,299.99",https://shop.example/r7,Acme,65,QLED,4K UHD,Tizen`
	// named is a row whose cells tell nothing, or not the same as the name
	named := func(name string) string {
		return header + `"` + strings.ReplaceAll(name, `"`, `""`) + `","$1,299.99",https://shop.example/r7,,00,4K,Smart,Class`
	}
	// celled is a row whose name tells only the brand and the size
	celled := func(display, resolution, os string) string {
		return header + `"Acme - 65"" TV","$1,299.99",https://shop.example/r7,Acme,65,` + display + "," + resolution + "," + os
	}
	nameless := with(func(tv *Product) { tv.Name = `Acme - 65" TV` })

	for _, tt := range []struct {
		name string
		file string
		want Product
	}{
		{"clean", header + name + rest, plain},
		{"byte-order mark", "\ufeff" + header + name + rest, plain},
		{"CRLF", strings.ReplaceAll(header+name+rest+"\n", "\n", "\r\n"), plain},
		{"CR", strings.ReplaceAll(header+name+rest+"\n", "\n", "\r"), plain},
		{"blank rows", header + "\n,,,,,,,\n   \n" + name + rest + "\n\n,,,,\n", plain},
		{"columns without a name at the end", strings.TrimSpace(header) + ",,\n" + name + rest + ",,", plain},
		{"header in lower case, with spaces", "Product name, Pricing ,url,brand,screen size,display-type,resolution,os\n" + name + rest, plain},
		{"columns in another order", "OS,RESOLUTION,NOTE,PRICING,URL,PRODUCT_NAME\nTizen,4K UHD,new,\"$1,299.99\",https://shop.example/r7," + name, plain},
		{"name and price only", "PRODUCT_NAME,PRICING\n" + name + `,"$1,299.99"`, with(func(tv *Product) { tv.URL = "" })},
		{"trailing and double spaces", header + `" Acme  -  65"" Class R7 Series QLED 4K UHD  Smart Tizen TV  "," $1,299.99 ", https://shop.example/r7 , Acme , 65 , QLED ,4K  UHD,"Tizen "`, plain},
		{"space before a quotation mark", header + name + `, "$1,299.99", https://shop.example/r7,Acme,65,QLED,4K UHD,Tizen`, plain},
		{"trade mark", header + `"Acme™ - 65"" Class R7 Series QLED 4K UHD Smart Tizen® TV","$1,299.99",https://shop.example/r7,ACME™,65,QLED,4K UHD,Tizen`,
			with(func(tv *Product) { tv.Brand = "ACME" })},
		{"invisible characters", header + "\"Acme\u00a0- 65\"\" Class R7\u200b Series QLED 4K UHD Smart Tizen TV\"" + rest, plain},
		{"typographic inch mark", header + "Acme - 65″ Class R7 Series QLED 4K UHD Smart Tizen TV" + rest, plain},
		{"inch mark that is not duplicated", header + `"Acme - 65" Class R7 Series QLED 4K UHD Smart Tizen TV"` + rest, plain},
		{"inch mark without quotation marks", header + `Acme - 65" Class R7 Series QLED 4K UHD Smart Tizen TV` + rest, plain},
		{"name over two lines", header + "\"Acme - 65\"\" Class R7 Series\nQLED 4K UHD Smart Tizen TV\"" + rest, plain},

		{"known brand in its own spelling", header + name + `,"$1,299.99",https://shop.example/r7,INSIGNIA™,65,QLED,4K UHD,Tizen`,
			with(func(tv *Product) { tv.Brand = "Insignia" })},
		{"brand from the name", named(`Acme Visual - 65" QLED 4K`),
			Product{`Acme Visual - 65" QLED 4K`, "TV", 1_299_99, plain.URL, "Acme Visual", 65, "QLED", "4K UHD", ""}},
		{"known brand without a dash", named(`SAMSUNG 65" QLED 4K`),
			Product{`SAMSUNG 65" QLED 4K`, "TV", 1_299_99, plain.URL, "Samsung", 65, "QLED", "4K UHD", ""}},
		{"known brand with a dash in it", named(`PEERLESS-AV 65" QLED 4K`),
			Product{`PEERLESS-AV 65" QLED 4K`, "TV", 1_299_99, plain.URL, "Peerless-AV", 65, "QLED", "4K UHD", ""}},
		{"brand of a bundle", named(`Package - Acme - 65" QLED 4K and Other - Soundbar`),
			Product{`Package - Acme - 65" QLED 4K and Other - Soundbar`, "TV", 1_299_99, plain.URL, "Acme", 65, "QLED", "4K UHD", ""}},

		{"100 inch of which the cell has 00", header + `"Acme - 100"" LED 4K",$1,,Acme,00,LED,4K,`,
			Product{`Acme - 100" LED 4K`, "TV", 1_00, "", "Acme", 100, "LED", "4K UHD", ""}},
		{"110 inch of which the cell has 10", header + `"Acme - 110"" Micro LED 4K","$149,999.99",,Acme,10,LED,4K,`,
			Product{`Acme - 110" Micro LED 4K`, "TV", 149_999_99, "", "Acme", 110, "MicroLED", "4K UHD", ""}},
		{"size in words", named(`Acme - 65-Inch QLED 4K`), Product{`Acme - 65-Inch QLED 4K`, "TV", 1_299_99, plain.URL, "Acme", 65, "QLED", "4K UHD", ""}},
		{"size by its class", named(`Acme - 65 class QLED 4K`), Product{`Acme - 65 class QLED 4K`, "TV", 1_299_99, plain.URL, "Acme", 65, "QLED", "4K UHD", ""}},
		{"size with a decimal is rounded", named(`Acme - 64.5" QLED 4K`), Product{`Acme - 64.5" QLED 4K`, "TV", 1_299_99, plain.URL, "Acme", 65, "QLED", "4K UHD", ""}},
		{"a number that is no size", named(`Acme - 7.1.2 Class 900" 65" QLED 4K`),
			Product{`Acme - 7.1.2 Class 900" 65" QLED 4K`, "TV", 1_299_99, plain.URL, "Acme", 65, "QLED", "4K UHD", ""}},
		{"size in the cell only", header + `Acme QLED 4K,$5,,Acme,"65"" ",,,`, Product{`Acme QLED 4K`, "TV", 5_00, "", "Acme", 65, "QLED", "4K UHD", ""}},

		{"display type of several technologies", named(`Acme - 65" QNED Mini-LED 8K UHD Smart webOS TV`),
			Product{`Acme - 65" QNED Mini-LED 8K UHD Smart webOS TV`, "TV", 1_299_99, plain.URL, "Acme", 65, "QNED", "8K UHD", "webOS"}},
		{"QD-OLED", named(`Acme - 65" QD-OLED 4K`), Product{`Acme - 65" QD-OLED 4K`, "TV", 1_299_99, plain.URL, "Acme", 65, "QD-OLED", "4K UHD", ""}},
		{"Mini LED", named(`Acme - 65" Mini LED 4K`), Product{`Acme - 65" Mini LED 4K`, "TV", 1_299_99, plain.URL, "Acme", 65, "Mini-LED", "4K UHD", ""}},
		{"trade name of LED", named(`Acme - 65" Crystal UHD`), Product{`Acme - 65" Crystal UHD`, "TV", 1_299_99, plain.URL, "Acme", 65, "LED", "4K UHD", ""}},
		{"Neo, cut from Neo QLED", celled("Neo", "4K Smart", "Tizen"), with(func(tv *Product) { tv.Name, tv.DisplayType = nameless.Name, "Neo QLED" })},
		{"display type in the resolution's cell", celled("4K", "QLED HDR", "Tizen"), nameless},
		{"resolution in the display type's cell", celled("4K QLED", "Smart Tizen", "Class"), nameless},
		{"resolution beside evo", celled("OLED", "evo 4K", "webOS "), with(func(tv *Product) { tv.Name, tv.DisplayType, tv.OS = nameless.Name, "OLED", "webOS" })},
		{"system in the resolution's cell", celled("QLED 4K", "Smart Tizen", "with"), nameless},
		{"FHD", celled("LED", "FHD", ""), with(func(tv *Product) { tv.Name, tv.DisplayType, tv.Resolution, tv.OS = nameless.Name, "LED", "Full HD", "" })},
		{"HD, not HDR", celled("LED HDR", "HD Smart", ""), with(func(tv *Product) { tv.Name, tv.DisplayType, tv.Resolution, tv.OS = nameless.Name, "LED", "HD", "" })},
		{"UHD alone is 4K", celled("LED", "UHD Digital", ""), with(func(tv *Product) { tv.Name, tv.DisplayType, tv.OS = nameless.Name, "LED", "" })},
		{"1080p in the name", named(`Acme - 40" LED 1080P`), Product{`Acme - 40" LED 1080P`, "TV", 1_299_99, plain.URL, "Acme", 40, "LED", "Full HD", ""}},
		{"720p in the name", named(`Acme - 32" LED 720p`), Product{`Acme - 32" LED 720p`, "TV", 1_299_99, plain.URL, "Acme", 32, "LED", "HD", ""}},
		{"the name wins", header + name + `,"$1,299.99",https://shop.example/r7,Acme,55,OLED,8K,Fire`, plain},

		{"system in one word", named(`Roku - 65" LED 4K Smart RokuTV`), Product{`Roku - 65" LED 4K Smart RokuTV`, "TV", 1_299_99, plain.URL, "Roku", 65, "LED", "4K UHD", "Roku TV"}},
		{"system around Smart", named(`TCL - 65" LED 4K Roku Smart TV`), Product{`TCL - 65" LED 4K Roku Smart TV`, "TV", 1_299_99, plain.URL, "TCL", 65, "LED", "4K UHD", "Roku TV"}},
		{"Vidaa", named(`Acme - 65" LED 4K Vidaa TV`), Product{`Acme - 65" LED 4K Vidaa TV`, "TV", 1_299_99, plain.URL, "Acme", 65, "LED", "4K UHD", "VIDAA"}},
		{"system cut short in its cell", celled("LED", "4K UHD", "Google"), with(func(tv *Product) { tv.Name, tv.DisplayType, tv.OS = nameless.Name, "LED", "Google TV" })},
		{"an assistant is not a system", named(`Acme - 65" LED 4K TV with Google Assistant`),
			Product{`Acme - 65" LED 4K TV with Google Assistant`, "TV", 1_299_99, plain.URL, "Acme", 65, "LED", "4K UHD", ""}},
		{"nor are these words", celled("LED", "4K UHD", "Signage"), with(func(tv *Product) { tv.Name, tv.DisplayType, tv.OS = nameless.Name, "LED", "" })},
		{"the stick of a bundle is not the system", named(`Package - Acme - 24" LED HD TV - Black and Other - Stick with Google TV (4K)`),
			Product{`Package - Acme - 24" LED HD TV - Black and Other - Stick with Google TV (4K)`, "TV", 1_299_99, plain.URL, "Acme", 24, "LED", "HD", ""}},
		{"a bundle that begins with the soundbar", named(`Package - Acme - Soundbar for OLED and 75" Class LED 4K Smart Tizen TV`),
			Product{`Package - Acme - Soundbar for OLED and 75" Class LED 4K Smart Tizen TV`, "TV", 1_299_99, plain.URL, "Acme", 75, "LED", "4K UHD", "Tizen"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, report, err := Load(strings.NewReader(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if report.Rows != 1 || report.Used != 1 {
				t.Errorf("got %v, want one row, used", report)
			}
			if got := c.Products[0]; got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			checkReload(t, c)
		})
	}
}

// Every file here has a good row before and after the one that cannot be used.
func TestLoadRefuses(t *testing.T) {
	good := func(n int) string { return fmt.Sprintf("Acme %d LED 4K,$5,,Acme,65,,,\n", n) }
	for _, tt := range []struct {
		name   string
		row    string
		column string
		reason string
	}{
		{"no name", `,$5,,Acme,65,LED,4K,`, "PRODUCT_NAME", "every product needs a name"},
		{"name without a letter", `"""-™",$5,,Acme,65,LED,4K,`, "PRODUCT_NAME", "every product needs a name"},
		{"long name", strings.Repeat("é", 301) + `,$5,,Acme,65,LED,4K,`, "PRODUCT_NAME", "301 characters, at most 300"},
		{"name in another encoding", "Insignia\x99 LED 4K,$5,,Acme,65,LED,4K,", "PRODUCT_NAME", "UTF-8"},
		{"no price", `Acme LED 4K,,,Acme,65,LED,4K,`, "PRICING", "every product needs a price"},
		{"price in words", `Acme LED 4K,See cart,,Acme,65,LED,4K,`, "PRICING", `"See cart" is not a price`},
		{"negative price", `Acme LED 4K,-$5.00,,Acme,65,LED,4K,`, "PRICING", "is not a price"},
		{"price of nothing", `Acme LED 4K,$0.00,,Acme,65,LED,4K,`, "PRICING", "outside 0.01 to 1,000,000.00"},
		{"price too high", `Acme LED 4K,1000000.01,,Acme,65,LED,4K,`, "PRICING", "outside 0.01 to 1,000,000.00"},
		{"price that overflows", `Acme LED 4K,$99999999999999999999,,Acme,65,LED,4K,`, "PRICING", "outside"},
		{"price with a comma for a point", `Acme LED 4K,"1.299,99",,Acme,65,LED,4K,`, "PRICING", "is not a price"},
		{"price without quotation marks", `Acme LED 4K,$1,299.99,,Acme,65,LED,4K,`, "", "more cells than the header"},
		{"no web address", `Acme LED 4K,$5,n/a,Acme,65,LED,4K,`, "URL", `"n/a" is not a web address`},
		{"script for an address", `Acme LED 4K,$5,javascript:alert(1),Acme,65,LED,4K,`, "URL", "is not a web address"},
		{"no brand", `"65"" LED 4K",$5,,,65,LED,4K,`, "BRAND", "neither it nor the beginning of the name"},
		{"long brand", `Acme LED 4K,$5,,` + strings.Repeat("A", 61) + `,65,LED,4K,`, "BRAND", "61 characters, at most 60"},
		{"no size", `Acme LED 4K,$5,,Acme,,LED,4K,`, "SCREEN_SIZE", "neither the name nor \"\" tells a size of 10 to 150 inches"},
		{"size 00", `Acme LED 4K,$5,,Acme,00,LED,4K,`, "SCREEN_SIZE", "tells a size"},
		{"size of a cinema", `Acme LED 4K,$5,,Acme,151,LED,4K,`, "SCREEN_SIZE", "tells a size"},
		{"no display type", `"Acme 65"" 4K TV",$5,,Acme,65,4K,XR,Smart`, "DISPLAY_TYPE", `neither the name nor "4K" tells one of MicroLED,`},
		{"no resolution", `"Acme 65"" LED HDR TV",$5,,Acme,65,LED,Tizen TV,Tizen`, "RESOLUTION", `neither the name nor "Tizen TV" tells one of 8K UHD,`},
		{"too many cells", `Acme LED 4K,$5,,Acme,65,LED,4K,,`, "", "more cells than the header"},
		{"too few cells", `Acme LED 4K,$5,,Acme,65,LED`, "", "fewer cells than the header"},
		{"one quotation mark", `"Acme LED 4K,$5,,Acme,65,LED,4K,`, "", "quotation marks do not match"},
		{"quotation mark before a comma", `"Acme 65", LED 4K",$5,,Acme,65,LED,4K,`, "", "quotation marks do not match"},
		{"long row", strings.Repeat("A", 70_000) + `,$5,,Acme,65,LED,4K,`, "", "longer than 64 KiB"},
		{"second price", "ACME  1 led 4k,$6,,Acme,65,,,", "PRICING", "6.00, but line 2 sells the same product for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, report, err := Load(strings.NewReader(header + good(1) + tt.row + "\n" + good(2) + good(3)))
			if err != nil {
				t.Fatal(err)
			}
			if report.Rows != 4 || report.Used != 3 || report.Refused != 1 || len(report.Problems) != 1 {
				t.Fatalf("got %v, want one of four rows refused", report)
			}
			p := report.Problems[0]
			if p.Line != 3 || p.Column != tt.column || !strings.Contains(p.Reason, tt.reason) {
				t.Errorf("got  %v\nwant line 3, %s: … %s …", p, tt.column, tt.reason)
			}
			if len(c.Products) != 3 {
				t.Errorf("%d products, want 3", len(c.Products))
			}
		})
	}
}

func TestLoadCountsLinesOfTheFile(t *testing.T) {
	file := header +
		"\"Acme\n1\n LED 4K\",$5,,Acme,65,,,\r\n" + // 2 to 4
		"\n" +
		"Acme 2 LED 4K,free,,Acme,65,,,\n" + // 6
		"\"Acme 3\nLED 4K\",,,Acme,65,,,\n" + // 7 and 8
		"\"Acme 4 LED 4K,$5,,Acme,65,,,\n" + // 9, a quotation mark that stays open
		"Acme 5 LED 4K,$5,,Acme,0,,," // 10
	_, report, err := Load(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, p := range report.Problems {
		lines = append(lines, p.Line)
	}
	if got, want := fmt.Sprint(lines), "[6 7 9 10]"; got != want {
		t.Errorf("problems on lines %s, want %s: %v", got, want, report)
	}
}

func TestLoadCountsRepeats(t *testing.T) {
	c, report, err := Load(strings.NewReader(header +
		"Acme™ 1 LED 4K,$5,https://shop.example/first,Acme,65,,,\n" +
		"Acme 2 LED 4K,$5,,Acme,65,,,\n" +
		"ACME  1 led 4k ,5.00,https://shop.example/second,Acme,65,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != 3 || report.Used != 2 || report.Repeated != 1 || report.Refused != 0 {
		t.Errorf("got %v, want 3 rows: 2 used, 1 repeated", report)
	}
	if c.Products[0].URL != "https://shop.example/first" {
		t.Errorf("kept %s, want the first", c.Products[0].URL)
	}
}

func TestOneSpellingOfABrand(t *testing.T) {
	c, _, err := Load(strings.NewReader("PRODUCT_NAME,PRICING,BRAND,SCREEN_SIZE\n" +
		"0 LED 4K,$5,Acme" + strings.Repeat("-", 60) + "Visual,65\n" +
		"1 LED 4K,$5,Acme-Visual,65\n2 LED 4K,$5,ACME VISUAL™,65\nACME Visual - 3 LED 4K,$5,,65\n4 LED 4K,$5,vizio,65\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"Acme-Visual", "Acme-Visual", "Acme-Visual", "VIZIO"} {
		if c.Products[i].Brand != want {
			t.Errorf("brand of row %d is %q, want %q", i+1, c.Products[i].Brand, want)
		}
	}
}

func TestLoadRefusesTheFile(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, tt := range []struct {
		name string
		file io.Reader
		kind error
		says string
	}{
		{"empty", strings.NewReader(""), ErrInvalid, "it is empty, begin with the columns PRODUCT_NAME,PRICING,"},
		{"blank", strings.NewReader("\ufeff \r\n\r\n"), ErrInvalid, "it is empty"},
		{"commas only", strings.NewReader(",,,\n,,\n"), ErrInvalid, "no column PRODUCT_NAME"},
		{"header only", strings.NewReader(header), ErrInvalid, "no row below the header"},
		{"no column for the name", strings.NewReader("TITLE,PRICING\nAcme,5\n"), ErrInvalid, `no column PRODUCT_NAME but is "TITLE,PRICING"`},
		{"no column for the price", strings.NewReader("\nPRODUCT_NAME,COST\nAcme,5\n"), ErrInvalid, "line 2, the header, has no column PRICING"},
		{"semicolons", strings.NewReader("PRODUCT_NAME;PRICING\nAcme;5\n"), ErrInvalid, "separated by commas"},
		{"a column twice", strings.NewReader("PRODUCT_NAME,PRICING,Product name\nAcme,5,Acme\n"), ErrInvalid, "two columns PRODUCT_NAME, remove one"},
		{"header with an open quotation mark", strings.NewReader("\"PRODUCT_NAME,PRICING\nAcme,5\n"), ErrInvalid, "line 1"},
		{"no usable row", strings.NewReader(header + "Acme LED 4K,free,,Acme,65,,,\n,,,,1,,,\n"), ErrInvalid,
			`none of the 2 rows can be used; correct them, starting with line 2, PRICING: "free"`},
		{"picture", strings.NewReader("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ErrInvalid, "it is not text, export it as CSV UTF-8"},
		{"compressed", strings.NewReader("\x1f\x8b\x08\xff\xfe\xfd\n"), ErrInvalid, "it is not UTF-8 text"},
		{"UTF-16", strings.NewReader("\xff\xfeP\x00R\x00"), ErrInvalid, "it is UTF-16 text, save it as CSV UTF-8"},
		{"web page", strings.NewReader("<!doctype html>\n<html>"), ErrInvalid, `is "<!doctype html>"`},
		{"too many bytes", io.MultiReader(strings.NewReader(header), &endless{line: "\n"}), ErrTooLarge, "more than 64 MiB"},
		{"reader that fails", iotest.ErrReader(broken), broken, "reading the catalogue"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, report, err := Load(tt.file)
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v\nwant %v … %s", err, tt.kind, tt.says)
			}
			if c != nil {
				t.Error("there is a catalogue beside the error")
			}
			if report.Rows != report.Used+report.Repeated+report.Refused {
				t.Errorf("the counts do not add up: %+v", report)
			}
		})
	}
}

func TestLoadRefusesTooManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows take a while under the race detector")
	}
	rows := io.LimitReader(&endless{line: "a,\n"}, 3*(MaxRows+1))
	_, report, err := Load(io.MultiReader(strings.NewReader("PRODUCT_NAME,PRICING\n"), rows))
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "more than 1000000 rows") {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
	if report.Rows != MaxRows || report.Refused != MaxRows {
		t.Errorf("got %d rows, %d refused, want all up to the limit", report.Rows, report.Refused)
	}
}

func TestReport(t *testing.T) {
	var rows strings.Builder
	const refused = 1001
	for i := range refused {
		fmt.Fprintf(&rows, "Acme %d LED 4K,free,,Acme,65,,,\n", i)
	}
	_, report, err := Load(strings.NewReader(header + "Acme LED 4K,$5,,Acme,65,,,\n" + rows.String()))
	if err != nil {
		t.Fatal(err)
	}
	if report.Refused != refused || len(report.Problems) != refused {
		t.Errorf("%d refused and %d described, want %d", report.Refused, len(report.Problems), refused)
	}
	text := report.String()
	for _, want := range []string{"1002 rows: 1 used, 0 repeated, 1001 refused\n", "\n  line 3, PRICING: \"free\" is not a price", "\n  and 991 more"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	if lines := strings.Count(text, "\n"); lines != 11 {
		t.Errorf("the report has %d lines below the first, want 11", lines)
	}
}

func TestParsePrice(t *testing.T) {
	for text, want := range map[string]int64{
		"$0.01": 1, "$5": 500, "5.5": 5_50, "$ 1,299.99": 1_299_99, "US$1299.99": 1_299_99, "USD 1299": 1_299_00,
		"$149,999.99": 149_999_99, "1,000,000.00": MaxPriceCents, "0000000000000000000000005": 5_00,
	} {
		if got, _, err := parsePrice(text); err != nil || got != want {
			t.Errorf("%q is %d cents (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "$", ".", "$.", ".50", "5.", "5.123", "1,29.99", "1299,000", ",299", "1,,000", "$5 $6", "5%", "٥", "1e3", "+5", "1_000"} {
		if got, _, err := parsePrice(text); err == nil {
			t.Errorf("%q is %d cents, want an error", text, got)
		}
	}
}

// The canonical values tell themselves, so that a clean file needs no name that tells them.
func TestVocabulariesKnowTheirValues(t *testing.T) {
	for _, v := range []vocabulary{displayTypes, resolutions, systems} {
		for _, term := range v {
			if got := v.told("", term.value, ""); got != term.value {
				t.Errorf("a cell with %q tells %q", term.value, got)
			}
		}
	}
}

func TestHash(t *testing.T) {
	a := Product{Name: "ab", Category: CategoryTV, Brand: "c", PriceCents: 1, ScreenSize: 65, DisplayType: "LED",
		Resolution: "HD", OS: "Tizen", URL: "u"}
	in := func(currency string, products ...Product) [32]byte {
		return hash(&Catalogue{Products: products, Currency: currency})
	}
	seen := map[[32]byte]string{in("USD"): "nothing"}
	also := func(name string, h [32]byte) {
		t.Helper()
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[h] = name
	}
	differ := func(name string, products ...Product) { t.Helper(); also(name, in("USD", products...)) }
	with := func(change func(*Product)) Product { tv := a; change(&tv); return tv }
	differ("one product", a)
	differ("it twice", a, a)
	differ("another name", with(func(tv *Product) { tv.Name = "abc" }))
	differ("a letter moved to the next text", with(func(tv *Product) { tv.Name, tv.URL = "a", "bu" }))
	differ("another price", with(func(tv *Product) { tv.PriceCents = 2 }))
	differ("another page", with(func(tv *Product) { tv.URL = "v" }))
	differ("another brand", with(func(tv *Product) { tv.Brand = "d" }))
	differ("another size", with(func(tv *Product) { tv.ScreenSize = 66 }))
	differ("another display", with(func(tv *Product) { tv.DisplayType = "OLED" }))
	differ("another resolution", with(func(tv *Product) { tv.Resolution = "Full HD" }))
	differ("another system", with(func(tv *Product) { tv.OS = "webOS" }))
	b := with(func(tv *Product) { tv.Name = "b" })
	differ("two products", a, b)
	differ("them in another order", b, a)
	differ("another category", with(func(p *Product) { p.Category = "Laptop" }))
	differ("yet another category", with(func(p *Product) { p.Category = "Phone" }))
	also("another currency", in("EUR", a))
	also("yet another currency", in("GBP", a))
}

func TestHashIsTheSameHoweverTheFileIsWritten(t *testing.T) {
	clean, _, err := Load(strings.NewReader(header +
		`"Acme - 65"" QLED 4K UHD Tizen TV","$1,299.99",,Acme,65,QLED,4K UHD,Tizen` + "\n" +
		`"Acme - 55"" OLED 8K UHD TV",$999.00,,Acme,55,OLED,8K UHD,` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	messy, _, err := Load(strings.NewReader("\ufeffpricing,product name\r\n" +
		`1299.99, "Acme™ -  65"" QLED 4K UHD Tizen TV "` + "\r\n\r\n" +
		`"$999","Acme - 55” OLED 8K` + "\n" + `UHD TV"` + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if clean.Hash != messy.Hash {
		t.Errorf("two hashes for\n%+v\n%+v", clean.Products, messy.Products)
	}
}

// endless reads one line for ever.
type endless struct {
	line string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.line[e.at%len(e.line)]
		e.at++
	}
	return len(p), nil
}

// A space before a text has tidy look at each character.
func TestWhatIsTidyStaysAsItIs(t *testing.T) {
	for _, p := range Default().Products {
		for _, s := range []string{p.Name, p.URL, p.Name + " ", p.Name + `""`, "  " + p.Name, p.Name + "\t4K", p.Name + "™"} {
			if isTidy(s) != (tidy(" "+s) == s) {
				t.Errorf("%q is tidy: %v, and becomes %q", s, isTidy(s), tidy(" "+s))
			}
		}
	}
}
