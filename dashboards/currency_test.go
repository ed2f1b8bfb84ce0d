package dashboards

import (
	"strings"
	"testing"
)

// Another currency is another unit of what was in dollars, and nothing else.
func TestInAnotherCurrency(t *testing.T) {
	written := func(all []Dashboard) (text string) {
		for _, d := range all {
			json, err := d.JSON()
			if err != nil {
				t.Fatal(err)
			}
			text += string(json)
		}
		return text
	}
	dollars := written(All())
	if n := strings.Count(dollars, string(Dollars)); n < 20 {
		t.Fatalf("%d amounts in dollars: the test shows nothing", n)
	}
	if got := written(In("EUR")); got != strings.ReplaceAll(dollars, string(Dollars), "currencyEUR") {
		t.Error("more or less than the units of amounts has changed")
	}
	if written(In("USD")) != dollars || written(All()) != dollars {
		t.Error("dollars are not what they were")
	}
}
