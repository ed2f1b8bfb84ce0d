package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/local/emulator"
	"salesburst/shared/local/web"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// Env is what the program has of the world around it.
type Env struct {
	Args   []string // without the program's name
	Getenv func(string) string
	Stdout io.Writer
	Stderr io.Writer
	Now    func() time.Time
}

// session is one run of the program.
type session struct {
	o         options
	env       Env
	ui        *terminal
	cluster   *cluster
	servers   *servers // nil: none but the cluster
	clock     *emulator.Clock
	functions []*emulator.Function
	tally     *tally
	store     *store
	consumer  *consumer
	incidents *emulator.Incidents
	truth     web.Truth
	live      *web.Live
	noTruth   sync.Once
	untold    error // why the truth is not in its file; guarded until the functions are closed
}

func run(ctx context.Context, o options, env Env) (err error) {
	if o.template {
		text, err := market.Template()
		fmt.Fprint(env.Stdout, text)
		return err
	}
	s := &session{o: o, env: env, ui: newTerminal(env.Stderr), tally: newTally()}
	settings, err := functionSettings(o, env.Getenv)
	if err != nil {
		return err
	}
	catalogue, err := openCatalogue(o.catalogue, o.rejects, s.ui)
	if err != nil {
		return err
	}
	m, err := openMarket(catalogue, o.market)
	if err != nil {
		return err
	}
	plan, err := openIncidents(o.incidents, m)
	if err != nil {
		return err
	}
	out, closeOut, err := openOut("out", o.out, env.Stdout)
	if err != nil {
		return err
	}
	truth, closeTruth, err := openOut("truth", o.truth, env.Stdout)
	defer func() { err = errors.Join(err, closeOut(), closeTruth(), s.untold) }()
	if err != nil {
		return err
	}
	if err := makeFolder(o.snapshot); err != nil {
		return err
	}
	var listener net.Listener
	if !o.once && o.snapshot == "" {
		if listener, err = listen(o.listen); err != nil {
			return err
		}
		defer listener.Close()
	}
	closeCluster, err := s.openCluster(ctx)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, closeCluster()) }()
	start, err := s.cluster.ends(ctx)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	lag := time.Duration(0)
	if o.speed > 1 {
		lag = o.history
	}
	s.clock = emulator.NewClock(env.Now, lag, o.speed)
	s.incidents = emulator.NewIncidents(s.clock, plan)
	functions, closeFunctions, err := emulator.Open(emulator.Config{
		Settings: settings, Market: m, Incidents: s.incidents, Twin: o.twin, Truth: s.truthTo(truth),
		Credentials: s.cluster.credentials(), TLS: s.cluster.tls, Clock: s.clock, Report: s.report,
	})
	if err != nil {
		return err
	}
	defer closeFunctions()
	s.functions = functions
	if err := s.openStore(catalogue.Currency); err != nil {
		return err
	}
	defer s.store.close()
	if s.consumer, err = newConsumer(s.cluster, start, s.tally, s.store.add, out); err != nil {
		return err
	}
	var site http.Handler
	if listener != nil {
		if site, err = web.NewSite(s.live, functions, m, o.listen); err != nil {
			return err
		}
	}
	return s.run(ctx, listener, site)
}

// others are the topics that a run needs beside its own.
func (s *session) others() (topics []string) {
	if s.o.truthTopic {
		topics = append(topics, s.o.topic+contract.TruthSuffix)
	}
	if s.o.twin {
		topics = append(topics, s.o.topic+contract.TwinSuffix)
	}
	return topics
}

// report takes in what became of a burst. That the topic of truth is missing is told once.
func (s *session) report(r app.Report) {
	s.tally.report(r)
	if r.NoTruth != "" {
		s.noTruth.Do(func() { s.ui.line("%s", r.NoTruth) })
	}
}

// truthTo returns what counts by the truth, keeps it for the page, and writes it as lines of JSON; w is nil
// where nobody wants that.
func (s *session) truthTo(w io.Writer) func([]sale.Truth) {
	var mu sync.Mutex
	return func(all []sale.Truth) {
		s.tally.learn(all)
		if !s.o.ends() {
			s.truth.Add(all)
		}
		if w == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		lines := json.NewEncoder(w)
		for _, truth := range all {
			if err := lines.Encode(truth); err != nil && s.untold == nil {
				s.untold = fmt.Errorf("-truth: cannot write: %w", cause(err))
				s.ui.problem(s.untold)
			}
		}
	}
}

