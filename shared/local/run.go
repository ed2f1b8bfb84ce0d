// Package local runs the whole pipeline on this machine: the functions of the cloud on
// their schedule, a Kafka broker, a consumer that brings the events into a table, and a
// page with the live dashboards.
//
// Start with [Main], which is the program, and run in this file, which is how its parts
// hang together:
//
//	schedule ──▶ app.Handler ──▶ Kafka ──▶ consumer ──▶ table ──▶ live ──▶ page
//	                  └─────── reports ──▶ tally ◀──┘
//
// With -stack Kafka is a real one, and Druid takes the place of the table.
//
// The tally counts what the functions say they published against what came back.
package local

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"salesburst/dataset"
	"salesburst/shared/app"
	"salesburst/shared/contract"
	"salesburst/shared/credentials"
	"salesburst/shared/devenv"
	"salesburst/shared/local/columnstore"
	"salesburst/shared/market"
	"salesburst/shared/publish"
)

// Env is what the program has of the world around it.
type Env struct {
	Args   []string // without the program's name
	Getenv func(string) string
	Stdout io.Writer
	Stderr io.Writer
	Now    func() time.Time
}

// Main runs the program until SIGINT or SIGTERM and returns its status: 0, 1 where
// something is wrong, 2 where the command line is.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, Env{Args: os.Args[1:], Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now})
}

// Run is Main in a given environment, until ctx ends.
func Run(ctx context.Context, env Env) int {
	o, err := parseFlags(env.Args, env.Getenv, env.Stdout)
	if err == nil {
		err = run(ctx, o, env)
	}
	var usage *usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(env.Stderr, "local: %v\n", err)
		return 2
	case errors.Is(err, errIncomplete):
		return 1 // the last line says it
	}
	fmt.Fprintf(env.Stderr, "local: %v\n", err)
	return 1
}

// errIncomplete is a run of -once in which not every event came back exactly once.
var errIncomplete = errors.New("events are missing or duplicated")

// handlersPerFunction is how many instances of each function there are. The history is
// published by all of them at the same time, and a long spike takes one of them and
// leaves the others to the schedule.
const handlersPerFunction = 2

// session is one run of the program.
type session struct {
	o         options
	env       Env
	ui        *terminal
	cluster   *cluster
	servers   *servers // nil: none but the cluster
	clock     *clock
	functions []*function
	tally     *tally
	table     *columnstore.Table // nil: Druid has the events
	replaying atomic.Bool        // what comes in is a history
	consumer  *consumer
	live      *live
}

