package credentials

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// Times of the cache.
const (
	MaxAge       = 15 * time.Minute // of cached credentials; they are fetched again then, unless that fails
	FetchTimeout = 5 * time.Second  // for one call, the SDK's retries included
	retryAfter   = time.Minute      // where credentials that grew too old could not be fetched again
)

// The kinds of errors beside [ErrMalformed]; see [errors.Is].
var (
	ErrNotFound    = errors.New("not found")
	ErrDenied      = errors.New("access denied")
	ErrUnavailable = errors.New("no answer from Secrets Manager")
	ErrARN         = errors.New("not the ARN of a secret")
)

// Fetch reads the current value of the secret.
type Fetch func(ctx context.Context) (string, error)

// Source keeps the credentials that it fetched. It is safe for concurrent use.
type Source struct {
	arn   string
	fetch Fetch
	now   func() time.Time

	mu      sync.Mutex
	have    bool
	cached  Credentials
	expires time.Time
	flight  *flight // nil: nothing is being fetched
}

// flight is one call that everybody who wants the secret at that moment waits for.
type flight struct {
	done  chan struct{}
	creds Credentials
	err   error
}

// FromAWS makes a Source of the secret with this ARN. The region is the ARN's; all
// else is configured by the environment as in every AWS program. It makes no call.
// The error is an ErrARN, or tells what is wrong in the environment.
func FromAWS(ctx context.Context, secretARN string, now func() time.Time) (*Source, error) {
	a, err := arn.Parse(secretARN)
	if err != nil || a.Service != "secretsmanager" || a.Region == "" || a.Resource == "" {
		return nil, fmt.Errorf("%q: %w: want arn:aws:secretsmanager:<region>:<account>:secret:<name>", secretARN,
			ErrARN)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(a.Region))
	if err != nil {
		return nil, fmt.Errorf("configuring the AWS SDK: %w", err)
	}
	client := secretsmanager.NewFromConfig(cfg)
	return NewSource(secretARN, func(ctx context.Context) (string, error) {
		out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretARN)})
		if err != nil {
			return "", explain(err)
		}
		if out.SecretString == nil {
			return "", fmt.Errorf("%w: the secret is binary; store it as text, %s", ErrMalformed, Shape)
		}
		return *out.SecretString, nil
	}, now), nil
}

// NewSource makes a Source; name stands in its errors.
func NewSource(name string, fetch Fetch, now func() time.Time) *Source {
	return &Source{arn: name, fetch: fetch, now: now}
}

// Get returns the cached credentials, or fetches them where there are none. Those
// older than MaxAge are fetched again; when that fails, they serve for another minute.
func (s *Source) Get(ctx context.Context) (Credentials, error) {
	s.mu.Lock()
	creds, have, fresh := s.cached, s.have, s.now().Before(s.expires)
	s.mu.Unlock()
	if have && fresh {
		return creds, nil
	}
	newer, err := s.Refresh(ctx)
	if err != nil && have {
		s.mu.Lock()
		s.expires = s.now().Add(retryAfter)
		s.mu.Unlock()
		return creds, nil
	}
	return newer, err
}

// Refresh fetches the credentials anew. Concurrent calls share one fetch; an error
// leaves what is cached in its place. It returns when ctx ends, even if the fetch,
// which others may wait for, goes on for the rest of FetchTimeout.
func (s *Source) Refresh(ctx context.Context) (Credentials, error) {
	s.mu.Lock()
	f := s.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		s.flight = f
		go s.run(context.WithoutCancel(ctx), f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.creds, f.err
	case <-ctx.Done():
		return Credentials{}, fmt.Errorf("reading secret %s: %w: %w", s.arn, ErrUnavailable, context.Cause(ctx))
	}
}

func (s *Source) run(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, FetchTimeout)
	defer cancel()
	text, err := s.fetch(ctx)
	if err == nil {
		f.creds, err = Parse(text)
	}
	if err != nil {
		f.err = fmt.Errorf("reading secret %s: %w", s.arn, err)
	}
	s.mu.Lock()
	s.flight = nil
	if f.err == nil {
		s.have, s.cached, s.expires = true, f.creds, s.now().Add(MaxAge)
	}
	s.mu.Unlock()
	close(f.done)
}

// explain marks an error of the SDK with its kind and says what to do.
func explain(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%w: check the function's network (a VPC needs a NAT gateway or an endpoint for Secrets "+
			"Manager): %w", ErrUnavailable, err)
	}
	says := api.ErrorCode() + ": " + api.ErrorMessage()
	switch api.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: create the secret or correct SECRET_ARN (%s)", ErrNotFound, says)
	case "InvalidRequestException": // among others: it is marked for deletion
		return fmt.Errorf("%w: restore the secret or give it a value (%s)", ErrNotFound, says)
	case "AccessDeniedException":
		return fmt.Errorf("%w: the function's role needs secretsmanager:GetSecretValue on exactly this ARN (%s)",
			ErrDenied, says)
	case "DecryptionFailure":
		return fmt.Errorf("%w: the function's role needs kms:Decrypt on the secret's key (%s)", ErrDenied, says)
	case "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException", "IncompleteSignature":
		return fmt.Errorf("%w: AWS does not accept this process's own credentials (%s)", ErrDenied, says)
	}
	return fmt.Errorf("%w: try again (%s)", ErrUnavailable, says)
}
