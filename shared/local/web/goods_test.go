package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"salesburst/dashboards"
	"salesburst/dataset"
	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/local/emulator"
	"salesburst/shared/market"
)

// A size that is not told is not a small one.
func TestNoSizeIsAClassOfItsOwn(t *testing.T) {
	catalogue, _, err := dataset.Load(strings.NewReader(`PRODUCT_NAME,BRAND,CATEGORY,PRICING
Air 13,Apple,Laptop,999
XPS 15,Dell,Laptop,1499
`))
	if err != nil {
		t.Fatal(err)
	}
	laptops, err := market.New(catalogue)
	if err != nil {
		t.Fatal(err)
	}
	sets, err := market.New(dataset.Default())
	if err != nil {
		t.Fatal(err)
	}
	table, err := columnstore.Open(contract.DefaultTopic, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	fill(t, table, laptops)
	fill(t, table, sets)
	l := &Live{
		Source: table, Topic: contract.DefaultTopic, Clock: emulator.NewClock(time.Now, 0, 1), End: time.Now(),
		Fail: func(err error) { t.Error(err) },
	}
	d := dashboards.Sales()
	c, err := l.choice(t.Context(), view{dashboard: d, length: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	panels := d.Panels()
	f, err := l.frame(t.Context(), d, panels[slices.IndexFunc(panels, func(p dashboards.Panel) bool { return p.ID == 22 })], c)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Columns {
		switch first := c.Values[0]; c.Name {
		case "size":
			if first != "no size told" || f.Rows() < 4 {
				t.Errorf("the classes are %v", c.Values)
			}
		case "other":
			if first.(float64) == 0 {
				t.Error("what tells no technology is not among the others")
			}
		default:
			if first.(float64) != 0 {
				t.Errorf("%v of what tells no technology is %s", first, c.Name)
			}
		}
	}
}
