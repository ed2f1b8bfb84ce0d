package dataset

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLoad holds for any file: the counts add up, what is used is valid, and it survives being written and loaded.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(defaultCSV[:500]))
	for _, file := range []string{
		"",
		header + `"Acme - 65"" Class QLED 4K UHD Smart Tizen TV","$1,299.99",https://shop.example/1,ACME™,65,Neo,Smart Tizen,with` + "\n",
		"\ufeff" + header + "Insignia™ 110″ Micro LED 4K ,149999.99,,INSIGNIA™,10,LED,4K,Class\r\n",
		header + "\"Acme - 65\" LED HD TV\",$5,,,,,,\n\"Acme open LED,$5,,,65,,,\nAcme - LED 4K\n 8K,$5,,Acme,65,,,\n",
		"PRICING,PRODUCT_NAME,SCREEN_SIZE\n5,\"Acme\nTwo - LED HD\",\"65\"\"\"\n5,acme two - led hd,65\n6,Acme two - LED HD,65\n",
		"product name,Pricing\rPackage - Acme - Bar and 75\" OLED 1080p Google TV,5\r",
		"PRODUCT_NAME,PRICING,OS,RESOLUTION,DISPLAY_TYPE,BRAND,SCREEN_SIZE\n1,5,HD,LED Google,4K,a,64.5 inch\n2,5,,,LCD FHD,A,99\n",
		"PRODUCT_NAME,PRICING,BRAND,CATEGORY,CURRENCY,SCREEN_SIZE_CM\nOne,5,A,Laptop,EUR,39\n2 LED HD,€5,A,Tv,,55in\n",
		"CATEGORY,PRODUCT_NAME,PRICING,OS\nlap top,A - 1,5 CAD,N/A\n,A - 2,$6,x\nLAPTOP,B - 3,£7,Windows™ 11\n",
		"\x89PNG\r\n\x1a\n\x00",
	} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		c, report, err := Load(strings.NewReader(string(file)))
		if report.Rows != report.Used+report.Repeated+report.Refused || len(report.Problems) != report.Refused {
			t.Fatalf("the counts do not add up: %+v", report)
		}
		lines := 1 + strings.Count(string(file), "\n") + strings.Count(string(file), "\r")
		last := 1
		for _, p := range report.Problems {
			if p.Line <= last || p.Line > lines || p.Reason == "" || !utf8.ValidString(p.String()+p.Value) {
				t.Fatalf("a problem after line %d in a file of %d lines: %q", last, lines, p)
			}
			last = p.Line
		}
		if err != nil {
			if c != nil || report.Used > 0 && !strings.Contains(err.Error(), "two currencies") {
				t.Fatalf("%v, but there is a catalogue or %v", err, report)
			}
			return
		}
		if len(c.Products) == 0 || len(c.Products) != report.Used {
			t.Fatalf("%d products, %v", len(c.Products), report)
		}
		names := map[string]bool{}
		if !isCurrency(c.Currency) {
			t.Fatalf("currency %q", c.Currency)
		}
		for _, tv := range c.Products {
			checkValid(t, tv)
			if names[strings.ToLower(tv.Name)] {
				t.Fatalf("%q is there twice", tv.Name)
			}
			names[strings.ToLower(tv.Name)] = true
		}
		checkReload(t, c)
	})
}

func checkValid(t *testing.T, tv Product) {
	t.Helper()
	one := func(v vocabulary, value string) bool {
		return slices.ContainsFunc(v, func(t term) bool { return t.value == value })
	}
	for _, text := range []string{tv.Name, tv.URL, tv.Brand, tv.Category, tv.DisplayType, tv.Resolution, tv.OS} {
		if !utf8.ValidString(text) || tidy(text) != text {
			t.Errorf("%q is not tidy", text)
		}
	}
	isTV := tv.Category == CategoryTV
	switch {
	case letters(tv.Name) == "", utf8.RuneCountInString(tv.Name) > MaxNameLength:
		t.Errorf("name %q", tv.Name)
	case tv.PriceCents < 1, tv.PriceCents > MaxPriceCents:
		t.Errorf("price %d", tv.PriceCents)
	case letters(tv.Brand) == "", letters(tv.Category) == "":
		t.Errorf("brand %q, category %q", tv.Brand, tv.Category)
	case !isTV && tv.ScreenSize == 0:
	case tv.ScreenSize < MinScreenSize, tv.ScreenSize > MaxScreenSize:
		t.Errorf("size %d", tv.ScreenSize)
	case isTV && (!one(displayTypes, tv.DisplayType) || !one(resolutions, tv.Resolution)),
		isTV && tv.OS != "" && !one(systems, tv.OS):
		t.Errorf("display type %q, resolution %q, system %q", tv.DisplayType, tv.Resolution, tv.OS)
	}
}
