package main

import (
	"fmt"
	"math"
	"time"
)

func (p *portrait) drawCustomers() *canvas {
	_, known := p.customers.counts()
	d := fit(known)
	all := sum(known)
	average := 0.0
	for n, of := range known {
		average += float64(n) * of / all
	}
	c := newCanvas(380, "Most customers buy nothing in a year, and some buy often",
		fmt.Sprintf("orders in %d of those new online in the year before, %.2f on average; the axis is logarithmic",
			p.first.Year(), average))
	const most = 11
	f := &frame{canvas: c, left: 80, top: 95, right: width - 30, bottom: 325, x1: most, y0: .001, y1: 100, log: true}
	f.rule("of the customers", []float64{.001, .01, .1, 1, 10, 100}, percent)
	var curve, chance []point
	likely := 100 * math.Exp(-average)
	for n := range most {
		x := float64(n)
		if share := 100 * known[n] / all; share > f.y0 {
			f.bar(x+.2, x+.8, share, pale)
			f.text(f.x(x+.5), f.y(share)+20, fmt.Sprintf("%.2g %%", share), 11, muted, middle)
		}
		curve = append(curve, point{f.x(x + .5), f.y(100 * d.share(n))})
		if likely > f.y0 {
			chance = append(chance, point{f.x(x + .5), f.y(likely)})
		}
		likely *= average / float64(n+1)
		f.mark(x+.5, fmt.Sprint(n))
	}
	f.line(chance, red, 1.5)
	f.line(curve, blue, 2)
	for _, at := range curve {
		f.dot(at.x, at.y, 3.5, blue)
	}
	f.below("orders in the year")
	c.key(360, 78, pale, "customers")
	c.key(460, 78, blue, fmt.Sprintf("NBD, shape %.2f", d.shape))
	c.key(600, 78, red, "were all customers alike (Poisson)")
	return c
}

// shade is from white to blue.
func shade(part float64) string {
	part = math.Max(0, math.Min(part, 1))
	mix := func(a, b float64) int { return round(a + (b-a)*part) }
	return fmt.Sprintf("#%02x%02x%02x", mix(246, 47), mix(249, 109), mix(253, 179))
}

func (p *portrait) drawCohorts() *canvas {
	c := newCanvas(470, "Those who are new in a month come back for years, a little fewer each month",
		"customers who buy again in a month, in percent of those whose first order of all was in the month of the row")
	cohorts := p.customers.cohorts()
	const x0, y0, w, h = 110.0, 105.0, 58.0, 27.0
	month := func(m int) string { return time.Month(m + 1).String()[:3] }
	most := 1.0
	for _, row := range cohorts {
		for _, v := range row {
			if !math.IsNaN(v) {
				most = max(most, v)
			}
		}
	}
	for b, row := range cohorts {
		y := y0 + h*float64(b)
		c.text(x0-14, y+18, month(b), 12, muted, right)
		c.text(x0+w*(float64(b)+.5), y0-10, month(b), 12, muted, middle)
		for m, v := range row {
			if math.IsNaN(v) {
				continue
			}
			x := x0 + w*float64(m)
			c.rect(x+1, y+1, w-2, h-2, shade(v/most))
			color := ink
			if v > .7*most {
				color = "#ffffff"
			}
			c.text(x+w/2, y+18, fmt.Sprintf("%.1f", v), 11, color, middle)
		}
	}
	c.text(20, y0-10, "new in", 12, muted, left)
	c.text(x0+6*w, y0+12*h+24, "month in which they buy again; the first one counts from the first order on", 12, muted,
		middle)
	return c
}

// ribbon draws what goes from one column to the next.
func (c *canvas) ribbon(x0, top0, bottom0, x1, top1, bottom1 float64, color string) {
	const steps = 80
	var upper, lower []point
	for i := range steps + 1 {
		part := float64(i) / steps
		bend := part * part * (3 - 2*part)
		x := x0 + (x1-x0)*part
		upper = append(upper, point{x, top0 + (top1-top0)*bend})
		lower = append(lower, point{x, bottom0 + (bottom1-bottom0)*bend})
	}
	for i := range lower {
		upper = append(upper, lower[len(lower)-1-i])
	}
	c.area(upper, color, .35)
}

func (p *portrait) drawRetries() *canvas {
	r := &p.retries
	other, same := r.percent(r.otherPaid+r.otherLeft), r.percent(r.samePaid+r.sameLeft)
	given := 100 - other - same
	c := newCanvas(400, fmt.Sprintf("After a decline one in three tries again, and %.0f of %.0f pay in the end",
		r.percent(r.otherPaid+r.samePaid), other+same),
		"of 100 orders whose first payment was declined for want of funds or for wrong details, within ten minutes")
	const (
		top, tall, gap = 90.0, 250.0, 22.0
		x0, x1, x2, w  = 30.0, 330.0, 640.0, 16.0
	)
	scale := tall / 100
	c.rect(x0, top, w, tall, ink)
	texts := []func(){func() { c.text(x0+w+8, top+tall/2+4, "100 declined", 12, ink, left) }}
	from, y := top, top
	stage := func(x, y, n float64, color, name string) {
		c.rect(x, y, w, n*scale, color)
		texts = append(texts, func() {
			c.text(x+w+8, y+n*scale/2+4, fmt.Sprintf("%.0f %s", n, name), 12, ink, left)
		})
	}
	paid, lost := [2]float64{r.percent(r.otherPaid), r.percent(r.samePaid)},
		[2]float64{r.percent(r.otherLeft), r.percent(r.sameLeft)}
	yPaid := top
	yLeft := yPaid + (paid[0]+paid[1])*scale + gap
	a, b := yPaid, yLeft
	for i, n := range []float64{other, same} {
		c.ribbon(x0+w, from, from+n*scale, x1, y, y+n*scale, blue)
		stage(x1, y, n, blue, []string{"by another method", "by the same method"}[i])
		c.ribbon(x1+w, y, y+paid[i]*scale, x2, a, a+paid[i]*scale, green)
		c.ribbon(x1+w, y+paid[i]*scale, y+n*scale, x2, b, b+lost[i]*scale, red)
		a, b = a+paid[i]*scale, b+lost[i]*scale
		from, y = from+n*scale, y+n*scale+gap
	}
	stage(x2, yPaid, paid[0]+paid[1], green, "paid")
	stage(x2, yLeft, lost[0]+lost[1], red, "declined again, and left")
	c.ribbon(x0+w, from, from+given*scale, x1, y, y+given*scale, muted)
	stage(x1, y, given, muted, "gave up")
	for _, write := range texts { // on top of the ribbons
		write()
	}
	return c
}
