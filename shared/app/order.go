package app

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"salesburst/shared/burst"
	"salesburst/shared/contract"
	"salesburst/shared/publish"
)

// key names the burst for the promises above idempotent delivery. Scheduled bursts are
// numbered by their minute; the series of a schedule is its function and a hash of its
// ARN, so that several deployments can use one Kafka cluster.
//
// Another burst, or a shard of it, is a series of its own, named by what was asked and by
// nothing that a deployment changes: not by the catalogue, the market or EVENTS_PER_MINUTE,
// which are in the burst's own name. So an order that was met is skipped when it is asked for
// again, whatever was deployed in between. "-order-" keeps it apart from a schedule's hash.
//
// Nor is it named by who is asked, so that a function and its twin for spikes know each
// other's bursts. The price: two deployments that write to one topic take the same id, at
// and order for the same burst, and the second one skips it. That is what a person means who
// says the same twice; who means two bursts gives two ids, and the ids of requests differ.
// With a topic each there are two ledgers, and both publish.
func (t trigger) key(f contract.Function) publish.Key {
	if t.kind == TriggerSchedule {
		sum := sha256.Sum256([]byte(t.order.Origin))
		return publish.Key{
			Series: f.Name + "-" + hex.EncodeToString(sum[:4]),
			Number: t.order.At.Unix() / int64(contract.Slot/time.Second),
		}
	}
	sum := asked(t.order)
	return publish.Key{Series: f.Name + "-order-" + hex.EncodeToString(sum[:16])}
}

// asked is a hash over an order but for its Mean, which is the deployment's and not the
// person's, and for its incidents: with them and without it is the same burst.
func asked(o burst.Request) (sum [sha256.Size]byte) {
	o = o.Normal()
	h := sha256.New()
	numbers := []int64{o.At.UnixMilli(), o.Over.Milliseconds(), int64(o.Events), int64(o.Shard), int64(o.Of)}
	for _, s := range o.Stages { // none: the key is as it was before there were any
		ramp := int64(0)
		if s.Ramp {
			ramp = 1
		}
		numbers = append(numbers, s.Over.Milliseconds(), int64(s.Rate), ramp)
	}
	for _, n := range numbers {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	for _, s := range []string{string(o.Channel), o.Origin, folded(o.Scenario), folded(o.Brand), folded(o.Product),
		folded(o.City), folded(o.PaymentMethod)} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	h.Sum(sum[:0])
	return sum
}

// folded is the same for all that the market takes for the same name: it finds names by
// strings.EqualFold, without the space around them.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, strings.TrimSpace(name))
}

// manualOrder is the payload of a person's order with nothing left open but how much the
// market demands.
type manualOrder struct {
	ID            string  `json:"id"`
	At            string  `json:"at"`
	Over          string  `json:"over,omitempty"`
	Events        int     `json:"events,omitempty"`
	Stages        []stage `json:"stages,omitempty"`
	Shard         *int    `json:"shard,omitempty"`
	Of            int     `json:"of,omitempty"`
	Scenario      string  `json:"scenario,omitempty"`
	Brand         string  `json:"brand,omitempty"`
	Product       string  `json:"product,omitempty"`
	City          string  `json:"city,omitempty"`
	PaymentMethod string  `json:"payment_method,omitempty"`

	Incidents json.RawMessage `json:"incidents,omitempty"`
	Twin      bool            `json:"twin,omitempty"`
}

// again is the payload that asks for the same burst another time, whenever that is and
// whatever the request is called then.
func (t trigger) again() json.RawMessage {
	o := t.order
	manual := manualOrder{
		ID: o.Origin, At: o.At.Format(time.RFC3339Nano), Over: o.Over.String(), Events: o.Events, Of: o.Of,
		Scenario: o.Scenario, Brand: o.Brand, Product: o.Product, City: o.City, PaymentMethod: o.PaymentMethod,
		Twin: t.twin,
	}
	if o.Incidents != nil {
		var given manualOrder
		_ = json.Unmarshal([]byte(o.Incidents.Source()), &given) // it came in a payload
		manual.Incidents = given.Incidents
	}
	if o.Of > 0 {
		manual.Shard = &o.Shard
	}
	if len(o.Stages) > 0 { // which say the time and the number
		manual.Stages, manual.Over, manual.Events = stagesAgain(o.Stages), "", 0
	}
	var payload any = manual
	if t.kind == TriggerSchedule {
		payload = map[string]string{contract.FieldScheduledTime: o.At.Format(time.RFC3339),
			contract.FieldScheduleARN: o.Origin}
	}
	text, err := json.Marshal(payload)
	if err != nil {
		panic(err) // texts and numbers
	}
	return text
}

// marked is an order as it ends an error's text. The mark is nowhere after itself: in the order it
// would be within a name, and is written in another way there.
func marked(order json.RawMessage) string {
	return contract.RequestMark + strings.ReplaceAll(string(order), "Order:", `\u004frder:`)
}
