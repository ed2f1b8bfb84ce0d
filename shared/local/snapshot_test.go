package local

import (
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"salesburst/dashboards"
)

func TestSnapshot(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "pictures")
	_, stderr, status := runProgram(t, nil, "-snapshot", dir, "-history", "20m")
	if status != 0 || !strings.Contains(stderr, "written: "+filepath.Join(dir, "sales-light.png")) || !strings.Contains(stderr, ", 0 missing, 0 duplicated") {
		t.Fatalf("status %d\n%s", status, stderr)
	}
	if !strings.Contains(stderr, "pictures: 100 %") {
		t.Errorf("it does not say how far it is: %s", stderr)
	}
	expectPictures(t, dir)
}

// expectPictures: each dashboard, light and dark, with more than empty panels.
func expectPictures(t *testing.T, dir string) {
	t.Helper()
	for _, d := range dashboards.All() {
		var sizes [2]image.Point
		for i, theme := range []string{"light", "dark"} {
			f, err := os.Open(filepath.Join(dir, d.Slug+"-"+theme+".png"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			im, _, err := image.Decode(f)
			if err != nil {
				t.Fatal(err)
			}
			sizes[i] = im.Bounds().Size()
			blue := 0 // the first colour of the palette
			for y := range sizes[i].Y {
				for x := range sizes[i].X {
					if r, g, b, _ := im.At(x, y).RGBA(); r>>8 == 0x00 && g>>8 == 0x72 && b>>8 == 0xB2 {
						blue++
					}
				}
			}
			if blue < 2000 {
				t.Errorf("%s, %s: nothing is drawn", d.Title, theme)
			}
		}
		if sizes[0] != sizes[1] {
			t.Errorf("%s: light is %v, dark %v", d.Title, sizes[0], sizes[1])
		}
	}
}
