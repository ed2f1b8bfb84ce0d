package dashboards

import (
	"fmt"
	"strings"
	"time"

	"salesburst/shared/question"
)

// The panels that break the revenue of the time range down: by what is sold, where, and
// to whom.

// ofPaid is such a question: the completed sales in groups.
func ofPaid(order string, limit int, dimensions []string, measures ...question.Measure) question.Question {
	return question.Question{
		Where: []question.Filter{paid()}, Dimensions: dimensions, Measures: measures, Order: order, Limit: limit,
	}
}

func goods() []Panel {
	return []Panel{
		{
			ID: 20, Title: "Top selling brands", Kind: Bars, Width: 12, Height: 9, Unit: Dollars,
			Description: "Revenue of the ten brands with the most of it, beside that of the same stretch of time a" +
				" day earlier (of a range longer than a day, as many days earlier as it has).",
			Fields: []Field{
				{Column: "revenue", Title: "now", Unit: Dollars, Color: Blue},
				{Column: "revenue_before", Title: "same time before", Unit: Dollars, Color: Grey},
			},
			Question: question.Question{
				Comparison: true, Where: []question.Filter{paid()}, Dimensions: []string{"brand"},
				Measures: []question.Measure{revenue(), before(revenue())},
				Then:     "SELECT brand, revenue, revenue_before\nFROM grouped\nWHERE revenue > 0",
				Order:    "revenue DESC, brand", Limit: 10,
			},
		},
		{
			ID: 21, Title: "Top products", Kind: Table, Width: 12, Height: 9, Unit: Count,
			Description: "The ten products with the most revenue.",
			Fields: []Field{
				{Column: "product_name", Title: "product"}, {Column: "units", Title: "pieces", Unit: Count},
				{Column: "revenue", Title: "revenue", Unit: Dollars, Decimals: 2},
			},
			Question: ofPaid("revenue DESC, product_name, brand", 10, []string{"product_name", "brand"},
				of("quantity", question.Sum, "units"), revenue()),
		},
		screens(),
		promotions(),
		belowList(),
	}
}

// A product of columns is none of the measures, but pieces are few and whole: the sales of each
// quantity are a group, and the outer part multiplies.
func priced(q question.Question) question.Question {
	q.Dimensions = append(q.Dimensions, "quantity")
	q.Measures = append(q.Measures, revenue(), money("prices", "price"), money("list_prices", "list_price"))
	return q
}

const (
	byPromotions = "100.0 - 100.0 * SUM(prices * quantity) / SUM(list_prices * quantity) AS below_list"
	byVouchers   = "100.0 * (SUM(prices * quantity) - SUM(revenue)) / SUM(list_prices * quantity) AS off_order"
)

func promotions() Panel {
	q := priced(ofPaid("3 DESC, 1", 30, []string{"promotion"}, count("orders")))
	q.Then = `SELECT
  CASE WHEN promotion = '' THEN 'none' ELSE promotion END AS promotion,
  SUM(orders) AS orders,
  ROUND(SUM(revenue), 2) AS revenue,
  ` + byPromotions + `
FROM grouped
GROUP BY 1`
	return Panel{
		ID: 23, Title: "Promotions", Kind: Table, Width: 12, Height: 8, Unit: Count,
		Description: "Orders and revenue of goods by the promotion that they were in, and how far their prices were" +
			" below the list prices, piece by piece. None: at the list price. Vouchers take something off the" +
			" order as well, and are not in the prices.",
		Fields: []Field{
			{Column: "promotion", Title: "promotion"}, {Column: "orders", Title: "orders", Unit: Count},
			{Column: "revenue", Title: "revenue", Unit: Dollars, Decimals: 2},
			{Column: "below_list", Title: "below list price", Unit: Percent, Decimals: 1},
		},
		Question: q,
	}
}

