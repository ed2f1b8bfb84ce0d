package app

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"salesburst/shared/contract"
)

// What Go takes from a type's name or from a tag is as the contract has it.
func TestTagsAreTheContracts(t *testing.T) {
	if name := reflect.TypeFor[InvalidTrigger]().Name(); name != contract.InvalidTrigger {
		t.Errorf("the state machine knows %s, the type is called %s", contract.InvalidTrigger, name)
	}
	var tags []string
	for i := range reflect.TypeFor[manualOrder]().NumField() {
		tag, _, _ := strings.Cut(reflect.TypeFor[manualOrder]().Field(i).Tag.Get("json"), ",")
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	want := slices.Sorted(slices.Values(contract.RequestFields))
	if !slices.Equal(tags, want) {
		t.Errorf("an order that is asked for again has the fields %v, the contract has %v", tags, want)
	}
	id, _ := reflect.TypeFor[Report]().FieldByName("BurstID")
	if tag := id.Tag.Get("json"); tag != contract.ReportBurstID {
		t.Errorf("the state machine reads %s, the report has %s", contract.ReportBurstID, tag)
	}
}
