package publish

import (
	"context"
	"errors"
	"time"
)

// abortTime is kept free before the deadline for taking back what was written: readers
// would wait for it until the transaction's timeout. Where a commit is in doubt, it is for
// finding out.
const abortTime = 500 * time.Millisecond

// transact publishes within a transaction, and begins anew where one has to be given up
// that another can replace.
func (p *Publisher) transact(ctx context.Context, key Key, stream Stream, leaders routes) (Result, error) {
	deadline, _ := ctx.Deadline() // Publish has set one
	left := time.Until(deadline)
	work, cancel := context.WithDeadline(ctx, deadline.Add(-min(abortTime, left/4)))
	defer cancel()
	var total, doubted Result // doubted: of a try whose wish to commit may have come true
	var open *transaction     // the last that the broker may have something of
	for {
		t := newTransaction(p.cfg.Topic, key, p.cfg.Delivery == ExactlyOnce, time.Until(deadline))
		res, err := p.try(work, t, stream, leaders)
		total.Requests += res.Requests
		total.Retries += res.Retries
		if t.begun {
			open = t
		}
		switch {
		case t.doubtful:
			doubted = res
		case t.verified && err != nil:
			doubted = Result{} // this try saw that the one before had not
		}
		if err == nil {
			if res.Skipped && doubted.Events > 0 {
				res = doubted // it had
			}
			res.Requests, res.Retries = total.Requests, total.Retries
			return res, nil
		}
		anew := errors.Is(err, errAnew) || t.doubtful && t.ledger && !errors.Is(err, ErrFenced)
		if anew && sleep(work, minBackoff) == nil {
			if leaders, err = p.connect(work); err == nil {
				continue
			}
		}
		if doubted.Events > 0 && t.ledger && !errors.Is(err, ErrFenced) && p.committed(ctx, key) {
			doubted.Requests, doubted.Retries = total.Requests, total.Retries
			return doubted, nil
		}
		if doubted.Events == 0 && open != nil && !errors.Is(err, ErrFenced) {
			p.abort(ctx, open)
		}
		total.InDoubt = doubted.Events
		return total, err
	}
}

// try publishes within one transaction. Its result after an error is what would be in
// Kafka if the transaction was committed after all.
func (p *Publisher) try(ctx context.Context, t *transaction, stream Stream, leaders routes) (Result, error) {
	there, err := p.begin(ctx, t)
	if err != nil || there {
		return Result{Skipped: there}, err
	}
	f := p.feed(stream, leaders)
	defer f.stop()
	d := newDispatcher(p, f, leaders, t)
	d.producer = t.producer
	if err := d.run(ctx); err != nil {
		return d.result, err
	}
	return d.result, p.persist(ctx, "committing transaction "+t.id, t.commit)
}

// begin begins a transaction, and with a ledger reports whether that has the burst.
func (p *Publisher) begin(ctx context.Context, t *transaction) (there bool, err error) {
	if err := p.persist(ctx, "beginning transaction "+t.id, t.begin); err != nil || !t.ledger {
		return false, err
	}
	err = p.persist(ctx, "reading ledger "+t.id, func(ctx context.Context, l *link) (err error) {
		there, err = t.read(ctx, l)
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
func (p *Publisher) abort(ctx context.Context, t *transaction) {
	ctx, cancel := finally(ctx)
	defer cancel()
	_ = p.persist(ctx, "aborting", t.abort)
}

// committed reports whether a commit that is in doubt is known to have come true. It ends
// the transaction where it has not.
func (p *Publisher) committed(ctx context.Context, key Key) bool {
	ctx, cancel := finally(ctx)
	defer cancel()
	there, err := p.begin(ctx, newTransaction(p.cfg.Topic, key, true, abortTime))
	return err == nil && there
}