func belowList() Panel {
	q := priced(ofPaid("1", 0, nil))
	q.Bucket = question.ByInterval
	q.Then = `SELECT
  "time",
  ` + byPromotions + `,
  ` + byVouchers + `
FROM grouped
GROUP BY 1`
	return Panel{
		ID: 24, Title: "Below the list price", Kind: TimeSeries, Width: 12, Height: 8, Unit: Percent, Decimals: 1,
		Description: "How much less than by the list prices customers pay, of all pieces of paid orders: by the" +
			" promotions in the prices, and above that what vouchers and flash sales take off the order. Both are" +
			" parts of the list prices.",
		MinInterval: time.Minute, MaxPoints: 200, Stacked: true,
		Fields: []Field{
			{Column: "below_list", Title: "promotions", Unit: Percent, Decimals: 1, Color: Blue},
			{Column: "off_order", Title: "vouchers and flash sales", Unit: Percent, Decimals: 1, Color: Orange},
		},
		Question: q,
	}
}

func screens() Panel {
	p := Panel{
		ID: 22, Title: "Revenue by screen size and technology", Kind: Bars, Width: 24, Height: 8, Unit: Dollars,
		Stacked: true,
		Description: "Classes of the screen's diagonal in inches. OLED holds QD-OLED, QLED holds Neo QLED and" +
			" QNED, Mini-LED holds MicroLED, LED holds LCD. Goods of which the catalogue tells no size or no" +
			" technology are in a class of their own, or among the others.",
		Fields:   []Field{{Column: "size", Title: "screen"}},
		Question: ofPaid("MIN(screen_size)", 0, []string{"screen_size"}),
	}
	var sums, all []string
	add := func(column, title string, color Color, f question.Filter) {
		p.Fields = append(p.Fields, Field{Column: column, Title: title, Unit: Dollars, Color: color})
		p.Measures = append(p.Measures, revenue(f))
		p.Measures[len(p.Measures)-1].Name = column
		sums = append(sums, fmt.Sprintf("ROUND(SUM(%s), 2) AS %s", column, column))
	}
	for _, t := range []struct {
		column, title string
		color         Color
		holds         []string
	}{
		{"oled", "OLED", Blue, []string{"OLED", "QD-OLED"}},
		{"qled", "QLED", Orange, []string{"QLED", "Neo QLED", "QNED"}},
		{"mini_led", "Mini-LED", Green, []string{"Mini-LED", "MicroLED"}},
		{"led", "LED", Purple, []string{"LED", "LCD"}},
	} {
		add(t.column, t.title, t.color, question.Is("display_type", t.holds...))
		all = append(all, t.holds...)
	}
	add("other", "other", Grey, question.IsNot("display_type", all...))
	p.Then = `SELECT
  CASE
    WHEN screen_size = 0 THEN 'no size told'
    WHEN screen_size < 40 THEN 'below 40 in'
    WHEN screen_size < 50 THEN '40 to 49 in'
    WHEN screen_size < 60 THEN '50 to 59 in'
    WHEN screen_size < 70 THEN '60 to 69 in'
    WHEN screen_size < 80 THEN '70 to 79 in'
    ELSE '80 in and more'
  END AS size,
  ` + strings.Join(sums, ",\n  ") + `
FROM grouped
GROUP BY 1`
	return p
}

func places() []Panel {
	return []Panel{
		{
			ID: 30, Title: "Revenue by city", Kind: Map, Width: 14, Height: 12, Unit: Dollars,
			Description: "A circle for each city, the larger the more revenue, in the middle of its sales.",
			Fields: []Field{
				{Column: "city", Title: "city"}, {Column: "state", Title: "state"},
				{Column: "revenue", Title: "revenue", Unit: Dollars, Color: Blue},
				{Column: "orders", Title: "orders", Unit: Count},
				{Column: "latitude", Unit: Plain, Decimals: 2, Hidden: true},
				{Column: "longitude", Unit: Plain, Decimals: 2, Hidden: true},
			},
			Question: ofPaid("revenue DESC, city, state", 500, []string{"city", "state"},
				of("latitude", question.Mean, "latitude"), of("longitude", question.Mean, "longitude"),
				count("orders"), revenue()),
		},
		{
			ID: 31, Title: "Revenue by state", Kind: Bars, Width: 10, Height: 12, Unit: Dollars,
			Description: "The fifteen states with the most revenue.",
			Fields:      []Field{{Column: "revenue", Title: "revenue", Unit: Dollars, Color: Blue}},
			Question:    ofPaid("revenue DESC, state", 15, []string{"state"}, revenue()),
		},
	}
}

const customerTypes = " New: their first order ever. Vip: those who have spent much. Returning: all others."

