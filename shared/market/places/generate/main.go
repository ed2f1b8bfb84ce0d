// Command generate makes what package places knows: from the cities and states that are written
// down in tables, and from the shorelines and state lines of the Census Bureau, where people can be
// around each city. It runs in the folder shared/market/places, as go generate does there.
//
// table.go reads and writes tables, atlas.go gets the lines, and grid.go finds the land between them.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	files, err := generated(context.Background(), ".")
	for name, text := range files {
		if err == nil {
			err = os.WriteFile(name, text, 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generated are the files as they should be in the folder of package places, by their names.
func generated(ctx context.Context, folder string) (map[string][]byte, error) {
	t, err := readTables(folder)
	if err != nil {
		return nil, err
	}
	atlas, err := fetchAtlas(ctx)
	if err != nil {
		return nil, fmt.Errorf("getting the shorelines: %w", err)
	}
	lines, err := readAtlas(filepath.Join(atlas, "states-10m.json"))
	if err != nil {
		return nil, err
	}
	var masks []byte
	for i := range t.cities {
		c := &t.cities[i]
		rings := lines[t.stateOf(c.State).Name]
		if len(rings) == 0 {
			return nil, fmt.Errorf("the atlas has no lines of %s", c.State)
		}
		if c.Land, err = landAround(c, rings, t.water); err != nil {
			return nil, err
		}
		c.Land.At = len(masks)
		masks = append(masks, c.Land.bits...)
	}
	source, err := render(t)
	return map[string][]byte{"places_gen.go": source, "masks.bin": masks}, err
}
