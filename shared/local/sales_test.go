package local

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"salesburst/shared/contract"
	"salesburst/shared/sale"
)

// madeUp is a burst of sales that look real and depend on nothing but its name.
type madeUp struct {
	id      sale.BurstID
	channel contract.Channel
	from    time.Time
	n       int
}

func newMadeUp(name string, channel contract.Channel, until time.Time, n int) madeUp {
	sum := sha256.Sum256([]byte(name + until.String()))
	text := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))
	return madeUp{sale.BurstID([]byte(text[:sale.BurstIDLen])), channel, until.Add(-contract.Slot), n}
}

type place struct{ city, state sale.Text }

var (
	madeUpBrands = texts("Samsung", "LG", "Sony", "TCL", "Hisense", "VIZIO", "Philips", "Roku", "Sharp")
	madeUpPlaces = []place{
		{sale.NewText("New York"), sale.NewText("NY")}, {sale.NewText("Los Angeles"), sale.NewText("CA")},
		{sale.NewText("Chicago"), sale.NewText("IL")}, {sale.NewText("Houston"), sale.NewText("TX")},
		{sale.NewText("San Francisco"), sale.NewText("CA")}, {sale.NewText("Miami"), sale.NewText("FL")},
		{sale.NewText("Seattle"), sale.NewText("WA")}, {sale.NewText("Paris"), sale.Text{}},
	}
	madeUpReasons = texts("card declined", "timeout of the payment provider", "insufficient funds", "wrong CVV", "3-D Secure not completed")
	madeUpNames   = texts(`Class QN90B Neo QLED 4K Smart "Tizen" TV - 65"`, `55" OLED evo C3 <new> & improved`, "Fire TV Édition 43″ \\ LED")
)

func texts(words ...string) []sale.Text {
	all := make([]sale.Text, len(words))
	for i, w := range words {
		all[i] = sale.NewText(w)
	}
	return all
}

func (m madeUp) Len() int { return m.n }

func (m madeUp) At(i int, s *sale.Sale) {
	seed := sha256.Sum256(fmt.Appendf(m.id[:], "%d", i))
	r := rand.New(rand.NewPCG(uint64(seed[0])<<8|uint64(seed[1]), uint64(seed[2])<<8|uint64(seed[3])))
	brand := madeUpBrands[min(r.IntN(len(madeUpBrands)), r.IntN(len(madeUpBrands)))]
	where := madeUpPlaces[min(r.IntN(len(madeUpPlaces)), r.IntN(len(madeUpPlaces)))]
	*s = sale.Sale{
		TransactionID: sale.TransactionID{Burst: m.id, Sequence: uint32(i)},
		OrderID:       sale.TransactionID{Burst: m.id, Sequence: uint32(i)},
		Attempt:       1,
		CustomerID:    sale.CustomerID(r.IntN(250_000)),
		ProductName:   sale.NewText(brand.String() + " - " + madeUpNames[r.IntN(len(madeUpNames))].String()),
		Category:      sale.NewText("TV"),
		Price:         sale.Cents(9_999 + r.IntN(250_000)),
		Quantity:      int64(1 + r.IntN(2)),
		Discount:      sale.Cents(r.IntN(1_000)),
		Currency:      sale.NewText("USD"),
		PaymentMethod: sale.NewText("PayPal"),
		OrderType:     sale.NewText(string(m.channel)),
		City:          where.city,
		State:         where.state,
		Country:       sale.NewText("USA"),
		Device:        sale.NewText("Desktop"),
		Brand:         brand,
		ScreenSize:    int64(32 + r.IntN(60)),
		DisplayType:   sale.NewText("OLED"),
		Resolution:    sale.NewText("4K UHD"),
		Latitude:      sale.Degrees(-900_000 + r.IntN(1_800_000)),
		Longitude:     sale.Degrees(-1_800_000 + r.IntN(3_600_000)),
		Source:        sale.NewText("Influencer_2"),
		Timestamp:     sale.TimeOf(m.from.Add(time.Duration(int64(i) * int64(contract.Slot) / int64(m.n)))),
		UserAgent:     sale.NewText("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
		CustomerType:  sale.NewText("returning"),
	}
	s.TotalAmount = s.Price*sale.Cents(s.Quantity) - s.Discount
	if r.IntN(10) == 0 {
		s.Status = sale.Status(1 + r.IntN(5))
		s.FailureReason = madeUpReasons[r.IntN(len(madeUpReasons))]
	}
}
