package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/local/emulator"
	"salesburst/shared/local/web"
)

// history is the sales before the start.
type history struct {
	length   time.Duration // whole slots, one or more
	schedule *emulator.Schedule
	cluster  *cluster
	consumer *consumer
	store    *store
	live     *web.Live
	tally    *tally
	ui       *terminal
}

// publish publishes the slots up to last as fast as it can, and waits until they are
// stored. It tells a person, on the terminal and on the page, how far it is.
func (h *history) publish(ctx context.Context, last time.Time) error {
	start := time.Now()
	total := int(h.length / contract.Slot)
	h.store.replaying.Store(true)
	defer h.store.replaying.Store(false)
	bar := h.ui.progress("history", total, "min")
	h.live.SetLoading(0, total)
	h.schedule.CatchUp(ctx, last.Add(-h.length), last, func(done int) {
		bar.set(done)
		h.live.SetLoading(done, total)
	})
	bar.end()
	published := time.Since(start)
	if ctx.Err() != nil {
		return nil
	}
	if err := h.readBack(ctx); err != nil {
		return err
	}
	h.ui.line("history: %s events published in %.1f s and on the page after %.1f s",
		counted(h.tally.totals().Published), published.Seconds(), time.Since(start).Seconds())
	return nil
}

// readBackTimeout is how long the consumer may take for what it has not read yet.
const readBackTimeout = 2 * time.Minute

// readBack waits until all that is in the topic is stored.
func (h *history) readBack(ctx context.Context) error {
	ends, err := h.cluster.ends(ctx)
	if err != nil {
		return orInterrupted(ctx, fmt.Errorf("reading back: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, readBackTimeout)
	defer cancel()
	if err := h.consumer.waitFor(ctx, ends); errors.Is(err, context.DeadlineExceeded) {
		h.ui.line("reading back took more than %v and was given up", readBackTimeout)
	}
	return nil
}
