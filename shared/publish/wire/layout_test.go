package wire

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/protocol/addoffsetstotxn"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/txnoffsetcommit"
)

// This package leans on what kafka-go does not promise. With another version, go through the
// four points of the package comment, run the tests of package publish, and change it here.
func TestVersionOfKafkaGo(t *testing.T) {
	const module, want = "github.com/segmentio/kafka-go", "v0.4.51"
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), module+" "+want+"\n") {
		t.Errorf("go.mod asks for another version of %s than %s, for which this package was written", module, want)
	}
	if strings.Contains(string(text), "replace "+module) {
		t.Errorf("%s is replaced", module)
	}
}

// The requests of our own have the fields of kafka-go's, in their order.
func TestDirectedRequestsAreLaidOutAsKafkaGos(t *testing.T) {
	for _, pair := range []struct{ ours, theirs any }{
		{initProducerID{}, initproducerid.Request{}},
		{apiVersions{}, apiversions.Request{}},
		{addPartitions{}, addpartitionstotxn.Request{}},
		{addOffsets{}, addoffsetstotxn.Request{}},
		{commitOffsets{}, txnoffsetcommit.Request{}},
		{endTransaction{}, endtxn.Request{}},
	} {
		ours, theirs := reflect.TypeOf(pair.ours), reflect.TypeOf(pair.theirs)
		if ours.NumField() != theirs.NumField()+1 {
			t.Errorf("%v has %d fields, %v has %d", ours, ours.NumField(), theirs, theirs.NumField())
			continue
		}
		for i := range theirs.NumField() {
			if a, b := ours.Field(i), theirs.Field(i); a.Name != b.Name || a.Type != b.Type {
				t.Errorf("%v: field %d is %s %v, in %v %s %v", ours, i, a.Name, a.Type, theirs, b.Name, b.Type)
			}
		}
	}
}
