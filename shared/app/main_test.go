package app_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"

	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/devenv/lambdatest"
)

// envFunction has the binary of these tests be a function.
const envFunction = "SALESBURST_TEST_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(envFunction) != "" {
		app.Main(contract.Online)
		return
	}
	os.Exit(m.Run())
}

// asFunction is how the binary of these tests becomes a function.
func asFunction(t *testing.T, secretARN string) (binary string, env []string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return binary, append(os.Environ(), envFunction+"=1", contract.EnvSecretARN+"="+secretARN)
}

func TestFunctionStarts(t *testing.T) {
	binary, env := asFunction(t, lambdatest.SecretARN)
	f := lambdatest.Run(t, nil, []string{binary}, env...)
	const says = "events 0: allowed is a whole number from 1 to 10000000, or no such field for as many as the market asks for"
	if e := f.Invoke(t, lambdatest.Invocation{Payload: `{"events":0}`}).Err(t); e.Type != contract.InvalidTrigger || e.Message != says {
		t.Errorf("it answers %+v", e)
	}
}

// What is wrong in the environment is one line, and the end.
func TestFunctionDoesNotStart(t *testing.T) {
	binary, env := asFunction(t, "")
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v, want status 1", err)
	}
	var line struct{ Level, Message, Error, Function string }
	if err := json.Unmarshal(out, &line); err != nil {
		t.Fatalf("it writes %s: %v", out, err)
	}
	const says = `SECRET_ARN "": allowed is the ARN of the secret with the Kafka credentials`
	if line.Level != "ERROR" || line.Message != "the function cannot start" || line.Error != says || line.Function != "online" {
		t.Errorf("it writes %s", out)
	}
}
