package goods_test

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"runtime"
	"sync"
	"testing"

	"salesburst/dataset"
	"salesburst/shared/market/goods"
	"salesburst/shared/prng"
)

// digest is a hash of all that an offer says and of what is drawn from it.
func digest(g *goods.Goods, day int32, inStore bool) uint64 {
	h := fnv.New64a()
	write := func(n int) { h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	offer := g.On(day, inStore)
	write(int(offer.Day()))
	for i := range g.Products() {
		now, list := offer.Price(i)
		write(int(now))
		write(int(list))
		h.Write([]byte(offer.Promotion(i).String()))
	}
	r := prng.New(uint64(day), 1)
	for range 5000 {
		i := offer.Draw(&r, 700)
		now, _ := offer.Price(i)
		write(i)
		write(int(g.Quantity(now, r.Next())))
		write(g.Favourite(r.Next(), inStore))
	}
	return h.Sum64()
}

// The same numbers on every platform and in every version: who changes them on purpose changes
// what all requests give.
func TestOffersAreReproducible(t *testing.T) {
	for _, c := range []struct {
		day     int32
		inStore bool
		want    uint64
	}{
		{newYear, false, 0x7c862576cbe9da10}, {newYear, true, 0x7724898c6e886040}, {newYear + 120, false, 0xa58e7ec18fcbbaee}, {blackFriday2026, true, 0x17d289d9280b944e}, {-1, false, 0x3aa242e6b052e858},
	} {
		first := market(t, dataset.Default().Products, figures(), 1)
		if got := digest(first, c.day, c.inStore); got != c.want {
			t.Errorf("day %d, in stores %v: %#x, want %#x", c.day, c.inStore, got, c.want)
		}
		second := market(t, dataset.Default().Products, figures(), 1)
		for d := range int32(50) {
			second.On(c.day+d-25, false)
		}
		if got, want := digest(second, c.day, c.inStore), digest(first, c.day, c.inStore); got != want {
			t.Errorf("day %d: %#x after other days, %#x before", c.day, got, want)
		}
	}
}

// Many ask for many days at the same time.
func TestConcurrentUse(t *testing.T) {
	const days, workers = 20, 4
	alone := market(t, dataset.Default().Products, figures(), 3)
	var want [days]uint64
	for d := range want {
		want[d] = digest(alone, newYear+int32(d), d%2 == 0)
	}
	shared := market(t, dataset.Default().Products, figures(), 3)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := range days {
				d := (n*7 + w) % days
				if got := digest(shared, newYear+int32(d), d%2 == 0); got != want[d] {
					t.Errorf("day %d: %#x, alone %#x", d, got, want[d])
				}
			}
		})
	}
	all.Wait()
}

