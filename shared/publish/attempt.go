package publish

import (
	"context"
	"errors"
	"time"

	"salesburst/shared/publish/wire"
)

// abortTime is kept free before the deadline for taking back what was written: readers
// would wait for it until the transaction's timeout. Where a commit is in doubt, it is for
// finding out.
const abortTime = 500 * time.Millisecond

// attempt is one call's try at a burst in a transaction, and in others where the first has to be
// given up.
type attempt struct {
	session *session
	burst   burst
}

// doubt is a transaction whose commit may have come true, with the result if it has.
type doubt struct {
	transaction *transaction // nil: there is no doubt
	result      Result
}

// settled reports whether a doubt is settled by what a later transaction has read in the
// ledger: the burst that is there is of the transaction in doubt.
func (d doubt) settled(by *transaction) bool {
	return d.transaction != nil && by.state.writer == d.transaction.producer
}

// transact publishes within a transaction, and begins anew where one has to be given up
// that another can replace.
func transact(ctx context.Context, s *session, b burst, r routes) (Result, error) {
	a := &attempt{s, b}
	deadline, _ := ctx.Deadline() // Publish has set one
	left := time.Until(deadline)
	work, cancel := context.WithDeadline(ctx, deadline.Add(-min(abortTime, left/4)))
	defer cancel()
	var total Result
	var doubted doubt
	var open *transaction // the last that the broker may have something of
	for {
		t := newTransaction(s.cfg, b.key, time.Until(deadline))
		res, err := a.try(work, t, r)
		total.Requests += res.Requests
		total.Retries += res.Retries
		if t.begun {
			open = t
		}
		switch {
		case t.doubtful:
			doubted = doubt{t, res}
		case t.verified && err != nil:
			doubted = doubt{} // this try saw that the one before had not
		}
		if err == nil {
			if res.Skipped && doubted.settled(t) {
				res = doubted.result
			}
			res.Requests, res.Retries = total.Requests, total.Retries
			return res, nil
		}
		anew := errors.Is(err, errAnew) || t.doubtful && t.ledger && !errors.Is(err, ErrFenced)
		if anew && sleep(work, minBackoff) == nil {
			if r, err = s.connect(work); err == nil {
				continue
			}
		}
		inDoubt := doubted.transaction != nil
		if inDoubt && t.ledger && !errors.Is(err, ErrFenced) {
			if found, there := a.find(ctx); there {
				res := Result{Skipped: true}
				if doubted.settled(found) {
					res = doubted.result
				}
				res.Requests, res.Retries = total.Requests, total.Retries
				return res, nil
			}
		}
		if !inDoubt && open != nil && !errors.Is(err, ErrFenced) {
			a.abort(ctx, open)
		}
		total.InDoubt = doubted.result.Events
		return total, err
	}
}

// try publishes within one transaction. Its result after an error is what would be in
// Kafka if the transaction was committed after all.
func (a *attempt) try(ctx context.Context, t *transaction, r routes) (Result, error) {
	there, err := a.begin(ctx, t)
	if err != nil || there {
		return Result{Skipped: there}, err
	}
	res, err := dispatch(ctx, a.session, a.burst, r, t.producer, t)
	if err != nil {
		return res, err
	}
	return res, a.session.retry(ctx, "committing transaction "+t.id, t.commit)
}

// begin begins a transaction, and with a ledger reports whether that has the burst.
func (a *attempt) begin(ctx context.Context, t *transaction) (there bool, err error) {
	if err := a.session.retry(ctx, "beginning transaction "+t.id, t.begin); err != nil || !t.ledger {
		return false, err
	}
	err = a.session.retry(ctx, "reading ledger "+t.id, func(ctx context.Context, c *wire.Conn) (err error) {
		there, err = t.read(ctx, c)
		return err
	})
	return there, err
}

// finally returns a context for what is done when the work is over, by the deadline.
func finally(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(abortTime)
	if deadline, has := ctx.Deadline(); has && deadline.Before(end) {
		end = deadline
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}

// abort takes back what was written, if there is time for it. It is a kindness to readers
// only: the next attempt or the broker's clock does it too.
func (a *attempt) abort(ctx context.Context, t *transaction) {
	ctx, cancel := finally(ctx)
	defer cancel()
	_ = a.session.retry(ctx, "aborting", t.abort)
}

// find reports whether the burst is there, where a commit is in doubt. It ends the transaction
// that is in doubt where that was not committed.
func (a *attempt) find(ctx context.Context) (t *transaction, there bool) {
	ctx, cancel := finally(ctx)
	defer cancel()
	t = newTransaction(a.session.cfg, a.burst.key, abortTime)
	there, err := a.begin(ctx, t)
	return t, err == nil && there
}
