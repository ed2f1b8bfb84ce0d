package dashboards

import "salesburst/shared/contract"

// Color is #RRGGBB.
type Color string

// The palette of Masataka Okabe and Kei Ito, "Color Universal Design" (2008,
// jfly.uni-koeln.de/color): people with any kind of colour vision can tell them apart.
const (
	Orange     Color = "#E69F00"
	SkyBlue    Color = "#56B4E9"
	Green      Color = "#009E73" // bluish
	Yellow     Color = "#F0E442"
	Blue       Color = "#0072B2"
	Vermillion Color = "#D55E00"
	Purple     Color = "#CC79A7" // reddish
	Grey       Color = "#999999" // black in the original, which a dark page would swallow
)

// channelColors are those of the order types, on all panels.
func channelColors() map[string]Color {
	return map[string]Color{string(contract.ChannelOnline): Blue, string(contract.ChannelStore): Orange}
}

// Palette is the order in which series take their colours.
func Palette() []Color {
	return []Color{Blue, Orange, Green, Purple, SkyBlue, Vermillion, Yellow, Grey}
}