func buyers() []Panel {
	pie := func(id int, title, description, column string, colors map[string]Color) Panel {
		return Panel{
			ID: id, Title: title, Description: description, Kind: Pie, Width: 6, Height: 8, Unit: Dollars,
			Colors:   colors,
			Question: ofPaid("revenue DESC, "+column, 8, []string{column}, revenue()),
		}
	}
	average := ofPaid("orders DESC, customer_type", 20, []string{"customer_type"}, count("orders"), revenue())
	average.Then = "SELECT customer_type, orders, revenue / orders AS average_order\nFROM grouped"
	return []Panel{
		{
			ID: 40, Title: "Payment methods", Kind: Bars, Width: 12, Height: 8, Unit: Count, Stacked: true,
			Description: "Attempts to pay with each method: completed and failed.",
			Fields: []Field{
				{Column: "payment_method", Title: "method"},
				{Column: "completed", Title: "completed", Unit: Count, Color: Blue},
				{Column: "failed", Title: "failed", Unit: Count, Color: Vermillion},
			},
			Question: question.Question{
				Dimensions: []string{"payment_method"},
				Measures:   []question.Measure{count("completed", paid()), count("failed", unpaid())},
				Order:      "completed + failed DESC, payment_method", Limit: 20,
			},
		},
		{
			ID: 41, Title: "Sources and what they cost", Kind: Table, Width: 12, Height: 8, Unit: Count,
			Description: "From where buyers come: attempts, the part that was completed, revenue, and the" +
				" commission that the partner gets for it. Stores have no partners.",
			Fields: []Field{
				{Column: "source", Title: "source"}, {Column: "attempts", Title: "attempts", Unit: Count},
				{Column: "conversion", Title: "completed", Unit: Percent, Decimals: 2},
				{Column: "revenue", Title: "revenue", Unit: Dollars, Decimals: 2},
				{Column: "commission", Title: "commission", Unit: Dollars, Decimals: 2},
			},
			Question: question.Question{
				Dimensions: []string{"source"},
				Measures: []question.Measure{
					count("attempts"), count("orders", paid()),
					revenue(paid()), money("commission", "commission", paid()),
				},
				Then: "SELECT source, attempts, 100.0 * orders / attempts AS conversion, revenue, commission\n" +
					"FROM grouped",
				Order: "revenue DESC, source", Limit: 100,
			},
		},
		pie(50, "Devices", "Revenue by the customer's device; POS is a register in a store.", "device",
			map[string]Color{"Desktop": Blue, "Mobile": Orange, "Tablet": Green, "POS": Purple}),
		pie(51, "Order types", "Revenue online and in stores.", "order_type",
			channelColors()),
		pie(52, "New against returning customers", "Revenue by customer_type."+customerTypes, "customer_type",
			map[string]Color{"new": Orange, "returning": Blue, "vip": Green}),
		{
			ID: 53, Title: "Orders by customer type", Kind: Table, Width: 6, Height: 8, Unit: Count,
			Description: "Paid orders, and the average of them, by customer_type." + customerTypes,
			Fields: []Field{
				{Column: "customer_type", Title: "customers"}, {Column: "orders", Title: "orders", Unit: Count},
				{Column: "average_order", Title: "average order", Unit: Dollars, Decimals: 2},
			},
			Question: average,
		},
		{
			ID: 54, Title: "Share of new customers", Kind: TimeSeries, Width: 24, Height: 6, Unit: Percent,
			Decimals: 1,
			Description: "Part of the paid orders that is the first order ever of its customer, online and in" +
				" stores. Buckets of few orders scatter.",
			MinInterval: time.Minute, MaxPoints: 200, Series: "order_type",
			Colors: channelColors(),
			Fields: []Field{{Column: "new_percent", Unit: Percent, Decimals: 1}},
			Question: question.Question{
				Where: []question.Filter{paid()}, Bucket: question.ByInterval, Dimensions: []string{"order_type"},
				Measures: []question.Measure{
					count("orders"), count("new_orders", question.Is("customer_type", "new")),
				},
				Then:  "SELECT \"time\", order_type, 100.0 * new_orders / orders AS new_percent\nFROM grouped",
				Order: `"time", order_type`,
			},
		},
	}
}
