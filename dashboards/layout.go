package dashboards

// GridColumns is how wide Grafana's grid is.
const GridColumns = 24

// Place is where a panel, or the title of a row, is in Grafana's grid, from the upper left
// corner on.
type Place struct {
	X, Y, Width, Height int
	Row                 string // the title of a row
	Panel               *Panel // nil: a title
}

// Layout is the places of all titles and panels, in the order in which people read them. A
// title is as high as one row of the grid.
func (d Dashboard) Layout() (places []Place) {
	y := 0
	for _, r := range d.Rows {
		places = append(places, Place{Y: y, Width: GridColumns, Height: 1, Row: r.Title})
		y++
		x, below := 0, y // below is the first free row below this line of panels
		for i := range r.Panels {
			p := &r.Panels[i]
			if x+p.Width > GridColumns {
				x, y = 0, below
			}
			places = append(places, Place{X: x, Y: y, Width: p.Width, Height: p.Height, Panel: p})
			x += p.Width
			below = max(below, y+p.Height)
		}
		y = below
	}
	return places
}
