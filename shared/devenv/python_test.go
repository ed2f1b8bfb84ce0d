package devenv

import "testing"

func TestPythonRefuses(t *testing.T) {
	for _, wanted := range []string{"", "river", "river>=1", "../river==1.0", "river==1.0 six==1.17.0"} {
		if python, err := Python(t.Context(), wanted); err == nil {
			t.Errorf("%q gives %s", wanted, python)
		}
	}
}
