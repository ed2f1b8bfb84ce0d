package publish

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"salesburst/shared/contract"
)

var kinds = []error{ErrAuth, ErrUnknownTopic, ErrTooLarge, ErrRetryable, ErrFenced, ErrTooOld, ErrPartial, ErrInvalid,
	ErrUnsupported, errRefused}

// An error has one kind, which callers branch on, is still what it was, and says what to do where its
// own words do not.
func TestKindsOfErrors(t *testing.T) {
	notTLS := tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}
	for _, c := range []struct {
		err  error
		kind error
		says string // besides
	}{
		{io.ErrUnexpectedEOF, ErrRetryable, ""},
		{kafka.SASLAuthenticationFailed, ErrAuth, "check the API key and its secret"},
		{kafka.TopicAuthorizationFailed, ErrAuth, "lacks WRITE and DESCRIBE on it"},
		{kafka.TransactionalIDAuthorizationFailed, ErrAuth, "transactional ids that begin with " + contract.Prefix},
		{kafka.GroupAuthorizationFailed, ErrAuth, "READ on groups that begin with " + contract.Prefix},
		{kafka.ClusterAuthorizationFailed, ErrAuth, ""},
		{kafka.UnsupportedSASLMechanism, ErrAuth, ""},
		{kafka.IllegalSASLState, ErrAuth, ""},
		{kafka.UnknownTopicOrPartition, ErrUnknownTopic, ""},
		{kafka.InvalidTopic, ErrUnknownTopic, ""},
		{kafka.MessageSizeTooLarge, ErrTooLarge, ""},
		{kafka.RecordListTooLarge, ErrTooLarge, ""},
		{kafka.OutOfOrderSequenceNumber, ErrFenced, ""},
		{kafka.InvalidProducerEpoch, ErrFenced, ""},
		{kafka.UnknownProducerId, ErrFenced, ""},
		{kafka.ProducerFenced, ErrFenced, ""},
		{kafka.InvalidTransactionState, ErrFenced, ""},
		{kafka.InvalidProducerIDMapping, ErrFenced, ""},
		{kafka.ConcurrentTransactions, ErrRetryable, ""},
		{kafka.ReplicaNotAvailable, ErrRetryable, ""},
		{kafka.BrokerNotAvailable, ErrRetryable, ""},
		{kafka.NotLeaderForPartition, ErrRetryable, ""},
		{kafka.GroupCoordinatorNotAvailable, ErrRetryable, ""},
		{kafka.NotEnoughReplicas, ErrRetryable, ""},
		{kafka.InvalidTimestamp, errRefused, "compare the clocks"},
		{kafka.PolicyViolation, errRefused, ""},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, ErrInvalid, "certificate is not trusted"},
		{x509.UnknownAuthorityError{}, ErrInvalid, "certificate is not trusted"},
		{&tls.CertificateVerificationError{Err: errors.New("expired")}, ErrInvalid, "certificate is not trusted"},
		{notTLS, ErrInvalid, "does not speak TLS"},
	} {
		given := fmt.Errorf("asking: %w", c.err)
		err := kind(given)
		for _, k := range kinds {
			if errors.Is(err, k) != (k == c.kind) {
				t.Errorf("%v is %v: %v", err, k, k != c.kind)
			}
		}
		if !errors.Is(err, given) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v became %v, want that it says %q", given, err, c.says)
		}
		if _, word := c.err.(kafka.Error); word && c.says == "" && !strings.HasSuffix(err.Error(), c.err.Error()) {
			t.Errorf("%v says more than the broker", err)
		}
	}
	for _, has := range []error{ErrTooOld, ErrInvalid, ErrUnsupported, ErrRetryable} {
		given := fmt.Errorf("%w: %w", has, kafka.TopicAuthorizationFailed)
		if err := kind(given); err != given {
			t.Errorf("%v became %v", given, err)
		}
	}
}

// The answers that prove that nothing was written are these, and no others.
func TestAnswersThatProveThatNothingWasWritten(t *testing.T) {
	fenced := []kafka.Error{kafka.InvalidProducerEpoch, kafka.ProducerFenced, kafka.InvalidProducerIDMapping,
		kafka.InvalidTransactionState, kafka.TransactionalIDAuthorizationFailed, kafka.ClusterAuthorizationFailed}
	refused := append([]kafka.Error{kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.InvalidTopic,
		kafka.NotEnoughReplicas, kafka.InvalidMessage, kafka.InvalidTimestamp, kafka.InvalidRequiredAcks,
		kafka.UnsupportedForMessageFormat, kafka.PolicyViolation, kafka.TopicAuthorizationFailed,
		kafka.OutOfOrderSequenceNumber, kafka.UnknownProducerId, kafka.ConcurrentTransactions}, fenced...)
	for code := kafka.Error(-1); code < 130; code++ {
		err := fmt.Errorf("committing: %w", code)
		if got, want := provesNoCommit(err), slices.Contains(fenced, code); got != want {
			t.Errorf("a wish to commit that is answered by %d was not written: %v, want %v", code, got, want)
		}
		if got, want := provesNoAppend(code), slices.Contains(refused, code); got != want {
			t.Errorf("a batch that is answered by %d was not written: %v, want %v", code, got, want)
		}
	}
	if provesNoCommit(io.ErrUnexpectedEOF) {
		t.Error("a lost answer is taken for a proof")
	}
}
