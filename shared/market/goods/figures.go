package goods

import (
	"fmt"

	"salesburst/shared/parameters"
)

// Figures are those of the model: whole numbers, in the units of the table in which they stand.
type Figures struct {
	Brands      map[string]uint64 // percent of the sales, whatever the letter case
	OtherBrands uint64            `json:"other_brands"` // percent, all of them together
	Stores      map[string]int64  // percent that a brand sells more in stores than online
	StoreSales  uint64            `json:"store_sales"` // percent of all sales
	Sizes       []Size            // from the smallest to the largest; none: all sell alike
	Popularity  Popularity
	Prices      Prices
	Promotions  Promotions
	Quantity    Quantities
}

// Size is how well sets of a size sell. Between two sizes it changes evenly.
type Size struct {
	Inches int64
	Weight uint64 // 1 and more, only the relation counts
}

// Popularity is how unequally products sell, and how that changes.
type Popularity struct {
	Exponent     uint64 // hundredths: sales fall with rank^−exponent
	Turnover     uint64 // percent, the standard deviation of what comes and goes
	TurnoverDays int64  `json:"turnover_days"` // after so many it is forgotten
	Renewed      uint64 // percent of the products that have a new model in spring
	RiseDays     int64  `json:"rise_days"` // from a new model's first day to its best
	Fade         uint64 // percent of its sales that a model loses in a year, 0 to 99
}

// Prices is how the price decides what sells.
type Prices struct {
	Usual uint64 // percent of the median of a category: what most people want to pay
	Above int64  // hundredths: sales fall with (price/usual)^−above for dearer products
	Below int64  // hundredths: and with (usual/price)^−below for cheaper ones
}

// Promotions is when which price is lower than its list price.
type Promotions struct {
	PerYear    uint64   `json:"per_year"`  // ordinary ones of each product, 0 to 13
	Shortest   uint64   `json:"shortest"`  // days
	Longest    uint64   `json:"longest"`   // days, at most 28
	LeastOff   int64    `json:"least_off"` // percent
	MostOff    int64    `json:"most_off"`  // percent
	Names      []string // of ordinary ones
	Elasticity int64    // tenths: sales change with (price/list)^elasticity
	Events     Events
}

// Events are those of a year, each in its days.
type Events struct {
	SuperBowl    Event `json:"super_bowl"`
	MemorialDay  Event `json:"memorial_day"`
	FourthOfJuly Event `json:"fourth_of_july"`
	SummerSale   Event `json:"summer_sale"`
	LaborDay     Event `json:"labor_day"`
	BlackFriday  Event `json:"black_friday"`
	Holidays     Event
}

// Event is what is promoted in its days.
type Event struct {
	Name     string
	Products uint64 // percent of the products
	LeastOff int64  `json:"least_off"` // percent
	MostOff  int64  `json:"most_off"`  // percent
}

// Quantities is how many pieces an order has.
type Quantities struct {
	ByPrice []Multiple `json:"by_price"` // from the lowest price to the highest
	Triples uint64     // percent of the orders of more than one piece that have three
}

// Multiple is how many orders at a price have more than one piece. Between two prices it
// changes evenly.
type Multiple struct {
	Price  int64  // in the currency's unit
	Orders uint64 // of 1000
}

// check looks at what belongs together and cannot be held by a table.
func (f *Figures) check() error {
	refuse := func(path string, value any, allowed string) error {
		return &parameters.Invalid{Path: path, Value: fmt.Sprint(value), Allowed: allowed}
	}
	for i, s := range f.Sizes {
		if i > 0 && s.Inches <= f.Sizes[i-1].Inches {
			return refuse(fmt.Sprintf("sizes[%d].inches", i), s.Inches, "more than the one before")
		}
		if s.Weight == 0 {
			return refuse(fmt.Sprintf("sizes[%d].weight", i), s.Weight, "1 or more")
		}
	}
	for i, m := range f.Quantity.ByPrice {
		if i > 0 && m.Price <= f.Quantity.ByPrice[i-1].Price {
			return refuse(fmt.Sprintf("quantity.by_price[%d].price", i), m.Price, "more than the one before")
		}
	}
	p := &f.Promotions
	switch {
	case len(f.Quantity.ByPrice) == 0:
		return refuse("quantity.by_price", "an empty list", "a price at least")
	case f.Popularity.TurnoverDays < 1:
		return refuse("popularity.turnover_days", f.Popularity.TurnoverDays, "1 or more")
	case f.Popularity.RiseDays < 1 || f.Popularity.RiseDays > yearDays/2:
		return refuse("popularity.rise_days", f.Popularity.RiseDays, fmt.Sprintf("1 to %d", yearDays/2))
	case f.Popularity.Fade > 99:
		return refuse("popularity.fade", f.Popularity.Fade, "at most 99")
	case f.Prices.Usual == 0:
		return refuse("prices.usual", f.Prices.Usual, "1 or more")
	case p.Shortest < 1 || p.Shortest > p.Longest:
		return refuse("promotions.shortest", p.Shortest, "1 to longest")
	case p.Longest > cycleDays:
		return refuse("promotions.longest", p.Longest, fmt.Sprintf("at most %d", cycleDays))
	case len(p.Names) == 0 || len(p.Names) > maxNames:
		return refuse("promotions.names", len(p.Names), fmt.Sprintf("1 to %d names", maxNames))
	case p.Elasticity > 0:
		return refuse("promotions.elasticity", p.Elasticity, "at most 0")
	}
	if err := checkOff("promotions.", p.LeastOff, p.MostOff); err != nil {
		return err
	}
	for _, e := range p.Events.rules() {
		if err := checkOff("promotions.events."+e.key+".", e.LeastOff, e.MostOff); err != nil {
			return err
		}
	}
	return nil
}

func checkOff(path string, least, most int64) error {
	if 0 <= least && least <= most && most <= 99 {
		return nil
	}
	return &parameters.Invalid{Path: path + "least_off", Value: fmt.Sprint(least), Allowed: "at most most_off"}
}
