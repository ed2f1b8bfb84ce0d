// Package places knows where people live and shops stand in the United States: cities of every
// state with their weights, points on land around them, and what their clocks show. It reads no
// clock, no file and no zone database, calculates with integers, and has nothing to do at the
// start of a program.
//
// [All] is the beginning. What it returns is made by go generate from three tables that are
// written by hand, cities.tsv, states.tsv and water.tsv, and from the shorelines and state lines
// of the U.S. Census Bureau. Populations are those of its census of 2020: of cities in their limits
// (without the rest of a county that a city is one with, where the census has the balance alone), of
// Honolulu, Hilo and Kahului as the places that the census designates.
package places

import (
	"slices"

	"salesburst/shared/sale"
)

//go:generate go run ./generate

// Place is a city.
type Place struct {
	// Name is unlike that of any other place here: of cities that share a name, the largest has it.
	Name  string
	State string // two letters
	Zone  Zone

	// Number is the place's rank in its state, by population, from 1.
	Number int

	// Population is the census's of 2020, of the city alone.
	Population uint64

	// Weight is how many people of the state the place stands for: the state's population, shared
	// out among its places by their own. The weights of all places add up to the nation's population,
	// but for rounding.
	Weight uint64

	// Latitude and Longitude are the city's centre.
	Latitude, Longitude sale.Degrees

	land land
}

// Radius returns how far from the centre people live and shops stand, in metres. It grows with the
// population: 3 km for 50,000 people, 20 km for New York.
func (p *Place) Radius() int64 { return int64(p.land.radius) }

// All returns the places, those with the largest population first. The caller owns the slice.
func All() []Place { return slices.Clone(table[:]) }

// State is a state, or the District of Columbia.
type State struct {
	Code       string // two letters
	Population uint64 // census of 2020
}

// States returns the fifty states and the District of Columbia by their codes. The caller owns the
// slice.
func States() []State { return slices.Clone(states[:]) }
