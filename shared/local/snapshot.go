package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"salesburst/dashboards"
	"salesburst/shared/local/render"
)

// snapshot writes each dashboard as pictures into a folder, light and dark.
func (l *live) snapshot(ctx context.Context, dir string, ui *terminal) error {
	all, themes := dashboards.All(), render.Themes()
	total := 0
	for _, d := range all {
		total += len(d.Panels())
	}
	bar := ui.progress("pictures", total, "panels")
	defer bar.end()
	done := 0
	var written []string
	for _, d := range all {
		q, err := l.choice(ctx, view{dashboard: d, length: d.Lookback})
		if err != nil {
			return err
		}
		frames := make(map[int]dashboards.Frame)
		for _, p := range d.Panels() {
			if frames[p.ID], err = l.ask(ctx, d, p, q); err != nil {
				return err
			}
			done++
			bar.set(done)
		}
		for _, theme := range themes {
			png, err := render.PNG(d, frames, q.From, q.To, theme)
			if err != nil {
				return err
			}
			path := filepath.Join(dir, d.Slug+"-"+theme.Name+".png")
			if err := os.WriteFile(path, png, 0o644); err != nil {
				return fmt.Errorf("-snapshot: cannot write %s: %w", path, cause(err))
			}
			written = append(written, path)
		}
	}
	bar.end()
	for _, path := range written {
		ui.line("written: %s", path)
	}
	return nil
}
