package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"salesburst/shared/contract"
)

// addFiles puts the files of the keys market and incidents beside each function's binary, below the folder
// that buildFunctions has made.
func addFiles(dir string, s settings) error {
	for name, text := range map[string][]byte{contract.MarketFile: s.figures, contract.IncidentsFile: s.plan} {
		if text == nil {
			continue
		}
		for _, f := range contract.Functions() {
			if err := os.WriteFile(filepath.Join(dir, f.Name, name), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// buildFunctions builds each function of a checkout as it is deployed, into a folder of its name. The
// bytes are the same wherever and at whatever commit they are built, so that a deploy
// changes only what has changed.
func buildFunctions(checkout string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "salesburst-functions-"); err != nil {
		return "", err
	}
	for _, f := range contract.Functions() {
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
			"-ldflags", "-s -w", "-o", filepath.Join(dir, f.Name, "bootstrap"), "salesburst/functions/"+f.Name)
		cmd.Dir = checkout
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
		if out, err := cmd.CombinedOutput(); err != nil {
			os.RemoveAll(dir)
			return "", fmt.Errorf("building function %s: %w\n%s", f.Name, err, out)
		}
	}
	return dir, nil
}