func run(ctx context.Context, o options, env Env) (err error) {
	s := &session{o: o, env: env, ui: newTerminal(env.Stderr), tally: newTally()}
	settings, err := functionSettings(o, env.Getenv)
	if err != nil {
		return err
	}
	catalogue, err := openCatalogue(o.catalogue, s.ui)
	if err != nil {
		return err
	}
	m, err := market.New(catalogue)
	if err != nil {
		return fmt.Errorf("-catalogue: %w", err)
	}
	out, closeOut, err := openOut(o.out, env.Stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOut()) }()
	if o.snapshot != "" {
		if err := os.MkdirAll(o.snapshot, 0o755); err != nil {
			return fmt.Errorf("-snapshot: cannot make %s: %w", o.snapshot, cause(err))
		}
	}
	var listener net.Listener
	if !o.once && o.snapshot == "" {
		if listener, err = net.Listen("tcp", o.listen); err != nil {
			return fmt.Errorf("cannot listen on %s (%w); choose another address with -listen, as in -listen 127.0.0.1:8081", o.listen, cause(err))
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
	s.clock = newClock(env.Now, lag, o.speed)
	closeFunctions, err := s.makeFunctions(m, settings)
	if err != nil {
		return err
	}
	defer closeFunctions()
	closeSource, err := s.openSource()
	if err != nil {
		return err
	}
	defer closeSource()
	if s.consumer, err = newConsumer(s.cluster, start, s.tally, s.keep, out); err != nil {
		return err
	}
	var page http.Handler
	if listener != nil {
		if page, err = newPage(s.choices(m, catalogue), s.live, s.functions, s.invokeByPerson, o.listen); err != nil {
			return err
		}
	}
	return s.run(ctx, listener, page)
}

// openCluster finds or starts the brokers that the options name.
func (s *session) openCluster(ctx context.Context) (closeCluster func() error, err error) {
	var broker io.Closer
	switch {
	case len(s.o.brokers) > 0:
		s.cluster = existing(s.o)
		return func() error { return nil }, nil
	case s.o.stack:
		s.cluster, s.servers, err = startServers(ctx, s.o.topic, s.ui)
		broker = s.servers
	default:
		s.cluster, broker, err = startBroker(s.o.topic)
	}
	if err != nil {
		return nil, err
	}
	return broker.Close, nil
}

// openSource opens what answers the dashboards' questions.
func (s *session) openSource() (closeSource func(), err error) {
	if s.servers != nil {
		druid := s.servers.druid
		g, err := newGateway(druid.Gateway, devenv.GatewayUser, credentials.New(druid.Password), druid.CA)
		if err != nil {
			return nil, err
		}
		s.live = newLive(g, s.o.topic, s.clock, druidPause, s.ui.problem)
		return func() {}, nil
	}
	if s.table, err = columnstore.Open(s.o.topic, s.clock.Now); err != nil {
		return nil, err
	}
	s.live = newLive(s.table, s.o.topic, s.clock, 0, s.ui.problem)
	return func() { s.table.Close() }, nil
}

// druidPause is how long a page leaves Druid alone between two rounds.
const druidPause = 4 * time.Second

// keep keeps what the consumer has read. Now is when it arrived; but that of a history is
// when its schedule would have sent it.
func (s *session) keep(rows []columnstore.Row) error {
	if s.table == nil {
		return nil
	}
	now, replaying := s.clock.Now(), s.replaying.Load()
	for i := range rows {
		arrived := now
		if replaying {
			arrived = time.UnixMilli(rows[i].At).Truncate(contract.Slot).Add(contract.Slot)
		}
		rows[i].Arrived(arrived.UnixMilli())
	}
	return s.table.Add(rows)
}

// functionSettings are what the functions' environment says, here as in the cloud.
func functionSettings(o options, getenv func(string) string) (map[string]app.Settings, error) {
	all := make(map[string]app.Settings)
	for _, f := range contract.Functions() {
		settings, err := app.FromEnv(f, func(name string) string {
			switch name {
			case contract.EnvTopic:
				return o.topic
			case contract.EnvSecretARN:
				return "none" // the credentials are given
			}
			return getenv(name)
		})
		var invalid *app.InvalidSetting
		switch {
		case errors.As(err, &invalid) && invalid.Variable == contract.EnvTopic:
			return nil, wrong("topic", invalid.Value, invalid.Allowed)
		case errors.As(err, &invalid):
			return nil, invalid // one of them is enough for a person to begin with
		case err != nil:
			return nil, err
		}
		all[f.Name] = settings
	}
	return all, nil
}

// makeFunctions makes the handlers that run in the cloud too; only where their
// settings and credentials come from differs.
func (s *session) makeFunctions(m *market.Market, settings map[string]app.Settings) (closeAll func(), err error) {
	var handlers []*app.Handler
	closeAll = func() {
		for _, h := range handlers {
			h.Close()
		}
	}
	for _, f := range contract.Functions() {
		var instances []invoker
		for range handlersPerFunction {
			h, err := app.New(app.Config{
				Function:    f,
				Settings:    settings[f.Name],
				Market:      m,
				Credentials: s.cluster.credentials(),
				Broker:      publish.Config{TLS: s.cluster.tls},
				Now:         s.clock.Now,
				Log:         io.Discard, // what goes wrong comes back as an error
				Metrics:     io.Discard,
			})
			if err != nil {
				closeAll()
				return nil, err
			}
			handlers = append(handlers, h)
			instances = append(instances, h)
		}
		s.functions = append(s.functions, newFunction(f.Name, instances...))
	}
	return closeAll, nil
}

// run publishes and consumes until ctx ends, or with -once until all is read back.
func (s *session) run(ctx context.Context, listener net.Listener, page http.Handler) error {
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
	if page != nil {
		wg.Go(func() {
			if err := serve(ctx, listener, page); err != nil {
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
		rows, err := s.servers.awaitRows(context.WithoutCancel(ctx), int64(s.tally.totals().Published))
		if err != nil {
			return err
		}
		s.ui.line("Druid has %s events", counted(rows))
		if rows != int64(s.tally.totals().Published) {
			return errIncomplete
		}
	}
	return s.conclude()
}

// publish runs the schedule: the history, and then live.
func (s *session) publish(ctx context.Context) error {
	plan := &schedule{functions: s.functions, clock: s.clock, invoke: s.invokeByClock}
	last := s.clock.Now().Truncate(contract.Slot)
	if s.o.snapshot != "" {
		s.live.end = last // publishing may take minutes
	}
	if s.o.speed == 1 && s.o.history > 0 {
		if err := s.publishHistory(ctx, plan, last); err != nil {
			return err
		}
	}
	if !s.o.once && s.o.snapshot == "" {
		go s.forgetOld(ctx)
		plan.live(ctx, last)
	}
	return nil
}

func (s *session) publishHistory(ctx context.Context, plan *schedule, last time.Time) error {
	start := time.Now()
	total := int(s.o.history / contract.Slot)
	s.replaying.Store(true)
	defer s.replaying.Store(false)
	bar := s.ui.progress("history", total, "min")
	var mu sync.Mutex
	done := 0
	s.live.setLoading(progress{0, total})
	plan.catchUp(ctx, last.Add(-s.o.history), last, func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		bar.set(done)
		s.live.setLoading(progress{done, total})
	})
	bar.end()
	published := time.Since(start)
	if ctx.Err() != nil {
		return nil
	}
	if err := s.readBack(ctx); err != nil {
		return err
	}
	s.ui.line("history: %s events published in %.1f s and on the page after %.1f s",
		counted(s.tally.totals().Published), published.Seconds(), time.Since(start).Seconds())
	return nil
}

// readBackTimeout is how long the consumer may take for what it has not read yet.
const readBackTimeout = 2 * time.Minute

// readBack waits until all that is in the topic is stored.
func (s *session) readBack(ctx context.Context) error {
	ends, err := s.cluster.ends(ctx)
	if err != nil {
		return orInterrupted(ctx, fmt.Errorf("reading back: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, readBackTimeout)
	defer cancel()
	if err := s.consumer.waitFor(ctx, ends); errors.Is(err, context.DeadlineExceeded) {
		s.ui.line("reading back took more than %v and was given up", readBackTimeout)
	}
	return nil
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

// forgetOld keeps the table at the size of the history.
func (s *session) forgetOld(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(contract.Slot):
		}
		if s.table != nil {
			keep := max(s.o.history, time.Hour) + 5*time.Minute
			s.table.Forget(s.clock.Now().Add(-keep))
		}
	}
}

// snapshot writes the pictures when all that was published can be seen.
func (s *session) snapshot(ctx context.Context) error {
	if s.servers != nil {
		if _, err := s.servers.awaitRows(ctx, int64(s.tally.totals().Published)); err != nil {
			return err
		}
	}
	return s.live.snapshot(ctx, s.o.snapshot, s.ui)
}

func (s *session) invokeByClock(ctx context.Context, f *function, payload []byte) {
	if _, err := invoke(ctx, f, payload, s.tally); err != nil && ctx.Err() == nil {
		s.ui.problem(fmt.Errorf("%s: %w", describe(f, payload), err))
	}
}

// invokeByPerson goes on when the person has left, as Lambda does.
func (s *session) invokeByPerson(ctx context.Context, f *function, payload []byte) ([]byte, error) {
	return invoke(ctx, f, payload, s.tally)
}

// conclude writes the last line.
func (s *session) conclude() error {
	t := s.tally.totals()
	if t.Skipped > 0 {
		s.ui.line("%s bursts were skipped: they are in the topic already", counted(t.Skipped))
	}
	if s.o.once {
		w := s.env.Stdout
		if s.o.out == "-" {
			w = s.env.Stderr
		}
		fmt.Fprintf(w, "published %d, read back %d, missing %d, duplicated %d\n", t.Published, t.Stored, t.Missing, t.Duplicated)
		if t.Missing > 0 || t.Duplicated > 0 || t.Stored != t.Published || t.Published+t.Skipped == 0 {
			return errIncomplete
		}
		return nil
	}
	line := fmt.Sprintf("ended: %s events published in %s bursts, %s stored, %d missing, %d duplicated",
		counted(t.Published), counted(t.Bursts), counted(t.Stored), t.Missing, t.Duplicated)
	if t.Foreign > 0 {
		line += fmt.Sprintf(", %d by others in the same topic", t.Foreign)
	}
	if t.Unreadable > 0 {
		line += fmt.Sprintf(", %d records were no events", t.Unreadable)
	}
	s.ui.line("%s", line)
	return nil
}

func (s *session) choices(m *market.Market, c *dataset.Catalogue) choices {
	out := choices{Brands: brands(c)}
	for _, f := range s.functions {
		out.Functions = append(out.Functions, f.name)
	}
	for _, sc := range market.Scenarios() {
		out.Scenarios = append(out.Scenarios, scenarioChoice{sc.Name, sc.Summary})
	}
	return out
}

// orInterrupted leaves out what only happened because ctx has ended.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// serve serves page until ctx ends, and then ends every connection.
func serve(ctx context.Context, l net.Listener, page http.Handler) error {
	server := &http.Server{
		Handler:           page,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the page: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if server.Shutdown(last) != nil {
		server.Close()
	}
	return nil
}
