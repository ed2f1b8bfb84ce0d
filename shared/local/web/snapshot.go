package web

import (
	"context"
	"os"
	"path/filepath"

	"salesburst/dashboards"
	"salesburst/shared/local/render"
)

// Snapshot writes each dashboard as pictures into a folder, light and dark, and returns
// their paths. After each panel that is asked for progress gets how many were. Where a file
// cannot be written the error is an *fs.PathError.
func (l *Live) Snapshot(ctx context.Context, dir string, progress func(done int)) (paths []string, err error) {
	done := 0
	for _, d := range dashboards.In(l.Currency) {
		c, err := l.choice(ctx, view{dashboard: d, length: d.Lookback})
		if err != nil {
			return nil, err
		}
		frames := make(map[int]dashboards.Frame)
		for _, p := range d.Panels() {
			if frames[p.ID], err = l.frame(ctx, d, p, c); err != nil {
				return nil, err
			}
			done++
			progress(done)
		}
		for _, theme := range render.Themes() {
			png, err := render.PNG(d, frames, c.From, c.To, theme)
			if err != nil {
				return nil, err
			}
			path := filepath.Join(dir, d.Slug+"-"+theme.Name+".png")
			if err := os.WriteFile(path, png, 0o644); err != nil {
				return nil, err
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}
