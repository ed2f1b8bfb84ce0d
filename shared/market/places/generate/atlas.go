package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// us-atlas has the cartographic boundary files of the U.S. Census Bureau, edition of 2017, with
// shorelines, as TopoJSON. It is fetched to generate and to test, and no part of this project.
const (
	atlasVersion = "us-atlas@3.0.1"
	atlasSum     = "d76b391ccfa8bff601d51e3e3da5d43a89fa46cd5caca72ce731b383be5596d0" // SHA-256 of states-10m.json
)

// fetchAtlas returns a folder with the files of us-atlas. They are fetched by npm when they are
// asked for the first time, and kept in the user's cache: a folder is there whole or not at all.
func fetchAtlas(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "salesburst", strings.ReplaceAll(atlasVersion, "@", "-"))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(filepath.Dir(folder), "fetching-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	for _, command := range [][]string{
		{"npm", "pack", "--silent", atlasVersion}, // on Debian: apt-get install npm
		{"tar", "-xzf", strings.ReplaceAll(atlasVersion, "@", "-") + ".tgz"},
	} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir = temp
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, out)
		}
	}
	err = os.Rename(filepath.Join(temp, "package"), folder)
	if _, missing := os.Stat(folder); err != nil && missing == nil {
		return folder, nil // another process was faster
	}
	return folder, err
}

// point is a place in ten-thousandths of a degree.
type point struct{ x, y float64 }

// ring is a closed line: an outer one, around land, or an inner one, around what is no part of it.
type ring []point

// readAtlas returns the rings of each state, by its name.
func readAtlas(path string) (map[string][]ring, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != atlasSum {
		return nil, fmt.Errorf("%s is not that of %s: delete the folder", path, atlasVersion)
	}
	var topology struct {
		Transform struct{ Scale, Translate [2]float64 }
		Arcs      [][][2]int
		Objects   struct {
			States struct {
				Geometries []struct {
					Type       string
					Arcs       json.RawMessage
					Properties struct{ Name string }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &topology); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	arcs := make([]ring, len(topology.Arcs))
	for i, steps := range topology.Arcs {
		x, y := 0, 0
		for _, step := range steps { // each from the point before
			x, y = x+step[0], y+step[1]
			t := &topology.Transform
			arcs[i] = append(arcs[i], point{
				x: 10_000 * (float64(x)*t.Scale[0] + t.Translate[0]),
				y: 10_000 * (float64(y)*t.Scale[1] + t.Translate[1]),
			})
		}
	}
	all := make(map[string][]ring)
	for _, g := range topology.Objects.States.Geometries {
		var polygons [][][]int // the arcs of each ring of each polygon
		if g.Type == "Polygon" {
			polygons = make([][][]int, 1)
			err = json.Unmarshal(g.Arcs, &polygons[0])
		} else {
			err = json.Unmarshal(g.Arcs, &polygons)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, g.Properties.Name, err)
		}
		for _, polygon := range polygons {
			for _, of := range polygon {
				all[g.Properties.Name] = append(all[g.Properties.Name], join(arcs, of))
			}
		}
	}
	return all, nil
}

// join puts arcs one behind the other. A negative number stands for an arc from its end to its
// begin, ^number.
func join(arcs []ring, numbers []int) (joined ring) {
	for _, n := range numbers {
		arc := arcs[max(n, ^n)]
		for i := range arc {
			if n >= 0 {
				joined = append(joined, arc[i])
			} else {
				joined = append(joined, arc[len(arc)-1-i])
			}
		}
	}
	return joined
}