// openCluster finds or starts the brokers that the options name.
func (s *session) openCluster(ctx context.Context) (closeCluster func() error, err error) {
	var broker io.Closer
	switch {
	case len(s.o.brokers) > 0:
		s.cluster = existing(s.o)
		return func() error { return nil }, nil
	case s.o.stack:
		s.cluster, s.servers, err = startServers(ctx, s.ui, s.o.topic, s.others()...)
		broker = s.servers
	default:
		s.cluster, broker, err = startBroker(s.o.topic, s.others()...)
	}
	if err != nil {
		return nil, err
	}
	return broker.Close, nil
}

// druidPause is how long a page leaves Druid alone between two rounds.
const druidPause = 4 * time.Second

// openStore opens what answers the dashboards' questions.
func (s *session) openStore(currency string) (err error) {
	s.store = &store{clock: s.clock}
	s.live = &web.Live{Topic: s.o.topic, Clock: s.clock, Fail: s.ui.problem, Currency: currency,
		Notice: s.tally.notice, Incidents: s.incidents, Truth: &s.truth}
	if s.servers != nil {
		s.live.Pause = druidPause
		s.live.Source, err = s.servers.gateway()
		return err
	}
	s.store.table, err = columnstore.Open(s.o.topic, s.clock.Now)
	s.live.Source = s.store.table
	return err
}

// run publishes and consumes until ctx ends, or with -once until all is read back.
func (s *session) run(ctx context.Context, listener net.Listener, site http.Handler) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	defer wg.Wait()

	consumerCtx, stopConsumer := context.WithCancel(context.WithoutCancel(ctx)) // it outlives the functions
	defer stopConsumer()
	wg.Go(func() {
		if err := s.consumer.run(consumerCtx); err != nil {
			cancel(err)
		}
	})
	if site != nil {
		wg.Go(func() {
			if err := web.Serve(ctx, listener, site); err != nil {
				cancel(err)
			}
		})
		s.ui.line("Live dashboards: http://%s (end with Ctrl-C)", reachable(listener.Addr()))
	}
	err := s.publish(ctx)
	if err == nil && s.o.snapshot != "" && ctx.Err() == nil {
		err = s.snapshot(ctx)
	}
	if err != nil {
		cancel(err)
	}
	s.drain(ctx)
	stopConsumer()
	cancel(nil)
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if s.o.once && s.servers != nil {
		t := s.tally.totals()
		rows, err := s.servers.awaitRows(context.WithoutCancel(ctx), t.rows())
		if err != nil {
			return err
		}
		s.ui.line("Druid has %s events%s", counted(rows), t.notInDruid())
		if rows != t.rows() {
			return errIncomplete
		}
	}
	return s.conclude()
}

// publish runs the schedule: the history, and then live.
func (s *session) publish(ctx context.Context) error {
	schedule := &emulator.Schedule{Functions: s.functions, Clock: s.clock, Fail: s.ui.problem}
	last := s.clock.Now().Truncate(contract.Slot)
	if s.o.snapshot != "" {
		s.live.End = last // publishing may take minutes
	}
	if s.o.speed == 1 && s.o.history > 0 {
		h := history{s.o.history, schedule, s.cluster, s.consumer, s.store, s.live, s.tally, s.ui}
		if err := h.publish(ctx, last); err != nil {
			return err
		}
	}
	if !s.o.once && s.o.snapshot == "" {
		go s.store.forgetOld(ctx, max(s.o.history, time.Hour)+5*time.Minute)
		schedule.Live(ctx, last)
	}
	return nil
}

// snapshot writes the pictures when all that was published can be seen.
func (s *session) snapshot(ctx context.Context) error {
	if s.servers != nil {
		if _, err := s.servers.awaitRows(ctx, s.tally.totals().rows()); err != nil {
			return err
		}
	}
	return writePictures(ctx, s.live, s.o.snapshot, s.ui)
}

// drainTimeout is what is left of the two seconds in which Ctrl-C ends the program.
const drainTimeout = time.Second

// drain gives the consumer a moment for what was published last.
func (s *session) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if ends, err := s.cluster.ends(ctx); err == nil {
		_ = s.consumer.waitFor(ctx, ends) // late events count as missing, which the last line says
	}
}

// conclude writes the last line.
func (s *session) conclude() error {
	t := s.tally.totals()
	if t.Skipped > 0 {
		s.ui.line("%s bursts were skipped: they are in the topic already", counted(t.Skipped))
	}
	if !s.o.once {
		s.ui.line("ended: %s", t)
		return nil
	}
	w := s.env.Stdout
	if s.o.out == "-" {
		w = s.env.Stderr
	}
	fmt.Fprintf(w, "published %d, read back %d, missing %d, duplicated %d%s\n",
		t.Published, t.Stored, t.Missing, t.Duplicated, t.byIncidents())
	return t.check()
}
