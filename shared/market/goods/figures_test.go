package goods_test

import "salesburst/shared/market/goods"

// figures are the defaults of the table.
func figures() *goods.Figures {
	return &goods.Figures{
		Brands: map[string]uint64{
			"Samsung": 33, "LG": 19, "Vizio": 11, "Sony": 7, "Hisense": 5, "TCL": 5, "Philips": 3,
			"Insignia": 2, "Sanyo": 2, "Toshiba": 2, "Sharp": 1,
		},
		OtherBrands: 9,
		Stores: map[string]int64{
			"Samsung": 15, "LG": -5, "Vizio": 20, "Sony": 15, "Hisense": -35, "TCL": -35, "Philips": 15, "Insignia": 40,
			"Sanyo": 30, "Toshiba": -40, "Amazon": -50, "Panasonic": -20,
		},
		StoreSales: 17,
		Sizes: []goods.Size{
			{24, 75}, {32, 105}, {40, 90}, {43, 64}, {50, 70}, {55, 105}, {65, 126}, {70, 60}, {75, 58}, {85, 30}, {98, 15}, {115, 5},
		},
		Popularity: goods.Popularity{Exponent: 78, Turnover: 32, TurnoverDays: 42, Renewed: 45, RiseDays: 56, Fade: 30},
		Prices:     goods.Prices{Usual: 54, Above: 155, Below: 0},
		Promotions: goods.Promotions{
			PerYear: 4, Shortest: 3, Longest: 14, LeastOff: 5, MostOff: 20,
			Names:      []string{"Weekly Deal", "Price Drop", "Top Pick", "Limited-Time Offer"},
			Elasticity: -20,
			Events: goods.Events{
				SuperBowl:    goods.Event{"Super Bowl Sale", 35, 8, 20},
				MemorialDay:  goods.Event{"Memorial Day Sale", 35, 8, 20},
				FourthOfJuly: goods.Event{"Fourth of July Sale", 35, 8, 20},
				SummerSale:   goods.Event{"Summer Sale", 35, 8, 20},
				LaborDay:     goods.Event{"Labor Day Sale", 35, 8, 20},
				BlackFriday:  goods.Event{"Black Friday", 88, 10, 31},
				Holidays:     goods.Event{"Holiday Deals", 35, 8, 20},
			},
		},
		Quantity: goods.Quantities{
			ByPrice: []goods.Multiple{{0, 180}, {200, 120}, {400, 75}, {800, 50}, {1500, 30}, {3000, 15}},
			Triples: 25,
		},
	}
}
