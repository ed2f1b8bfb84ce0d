package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
)

// parseLoad: how many events there are to be, and in which time.
func parseLoad(o object, order *burst.Request) (err error) {
	if o.has(contract.FieldStages) {
		return parseStages(o, order)
	}
	if o.has(contract.FieldEvents) {
		if order.Events, err = parseEvents(o, order.Of); err != nil {
			return err
		}
	}
	if o.has(contract.FieldOver) {
		order.Over, err = parseOver(o)
	}
	return err
}

// parseStages understands a load with a shape, which says both.
func parseStages(o object, order *burst.Request) error {
	for _, name := range []string{contract.FieldEvents, contract.FieldOver} {
		if o.has(name) {
			return refuse(name, "beside "+contract.FieldStages, "no such field there: the stages say it")
		}
	}
	var list []json.RawMessage
	if text := o[contract.FieldStages]; json.Unmarshal(text, &list) != nil {
		return refuse(contract.FieldStages, shorten(string(text)), fmt.Sprintf(
			`a list, as in [{"%s":"2m","%s":500},{"%[1]s":"30s","%[3]s":0}]`,
			contract.FieldOver, contract.StagePerSecond, contract.StageTo))
	}
	for i, text := range list {
		s, err := parseStage(text)
		if inv := (*InvalidTrigger)(nil); errors.As(err, &inv) {
			inv.Field = strings.TrimSuffix(fmt.Sprintf("%s[%d].%s", contract.FieldStages, i, inv.Field), ".")
			return inv
		}
		order.Stages = append(order.Stages, s)
	}
	var err error
	if order.Over, order.Events, err = burst.Sum(order.Stages); err != nil {
		return refusedBurst(err)
	}
	return nil
}

var (
	stageOver   = regexp.MustCompile(contract.StageOverPattern)
	stageFields = []string{contract.FieldOver, contract.StagePerSecond, contract.StageTo}
)

// parseStage: the field of its error is empty where it is about the stage as a whole.
func parseStage(text json.RawMessage) (s burst.Stage, err error) {
	either := fmt.Sprintf("%s, and one of %s, a step, and %s, a ramp", contract.FieldOver, contract.StagePerSecond,
		contract.StageTo)
	if text[0] != '{' {
		return s, refuse("", shorten(string(text)), "an object with "+either)
	}
	o, err := parseObject(text)
	if err != nil {
		return s, err
	}
	for _, name := range o.names() {
		if !slices.Contains(stageFields, name) {
			return s, refuse(quote(name), "is unknown", either)
		}
	}
	rate := contract.StagePerSecond
	if s.Ramp = o.has(contract.StageTo); s.Ramp {
		rate = contract.StageTo
	}
	if !o.has(contract.FieldOver) || o.has(contract.StagePerSecond) == s.Ramp {
		return s, refuse("", shorten(string(text)), either)
	}
	over, err := o.text(contract.FieldOver)
	if err != nil {
		return s, err
	}
	if s.Over, err = time.ParseDuration(over); err != nil || !stageOver.MatchString(over) {
		return s, refuse(contract.FieldOver, quote(over), "whole hours, minutes and seconds, as in 30s, 5m, 1h30m")
	}
	s.Rate, err = o.number(rate, 0, contract.MaxSpike, "")
	return s, err
}

// stage is one in an order that is asked for again.
type stage struct {
	Over      string `json:"over"`
	PerSecond *int   `json:"per_second,omitempty"`
	To        *int   `json:"to,omitempty"`
}

// stagesAgain are stages as they stand in an order.
func stagesAgain(stages []burst.Stage) (all []stage) {
	for _, s := range stages {
		again := stage{Over: s.Over.String(), PerSecond: &s.Rate}
		if s.Ramp {
			again.PerSecond, again.To = nil, &s.Rate
		}
		all = append(all, again)
	}
	return all
}
