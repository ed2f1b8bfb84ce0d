package checkout

// Region is a region of the census, between which habits of paying differ.
type Region uint8

// The regions of the United States.
const (
	Northeast Region = iota
	Midwest
	South
	West
	regions
)

// RegionOf returns the region of a state, as in NY; South, where most people live, if there is no
// such state. It is meant for tables that are made once.
func RegionOf(state string) Region {
	switch state {
	case "CT", "MA", "ME", "NH", "NJ", "NY", "PA", "RI", "VT":
		return Northeast
	case "IA", "IL", "IN", "KS", "MI", "MN", "MO", "ND", "NE", "OH", "SD", "WI":
		return Midwest
	case "AK", "AZ", "CA", "CO", "HI", "ID", "MT", "NM", "NV", "OR", "UT", "WA", "WY":
		return West
	}
	return South
}
