package local

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/app"
)

// invokeFunc invokes a function and takes its report into account.
type invokeFunc func(ctx context.Context, f *function, payload []byte) ([]byte, error)

// functionTimeout is what one invocation may take, as Lambda's limit.
const functionTimeout = 15 * time.Minute

// invoke does what Lambda does around a handler, and notes in the tally what the
// report says.
func invoke(ctx context.Context, f *function, payload []byte, t *tally) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, functionTimeout)
	defer cancel()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: rand.Text()})
	answer, err := f.Invoke(ctx, payload)
	if report, known := reportOf(answer, err); known {
		t.report(report)
	}
	return answer, err
}

// reportOf finds the report of an invocation that went well or partly well.
func reportOf(answer []byte, err error) (r app.Report, ok bool) {
	var partly *app.PartlyPublished
	switch {
	case errors.As(err, &partly):
		return partly.Report, true
	case err != nil:
		return r, false
	}
	return r, json.Unmarshal(answer, &r) == nil && r.BurstID != ""
}

// errorKind gives an error the name that Lambda gives it, and a status: 400 where the
// trigger is to blame.
func errorKind(err error) (name string, status int) {
	var invalid *app.InvalidTrigger
	if errors.As(err, &invalid) {
		err = invalid
		status = http.StatusBadRequest
	} else {
		status = http.StatusBadGateway
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name(), status
}

func writeError(w http.ResponseWriter, status int, kind, message string) {
	body, err := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s\n", body)
}
