package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"salesburst/dataset"
	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/market"
	"salesburst/shared/sale"
)

// The channels, in the order of contract.Functions.
const (
	online = iota
	stores
	channels
)

const day = 24 * time.Hour

// simulation sells.
type simulation struct {
	options
	ctx    context.Context
	market *market.Market
	bar    *progressbar.ProgressBar // nil: none is drawn
}

func newSimulation(ctx context.Context, o options) (*simulation, error) {
	m, err := market.New(dataset.Default())
	if err != nil {
		return nil, err
	}
	s := &simulation{options: o, ctx: ctx, market: m}
	if f, ok := o.progress.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.bar = progressbar.NewOptions(2*(o.days+1)+10*o.minutes+2*60*o.queried, progressbar.OptionSetWriter(f),
			progressbar.OptionSetDescription("selling"), progressbar.OptionSetWidth(40),
			progressbar.OptionClearOnFinish())
	}
	return s, nil
}

func (s *simulation) step(n int) {
	if s.bar != nil {
		_ = s.bar.Add(n) // what cannot be drawn is not needed
	}
}

// burst is a schedule's, of the time before end.
func (s *simulation) burst(c, mean int, end time.Time, over time.Duration) (*burst.Burst, error) {
	return burst.New(s.market, burst.Request{
		Channel: contract.Functions()[c].Channel, Origin: "portrait", At: end, Over: over, Mean: mean, Follows: true,
	})
}

// sell sells from a moment on, in bursts as long as each, and shows all events.
func (s *simulation) sell(c, mean int, from time.Time, length, each time.Duration, see func(*sale.Sale) error) error {
	for end := from.Add(each); !end.After(from.Add(length)); end = end.Add(each) {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		b, err := s.burst(c, mean, end, each)
		if err != nil {
			return fmt.Errorf("selling until %s: %w", end.Format(time.RFC3339), err)
		}
		var event sale.Sale
		for i := range b.Len() {
			b.At(i, &event)
			if err := see(&event); err != nil {
				return err
			}
		}
	}
	return nil
}

// portrait is what was seen of the market.
type portrait struct {
	*year
	minutes   *minutes
	scenarios []scenario
	shares    [channels]float64 // of orders, in percent, that new customers ought to place
	rates     [channels]int
}

func (s *simulation) portrait() (*portrait, error) {
	p := &portrait{year: newYear(s.from, s.days), rates: [channels]int{s.online, s.stores}}
	for c, mean := range p.rates {
		for d := range s.days + 1 { // the last local day ends when the next one has begun in London
			err := s.sell(c, mean, s.from.Add(time.Duration(d)*day), day, day, func(e *sale.Sale) error {
				p.see(c, e)
				return nil
			})
			if err != nil {
				return nil, err
			}
			p.endOfDay()
			s.step(1)
		}
		conditions, err := s.conditions(c, mean, s.from, time.Minute)
		if err != nil {
			return nil, err
		}
		f := conditions.Following()
		p.shares[c] = 100 * float64(f.New) / float64(f.Once+f.Orders)
		if c == online {
			new := conditions.Newcomers(-365*day.Milliseconds(), 0)
			for i := range new.Len() {
				p.customers.known = append(p.customers.known, conditions.CustomerID(new.At(i)))
			}
		}
	}
	var err error
	if p.minutes, err = s.look(); err != nil {
		return nil, err
	}
	p.scenarios, err = s.troubled()
	return p, err
}

func (s *simulation) conditions(c, mean int, from time.Time, length time.Duration) (*market.Conditions, error) {
	return s.market.NewConditions(market.Query{
		Channel: contract.Functions()[c].Channel, From: from, To: from.Add(length), Mean: mean,
	})
}
