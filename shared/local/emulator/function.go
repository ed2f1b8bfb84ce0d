package emulator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"salesburst/shared/app"
)

// handler is what one running instance of a Lambda function is; *app.Handler is one.
type handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Function is a producer that takes several invocations at once. It is safe for
// concurrent use.
type Function struct {
	Name   string // online or store
	idle   chan handler
	report func(app.Report)
}

// timeout is what one invocation may take, as Lambda's limit.
const timeout = 15 * time.Minute

// Invoke does what Lambda does around a handler: it waits for one that is idle and
// returns its answer, the JSON of an [app.Report], or its error, an [*app.InvalidTrigger]
// where the payload is to blame.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case h := <-f.idle:
		defer func() { f.idle <- h }()
		ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: rand.Text()})
		answer, err := h.Invoke(ctx, payload)
		if report, known := reportOf(answer, err); known {
			f.report(report)
		}
		return answer, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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
