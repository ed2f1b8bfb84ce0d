package publish

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"

	"salesburst/shared/contract"
)

// The kinds of errors of Publish, for [errors.Is].
var (
	// ErrAuth: a person has to look at the credentials, or at the ACLs.
	ErrAuth = errors.New("the broker refused the credentials or the right to write")

	// ErrUnknownTopic: create the topic, or correct its name.
	ErrUnknownTopic = errors.New("unknown topic")

	// ErrTooLarge: a single record is over the topic's max.message.bytes, which has to grow.
	ErrTooLarge = errors.New("record too large")

	// ErrRetryable: publish the burst again, later; its own retries did not help in time.
	ErrRetryable = errors.New("the brokers did not answer in time")

	// ErrFenced: another attempt at the burst, or at one of the same transactional id, has taken
	// over. Publish the burst again if nobody knows how that one ended; it is skipped where it is there.
	ErrFenced = errors.New("another producer took over")

	// ErrTooOld: the ledger does not reach back to the burst, so it is not known whether it is
	// there. Count its events; nothing else tells.
	ErrTooOld = errors.New("too old to tell whether it was published")

	// ErrPartial stands beside another kind: events were acknowledged, or are in doubt. The
	// Result says how many. Above Idempotent, publish the burst again; at Idempotent that would
	// store again what is there.
	ErrPartial = errors.New("the burst was not published whole")

	// ErrInvalid: the Config or the Key has to be corrected.
	ErrInvalid = errors.New("invalid configuration")

	// ErrUnsupported: the brokers have to be updated, or less has to be promised.
	ErrUnsupported = errors.New("the brokers cannot do what is asked")
)

// errAnew is a transaction that cannot be brought to its end, where another one, from the
// beginning, may.
var errAnew = fmt.Errorf("%w: the transaction has to begin anew", ErrRetryable)

// errRefused is of no kind: the broker's word is all that there is to say.
var errRefused = errors.New("the broker refused the request")

// kind marks err with the kind that callers branch on.
func kind(err error) error {
	var code kafka.Error
	var cert *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.Is(err, ErrTooOld), errors.Is(err, ErrInvalid), errors.Is(err, ErrUnsupported),
		errors.Is(err, ErrRetryable):
		return err // has its kind
	case errors.As(err, &code):
		if hint := hints[code]; hint != "" {
			return fmt.Errorf("%w: %w; %s", kindOf(code), err, hint)
		}
		return fmt.Errorf("%w: %w", kindOf(code), err)
	case errors.As(err, &cert), errors.As(err, &unknown):
		return fmt.Errorf("%w: the broker's certificate is not trusted: %w", ErrInvalid, err)
	case errors.As(err, &notTLS):
		return fmt.Errorf("%w: the broker does not speak TLS on this port: %w", ErrInvalid, err)
	default:
		return fmt.Errorf("%w: %w", ErrRetryable, err)
	}
}

// hints say what to do about answers that do not say it themselves.
var hints = map[kafka.Error]string{
	kafka.SASLAuthenticationFailed: "check the API key and its secret",
	kafka.TopicAuthorizationFailed: "it does not exist, or the key lacks WRITE and DESCRIBE on it",
	kafka.TransactionalIDAuthorizationFailed: "grant the key WRITE and DESCRIBE on transactional ids that begin with " +
		contract.Prefix,
	kafka.GroupAuthorizationFailed: "grant the key READ on groups that begin with " + contract.Prefix,
	kafka.InvalidTimestamp: "the sales lie further ahead of the broker's clock, or behind it, than the topic allows: " +
		"compare the clocks",
}

func kindOf(code kafka.Error) error {
	switch code {
	case kafka.SASLAuthenticationFailed, kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.TransactionalIDAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.UnsupportedSASLMechanism,
		kafka.IllegalSASLState:
		return ErrAuth
	case kafka.UnknownTopicOrPartition, kafka.InvalidTopic:
		return ErrUnknownTopic
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return ErrTooLarge
	case kafka.OutOfOrderSequenceNumber, kafka.InvalidProducerEpoch, kafka.UnknownProducerId, kafka.ProducerFenced,
		kafka.InvalidTransactionState, kafka.InvalidProducerIDMapping:
		return ErrFenced
	case kafka.ConcurrentTransactions, kafka.ReplicaNotAvailable,
		kafka.BrokerNotAvailable: // kafka-go's own word for a broker that it has not heard of yet
		return ErrRetryable
	}
	if code.Temporary() {
		return ErrRetryable
	}
	return errRefused
}

// provesNoCommit reports whether a broker that answers so to the first wish to commit has
// not written it. Others may come after the writing: it was written and not replicated in
// time, or the broker lost the lead while it wrote, and then answers as one that never had it.
func provesNoCommit(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafka.InvalidProducerEpoch, kafka.ProducerFenced, kafka.InvalidProducerIDMapping,
		kafka.InvalidTransactionState,
		kafka.TransactionalIDAuthorizationFailed, kafka.ClusterAuthorizationFailed:
		return true
	}
	return false
}

// provesNoAppend reports whether a leader that answers so has not written the batch. Others
// may come after the writing: one that lost the lead while it waited for the replicas says
// that it does not lead.
func provesNoAppend(code kafka.Error) bool {
	switch code {
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.InvalidTopic, kafka.NotEnoughReplicas,
		kafka.InvalidMessage, kafka.InvalidTimestamp, kafka.InvalidRequiredAcks, kafka.UnsupportedForMessageFormat,
		kafka.PolicyViolation, kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.TransactionalIDAuthorizationFailed, kafka.OutOfOrderSequenceNumber, kafka.InvalidProducerEpoch,
		kafka.UnknownProducerId, kafka.ProducerFenced, kafka.InvalidTransactionState, kafka.InvalidProducerIDMapping,
		kafka.ConcurrentTransactions:
		return true
	}
	return false
}
