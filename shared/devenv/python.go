package devenv

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var requirement = regexp.MustCompile(`^([a-z0-9-]+)(\[[a-z,]+\])?==([0-9.]+)$`)

// Python returns an interpreter that has a package of PyPI, as in moto[stepfunctions]==5.2.5, in an
// environment of its own in the user's cache, where it is made once.
func Python(ctx context.Context, wanted string) (interpreter string, err error) {
	parts := requirement.FindStringSubmatch(wanted)
	if parts == nil {
		return "", fmt.Errorf("the Python package %q: allowed is name==version", wanted)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("installing %s: %w", wanted, err)
		}
	}()
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "salesburst")
	folder := filepath.Join(cache, "python-"+parts[1]+"-"+parts[3])
	interpreter = filepath.Join(folder, "bin", "python")
	if _, err := os.Stat(folder); err == nil {
		return interpreter, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	// It is made beside its place: nobody sees a part of it.
	made, err := os.MkdirTemp(cache, "python-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	for _, args := range [][]string{
		{"python3", "-m", "venv", made}, // on Debian: apt-get install python3-venv
		{filepath.Join(made, "bin", "python"), "-m", "pip", "-q", "install", wanted},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	if err := os.Rename(made, folder); err != nil {
		if _, there := os.Stat(folder); there != nil { // nobody else has made it meanwhile
			return "", err
		}
	}
	return interpreter, nil
}