// Another seed has other winners and other promotions; what stands beside a product in the
// catalogue does not change when it is promoted.
func TestSeedAndNeighbours(t *testing.T) {
	stock := dataset.Default().Products
	one, other := market(t, stock, figures(), 1), market(t, stock, figures(), 2)
	if digest(one, newYear, false) == digest(other, newYear, false) {
		t.Error("two seeds give the same offer")
	}
	few := market(t, stock[100:200], figures(), 1)
	index := map[string]int{}
	for i, p := range one.Products() {
		index[p.Name.String()] = i
	}
	for d := range int32(60) {
		all, part := one.On(newYear+d, false), few.On(newYear+d, false)
		for i, p := range few.Products() {
			j := index[p.Name.String()]
			a, _ := all.Price(j)
			b, _ := part.Price(i)
			if a != b || all.Promotion(j) != part.Promotion(i) {
				t.Fatalf("%s costs %s among all products and %s among few", p.Name, a, b)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	g := market(t, dataset.Default().Products, figures(), 1)
	g.On(blackFriday2026, true)
	var r prng.Rand = 1
	got := testing.AllocsPerRun(1000, func() {
		offer := g.On(blackFriday2026, true)
		i := offer.Draw(&r, 700)
		i = max(i, offer.DrawOfBrand(g.Products()[i].Brand, &r, goods.Neutral))
		now, _ := offer.Price(i)
		g.Quantity(now, r.Next())
		g.Favourite(r.Next(), true)
		runtime.KeepAlive(offer.Promotion(i))
	})
	if got != 0 {
		t.Errorf("%v allocations for a sale, want none", got)
	}
}

// A draw without a tilt has the distribution of one candidate, and the mean price rises evenly
// with the tilt.
func TestTilt(t *testing.T) {
	g := market(t, dataset.Default().Products, figures(), 1)
	offer := g.On(newYear+100, false)
	const draws = 300_000
	var mean [5]float64
	for i := range mean {
		mean[i] = meanPrice(offer, uint64(i)*256, draws)
	}
	for i, got := range mean {
		want := mean[0] + (mean[4]-mean[0])*float64(i)/4
		if math.Abs(got/want-1) > 0.02 {
			t.Errorf("tilt %d: mean price %.0f, want %.0f", i*256, got, want)
		}
	}
	// Of two candidates that are alike each is the dearer one as often: with all tilts together
	// each product is drawn as often as with the neutral one.
	neutral, both := make([]float64, len(g.Products())), make([]float64, len(g.Products()))
	var r prng.Rand = 9
	for range draws {
		neutral[offer.Draw(&r, goods.Neutral)] += 2
		both[offer.Draw(&r, goods.Cheaper)]++
		both[offer.Draw(&r, goods.Dearer)]++
	}
	chi, n := 0.0, 0.0
	for i := range neutral {
		if sum := neutral[i] + both[i]; sum > 100 {
			d := neutral[i] - both[i]
			chi += d * d / (2*neutral[i] + both[i])
			n++
		}
	}
	if chi > n+5*math.Sqrt(2*n) {
		t.Errorf("χ² is %.0f with %.0f products, want %.0f at most", chi, n, n+5*math.Sqrt(2*n))
	}
}

// Brands keep their shares with any tilt.
func TestTiltKeepsBrands(t *testing.T) {
	g := market(t, dataset.Default().Products, figures(), 1)
	offer := g.On(newYear+100, false)
	const draws = 300_000
	var shares [2][]float64
	for side, tilt := range []uint64{goods.Cheaper, goods.Dearer} {
		shares[side] = make([]float64, len(g.Brands()))
		r := prng.Rand(side)
		for range draws {
			shares[side][g.Products()[offer.Draw(&r, tilt)].Brand]++
		}
	}
	for b, brand := range g.Brands() {
		if low, high := share(shares[0], b), share(shares[1], b); math.Abs(low-high) > 0.5 {
			t.Errorf("%s has %.2f %% of the cheap and %.2f %% of the dear sales", brand.Name, low, high)
		}
	}
}

// A customer's favourite has the channel's shares, and is the same in both for all but those by
// whom the channels differ.
func TestFavourite(t *testing.T) {
	g := market(t, dataset.Default().Products, figures(), 1)
	const customers = 400_000
	var got, want [2][]float64
	for c := range got {
		got[c], want[c] = make([]float64, len(g.Brands())), make([]float64, len(g.Brands()))
	}
	same := 0.0
	var r prng.Rand = 4
	for range customers {
		taste := r.Next()
		online, inStore := g.Favourite(taste, false), g.Favourite(taste, true)
		got[0][online]++
		got[1][inStore]++
		if online == inStore {
			same++
		}
	}
	for d := range int32(90) {
		for c := range want {
			offer := g.On(newYear+d, c == 1)
			for range 4000 {
				want[c][g.Products()[offer.Draw(&r, goods.Neutral)].Brand]++
			}
		}
	}
	for c := range got {
		for b, brand := range g.Brands() {
			if got, want := share(got[c], b), share(want[c], b); math.Abs(got-want) > 0.7 {
				t.Errorf("%s is the favourite of %.2f %% (in stores: %v), want %.2f", brand.Name, got, c == 1, want)
			}
		}
	}
	if same /= customers; same < 0.9 || same == 1 {
		t.Errorf("%.3f of the customers have one favourite, want .9 and more, but not all", same)
	}
}

func TestBrandOfTheDay(t *testing.T) {
	g := market(t, dataset.Default().Products, figures(), 1)
	days := make([]int, 5)
	for d := range int32(1000) {
		days[g.BrandOfTheDay(newYear+d)]++
	}
	for b, n := range days {
		if n < 150 {
			t.Errorf("%s is the brand of %d days of 1000", g.Brands()[b].Name, n)
		}
	}
}
